"""Knows which slots are unfinished and where they stand, reading no more of the chain than may have something due."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from node.chain.abi import integer
from node.chain.client import ChainClient
from node.chain.contracts.ledger import LedgerPhase
from node.chain.contracts.market import MarketContracts
from node.domain.slots import DeliverySlot, Product
from node.settlement.keeper import SlotState, next_due

#: Blocks that one look back for opened slots spans.
_LOOK_BACK_BLOCKS = 5000

_FINISHED = (LedgerPhase.NONE, LedgerPhase.FINAL)


class SlotWatch:
    """The slots of one deployment; `first_block` is the block of the deployment."""

    def __init__(
        self, client: ChainClient, contracts: MarketContracts, product: Product, first_block: int
    ) -> None:
        self._client = client
        self._contracts = contracts
        self._product = product
        self._first_block = first_block
        self._unfinished: dict[DeliverySlot, SlotState] = {}
        self._flagged: dict[DeliverySlot, tuple[int, ...]] = {}
        self._looked_at: int | None = None

    @property
    def unfinished(self) -> tuple[DeliverySlot, ...]:
        """Every slot that is known to be opened and not final."""
        return tuple(sorted(self._unfinished))

    def discover(self) -> None:
        """Find every slot that was opened before this program started and is not final.

        Each place of the ring holds one slot at most, so looking back ends when all places were seen.
        """
        places: set[int] = set()
        opened: list[DeliverySlot] = []
        last = self._client.head()
        while last >= self._first_block and len(places) < self._product.ring_size:
            first = max(self._first_block, last - _LOOK_BACK_BLOCKS + 1)
            for slot in reversed(self._opened_between(first, last)):
                place = slot // self._product.slot_seconds % self._product.ring_size
                if place not in places:
                    places.add(place)
                    opened.append(slot)
            last = first - 1
        self._read(opened)

    def adopt(self, slot: DeliverySlot) -> None:
        """Take a slot in that was met on the way."""
        self._read([slot])

    def states(self, now: int, ahead: Sequence[DeliverySlot]) -> list[SlotState]:
        """Return where the slots stand that may have something due, those to be opened among them."""
        due = [slot for slot, state in self._unfinished.items() if self._may_be_due(state, now)]
        candidates = sorted({*ahead, *self._called_since_last_look(now)})
        fresh = self._read([*due, *(s for s in candidates if s not in self._unfinished)])
        self._looked_at = now
        opened = [state for slot, state in self._unfinished.items() if slot not in fresh]
        return [self._with_late_points(state, now) for state in (*fresh.values(), *opened)]

    def point_count(self) -> int:
        """Return how many metering points are registered."""
        return self._client.read(self._contracts.registry.point_count())

    def _may_be_due(self, state: SlotState, now: int) -> bool:
        instant = next_due(state, self._product)
        return instant is not None and instant <= now

    def _called_since_last_look(self, now: int) -> Iterable[DeliverySlot]:
        """Return the slots that may have been opened, by anybody, since they were last looked at.

        A slot is opened before its call time, by a clock that may be behind ours, but never after it has started.
        """
        last = now if self._looked_at is None else min(self._looked_at, now)
        return self._product.slots_between(last + 1, now + self._product.call_lead + 1)

    def _opened_between(self, first: int, last: int) -> list[DeliverySlot]:
        auction = self._contracts.auction
        topic = auction.abi.event("SlotOpened").digest
        logs = self._client.logs_between(first, last, [auction.address], [topic])
        events = self._contracts.decode_all(logs)
        return [DeliverySlot(integer(event.args, "slot")) for event in events]

    def _read(self, slots: Iterable[DeliverySlot]) -> dict[DeliverySlot, SlotState]:
        """Ask the chain where slots stand, and keep those that are unfinished."""
        asked = list(slots)
        auctions = self._client.read_many([self._contracts.auction.auction_of(s) for s in asked])
        accounts = self._client.read_many([self._contracts.ledger.slot_of(s) for s in asked])
        states = {}
        for slot, auction, account in zip(asked, auctions, accounts, strict=True):
            states[slot] = SlotState(
                slot=slot,
                auction=auction.phase,
                orders=auction.orders,
                booked=auction.booked,
                ledger=account.phase,
                voided=account.voided,
                settled=account.settled,
                finalised=account.finalised,
                missing=account.missing,
            )
            if account.phase in _FINISHED:
                self._unfinished.pop(slot, None)
                self._flagged.pop(slot, None)
            else:
                self._unfinished[slot] = states[slot]
        return states

    def _with_late_points(self, state: SlotState, now: int) -> SlotState:
        """Add which flagged points have their readings by now."""
        settled = state.ledger is LedgerPhase.SETTLED and state.missing > 0
        if not settled or self._product.may_finalise(state.slot, now):
            return state
        flagged = self._flagged_points(state)
        first = min(flagged)
        lanes = self._client.read(
            self._contracts.oracle.lanes_of(state.slot, first, max(flagged) - first + 1)
        )
        late = tuple(point for point in flagged if lanes[point - first] is not None)
        return replace(state, late_points=late)

    def _flagged_points(self, state: SlotState) -> tuple[int, ...]:
        """Return the points of a settled slot that are still flagged; none is flagged anew."""
        known = self._flagged.get(state.slot)
        if known is None or len(known) != state.missing:
            asked = known or range(1, self.point_count() + 1)
            positions = self._client.read_many(
                [self._contracts.ledger.position_of(state.slot, point) for point in asked]
            )
            known = tuple(
                point for point, held in zip(asked, positions, strict=True) if held.missing
            )
            self._flagged[state.slot] = known
        return known
