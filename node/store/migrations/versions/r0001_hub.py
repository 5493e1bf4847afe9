"""Devices, systems, readings, evidence and the append-only event log."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: SQLite refuses in the statement, PostgreSQL through a function that both triggers call.
SQLITE_GUARDS = [
    f"CREATE TRIGGER event_log_no_{verb} BEFORE {verb.upper()} ON event_log "
    "BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END"
    for verb in ("update", "delete")
]
POSTGRESQL_GUARDS = [
    "CREATE FUNCTION event_log_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the event log is append-only'; END $$",
    "CREATE TRIGGER event_log_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON event_log "
    "FOR EACH STATEMENT EXECUTE FUNCTION event_log_refuse()",
]


def upgrade() -> None:
    _create_peers()
    _create_readings()
    _create_event_log()


def downgrade() -> None:
    for table in ("event_log", "conflicts", "readings", "systems", "devices"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION event_log_refuse()")


def _create_peers() -> None:
    op.create_table(
        "devices",
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("listed_at", sa.BigInteger, nullable=False),
        sa.Column("registered_at", sa.BigInteger),
        sa.Column("verifier", sa.Text),
        sa.Column("kind", sa.String(32)),
        sa.Column("name", sa.Text),
        sa.Column("maker", sa.Text),
        sa.Column("location", sa.Text),
        sa.Column("point", sa.BigInteger),
        sa.Column("gateway", sa.String(42)),
        sa.Column("possession", sa.LargeBinary),
        sa.PrimaryKeyConstraint("device_id", name="pk_devices"),
        sa.UniqueConstraint("point", name="uq_devices_point"),
    )
    op.create_table(
        "systems",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("verifier", sa.Text, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_systems"),
    )


def _signed_columns() -> "list[sa.Column[Any]]":
    numbers = (
        "point slot version import_wh export_wh import_start import_end export_start export_end "
        "measured_at sequence"
    )
    return [
        sa.Column("number", ROW_NUMBER, autoincrement=True, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in numbers.split()),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
    ]


def _create_readings() -> None:
    op.create_table(
        "readings",
        *_signed_columns(),
        sa.PrimaryKeyConstraint("number", name="pk_readings"),
        sa.ForeignKeyConstraint(["source"], ["devices.device_id"], name="fk_readings_source"),
        sa.UniqueConstraint("point", "slot", "version", name="uq_readings_point_slot_version"),
        sa.UniqueConstraint("point", "sequence", name="uq_readings_point_sequence"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_readings_slot_point_version", "readings", ["slot", "point", "version"])
    op.create_table(
        "conflicts",
        *_signed_columns(),
        sa.Column("contradicts", ROW_NUMBER, nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_conflicts"),
        sa.ForeignKeyConstraint(["source"], ["devices.device_id"], name="fk_conflicts_source"),
        sa.ForeignKeyConstraint(
            ["contradicts"], ["readings.number"], name="fk_conflicts_contradicts"
        ),
        sa.UniqueConstraint("point", "content", name="uq_conflicts_point_content"),
        sqlite_autoincrement=True,
    )


def _create_event_log() -> None:
    op.create_table(
        "event_log",
        sa.Column("number", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("peer", sa.String(64), nullable=False),
        sa.Column("items", sa.BigInteger),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_event_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_log_peer_number", "event_log", ["peer", "number"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE_GUARDS if sqlite else POSTGRESQL_GUARDS:
        op.execute(statement)
