"""`yuimaru devices`: simulated homes whose meters and inverters answer over Modbus TCP."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from adapters.simulated import SimulatedNeighbourhood


def devices(
    folder: Annotated[
        Path, typer.Argument(help="Neighbourhood to simulate; see `yuimaru sample`.")
    ],
    state: Annotated[
        Path, typer.Option(help="Folder for device URLs and what the devices remember.")
    ],
    slot_seconds: Annotated[int, typer.Option(min=1, help="Length of a delivery slot.")] = 1800,
    first_half_hour: Annotated[
        int, typer.Option(min=0, max=47, help="Half hour of the day that the first slot carries.")
    ] = 0,
) -> None:
    """Start one meter, and one inverter where there is sun or a battery, per participant; runs until stopped.

    Each slot carries a half hour of the files, so that with short slots the physics runs faster than the clock. Started
    again on the same state, the devices answer at the same addresses and go on where they would have been.
    """
    from node.cli.output import say
    from node.cli.runtime import run_until_told
    from node.cli.workspace import write_text

    async def main(stop: asyncio.Event) -> None:
        told = state / "devices.json"
        neighbourhood, origin = _assemble(folder, told, slot_seconds, first_half_hour)
        async with neighbourhood as running:
            homes = {
                name: {"meter": urls.meter, "inverter": urls.inverter}
                for name, urls in running.urls.items()
            }
            write_text(told, json.dumps({**origin, "homes": homes}, indent=2) + "\n")
            say(f"{len(homes)} homes answer; their device URLs are in {told}")
            await stop.wait()

    run_until_told(main)


def _assemble(
    folder: Path, told: Path, slot_seconds: int, first_half_hour: int
) -> "tuple[SimulatedNeighbourhood, dict[str, int]]":
    """Return the homes, and the instant of the clock from which on the calendar runs."""
    from dataclasses import replace
    from fractions import Fraction

    from adapters.simulated import SimulatedNeighbourhood, SimulatedTime, demo_time, plans_of
    from node.cli.neighbourhoods import read_neighbourhood
    from node.domain.clock import SystemClock
    from node.domain.slots import HALF_HOURS

    clock = SystemClock()
    neighbourhood = read_neighbourhood(folder)
    plans = plans_of(neighbourhood)
    if told.exists():
        before = json.loads(told.read_text(encoding="utf-8"))
        speed = Fraction(HALF_HOURS.slot_seconds, slot_seconds)
        time = SimulatedTime(origin=before["origin"], start=before["calendar"], speed=speed)
        plans = tuple(
            replace(plan, port=_port(before["homes"][plan.name]["meter"])) for plan in plans
        )
    else:
        calendar = neighbourhood.slots[0] + first_half_hour * HALF_HOURS.slot_seconds
        time = demo_time(clock.now(), calendar, slot_seconds=slot_seconds)
    memory = told.parent / "memory"
    homes = SimulatedNeighbourhood(plans, clock, time, latch_seconds=slot_seconds, memory=memory)
    return homes, {"origin": time.origin, "calendar": time.start}


def _port(url: str) -> int:
    from urllib.parse import urlsplit

    return urlsplit(url).port or 0
