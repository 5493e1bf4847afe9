"""The outbox: calls that must reach the chain once, kept in a file until they did.

queued -> sent -> mined or reverted. A signed transaction is in the file before it goes out for the first time, and it
is that same transaction that goes out again, so neither a crash nor a repetition can make two of one call.

Each file belongs to one key on one chain; on another chain its transactions would mean something else.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import RLock

from node.chain.errors import OutboxConflictError, OutboxError, Refusal
from node.chain.transactions import Call, SignedTransaction

#: Layout of the file; another one is refused.
_VERSION = 1

_SCHEMA = f"""
PRAGMA user_version = {_VERSION};
CREATE TABLE IF NOT EXISTS owner (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    chain_id INTEGER NOT NULL,
    genesis_hash TEXT NOT NULL,
    sender TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    what TEXT NOT NULL,
    target TEXT,
    data BLOB NOT NULL,
    gas INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'mined', 'reverted')),
    nonce INTEGER,
    raw BLOB,
    tx_hash BLOB,
    sent_after INTEGER,
    block_number INTEGER,
    refusal TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS entry_by_state ON entry (state, number);
CREATE INDEX IF NOT EXISTS entry_by_nonce ON entry (nonce);
"""

_FIELDS = (
    "key, what, target, data, gas, state, nonce, raw, tx_hash, sent_after, block_number, refusal"
)

_BUSY_SECONDS = 10.0


class EntryState(StrEnum):
    """How far a call has come."""

    QUEUED = "queued"
    SENT = "sent"
    MINED = "mined"
    REVERTED = "reverted"

    @property
    def is_settled(self) -> bool:
        """Whether the chain has answered."""
        return self in (EntryState.MINED, EntryState.REVERTED)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose outbox a file is."""

    chain_id: int
    genesis_hash: str
    sender: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A call in the outbox; nonce and transaction are set from `SENT` on, `refusal` when it was reverted.

    `sent_after` is the block after which the transaction went out for the first time.
    """

    key: str
    call: Call
    state: EntryState
    nonce: int | None
    transaction: SignedTransaction | None
    sent_after: int
    block_number: int | None
    refusal: Refusal | None


class Outbox:
    """The file. Safe to use from several threads and processes."""

    def __init__(self, path: Path, owner: Owner) -> None:
        self._path = path
        self._lock = RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._translated():
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare(owner)
        except BaseException:
            self._connection.close()
            raise

    def put(self, key: str, call: Call) -> Entry:
        """Queue a call under a key; the same call again changes nothing, another one is refused."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO entry (key, what, target, data, gas, state) VALUES (?, ?, ?, ?, ?, 'queued')"
                " ON CONFLICT (key) DO NOTHING",
                (key, call.what, call.to, call.data, call.gas),
            )
            entry = self._find(key)
        if entry is None or (entry.call.to, entry.call.data) != (call.to, call.data):
            raise OutboxConflictError(key)
        return entry

    def get(self, key: str) -> Entry | None:
        """Return a call by key."""
        with self._reading():
            return self._find(key)

    def in_state(self, state: EntryState, limit: int = -1) -> list[Entry]:
        """Return calls in a state, oldest first."""
        with self._reading():
            rows = self._connection.execute(
                f"SELECT {_FIELDS} FROM entry WHERE state = ? ORDER BY number LIMIT ?",  # noqa: S608 - a constant
                (state.value, limit),
            )
            return [_entry(row) for row in rows]

    def withdraw(self, key: str) -> bool:
        """Take a call back that was not sent yet; False when it is too late or there is none."""
        with self._transaction():
            cursor = self._connection.execute(
                "DELETE FROM entry WHERE key = ? AND state = 'queued'", (key,)
            )
            return cursor.rowcount == 1

    @contextmanager
    def numbering(self, mined: int) -> Iterator[int]:
        """Yield the next free nonce when `mined` are in blocks; nobody else gets one until the block is left."""
        with self._transaction():
            row = self._connection.execute(
                "SELECT max(nonce) FROM entry WHERE state = 'sent'"
            ).fetchone()
            yield mined if row[0] is None else max(mined, row[0] + 1)

    def mark_sent(self, key: str, nonce: int, signed: SignedTransaction, head: int) -> None:
        """Keep the transaction of a call, before it goes out. Within `numbering`."""
        self._connection.execute(
            "UPDATE entry SET state = 'sent', nonce = ?, raw = ?, tx_hash = ?, sent_after = ?"
            " WHERE key = ? AND state = 'queued'",
            (nonce, signed.raw, signed.hash, head, key),
        )

    def mark_settled(self, key: str, block_number: int, refusal: Refusal | None) -> None:
        """Keep what the chain answered."""
        state = EntryState.MINED if refusal is None else EntryState.REVERTED
        said = None if refusal is None else _dumped(refusal)
        self._write(
            "UPDATE entry SET state = ?, block_number = ?, refusal = ? WHERE key = ? AND state = 'sent'",
            (state.value, block_number, said, key),
        )

    def requeue(self, key: str, tx_hash: bytes) -> None:
        """Queue a call again whose nonce another transaction took; its own can never be mined any more."""
        self._write(
            "UPDATE entry SET state = 'queued', nonce = NULL, raw = NULL, tx_hash = NULL"
            " WHERE key = ? AND state = 'sent' AND tx_hash = ?",
            (key, tx_hash),
        )

    def reopen_above(self, mined: int) -> None:
        """Go back to `sent` with what the chain has forgotten: nonces that it no longer counts."""
        self._write(
            "UPDATE entry SET state = 'sent', sent_after = 0, block_number = NULL, refusal = NULL"
            " WHERE nonce >= ? AND state IN ('mined', 'reverted')",
            (mined,),
        )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _prepare(self, owner: Owner) -> None:
        with self._translated():
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if tables and version != _VERSION:
                raise OutboxError(
                    f"outbox {self._path} has layout {version}, not {_VERSION}: name another file"
                )
            self._connection.executescript(_SCHEMA)
        with self._transaction():
            self._connection.execute(
                "INSERT INTO owner VALUES (1, ?, ?, ?) ON CONFLICT DO NOTHING",
                (owner.chain_id, owner.genesis_hash, owner.sender),
            )
            row = self._connection.execute("SELECT chain_id, genesis_hash, sender FROM owner")
            found = Owner(*row.fetchone())
        if found != owner:
            raise OutboxError(
                f"outbox {self._path} belongs to {found.sender} on chain {found.chain_id} that began with "
                f"{found.genesis_hash}, not to {owner.sender} on {owner.chain_id} ({owner.genesis_hash}): name another file"
            )

    def _find(self, key: str) -> Entry | None:
        row = self._connection.execute(
            f"SELECT {_FIELDS} FROM entry WHERE key = ?",  # noqa: S608 - a constant
            (key,),
        ).fetchone()
        return None if row is None else _entry(row)

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        with self._transaction():
            self._connection.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._reading():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock, self._translated():
            yield

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as broken:
            raise OutboxError(f"outbox {self._path} cannot be used: {broken}") from broken


def _entry(row: tuple[object, ...]) -> Entry:
    key, what, target, data, gas, state, nonce, raw, tx_hash, sent_after, block_number, refusal = (
        row
    )
    return Entry(
        key=str(key),
        call=Call(
            what=str(what),
            to=None if target is None else str(target),
            data=_octets(data),
            gas=_number(gas) or 0,
        ),
        state=EntryState(str(state)),
        nonce=_number(nonce),
        transaction=None if raw is None else SignedTransaction(_octets(raw), _octets(tx_hash)),
        sent_after=_number(sent_after) or 0,
        block_number=_number(block_number),
        refusal=None if refusal is None else _loaded(str(refusal)),
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _octets(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _dumped(refusal: Refusal) -> str:
    return json.dumps({"name": refusal.name, "args": refusal.args}, default=_hex)


def _loaded(text: str) -> Refusal:
    content = json.loads(text)
    return Refusal(content["name"], content["args"])


def _hex(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
