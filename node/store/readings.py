"""Signed readings by what they say, and the readings that contradict them."""

from dataclasses import asdict, dataclass, fields
from hashlib import sha256

from sqlalchemy import Connection, Row, Select, insert, or_, select, tuple_

from node.domain.readings import Reading
from node.store.records import Conflict, SignedReading, StoredReading
from node.store.tables import conflicts, devices, readings

#: Most readings of one answer; the rest is asked for with `after`.
PAGE_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class Conditions:
    """What an upper system asks for (D-58); None asks nothing.

    `since` and `until` bound the start of the measured interval (D-20), `until` excluded. `after` is the last
    reading of the page before: (slot, point, version).
    """

    slot: int | None = None
    since: int | None = None
    until: int | None = None
    kind: str | None = None
    point: int | None = None
    after: tuple[int, int, int] | None = None

    def asked(self) -> dict[str, object]:
        """Return the conditions that were set, for the event log."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Readings:
    """The readings of registered devices; one per point, slot and version."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, signed: SignedReading, source: str, received_at: int) -> int:
        """Store a reading and return its number in the order of arrival."""
        values = _values(signed, source, received_at)
        added = insert(readings).values(values).returning(readings.c.number)
        return int(self._connection.execute(added).scalar_one())

    def matching(self, reading: Reading) -> list[StoredReading]:
        """Return what is stored of the same slot and version or the same sequence of a point."""
        same_slot = (readings.c.slot == reading.slot) & (readings.c.version == reading.version)
        query = (
            select(readings)
            .where(readings.c.point == reading.point)
            .where(or_(same_slot, readings.c.sequence == reading.sequence))
            .order_by(readings.c.number)
        )
        return [_stored(row) for row in self._connection.execute(query)]

    def select(self, conditions: Conditions, limit: int = PAGE_SIZE) -> list[StoredReading]:
        """Return what meets the conditions in order of measurement time, then point and version."""
        order = (readings.c.slot, readings.c.point, readings.c.version)
        query = select(readings).order_by(*order).limit(limit)
        rows = self._connection.execute(_narrowed(query, conditions))
        return [_stored(row) for row in rows]

    def add_conflict(self, signed: SignedReading, source: str, at: int, contradicts: int) -> bool:
        """Keep a contradicting reading as evidence; False when the same one is kept already."""
        content = sha256(repr(signed.reading).encode()).hexdigest()
        known = select(conflicts.c.number).where(
            conflicts.c.point == signed.reading.point, conflicts.c.content == content
        )
        if self._connection.execute(known).first() is not None:
            return False
        values = _values(signed, source, at) | {"contradicts": contradicts, "content": content}
        self._connection.execute(insert(conflicts).values(values))
        return True

    def conflicts(self, point: int | None = None) -> list[Conflict]:
        """Return the kept evidence, oldest first, of one point or of all."""
        query = select(conflicts).order_by(conflicts.c.number)
        if point is not None:
            query = query.where(conflicts.c.point == point)
        return [
            Conflict(row.number, _signed(row), row.source, row.received_at, row.contradicts)
            for row in self._connection.execute(query)
        ]


def _narrowed(query: Select[tuple[object, ...]], asked: Conditions) -> Select[tuple[object, ...]]:
    columns = readings.c
    if asked.slot is not None:
        query = query.where(columns.slot == asked.slot)
    if asked.since is not None:
        query = query.where(columns.slot >= asked.since)
    if asked.until is not None:
        query = query.where(columns.slot < asked.until)
    if asked.point is not None:
        query = query.where(columns.point == asked.point)
    if asked.kind is not None:
        sender = devices.c.device_id == columns.source
        query = query.join(devices, sender).where(devices.c.kind == asked.kind)
    if asked.after is not None:
        order = tuple_(columns.slot, columns.point, columns.version)
        query = query.where(order > asked.after)
    return query


def _values(signed: SignedReading, source: str, received_at: int) -> dict[str, object]:
    own = {"signature": signed.signature, "source": source, "received_at": received_at}
    return asdict(signed.reading) | own


def _signed(row: Row[tuple[object, ...]]) -> SignedReading:
    said = {field.name: getattr(row, field.name) for field in fields(Reading)}
    return SignedReading(Reading(**said), row.signature)


def _stored(row: Row[tuple[object, ...]]) -> StoredReading:
    return StoredReading(row.number, _signed(row), row.source, row.received_at)
