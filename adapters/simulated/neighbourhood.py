"""Many simulated homes in one process, and the time that they live in."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from fractions import Fraction
from pathlib import Path
from typing import Final, Self

from adapters.simulated.plans import HomePlan
from adapters.simulated.server import LOOPBACK, DeviceUrls, SimulatedHome
from adapters.simulated.simulation import SimulatedTime
from node.domain.clock import Clock

#: Seconds of the simulated calendar that a slot carries: a half hour.
CARRIED_SECONDS: Final = 1800


class SimulatedNeighbourhood:
    """Simulated homes, started and stopped together; `urls` tells where their devices answer.

    `memory` is a folder in which their devices keep their state; see `SimulatedHome`.
    """

    def __init__(
        self,
        plans: Sequence[HomePlan],
        clock: Clock,
        time: SimulatedTime,
        *,
        latch_seconds: int,
        host: str = LOOPBACK,
        memory: Path | None = None,
    ) -> None:
        self.homes = {
            plan.name: SimulatedHome(
                plan,
                clock,
                time,
                latch_seconds=latch_seconds,
                host=host,
                memory=memory and memory / f"{plan.name}.json",
            )
            for plan in plans
        }
        self._running = AsyncExitStack()

    @property
    def urls(self) -> dict[str, DeviceUrls]:
        """Return the device URLs by name of the home."""
        return {name: home.urls for name, home in self.homes.items()}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as starting:
            for home in self.homes.values():
                await starting.enter_async_context(home)
            self._running = starting.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.aclose()


def demo_time(
    now: int, calendar: int, *, slot_seconds: int, carried_seconds: int = CARRIED_SECONDS
) -> SimulatedTime:
    """Let each slot of the clock carry `carried_seconds` of the calendar.

    The slot in which `now` lies carries those that begin at `calendar`.
    """
    return SimulatedTime(
        origin=now - now % slot_seconds,
        start=calendar,
        speed=Fraction(carried_seconds, slot_seconds),
    )
