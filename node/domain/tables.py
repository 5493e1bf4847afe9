"""CSV tables of half-hourly data, read strictly: every error names file, line and column.

Energy files are in kWh; they become Wh as differences of the floored running sum of each column, so
that no energy is lost or made by rounding (G-32). Reading the file itself is left to the caller,
who hands in its lines.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from node.domain.errors import TableError
from node.domain.slots import DeliverySlot, Product
from node.domain.units import SEN_PER_YEN, SenPerKwh, WattHours

#: A number without a sign, as spreadsheets and pandas write it: 12, 0.5, 9e-05.
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,2})?")

#: Exponents beyond these are not meant seriously, and would make huge integers.
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -24, 6

_ATTO = 10**24
_ATTO_PER_WH = _ATTO // 1000


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table that knows where it stands."""

    file: str
    line: int
    column: str
    text: str

    def error(self, reason: str) -> TableError:
        """Return the error that says what is wrong with this cell."""
        return TableError(self.file, self.line, self.column, f"{reason}, was {self.text[:40]!r}")

    def word(self) -> str:
        """Return the text of a cell that must not be empty."""
        if not self.text or not self.text.isprintable():
            raise self.error("expected a word")
        return self.text

    def scaled(self, scale: int) -> int:
        """Return a number times `scale`, which must come out whole."""
        number = self.attos() * scale
        if number % _ATTO:
            raise self.error(f"expected a number that is whole in steps of 1/{scale}")
        return number // _ATTO

    def attos(self) -> int:
        """Return a number without a sign in steps of 1e-24, exactly."""
        if not _NUMBER.fullmatch(self.text):
            raise self.error("expected a number without a sign")
        parts = Decimal(self.text).as_tuple()
        exponent = parts.exponent
        if not isinstance(exponent, int) or not _SMALLEST_EXPONENT <= exponent <= _LARGEST_EXPONENT:
            raise self.error("expected a number between 1e-24 and 1e15")
        digits = int("".join(map(str, parts.digits)))
        shift: int = 10 ** (exponent - _SMALLEST_EXPONENT)
        return digits * shift

    def instant(self) -> int:
        """Return the Unix second of an ISO 8601 time that names its offset."""
        try:
            time = datetime.fromisoformat(self.text)
        except ValueError:
            raise self.error("expected a time like 2022-08-18T14:30:00+09:00") from None
        if time.tzinfo is None:
            raise self.error("expected a time that names its offset from UTC")
        return int(time.timestamp())


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table with the columns named in its header."""

    file: str
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> Cell:
        return Cell(self.file, self.line, column, self.cells[column])


@dataclass(frozen=True, slots=True)
class Table:
    """A header and its rows."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def require(self, *columns: str) -> None:
        """Raise `TableError` for the first of these columns that the header lacks."""
        for column in columns:
            if column not in self.columns:
                raise TableError(self.file, 1, column, "the header lacks this column")


@dataclass(frozen=True, slots=True)
class EnergyTable:
    """Energies per slot, a column per site."""

    slots: tuple[DeliverySlot, ...]
    columns: Mapping[str, tuple[WattHours, ...]]


def parse_table(lines: Iterable[str], file: str) -> Table:
    """Return the table that these lines of CSV hold; every row has a cell for each column of the header."""
    numbered = _records(lines, file)
    first = next(numbered, None)
    if first is None:
        raise TableError(file, 1, None, "the file is empty")
    header = (first[1][0].removeprefix("\ufeff"), *first[1][1:])
    for column in header:
        if not column or header.count(column) > 1:
            raise TableError(file, 1, column, "column names must be there and differ")
    rows = []
    for line, record in numbered:
        if len(record) != len(header):
            raise TableError(file, line, None, f"expected {len(header)} cells, was {len(record)}")
        rows.append(Row(file, line, dict(zip(header, record, strict=True))))
    if not rows:
        raise TableError(file, first[0], None, "the file has a header and no rows")
    return Table(file, header, tuple(rows))


def parse_slots(table: Table, product: Product) -> tuple[DeliverySlot, ...]:
    """Return the slots in the column `slot_start`, which follow each other without a gap."""
    table.require("slot_start")
    slots: list[DeliverySlot] = []
    for row in table.rows:
        cell = row["slot_start"]
        instant = cell.instant()
        if not product.is_slot(instant):
            raise cell.error(f"expected the start of a slot of {product.slot_seconds} s")
        if slots and instant != product.next_slot(slots[-1]):
            raise cell.error("expected the slot that follows the one in the row above")
        slots.append(DeliverySlot(instant))
    return tuple(slots)


def parse_energies(
    table: Table, product: Product, columns: Sequence[str], most: WattHours
) -> EnergyTable:
    """Return columns of kWh as Wh per slot (G-32). No slot may carry more than `most`."""
    table.require(*columns)
    return EnergyTable(
        slots=parse_slots(table, product),
        columns={
            name: tuple(_whole_wh((row[name] for row in table.rows), most)) for name in columns
        },
    )


def parse_prices(table: Table, product: Product, column: str) -> dict[DeliverySlot, SenPerKwh]:
    """Return a column of JPY/kWh as sen/kWh per slot; a price has at most two decimals."""
    table.require(column)
    slots = parse_slots(table, product)
    prices = (SenPerKwh(row[column].scaled(SEN_PER_YEN)) for row in table.rows)
    return dict(zip(slots, prices, strict=True))


def _records(lines: Iterable[str], file: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, strict=True)
    try:
        for record in reader:
            if record:
                yield reader.line_num, [cell.strip() for cell in record]
    except csv.Error as error:
        raise TableError(file, reader.line_num, None, f"is not CSV: {error}") from None


def _whole_wh(cells: Iterable[Cell], most: WattHours) -> Iterator[WattHours]:
    sum_attos = sum_wh = 0
    for cell in cells:
        sum_attos += cell.attos()
        energy = sum_attos // _ATTO_PER_WH - sum_wh
        if energy > most:
            raise cell.error(f"expected at most {most} Wh in a slot")
        sum_wh += energy
        yield WattHours(energy)
