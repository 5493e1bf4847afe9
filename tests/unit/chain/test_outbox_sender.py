"""How the outbox's sender heals what goes wrong between it and a node."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.chain.client import ChainClient
from node.chain.errors import (
    UNKNOWN,
    TransactionRefusedError,
    TransactionRevertedError,
    TransactionUnknownError,
)
from node.chain.outbox import EntryState, Outbox, Owner
from node.chain.outbox_sender import MAX_IN_FLIGHT, OutboxSender
from node.chain.signing import LocalSigner
from node.chain.transactions import Call, sign_call
from tests.unit.chain.fake_node import CHAIN_ID, FakeNode

SIGNER = LocalSigner(b"\x11" * 32)
OWNER = Owner(CHAIN_ID, "0x", SIGNER.address)


def call(number: int) -> Call:
    """Return a call that differs from others by its number."""
    return Call(f"call {number}", "0x" + "12" * 20, bytes([number]), 50_000)


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.sqlite3", OWNER)
    yield outbox
    outbox.close()


@pytest.fixture
def sender(node: FakeNode, outbox: Outbox) -> OutboxSender:
    return _sender(node, outbox)


def _sender(node: FakeNode, outbox: Outbox) -> OutboxSender:
    return OutboxSender(ChainClient([node], CHAIN_ID), SIGNER, outbox)


def _foreign(nonce: int, number: int = 99) -> bytes:
    return sign_call(SIGNER, call(number), nonce, CHAIN_ID).raw


def test_no_more_than_sixteen_wait_for_a_block(node: FakeNode, sender: OutboxSender) -> None:
    for number in range(MAX_IN_FLIGHT + 4):
        sender.submit(f"{number}", call(number))

    first = sender.pump()
    node.mine()
    second = sender.pump()

    assert (first.queued, first.in_flight) == (4, 16)
    assert (second.queued, second.in_flight) == (0, 4)
    assert len(node.sent()) == 20


def test_calls_keep_their_order(node: FakeNode, sender: OutboxSender) -> None:
    for number in range(5):
        sender.submit(f"{number}", call(number))
    sender.pump()
    node.mine()

    assert node.mined == [sign_call(SIGNER, call(n), n, CHAIN_ID).raw for n in range(5)], (
        "nonce n carries call n"
    )


def test_what_is_not_mined_goes_out_again_unchanged(node: FakeNode, sender: OutboxSender) -> None:
    sender.submit("k", call(1))
    for _ in range(12):
        sender.pump()
        node.pool.clear()  # the node forgets what waits
    sender.pump()
    node.mine()

    assert len(set(node.sent())) == 1
    assert len(node.sent()) >= 3


def test_a_restarted_sender_sends_at_once(node: FakeNode, outbox: Outbox) -> None:
    _sender(node, outbox).submit("k", call(1))
    _sender(node, outbox).pump()
    node.pool.clear()

    _sender(node, outbox).pump()

    assert len(node.pool) == 1


def test_a_nonce_that_another_program_took_is_replaced(
    node: FakeNode, sender: OutboxSender
) -> None:
    sender.submit("k", call(1))
    node.pool[0] = _foreign(0)
    sender.pump()
    node.mine()
    for _ in range(4):
        sender.pump()
    node.mine()
    sender.pump()

    entry = sender.outbox.get("k")
    assert entry is not None
    assert (entry.state, entry.nonce) == (EntryState.MINED, 1)
    assert node.mined == [_foreign(0), sign_call(SIGNER, call(1), 1, CHAIN_ID).raw]


def test_a_receipt_that_comes_late_is_waited_for(node: FakeNode, sender: OutboxSender) -> None:
    sender.submit("k", call(1))
    sender.pump()
    node.mine()
    node.hidden_receipts = True
    for _ in range(20):
        sender.pump()
    node.hidden_receipts = False
    sender.pump()

    assert len(node.mined) == 1
    entry = sender.outbox.get("k")
    assert entry is not None
    assert entry.state is EntryState.MINED


def test_a_gap_that_nobody_fills_is_closed(node: FakeNode, sender: OutboxSender) -> None:
    node.mined = [_foreign(n) for n in range(3)]
    sender.submit("k", call(1))
    sender.pump()
    node.mined = []  # the chain forgot three transactions of another program

    for _ in range(20):
        sender.pump()
        node.mine()

    entry = sender.outbox.get("k")
    assert entry is not None
    assert (entry.state, entry.nonce, len(node.mined)) == (EntryState.MINED, 3, 4)


def test_a_refusal_is_an_answer(node: FakeNode, sender: OutboxSender) -> None:
    node.failing.add(sign_call(SIGNER, call(1), 0, CHAIN_ID).raw)
    sender.submit("k", call(1))
    sender.pump()
    node.mine()

    with pytest.raises(TransactionRevertedError) as refused:
        sender.send("k", call(1))

    assert refused.value.refusal.name == UNKNOWN, "this node keeps no traces"
    assert sender.pump().is_idle


def test_when_time_is_up_the_call_stays(node: FakeNode, sender: OutboxSender) -> None:
    with pytest.raises(TransactionUnknownError, match="look it up"):
        sender.send("k", call(1), wait_seconds=0.05)

    node.mine()

    assert sender.send("k", call(1)).state is EntryState.MINED


def test_what_the_node_does_not_take_is_told_and_stays(
    node: FakeNode, sender: OutboxSender
) -> None:
    node.refusing = "sender is not listed"
    with pytest.raises(TransactionRefusedError, match="sender is not listed"):
        sender.send("k", call(1), wait_seconds=0.05)
    assert sender.pump().problems == {"k": "sender is not listed"}

    node.refusing = None
    for _ in range(5):
        sender.pump()
    node.mine()

    assert sender.pump().is_idle
