"""What the chain says of slots, orders, units and positions, put together from the rows for a reader."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from node.domain.book import DisplayedBook, display
from node.domain.matching import BalancedUnit, lay_units
from node.domain.orders import Order, Side
from node.domain.slots import DeliverySlot, Product
from node.domain.units import SenPerKwh, WattHours
from node.domain.words import SettlementStatus
from node.store.chain_records import (
    AttestedRecord,
    CancellationRecord,
    ClearingRecord,
    FillRecord,
    Logged,
    OrderRecord,
    PointResultRecord,
    SettlementRecord,
    SlotRecord,
)
from node.store.database import View

#: Number and energy of the orders of one side.
_Total = tuple[int, int]


class SlotPhase(StrEnum):
    """Where a slot stands; LAPSED and VOIDED are settled and made final like any other."""

    OPEN = "open"
    CLOSED = "closed"
    CLEARED = "cleared"
    BOOKED = "booked"
    LAPSED = "lapsed"
    VOIDED = "voided"
    SETTLED = "settled"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class SlotSummary:
    """A slot and its result; prices and volume are None while they are not known."""

    slot: int
    phase: SlotPhase
    orders: int
    bid_wh: int
    offer_wh: int
    price_sen: int | None
    volume_wh: int | None
    long_sen: int | None
    short_sen: int | None
    missing: int | None


class Outcome(StrEnum):
    """What became of an order, with the reason when it got nothing; the words of the contract."""

    PENDING = "pending"
    FILLED = "filled"
    PARTLY_FILLED = "partly_filled"
    NOTHING_TRADED = "nothing_traded"
    LIMIT_NOT_REACHED = "limit_not_reached"
    ROUNDED_TO_ZERO = "rounded_to_zero"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order and what became of it."""

    order: OrderRecord
    filled_wh: int
    outcome: Outcome
    transaction: bytes


@dataclass(frozen=True, slots=True)
class UnitView:
    """A balanced unit: who delivers to whom; parties as of the slot."""

    seller_point: int
    buyer_point: int
    seller: str | None
    buyer: str | None
    energy_wh: int


@dataclass(frozen=True, slots=True)
class PositionView:
    """What a metering point traded in a slot, what was metered and how it was settled; None while unknown."""

    slot: int
    sold_wh: int
    bought_wh: int
    import_wh: int | None
    export_wh: int | None
    imbalance_wh: int | None
    status: str | None


@dataclass(frozen=True, slots=True)
class SlotRows:
    """All rows of one slot."""

    stages: Sequence[Logged[SlotRecord]]
    orders: Sequence[Logged[OrderRecord]]
    cancellations: Sequence[Logged[CancellationRecord]]
    clearings: Sequence[Logged[ClearingRecord]]
    fills: Sequence[Logged[FillRecord]]

    @property
    def reached(self) -> set[str]:
        """The stages that the slot has reached."""
        return {row.record.stage for row in self.stages}

    @property
    def clearing(self) -> ClearingRecord | None:
        """The result of the call auction."""
        return self.clearings[0].record if self.clearings else None

    @property
    def cancelled(self) -> set[int]:
        """The orders that left the book before call time."""
        return {row.record.order_id for row in self.cancellations}

    @property
    def open_orders(self) -> list[OrderRecord]:
        """The orders that are not cancelled."""
        cancelled = self.cancelled
        return [row.record for row in self.orders if row.record.order_id not in cancelled]


def slots(view: View, wanted: range, product: Product, now: int) -> list[SlotSummary]:
    """Return the slots that were opened and start in a range, in order."""
    find = view.chain.find
    reached: defaultdict[int, set[str]] = defaultdict(set)
    for row in find(SlotRecord, slot=wanted):
        reached[row.record.slot].add(row.record.stage)
    clearings = {row.record.slot: row.record for row in find(ClearingRecord, slot=wanted)}
    settlements = {row.record.slot: row.record for row in find(SettlementRecord, slot=wanted)}
    totals = view.chain.book_totals(wanted)
    none = (0, 0)
    known = [
        _Progress(slot, reached[slot], clearings.get(slot), settlements.get(slot))
        for slot in sorted(reached)
    ]
    return [
        _summary(
            progress,
            _phase(progress, product, now),
            bids=totals.get((progress.slot, Side.BUY), none),
            offers=totals.get((progress.slot, Side.SELL), none),
        )
        for progress in known
    ]


def slot_rows(view: View, slot: int) -> SlotRows:
    """Return all rows of a slot; without any stage it was never opened."""
    find = view.chain.find
    return SlotRows(
        stages=find(SlotRecord, slot=slot),
        orders=find(OrderRecord, slot=slot),
        cancellations=find(CancellationRecord, slot=slot),
        clearings=find(ClearingRecord, slot=slot),
        fills=find(FillRecord, slot=slot),
    )


@dataclass(frozen=True, slots=True)
class _Progress:
    slot: int
    reached: set[str]
    clearing: ClearingRecord | None
    settlement: SettlementRecord | None


def _summary(progress: _Progress, phase: SlotPhase, bids: _Total, offers: _Total) -> SlotSummary:
    clearing, settlement = progress.clearing, progress.settlement
    traded = clearing is not None and clearing.volume_wh > 0
    return SlotSummary(
        slot=progress.slot,
        phase=phase,
        orders=bids[0] + offers[0],
        bid_wh=bids[1],
        offer_wh=offers[1],
        price_sen=clearing.price_sen if clearing is not None and traded else None,
        volume_wh=None if clearing is None else clearing.volume_wh,
        long_sen=None if settlement is None else settlement.long_sen,
        short_sen=None if settlement is None else settlement.short_sen,
        missing=None if settlement is None else settlement.missing,
    )


def _phase(progress: _Progress, product: Product, now: int) -> SlotPhase:
    reached, slot = progress.reached, progress.slot
    steps = [
        ("final" in reached, SlotPhase.FINAL),
        (progress.settlement is not None, SlotPhase.SETTLED),
        ("voided" in reached, SlotPhase.VOIDED),
        ("lapsed" in reached, SlotPhase.LAPSED),
        ("booked" in reached, SlotPhase.BOOKED),
        (progress.clearing is not None, SlotPhase.CLEARED),
        # Warm phases: nothing on the chain marks them, only time does.
        (now >= slot, SlotPhase.LAPSED),
        (now >= product.call_time(DeliverySlot(slot)), SlotPhase.CLOSED),
    ]
    return next((phase for holds, phase in steps if holds), SlotPhase.OPEN)


def displayed_book(view: View, rows: SlotRows, levels: int) -> DisplayedBook:
    """Return the book as it is displayed (C-15 to C-20): open orders per price, with the last change's time."""
    energies: dict[Side, dict[SenPerKwh, WattHours]] = {side: {} for side in Side}
    for order in rows.open_orders:
        side, price = energies[Side(order.side)], SenPerKwh(order.limit_sen)
        side[price] = WattHours(side.get(price, 0) + order.energy_wh)
    changes = [row.origin.block_number for row in (*rows.orders, *rows.cancellations)]
    changed = view.chain.block(max(changes)) if changes else None
    return display(
        energies[Side.SELL],
        energies[Side.BUY],
        last_update=None if changed is None else changed.timestamp,
        levels=levels,
    )


def order_views(rows: SlotRows) -> list[OrderView]:
    """Return every order of a slot in sequence, with what became of it."""
    voided = "voided" in rows.reached
    filled = {} if voided else _filled(rows)
    cancelled = rows.cancelled
    return [
        OrderView(
            order=row.record,
            filled_wh=filled.get(row.record.order_id, 0),
            outcome=Outcome.CANCELLED
            if row.record.order_id in cancelled
            else _outcome(row.record, rows, filled.get(row.record.order_id, 0)),
            transaction=row.origin.tx_hash,
        )
        for row in rows.orders
    ]


def _outcome(order: OrderRecord, rows: SlotRows, filled: int) -> Outcome:
    """Return what became of an order that was not cancelled."""
    reached, clearing = rows.reached, rows.clearing
    if "voided" in reached or "lapsed" in reached:
        return Outcome.VOIDED if "voided" in reached else Outcome.LAPSED
    if filled:
        return Outcome.FILLED if filled == order.energy_wh else Outcome.PARTLY_FILLED
    if clearing is None or "booked" not in reached:
        return Outcome.PENDING
    return _unfilled(order, clearing)


def _unfilled(order: OrderRecord, clearing: ClearingRecord) -> Outcome:
    if clearing.volume_wh == 0:
        return Outcome.NOTHING_TRADED
    bid = order.side == Side.BUY
    beyond = order.limit_sen < clearing.price_sen if bid else order.limit_sen > clearing.price_sen
    level_filled = clearing.bid_filled_wh if bid else clearing.offer_filled_wh
    return Outcome.LIMIT_NOT_REACHED if beyond or level_filled == 0 else Outcome.ROUNDED_TO_ZERO


def units(view: View, slot: int, rows: SlotRows) -> list[UnitView]:
    """Return the balanced units of a slot (C-24 to C-27), none before every order is booked."""
    if "booked" not in rows.reached or "voided" in rows.reached:
        return []
    laid = _lay(rows)
    points = {int(point) for unit in laid for point in (unit.seller, unit.buyer)}
    owners = {point: view.points.owner(point, slot) for point in points}
    return [
        UnitView(seller, buyer, owners[seller], owners[buyer], unit.energy)
        for unit in laid
        for seller, buyer in [(int(unit.seller), int(unit.buyer))]
    ]


def _lay(rows: SlotRows) -> Sequence[BalancedUnit]:
    filled = _filled(rows)
    orders = [_order(row.record) for row in rows.orders if row.record.order_id in filled]
    return lay_units(orders, [WattHours(filled[order.sequence]) for order in orders])


def _order(record: OrderRecord) -> Order:
    return Order(
        id=str(record.order_id),
        participant=str(record.point),
        side=Side(record.side),
        limit=SenPerKwh(record.limit_sen),
        energy=WattHours(record.energy_wh),
        sequence=record.order_id,
    )


def _filled(rows: SlotRows) -> Mapping[int, int]:
    return {row.record.order_id: row.record.energy_wh for row in rows.fills}


def positions(view: View, point: int, wanted: range) -> list[PositionView]:
    """Return what a metering point traded, metered and settled in the slots of a range, in order."""
    find = view.chain.find
    traded: defaultdict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(Side, 0))
    voided = {row.record.slot for row in find(SlotRecord, slot=wanted, stage="voided")}
    for fill in find(FillRecord, point=point, slot=wanted):
        if fill.record.slot not in voided:
            traded[fill.record.slot][fill.record.side] += fill.record.energy_wh
    metered: dict[int, AttestedRecord] = {}
    for row in find(AttestedRecord, point=point, slot=wanted):
        metered.setdefault(row.record.slot, row.record)
    settled = {
        row.record.slot: row.record for row in find(PointResultRecord, point=point, slot=wanted)
    }
    places = sorted(traded.keys() | metered.keys() | settled.keys())
    return [_position(slot, traded[slot], metered.get(slot), settled.get(slot)) for slot in places]


def _position(
    slot: int,
    traded: Mapping[str, int],
    metered: AttestedRecord | None,
    settled: PointResultRecord | None,
) -> PositionView:
    silent = settled is None or settled.status == SettlementStatus.MISSING
    return PositionView(
        slot=slot,
        sold_wh=traded[Side.SELL],
        bought_wh=traded[Side.BUY],
        import_wh=None if metered is None else metered.import_wh,
        export_wh=None if metered is None else metered.export_wh,
        imbalance_wh=None if settled is None or silent else settled.imbalance_wh,
        status=None if settled is None else SettlementStatus(settled.status).name.lower(),
    )
