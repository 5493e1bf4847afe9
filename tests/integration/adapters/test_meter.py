"""A meter read over a real socket: registers, latched registers, scale factors."""

import pytest

from adapters.modbus.errors import DeviceClosedError, ModelMissingError
from adapters.modbus.meter import ModbusMeter
from adapters.registry import DeviceRegistry
from adapters.simulated import EnergySeries, HomePlan, SimulatedHome, Site, demo_time
from adapters.simulated.series import MJ_PER_WH
from node.domain.clock import VirtualClock
from node.domain.devices import RegisterReading
from node.domain.errors import RegistersNotHeldError
from node.domain.units import WattHours, Watts

START = 1_700_000_000
SLOT = 10
CALENDAR = 1_660_791_600


@pytest.fixture
def plan() -> HomePlan:
    """A home without a battery: what it exports is what the series say."""
    return HomePlan(
        name="home-2",
        site=Site(
            load=EnergySeries(CALENDAR, [300, 900, 200]),
            pv=EnergySeries(CALENDAR, [1000, 400, 0]),
            inverter_w=5900,
        ),
        import_start_wh=5000,
        export_start_wh=7000,
    )


@pytest.mark.spec("B-12", "B-15", "F-21")
async def test_the_registers_show_what_has_passed_the_connection_point(
    clock: VirtualClock, meter: ModbusMeter
) -> None:
    first = await meter.registers()
    clock.advance_to(START + SLOT)
    second = await meter.registers()

    assert first == RegisterReading(WattHours(5000), WattHours(7000), Watts(1400))
    assert second == RegisterReading(WattHours(5000), WattHours(7700), Watts(-1000))


@pytest.mark.spec("B-11")
async def test_a_late_reading_of_a_boundary_is_exact(
    clock: VirtualClock, meter: ModbusMeter, home: SimulatedHome
) -> None:
    clock.advance_to(START + 2 * SLOT + 3)

    opening = await meter.registers_at(START + SLOT)
    closing = await meter.registers_at(START + 2 * SLOT)

    assert opening == RegisterReading(WattHours(5000), WattHours(7700), Watts(1400), at=START + 10)
    assert closing == RegisterReading(WattHours(5500), WattHours(7700), Watts(-1000), at=START + 20)
    assert [latch.import_wh for latch in home.simulation.registers.latches] == [5000, 5000, 5500]


@pytest.mark.spec("B-11", "B-12")
async def test_latched_registers_of_all_slots_add_up_to_what_flowed(
    clock: VirtualClock, meter: ModbusMeter, home: SimulatedHome
) -> None:
    energies = []
    for end in range(START + SLOT, START + 40 * SLOT, SLOT):
        clock.advance_to(end + 1)
        opening = await meter.registers_at(end - SLOT)
        closing = await meter.registers_at(end)
        exported = closing.export_wh - opening.export_wh
        energies.append(exported - (closing.import_wh - opening.import_wh))

    assert energies == [700, -500, -200] * 13
    flowed = home.simulation.totals
    last_second = (flowed.exported - flowed.imported) - sum(energies) * MJ_PER_WH
    assert abs(last_second) < 2000 * 1000 * 180


async def test_a_boundary_that_has_not_come_yet_is_not_held(
    clock: VirtualClock, meter: ModbusMeter
) -> None:
    clock.advance_to(START + SLOT)

    with pytest.raises(RegistersNotHeldError) as refused:
        await meter.registers_at(START + 2 * SLOT)

    assert refused.value.boundary == START + 2 * SLOT
    assert refused.value.held == (START, START + SLOT)


async def test_a_boundary_that_was_dropped_is_not_held_and_the_rest_still_is(
    clock: VirtualClock, meter: ModbusMeter
) -> None:
    clock.advance_to(START + 48 * SLOT)

    with pytest.raises(RegistersNotHeldError) as refused:
        await meter.registers_at(START)

    assert refused.value.held == (START + SLOT, START + 48 * SLOT)
    assert (await meter.registers_at(START + SLOT)).at == START + SLOT


async def test_an_instant_that_is_no_boundary_is_not_held(
    clock: VirtualClock, meter: ModbusMeter
) -> None:
    clock.advance_to(START + 5 * SLOT)

    with pytest.raises(RegistersNotHeldError):
        await meter.registers_at(START + SLOT + 1)


@pytest.mark.parametrize("exponent", [-2, -1, 1, 2])
async def test_the_scale_factor_is_read_anew_with_each_value(
    home: SimulatedHome, meter: ModbusMeter, exponent: int
) -> None:
    before = await meter.registers()

    home.meter.energy_exponent = exponent
    after = await meter.registers()

    step = 10 ** max(0, exponent)
    assert after.import_wh == before.import_wh // step * step
    assert after.export_wh == before.export_wh // step * step


async def test_a_large_power_comes_with_a_scale_factor(clock: VirtualClock) -> None:
    site = Site(load=EnergySeries(CALENDAR, [123_456]))
    time = demo_time(START, CALENDAR, slot_seconds=SLOT)
    plan = HomePlan(name="works", site=site)
    async with SimulatedHome(plan, clock, time, latch_seconds=SLOT) as works:
        meter = DeviceRegistry().meter(works.urls.meter)

        assert (await meter.registers()).power_w == -246_910
        await meter.close()


async def test_a_meter_that_was_reset_shows_less_than_before(
    clock: VirtualClock, home: SimulatedHome, meter: ModbusMeter
) -> None:
    clock.advance_to(START + SLOT)
    before = await meter.registers()

    home.simulation.registers.reset()
    after = await meter.registers()

    assert (before.import_wh, after.import_wh, after.export_wh) == (5000, 0, 0)
    with pytest.raises(RegistersNotHeldError) as refused:
        await meter.registers_at(START + SLOT)
    assert refused.value.held is None


async def test_a_stuck_meter_goes_on_showing_its_last_registers(
    clock: VirtualClock, home: SimulatedHome, meter: ModbusMeter
) -> None:
    before = await meter.registers()
    home.meter_faults.stuck = True

    clock.advance_to(START + SLOT)

    assert await meter.registers() == before


async def test_an_inverter_is_no_meter(home: SimulatedHome) -> None:
    url = str(home.urls.inverter).replace("role=inverter", "role=meter")
    meter = DeviceRegistry().meter(url)

    with pytest.raises(ModelMissingError) as refused:
        await meter.registers()

    assert refused.value.wanted == (203, 204, 202, 201)
    assert refused.value.found == (1, 701, 702, 704, 714)
    assert url in str(refused.value)
    await meter.close()


async def test_a_closed_meter_is_read_no_more(meter: ModbusMeter) -> None:
    await meter.registers()
    await meter.close()
    await meter.close()

    with pytest.raises(DeviceClosedError):
        await meter.registers()
