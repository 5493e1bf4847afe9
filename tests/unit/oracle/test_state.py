"""An oracle never signs two values, whatever happens to it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.readings import Fault, Reading
from node.domain.slots import DeliverySlot
from oracle.errors import StateDamagedError, StateForeignError
from oracle.plausibility import Accepted, Neighbours, Rejection
from oracle.quorum import Dispute, Entry, Objection
from oracle.state import Disputed, OracleState, Rejected

IDENTITY = {"oracle": "0xa", "market": "31337/0xab"}
SLOT = DeliverySlot(1_000_000)

AcceptReading = Callable[..., Accepted]
MakeReading = Callable[..., Reading]


def entry(point: int, value: int = 1) -> Entry:
    return Entry(point, 1, bytes([value]) * 32, bytes(65))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "oracle.sqlite3"


def opened(path: Path) -> OracleState:
    return OracleState.open(path, IDENTITY)


@pytest.mark.spec("G-27")
def test_a_second_value_of_a_point_is_never_signed_even_after_a_restart(path: Path) -> None:
    before = opened(path)
    assert before.promise(SLOT, [entry(1), entry(2)], now=1) == set()
    before.close()

    after = opened(path)

    assert after.promise(SLOT, [entry(1), entry(2, 9), entry(3)], now=2) == {2}
    assert after.promise(SLOT, [entry(1), entry(2)], now=3) == set()
    after.close()


@pytest.mark.spec("G-27")
def test_a_refused_promise_puts_nothing_on_record(path: Path) -> None:
    state = opened(path)
    state.promise(SLOT, [entry(2)], now=1)

    state.promise(SLOT, [entry(1), entry(2, 9)], now=2)

    assert state.promise(SLOT, [entry(1, 5)], now=3) == set()
    state.close()


def test_another_version_of_a_point_may_have_another_value(path: Path) -> None:
    state = opened(path)
    state.promise(SLOT, [entry(1)], now=1)

    assert state.promise(SLOT, [replace(entry(1, 9), version=2)], now=2) == set()
    state.close()


def test_accepted_readings_come_back_as_they_were_and_the_first_one_stays(
    path: Path, accept: AcceptReading, make_reading: MakeReading
) -> None:
    state = opened(path)
    first, second = accept(make_reading()), accept(make_reading(exported=901))
    state.accept([first])
    state.accept([second])
    state.close()

    again = opened(path)

    assert again.accepted(SLOT) == {7: first}
    again.close()


def test_neighbours_are_the_nearest_accepted_readings_of_the_same_point(
    path: Path, accept: AcceptReading, make_reading: MakeReading
) -> None:
    state = opened(path)
    kept = {slot: accept(make_reading(slot=slot)) for slot in (999_960, 999_990, 1_000_020)}
    state.accept([*kept.values(), accept(make_reading(point=8, slot=1_000_010))])

    assert state.neighbours(7, SLOT) == Neighbours(kept[999_990], None, kept[1_000_020])
    assert state.neighbours(9, SLOT) == Neighbours()
    state.close()


def test_each_reason_of_a_refusal_is_kept_once_and_the_newest_is_shown_first(path: Path) -> None:
    state = opened(path)
    state.reject(SLOT, 7, [Rejection.FORGED], "hub", now=5)
    state.reject(SLOT, 7, [Rejection.FORGED], "hub", now=6)
    state.reject(SLOT, 8, [Fault.MEASURED_BEFORE_SLOT_END], "hub", now=7)

    assert state.rejects(10) == [
        Rejected(SLOT, 8, "measured_before_slot_end", "hub", 7),
        Rejected(SLOT, 7, "forged", "hub", 5),
    ]
    assert state.rejected(SLOT) == {7, 8}
    state.close()


def test_what_a_peer_would_not_sign_is_kept_as_evidence(path: Path) -> None:
    state = opened(path)
    state.dispute(SLOT, "0xb", [Dispute(7, Objection.DIFFERENT)], now=5)

    assert state.disputes(10) == [Disputed(SLOT, 7, "0xb", "different", 5)]
    state.close()


def test_what_lies_before_a_final_slot_is_forgotten_but_for_the_latest_registers(
    path: Path, accept: AcceptReading, make_reading: MakeReading
) -> None:
    state = opened(path)
    old, older = accept(make_reading(slot=999_990)), accept(make_reading(slot=999_980))
    state.accept([old, older])
    state.promise(older.reading.slot, [entry(7)], now=1)
    state.submit(SLOT, 4, bytes(32), points=1, now=2)

    state.forget_before(SLOT)

    assert state.neighbours(7, SLOT).earlier == old
    assert state.accepted(older.reading.slot) == {}
    assert state.counts() == {
        "accepted": 1,
        "signed": 0,
        "rejected": 0,
        "disputed": 0,
        "submitted": 1,
    }
    assert (state.last_signed_slot(), state.last_submitted_slot()) == (None, SLOT)
    state.close()


@pytest.mark.spec("G-27")
def test_a_damaged_file_stops_the_oracle(path: Path) -> None:
    path.write_bytes(b"this is no database, whatever its name says" * 100)

    with pytest.raises(StateDamagedError, match=r"oracle\.sqlite3"):
        opened(path)


@pytest.mark.spec("G-27")
def test_the_state_of_another_oracle_or_contract_is_refused(path: Path) -> None:
    opened(path).close()

    with pytest.raises(StateForeignError, match="31337/0xab"):
        OracleState.open(path, IDENTITY | {"market": "1/0xcd"})
