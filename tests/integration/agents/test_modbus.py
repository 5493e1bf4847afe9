"""A home that commands and reads devices with physics behind them, over real Modbus TCP."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from adapters.registry import DeviceRegistry
from adapters.simulated import (
    Battery,
    EnergySeries,
    HomePlan,
    SimulatedHome,
    demo_time,
)
from adapters.simulated import Site as SimulatedSite
from node.agents.site import Site
from node.domain.slots import DeliverySlot

if TYPE_CHECKING:
    from tests.integration.agents.conftest import MakeWorld, World

SLOT = DeliverySlot(1_000_000)
CALENDAR = 1_660_791_600
PLAN = HomePlan(
    name="home-7",
    site=SimulatedSite(
        load=EnergySeries(CALENDAR, [250]),
        pv=EnergySeries(CALENDAR, [600]),
        battery=Battery(
            capacity_wh=10_000, max_charge_w=3000, max_discharge_w=3000, floor_permille=0
        ),
        inverter_w=5900,
    ),
    import_start_wh=1_234_567,
)


def slot(number: int) -> DeliverySlot:
    return DeliverySlot(SLOT + 10 * number)


@pytest.fixture
def world(make_world: "MakeWorld") -> "World":
    return make_world(watch=5)


@pytest.fixture
async def devices(world: "World") -> AsyncIterator[SimulatedHome]:
    time = demo_time(world.clock.now(), CALENDAR, slot_seconds=10)
    async with SimulatedHome(PLAN, world.clock, time, latch_seconds=10) as running:
        registry = DeviceRegistry()
        meter = registry.meter(f"{running.urls.meter}&timeout=0.3")
        inverter = registry.inverter(f"{running.urls.inverter}&timeout=0.3")
        world.site = Site(meter, inverter)
        yield running
        await world.site.close()


@pytest.mark.spec("C-03", "C-28", "C-34", "C-35", "C-36", "C-37", "F-21", "F-33")
async def test_what_was_matched_is_what_the_meter_proves(
    world: "World", devices: SimulatedHome
) -> None:
    world.market.matched(SLOT, sold=1200)
    world.market.matched(slot(1), bought=300)
    world.market.matched(slot(2))
    async with world.home():
        await world.pass_time(SLOT + 32)

    readings = {one: world.hub.taken[one].reading for one in sorted(world.hub.taken)}
    assert [(r.import_wh, r.export_wh) for r in readings.values()][2:] == [
        (0, 1200),
        (300, 0),
        (0, 0),
    ]
    assert readings[SLOT].import_start == 1_234_567
    assert devices.simulation.totals.exported == devices.simulation.totals.imported + (
        (1200 - 300) * 3_600_000
    )


@pytest.mark.spec("C-30", "C-31")
async def test_a_home_sees_generation_and_demand_apart_from_battery_and_market(
    world: "World", devices: SimulatedHome
) -> None:
    assert devices.urls.inverter
    world.market.matched(SLOT, sold=1200)
    async with world.home() as home:
        await world.pass_time(SLOT + 11)
        seen = home.forecaster.history[SLOT]

    assert (seen.pv_wh, seen.demand_wh) == (600, 250)
    bids = {draft.energy for of, draft in world.market.placed.values() if of == slot(1)}
    assert bids


@pytest.mark.spec("C-28", "C-34")
async def test_a_home_that_loses_its_inverter_leaves_no_set_point_behind(
    world: "World", devices: SimulatedHome
) -> None:
    world.market.matched(SLOT, sold=1200)
    world.market.matched(slot(1), sold=1200)
    async with world.home() as home:
        await world.pass_time(SLOT + 2)
        devices.inverter_faults.silent = True
        await world.pass_time(SLOT + 11)
        assert "no answer" in str(home.status()["problems"])

        command, _ = devices.simulation.commanded()
        assert not command.enabled

    reading = world.hub.taken[SLOT].reading
    assert (reading.import_wh, reading.export_wh) == (0, 1200)


@pytest.mark.spec("C-28", "C-30")
async def test_a_solar_plant_follows_the_sun_although_it_is_held_to_what_it_sold(
    world: "World",
) -> None:
    rising = EnergySeries(CALENDAR, [0, 0, 200, 400, 800, 1600, *[2000] * 20])
    plant = HomePlan(
        name="plant",
        site=SimulatedSite(load=EnergySeries(CALENDAR, [0]), pv=rising, inverter_w=5900),
    )
    time = demo_time(world.clock.now(), CALENDAR, slot_seconds=10)
    async with SimulatedHome(plant, world.clock, time, latch_seconds=10) as devices:
        registry = DeviceRegistry()
        assert devices.urls.inverter is not None
        world.site = Site(
            registry.meter(devices.urls.meter), registry.inverter(devices.urls.inverter)
        )
        async with world.home():
            while world.clock.now() < SLOT + 140:
                await world.pass_time(world.clock.now() + 1)
                sell_all_that_was_offered(world)
        await world.site.close()

    offered = {n: world.market.placed[f"order:{slot(n)}:7:0"][1].energy for n in range(2, 14)}
    assert offered[2] == 200
    assert offered[3] == 400
    assert 1900 <= max(offered.values()) <= 3000


def sell_all_that_was_offered(world: "World") -> None:
    """Match every offer in full, as a market with many buyers does."""
    for of, draft in world.market.placed.values():
        world.market.matched(of, sold=draft.energy)
