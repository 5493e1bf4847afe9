"""Tables of what the hub alone knows: devices, upper systems, readings, evidence and the event log.

Energies are Wh, instants Unix seconds (UTC), addresses lower-case hex with 0x. A reading is keyed by what it
says, never by when it arrived; `number` is the order of arrival and serves the event log only.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

#: Names of constraints, so that a migration can find them on every database.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)

#: 64 bits everywhere; only INTEGER is a row id that SQLite counts up by itself.
RowNumber = BigInteger().with_variant(Integer, "sqlite")

#: "0x" and 20 bytes in hex.
Address = String(42)

devices = Table(
    "devices",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("listed_at", BigInteger, nullable=False),
    Column("registered_at", BigInteger),
    Column("verifier", Text),
    Column("kind", String(32)),
    Column("name", Text),
    Column("maker", Text),
    Column("location", Text),
    Column("point", BigInteger, unique=True),
    Column("gateway", Address),
    Column("possession", LargeBinary),
)

systems = Table(
    "systems",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("verifier", Text, nullable=False),
    Column("added_at", BigInteger, nullable=False),
)


def _reading_columns() -> list[Column[Any]]:
    """Return what a signed reading says, the same for readings and for evidence."""
    return [
        Column("point", BigInteger, nullable=False),
        Column("slot", BigInteger, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("import_wh", BigInteger, nullable=False),
        Column("export_wh", BigInteger, nullable=False),
        Column("import_start", BigInteger, nullable=False),
        Column("import_end", BigInteger, nullable=False),
        Column("export_start", BigInteger, nullable=False),
        Column("export_end", BigInteger, nullable=False),
        Column("measured_at", BigInteger, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("signature", LargeBinary, nullable=False),
        Column("source", String(64), ForeignKey("devices.device_id"), nullable=False),
        Column("received_at", BigInteger, nullable=False),
    ]


readings = Table(
    "readings",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    *_reading_columns(),
    UniqueConstraint("point", "slot", "version"),
    UniqueConstraint("point", "sequence"),
    Index(None, "slot", "point", "version"),
    sqlite_autoincrement=True,
)

#: Readings that contradict a stored one: both are signed by one gateway, so the pair proves its fault.
conflicts = Table(
    "conflicts",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    *_reading_columns(),
    Column("contradicts", RowNumber, ForeignKey("readings.number"), nullable=False),
    Column("content", String(64), nullable=False),
    UniqueConstraint("point", "content"),
    sqlite_autoincrement=True,
)

#: Append-only: triggers of the migration refuse every update and delete.
event_log = Table(
    "event_log",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("event", String(32), nullable=False),
    Column("peer", String(64), nullable=False),
    Column("items", BigInteger),
    Column("content", Text, nullable=False),
    Index(None, "peer", "number"),
    sqlite_autoincrement=True,
)
