"""`yuimaru devices`: simulated homes whose meters and inverters answer over Modbus TCP."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def devices(
    folder: Annotated[
        Path, typer.Argument(help="Neighbourhood to simulate; see `yuimaru sample`.")
    ],
    urls: Annotated[Path, typer.Option(help="File to write the device URLs to, as JSON.")],
    slot_seconds: Annotated[int, typer.Option(min=1, help="Length of a delivery slot.")] = 1800,
    first_half_hour: Annotated[
        int, typer.Option(min=0, max=47, help="Half hour of the day that the first slot carries.")
    ] = 0,
) -> None:
    """Start one meter, and one inverter where there is sun or a battery, per participant; runs until stopped.

    Each slot carries a half hour of the files, so that with short slots the physics runs faster than the clock.
    """
    from adapters.simulated import SimulatedNeighbourhood, demo_time, plans_of
    from node.cli.neighbourhoods import read_neighbourhood
    from node.cli.output import say
    from node.cli.runtime import run_until_told
    from node.cli.workspace import write_text
    from node.domain.clock import SystemClock

    neighbourhood = read_neighbourhood(folder)
    clock = SystemClock()
    calendar = neighbourhood.slots[0] + first_half_hour * 1800
    time = demo_time(clock.now(), calendar, slot_seconds=slot_seconds)

    async def main(stop: asyncio.Event) -> None:
        import json

        plans = plans_of(neighbourhood)
        async with SimulatedNeighbourhood(
            plans, clock, time, latch_seconds=slot_seconds
        ) as running:
            found = {
                name: {"meter": home.meter, "inverter": home.inverter}
                for name, home in running.urls.items()
            }
            write_text(urls, json.dumps(found, indent=2) + "\n")
            say(f"{len(found)} homes answer; their device URLs are in {urls}")
            await stop.wait()

    run_until_told(main)
