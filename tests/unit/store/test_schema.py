"""Migrations: the same tables as the program's, up and down on filled data, all or nothing."""

import sqlite3
from dataclasses import fields
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from node.domain.readings import Reading
from node.domain.slots import DeliverySlot
from node.domain.units import WattHours
from node.store.chain_records import Block, CreditRecord, Logged, Origin
from node.store.chain_tables import TABLE_OF
from node.store.database import Database
from node.store.engine import open_engine
from node.store.records import Device, Event, SignedReading
from node.store.schema import downgrade, migrate
from node.store.tables import metadata

BLOCK = Block(0, b"\x01" * 32, bytes(32), 1000)
CREDIT = Logged(Origin(0, BLOCK.hash, 0, b"\x02" * 32), CreditRecord("0xaa", 5, b"ref"))
READING = SignedReading(
    Reading(
        point=1,
        slot=DeliverySlot(1000),
        import_wh=WattHours(5),
        export_wh=WattHours(0),
        import_start=WattHours(10),
        import_end=WattHours(15),
        export_start=WattHours(0),
        export_end=WattHours(0),
        measured_at=1010,
        sequence=1,
        version=1,
    ),
    b"signature",
)


def fill(database: Database) -> None:
    with database.write() as work:
        work.devices.add(Device("meter-1", listed_at=1))
        work.readings.add(READING, "meter-1", 1011)
        work.events.add(1011, Event.DATA_STORED, "meter-1", items=1)
        work.chain.append(BLOCK, [CREDIT], after=None)
        work.commit()


def test_the_migrated_tables_are_those_the_program_uses(database: Database) -> None:
    with database.read() as view:
        context = MigrationContext.configure(view._connection)
        assert compare_metadata(context, metadata) == []


def test_a_record_and_its_table_have_the_same_fields() -> None:
    origin = ["block_hash", "log_index", "item", "block_number", "tx_hash"]
    for record, table in TABLE_OF.items():
        assert [column.name for column in table.c] == origin + [f.name for f in fields(record)]


def test_undoing_the_chain_tables_loses_no_reading(url: str) -> None:
    database = Database.open(url)
    fill(database)
    database.close()

    downgrade(open_engine(url), "0001")
    again = Database.open(url)

    with again.read() as view:
        assert [entry.event for entry in view.events.entries()] == [Event.DATA_STORED]
        assert view.readings.matching(READING.reading)[0].signed == READING
        assert view.chain.head() is None
    again.close()


def test_undoing_everything_leaves_an_empty_database_that_can_be_filled_again(url: str) -> None:
    database = Database.open(url)
    fill(database)
    database.close()

    downgrade(open_engine(url), "base")
    again = Database.open(url)
    fill(again)

    with again.read() as view:
        assert view.chain.head() == BLOCK
    again.close()


def test_a_migration_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine, "0001")
    blocker = sqlite3.connect(path)
    blocker.execute("CREATE TABLE payouts (taken TEXT)")
    blocker.close()

    with pytest.raises(Exception, match="payouts"):
        migrate(engine)

    left = sqlite3.connect(path)
    names = {name for (name,) in left.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    version = left.execute("SELECT version_num FROM alembic_version").fetchall()
    left.close()
    engine.dispose()
    assert "blocks" not in names
    assert version == [("0001",)]


@pytest.mark.spec("D-29")
@pytest.mark.parametrize("statement", ["UPDATE event_log SET at = 0", "DELETE FROM event_log"])
def test_the_database_itself_keeps_the_event_log_append_only(
    database: Database, tmp_path: Path, statement: str
) -> None:
    fill(database)
    tamperer = sqlite3.connect(tmp_path / "hub.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        tamperer.execute(statement)
    tamperer.close()
