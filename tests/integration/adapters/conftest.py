"""A simulated home on a real socket, a clock that stands until it is moved, and a client's registry."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sunspec2.modbus.client import (  # type: ignore[import-untyped, unused-ignore]
    SunSpecModbusClientDeviceTCP,
)

from adapters.modbus.inverter import ModbusInverter
from adapters.modbus.meter import ModbusMeter
from adapters.registry import DeviceRegistry
from adapters.simulated import (
    Battery,
    EnergySeries,
    HomePlan,
    SimulatedHome,
    Site,
    demo_time,
)
from adapters.url import DeviceUrl
from node.domain.clock import VirtualClock

START = 1_700_000_000
SLOT = 10
CALENDAR = 1_660_791_600


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def plan() -> HomePlan:
    return HomePlan(
        name="home-1",
        site=Site(
            load=EnergySeries(CALENDAR, [250, 400]),
            pv=EnergySeries(CALENDAR, [1000, 700]),
            battery=Battery(
                capacity_wh=10_000, max_charge_w=3000, max_discharge_w=2500, floor_permille=0
            ),
            inverter_w=5900,
        ),
        import_start_wh=1_234_567,
        export_start_wh=89,
    )


@pytest.fixture
async def home(clock: VirtualClock, plan: HomePlan) -> AsyncIterator[SimulatedHome]:
    time = demo_time(START, CALENDAR, slot_seconds=SLOT)
    async with SimulatedHome(plan, clock, time, latch_seconds=SLOT) as running:
        yield running


@pytest.fixture
async def meter(home: SimulatedHome) -> AsyncIterator[ModbusMeter]:
    opened = DeviceRegistry().meter(f"{home.urls.meter}&timeout=0.3")
    assert isinstance(opened, ModbusMeter)
    yield opened
    await opened.close()


@pytest.fixture
async def inverter(home: SimulatedHome) -> AsyncIterator[ModbusInverter]:
    opened = DeviceRegistry().inverter(f"{home.urls.inverter}&timeout=0.3&import_limit_w=6000")
    assert isinstance(opened, ModbusInverter)
    yield opened
    await opened.close()


@pytest.fixture
async def pysunspec() -> AsyncIterator[Callable[[str], Any]]:
    """Return pysunspec2's own client at a URL, scanned: a peer that shares no code with ours."""
    opened: list[Any] = []

    def scan(text: str) -> Any:
        url = DeviceUrl.parse(text)
        client = SunSpecModbusClientDeviceTCP(int(url.path), url.host, url.port, timeout=2)
        opened.append(client)
        client.connect()
        client.scan(connect=False)
        return client

    async def connected(text: str) -> Any:
        return await asyncio.to_thread(scan, text)

    yield connected
    for client in opened:
        client.disconnect()
