"""Sending without an outbox."""

import pytest

from node.chain.client import ChainClient
from node.chain.errors import (
    TransactionRefusedError,
    TransactionRevertedError,
    TransactionUnknownError,
)
from node.chain.sender import Sender
from node.chain.signing import LocalSigner
from node.chain.transactions import Call, sign_call
from node.chain.wire import Receipt
from tests.unit.chain.fake_node import CHAIN_ID, FakeNode

SIGNER = LocalSigner(b"\x11" * 32)


def call(number: int) -> Call:
    """Return a call that differs from others by its number."""
    return Call(f"call {number}", "0x" + "12" * 20, bytes([number]), 50_000)


def _sender(node: FakeNode, *, mines: bool = True, wait_seconds: float = 0.2) -> Sender:
    client = ChainClient([node], CHAIN_ID)
    return Sender(client, mine=node.mine if mines else None, wait_seconds=wait_seconds)


def test_calls_get_their_nonces_in_order() -> None:
    node = FakeNode()

    receipts = _sender(node).send_many([(SIGNER, call(n)) for n in range(3)])

    assert node.mined == [sign_call(SIGNER, call(n), n, CHAIN_ID).raw for n in range(3)]
    assert [receipt.block_number for receipt in receipts] == [1, 2, 3]


def test_nothing_to_send_asks_nothing() -> None:
    node = FakeNode()

    assert _sender(node).send_each([]) == []
    assert node.requests == []


def test_a_lost_nonce_is_told_not_repeated() -> None:
    node = FakeNode()
    node.pool[0] = sign_call(SIGNER, call(9), 0, CHAIN_ID).raw

    (result,) = _sender(node).send_each([(SIGNER, call(1))])

    assert isinstance(result, TransactionRefusedError)
    assert "another transaction took its nonce" in str(result)
    assert len(node.mined) == 1


def test_the_same_transaction_of_a_twin_counts_as_ours() -> None:
    node = FakeNode()
    node.pool[0] = sign_call(SIGNER, call(1), 0, CHAIN_ID).raw

    (result,) = _sender(node).send_each([(SIGNER, call(1))])

    assert isinstance(result, Receipt)


def test_what_is_in_no_block_in_time_is_unknown() -> None:
    with pytest.raises(TransactionUnknownError):
        _sender(FakeNode(), mines=False).send_and_wait(SIGNER, call(1))


def test_what_waits_is_handed_over_again() -> None:
    node = FakeNode()
    forgetful = iter([True] * 3)

    def mine() -> None:
        if next(forgetful, False):
            node.pool.clear()
        node.mine()

    sender = Sender(ChainClient([node], CHAIN_ID), mine=mine, wait_seconds=2)

    assert sender.send_and_wait(SIGNER, call(1)).succeeded


def test_a_node_that_does_not_take_it_is_quoted() -> None:
    node = FakeNode(refusing="intrinsic gas too low")

    with pytest.raises(TransactionRefusedError, match="intrinsic gas too low"):
        _sender(node).send_and_wait(SIGNER, call(1))


def test_a_refused_call_is_raised_by_one_method_and_returned_by_the_other() -> None:
    node = FakeNode()
    node.failing.add(sign_call(SIGNER, call(1), 0, CHAIN_ID).raw)

    (result,) = _sender(node).send_each([(SIGNER, call(1))])
    node.failing.add(sign_call(SIGNER, call(2), 1, CHAIN_ID).raw)
    with pytest.raises(TransactionRevertedError, match="call 2 was refused"):
        _sender(node).send_and_wait(SIGNER, call(2))

    assert isinstance(result, Receipt)
    assert not result.succeeded


def test_a_receipt_that_comes_late_is_waited_for() -> None:
    node = FakeNode(hidden_receipts=True)
    rounds = iter(range(100))

    def mine() -> None:
        node.mine()
        node.hidden_receipts = next(rounds) < 6

    sender = Sender(ChainClient([node], CHAIN_ID), mine=mine, wait_seconds=5)

    assert sender.send_and_wait(SIGNER, call(1)).succeeded
    assert len(node.mined) == 1
