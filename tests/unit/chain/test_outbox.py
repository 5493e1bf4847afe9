"""The outbox as a file."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node.chain.errors import OutboxConflictError, OutboxError, Refusal
from node.chain.outbox import EntryState, Outbox, Owner
from node.chain.transactions import Call, SignedTransaction

OWNER = Owner(chain_id=7411, genesis_hash="0x12", sender="0x" + "ab" * 20)
CALL = Call("SpotAuction.submit", "0x" + "12" * 20, b"data", 100_000)
SIGNED = SignedTransaction(b"raw", b"hash")


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.sqlite3", OWNER)
    yield outbox
    outbox.close()


def _sent(outbox: Outbox, key: str, mined: int = 0) -> int:
    outbox.put(key, replace(CALL, data=key.encode()))
    with outbox.numbering(mined) as nonce:
        outbox.mark_sent(key, nonce, SignedTransaction(b"raw", key.encode()), 1)
    return nonce


def test_a_call_waits_until_it_is_sent_and_answered(outbox: Outbox) -> None:
    queued = outbox.put("k", CALL)
    with outbox.numbering(5) as nonce:
        outbox.mark_sent("k", nonce, SIGNED, 4)
    sent = outbox.get("k")
    outbox.mark_settled("k", 9, None)
    mined = outbox.get("k")

    assert (queued.state, queued.call, queued.nonce) == (EntryState.QUEUED, CALL, None)
    assert sent is not None
    assert (sent.state, sent.nonce, sent.transaction) == (EntryState.SENT, 5, SIGNED)
    assert sent.sent_after == 4
    assert mined is not None
    assert (mined.state, mined.block_number, mined.refusal) == (EntryState.MINED, 9, None)


def test_the_same_call_twice_is_one(outbox: Outbox) -> None:
    outbox.put("k", CALL)
    outbox.put("k", CALL)

    assert len(outbox.in_state(EntryState.QUEUED)) == 1


def test_one_key_for_two_calls_is_refused(outbox: Outbox) -> None:
    outbox.put("k", CALL)

    with pytest.raises(OutboxConflictError, match="'k'"):
        outbox.put("k", replace(CALL, data=b"other"))


def test_nonces_follow_the_chain_and_what_is_in_flight(outbox: Outbox) -> None:
    assert [_sent(outbox, "a", 5), _sent(outbox, "b", 5), _sent(outbox, "c", 9)] == [5, 6, 9]


def test_a_refusal_is_kept_with_its_values(outbox: Outbox) -> None:
    _sent(outbox, "k")
    outbox.mark_settled("k", 3, Refusal("NotTheOwner", {"point": 7, "note": b"\x01"}))

    entry = outbox.get("k")
    assert entry is not None
    assert entry.state is EntryState.REVERTED
    assert entry.refusal == Refusal("NotTheOwner", {"point": 7, "note": "0x01"})


def test_a_lost_nonce_puts_a_call_back_in_the_queue(outbox: Outbox) -> None:
    _sent(outbox, "k")
    outbox.requeue("k", b"another hash")
    assert not outbox.in_state(EntryState.QUEUED)

    outbox.requeue("k", b"k")

    (entry,) = outbox.in_state(EntryState.QUEUED)
    assert (entry.nonce, entry.transaction) == (None, None)


def test_what_the_chain_forgot_is_sent_again(outbox: Outbox) -> None:
    for mined, key in enumerate("abc"):
        _sent(outbox, key, mined)
        outbox.mark_settled(key, 1, Refusal("No") if key == "c" else None)

    outbox.reopen_above(1)

    assert [entry.key for entry in outbox.in_state(EntryState.MINED)] == ["a"]
    assert [entry.key for entry in outbox.in_state(EntryState.SENT)] == ["b", "c"]


def test_only_what_was_not_sent_can_be_withdrawn(outbox: Outbox) -> None:
    outbox.put("queued", CALL)
    _sent(outbox, "sent")

    assert [outbox.withdraw(key) for key in ("queued", "sent", "none")] == [True, False, False]
    assert outbox.get("queued") is None


def test_it_is_all_there_after_a_restart(tmp_path: Path, outbox: Outbox) -> None:
    _sent(outbox, "k")
    before = outbox.get("k")
    outbox.close()

    again = Outbox(tmp_path / "outbox.sqlite3", OWNER)

    assert again.get("k") == before
    again.close()


@pytest.mark.parametrize(
    "other",
    [
        replace(OWNER, chain_id=1),
        replace(OWNER, genesis_hash="0x13"),
        replace(OWNER, sender="0x" + "cd" * 20),
    ],
)
def test_an_outbox_belongs_to_one_key_on_one_chain(
    tmp_path: Path, outbox: Outbox, other: Owner
) -> None:
    with pytest.raises(OutboxError, match="name another file"):
        Outbox(tmp_path / "outbox.sqlite3", other)
    assert outbox.get("k") is None


def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "damaged.sqlite3"
    path.write_bytes(b"this is not a database" * 100)
    before = path.read_bytes()

    with pytest.raises(OutboxError, match=r"damaged\.sqlite3"):
        Outbox(path, OWNER)

    assert path.read_bytes() == before


def test_a_file_of_another_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE entry (key TEXT)")
    other.close()

    with pytest.raises(OutboxError, match="layout 0, not 1"):
        Outbox(path, OWNER)


def test_every_write_reaches_the_disk(outbox: Outbox) -> None:
    synchronous = outbox._connection.execute("PRAGMA synchronous").fetchone()

    assert synchronous == (2,), "FULL"


def test_two_programs_on_one_file_give_out_each_nonce_once(tmp_path: Path, outbox: Outbox) -> None:
    other = Outbox(tmp_path / "outbox.sqlite3", OWNER)
    nonces = [_sent(outbox, "a"), _sent(other, "b"), _sent(outbox, "c")]
    other.close()

    assert nonces == [0, 1, 2]


def test_a_file_that_is_locked_for_long_is_an_error_of_its_own(
    tmp_path: Path, outbox: Outbox
) -> None:
    outbox._connection.execute("PRAGMA busy_timeout = 1")
    with sqlite3.connect(tmp_path / "outbox.sqlite3") as rival:
        rival.execute("BEGIN IMMEDIATE")

        with pytest.raises(OutboxError, match="locked"):
            outbox.put("k", CALL)
    rival.close()
