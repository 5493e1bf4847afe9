"""Bids for each slot once, shortly before its call, by forecast and charge (C-29 to C-32)."""

from collections.abc import Callable
from dataclasses import dataclass

from node.agents.bidding import Bidder
from node.agents.forecast import Forecaster, Observed, net_of
from node.agents.journal import Journal
from node.agents.market import MarketView, OrderDesk, Stage, order_key
from node.agents.outlook import Stretch, expected_state
from node.agents.site import Notes, Site
from node.domain.clock import Clock
from node.domain.plan import PERMILLE, BatteryRules, battery_room
from node.domain.policies import DraftOrder, Policy, Situation
from node.domain.slots import DeliverySlot, Product
from node.domain.units import SenPerKwh

#: Returns what the exchange paid in the same slot a day earlier, None where that is not known.
ReferencePrice = Callable[[DeliverySlot], SenPerKwh | None]


@dataclass(frozen=True, slots=True)
class Habits:
    """How a home deals with time and battery.

    `physical_seconds` is what a slot carries. `bid_lead` seconds before call time the home bids;
    every `watch` seconds it looks after its devices.
    """

    physical_seconds: int
    bid_lead: int
    watch: int
    rules: BatteryRules = BatteryRules()  # noqa: RUF009 - frozen

    @classmethod
    def of(
        cls, product: Product, physical_seconds: int, bid_lead: int | None, rules: BatteryRules
    ) -> "Habits":
        """Return habits that suit a product.

        Bids a third of a slot before call time, ten minutes at most.
        """
        length = product.slot_seconds
        lead = min(600, max(1, length * 3 // 10)) if bid_lead is None else bid_lead
        return cls(physical_seconds, lead, min(60, max(1, length // 5)), rules)


@dataclass(slots=True)
class Trading:
    """The bidding of one home."""

    point: int
    product: Product
    clock: Clock
    market: MarketView
    desk: OrderDesk
    journal: Journal
    site: Site
    policy: Policy
    forecaster: Forecaster
    habits: Habits
    notes: Notes
    reference_price: ReferencePrice

    async def run(self) -> None:
        """Bid for one slot after the other until cancelled."""
        slot = self.first_slot(self.clock.now())
        while True:
            await self.clock.wait_until(self._bid_time(slot))
            await self.bid(slot)
            await self.clock.wait_until(self.product.call_time(slot))
            await self.close(slot)
            slot = self.product.next_slot(slot)

    def first_slot(self, now: int) -> DeliverySlot:
        """Return the nearest slot that still takes orders."""
        return next(iter(self.product.openable_slots(now)))

    async def bid(self, slot: DeliverySlot) -> None:
        """Bring the orders for a slot on their way; tries again until its call time."""
        while self.product.takes_orders(slot, self.clock.now()):
            with self.notes.trying("bidding"):
                if await self._bid(slot):
                    return
            await self.clock.wait_until(self.clock.now() + 1)

    async def close(self, slot: DeliverySlot) -> None:
        """Take back what could not be sent before call time, and note what the market refused."""
        for step, _ in enumerate(self.journal.drafts(slot) or ()):
            key = order_key(slot, self.point, step)
            with self.notes.trying("orders"):
                if await self.desk.withdraw(key):
                    self.notes.problems["last lost order"] = f"{key} was not sent before call time"
                elif (refusal := await self.desk.refusal(key)) is not None:
                    self.notes.problems["last refused order"] = f"{key}: {refusal}"

    async def _bid(self, slot: DeliverySlot) -> bool:
        if (await self.market.match(slot)).stage is not Stage.OPEN:
            return False
        drafts = self.journal.drafts(slot)
        if drafts is None:
            # Kept before the first goes out: a home that is restarted sends these and no others.
            drafts = self.journal.draft(slot, await self._draft(slot), self.clock.now())
        for step, draft in enumerate(drafts):
            await self.desk.place(order_key(slot, self.point, step), slot, draft)
        return True

    async def _draft(self, slot: DeliverySlot) -> tuple[DraftOrder, ...]:
        limits = (await self.market.point()).limits
        situation = await self.situation(slot)
        return Bidder(self.policy, limits, self.product).orders(situation)

    async def situation(self, slot: DeliverySlot) -> Situation:
        """Return what the policy looks at for a slot."""
        now = self.clock.now()
        look = await self.site.look()
        momentary = look.lasting(self.habits.physical_seconds)
        net_wh = net_of(self.forecaster.expect(slot, now, momentary))
        reference = self.reference_price(slot)
        if look.state is None or look.state.capacity_wh == 0:
            return Situation(net_wh, reference_price=reference)
        ahead = [
            await self._stretch(one, now, momentary)
            for one in self.product.slots_between(self.product.slot_at(now), slot)
        ]
        seconds, rules = self.habits.physical_seconds, self.habits.rules
        state = expected_state(look.state, ahead, rules, seconds)
        room = battery_room(state, rules, seconds)
        return Situation(net_wh, room, state.soc_percent, reference)

    async def _stretch(self, slot: DeliverySlot, now: int, momentary: Observed) -> Stretch:
        left = self.product.slot_end(slot) - max(now, slot)
        match = await self.market.match(slot)
        return Stretch(
            share=left * PERMILLE // self.product.slot_seconds,
            net_wh=net_of(self.forecaster.expect(slot, now, momentary)),
            net_export_wh=match.position.net_export if match.stage is Stage.MATCHED else None,
        )

    def _bid_time(self, slot: DeliverySlot) -> int:
        return self.product.call_time(slot) - self.habits.bid_lead
