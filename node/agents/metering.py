"""A signed reading of every slot, in order, also of those that passed without the home (C-36)."""

from dataclasses import dataclass

from node.agents.errors import RegisterFellError
from node.agents.gateway import Gateway
from node.agents.journal import Journal
from node.agents.market import MarketView
from node.agents.site import Notes
from node.domain.clock import Clock
from node.domain.devices import Meter
from node.domain.errors import RegistersNotHeldError
from node.domain.slots import DeliverySlot, Product

#: Days of observations that forecasts look back to, and one more.
OBSERVED_DAYS = 8


@dataclass(slots=True)
class Metering:
    """Reads the meter of one home at slot boundaries, strictly in order.

    Sequences rise with the slots.
    """

    product: Product
    clock: Clock
    market: MarketView
    journal: Journal
    meter: Meter
    gateway: Gateway
    notes: Notes

    async def run(self) -> None:
        """Meter one slot after the other until cancelled."""
        slot = await self._first_slot()
        while True:
            await self.clock.wait_until(self.product.slot_end(slot))
            await self.complete(slot)
            self._forget()
            slot = self.product.next_slot(slot)

    async def complete(self, slot: DeliverySlot) -> None:
        """Sign a slot's reading, or give the slot up when none can be made of it any more."""
        while not await self._try(slot):
            if self.clock.now() >= self.product.final_time(slot):
                self.journal.give_up(slot, "the meter did not answer before the slot was final")
                return
            await self.clock.wait_until(self.clock.now() + 1)

    async def _try(self, slot: DeliverySlot) -> bool:
        with self.notes.trying("meter"):
            try:
                opening = await self.meter.registers_at(slot)
                closing = await self.meter.registers_at(self.product.slot_end(slot))
                self.gateway.read(slot, opening, closing)
            except RegistersNotHeldError as error:
                if not self._is_lost(error):
                    raise
                self.journal.give_up(slot, str(error))
            except RegisterFellError as error:
                self.journal.give_up(slot, str(error))
            return True
        return False

    def _is_lost(self, error: RegistersNotHeldError) -> bool:
        """Whether the meter will never hold a boundary.

        It has later ones, or a whole slot has passed since.
        """
        if error.held is not None and error.held[1] > error.boundary:
            return True
        return self.clock.now() >= error.boundary + self.product.slot_seconds

    async def _first_slot(self) -> DeliverySlot:
        """Return the slot to begin with: after the last one, else the running one; never a final."""
        while True:
            with self.notes.trying("registry"):
                active_from = (await self.market.point()).active_from
                break
            await self.clock.wait_until(self.clock.now() + 1)
        now = self.clock.now()
        last = self.journal.last_metered()
        begin = self.product.slot_at(now) if last is None else self.product.next_slot(last)
        return max(begin, active_from, self._oldest_open(now))

    def _oldest_open(self, now: int) -> DeliverySlot:
        """Return the first slot that is not final."""
        return self.product.next_slot(self.product.slot_at(max(0, now - self._final_lag())))

    def _final_lag(self) -> int:
        return self.product.slot_seconds + self.product.correction_window

    def _forget(self) -> None:
        now = self.clock.now()
        final = self.product.slot_at(max(0, now - self._final_lag()))
        age = OBSERVED_DAYS * 48 * self.product.slot_seconds
        self.journal.forget_before(final, self.product.slot_at(max(0, now - age)))
