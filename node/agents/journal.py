"""What a home must not forget: readings it signed, orders it drafted, what it saw, its password.

One SQLite file with `synchronous = FULL`. A reading is in it before it goes out for the first time,
and it is that same reading that goes out again: a kill at any moment never leaves two different
readings of one slot or sequence.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from node.agents.errors import JournalError, JournalForeignError, SequenceReusedError
from node.agents.forecast import Observed
from node.domain.orders import Side
from node.domain.policies import DraftOrder, Wish
from node.domain.readings import Reading
from node.domain.slots import DeliverySlot
from node.domain.units import SenPerKwh, WattHours

_READING_FIELDS = tuple(field.name for field in fields(Reading))
_READING = ", ".join(_READING_FIELDS)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS identity (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS reading (
    slot INTEGER PRIMARY KEY, point INTEGER NOT NULL,
    import_wh INTEGER NOT NULL, export_wh INTEGER NOT NULL,
    import_start INTEGER NOT NULL, import_end INTEGER NOT NULL,
    export_start INTEGER NOT NULL, export_end INTEGER NOT NULL,
    measured_at INTEGER NOT NULL, sequence INTEGER NOT NULL UNIQUE, version INTEGER NOT NULL,
    signature BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'refused', 'expired')),
    note TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS reading_by_state ON reading (state, slot);
CREATE TABLE IF NOT EXISTS gap (slot INTEGER PRIMARY KEY, reason TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS drafted (slot INTEGER PRIMARY KEY, drafted_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS draft (
    slot INTEGER NOT NULL, step INTEGER NOT NULL,
    side TEXT NOT NULL, price INTEGER NOT NULL, energy INTEGER NOT NULL, wish INTEGER NOT NULL,
    PRIMARY KEY (slot, step)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS observed (
    slot INTEGER PRIMARY KEY, pv_wh INTEGER NOT NULL, demand_wh INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""

_PASSWORD = "hub password"  # noqa: S105 - the name of a row, not a password


class ReadingState(StrEnum):
    """How far a signed reading has come."""

    WAITING = "waiting"
    TAKEN = "taken"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class SignedReading:
    """A reading with the gateway's signature."""

    reading: Reading
    signature: bytes


class Journal:
    """The file of one home. One process uses it at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = str(path)
        self._connection = connection

    @classmethod
    def open(cls, path: Path, identity: Mapping[str, str]) -> Self:
        """Open or make the file, readable by its owner alone; another home's is refused."""
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            _prepare(connection)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise JournalError(str(path), f"is no sound database: {error}") from error
        journal = cls(path, connection)
        known = journal._identify(identity)
        if known != dict(identity):
            connection.close()
            raise JournalForeignError(str(path), f"belongs to {known}, expected {dict(identity)}")
        return journal

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    # -- readings

    def keep(self, signed: SignedReading) -> SignedReading:
        """Keep a signed reading before it goes out.

        The same again changes nothing, a different one is refused.
        """
        marks = ", ".join("?" * (len(_READING_FIELDS) + 1))
        values = (*astuple(signed.reading), signed.signature)
        with self._writing():
            self._connection.execute(
                f"INSERT OR IGNORE INTO reading ({_READING}, signature, state, note) "  # noqa: S608
                f"VALUES ({marks}, 'waiting', NULL)",
                values,
            )
        kept = self.reading(signed.reading.slot)
        if kept is None or kept.reading != signed.reading:
            raise SequenceReusedError(self._path, f"holds {kept}, was given {signed.reading}")
        return kept

    def reading(self, slot: DeliverySlot) -> SignedReading | None:
        """Return the reading of a slot."""
        found = self._select("WHERE slot = ?", slot)
        return found[0] if found else None

    def waiting(self, limit: int) -> list[SignedReading]:
        """Return readings that the hub has not taken, oldest first."""
        return self._select("WHERE state = 'waiting' ORDER BY slot LIMIT ?", limit)

    def settle(self, slot: DeliverySlot, state: ReadingState, note: str | None = None) -> None:
        """Keep what became of a reading."""
        with self._writing():
            self._connection.execute(
                "UPDATE reading SET state = ?, note = ? WHERE slot = ?", (state.value, note, slot)
            )

    def remark(self, slot: DeliverySlot, note: str) -> None:
        """Keep why a waiting reading was not taken yet."""
        with self._writing():
            self._connection.execute("UPDATE reading SET note = ? WHERE slot = ?", (note, slot))

    def last_sequence(self) -> int:
        """Return the highest sequence that was signed, 0 before the first."""
        found: int | None = self._one("SELECT max(sequence) FROM reading")
        return found or 0

    def last_metered(self) -> DeliverySlot | None:
        """Return the latest slot that is done with: signed, or given up as a gap."""
        found: int | None = self._one(
            "SELECT max(slot) FROM (SELECT slot FROM reading UNION SELECT slot FROM gap)"
        )
        return None if found is None else DeliverySlot(found)

    def give_up(self, slot: DeliverySlot, reason: str) -> None:
        """Note that no reading of a slot can be made any more."""
        with self._writing():
            self._connection.execute("INSERT OR IGNORE INTO gap VALUES (?, ?)", (slot, reason))

    def counts(self) -> dict[str, int]:
        """Return how many readings are in each state, and how many slots are gaps."""
        rows = self._connection.execute("SELECT state, count(*) FROM reading GROUP BY state")
        found = dict.fromkeys((state.value for state in ReadingState), 0) | dict(rows)
        return found | {"gaps": self._one("SELECT count(*) FROM gap")}

    def notes(self, limit: int) -> list[tuple[int, str, str]]:
        """Return slot, state and note of readings that something was said about, newest first."""
        rows = self._connection.execute(
            "SELECT slot, state, note FROM reading WHERE note IS NOT NULL "
            "UNION ALL SELECT slot, 'gap', reason FROM gap ORDER BY slot DESC LIMIT ?",
            (limit,),
        )
        return [(slot, state, note) for slot, state, note in rows]

    # -- orders

    def draft(
        self, slot: DeliverySlot, drafts: Sequence[DraftOrder], now: int
    ) -> tuple[DraftOrder, ...]:
        """Keep the orders of a slot before any goes out; return those that hold, the first kept."""
        rows = [
            (slot, step, one.side.value, one.limit, one.energy, int(one.wish))
            for step, one in enumerate(drafts)
        ]
        with self._writing() as connection:
            added = connection.execute(
                "INSERT OR IGNORE INTO drafted VALUES (?, ?)", (slot, now)
            ).rowcount
            if added:
                connection.executemany("INSERT INTO draft VALUES (?, ?, ?, ?, ?, ?)", rows)
        return self.drafts(slot) or ()

    def drafts(self, slot: DeliverySlot) -> tuple[DraftOrder, ...] | None:
        """Return the orders that were drafted for a slot, None when none were yet."""
        if self._one("SELECT count(*) FROM drafted WHERE slot = ?", slot) == 0:
            return None
        rows = self._connection.execute(
            "SELECT side, price, energy, wish FROM draft WHERE slot = ? ORDER BY step", (slot,)
        )
        return tuple(
            DraftOrder(Side(side), SenPerKwh(price), WattHours(energy), Wish(wish))
            for side, price, energy, wish in rows
        )

    # -- what was seen

    def observe(self, slot: DeliverySlot, observed: Observed) -> None:
        """Keep what a slot brought."""
        with self._writing():
            self._connection.execute(
                "INSERT OR REPLACE INTO observed VALUES (?, ?, ?)",
                (slot, observed.pv_wh, observed.demand_wh),
            )

    def observed(self) -> dict[DeliverySlot, Observed]:
        """Return what slots brought."""
        rows = self._connection.execute("SELECT slot, pv_wh, demand_wh FROM observed")
        return {
            DeliverySlot(slot): Observed(WattHours(pv), WattHours(demand))
            for slot, pv, demand in rows
        }

    # -- the hub's password

    def password(self) -> str | None:
        """Return the password that the hub gave this home."""
        found: str | None = self._one("SELECT value FROM secret WHERE name = ?", _PASSWORD)
        return found

    def keep_password(self, password: str) -> None:
        """Keep the password that the hub gave; it is shown once."""
        with self._writing():
            self._connection.execute(
                "INSERT OR REPLACE INTO secret VALUES (?, ?)", (_PASSWORD, password)
            )

    def forget_before(self, slot: DeliverySlot, observed_before: DeliverySlot) -> None:
        """Drop what lies before a slot that is final, but for the latest reading.

        Observations have their own age.
        """
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM reading WHERE slot < ? AND slot < (SELECT max(slot) FROM reading)",
                (slot,),
            )
            for table in ("gap", "drafted", "draft"):
                connection.execute(f"DELETE FROM {table} WHERE slot < ?", (slot,))  # noqa: S608
            connection.execute("DELETE FROM observed WHERE slot < ?", (observed_before,))

    def _identify(self, identity: Mapping[str, str]) -> dict[str, str]:
        with self._writing() as connection:
            known = dict(connection.execute("SELECT name, value FROM identity"))
            if not known:
                connection.executemany("INSERT INTO identity VALUES (?, ?)", identity.items())
        return known or dict(identity)

    def _select(self, where: str, *values: object) -> list[SignedReading]:
        query = f"SELECT {_READING}, signature FROM reading {where}"  # noqa: S608 - constants
        rows = self._connection.execute(query, values)
        return [SignedReading(Reading(*row[:-1]), row[-1]) for row in rows]

    def _one(self, query: str, *values: object) -> Any:
        """Return the first column of the first row, None without a row."""
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else row[0]

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
