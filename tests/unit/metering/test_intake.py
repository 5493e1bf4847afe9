"""Readings in: only the measurement counts, whatever the network does to it (D-34)."""

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.domain.clock import VirtualClock
from node.domain.readings import Reading
from node.domain.slots import HALF_HOURS
from node.metering.errors import (
    ContradictingReadingError,
    CorrectionUnsupportedError,
    DeviceNotRegisteredError,
    ForeignPointError,
    FutureDatedError,
    ReadingImplausibleError,
    ReadingRefusedError,
    SignatureMismatchError,
    SlotNotOverError,
    WrongPasswordError,
)
from node.metering.intake import Intake
from node.metering.registration import Registrar
from node.store.chain_records import Block, GatewayRecord, Logged, Origin
from node.store.database import Database
from node.store.readings import Conditions
from node.store.records import Event, Registration, SignedReading

Make = Callable[..., SignedReading]
Register = Callable[[int], str]


@pytest.fixture
def register(
    registrar: Registrar, registration: Callable[..., Registration], initial_password: str
) -> Register:
    def make(point: int) -> str:
        registrar.list_device(f"meter-{point}")
        return registrar.register(f"meter-{point}", initial_password, registration(point))

    return make


def stored(database: Database) -> list[Reading]:
    with database.read() as view:
        return [row.signed.reading for row in view.readings.select(Conditions())]


def evidence(database: Database) -> list[Reading]:
    with database.read() as view:
        return [row.signed.reading for row in view.readings.conflicts()]


def log(database: Database) -> list[tuple[Event, int | None]]:
    with database.read() as view:
        entries = view.events.entries(peer="meter-1")
    return [(entry.event, entry.items) for entry in entries if entry.event not in REGISTERING]


REGISTERING = {Event.DEVICE_LISTED, Event.REGISTRATION_REQUESTED, Event.DEVICE_REGISTERED}


@pytest.mark.spec("D-16", "D-22", "D-23", "D-27", "D-49", "D-51")
def test_a_reading_of_a_registered_device_is_stored_and_logged(
    intake: Intake, database: Database, register: Register, reading: Make, clock: VirtualClock
) -> None:
    receipt = intake.take("meter-1", register(1), reading())

    assert not receipt.repeated
    with database.read() as view:
        [row] = view.readings.select(Conditions())
    assert (row.signed, row.source, row.received_at) == (reading(), "meter-1", clock.now())
    assert log(database) == [
        (Event.DATA_RECEIVED, 1),
        (Event.AUTHENTICATED, None),
        (Event.DATA_STORED, 1),
    ]


def test_the_same_reading_again_changes_nothing(
    intake: Intake, database: Database, register: Register, reading: Make
) -> None:
    password = register(1)
    first = intake.take("meter-1", password, reading())
    second = intake.take("meter-1", password, reading())

    assert (second.number, second.repeated) == (first.number, True)
    assert stored(database) == [reading().reading]
    assert log(database)[-1] == (Event.DATA_REPEATED, 0)


@pytest.mark.spec("G-27")
@pytest.mark.parametrize("changed", [{"import_wh": 501}, {"slots": 1, "sequence": 1}])
def test_a_contradiction_is_refused_and_kept_as_evidence(
    intake: Intake,
    database: Database,
    register: Register,
    reading: Make,
    clock: VirtualClock,
    changed: dict[str, int],
) -> None:
    clock.advance_to(clock.now() + HALF_HOURS.slot_seconds)
    password = register(1)
    intake.take("meter-1", password, reading())

    for _ in range(2):
        with pytest.raises(ContradictingReadingError, match="evidence"):
            intake.take("meter-1", password, reading(**changed))

    assert stored(database) == [reading().reading]
    assert evidence(database) == [reading(**changed).reading]
    assert [event for event, _ in log(database)].count(Event.CONFLICT_KEPT) == 1
    assert log(database)[-1] == (Event.DATA_REFUSED, None)


@pytest.mark.spec("D-50", "D-55")
def test_a_wrong_password_stores_nothing(
    intake: Intake, database: Database, register: Register, reading: Make
) -> None:
    register(1)
    with pytest.raises(WrongPasswordError):
        intake.take("meter-1", "a guess", reading())
    assert stored(database) == []
    assert log(database) == [(Event.DATA_RECEIVED, 1), (Event.AUTHENTICATION_FAILED, None)]


@pytest.mark.spec("D-55")
def test_the_common_initial_password_is_no_password_for_readings(
    intake: Intake, register: Register, reading: Make, initial_password: str
) -> None:
    register(1)
    with pytest.raises(WrongPasswordError):
        intake.take("meter-1", initial_password, reading())


@pytest.mark.spec("D-55")
def test_an_unregistered_device_stores_nothing_listed_or_not(
    intake: Intake, registrar: Registrar, database: Database, reading: Make
) -> None:
    registrar.list_device("meter-1")
    for device_id in ("meter-1", "meter-9"):
        with pytest.raises(DeviceNotRegisteredError, match=device_id):
            intake.take(device_id, "a guess", reading())
    assert stored(database) == []


def test_a_device_speaks_for_its_own_point_only(
    intake: Intake, database: Database, register: Register, reading: Make
) -> None:
    with pytest.raises(ForeignPointError):
        intake.take("meter-1", register(1), reading(point=2))
    assert stored(database) == []


@pytest.mark.spec("G-07", "G-10")
def test_a_reading_that_oracles_believe_above_the_rating_is_not_held_back(
    intake: Intake, database: Database, register: Register, reading: Make
) -> None:
    overload = reading(import_wh=110_000, export_wh=55_000, export_end=55_007)
    intake.take("meter-1", register(1), overload)
    assert stored(database) == [overload.reading]


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"slots": 1}, SlotNotOverError),
        ({"measured_at": 10**10}, FutureDatedError),
        ({"measured_at": 180_000}, ReadingImplausibleError),
        ({"import_end": 10_499}, ReadingImplausibleError),
        ({"import_wh": 110_001}, ReadingImplausibleError),
        ({"export_start": 8}, ReadingImplausibleError),
        ({"slot": 180_001}, ReadingImplausibleError),
        ({"sequence": 0}, ReadingImplausibleError),
        ({"version": 2}, CorrectionUnsupportedError),
    ],
)
def test_what_cannot_have_been_measured_is_refused_and_changes_nothing(
    intake: Intake,
    database: Database,
    register: Register,
    reading: Make,
    changed: dict[str, int],
    refusal: type[ReadingRefusedError],
) -> None:
    password = register(1)
    with pytest.raises(refusal):
        intake.take("meter-1", password, reading(**changed))
    assert stored(database) == []
    assert log(database)[-1] == (Event.DATA_REFUSED, None)


def test_a_reading_signed_by_another_key_or_changed_after_signing_is_refused(
    intake: Intake, database: Database, register: Register, reading: Make
) -> None:
    password = register(1)
    stranger = reading(key="0x" + "ee" * 20)
    forged = replace(reading(), reading=replace(reading().reading, sequence=9))
    for bad in (stranger, forged):
        with pytest.raises(SignatureMismatchError):
            intake.take("meter-1", password, bad)
    assert stored(database) == []
    assert evidence(database) == []


@pytest.mark.spec("G-29")
def test_after_a_rotation_the_new_key_counts_from_its_slot_on(
    intake: Intake, database: Database, register: Register, reading: Make, clock: VirtualClock
) -> None:
    clock.advance_to(clock.now() + HALF_HOURS.slot_seconds)
    password, key = register(1), "0x" + "cc" * 20
    rotated_from = 180_000 + HALF_HOURS.slot_seconds
    with database.write() as work:
        block, head = Block(1, b"\x02" * 32, b"\x01" * 32, 1), work.chain.head()
        row = Logged(Origin(1, block.hash, 0, bytes(32)), GatewayRecord(1, key, rotated_from))
        work.chain.append(block, [row], after=head)
        work.commit()

    intake.take("meter-1", password, reading())
    with pytest.raises(SignatureMismatchError):
        intake.take("meter-1", password, reading(slots=1))
    intake.take("meter-1", password, reading(slots=1, key=key))


def test_while_the_chain_tables_are_rebuilt_the_registered_key_counts(
    intake: Intake, database: Database, register: Register, reading: Make
) -> None:
    password = register(1)
    with database.write() as work:
        head = work.chain.head()
        assert head is not None
        work.chain.rewind(None, after=head)
        work.commit()
    intake.take("meter-1", password, reading())
    assert stored(database) == [reading().reading]


POINTS, SLOTS = 2, 4


@pytest.fixture
def registered(
    intake: Intake, register: Register, clock: VirtualClock, tmp_path: Path
) -> tuple[Path, dict[int, str]]:
    """Return the file of a hub at which every device is registered, and their passwords."""
    clock.advance_to(clock.now() + SLOTS * HALF_HOURS.slot_seconds)
    passwords = {point: register(point) for point in range(1, POINTS + 1)}
    intake.database.close()
    return tmp_path / "hub.db", passwords


@pytest.mark.spec("D-34", "D-37")
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_and_repetition_of_readings_leaves_the_same_data(
    registered: tuple[Path, dict[int, str]], intake: Intake, reading: Make, data: st.DataObject
) -> None:
    """Also with contradictions: then what was stored and the evidence are together the same set."""
    template, passwords = registered
    path = template.with_name("copy.db")
    shutil.copy(template, path)
    fresh = replace(intake, database=Database.open(f"sqlite:///{path}"))
    day = [reading(point, slots) for point in passwords for slots in range(SLOTS)]
    liar = reading(1, 2, import_wh=499)
    arrivals = data.draw(st.permutations([*day, *day[::2], liar, liar]))

    for each in arrivals:
        point = each.reading.point
        with contextlib.suppress(ContradictingReadingError):
            fresh.take(f"meter-{point}", passwords[point], each)

    found = stored(fresh.database)
    undisputed = {each.reading for each in day} - {reading(1, 2).reading}
    assert found == sorted(found, key=lambda each: (each.slot, each.point))
    assert undisputed < set(found)
    assert len(found) == len(day)
    assert {*found, *evidence(fresh.database)} == {each.reading for each in [*day, liar]}
    fresh.database.close()
