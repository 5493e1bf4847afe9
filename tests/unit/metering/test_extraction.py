"""Readings out: exactly what meets the conditions, and every step in the event log."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from node.domain.clock import VirtualClock
from node.domain.slots import HALF_HOURS
from node.metering.errors import SystemUnknownError, WrongPasswordError
from node.metering.extraction import Extraction, ranges
from node.metering.intake import Intake
from node.metering.registration import Registrar
from node.store.database import Database
from node.store.readings import Conditions
from node.store.records import Event, LogEntry, Registration, SignedReading, SystemRole

Make = Callable[..., SignedReading]


@pytest.fixture
def day(
    registrar: Registrar,
    intake: Intake,
    clock: VirtualClock,
    registration: Callable[..., Registration],
    reading: Make,
    initial_password: str,
) -> list[SignedReading]:
    """Return two slots of two points, by measurement time; they arrived the other way round."""
    clock.advance_to(clock.now() + HALF_HOURS.slot_seconds)
    made = [reading(point, slots) for slots in (0, 1) for point in (1, 2)]
    passwords = {}
    for point in (1, 2):
        registrar.list_device(f"meter-{point}")
        passwords[point] = registrar.register(
            f"meter-{point}",
            initial_password,
            registration(point, kind="pv" if point == 2 else "meter"),
        )
    for each in reversed(made):
        point = each.reading.point
        intake.take(f"meter-{point}", passwords[point], each)
    return made


@pytest.fixture
def password(registrar: Registrar) -> str:
    return registrar.add_system("dmo", SystemRole.UPPER)


def log(database: Database) -> list[LogEntry]:
    with database.read() as view:
        return view.events.entries(peer="dmo")[1:]


@pytest.mark.spec("D-14", "D-21", "D-34", "D-57", "D-59", "D-60", "F-48")
def test_a_system_gets_exactly_what_it_asks_for_by_measurement_time(
    extraction: Extraction, day: list[SignedReading], password: str
) -> None:
    first_slot = day[0].reading.slot

    def asked(conditions: Conditions) -> list[SignedReading]:
        extract = extraction.extract("dmo", password, conditions)
        assert not extract.more
        return [row.signed for row in extract.readings]

    assert asked(Conditions()) == day
    assert asked(Conditions(slot=first_slot)) == day[:2]
    assert asked(Conditions(since=first_slot + 1)) == day[2:]
    assert asked(Conditions(kind="pv")) == [day[1], day[3]]
    assert asked(Conditions(point=1, slot=first_slot)) == [day[0]]
    assert asked(Conditions(kind="ev")) == []


@pytest.mark.spec("D-24", "D-25", "D-28", "D-29")
def test_request_extraction_and_sending_are_in_the_event_log_with_the_records(
    extraction: Extraction,
    database: Database,
    day: list[SignedReading],
    password: str,
    clock: VirtualClock,
) -> None:
    at = clock.now()
    extract = extraction.extract("dmo", password, Conditions(slot=day[0].reading.slot))
    clock.advance_to(at + 1)
    extraction.sent("dmo", extract)

    written = [(entry.at, entry.event, entry.items, entry.content) for entry in log(database)]
    assert written == [
        (at, Event.REQUEST_RECEIVED, None, {"slot": day[0].reading.slot}),
        (at, Event.AUTHENTICATED, None, {}),
        (at, Event.EXTRACTED, 2, {}),
        (at + 1, Event.DATA_SENT, 2, {"numbers": [[3, 4]]}),
    ]


def test_what_does_not_fit_a_page_is_asked_for_with_the_last_reading(
    extraction: Extraction, day: list[SignedReading], password: str
) -> None:
    paged = replace(extraction, page_size=3)
    first = paged.extract("dmo", password, Conditions())
    last = first.readings[-1].signed.reading
    after = (last.slot, last.point, last.version)
    second = paged.extract("dmo", password, Conditions(after=after))

    assert first.more
    assert not second.more
    assert [row.signed for row in (*first.readings, *second.readings)] == day


@pytest.mark.spec("D-28", "D-59")
def test_a_wrong_password_or_an_unknown_system_gets_nothing_and_is_logged(
    extraction: Extraction, database: Database, password: str
) -> None:
    with pytest.raises(WrongPasswordError):
        extraction.extract("dmo", password + "x", Conditions())
    with pytest.raises(SystemUnknownError):
        extraction.extract("nobody", password, Conditions())
    assert [entry.event for entry in log(database)] == [
        Event.REQUEST_RECEIVED,
        Event.AUTHENTICATION_FAILED,
    ]


@pytest.mark.parametrize(
    ("numbers", "runs"),
    [([], []), ([5], [[5, 5]]), ([3, 1, 2, 7, 8, 10], [[1, 3], [7, 8], [10, 10]])],
)
def test_numbers_are_logged_as_unbroken_runs(numbers: list[int], runs: list[list[int]]) -> None:
    assert ranges(numbers) == runs
