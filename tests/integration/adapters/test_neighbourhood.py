"""Many homes in one process, each with devices of its own, and what a client of them weighs."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.registry import DeviceRegistry
from adapters.simulated import (
    EnergySeries,
    HomePlan,
    PortTakenError,
    SimulatedNeighbourhood,
    Site,
    demo_time,
    plans_of,
)
from node.domain.clock import VirtualClock
from node.domain.neighbourhood import parse_neighbourhood
from node.domain.sample import SampleSize, sample_neighbourhood
from node.domain.units import Watts

START = 1_700_000_000
SLOT = 10

#: What a process that speaks to devices may weigh before it does anything else.
LARGEST_CLIENT_MB = 45

WEIGH = """
import asyncio, re, sys
from adapters.registry import DeviceRegistry

async def main() -> None:
    devices = DeviceRegistry()
    await devices.meter(sys.argv[1]).registers()
    await devices.inverter(sys.argv[2]).state()
    status = open("/proc/self/status").read()
    print(int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) // 1024)

asyncio.run(main())
"""


def neighbourhood(clock: VirtualClock, homes: int) -> SimulatedNeighbourhood:
    filed = parse_neighbourhood(sample_neighbourhood(3, SampleSize(homes=homes, days=1)))
    noon = filed.slots[24]
    time = demo_time(clock.now(), noon, slot_seconds=SLOT)
    return SimulatedNeighbourhood(plans_of(filed), clock, time, latch_seconds=SLOT)


@pytest.mark.spec("C-37")
async def test_thirty_homes_answer_from_one_process_each_with_its_own_registers() -> None:
    clock = VirtualClock(START)
    filed = parse_neighbourhood(sample_neighbourhood(3, SampleSize(homes=30, days=1)))
    async with neighbourhood(clock, 30) as running:
        devices = DeviceRegistry()
        meters = {name: devices.meter(urls.meter) for name, urls in running.urls.items()}
        clock.advance_to(START + SLOT)

        async def exported(name: str) -> int:
            opening = await meters[name].registers_at(START)
            closing = await meters[name].registers_at(START + SLOT)
            return closing.export_wh - opening.export_wh - (closing.import_wh - opening.import_wh)

        net = dict(zip(meters, await asyncio.gather(*map(exported, meters)), strict=True))
        for meter in meters.values():
            await meter.close()

    assert len(net) == 32
    for plan in plans_of(filed):
        if plan.site.battery is None:
            assert net[plan.name] == filed.net_wh(plan.name, filed.slots[24]), plan.name


async def test_a_command_to_one_home_leaves_the_others_alone() -> None:
    clock = VirtualClock(START)
    async with neighbourhood(clock, 6) as running:
        urls = [urls.inverter for urls in running.urls.values() if urls.inverter]
        devices = DeviceRegistry()
        inverters = [devices.inverter(url) for url in urls]

        await inverters[0].arm(Watts(100), 60)

        setpoints = [(await inverter.state()).setpoint_w for inverter in inverters]
        for inverter in inverters:
            await inverter.close()
    assert setpoints == [100, *[None] * (len(inverters) - 1)]
    assert len(inverters) > 2


async def test_consumers_have_a_meter_and_no_inverter() -> None:
    async with neighbourhood(VirtualClock(START), 10) as running:
        for name, urls in running.urls.items():
            assert (urls.inverter is None) == (running.homes[name].plan.site.inverter_w == 0)


async def test_a_port_that_is_taken_is_named_and_nothing_stays_behind() -> None:
    clock = VirtualClock(START)
    time = demo_time(START, START, slot_seconds=SLOT)
    site = Site(load=EnergySeries(START, [1]))
    first = HomePlan(name="a", site=site)
    async with SimulatedNeighbourhood([first], clock, time, latch_seconds=SLOT) as running:
        port = int(running.urls["a"].meter.split(":")[2].split("/")[0])
        free, taken = HomePlan(name="b", site=site), HomePlan(name="c", site=site, port=port)
        second = SimulatedNeighbourhood([free, taken], clock, time, latch_seconds=SLOT)

        with pytest.raises(PortTakenError) as refused:
            async with second:
                pass

    assert refused.value.port == port
    assert second.homes["b"].connections == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
async def test_a_client_of_meter_and_inverter_stays_small() -> None:
    async with neighbourhood(VirtualClock(START), 6) as running:
        urls = next(urls for urls in running.urls.values() if urls.inverter)
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WEIGH, urls.meter, str(urls.inverter), stdout=subprocess.PIPE
        )
        said, _ = await asyncio.wait_for(client.communicate(), timeout=30)

    assert int(said) < LARGEST_CLIENT_MB
