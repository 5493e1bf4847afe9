"""Bills: what a party bought, sold and owed for imbalance, line by line (issue 3 "wallet and bill"; G-10, G-11).

Pure functions over the rows that the chain's events turn into, so that a bill made from the database and one
made from the chain alone are the same. Cash is 1e-5 JPY, positive = received.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from node.domain.orders import Side
from node.domain.units import YEN5_PER_YEN
from node.domain.words import SettlementStatus
from node.indexer.errors import BillMismatchError
from node.store.chain_records import (
    AttestedRecord,
    ChainRecord,
    ClearingRecord,
    CreditRecord,
    FillRecord,
    Logged,
    OwnerRecord,
    PointResultRecord,
    SlotRecord,
    WithdrawalRecord,
)

#: What a line of a bill belongs to: (slot, metering point).
_Place = tuple[int, int]

RecordT = TypeVar("RecordT", bound=ChainRecord)
PlacedT = TypeVar("PlacedT", FillRecord, PointResultRecord)

#: Every slot there is.
ALL_SLOTS = range((1 << 63) - 1)


class LineKind(StrEnum):
    """What a line is about."""

    BOUGHT = "bought"
    SOLD = "sold"
    IMBALANCE = "imbalance"


class LineState(StrEnum):
    """Whether the cash of a line has moved."""

    #: The slot is not settled yet.
    PENDING = "pending"
    #: The reading is missing: proceeds stay reserved (G-11).
    HELD = "held"
    SETTLED = "settled"


class Reason(StrEnum):
    """Why there was an imbalance."""

    CONSUMED_MORE = "consumed more than bought"
    CONSUMED_LESS = "consumed less than bought"
    DELIVERED_MORE = "delivered more than sold"
    DELIVERED_LESS = "delivered less than sold"
    DELIVERED_LESS_CONSUMED_MORE = "delivered less than sold and consumed more than bought"
    DELIVERED_MORE_CONSUMED_LESS = "delivered more than sold and consumed less than bought"
    NO_READING_YET = "no reading yet: proceeds are held, the imbalance is open"
    NO_READING = "no reading: counted as no export and the registered fallback import"


@dataclass(frozen=True, slots=True)
class BillRows:
    """The rows that bills are made of, each list in chain order."""

    owners: list[Logged[OwnerRecord]] = field(default_factory=list)
    stages: list[Logged[SlotRecord]] = field(default_factory=list)
    clearings: list[Logged[ClearingRecord]] = field(default_factory=list)
    fills: list[Logged[FillRecord]] = field(default_factory=list)
    attested: list[Logged[AttestedRecord]] = field(default_factory=list)
    results: list[Logged[PointResultRecord]] = field(default_factory=list)
    credits: list[Logged[CreditRecord]] = field(default_factory=list)
    withdrawals: list[Logged[WithdrawalRecord]] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[Logged[ChainRecord]]) -> "BillRows":
        """Pick from the rows of all events, in chain order, those that bills need."""
        every = list(rows)
        return cls(
            owners=only(every, OwnerRecord),
            stages=only(every, SlotRecord),
            clearings=only(every, ClearingRecord),
            fills=only(every, FillRecord),
            attested=only(every, AttestedRecord),
            results=only(every, PointResultRecord),
            credits=only(every, CreditRecord),
            withdrawals=only(every, WithdrawalRecord),
        )


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line: a fill, or the imbalance of a metering point in a slot.

    `energy_wh` is unsigned for a fill and signed for an imbalance (positive = delivered more or consumed less).
    `cash_yen5` is what has moved or, while `state` is not settled, what will. `reason` says why there was an
    imbalance; `import_wh` and `export_wh` are what was metered, where it was.
    """

    slot: int
    point: int
    kind: LineKind
    energy_wh: int
    price_sen: int
    cash_yen5: int
    state: LineState
    transaction: bytes
    reason: Reason | None = None
    import_wh: int | None = None
    export_wh: int | None = None


@dataclass(frozen=True, slots=True)
class BillTotals:
    """Sums over the lines; `cash_yen5` is what has moved, `held_yen5` and `pending_yen5` are still to come."""

    bought_wh: int
    sold_wh: int
    trade_yen5: int
    imbalance_yen5: int
    cash_yen5: int
    held_yen5: int
    pending_yen5: int


@dataclass(frozen=True, slots=True)
class Bill:
    """The lines of a party in order of slot and metering point, and their totals."""

    party: str
    lines: tuple[BillLine, ...]
    totals: BillTotals


def only(rows: Iterable[Logged[ChainRecord]], record_type: type[RecordT]) -> list[Logged[RecordT]]:
    """Return the rows of one record type."""
    pairs = ((row.origin, row.record) for row in rows)
    return [Logged(origin, record) for origin, record in pairs if isinstance(record, record_type)]


def bill(party: str, rows: BillRows, slots: range) -> Bill:
    """Return the bill of a party over the slots whose start lies in a range."""
    owned = _Ownership(rows.owners, party.lower())
    account = _Accounts(rows)
    places = sorted(
        (slot, point)
        for slot, point in account.places()
        if slot >= slots.start and slot < slots.stop and owned.holds(slot, point)
    )
    lines = tuple(line for place in places for line in account.lines(place))
    return Bill(party.lower(), lines, totals(lines))


def totals(lines: Iterable[BillLine]) -> BillTotals:
    """Return the sums of a bill's lines."""
    lines = tuple(lines)
    energy = {kind: sum(line.energy_wh for line in lines if line.kind is kind) for kind in LineKind}
    cash = {state: _cash(line for line in lines if line.state is state) for state in LineState}
    settled = [line for line in lines if line.state is LineState.SETTLED]
    return BillTotals(
        bought_wh=energy[LineKind.BOUGHT],
        sold_wh=energy[LineKind.SOLD],
        trade_yen5=_cash(line for line in settled if line.kind is not LineKind.IMBALANCE),
        imbalance_yen5=_cash(line for line in settled if line.kind is LineKind.IMBALANCE),
        cash_yen5=cash[LineState.SETTLED],
        held_yen5=cash[LineState.HELD],
        pending_yen5=cash[LineState.PENDING],
    )


def balance(party: str, rows: BillRows) -> int:
    """Return what a party's account comes to: paid in, less withdrawn, plus all cash of its bills.

    It equals the ledger's available + reserved - debt: held proceeds are the party's, though reserved.
    """
    account = party.lower()
    paid_in = sum(row.record.yen for row in rows.credits if row.record.account == account)
    withdrawn = sum(row.record.yen for row in rows.withdrawals if row.record.account == account)
    sums = bill(party, rows, ALL_SLOTS).totals
    return (paid_in - withdrawn) * YEN5_PER_YEN + sums.cash_yen5 + sums.held_yen5


def balancing_account(rows: BillRows) -> int:
    """Return what the balancing account comes to without advanced debts: the other side of all imbalances."""
    return -sum(row.record.imbalance_yen5 for row in rows.results)


def explain(imbalance_wh: int, sold_wh: int, bought_wh: int, metered: AttestedRecord) -> Reason:
    """Return why an imbalance that is not zero came about."""
    if imbalance_wh < 0:
        less, more = metered.export_wh < sold_wh, metered.import_wh > bought_wh
        if less and more:
            return Reason.DELIVERED_LESS_CONSUMED_MORE
        return Reason.DELIVERED_LESS if less else Reason.CONSUMED_MORE
    more, less = metered.export_wh > sold_wh, metered.import_wh < bought_wh
    if more and less:
        return Reason.DELIVERED_MORE_CONSUMED_LESS
    return Reason.DELIVERED_MORE if more else Reason.CONSUMED_LESS


class _Ownership:
    """Which points are a party's in which slots."""

    def __init__(self, owners: Iterable[Logged[OwnerRecord]], party: str) -> None:
        self._party = party
        self._changes: defaultdict[int, list[OwnerRecord]] = defaultdict(list)
        for row in owners:
            self._changes[row.record.point].append(row.record)

    def holds(self, slot: int, point: int) -> bool:
        reached = [change for change in self._changes[point] if change.from_slot <= slot]
        return bool(reached) and reached[-1].owner == self._party


class _Accounts:
    """The rows by slot and metering point."""

    def __init__(self, rows: BillRows) -> None:
        voided = {row.record.slot for row in rows.stages if row.record.stage == "voided"}
        # What was booked for a slot that was voided afterwards does not count (G-08).
        counted = [row for row in rows.fills if row.record.slot not in voided]
        self._prices = {row.record.slot: row.record.price_sen for row in rows.clearings}
        self._fills = _by_place(counted)
        self._results = _by_place(rows.results)
        self._metered: dict[_Place, AttestedRecord] = {}
        for row in rows.attested:
            self._metered.setdefault((row.record.slot, row.record.point), row.record)

    def places(self) -> set[_Place]:
        return self._fills.keys() | self._results.keys()

    def lines(self, place: _Place) -> list[BillLine]:
        fills, results = self._fills.get(place, []), self._results.get(place, [])
        trades = [self._trade_line(row, _state(row.record.side, results)) for row in fills]
        _check_against_ledger(place, trades, results)
        return trades + [line for row in results if (line := self._imbalance_line(row, results))]

    def _trade_line(self, row: Logged[FillRecord], state: LineState) -> BillLine:
        fill = row.record
        price = self._prices[fill.slot]
        sold = fill.side == Side.SELL
        return BillLine(
            slot=fill.slot,
            point=fill.point,
            kind=LineKind.SOLD if sold else LineKind.BOUGHT,
            energy_wh=fill.energy_wh,
            price_sen=price,
            cash_yen5=fill.energy_wh * price * (1 if sold else -1),
            state=state,
            transaction=row.origin.tx_hash,
        )

    def _imbalance_line(
        self, row: Logged[PointResultRecord], results: list[Logged[PointResultRecord]]
    ) -> BillLine | None:
        result = row.record
        superseded = row is not results[-1]
        silent = result.status == SettlementStatus.MISSING
        if superseded or (result.imbalance_wh == 0 and not silent):
            return None
        place = (result.slot, result.point)
        metered = None if silent else self._metered.get(place)
        return BillLine(
            slot=result.slot,
            point=result.point,
            kind=LineKind.IMBALANCE,
            energy_wh=result.imbalance_wh,
            price_sen=0 if silent else result.imbalance_yen5 // result.imbalance_wh,
            cash_yen5=result.imbalance_yen5,
            state=LineState.HELD if silent else LineState.SETTLED,
            transaction=row.origin.tx_hash,
            reason=self._reason(result),
            import_wh=None if metered is None else metered.import_wh,
            export_wh=None if metered is None else metered.export_wh,
        )

    def _reason(self, result: PointResultRecord) -> Reason:
        place = (result.slot, result.point)
        metered = self._metered.get(place)
        if result.status == SettlementStatus.MISSING:
            return Reason.NO_READING_YET
        if result.status == SettlementStatus.FALLBACK or metered is None:
            return Reason.NO_READING
        energy = dict.fromkeys(Side, 0)
        for row in self._fills.get(place, []):
            energy[Side(row.record.side)] += row.record.energy_wh
        return explain(result.imbalance_wh, energy[Side.SELL], energy[Side.BUY], metered)


def _by_place(rows: Iterable[Logged[PlacedT]]) -> dict[_Place, list[Logged[PlacedT]]]:
    places: defaultdict[_Place, list[Logged[PlacedT]]] = defaultdict(list)
    for row in rows:
        places[row.record.slot, row.record.point].append(row)
    return dict(places)


def _state(side: str, results: list[Logged[PointResultRecord]]) -> LineState:
    """Return whether the cash of a fill has moved: purchases with the first result, held proceeds with the last."""
    if not results:
        return LineState.PENDING
    held = results[-1].record.status == SettlementStatus.MISSING
    return LineState.HELD if held and side == Side.SELL else LineState.SETTLED


def _check_against_ledger(
    place: _Place, trades: list[BillLine], results: list[Logged[PointResultRecord]]
) -> None:
    moved = _cash(line for line in trades if line.state is LineState.SETTLED)
    booked = sum(row.record.contract_yen5 for row in results)
    if moved != booked:
        raise BillMismatchError(*place, moved, booked)


def _cash(lines: Iterable[BillLine]) -> int:
    return sum(line.cash_yen5 for line in lines)
