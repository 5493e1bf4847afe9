"""A home: one metering point and all that is done for it, driven by one clock (C-29 to C-37).

Its parts run side by side and share nothing but journal, forecast and schedule. Whatever one of
them needs and cannot get (a device, the hub, the chain) is noted and tried again; nothing that was
promised is lost by a restart.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from node.agents.delivery import Delivery
from node.agents.errors import HomeSetupError
from node.agents.forecast import Forecaster
from node.agents.forwarding import Forwarding, Hub
from node.agents.gateway import Gateway
from node.agents.hub_client import Registration
from node.agents.journal import Journal
from node.agents.market import MarketView, OrderDesk
from node.agents.metering import Metering
from node.agents.site import Notes, Site
from node.agents.trading import Habits, ReferencePrice, Trading
from node.chain.signing import Signer, SigningDomain
from node.domain.clock import Clock
from node.domain.policies import Policy
from node.domain.slots import DeliverySlot, Product
from node.domain.units import SenPerKwh

#: Columns of the forecast table that `status` shows, and notes about readings.
SHOWN_COLUMNS = 4
SHOWN_NOTES = 20


class Pump(Protocol):
    """Looks after an outbox."""

    async def run(self) -> None:
        """Work until cancelled."""
        ...


def no_reference_price(_: DeliverySlot) -> SenPerKwh | None:
    """Know no price of the exchange."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeParts:
    """Everything that a home is handed.

    `domain` is the signing domain of the meter oracle. `device_password` may be missing when
    `registration` is there.
    """

    point: int
    product: Product
    clock: Clock
    site: Site
    market: MarketView
    desk: OrderDesk
    hub: Hub
    journal: Journal
    gateway: Signer
    domain: SigningDomain
    policy: Policy
    habits: Habits
    device_id: str
    device_password: str | None = field(default=None, repr=False)
    registration: Registration | None = None
    reference_price: ReferencePrice = no_reference_price
    pumps: Sequence[Pump] = ()


class Home:
    """One home."""

    def __init__(self, parts: HomeParts) -> None:
        _check(parts)
        self._parts = parts
        self._notes = Notes()
        product, clock, journal = parts.product, parts.clock, parts.journal
        self.forecaster = Forecaster(product.slot_seconds, journal.observed())
        self.trading = Trading(
            parts.point,
            product,
            clock,
            parts.market,
            parts.desk,
            journal,
            parts.site,
            parts.policy,
            self.forecaster,
            parts.habits,
            self._notes,
            parts.reference_price,
        )
        self.delivery = Delivery(
            product,
            clock,
            parts.market,
            journal,
            parts.site,
            self.forecaster,
            parts.habits,
            self._notes,
        )
        gateway = Gateway(parts.point, parts.gateway, parts.domain, journal, product)
        self.metering = Metering(
            product, clock, parts.market, journal, parts.site.meter, gateway, self._notes
        )
        self.forwarding = Forwarding(
            parts.device_id,
            parts.device_password,
            parts.registration,
            parts.hub,
            journal,
            product,
            clock,
            self._notes,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Live until `stop` is set.

        An armed set-point is left to its end: what was sold in this slot is still owed.
        """
        parts = [
            self.delivery.run(),
            self.trading.run(),
            self.metering.run(),
            self.forwarding.run(),
            *(pump.run() for pump in self._parts.pumps),
        ]
        await run_until(stop, parts)

    def status(self) -> dict[str, object]:
        """Return how this home is, ready for JSON."""
        now, journal = self._parts.clock.now(), self._parts.journal
        first = self._parts.product.slot_at(now)
        last = first + SHOWN_COLUMNS * self._parts.product.slot_seconds
        table = self.forecaster.table(self._parts.product.slots_between(first, last), now)
        return {
            "point": self._parts.point,
            "now": now,
            "readings": journal.counts(),
            "last_metered": journal.last_metered(),
            "notes": [list(note) for note in journal.notes(SHOWN_NOTES)],
            "problems": dict(sorted(self._notes.problems.items())),
            "schedule": {
                str(slot): match.position.net_export
                for slot, match in sorted(self.delivery.schedule.items())
            },
            "forecast": [
                {"slot": one.slot, "pv_wh": one.pv_wh, "demand_wh": one.demand_wh}
                for one in table.columns
            ],
        }


async def run_until(stop: asyncio.Event, parts: Sequence[Coroutine[object, object, None]]) -> None:
    """Run parts side by side until `stop` is set.

    The first that fails ends all of them with its error.
    """
    tasks = [asyncio.create_task(part) for part in parts]
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (stopped, *tasks):
            task.cancel()
        await asyncio.wait({stopped, *tasks})
    for task in tasks:
        if not task.cancelled():
            task.result()


def _check(parts: HomeParts) -> None:
    lead, length = parts.habits.bid_lead, parts.product.slot_seconds
    if not 0 < lead < length:
        raise HomeSetupError(f"a bid lead of {lead} s is not 1 s to below the slot's {length} s")
    known = parts.device_password or parts.journal.password() or parts.registration
    if known is None:
        raise HomeSetupError(
            "the home has no password at the hub: give it the initial one, and it registers itself"
        )
