"""The client of the chain: asks nodes, hands transactions over, and never decides anything.

It holds to what every engine gives: blocks by number, events by block hash, no filters, no pending nonces, no
estimates, batches of at most a thousand requests. A list of URLs is gone through until one answers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Generic, TypeAlias, TypeVar

from node.chain.errors import (
    ChainUnavailableError,
    NodeError,
    ReorganisedError,
    TransactionRevertedError,
    WrongChainError,
)
from node.chain.reverts import explain
from node.chain.rpc import HttpProvider, Json, Provider, Request
from node.chain.transactions import Call
from node.chain.wire import (
    Block,
    Log,
    Receipt,
    block_of,
    logs_of,
    number,
    octets,
    receipt_of,
    text,
    transaction_in,
)

#: Most requests of one batch; nodes take a thousand.
LARGEST_BATCH = 1000

#: Most blocks that one query of events spans (Besu's limit).
LARGEST_LOG_RANGE = 5000

#: Blocks that one batch reads with their transactions.
_SEARCHED_BLOCKS = 100

#: Blocks that a search goes further back, for nodes that are not all equally far.
_SEARCH_MARGIN = 16

#: Who asks when nobody is named: some chains refuse calls without a sender.
NOBODY = "0x" + "00" * 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """A question to a contract: what to send and how to read the answer."""

    what: str
    to: str
    data: bytes
    read: Callable[[bytes], T]


@dataclass(frozen=True, slots=True)
class Failure:
    """A node's refusal of one request of a batch."""

    code: int
    message: str
    data: str | None

    @property
    def is_revert(self) -> bool:
        """Whether a contract refused, not the node itself."""
        return self.code == 3 or self.data is not None or "revert" in self.message.lower()


#: What a node says to one request of a batch.
Answer: TypeAlias = "Json | Failure"


class ChainClient:
    """Asks the nodes of one chain."""

    def __init__(
        self, nodes: Sequence[str | Provider], chain_id: int, *, asker: str = NOBODY
    ) -> None:
        self.chain_id = chain_id
        self._asker = asker
        self._providers: list[Provider] = [
            HttpProvider(node) if isinstance(node, str) else node for node in nodes
        ]
        self._checked: set[str] = set()

    # -- blocks

    def head(self) -> int:
        """Return the number of the newest block."""
        return number(self.request("eth_blockNumber"))

    def block(self, height: int) -> Block | None:
        """Return the block that has a number now, None when there is none."""
        answer = self.request("eth_getBlockByNumber", hex(height), False)
        return None if answer is None else block_of(answer)

    def newest_block(self) -> Block:
        """Return the newest block."""
        return block_of(self.request("eth_getBlockByNumber", "latest", False))

    # -- contracts

    def read(self, query: Query[T], *, at: int | None = None, asker: str | None = None) -> T:
        """Ask a contract, as of the newest block or of block `at`."""
        return self.read_many([query], at=at, asker=asker)[0]

    def read_many(
        self, queries: Sequence[Query[T]], *, at: int | None = None, asker: str | None = None
    ) -> list[T]:
        """Ask contracts several things in one go; the first refusal is raised."""
        answers = self.request_many(
            [_call_request(q.to, q.data, asker or self._asker, at) for q in queries]
        )
        return [
            query.read(octets(_answer_of_call(query.what, answer)))
            for query, answer in zip(queries, answers, strict=True)
        ]

    def try_call(self, call: Call, sender: str, *, at: int | None = None) -> bytes:
        """Return what a call would return now without sending it; raises what it would be refused with."""
        params = {"from": sender, "data": _hex(call.data), "gas": hex(call.gas)}
        if call.to is not None:
            params["to"] = call.to
        answer = self.request_many([("eth_call", [dict(params), _tag(at)])])[0]
        return octets(_answer_of_call(call.what, answer))

    def codes(self, addresses: Sequence[str]) -> list[bytes]:
        """Return the code at addresses, empty where no contract is."""
        requests: list[Request] = [("eth_getCode", [a, "latest"]) for a in addresses]
        return [octets(answer) for answer in self._answers(requests)]

    # -- events

    def logs(self, block_hash: bytes, addresses: Sequence[str]) -> list[Log]:
        """Return the events of contracts in one block; raises when the chain no longer has it."""
        query: dict[str, Json] = {"blockHash": _hex(block_hash), "address": list(addresses)}
        answer = self.request_many([("eth_getLogs", [query])])[0]
        if isinstance(answer, Failure):
            raise ReorganisedError(block_hash)
        return logs_of(answer)

    def logs_between(
        self,
        first: int,
        last: int,
        addresses: Sequence[str],
        topics: Sequence[bytes | None] = (),
    ) -> list[Log]:
        """Return the events of contracts in blocks `first` to `last`; None in `topics` stands for any."""
        logs = []
        for start in range(first, last + 1, LARGEST_LOG_RANGE):
            query: dict[str, Json] = {
                "fromBlock": hex(start),
                "toBlock": hex(min(start + LARGEST_LOG_RANGE - 1, last)),
                "address": list(addresses),
                "topics": [None if topic is None else _hex(topic) for topic in topics],
            }
            logs += logs_of(self.request("eth_getLogs", query))
        return logs

    # -- transactions

    def mined_counts(self, senders: Sequence[str]) -> list[int]:
        """Return how many transactions of each sender are in blocks: the next free nonce."""
        requests: list[Request] = [("eth_getTransactionCount", [s, "latest"]) for s in senders]
        return [number(answer) for answer in self._answers(requests)]

    def receipts(self, hashes: Sequence[bytes]) -> list[Receipt | None]:
        """Return what became of transactions, None where one is in no block."""
        requests: list[Request] = [("eth_getTransactionReceipt", [_hex(h)]) for h in hashes]
        answers = self._answers(requests)
        return [None if answer is None else receipt_of(answer) for answer in answers]

    def find_transaction(self, sender: str, nonce: int, first_block: int) -> bytes | None:
        """Return the hash of the transaction that used up a nonce from about `first_block` on, None when none did."""
        before = max(0, first_block - _SEARCH_MARGIN) - 1
        for last in range(self.head(), before, -_SEARCHED_BLOCKS):
            numbers = range(last, max(last - _SEARCHED_BLOCKS, before), -1)
            requests: list[Request] = [("eth_getBlockByNumber", [hex(n), True]) for n in numbers]
            for answer in self._answers(requests):
                found = None if answer is None else transaction_in(answer, sender, nonce)
                if found is not None:
                    return found
        return None

    def broadcast(self, raws: Sequence[bytes]) -> list[str | None]:
        """Hand signed transactions over; return for each why the node does not take it, None when it does."""
        answers = self.request_many([("eth_sendRawTransaction", [_hex(raw)]) for raw in raws])
        return [answer.message if isinstance(answer, Failure) else None for answer in answers]

    def revert_data(self, receipt: Receipt) -> str | None:
        """Return what a refused transaction left as its reason; None when no node can tell any more.

        A trace tells exactly. Where nodes keep none, the call is made again as of the block before.
        """
        traced = self._traced_output(receipt)
        return self._repeated_output(receipt) if traced is None else traced

    def _traced_output(self, receipt: Receipt) -> str | None:
        tracer: dict[str, Json] = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
        requests: list[Request] = [("debug_traceTransaction", [_hex(receipt.tx_hash), tracer])]
        answer = self.request_many(requests)[0]
        if isinstance(answer, Failure) or not isinstance(answer, dict):
            return None
        return text(answer.get("output", "0x"))

    def _repeated_output(self, receipt: Receipt) -> str | None:
        sent = self.request("eth_getTransactionByHash", _hex(receipt.tx_hash))
        if not isinstance(sent, dict):
            return None
        call: dict[str, Json] = {name: sent[name] for name in ("from", "to", "gas")}
        requests: list[Request] = [
            ("eth_call", [call | {"data": sent["input"]}, _tag(receipt.block_number - 1)])
        ]
        answer = self.request_many(requests)[0]
        return answer.data if isinstance(answer, Failure) else None

    # -- requests

    def request(self, method: str, *params: Json) -> Json:
        """Send one request and return its answer; raises when the node refuses it."""
        return self._answers([(method, params)])[0]

    def request_many(self, requests: Sequence[Request]) -> list[Answer]:
        """Send requests in as few batches as nodes take; refusals are answers here."""
        answers: list[Answer] = []
        for start in range(0, len(requests), LARGEST_BATCH):
            answers += self._from_any_node(requests[start : start + LARGEST_BATCH])
        return answers

    def close(self) -> None:
        """Close idle connections."""
        for provider in self._providers:
            if isinstance(provider, HttpProvider):
                provider.close()

    def _answers(self, requests: Sequence[Request]) -> list[Json]:
        answers = []
        for request, answer in zip(requests, self.request_many(requests), strict=True):
            if isinstance(answer, Failure):
                raise NodeError(request[0], answer.code, answer.message)
            answers.append(answer)
        return answers

    def _from_any_node(self, requests: Sequence[Request]) -> list[Answer]:
        """Ask the node that answered last, then the others; the one that answers goes first from now on."""
        problems: dict[str, str] = {}
        for provider in list(self._providers):
            url = str(provider.endpoint_uri)
            try:
                self._check(provider, url)
                answers = _exchange(provider, requests)
            except (OSError, HTTPException, ValueError) as down:
                problems[url] = str(down) or type(down).__name__
                self._checked.discard(url)
                continue
            if provider is not self._providers[0]:
                self._providers.remove(provider)
                self._providers.insert(0, provider)
            return answers
        raise ChainUnavailableError(problems)

    def _check(self, provider: Provider, url: str) -> None:
        """Make sure that a node is on our chain before anything else is asked of it."""
        if url in self._checked:
            return
        answer = _exchange(provider, [("eth_chainId", [])])[0]
        if isinstance(answer, Failure):
            raise NodeError("eth_chainId", answer.code, answer.message)
        found = number(answer)
        if found != self.chain_id:
            raise WrongChainError(url, found, self.chain_id)
        self._checked.add(url)


class _NonsenseError(ValueError):
    """A node answered what JSON-RPC does not allow: it counts as down."""


def _exchange(provider: Provider, requests: Sequence[Request]) -> list[Answer]:
    answers = provider.make_batch_request(list(requests))
    if not isinstance(answers, list) or len(answers) != len(requests):
        refused = _result_of(answers) if isinstance(answers, dict) else None
        problem = refused.message if isinstance(refused, Failure) else "the answer is not a batch"
        raise _NonsenseError(problem)
    return [_result_of(answer) for answer in answers]


def _result_of(answer: object) -> Answer:
    if isinstance(answer, dict) and "result" in answer:
        result: Json = answer["result"]
        return result
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        raise _NonsenseError(f"no JSON-RPC answer: {answer!r:.80}")
    code, data = error.get("code"), error.get("data")
    return Failure(
        code=code if isinstance(code, int) else 0,
        message=text(error.get("message", "")),
        data=data if isinstance(data, str) else None,
    )


def _answer_of_call(what: str, answer: Answer) -> Json:
    if not isinstance(answer, Failure):
        return answer
    if answer.is_revert:
        raise TransactionRevertedError(what, explain(answer.data))
    raise NodeError("eth_call", answer.code, answer.message)


def _call_request(to: str, data: bytes, asker: str, at: int | None) -> Request:
    return ("eth_call", [{"from": asker, "to": to, "data": _hex(data)}, _tag(at)])


def _tag(at: int | None) -> str:
    return "latest" if at is None else hex(at)


def _hex(octets_: bytes) -> str:
    return f"0x{octets_.hex()}"
