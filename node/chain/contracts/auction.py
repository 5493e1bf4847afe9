"""The SpotAuction: one call auction per delivery slot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from node.chain.abi import Value, integer, structs
from node.chain.client import Query
from node.chain.contracts.facade import MarketFacade, as_struct
from node.chain.transactions import Call
from node.domain.book import SHOWN_LEVELS, BookLevel, DisplayedBook
from node.domain.orders import Side
from node.domain.slots import DeliverySlot
from node.domain.units import SenPerKwh, WattHours

#: Most orders that one call books, and that one call lapses: the contract's own caps.
LARGEST_CHUNK = 350
LARGEST_LAPSE = 200

OPEN_GAS = 110_000
SUBMIT_GAS = 220_000
CANCEL_GAS = 110_000
CLEAR_GAS = 300_000
BOOK_BASE_GAS = 120_000
BOOK_ORDER_GAS = 47_000
LAPSE_BASE_GAS = 60_000
LAPSE_ORDER_GAS = 55_000

#: Sides in the order of the contract's enum.
SIDES = (Side.BUY, Side.SELL)


class AuctionPhase(IntEnum):
    """Where the auction of a slot stands; `CLOSED` and `LAPSED` come by time alone."""

    NONE = 0
    OPEN = 1
    CLOSED = 2
    CLEARED = 3
    BOOKED = 4
    LAPSED = 5
    VOIDED = 6


class Outcome(IntEnum):
    """What became of an order, with the reason when it got nothing."""

    PENDING = 0
    FILLED = 1
    PARTLY_FILLED = 2
    NOTHING_TRADED = 3
    LIMIT_NOT_REACHED = 4
    ROUNDED_TO_ZERO = 5
    CANCELLED = 6
    LAPSED = 7
    VOIDED = 8


@dataclass(frozen=True, slots=True)
class Auction:
    """The auction of a slot; the energies count what was not cancelled."""

    phase: AuctionPhase
    bid_energy: WattHours
    offer_energy: WattHours
    orders: int
    booked: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class AuctionResult:
    """The result of a call auction: at `price` each side is filled to `..._filled` of `..._total`."""

    price: SenPerKwh | None
    volume: WattHours
    bid_filled: WattHours
    bid_total: WattHours
    offer_filled: WattHours
    offer_total: WattHours


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order and what became of it."""

    point: int
    side: Side
    limit: SenPerKwh
    energy: WattHours
    filled: WattHours
    outcome: Outcome


class SpotAuction(MarketFacade):
    """Takes orders, clears and books."""

    NAME: ClassVar[str] = "SpotAuction"

    def open(self, slot: DeliverySlot) -> Call:
        """Open a slot for orders. Anyone."""
        return self.call("open", OPEN_GAS, slot)

    def submit(
        self, slot: DeliverySlot, point: int, side: Side, limit: SenPerKwh, energy: WattHours
    ) -> Call:
        """Place an order. Only the owner of the point."""
        return self.call("submit", SUBMIT_GAS, slot, point, SIDES.index(side), limit, energy)

    def cancel(self, slot: DeliverySlot, order_id: int) -> Call:
        """Cancel an order before call time. Only the owner of its point."""
        return self.call("cancel", CANCEL_GAS, slot, order_id)

    def lapse(self, slot: DeliverySlot, order_ids: Sequence[int]) -> Call:
        """Take orders of suspended owners out of the book (G-28). Anyone."""
        gas = LAPSE_BASE_GAS + LAPSE_ORDER_GAS * len(order_ids)
        return self.call("lapse", gas, slot, list(order_ids))

    def clear(self, slot: DeliverySlot) -> Call:
        """Clear a slot from its call time on. Anyone."""
        return self.call("clear", CLEAR_GAS, slot)

    def book(self, slot: DeliverySlot, count: int) -> Call:
        """Book the next orders of a cleared, lapsed or voided slot. Anyone."""
        return self.call("book", BOOK_BASE_GAS + BOOK_ORDER_GAS * count, slot, count)

    def auction_of(self, slot: DeliverySlot) -> Query[Auction]:
        """Ask where the auction of a slot stands."""
        return self.query("auctionOf", lambda answer: _auction(as_struct(answer)), slot)

    def result_of(self, slot: DeliverySlot) -> Query[AuctionResult]:
        """Ask for the result of a cleared slot; nothing traded before."""
        return self.query("resultOf", lambda answer: result_from(as_struct(answer)), slot)

    def order_of(self, slot: DeliverySlot, order_id: int) -> Query[OrderState]:
        """Ask for an order and what became of it."""
        return self.query("orderOf", lambda answer: _order(as_struct(answer)), slot, order_id)

    def display_of(self, slot: DeliverySlot, levels: int = SHOWN_LEVELS) -> Query[DisplayedBook]:
        """Ask for the book as it is displayed (C-15 to C-20)."""
        return self.query("displayOf", lambda answer: _display(as_struct(answer)), slot, levels)


def result_from(fields: Mapping[str, Value]) -> AuctionResult:
    """Read the struct `Result`, which the event `SlotCleared` carries, too."""
    volume = integer(fields, "volume")
    return AuctionResult(
        price=SenPerKwh(integer(fields, "price")) if volume else None,
        volume=WattHours(volume),
        bid_filled=WattHours(integer(fields, "bidFilled")),
        bid_total=WattHours(integer(fields, "bidTotal")),
        offer_filled=WattHours(integer(fields, "offerFilled")),
        offer_total=WattHours(integer(fields, "offerTotal")),
    )


def _auction(fields: Mapping[str, Value]) -> Auction:
    return Auction(
        phase=AuctionPhase(integer(fields, "phase")),
        bid_energy=WattHours(integer(fields, "bidEnergy")),
        offer_energy=WattHours(integer(fields, "offerEnergy")),
        orders=integer(fields, "orders"),
        booked=integer(fields, "booked"),
        updated_at=integer(fields, "updatedAt"),
    )


def _order(fields: Mapping[str, Value]) -> OrderState:
    return OrderState(
        point=integer(fields, "point"),
        side=SIDES[integer(fields, "side")],
        limit=SenPerKwh(integer(fields, "limit")),
        energy=WattHours(integer(fields, "energy")),
        filled=WattHours(integer(fields, "filled")),
        outcome=Outcome(integer(fields, "outcome")),
    )


def _display(fields: Mapping[str, Value]) -> DisplayedBook:
    return DisplayedBook(
        sells=_levels(fields["offers"]),
        buys=_levels(fields["bids"]),
        over=WattHours(integer(fields, "over")),
        under=WattHours(integer(fields, "under")),
        last_update=integer(fields, "updatedAt"),
    )


def _levels(value: Value) -> tuple[BookLevel, ...]:
    return tuple(
        BookLevel(SenPerKwh(integer(level, "price")), WattHours(integer(level, "energy")))
        for level in structs(value)
    )
