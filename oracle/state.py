"""What an oracle must not forget: what it signed, what it accepted, and why it refused (G-27).

One SQLite file with `synchronous = FULL`, so that a signature is never given out before it is on
the disk that it was. Whoever loses the file may sign a second, different value; therefore a damaged
file stops the oracle.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Self

from node.domain.readings import Reading
from node.domain.slots import DeliverySlot
from oracle.errors import StateDamagedError, StateForeignError
from oracle.plausibility import Accepted, Neighbours, Reason, SignedReading
from oracle.quorum import Dispute, Entry

_SCHEMA = """
CREATE TABLE IF NOT EXISTS identity (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS accepted (
    slot INTEGER NOT NULL, point INTEGER NOT NULL,
    import_wh INTEGER NOT NULL, export_wh INTEGER NOT NULL,
    import_start INTEGER NOT NULL, import_end INTEGER NOT NULL,
    export_start INTEGER NOT NULL, export_end INTEGER NOT NULL,
    measured_at INTEGER NOT NULL, sequence INTEGER NOT NULL, version INTEGER NOT NULL,
    digest BLOB NOT NULL, signature BLOB NOT NULL, gateway TEXT NOT NULL,
    PRIMARY KEY (point, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS accepted_of_slot ON accepted (slot);
CREATE TABLE IF NOT EXISTS signed (
    slot INTEGER NOT NULL, point INTEGER NOT NULL, version INTEGER NOT NULL,
    digest BLOB NOT NULL, signed_at INTEGER NOT NULL,
    PRIMARY KEY (slot, point, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rejected (
    slot INTEGER NOT NULL, point INTEGER NOT NULL, reason TEXT NOT NULL, hub TEXT NOT NULL, seen_at INTEGER NOT NULL,
    PRIMARY KEY (slot, point, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS disputed (
    slot INTEGER NOT NULL, point INTEGER NOT NULL, peer TEXT NOT NULL, objection TEXT NOT NULL, seen_at INTEGER NOT NULL,
    PRIMARY KEY (slot, point, peer)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS submitted (
    slot INTEGER NOT NULL, first_point INTEGER NOT NULL, root BLOB NOT NULL, points INTEGER NOT NULL,
    submitted_at INTEGER NOT NULL,
    PRIMARY KEY (slot, first_point, root)
) STRICT, WITHOUT ROWID;
"""

#: Columns of a reading, named and ordered like its fields.
_FIELDS = len(fields(Reading))
_ACCEPTED = ", ".join(
    (*(field.name for field in fields(Reading)), "signature", "digest", "gateway")
)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A reading that was not believed: where, why, which hub had it, and when it was first seen."""

    slot: DeliverySlot
    point: int
    reason: str
    hub: str
    seen_at: int


@dataclass(frozen=True, slots=True)
class Disputed:
    """A point that a peer would not sign as this oracle proposed it."""

    slot: DeliverySlot
    point: int
    peer: str
    objection: str
    seen_at: int


class OracleState:
    """The state of one oracle. One process uses it at a time; every method is one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path | None, identity: Mapping[str, str]) -> Self:
        """Open or make the file; None keeps everything in memory.

        `identity` says whose state this is (oracle, chain, contract); a file of somebody else is
        refused, because what was signed for one contract says nothing about another.
        """
        shown = str(path or ":memory:")
        connection = sqlite3.connect(shown, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            _prepare(connection)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise StateDamagedError(shown, str(error)) from error
        state = cls(connection)
        known = state._identify(identity)
        if known != dict(identity):
            connection.close()
            raise StateForeignError(shown, f"belongs to {known}, expected {dict(identity)}")
        return state

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    # -- readings

    def accept(self, accepted: Iterable[Accepted]) -> None:
        """Keep readings that were believed; a point that has one for the slot keeps it."""
        rows = [
            (*astuple(one.reading), one.signed.signature, one.digest, one.gateway)
            for one in accepted
        ]
        marks = ", ".join("?" * (_FIELDS + 3))
        with self._writing():
            self._connection.executemany(
                f"INSERT OR IGNORE INTO accepted ({_ACCEPTED}) VALUES ({marks})",  # noqa: S608 - constants
                rows,
            )

    def accepted(self, slot: DeliverySlot) -> dict[int, Accepted]:
        """Return the accepted readings of a slot by metering point."""
        rows = self._connection.execute(
            f"SELECT {_ACCEPTED} FROM accepted WHERE slot = ? ORDER BY point",  # noqa: S608
            (slot,),
        )
        return {one.reading.point: one for one in map(_accepted, rows)}

    def neighbours(self, point: int, slot: DeliverySlot) -> Neighbours:
        """Return the accepted readings of a point around a slot."""
        return Neighbours(
            earlier=self._nearest(point, "slot < ? ORDER BY slot DESC", slot),
            same=self._nearest(point, "slot = ? ORDER BY slot", slot),
            later=self._nearest(point, "slot > ? ORDER BY slot", slot),
        )

    def reject(
        self, slot: DeliverySlot, point: int, reasons: Iterable[Reason], hub: str, now: int
    ) -> None:
        """Keep why a reading was not believed; the same reason is kept once."""
        rows = [(slot, point, reason.name.lower(), hub, now) for reason in reasons]
        with self._writing():
            self._connection.executemany(
                "INSERT OR IGNORE INTO rejected VALUES (?, ?, ?, ?, ?)", rows
            )

    def rejected(self, slot: DeliverySlot) -> set[int]:
        """Return the points of a slot of which a reading was not believed."""
        rows = self._connection.execute("SELECT point FROM rejected WHERE slot = ?", (slot,))
        return {point for (point,) in rows}

    # -- signatures

    def promise(self, slot: DeliverySlot, entries: Iterable[Entry], now: int) -> set[int]:
        """Put on record that values are about to be signed, or return what stands in the way.

        A point stands in the way when another value was signed of it; then nothing is put on
        record.
        """
        with self._writing() as connection:
            otherwise = {entry.point for entry in entries if not self._may_sign(slot, entry)}
            if not otherwise:
                connection.executemany(
                    "INSERT INTO signed VALUES (?, ?, ?, ?, ?) "
                    "ON CONFLICT (slot, point, version) DO UPDATE SET signed_at = excluded.signed_at",
                    [(slot, one.point, one.version, one.digest, now) for one in entries],
                )
        return otherwise

    # -- what the operator is shown

    def dispute(self, slot: DeliverySlot, peer: str, disputes: Iterable[Dispute], now: int) -> None:
        """Keep what a peer would not sign: evidence of who held what."""
        rows = [(slot, one.point, peer, one.objection.name.lower(), now) for one in disputes]
        with self._writing():
            self._connection.executemany(
                "INSERT OR REPLACE INTO disputed VALUES (?, ?, ?, ?, ?)", rows
            )

    def submit(
        self, slot: DeliverySlot, first_point: int, root: bytes, points: int, now: int
    ) -> None:
        """Put on record that a batch goes to the chain."""
        with self._writing():
            self._connection.execute(
                "INSERT OR IGNORE INTO submitted VALUES (?, ?, ?, ?, ?)",
                (slot, first_point, root, points, now),
            )

    def rejects(self, limit: int) -> list[Rejected]:
        """Return the last refusals, newest first."""
        rows = self._connection.execute(
            "SELECT slot, point, reason, hub, seen_at FROM rejected "
            "ORDER BY seen_at DESC, slot DESC, point, reason LIMIT ?",
            (limit,),
        )
        return [Rejected(*row) for row in rows]

    def disputes(self, limit: int) -> list[Disputed]:
        """Return the last disputes, newest first."""
        rows = self._connection.execute(
            "SELECT slot, point, peer, objection, seen_at FROM disputed "
            "ORDER BY seen_at DESC, slot DESC, point, peer LIMIT ?",
            (limit,),
        )
        return [Disputed(*row) for row in rows]

    def last_signed_slot(self) -> DeliverySlot | None:
        """Return the latest slot of which anything was signed."""
        return self._latest("SELECT max(slot) FROM signed")

    def last_submitted_slot(self) -> DeliverySlot | None:
        """Return the latest slot of which a batch was sent."""
        return self._latest("SELECT max(slot) FROM submitted")

    def counts(self) -> dict[str, int]:
        """Return how many rows each table holds."""
        tables = ("accepted", "signed", "rejected", "disputed", "submitted")
        return {
            table: self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in tables
        }

    def forget_before(self, slot: DeliverySlot) -> None:
        """Drop what lies before a final slot, but for each point's latest accepted reading."""
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM accepted WHERE slot < ? AND slot < "
                "(SELECT max(slot) FROM accepted AS latest WHERE latest.point = accepted.point)",
                (slot,),
            )
            for table in ("signed", "rejected", "disputed", "submitted"):
                connection.execute(f"DELETE FROM {table} WHERE slot < ?", (slot,))  # noqa: S608

    def _identify(self, identity: Mapping[str, str]) -> dict[str, str]:
        with self._writing() as connection:
            known = dict(connection.execute("SELECT name, value FROM identity"))
            if not known:
                connection.executemany("INSERT INTO identity VALUES (?, ?)", identity.items())
        return known or dict(identity)

    def _may_sign(self, slot: DeliverySlot, entry: Entry) -> bool:
        row = self._connection.execute(
            "SELECT digest FROM signed WHERE slot = ? AND point = ? AND version = ?",
            (slot, entry.point, entry.version),
        ).fetchone()
        return row is None or row[0] == entry.digest

    def _nearest(self, point: int, where: str, slot: DeliverySlot) -> Accepted | None:
        row = self._connection.execute(
            f"SELECT {_ACCEPTED} FROM accepted WHERE point = ? AND {where} LIMIT 1",  # noqa: S608
            (point, slot),
        ).fetchone()
        return None if row is None else _accepted(row)

    def _latest(self, query: str) -> DeliverySlot | None:
        found = self._connection.execute(query).fetchone()[0]
        return None if found is None else DeliverySlot(found)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection) -> None:
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(_SCHEMA)


def _accepted(row: sqlite3.Row) -> Accepted:
    signature, digest, gateway = row[_FIELDS:]
    return Accepted(SignedReading(Reading(*row[:_FIELDS]), signature), digest, gateway)
