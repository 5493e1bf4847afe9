"""Writes the chain tables block by block and finds records in them."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from node.store.chain_records import (
    Block,
    CancellationRecord,
    ChainRecord,
    Logged,
    OrderRecord,
    Origin,
)
from node.store.chain_tables import TABLE_OF, blocks, cursor
from node.store.errors import ConcurrentWriterError

_CURSOR = "chain"

RecordT = TypeVar("RecordT", bound=ChainRecord)

#: Rows of one event by its record type, ready to be inserted together.
_Batch = dict[type[ChainRecord], list[dict[str, object]]]


class ChainTables:
    """The projection of the chain; its cursor moves in the transaction that writes the rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def head(self) -> Block | None:
        """Return the last block that was followed, None when there is none."""
        query = select(blocks).join(cursor, cursor.c.hash == blocks.c.hash)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _block(row)

    def block(self, number: int) -> Block | None:
        """Return a followed block."""
        row = self._connection.execute(
            select(blocks).where(blocks.c.number == number)
        ).one_or_none()
        return None if row is None else _block(row)

    def append(
        self, block: Block, records: Sequence[Logged[ChainRecord]], after: Block | None
    ) -> None:
        """Write a block with its records and move the cursor from `after` to it.

        Refused when the cursor is elsewhere: then somebody else writes, too.
        """
        self._move_cursor(after, block)
        self._connection.execute(insert(blocks).values(asdict(block)))
        for record_type, rows in _batches(records).items():
            self._connection.execute(insert(TABLE_OF[record_type]), rows)

    def rewind(self, to: Block | None, after: Block) -> None:
        """Take back every block above `to` with all that came in it; None takes back everything."""
        self._move_cursor(after, to)
        last = -1 if to is None else to.number
        self._connection.execute(delete(blocks).where(blocks.c.number > last))

    def find(
        self, record_type: type[RecordT], **where: int | str | bytes | range | Collection[int]
    ) -> list[Logged[RecordT]]:
        """Return records in chain order whose fields equal a value, lie in a range or are in a collection."""
        table = TABLE_OF[record_type]
        query = (
            select(table)
            .where(*(_condition(table.c[name], wanted) for name, wanted in where.items()))
            .order_by(table.c.block_number, table.c.log_index, table.c.item)
        )
        return [_logged(record_type, row) for row in self._connection.execute(query)]

    def book_totals(self, slots: range) -> dict[tuple[int, str], tuple[int, int]]:
        """Return number and energy of the orders that were not cancelled by (slot, side)."""
        orders, cancelled = TABLE_OF[OrderRecord], TABLE_OF[CancellationRecord]
        left = exists().where(
            cancelled.c.slot == orders.c.slot, cancelled.c.order_id == orders.c.order_id
        )
        query = (
            select(orders.c.slot, orders.c.side, func.count(), func.sum(orders.c.energy_wh))
            .where(_condition(orders.c.slot, slots), ~left)
            .group_by(orders.c.slot, orders.c.side)
        )
        found = self._connection.execute(query)
        return {(slot, side): (count, int(energy)) for slot, side, count, energy in found}

    def content(self) -> dict[str, list[tuple[object, ...]]]:
        """Return every row of every chain table in chain order, to compare two databases."""
        return {
            table.name: [
                tuple(row)
                for row in self._connection.execute(
                    select(table).order_by(table.c.block_number, table.c.log_index, table.c.item)
                )
            ]
            for table in TABLE_OF.values()
        }

    def count_blocks(self) -> int:
        """Return how many blocks are in the tables."""
        return self._connection.execute(select(func.count()).select_from(blocks)).scalar_one()

    def _move_cursor(self, origin: Block | None, target: Block | None) -> None:
        if origin is None:
            moved = self._place_cursor(target)
        else:
            held = (cursor.c.number == origin.number) & (cursor.c.hash == origin.hash)
            change = (
                delete(cursor).where(held)
                if target is None
                else update(cursor).where(held).values(number=target.number, hash=target.hash)
            )
            moved = self._connection.execute(change).rowcount == 1
        if not moved:
            raise ConcurrentWriterError(_shown(origin), _shown(self.head()))

    def _place_cursor(self, target: Block | None) -> bool:
        if target is None:
            return True
        row = {"name": _CURSOR, "number": target.number, "hash": target.hash}
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(cursor).values(row))
        except IntegrityError:
            return False
        return True


def _batches(records: Sequence[Logged[ChainRecord]]) -> _Batch:
    """Return the rows per table; `item` numbers the rows of one event in one table."""
    batches: _Batch = {}
    items: dict[tuple[type[ChainRecord], int], int] = {}
    for logged in records:
        kind = type(logged.record)
        place = (kind, logged.origin.log_index)
        items[place] = items.get(place, -1) + 1
        row = asdict(logged.origin) | asdict(logged.record) | {"item": items[place]}
        batches.setdefault(kind, []).append(row)
    return batches


def _condition(
    column: ColumnElement[object], wanted: int | str | bytes | range | Collection[int]
) -> ColumnElement[bool]:
    if isinstance(wanted, range):
        return (column >= wanted.start) & (column < wanted.stop)
    if isinstance(wanted, (int, str, bytes)):
        return column == wanted
    return column.in_(wanted)


def _logged(record_type: type[RecordT], row: Row[tuple[object, ...]]) -> Logged[RecordT]:
    values = row._mapping
    record = record_type(**{field.name: values[field.name] for field in fields(record_type)})
    return Logged(Origin(*(values[field.name] for field in fields(Origin))), record)


def _block(row: Row[tuple[object, ...]]) -> Block:
    return Block(**{field.name: row._mapping[field.name] for field in fields(Block)})


def _shown(block: Block | None) -> str:
    return "no block" if block is None else f"block {block.number} (0x{block.hash.hex()})"
