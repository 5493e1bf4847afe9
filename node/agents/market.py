"""The market as a home sees it.

What it needs to know of the chain, and how its orders get there (C-32 to C-34).
"""

import asyncio
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

from node.chain.abi import integer
from node.chain.client import LARGEST_LOG_RANGE, ChainClient
from node.chain.contracts.auction import AuctionPhase
from node.chain.contracts.market import MarketContracts
from node.chain.errors import ChainError
from node.chain.outbox_sender import OutboxSender
from node.domain.clock import Clock
from node.domain.matching import Position
from node.domain.orders import Side
from node.domain.policies import DraftOrder
from node.domain.readings import PointLimits
from node.domain.slots import DeliverySlot
from node.domain.units import WattHours


@dataclass(frozen=True, slots=True)
class PointFacts:
    """What the registry says of the home's metering point."""

    limits: PointLimits
    active_from: DeliverySlot


class Stage(Enum):
    """How far the auction of a slot is, for somebody who waits to deliver."""

    OPEN = auto()  # takes orders
    PENDING = auto()  # not opened yet, or the result is still to come
    MATCHED = auto()  # the fills are known
    VOID = auto()  # lapsed or voided: nobody owes anything


@dataclass(frozen=True, slots=True)
class Match:
    """What became of the home's orders for a slot; the position counts from `MATCHED` on."""

    stage: Stage
    position: Position = Position()  # noqa: RUF009 - frozen, so one for all is as good as one each


class MarketView(Protocol):
    """What a home asks the chain; every answer may be a `ChainError` instead."""

    async def point(self) -> PointFacts:
        """Return rating and first slot of the home's metering point."""
        ...

    async def match(self, slot: DeliverySlot) -> Match:
        """Return what became of the home's orders for a slot."""
        ...


class OrderDesk(Protocol):
    """Brings orders to the chain, each key once, whatever fails on the way."""

    async def place(self, key: str, slot: DeliverySlot, draft: DraftOrder) -> None:
        """Take an order under an idempotency key; the same again changes nothing.

        Raises `ChainError`.
        """
        ...

    async def withdraw(self, key: str) -> bool:
        """Take an order back that has not left yet; False when it is too late for that."""
        ...

    async def refusal(self, key: str) -> str | None:
        """Return why the market refused an order, None while it did not."""
        ...


_SUBMITTED: Final = "OrderSubmitted"

_VOID: Final = (AuctionPhase.LAPSED, AuctionPhase.VOIDED)


@dataclass(slots=True)
class ChainMarket:
    """The market of one deployment for one metering point.

    Questions are asked in another thread.
    """

    client: ChainClient
    contracts: MarketContracts
    metering_point: int

    async def point(self) -> PointFacts:
        """Return rating and first slot of the metering point."""
        query = self.contracts.registry.point_of(self.metering_point)
        found = await asyncio.to_thread(self.client.read, query)
        return PointFacts(found.limits, found.active_from)

    async def match(self, slot: DeliverySlot) -> Match:
        """Return what became of the orders for a slot."""
        return await asyncio.to_thread(self._match, slot)

    def _match(self, slot: DeliverySlot) -> Match:
        phase = self.client.read(self.contracts.auction.auction_of(slot)).phase
        if phase is AuctionPhase.OPEN:
            return Match(Stage.OPEN)
        if phase in _VOID:
            return Match(Stage.VOID)
        if phase is AuctionPhase.CLEARED:
            return Match(Stage.MATCHED, self._fills(slot))
        if phase is AuctionPhase.BOOKED:
            held = self.client.read(self.contracts.ledger.position_of(slot, self.metering_point))
            return Match(Stage.MATCHED, Position(sold=held.sold, bought=held.bought))
        return Match(Stage.PENDING)

    def _fills(self, slot: DeliverySlot) -> Position:
        """Add up the fills of the home's own orders.

        They are known once the slot is cleared, booked or not.
        """
        orders = self.client.read_many(
            [self.contracts.auction.order_of(slot, order_id) for order_id in self._own_orders(slot)]
        )
        filled = {side: sum(o.filled for o in orders if o.side is side) for side in Side}
        return Position(WattHours(filled[Side.SELL]), WattHours(filled[Side.BUY]))

    def _own_orders(self, slot: DeliverySlot) -> list[int]:
        auction = self.contracts.auction
        topic = next(d for d, event in auction.abi.events.items() if event.name == _SUBMITTED)
        words = [number.to_bytes(32, "big") for number in (slot, self.metering_point)]
        head = self.client.head()
        first = max(0, head - LARGEST_LOG_RANGE + 1)
        logs = self.client.logs_between(first, head, [auction.address], [topic, *words])
        return [integer(event.args, "orderId") for event in self.contracts.decode_all(logs)]


@dataclass(slots=True)
class OutboxOrders:
    """Places orders through the outbox of the home's account."""

    sender: OutboxSender
    contracts: MarketContracts
    metering_point: int
    clock: Clock
    problem: str | None = field(init=False, default=None)
    _is_idle: bool = field(init=False, default=False)

    async def place(self, key: str, slot: DeliverySlot, draft: DraftOrder) -> None:
        """Put an order into the outbox and hand it over once; `run` repeats that until it is mined.

        A wish for an origin is not part of the order: the call auction of this product has one
        pool.
        """
        call = self.contracts.auction.submit(
            slot, self.metering_point, draft.side, draft.limit, draft.energy
        )
        await asyncio.to_thread(self.sender.submit, key, call)
        self._is_idle = False
        await self._pump()

    async def withdraw(self, key: str) -> bool:
        """Take an order back that was not sent yet."""
        return await asyncio.to_thread(self.sender.outbox.withdraw, key)

    async def refusal(self, key: str) -> str | None:
        """Return why a contract refused an order."""
        entry = await asyncio.to_thread(self.sender.outbox.get, key)
        return None if entry is None or entry.refusal is None else str(entry.refusal)

    async def run(self) -> None:
        """Look after the outbox until cancelled, also after what an earlier life left in it."""
        while True:
            if not self._is_idle:
                await self._pump()
            await self.clock.wait_until(self.clock.now() + 1)

    async def _pump(self) -> None:
        try:
            progress = await asyncio.to_thread(self.sender.pump)
        except ChainError as error:
            # The outbox keeps the call; the next round tries again.
            self.problem = str(error)
            return
        self._is_idle = progress.is_idle
        self.problem = next(iter(progress.problems.values()), None)


def order_key(slot: DeliverySlot, point: int, step: int) -> str:
    """Return the idempotency key of a policy's `step`-th order for a slot."""
    return f"order:{slot}:{point}:{step}"
