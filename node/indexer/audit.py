"""Recompute the market from the chain's events alone and name every difference (C-33, C-36, G-10).

An auditor trusts neither the hub nor the contracts: orders are cleared again by the reference, readings are settled
again, balances are added up again. What the contracts said is only compared.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from node.domain.clearing import clear
from node.domain.matching import BalancedUnit, lay_units
from node.domain.orders import Order, Side
from node.domain.readings import IntervalEnergy, unpack_values
from node.domain.settlement import (
    Contract,
    ImbalancePrices,
    PointSettlement,
    imbalance_prices,
    settle_final,
    settle_late,
    settle_point,
    settle_without_reading,
)
from node.domain.slots import DeliverySlot, Product
from node.domain.units import NO_ENERGY, NO_MONEY, SenPerKwh, WattHours, Yen5, cost
from node.domain.words import SettlementStatus, unpack_fill, unpack_result

YEN5_PER_YEN = 100_000


class Event(Protocol):
    """A decoded event; struct arguments are mappings."""

    @property
    def name(self) -> str:
        """Return the event's name."""
        ...

    @property
    def args(self) -> Mapping[str, Any]:
        """Return the arguments by their Solidity names."""
        ...


@dataclass(slots=True)
class PointRecord:
    """A metering point with its owners: the later entry holds from its slot on."""

    owners: list[tuple[int, str]]
    fallback_import: WattHours
    active_from: int

    def owner_in(self, slot: int) -> str:
        """Return who owns the point in a slot."""
        return next(owner for since, owner in reversed(self.owners) if slot >= since)


@dataclass(slots=True)
class SlotAudit:
    """What the chain says of a slot, and what the auditor makes of it."""

    slot: DeliverySlot
    orders: dict[int, Order] = field(default_factory=dict)
    points: dict[int, int] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    cleared: bool = False
    voided: bool = False
    claimed_price: SenPerKwh | None = None
    claimed_volume: WattHours = NO_ENERGY
    claimed_fills: dict[int, WattHours] = field(default_factory=dict)
    readings: dict[int, IntervalEnergy] = field(default_factory=dict)
    settled: bool = False
    final: bool = False
    price: SenPerKwh | None = None
    volume: WattHours = NO_ENERGY
    units: tuple[BalancedUnit, ...] = ()
    contracts: dict[int, Contract] = field(default_factory=dict)
    cash: dict[int, Yen5] = field(default_factory=dict)
    imbalance_cash: Yen5 = NO_MONEY
    imbalance_wh: dict[int, WattHours] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)

    @property
    def energy_sold(self) -> int:
        """Return what the sellers of the slot sold; equal to what its buyers bought when all is well."""
        return sum(unit.energy for unit in self.units)


@dataclass(slots=True)
class MarketAudit:
    """Everything recomputed, and every difference found. `net_worth` is what each account should hold."""

    product: Product
    slots: dict[DeliverySlot, SlotAudit] = field(default_factory=dict)
    points: dict[int, PointRecord] = field(default_factory=dict)
    published: dict[DeliverySlot, ImbalancePrices] = field(default_factory=dict)
    net_worth: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    balancing: int = 0
    deposited: int = 0
    differences: list[str] = field(default_factory=list)


def audit(events: Iterable[Event], product: Product) -> MarketAudit:
    """Recompute the whole market from its events in chain order."""
    market = MarketAudit(product)
    absorb(market, events)
    return market


def absorb(market: MarketAudit, events: Iterable[Event]) -> None:
    """Go on with the events that follow."""
    for event in events:
        handler = _HANDLERS.get(event.name)
        if handler is not None:
            handler(market, event.args)


# -- parties and points


def _on_point_registered(market: MarketAudit, args: Mapping[str, Any]) -> None:
    registration = args["registration"]
    fallback = registration["fallbackImport"] or registration["importLimit"]
    market.points[args["point"]] = PointRecord(
        [(0, args["owner"])], WattHours(fallback), args["activeFrom"]
    )


def _on_point_transferred(market: MarketAudit, args: Mapping[str, Any]) -> None:
    market.points[args["point"]].owners.append((args["fromSlot"], args["owner"]))


# -- money


def _on_credited(market: MarketAudit, args: Mapping[str, Any]) -> None:
    market.net_worth[args["account"]] += args["yen"] * YEN5_PER_YEN
    market.deposited += args["yen"] * YEN5_PER_YEN


def _on_withdrawal(market: MarketAudit, args: Mapping[str, Any]) -> None:
    market.net_worth[args["account"]] -= args["yen"] * YEN5_PER_YEN
    market.deposited -= args["yen"] * YEN5_PER_YEN


def _on_prices_published(market: MarketAudit, args: Mapping[str, Any]) -> None:
    prices = ImbalancePrices(SenPerKwh(args["longPrice"]), SenPerKwh(args["shortPrice"]))
    for i in range(args["count"]):
        slot = DeliverySlot(args["firstSlot"] + i * market.product.slot_seconds)
        market.published[slot] = prices


# -- the auction


def _on_slot_opened(market: MarketAudit, args: Mapping[str, Any]) -> None:
    slot = DeliverySlot(args["slot"])
    market.slots[slot] = SlotAudit(slot)


def _on_order_submitted(market: MarketAudit, args: Mapping[str, Any]) -> None:
    book = market.slots[args["slot"]]
    order_id = args["orderId"]
    book.points[order_id] = args["point"]
    book.orders[order_id] = Order(
        id=str(order_id),
        participant=str(args["point"]),
        side=Side.SELL if args["side"] else Side.BUY,
        limit=SenPerKwh(args["limit"]),
        energy=WattHours(args["energy"]),
        sequence=order_id,
    )


def _on_order_cancelled(market: MarketAudit, args: Mapping[str, Any]) -> None:
    market.slots[args["slot"]].cancelled.add(args["orderId"])


def _on_slot_cleared(market: MarketAudit, args: Mapping[str, Any]) -> None:
    book, result = market.slots[args["slot"]], args["result"]
    book.cleared = True
    book.claimed_volume = WattHours(result["volume"])
    book.claimed_price = SenPerKwh(result["price"]) if book.claimed_volume else None


def _on_fills_booked(market: MarketAudit, args: Mapping[str, Any]) -> None:
    book = market.slots[args["slot"]]
    for word in args["fills"]:
        fill = unpack_fill(word)
        book.claimed_fills[fill.order_id] = fill.energy


def _on_slot_voided(market: MarketAudit, args: Mapping[str, Any]) -> None:
    market.slots[args["slot"]].voided = True


def _on_trades_booked(market: MarketAudit, args: Mapping[str, Any]) -> None:
    """Clear the slot again once the chain says that all of it is booked."""
    book = market.slots[args["slot"]]
    if not book.cleared or book.voided:
        return
    orders = [order for number, order in book.orders.items() if number not in book.cancelled]
    clearing = clear(orders)
    book.price, book.volume = clearing.price, clearing.volume
    book.units = lay_units(orders, clearing.fills)
    fills = {
        order.sequence: fill for order, fill in zip(orders, clearing.fills, strict=True) if fill
    }
    _compare(market, book.slot, "price", book.claimed_price, clearing.price)
    _compare(market, book.slot, "volume", book.claimed_volume, clearing.volume)
    _compare(market, book.slot, "fills", book.claimed_fills, fills)
    _grow_contracts(book, fills)


def _grow_contracts(book: SlotAudit, fills: Mapping[int, WattHours]) -> None:
    for order_id, fill in fills.items():
        if book.price is None:
            continue
        point, order = book.points[order_id], book.orders[order_id]
        held = book.contracts.get(point, Contract())
        cash = cost(fill, book.price)
        book.contracts[point] = (
            Contract(held.sold, WattHours(held.bought + fill), held.earned, Yen5(held.paid + cash))
            if order.is_bid
            else Contract(
                WattHours(held.sold + fill), held.bought, Yen5(held.earned + cash), held.paid
            )
        )


# -- readings and settlement


def _on_batch_attested(market: MarketAudit, args: Mapping[str, Any]) -> None:
    readings = market.slots[args["slot"]].readings
    for point, energy in unpack_values(args["firstPoint"], args["values"]).items():
        readings.setdefault(point, energy)


def _on_points_settled(market: MarketAudit, args: Mapping[str, Any]) -> None:
    book = market.slots[args["slot"]]
    prices = imbalance_prices(
        market.product,
        market.published.get(book.slot),
        book.price if book.volume and not book.voided else None,
    )
    for word in args["results"]:
        claimed = unpack_result(word)
        is_first = claimed.status in (SettlementStatus.SETTLED, SettlementStatus.MISSING)
        if is_first == (claimed.point in book.cash):
            _differ(market, book.slot, f"point {claimed.point} was settled out of turn")
        expected = _settle(market, book, claimed.point, claimed.status, prices)
        if expected is None:
            continue
        said = (claimed.contract_cash, claimed.imbalance_wh, claimed.imbalance_cash)
        found = (expected.contract_cash, expected.imbalance_wh, expected.imbalance_cash)
        _compare(market, book.slot, f"settlement of point {claimed.point}", said, found)
        _move_cash(market, book, claimed.point, claimed.status, expected)


def _settle(
    market: MarketAudit,
    book: SlotAudit,
    point: int,
    status: SettlementStatus,
    prices: ImbalancePrices,
) -> PointSettlement | None:
    """Settle a point as its status says, after checking that the readings justify the status."""
    contract = book.contracts.get(point, Contract())
    energy = book.readings.get(point)
    needs_reading = status in (SettlementStatus.SETTLED, SettlementStatus.LATE)
    if needs_reading != (energy is not None):
        found = "no reading" if energy is None else "a reading"
        _differ(market, book.slot, f"point {point} was settled as {status.name} but has {found}")
        return None
    if status is SettlementStatus.MISSING:
        book.missing.add(point)
        return settle_without_reading(contract)
    if energy is None:
        return settle_final(contract, market.points[point].fallback_import, prices)
    net_export = WattHours(energy.export_wh - energy.import_wh)
    if status is SettlementStatus.LATE:
        return settle_late(contract, net_export, prices)
    return settle_point(contract, net_export, prices)


def _move_cash(
    market: MarketAudit,
    book: SlotAudit,
    point: int,
    status: SettlementStatus,
    settlement: PointSettlement,
) -> None:
    owner = market.points[point].owner_in(book.slot)
    # Held proceeds are the owner's already: they only stay reserved, and are counted when they are held.
    counted_before = status in (SettlementStatus.LATE, SettlementStatus.FALLBACK)
    trades = 0 if counted_before else settlement.contract_cash + settlement.held
    worth = trades + settlement.imbalance_cash
    market.net_worth[owner] += worth
    market.balancing -= settlement.imbalance_cash
    book.cash[point] = Yen5(book.cash.get(point, 0) + worth)
    book.imbalance_cash = Yen5(book.imbalance_cash + settlement.imbalance_cash)
    book.imbalance_wh[point] = settlement.imbalance_wh


def _on_slot_settled(market: MarketAudit, args: Mapping[str, Any]) -> None:
    book = market.slots[args["slot"]]
    book.settled = True
    active = {number for number, point in market.points.items() if point.active_from <= book.slot}
    if active != set(book.cash):
        _differ(market, book.slot, f"points {sorted(active ^ set(book.cash))} are not settled once")
    total = sum(book.cash.values()) - book.imbalance_cash
    if total != 0:
        _differ(market, book.slot, f"cash of the slot adds to {total}, not to zero")


def _on_slot_finalised(market: MarketAudit, args: Mapping[str, Any]) -> None:
    market.slots[args["slot"]].final = True


def _compare(
    market: MarketAudit, slot: DeliverySlot, what: str, claimed: object, found: object
) -> None:
    if claimed != found:
        _differ(market, slot, f"{what}: the chain says {claimed}, recomputed {found}")


def _differ(market: MarketAudit, slot: DeliverySlot, text: str) -> None:
    market.differences.append(f"slot {slot}: {text}")


_HANDLERS = {
    "PointRegistered": _on_point_registered,
    "PointTransferred": _on_point_transferred,
    "Credited": _on_credited,
    "WithdrawalRequested": _on_withdrawal,
    "ImbalancePricesPublished": _on_prices_published,
    "SlotOpened": _on_slot_opened,
    "OrderSubmitted": _on_order_submitted,
    "OrderCancelled": _on_order_cancelled,
    "SlotCleared": _on_slot_cleared,
    "FillsBooked": _on_fills_booked,
    "SlotVoided": _on_slot_voided,
    "TradesBooked": _on_trades_booked,
    "BatchAttested": _on_batch_attested,
    "PointsSettled": _on_points_settled,
    "SlotSettled": _on_slot_settled,
    "SlotFinalised": _on_slot_finalised,
}
