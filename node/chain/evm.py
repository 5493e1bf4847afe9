"""The commands on files, executed by the contracts: `book clear --engine evm` and `settle --engine evm`.

Both give the same result objects as the Python engine in `node.domain`; what the contracts cannot
hold, `node.domain.files` refuses for both. A file knows no balances and no ratings, so neither
binds here: every order has a metering point of its own, and accounts are filled amply.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from node.chain.contracts.auction import LARGEST_CHUNK, SIDES
from node.chain.contracts.ledger import LedgerPhase
from node.chain.evm_market import EvmMarket, account_of
from node.chain.transactions import GAS_CAP
from node.domain.clearing import Clearing, MarginalLevel, PriceInterval, highest_equilibrium
from node.domain.files import HIGHEST_PRICE, SettlementFile
from node.domain.matching import BalancedUnit
from node.domain.orders import Order, Side
from node.domain.readings import LARGEST_INTERVAL, IntervalEnergy
from node.domain.settlement import PointSettlement, SlotSettlement
from node.domain.slots import DeliverySlot, Product
from node.domain.units import NO_ENERGY, SenPerKwh, WattHours, Yen5
from node.domain.words import BookedFill, PointResult, SettlementStatus

#: More than any position at any price can cost, and the most that one credit takes.
_AMPLE_YEN = 1_000_000_000_000

#: When the machine starts; nothing depends on it.
_START = 1_800_000_000

#: The market that books the trades of a file.
_FILE_MARKET = account_of("market of the file")

_CALL_GAS = GAS_CAP - 1


# -- book clear


def clear_book(orders: Sequence[Order]) -> tuple[Clearing, tuple[BalancedUnit, ...]]:
    """Clear a book by the contracts; fills in the order in which the orders were given.

    The upper end of the price interval is not on chain, because nothing depends on it: the domain's
    rule finds it in the orders as the auction holds them.
    """
    places = sorted(range(len(orders)), key=lambda place: orders[place].sequence)
    # An offer reserves what replacing it may cost more than its limit; under a cap of zero that is
    # nothing.
    market = EvmMarket(_product(short_cap=SenPerKwh(0)), now=_START)
    slot = _place_orders(market, [orders[place] for place in places])
    held = _orders_held(market, slot, len(orders))
    market.go_to(market.product.call_time(slot))
    found = market.clear(slot)
    booked = market.book_all(slot)

    fills = [NO_ENERGY] * len(orders)
    for fill in booked:
        fills[places[fill.order_id]] = fill.energy
    units = units_of(booked, [orders[place].participant for place in places])
    if found.price is None:
        return Clearing(None, None, NO_ENERGY, None, None, tuple(fills)), tuple(units)
    clearing = Clearing(
        price=found.price,
        interval=PriceInterval(found.price, highest_equilibrium(held)),
        volume=found.volume,
        bids_at_price=MarginalLevel(found.bid_filled, found.bid_total),
        offers_at_price=MarginalLevel(found.offer_filled, found.offer_total),
        fills=tuple(fills),
    )
    return clearing, tuple(units)


def units_of(fills: Iterable[BookedFill], names: Sequence[str]) -> Iterator[BalancedUnit]:
    """Yield the balanced units that booked fills overlap to, in the order in which they lie.

    `names` has the participant of each order by its number. Each fill says where it begins among
    those of its side, so nothing but the events is needed.
    """
    in_sequence = sorted(fills, key=lambda fill: fill.order_id)
    offers = [fill for fill in in_sequence if fill.side is Side.SELL]
    bids = [fill for fill in in_sequence if fill.side is Side.BUY]
    offer_place = bid_place = 0
    while offer_place < len(offers) and bid_place < len(bids):
        offer, bid = offers[offer_place], bids[bid_place]
        offer_end, bid_end = offer.laid_from + offer.energy, bid.laid_from + bid.energy
        end = min(offer_end, bid_end)
        energy = WattHours(end - max(offer.laid_from, bid.laid_from))
        yield BalancedUnit(names[offer.order_id], names[bid.order_id], energy)
        offer_place += offer_end == end
        bid_place += bid_end == end


def _place_orders(market: EvmMarket, orders: Sequence[Order]) -> DeliverySlot:
    """Submit every order for a metering point of its own; their numbers are their places in `orders`."""
    accounts = _admit(market, (order.participant for order in orders))
    for order in orders:
        owner = accounts[order.participant]
        market.add_point(owner, import_limit=LARGEST_INTERVAL, export_limit=LARGEST_INTERVAL)
    slot = _go_to_first_slot(market)
    market.open(slot)
    for point, order in enumerate(orders, start=1):
        owner = accounts[order.participant]
        market.submit(owner, slot, point, order.side, order.limit, order.energy)
    return slot


def _orders_held(market: EvmMarket, slot: DeliverySlot, count: int) -> list[Order]:
    """Return the orders that lie in the auction's log; before clearing each is one look."""
    states = (market.machine.read(market.auction.order_of(slot, n)) for n in range(count))
    return [
        Order(str(number), str(state.point), state.side, state.limit, state.energy, number)
        for number, state in enumerate(states)
    ]


# -- settle


@dataclass(slots=True)
class _Contracted:
    """What the file's trades make of a participant: energies by side and price, and by side."""

    bookings: defaultdict[tuple[Side, SenPerKwh], int] = field(
        default_factory=lambda: defaultdict(int)
    )
    totals: defaultdict[Side, int] = field(default_factory=lambda: defaultdict(int))


def settle_file(file: SettlementFile) -> SlotSettlement[str]:
    """Settle trades and metered values by the contracts.

    A market of the file's own books the trades, each at its price, and tells the ledger that there
    was no clearing price, so that the two imbalance prices hold as they are given.
    """
    contracted = _contracted(file)
    product = _product(short_cap=max(HIGHEST_PRICE, file.prices.short))
    market = EvmMarket(product, now=_START)
    points = _register(market, contracted)
    slot = _go_to_first_slot(market)
    market.publish_prices(slot, 1, file.prices)
    _book_trades(market, slot, points, contracted)
    market.go_to(product.reading_deadline(slot))
    metered = file.metered_net_export
    market.attest(slot, {points[name]: _interval_energy(metered[name]) for name in metered})
    settled = _settle_to_the_end(market, slot)
    settlements = {name: settled[point] for name, point in points.items()}
    return SlotSettlement(settlements, market.machine.read(market.ledger.balancing_account()))


def _contracted(file: SettlementFile) -> dict[str, _Contracted]:
    """Return what everybody traded, in order of appearance."""
    contracted: defaultdict[str, _Contracted] = defaultdict(_Contracted)
    for trade in file.trades:
        for name, side in ((trade.seller, Side.SELL), (trade.buyer, Side.BUY)):
            contracted[name].bookings[side, trade.price] += trade.energy
            contracted[name].totals[side] += trade.energy
    for name in file.metered_net_export:
        contracted.setdefault(name, _Contracted())
    return dict(contracted)


def _register(market: EvmMarket, contracted: Mapping[str, _Contracted]) -> dict[str, int]:
    """Give everybody an account with ample money and a metering point; returns the points."""
    accounts = _admit(market, contracted)
    points = {}
    for name, contract in contracted.items():
        # A silent point counts as importing its fallback, or else its limit: what it bought, even
        # if that is nothing.
        bought = WattHours(min(contract.totals[Side.BUY], LARGEST_INTERVAL))
        points[name] = market.add_point(
            accounts[name], import_limit=bought, export_limit=NO_ENERGY, fallback_import=bought
        )
    return points


def _book_trades(
    market: EvmMarket,
    slot: DeliverySlot,
    points: Mapping[str, int],
    contracted: Mapping[str, _Contracted],
) -> None:
    """Reserve and book what everybody traded, price by price."""
    market.admit_market(_FILE_MARKET)
    _as_market(market, "open", slot)
    by_price: defaultdict[SenPerKwh, list[tuple[int, ...]]] = defaultdict(list)
    for name, contract in contracted.items():
        for (side, price), energy in contract.bookings.items():
            number = SIDES.index(side)
            _as_market(market, "reserveOrder", _account(name), 1, number, energy, price)
            by_price[price].append((points[name], number, price, energy, energy))
    for price, bookings in by_price.items():
        for first in range(0, len(bookings), LARGEST_CHUNK):
            _as_market(market, "book", slot, price, bookings[first : first + LARGEST_CHUNK])
    _as_market(market, "completeBooking", slot, False, SenPerKwh(0))


def _as_market(market: EvmMarket, function: str, *arguments: object) -> None:
    market.send(_FILE_MARKET, market.ledger.call(function, _CALL_GAS, *arguments))


def _settle_to_the_end(market: EvmMarket, slot: DeliverySlot) -> dict[int, PointSettlement]:
    """Settle a slot and make it final; returns what each point got and paid in all passes together."""
    settled: dict[int, PointSettlement] = {}
    while market.phase(slot) is LedgerPhase.BOOKED:
        for result in market.settle(slot):
            settled[result.point] = _added(settled.get(result.point), result)
    market.go_to(market.product.final_time(slot))
    while market.phase(slot) is LedgerPhase.SETTLED:
        for result in market.finalise(slot):
            settled[result.point] = _added(settled.get(result.point), result)
    return settled


def _added(before: PointSettlement | None, result: PointResult) -> PointSettlement:
    """Return the settlement of a point with one more result; only the last one knows the imbalance."""
    earlier = 0 if before is None else before.contract_cash
    return PointSettlement(
        contract_cash=Yen5(earlier + result.contract_cash),
        imbalance_wh=result.imbalance_wh,
        imbalance_cash=result.imbalance_cash,
        missing=result.status is not SettlementStatus.SETTLED,
    )


def _interval_energy(net_export: WattHours) -> IntervalEnergy:
    nothing = NO_ENERGY
    if net_export >= 0:
        return IntervalEnergy(import_wh=nothing, export_wh=net_export)
    return IntervalEnergy(import_wh=WattHours(-net_export), export_wh=nothing)


# -- both


def _product(short_cap: SenPerKwh) -> Product:
    """Return half hours with the shortest time line that leaves room for every step."""
    return Product(
        slot_seconds=1800,
        call_lead=1,
        gate_lead=0,
        horizon=1800,
        reading_window=0,
        correction_window=1,
        price_offset=SenPerKwh(0),
        long_floor=SenPerKwh(0),
        short_cap=short_cap,
        ring_size=3,
    )


def _admit(market: EvmMarket, names: Iterable[str]) -> dict[str, str]:
    """Admit everybody once with ample money; returns the accounts."""
    accounts = {name: _account(name) for name in names}
    for account in accounts.values():
        market.admit(account)
        market.credit(account, _AMPLE_YEN)
    return accounts


def _account(name: str) -> str:
    return account_of(f"participant {name}")


def _go_to_first_slot(market: EvmMarket) -> DeliverySlot:
    """Begin a block in which the first slot of the registered points may be opened."""
    slot = market.product.first_unopened_slot(market.now)
    market.go_to(slot - market.product.horizon)
    return slot
