"""The call auction: one price and one volume for a slot's whole book (C-04, C-11, G-04, G-05, G-06).

With S(p) the energy of offers with a limit up to p and D(p) that of bids with a limit of at least
p:

* the price is the lowest p at which the offers up to p cover the bids above p; that is the limit of
  the partly filled marginal order, and the lowest price where a range of equilibrium prices is left;
* the volume is min(S(p), D(p)), the largest that can trade at one price;
* bids above and offers below p are filled whole; at p each side shares what is left pro rata, exact
  to the Wh.

Accounts are not looked at: a call auction may fill both sides of one account (G-06).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from node.domain.errors import OrderError
from node.domain.orders import Order
from node.domain.units import NO_ENERGY, SenPerKwh, WattHours


@dataclass(frozen=True, slots=True)
class MarginalLevel:
    """What one side trades at the clearing price: `filled` of the `total` that its orders there ask for."""

    filled: WattHours
    total: WattHours


@dataclass(frozen=True, slots=True)
class PriceInterval:
    """All prices at which the same volume is an equilibrium, both ends included."""

    low: SenPerKwh
    high: SenPerKwh


@dataclass(frozen=True, slots=True)
class Clearing:
    """The result of a call auction; `price`, `interval` and the marginal levels are None when nothing trades.

    `fills` has one energy per order, in the order in which the orders were given, zeros included.
    """

    price: SenPerKwh | None
    interval: PriceInterval | None
    volume: WattHours
    bids_at_price: MarginalLevel | None
    offers_at_price: MarginalLevel | None
    fills: tuple[WattHours, ...]


class AuctionPhase(IntEnum):
    """Where the call auction of a slot stands. Numbers as in the contract.

    CLOSED and LAPSED are warm: time alone leads to them. The others are cold.
    """

    NONE = 0
    OPEN = 1
    CLOSED = 2
    CLEARED = 3
    BOOKED = 4
    LAPSED = 5
    VOIDED = 6


class Outcome(IntEnum):
    """What became of an order, with the reason when it got nothing. Numbers as in the contract."""

    PENDING = 0
    FILLED = 1
    PARTLY_FILLED = 2
    NOTHING_TRADED = 3  # no bid met an offer
    LIMIT_NOT_REACHED = 4  # nothing was traded at the order's limit
    ROUNDED_TO_ZERO = 5  # its share of the marginal level is below 1 Wh
    CANCELLED = 6
    LAPSED = 7
    VOIDED = 8


_OUTCOME_OF_PHASE = {
    AuctionPhase.NONE: Outcome.PENDING,
    AuctionPhase.OPEN: Outcome.PENDING,
    AuctionPhase.CLOSED: Outcome.PENDING,
    AuctionPhase.LAPSED: Outcome.LAPSED,
    AuctionPhase.VOIDED: Outcome.VOIDED,
}


@dataclass(frozen=True, slots=True)
class _Step:
    """Where demand and supply meet: energies of the book around one price level."""

    price: SenPerKwh
    bids_above: int
    bids_at: int
    offers_below: int
    offers_at: int

    @property
    def demand(self) -> int:
        return self.bids_above + self.bids_at

    @property
    def supply(self) -> int:
        return self.offers_below + self.offers_at


def clear(orders: Sequence[Order]) -> Clearing:
    """Clear a book at a single price. Costs O(n log n); the order in which orders are given changes nothing."""
    _require_distinct_sequences(orders)
    steps = list(_steps(orders))
    crossing = next((step for step in steps if step.supply >= step.bids_above), None)
    volume = 0 if crossing is None else min(crossing.supply, crossing.demand)
    if crossing is None or volume == 0:
        return Clearing(None, None, NO_ENERGY, None, None, (NO_ENERGY,) * len(orders))
    bids = MarginalLevel(WattHours(volume - crossing.bids_above), WattHours(crossing.bids_at))
    offers = MarginalLevel(WattHours(volume - crossing.offers_below), WattHours(crossing.offers_at))
    return Clearing(
        price=crossing.price,
        interval=PriceInterval(crossing.price, _highest_equilibrium(steps)),
        volume=WattHours(volume),
        bids_at_price=bids,
        offers_at_price=offers,
        fills=_fills(orders, crossing.price, bids, offers),
    )


def highest_equilibrium(orders: Iterable[Order]) -> SenPerKwh:
    """Return the upper end of the price interval of a book in which something trades.

    It is the highest price at which the offers below it do not exceed the bids from it upwards: the
    cheapest of the bids that are filled at all and the offers that are not fully filled.
    """
    return _highest_equilibrium(list(_steps(orders)))


def pro_rata(level: MarginalLevel, before: int, energy: int) -> WattHours:
    """Return what an order of `energy` standing behind `before` gets of a marginal level.

    Each boundary is floored once, so the shares of a level add up to what is filled and each lies
    within 1 Wh of its exact share (G-05).
    """
    upper = level.filled * (before + energy) // level.total
    return WattHours(upper - level.filled * before // level.total)


def outcome_of(
    order: Order,
    fill: WattHours,
    clearing: Clearing | None,
    *,
    phase: AuctionPhase = AuctionPhase.CLEARED,
    cancelled: bool = False,
) -> Outcome:
    """Return what became of an order, with the reason when it got nothing.

    Of `clearing` only the price and the marginal levels are looked at; it is None before the
    auction is held.
    """
    if cancelled:
        return Outcome.CANCELLED
    if clearing is None or phase in _OUTCOME_OF_PHASE:
        return _OUTCOME_OF_PHASE.get(phase, Outcome.PENDING)
    if fill > 0:
        return Outcome.FILLED if fill == order.energy else Outcome.PARTLY_FILLED
    if clearing.price is None:
        return Outcome.NOTHING_TRADED
    level = clearing.bids_at_price if order.is_bid else clearing.offers_at_price
    shared = order.limit == clearing.price and level is not None and level.filled > 0
    return Outcome.ROUNDED_TO_ZERO if shared else Outcome.LIMIT_NOT_REACHED


def _require_distinct_sequences(orders: Sequence[Order]) -> None:
    if len({order.sequence for order in orders}) == len(orders):
        return
    seen: dict[int, str] = {}
    for order in orders:
        if order.sequence in seen:
            first = seen[order.sequence]
            raise OrderError(f"orders {first} and {order.id} share the sequence {order.sequence}")
        seen[order.sequence] = order.id


def _steps(orders: Iterable[Order]) -> Iterator[_Step]:
    """Yield one step per price level of the book, cheapest first."""
    bids: dict[SenPerKwh, int] = {}
    offers: dict[SenPerKwh, int] = {}
    for order in orders:
        levels = bids if order.is_bid else offers
        levels[order.limit] = levels.get(order.limit, 0) + order.energy
    bids_above = sum(bids.values())
    offers_below = 0
    for price in sorted(bids.keys() | offers.keys()):
        bids_at, offers_at = bids.get(price, 0), offers.get(price, 0)
        bids_above -= bids_at
        yield _Step(price, bids_above, bids_at, offers_below, offers_at)
        offers_below += offers_at


def _highest_equilibrium(steps: Sequence[_Step]) -> SenPerKwh:
    return next(step.price for step in reversed(steps) if step.offers_below <= step.demand)


def _fills(
    orders: Sequence[Order], price: SenPerKwh, bids: MarginalLevel, offers: MarginalLevel
) -> tuple[WattHours, ...]:
    fills = [NO_ENERGY] * len(orders)
    bids_before = offers_before = 0
    in_sequence = sorted(enumerate(orders), key=lambda numbered: numbered[1].sequence)
    for index, order in in_sequence:
        if order.limit != price:
            fills[index] = order.energy if order.accepts(price) else NO_ENERGY
        elif order.is_bid:
            fills[index] = pro_rata(bids, bids_before, order.energy)
            bids_before += order.energy
        else:
            fills[index] = pro_rata(offers, offers_before, order.energy)
            offers_before += order.energy
    return tuple(fills)
