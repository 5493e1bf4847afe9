"""Units of work and the hub's own tables."""

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.readings import Reading
from node.domain.slots import DeliverySlot
from node.domain.units import WattHours
from node.store.database import Database
from node.store.readings import Conditions
from node.store.records import (
    Device,
    Event,
    LogEntry,
    Registration,
    SignedReading,
    System,
    SystemRole,
)

SAID = Registration(
    kind="meter",
    name="Meter of house 1",
    maker="Maker",
    location="Urawa-Misono 1",
    point=1,
    gateway="0x" + "11" * 20,
    possession=b"proof",
)


def signed(point: int, slot: int, sequence: int, import_wh: int = 5) -> SignedReading:
    reading = Reading(
        point=point,
        slot=DeliverySlot(slot),
        import_wh=WattHours(import_wh),
        export_wh=WattHours(0),
        import_start=WattHours(10),
        import_end=WattHours(10 + import_wh),
        export_start=WattHours(0),
        export_end=WattHours(0),
        measured_at=slot + 10,
        sequence=sequence,
        version=1,
    )
    return SignedReading(reading, b"signature")


def list_and_register(database: Database, device_id: str, said: Registration) -> None:
    with database.write() as work:
        work.devices.add(Device(device_id, listed_at=1))
        work.devices.register(device_id, said, "verifier", 2)
        work.commit()


def test_leaving_a_unit_of_work_without_commit_changes_nothing(database: Database) -> None:
    with database.write() as work:
        work.devices.add(Device("meter-1", listed_at=1))

    with database.read() as view:
        assert view.devices.all() == []


def test_an_error_inside_a_unit_of_work_changes_nothing(database: Database) -> None:
    def fail_half_way() -> None:
        with database.write() as work:
            work.devices.add(Device("meter-1", listed_at=1))
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        fail_half_way()

    with database.read() as view:
        assert view.devices.all() == []


def test_what_was_committed_survives_a_process_that_dies_in_the_next_unit_of_work(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    program = f"""
import os
from node.store.database import Database
from node.store.records import Device
database = Database.open({url!r})
with database.write() as work:
    work.devices.add(Device("kept", listed_at=1))
    work.commit()
with database.write() as work:
    work.devices.add(Device("lost", listed_at=1))
    os.kill(os.getpid(), 9)
"""
    died = subprocess.run([sys.executable, "-c", program], check=False)

    database = Database.open(url)
    with database.read() as view:
        assert died.returncode == -9
        assert [device.device_id for device in view.devices.all()] == ["kept"]
    database.close()


def test_several_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    program = f"from node.store.database import Database; Database.open({url!r}).close()"
    opening = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in opening] == [0, 0, 0]


def test_a_view_sees_one_instant(database: Database) -> None:
    with database.read() as view:
        assert view.devices.all() == []
        with database.write() as work:
            work.devices.add(Device("meter-1", listed_at=1))
            work.commit()
        assert view.devices.all() == []


@pytest.mark.spec("D-46", "D-48")
def test_a_registration_is_kept_with_its_verifier_and_can_be_forgotten(database: Database) -> None:
    list_and_register(database, "meter-1", SAID)

    with database.write() as work:
        assert work.devices.find("meter-1") == Device("meter-1", 1, 2, "verifier", SAID)
        assert work.devices.at_point(1) == work.devices.find("meter-1")
        work.devices.unregister("meter-1")
        assert work.devices.find("meter-1") == Device("meter-1", listed_at=1)
        assert work.devices.at_point(1) is None


def test_one_device_per_metering_point_holds_in_the_database(database: Database) -> None:
    list_and_register(database, "meter-1", SAID)
    with pytest.raises(Exception, match=r"devices\.point"):
        list_and_register(database, "meter-2", SAID)


def test_a_verifier_is_not_shown() -> None:
    assert "verifier" not in repr(Device("meter-1", 1, 2, "argon2", SAID))
    assert "argon2" not in repr(System("dmo", SystemRole.UPPER, 1, "argon2"))


def test_a_system_is_added_once_and_then_replaced(database: Database) -> None:
    first = System("dmo", SystemRole.UPPER, 1, "old")
    second = System("dmo", SystemRole.ORACLE, 2, "new")
    with database.write() as work:
        work.systems.put(first)
        assert work.systems.find("dmo") == first
        work.systems.put(second)
        assert work.systems.all() == [second]
        assert work.systems.find("nobody") is None


@pytest.mark.spec("D-16", "D-21")
def test_readings_come_back_by_what_was_asked_in_order_of_measurement(database: Database) -> None:
    list_and_register(database, "meter-1", SAID)
    list_and_register(database, "pv-2", replace(SAID, kind="pv", point=2))
    late, early, other = signed(1, 2000, 2), signed(1, 1000, 1), signed(2, 1000, 1)
    with database.write() as work:
        for reading, source in ((late, "meter-1"), (other, "pv-2"), (early, "meter-1")):
            work.readings.add(reading, source, 3000)
        work.commit()

    def asked(**conditions: object) -> list[SignedReading]:
        with database.read() as view:
            return [row.signed for row in view.readings.select(Conditions(**conditions))]  # type: ignore[arg-type]

    assert asked() == [early, other, late]
    assert asked(slot=1000) == [early, other]
    assert asked(point=1) == [early, late]
    assert asked(since=1000, until=2000) == [early, other]
    assert asked(since=1001) == [late]
    assert asked(kind="pv") == [other]
    assert asked(kind="ev") == []
    assert asked(after=(1000, 1, 1)) == [other, late]


def test_a_page_holds_no_more_than_its_limit(database: Database) -> None:
    list_and_register(database, "meter-1", SAID)
    with database.write() as work:
        for n in range(3):
            work.readings.add(signed(1, 1000 + n, n + 1), "meter-1", 3000)
        found = work.readings.select(Conditions(), limit=2)
    assert [row.signed.reading.slot for row in found] == [1000, 1001]


def test_the_same_evidence_is_kept_once(database: Database) -> None:
    list_and_register(database, "meter-1", SAID)
    with database.write() as work:
        number = work.readings.add(signed(1, 1000, 1), "meter-1", 3000)
        other = signed(1, 1000, 1, import_wh=6)
        assert work.readings.add_conflict(other, "meter-1", 3001, number)
        assert not work.readings.add_conflict(other, "meter-1", 3002, number)
        [kept] = work.readings.conflicts(point=1)
    assert (kept.signed, kept.contradicts, kept.received_at) == (other, number, 3001)


def test_a_second_reading_of_a_slot_or_sequence_is_impossible_in_the_database(
    database: Database,
) -> None:
    list_and_register(database, "meter-1", SAID)
    with database.write() as work:
        work.readings.add(signed(1, 1000, 1), "meter-1", 3000)
        work.commit()
    for second in (signed(1, 1000, 2), signed(1, 2000, 1)):
        with pytest.raises(Exception, match="UNIQUE"), database.write() as work:
            work.readings.add(second, "meter-1", 3000)


@pytest.mark.spec("D-22")
def test_the_event_log_gives_back_its_lines_in_order(database: Database) -> None:
    with database.write() as work:
        work.events.add(5, Event.DATA_RECEIVED, "meter-1", items=1)
        work.events.add(6, Event.REQUEST_RECEIVED, "dmo", content={"slot": 1000})
        work.events.add(7, Event.DATA_RECEIVED, "x" * 100, items=1)
        work.commit()

    with database.read() as view:
        assert view.events.entries()[:2] == [
            LogEntry(1, 5, Event.DATA_RECEIVED, "meter-1", 1, {}),
            LogEntry(2, 6, Event.REQUEST_RECEIVED, "dmo", None, {"slot": 1000}),
        ]
        assert [entry.at for entry in view.events.entries(peer="dmo")] == [6]
        assert [entry.peer for entry in view.events.entries(after=2)] == ["x" * 64]


def test_a_number_is_never_given_out_twice(database: Database, tmp_path: Path) -> None:
    list_and_register(database, "meter-1", SAID)
    with database.write() as work:
        first = work.readings.add(signed(1, 1000, 1), "meter-1", 3000)
        work.commit()
    direct = sqlite3.connect(tmp_path / "hub.db")
    direct.execute("DELETE FROM readings")
    direct.commit()
    direct.close()
    with database.write() as work:
        assert work.readings.add(signed(1, 1000, 1), "meter-1", 3000) == first + 1
