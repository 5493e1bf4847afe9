"""Decides what is due: from the time, the product and where the slots stand, the calls that take them further.

Nothing here is remembered and nothing is sent. Each call is open to anyone and idempotent in effect: made twice, it
is refused or takes the next chunk. So a keeper may be killed at any time, and any number of keepers may run.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

from node.chain.contracts.auction import LARGEST_CHUNK, AuctionPhase
from node.chain.contracts.ledger import LARGEST_PASS, LedgerPhase
from node.domain.slots import DeliverySlot, Product


@dataclass(frozen=True, slots=True)
class SlotState:
    """Where a slot stands on chain.

    `late_points` are flagged points whose readings have come since. The phases that time alone brings about are those
    of the newest block, so decisions go by the clock and by what only transactions change.
    """

    slot: DeliverySlot
    auction: AuctionPhase = AuctionPhase.NONE
    orders: int = 0
    booked: int = 0
    ledger: LedgerPhase = LedgerPhase.NONE
    voided: bool = False
    settled: int = 0
    finalised: int = 0
    missing: int = 0
    late_points: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one round takes on: slots held open ahead, orders and points of a call, calls of a slot."""

    slots_ahead: int
    orders: int = LARGEST_CHUNK
    points: int = LARGEST_PASS
    calls: int = 4

    def halved(self) -> "Limits":
        """Return smaller calls, for when a call ran out of gas."""
        return replace(self, orders=max(1, self.orders // 2), points=max(1, self.points // 2))


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """Open a slot for orders."""

    slot: DeliverySlot


@dataclass(frozen=True, slots=True)
class ClearSlot:
    """Clear a slot at its call time."""

    slot: DeliverySlot


@dataclass(frozen=True, slots=True)
class BookOrders:
    """Book the next orders of a slot."""

    slot: DeliverySlot
    count: int


@dataclass(frozen=True, slots=True)
class SettlePoints:
    """Settle the next metering points of a slot."""

    slot: DeliverySlot
    count: int


@dataclass(frozen=True, slots=True)
class SettleLate:
    """Settle flagged points whose readings came in the correction window (G-11)."""

    slot: DeliverySlot
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FinaliseSlot:
    """Walk the next metering points of a slot after its correction window."""

    slot: DeliverySlot
    count: int


Action: TypeAlias = OpenSlot | ClearSlot | BookOrders | SettlePoints | SettleLate | FinaliseSlot


def due_actions(
    now: int, product: Product, states: Iterable[SlotState], points: int, limits: Limits
) -> list[Action]:
    """Return what is due now, in the order in which it is to be done; `points` are the registered metering points."""
    by_slot = {state.slot: state for state in states}
    actions: list[Action] = [
        action
        for slot in sorted(by_slot)
        for action in _due_of(now, product, by_slot[slot], points, limits)
    ]
    for slot in slots_ahead(now, product, limits):
        state = by_slot.get(slot)
        if state is None or state.auction is AuctionPhase.NONE:
            actions += [OpenSlot(slot)]
    return actions


def slots_ahead(now: int, product: Product, limits: Limits) -> list[DeliverySlot]:
    """Return the slots that are to be open now."""
    return list(islice(product.openable_slots(now), limits.slots_ahead))


def next_due(state: SlotState, product: Product) -> int | None:
    """Return the first instant at which something may be due for a slot, None when nothing ever will be."""
    if state.ledger is LedgerPhase.OPEN:
        return 0 if _is_bookable(state) else product.call_time(state.slot)
    if state.ledger is LedgerPhase.BOOKED:
        return product.reading_deadline(state.slot)
    if state.ledger is LedgerPhase.SETTLED:
        return product.final_time(state.slot) if state.missing == 0 else 0
    return None


def _due_of(
    now: int, product: Product, state: SlotState, points: int, limits: Limits
) -> Iterator[Action]:
    if state.ledger is LedgerPhase.OPEN:
        yield from _auction_due(now, product, state, limits)
    elif state.ledger is LedgerPhase.BOOKED and product.may_settle(state.slot, now):
        for count in _chunks(points - state.settled, limits.points, limits.calls):
            yield SettlePoints(state.slot, count)
    elif state.ledger is LedgerPhase.SETTLED:
        yield from _settled_due(now, product, state, points, limits)


def _auction_due(now: int, product: Product, state: SlotState, limits: Limits) -> Iterator[Action]:
    """Clear in time and book; what was not cleared in time has lapsed and is booked as such."""
    to_clear = not _is_bookable(state) and product.may_clear(state.slot, now)
    if to_clear:
        yield ClearSlot(state.slot)
    if to_clear or _is_bookable(state) or now >= state.slot:
        for count in _chunks(state.orders - state.booked, limits.orders, limits.calls):
            yield BookOrders(state.slot, count)


def _settled_due(
    now: int, product: Product, state: SlotState, points: int, limits: Limits
) -> Iterator[Action]:
    if product.may_finalise(state.slot, now):
        # Without a flagged point nothing is left to walk.
        left = points - state.finalised if state.missing else 0
        for count in _chunks(left, limits.points, limits.calls):
            yield FinaliseSlot(state.slot, count)
        return
    for start in range(0, len(state.late_points), limits.points):
        yield SettleLate(state.slot, state.late_points[start : start + limits.points])


def _is_bookable(state: SlotState) -> bool:
    return state.voided or state.auction in (AuctionPhase.CLEARED, AuctionPhase.VOIDED)


def _chunks(left: int, largest: int, calls: int) -> Iterator[int]:
    """Split what is left into calls; nothing left still takes one call, which closes the pass."""
    left = max(left, 1)
    for _ in range(calls):
        if left <= 0:
            return
        yield min(left, largest)
        left -= largest
