"""The client's border: nodes that answer strangely, not at all, or as another chain."""

from collections.abc import Sequence

import pytest

from node.chain.client import LARGEST_BATCH, LARGEST_LOG_RANGE, ChainClient, Query
from node.chain.errors import (
    ChainUnavailableError,
    NodeError,
    Refusal,
    ReorganisedError,
    TransactionRevertedError,
    WrongChainError,
)
from node.chain.rpc import Json, Request
from node.chain.transactions import Call
from node.chain.wire import Block

CHAIN = 7411
ADDRESS = "0x" + "12" * 20


class ScriptedNode:
    """Gives the answers that a test puts into it, by method."""

    def __init__(self, url: str, answers: dict[str, object], chain: int = CHAIN) -> None:
        self.endpoint_uri = url
        self.down = False
        self.asked: list[Request] = []
        self._answers = {"eth_chainId": hex(chain), **answers}

    def make_batch_request(self, batch_requests: Sequence[Request]) -> object:
        """Answer from the script; an exception is raised, an error object is an error."""
        if self.down:
            raise ConnectionRefusedError("connection refused")
        self.asked += batch_requests
        return [self._answer(method) for method, _ in batch_requests]

    def _answer(self, method: str) -> object:
        answer = self._answers[method]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict) and "code" in answer:
            return {"id": 0, "error": answer}
        return {"id": 0, "result": answer}


def test_the_next_node_answers_when_the_first_is_down_and_is_kept() -> None:
    first, second = (ScriptedNode(url, {"eth_blockNumber": "0x5"}) for url in ("a", "b"))
    client = ChainClient([first, second], CHAIN)
    assert client.head() == 5
    first.down = True

    assert [client.head(), client.head()] == [5, 5]

    assert len(second.asked) == 3, "one check of the chain, two questions"
    first.down, second.down = False, True
    assert client.head() == 5


def test_when_none_answers_all_are_named() -> None:
    nodes = [ScriptedNode(url, {}) for url in ("http://a", "http://b")]
    nodes[0].down = nodes[1].down = True

    with pytest.raises(ChainUnavailableError) as raised:
        ChainClient(nodes, CHAIN).head()

    assert raised.value.problems == {
        "http://a": "connection refused",
        "http://b": "connection refused",
    }


def test_a_node_of_another_chain_is_refused_even_as_a_substitute() -> None:
    first = ScriptedNode("a", {"eth_blockNumber": "0x5"})
    second = ScriptedNode("b", {"eth_blockNumber": "0x5"}, chain=1)
    first.down = True

    with pytest.raises(WrongChainError, match="b is chain 1, not 7411"):
        ChainClient([first, second], CHAIN).head()


@pytest.mark.parametrize(
    "nonsense", [None, {}, [], "html", [{"id": 0}], [{"id": 0, "result": "0x1"}] * 2]
)
def test_a_node_that_speaks_no_json_rpc_counts_as_down(nonsense: object) -> None:
    class Nonsense:
        endpoint_uri = "a"

        def make_batch_request(self, batch_requests: object) -> object:
            return nonsense if len(str(batch_requests)) else None

    with pytest.raises(ChainUnavailableError):
        ChainClient([Nonsense()], CHAIN).head()


@pytest.mark.parametrize("answer", [5, None, "five", "0xzz", ["0x5"]])
def test_an_answer_of_the_wrong_type_is_named(answer: Json) -> None:
    with pytest.raises(NodeError, match="expected"):
        ChainClient([ScriptedNode("a", {"eth_blockNumber": answer})], CHAIN).head()


def test_a_node_s_own_error_is_passed_on() -> None:
    node = ScriptedNode("a", {"eth_blockNumber": {"code": -32000, "message": "out of order"}})

    with pytest.raises(
        NodeError, match=r"eth_blockNumber was refused: out of order \(code -32000\)"
    ):
        ChainClient([node], CHAIN).head()


def test_a_block_is_read_by_number_and_may_be_missing() -> None:
    block = {"number": "0x7", "hash": "0x0a", "parentHash": "0x0b", "timestamp": "0x63"}
    node = ScriptedNode("a", {"eth_getBlockByNumber": block})

    assert ChainClient([node], CHAIN).block(7) == Block(7, b"\x0a", b"\x0b", 99)
    assert ChainClient([ScriptedNode("a", {"eth_getBlockByNumber": None})], CHAIN).block(8) is None


def test_a_block_that_is_gone_is_a_reorganisation() -> None:
    node = ScriptedNode("a", {"eth_getLogs": {"code": -32000, "message": "unknown block"}})

    with pytest.raises(ReorganisedError, match="0x0a0b"):
        ChainClient([node], CHAIN).logs(b"\x0a\x0b", [ADDRESS])


def test_events_are_asked_for_in_ranges_that_nodes_take() -> None:
    node = ScriptedNode("a", {"eth_getLogs": []})

    ChainClient([node], CHAIN).logs_between(
        1, 2 * LARGEST_LOG_RANGE + 1, [ADDRESS], [None, b"\x01"]
    )

    ranges = [(p[0]["fromBlock"], p[0]["toBlock"]) for m, p in node.asked if m == "eth_getLogs"]  # type: ignore[index,call-overload]
    assert ranges == [("0x1", "0x1388"), ("0x1389", "0x2710"), ("0x2711", "0x2711")]


def test_events_come_in_the_order_of_the_chain() -> None:
    def log(block: int, index: int) -> dict[str, Json]:
        return {
            "address": ADDRESS.upper().replace("0X", "0x"),
            "topics": ["0x01"],
            "data": "0x",
            "blockHash": "0x02",
            "blockNumber": hex(block),
            "transactionHash": "0x03",
            "logIndex": hex(index),
        }

    node = ScriptedNode("a", {"eth_getLogs": [log(2, 0), log(1, 1), log(1, 0)]})

    logs = ChainClient([node], CHAIN).logs_between(1, 2, [ADDRESS])

    assert [(entry.block_number, entry.log_index) for entry in logs] == [(1, 0), (1, 1), (2, 0)]
    assert logs[0].address == ADDRESS


def test_large_batches_are_split() -> None:
    node = ScriptedNode("a", {"eth_getTransactionCount": "0x1"})

    counts = ChainClient([node], CHAIN).mined_counts([ADDRESS] * (LARGEST_BATCH + 1))

    assert counts == [1] * (LARGEST_BATCH + 1)


def _query() -> Query[bytes]:
    return Query("Contract.function", ADDRESS, b"", lambda answer: answer)


@pytest.mark.parametrize(
    "error",
    [
        {"code": 3, "message": "execution reverted: custom error", "data": "0x08c379a0"},
        {"code": -32000, "message": "execution reverted", "data": "0x08c379a0"},
        {"code": -32015, "message": "VM execution error: reverted"},
    ],
)
def test_a_contract_s_refusal_is_told_from_a_node_s(error: dict[str, Json]) -> None:
    client = ChainClient([ScriptedNode("a", {"eth_call": error})], CHAIN)

    with pytest.raises(TransactionRevertedError, match=r"Contract\.function was refused"):
        client.read(_query())
    with pytest.raises(TransactionRevertedError, match="creation was refused"):
        client.try_call(Call("creation", None, b"", 21_000), ADDRESS)


def test_a_node_that_cannot_call_is_no_refusal() -> None:
    error: dict[str, Json] = {"code": -32000, "message": "missing trie node"}

    with pytest.raises(NodeError, match="missing trie node"):
        ChainClient([ScriptedNode("a", {"eth_call": error})], CHAIN).read(_query())


def test_questions_may_name_a_block_and_who_asks() -> None:
    node = ScriptedNode("a", {"eth_call": "0x01"})
    client = ChainClient([node], CHAIN, asker="0x" + "aa" * 20)

    client.read(_query(), at=5)
    client.read(_query(), asker=ADDRESS)

    calls = [params for method, params in node.asked if method == "eth_call"]
    assert calls[0][0]["from"] == "0x" + "aa" * 20  # type: ignore[index,call-overload]
    assert calls[0][1] == "0x5"
    assert calls[1][0]["from"] == ADDRESS  # type: ignore[index,call-overload]
    assert calls[1][1] == "latest"


def test_a_refusal_reads_as_a_sentence() -> None:
    refusal = Refusal("PriceOffGrid", {"price": 40000, "lowest": 0, "highest": 32767})

    told = str(TransactionRevertedError("SpotAuction.submit", refusal, b"\x01"))

    assert told == (
        "SpotAuction.submit was refused: PriceOffGrid(price=40000, lowest=0, highest=32767) (transaction 0x01)"
    )
