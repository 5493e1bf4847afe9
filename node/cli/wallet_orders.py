"""A party's own orders with what became of them, from the market's events alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from node.chain.contracts.auction import Outcome as SaidOutcome
from node.cli.deployment import Deployment
from node.domain.slots import DeliverySlot, Product
from node.domain.units import SenPerKwh, format_price
from node.indexer.bills import only
from node.indexer.projections import project
from node.indexer.views import OrderView, Outcome, SlotRows, order_views
from node.store.chain_records import (
    CancellationRecord,
    ChainRecord,
    ClearingRecord,
    FillRecord,
    Logged,
    OrderRecord,
    OwnerRecord,
    SlotRecord,
)

#: Why an order got what it got, in a person's words.
_REASONS = {
    Outcome.PENDING: "waits for the call auction",
    Outcome.FILLED: "got all it asked for",
    Outcome.PARTLY_FILLED: "got its share of the orders at the clearing price",
    Outcome.NOTHING_TRADED: "no bid met an offer",
    Outcome.LIMIT_NOT_REACHED: "the clearing price is beyond its limit",
    Outcome.ROUNDED_TO_ZERO: "its share of the orders at the clearing price is below 1 Wh",
    Outcome.CANCELLED: "was cancelled",
    Outcome.LAPSED: "the slot was not cleared before it started",
    Outcome.VOIDED: "the DSO voided the slot",
}

_Rows = Sequence[Logged[ChainRecord]]


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """An order with its result; `price_sen` is the clearing price, None while nothing is cleared or traded."""

    order: OrderRecord
    filled_wh: int
    outcome: Outcome
    price_sen: int | None
    transaction: bytes

    @property
    def reason(self) -> str:
        """Return why it got what it got."""
        return _REASONS[self.outcome]


def own_orders(deployment: Deployment, address: str, slots: range) -> list[OwnOrder]:
    """Return the orders of a party for the slots that start in a range, in order of slot and number."""
    client, contracts = deployment.client, deployment.contracts
    asked = (contracts.registry.address, contracts.auction.address, contracts.ledger.address)
    logs = client.logs_between(deployment.manifest.block, client.head(), asked)
    rows = [row for event in contracts.decode_all(logs) for row in project(event)]
    found = orders_in(rows, address.lower(), slots)
    return _with_fills_to_come(deployment, found)


def orders_in(rows: _Rows, address: str, slots: range) -> list[OwnOrder]:
    """Return the orders of a party among the rows of all events."""
    owners = _owners(rows)
    return [
        own
        for slot, of_slot in _by_slot(rows, slots)
        for own in _orders_of(of_slot)
        if owners.get(own.order.point, _NOBODY).owner_in(slot) == address
    ]


@dataclass(slots=True)
class _Owners:
    """Who owned a metering point from which slot on."""

    changes: list[OwnerRecord]

    def owner_in(self, slot: int) -> str | None:
        reached = (change.owner for change in reversed(self.changes) if change.from_slot <= slot)
        return next(reached, None)


_NOBODY = _Owners([])


def _owners(rows: _Rows) -> Mapping[int, _Owners]:
    owners: dict[int, _Owners] = {}
    for row in only(rows, OwnerRecord):
        owners.setdefault(row.record.point, _Owners([])).changes.append(row.record)
    return owners


def _by_slot(rows: _Rows, slots: range) -> Iterator[tuple[int, SlotRows]]:
    kinds = (SlotRecord, OrderRecord, CancellationRecord, ClearingRecord, FillRecord)
    found: defaultdict[int, list[Logged[ChainRecord]]] = defaultdict(list)
    for row in rows:
        if isinstance(row.record, kinds) and slots.start <= row.record.slot < slots.stop:
            found[row.record.slot].append(row)
    for slot, of_slot in sorted(found.items()):
        yield (
            slot,
            SlotRows(
                stages=only(of_slot, SlotRecord),
                orders=only(of_slot, OrderRecord),
                cancellations=only(of_slot, CancellationRecord),
                clearings=only(of_slot, ClearingRecord),
                fills=only(of_slot, FillRecord),
            ),
        )


def _orders_of(rows: SlotRows) -> list[OwnOrder]:
    clearing = rows.clearing
    price = clearing.price_sen if clearing is not None and clearing.volume_wh else None
    return [_own(view, price) for view in order_views(rows)]


def _own(view: OrderView, price: int | None) -> OwnOrder:
    return OwnOrder(view.order, view.filled_wh, view.outcome, price, view.transaction)


def _with_fills_to_come(deployment: Deployment, orders: Sequence[OwnOrder]) -> list[OwnOrder]:
    """Ask the contract for orders that no event has told the end of: their slots may be cleared and not booked."""
    auction = deployment.contracts.auction
    open_ones = [own for own in orders if own.outcome is Outcome.PENDING]
    states = deployment.client.read_many(
        [auction.order_of(DeliverySlot(o.order.slot), o.order.order_id) for o in open_ones]
    )
    known = {
        _place(own): replace(own, filled_wh=state.filled, outcome=_outcome(state.outcome))
        for own, state in zip(open_ones, states, strict=True)
    }
    return [known.get(_place(own), own) for own in orders]


def _place(own: OwnOrder) -> tuple[int, int]:
    return own.order.slot, own.order.order_id


def _outcome(said: SaidOutcome) -> Outcome:
    return Outcome(said.name.lower())


# -- for people and for programs


def order_document(own: OwnOrder, product: Product) -> dict[str, object]:
    """Return an order ready to be written as JSON."""
    order = own.order
    return {
        "slot": order.slot,
        "label": product.label(DeliverySlot(order.slot)),
        "order_id": order.order_id,
        "point": order.point,
        "side": str(order.side),
        "limit_sen": order.limit_sen,
        "energy_wh": order.energy_wh,
        "filled_wh": own.filled_wh,
        "price_sen": own.price_sen,
        "state": own.outcome.value,
        "reason": own.reason,
        "transaction": f"0x{own.transaction.hex()}",
    }


def order_lines(orders: Iterable[OwnOrder], product: Product) -> list[str]:
    """Return two lines per order: what it is, and what it got and why."""
    return [line for own in orders for line in _lines(own, product)]


def _lines(own: OwnOrder, product: Product) -> tuple[str, str]:
    order = own.order
    label, limit = product.label(DeliverySlot(order.slot)), format_price(SenPerKwh(order.limit_sen))
    price = "" if own.price_sen is None else f" at {format_price(SenPerKwh(own.price_sen))} JPY/kWh"
    return (
        f"slot {order.slot} {label}  order {order.order_id}  point {order.point}  {order.side} "
        f"{order.energy_wh} Wh, limit {limit} JPY/kWh  {own.outcome.value}",
        f"    {own.filled_wh} Wh{price if own.filled_wh else ''}: {own.reason}",
    )
