"""Makes a home deliver what was matched, and nothing else (C-03, C-28, C-34, C-35).

The result of a slot is fetched before it starts; its set-point is armed at its first second with a
revert time that ends with the slot. So no set-point ever holds outside the slot that it was matched
for, also when the home dies in it, and a slot whose result is not known is left to the device's own
default. So is a slot for which nothing was matched: there is nothing to deliver, what the sun gives
beyond the home's own needs goes out at the imbalance price, and the home sees how much that is.
"""

from dataclasses import dataclass, field

from node.agents.forecast import Forecaster, Samples, without_limit
from node.agents.journal import Journal
from node.agents.market import MarketView, Match, Stage
from node.agents.site import Notes, Site
from node.agents.trading import Habits
from node.domain.clock import Clock
from node.domain.devices import Inverter
from node.domain.matching import Position
from node.domain.plan import setpoint
from node.domain.slots import DeliverySlot, Product
from node.domain.units import Watts

#: Shortest set-point that is worth arming: devices count whole seconds and read back what they were
#: given.
SHORTEST_SETPOINT_SECONDS = 2

#: Results that are kept: those of the slots ahead and of the one that runs.
_FINAL = (Stage.MATCHED, Stage.VOID)


@dataclass(slots=True)
class Delivery:
    """Looks after the inverter of one home, slot by slot."""

    product: Product
    clock: Clock
    market: MarketView
    journal: Journal
    site: Site
    forecaster: Forecaster
    habits: Habits
    notes: Notes
    schedule: dict[DeliverySlot, Match] = field(default_factory=dict)
    _armed: Watts | None = field(init=False, default=None)

    async def run(self) -> None:
        """Go through one slot after the other until cancelled."""
        while True:
            await self.through(self.product.slot_at(self.clock.now()))

    async def through(self, slot: DeliverySlot) -> None:
        """Look after one slot until it is over, from wherever in it the clock stands."""
        samples = Samples()
        self._armed = None
        end = self.product.slot_end(slot)
        while self.clock.now() < end:
            await self.watch(slot, samples)
            await self.clock.wait_until(min(self.clock.now() + self.habits.watch, end))
        self._learn(slot, samples)

    async def watch(self, slot: DeliverySlot, samples: Samples) -> None:
        """Hold the slot's set-point, take a look, and fetch the results of the slots ahead."""
        match = self.schedule.get(slot)
        if match is None:
            # Not fetched in time: better late than never, for the rest of the slot.
            match = await self._fetch(slot)
        if self.site.inverter is not None:
            with self.notes.trying("set-point"):
                await self._command(self.site.inverter, slot, match)
        with self.notes.trying("devices"):
            look = await self.site.look()
            samples.add(look.pv_w, look.battery_w, look.net_export_w, is_limited=look.is_limited)
        await self._fetch_ahead(slot)

    async def _command(self, inverter: Inverter, slot: DeliverySlot, match: Match | None) -> None:
        if match is None or not _has_units(match):
            if (await inverter.state()).setpoint_w is not None:
                await inverter.release()
            return
        if self._armed is not None and (await inverter.state()).setpoint_w == self._armed:
            return
        left = self.product.slot_end(slot) - self.clock.now()
        if left >= SHORTEST_SETPOINT_SECONDS:
            await inverter.arm(setpoint(match.position, self.habits.physical_seconds), left)
            # What the device took, which its ratings may have cut.
            self._armed = (await inverter.state()).setpoint_w

    async def _fetch_ahead(self, slot: DeliverySlot) -> None:
        now = self.clock.now()
        first = self.product.next_slot(slot)
        for ahead in self.product.slots_between(first, now + self.product.call_lead + 1):
            if ahead not in self.schedule:
                await self._fetch(ahead)
        for past in [one for one in self.schedule if one < slot]:
            del self.schedule[past]

    async def _fetch(self, slot: DeliverySlot) -> Match | None:
        with self.notes.trying("results"):
            match = await self.market.match(slot)
            if match.stage in _FINAL:
                self.schedule[slot] = match
                return match
        return None

    def _learn(self, slot: DeliverySlot, samples: Samples) -> None:
        observed = samples.observed(self.habits.physical_seconds)
        if observed is None:
            return
        if samples.is_limited and slot in self.schedule:
            expected = self.forecaster.expect(slot, slot, observed)
            sold = self.schedule[slot].position.net_export
            observed = without_limit(observed, expected, sold)
        self.forecaster.learn(slot, observed)
        self.journal.observe(slot, observed)


def _has_units(match: Match) -> bool:
    return match.stage is Stage.MATCHED and match.position != Position()
