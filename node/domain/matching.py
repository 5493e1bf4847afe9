"""Balanced units: who delivers to whom (C-23 to C-28, G-31).

The fills of the sellers are laid end to end in `sequence` order, and so are those of the buyers;
both cover [0, volume). Every overlap of a seller's stretch with a buyer's is one unit. At most
sellers + buyers - 1 units come out, they add up exactly, and anybody can lay them again from the
fills alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from node.domain.errors import OrderError
from node.domain.orders import Order
from node.domain.units import NO_ENERGY, WattHours


@dataclass(frozen=True, slots=True)
class BalancedUnit:
    """A seller, a buyer and the amount that one delivers to the other."""

    seller: str
    buyer: str
    energy: WattHours


@dataclass(frozen=True, slots=True)
class Position:
    """What a participant has traded for a slot."""

    sold: WattHours = NO_ENERGY
    bought: WattHours = NO_ENERGY

    @property
    def net_export(self) -> WattHours:
        """The energy to deliver to others (positive) or to take from them (negative)."""
        return WattHours(self.sold - self.bought)


@dataclass(frozen=True, slots=True)
class _Stretch:
    participant: str
    end: int


def lay_units(orders: Sequence[Order], fills: Sequence[WattHours]) -> tuple[BalancedUnit, ...]:
    """Return the balanced units of a cleared book, in the order in which they lie.

    Neighbouring overlaps of the same pair stay separate, because they belong to different orders.
    """
    filled = sorted(
        ((order, fill) for order, fill in zip(orders, fills, strict=True) if fill > 0),
        key=lambda pair: pair[0].sequence,
    )
    offers = list(_stretches((o.participant, fill) for o, fill in filled if not o.is_bid))
    bids = list(_stretches((o.participant, fill) for o, fill in filled if o.is_bid))
    if _length(offers) != _length(bids):
        raise OrderError(
            f"fills do not balance: sold {_length(offers)} Wh, bought {_length(bids)} Wh"
        )
    return tuple(_overlaps(offers, bids))


def positions(units: Iterable[BalancedUnit]) -> Mapping[str, Position]:
    """Return what each participant of these units has sold and bought."""
    sold: defaultdict[str, int] = defaultdict(int)
    bought: defaultdict[str, int] = defaultdict(int)
    for unit in units:
        sold[unit.seller] += unit.energy
        bought[unit.buyer] += unit.energy
    names = dict.fromkeys([*sold, *bought])
    return {name: Position(WattHours(sold[name]), WattHours(bought[name])) for name in names}


def _stretches(fills: Iterable[tuple[str, WattHours]]) -> Iterator[_Stretch]:
    end = 0
    for participant, fill in fills:
        end += fill
        yield _Stretch(participant, end)


def _length(stretches: Sequence[_Stretch]) -> int:
    return stretches[-1].end if stretches else 0


def _overlaps(offers: Sequence[_Stretch], bids: Sequence[_Stretch]) -> Iterator[BalancedUnit]:
    offer_index = bid_index = start = 0
    while offer_index < len(offers):
        offer, bid = offers[offer_index], bids[bid_index]
        end = min(offer.end, bid.end)
        yield BalancedUnit(offer.participant, bid.participant, WattHours(end - start))
        start = end
        offer_index += offer.end == end
        bid_index += bid.end == end
