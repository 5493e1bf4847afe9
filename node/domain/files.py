"""The two file formats on which the market's arithmetic can be tried without a network.

`book clear` reads orders and answers price, volume, fills and units; `settle` reads trades and
metered values and answers everybody's cash. Integers only; whatever is wrong is refused with the
path of the field, and so is what the contracts cannot hold: both engines answer the same files.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from node.domain.clearing import Clearing
from node.domain.documents import Node, Once
from node.domain.errors import FieldError
from node.domain.matching import BalancedUnit
from node.domain.orders import LARGEST_ORDER, Order, Side
from node.domain.readings import LARGEST_INTERVAL
from node.domain.settlement import ImbalancePrices, PointSettlement, SlotSettlement, Trade
from node.domain.slots import PRICE_TICKS
from node.domain.units import SenPerKwh, WattHours

#: Highest price of a file: the top of the grid without an offset.
HIGHEST_PRICE = SenPerKwh(PRICE_TICKS - 1)

LARGEST_SEQUENCE = (1 << 64) - 1

#: Largest energy of a side of the book (40 bits).
LARGEST_SIDE = WattHours((1 << 40) - 1)

#: Largest energy that a participant can sell or buy in a slot (32 bits).
LARGEST_POSITION = WattHours((1 << 32) - 1)

_SIDES = {side.value: side for side in Side}


@dataclass(frozen=True, slots=True)
class SettlementFile:
    """What `settle` is given."""

    trades: tuple[Trade[str], ...]
    metered_net_export: Mapping[str, WattHours]
    prices: ImbalancePrices


def parse_book(document: object) -> tuple[Order, ...]:
    """Return the orders of a decoded `book clear` file, in the file's order, or raise `FieldError`."""
    root = Node("", document).fields("orders")
    ids, sequences = Once(), Once()
    orders = tuple(_parse_order(item, ids, sequences) for item in root["orders"].items())
    _require_sides_fit(orders)
    return orders


def parse_settlement(document: object) -> SettlementFile:
    """Return the trades, metered values and prices of a decoded `settle` file, or raise `FieldError`."""
    root = Node("", document).fields(
        "trades", "metered_net_export_wh", "long_price_sen", "short_price_sen"
    )
    metered = {
        name: WattHours(value.integer(-LARGEST_INTERVAL, LARGEST_INTERVAL))
        for name, value in root["metered_net_export_wh"].members()
    }
    long, short = _parse_price(root["long_price_sen"]), _parse_price(root["short_price_sen"])
    if long > short:
        raise FieldError("long_price_sen", long, f"is above short_price_sen, which is {short}")
    trades = tuple(_parse_trade(item) for item in root["trades"].items())
    _require_positions_fit(trades, metered)
    return SettlementFile(trades, metered, ImbalancePrices(long, short))


def book_result(
    orders: Sequence[Order], clearing: Clearing, units: Sequence[BalancedUnit], engine: str
) -> dict[str, object]:
    """Return the answer of `book clear`, ready to be written as JSON."""
    interval = clearing.interval
    return {
        "volume_wh": clearing.volume,
        "price_sen": clearing.price,
        "price_interval_sen": None if interval is None else [interval.low, interval.high],
        "fills": [
            {"id": order.id, "energy_wh": fill}
            for order, fill in zip(orders, clearing.fills, strict=True)
        ],
        "units": [
            {"seller": unit.seller, "buyer": unit.buyer, "energy_wh": unit.energy} for unit in units
        ],
        "engine": engine,
    }


def settlement_result(settlement: SlotSettlement[str]) -> dict[str, object]:
    """Return the answer of `settle`, ready to be written as JSON."""
    return {
        "participants": {
            name: _participant_result(point) for name, point in settlement.points.items()
        },
        "balancing_account_yen5": settlement.balancing_account,
    }


def _parse_order(item: Node, ids: Once, sequences: Once) -> Order:
    fields = item.fields("id", "participant", "side", "limit_sen", "energy_wh", "sequence")
    order = Order(
        id=fields["id"].name(),
        participant=fields["participant"].name(),
        side=_SIDES[fields["side"].one_of(_SIDES)],
        limit=_parse_price(fields["limit_sen"]),
        energy=_parse_energy(fields["energy_wh"]),
        sequence=fields["sequence"].integer(0, LARGEST_SEQUENCE),
    )
    ids.check(fields["id"])
    sequences.check(fields["sequence"])
    return order


def _require_sides_fit(orders: Sequence[Order]) -> None:
    totals: defaultdict[Side, int] = defaultdict(int)
    for place, order in enumerate(orders):
        totals[order.side] += order.energy
        total = totals[order.side]
        if total > LARGEST_SIDE:
            reason = f"a side of the book holds at most {LARGEST_SIDE} Wh, this one {total}"
            raise FieldError(f"orders[{place}].energy_wh", order.energy, reason)


def _require_positions_fit(trades: Sequence[Trade[str]], metered: Mapping[str, WattHours]) -> None:
    totals: defaultdict[tuple[str, Side], int] = defaultdict(int)
    for place, trade in enumerate(trades):
        for name, side in ((trade.seller, Side.SELL), (trade.buyer, Side.BUY)):
            totals[name, side] += trade.energy
            total = totals[name, side]
            # A silent buyer is settled on an import of what it bought, so that has to be an
            # interval energy.
            silent = side is Side.BUY and name not in metered
            largest = LARGEST_INTERVAL if silent else LARGEST_POSITION
            if total > largest:
                reason = f"{name} can {side} at most {largest} Wh in a slot, this makes {total}"
                raise FieldError(f"trades[{place}].energy_wh", trade.energy, reason)


def _parse_trade(item: Node) -> Trade[str]:
    fields = item.fields("seller", "buyer", "energy_wh", "price_sen")
    return Trade(
        seller=fields["seller"].name(),
        buyer=fields["buyer"].name(),
        energy=_parse_energy(fields["energy_wh"]),
        price=_parse_price(fields["price_sen"]),
    )


def _parse_price(field: Node) -> SenPerKwh:
    return SenPerKwh(field.integer(0, HIGHEST_PRICE))


def _parse_energy(field: Node) -> WattHours:
    return WattHours(field.integer(1, LARGEST_ORDER))


def _participant_result(point: PointSettlement) -> dict[str, object]:
    figures: dict[str, object] = {
        "contract_yen5": point.contract_cash,
        "imbalance_wh": point.imbalance_wh,
        "imbalance_yen5": point.imbalance_cash,
        "total_yen5": point.total,
    }
    return {**figures, "flag": "missing"} if point.missing else figures
