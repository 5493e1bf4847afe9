"""An inverter commanded over a real socket: set-point, revert, limits, refusals."""

import asyncio
import subprocess
import sys

import pytest
from pymodbus.client import AsyncModbusTcpClient

from adapters.modbus.errors import ReadBackMismatchError, RevertTimeError, WriteRefusedError
from adapters.modbus.inverter import ModbusInverter
from adapters.modbus.meter import ModbusMeter
from adapters.registry import DeviceRegistry
from adapters.simulated import HomePlan, SimulatedHome, Site, demo_time
from adapters.sunspec import DER_CONTROL, layout
from adapters.url import DeviceUrl
from node.domain.clock import VirtualClock
from node.domain.devices import InverterState
from node.domain.errors import SetpointRefusedError
from node.domain.units import WattHours, Watts

START = 1_700_000_000
SLOT = 10
CALENDAR = 1_660_791_600

ARM_AND_WAIT = """
import asyncio, sys
from adapters.registry import DeviceRegistry
from node.domain.units import Watts

async def main() -> None:
    await DeviceRegistry().inverter(sys.argv[1]).arm(Watts(1200), 8)
    print("armed", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def control_register(name: str) -> int:
    """The address of a point of model 704 as the map has it: after the models 1, 701 and 702."""
    before = sum(layout(model).length + 2 for model in (1, 701, 702))
    return 40002 + before + layout(DER_CONTROL).points[name].offset


async def test_the_state_names_battery_sun_and_limits(inverter: ModbusInverter) -> None:
    assert await inverter.state() == InverterState(
        soc_permille=500,
        power_w=Watts(500),
        max_charge_w=Watts(3000),
        max_discharge_w=Watts(2500),
        capacity_wh=WattHours(10_000),
        pv_power_w=Watts(2000),
        battery_power_w=Watts(-1500),
        setpoint_w=None,
    )


@pytest.mark.spec("C-05", "C-28", "C-34", "F-33")
async def test_an_armed_slot_delivers_its_set_point_to_the_wh(
    clock: VirtualClock, inverter: ModbusInverter, meter: ModbusMeter
) -> None:
    clock.advance_to(START + SLOT)
    await inverter.arm(Watts(2400), SLOT)
    state = await inverter.state()
    clock.advance_to(START + 2 * SLOT)

    opening = await meter.registers_at(START + SLOT)
    closing = await meter.registers_at(START + 2 * SLOT)

    assert state.setpoint_w == 2400
    assert closing.export_wh - opening.export_wh == 1200
    assert closing.import_wh == opening.import_wh


@pytest.mark.spec("C-28")
async def test_a_negative_set_point_draws_from_the_grid_and_charges(
    inverter: ModbusInverter, meter: ModbusMeter
) -> None:
    await inverter.arm(Watts(-1000), 60)

    state = await inverter.state()

    assert (state.setpoint_w, state.battery_power_w) == (-1000, -2500)
    assert (await meter.registers()).power_w == -1000


@pytest.mark.spec("C-34")
async def test_the_device_lets_go_when_the_revert_time_is_over(
    clock: VirtualClock, inverter: ModbusInverter
) -> None:
    await inverter.arm(Watts(1000), 8)
    clock.advance_to(START + 7)
    held = await inverter.state()
    clock.advance_to(START + 8)

    assert held.setpoint_w == 1000
    assert (await inverter.state()).setpoint_w is None


@pytest.mark.spec("C-34")
async def test_arming_again_replaces_the_set_point_and_its_time(
    clock: VirtualClock, inverter: ModbusInverter
) -> None:
    await inverter.arm(Watts(1000), 8)
    clock.advance_to(START + 5)
    await inverter.arm(Watts(-300), 8)
    clock.advance_to(START + 12)
    held = await inverter.state()
    clock.advance_to(START + 13)

    assert held.setpoint_w == -300
    assert (await inverter.state()).setpoint_w is None


async def test_a_released_set_point_is_gone_at_once(inverter: ModbusInverter) -> None:
    await inverter.arm(Watts(1000), 60)

    await inverter.release()
    await inverter.release()

    assert (await inverter.state()).setpoint_w is None


@pytest.mark.spec("C-34", "C-37")
async def test_a_home_that_is_killed_loses_its_set_point(
    clock: VirtualClock, home: SimulatedHome, inverter: ModbusInverter
) -> None:
    dying = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ARM_AND_WAIT, str(home.urls.inverter), stdout=subprocess.PIPE
    )
    assert dying.stdout is not None
    said = await asyncio.wait_for(dying.stdout.readline(), timeout=30)
    dying.kill()
    await dying.communicate()
    left_behind = await inverter.state()

    clock.advance_to(START + 8)

    assert (said, left_behind.setpoint_w) == (b"armed\n", 1200)
    assert (await inverter.state()).setpoint_w is None


@pytest.mark.parametrize(("asked", "armed"), [(99_999, 5900), (-99_999, -6000), (5900, 5900)])
async def test_a_set_point_is_kept_within_what_the_devices_are_rated_for(
    inverter: ModbusInverter, asked: int, armed: int
) -> None:
    await inverter.arm(Watts(asked), 60)

    assert (await inverter.state()).setpoint_w == armed


@pytest.mark.parametrize(("asked", "armed"), [(99_999, 5900), (-99_999, -99_999)])
async def test_no_rating_bounds_the_import_of_a_house_unless_the_url_says_so(
    home: SimulatedHome, asked: int, armed: int
) -> None:
    inverter = DeviceRegistry().inverter(str(home.urls.inverter))

    await inverter.arm(Watts(asked), 60)

    assert (await inverter.state()).setpoint_w == armed
    await inverter.close()


async def test_a_set_point_that_the_register_cannot_hold_is_refused(
    home: SimulatedHome,
) -> None:
    inverter = DeviceRegistry().inverter(str(home.urls.inverter))

    with pytest.raises(SetpointRefusedError, match="more than it holds"):
        await inverter.arm(Watts(-(2**40)), 60)

    assert (await inverter.state()).setpoint_w is None
    await inverter.close()


@pytest.mark.parametrize("seconds", [-1, 0, 1, 2**32])
async def test_a_command_without_a_sensible_end_is_never_sent(
    inverter: ModbusInverter, seconds: int
) -> None:
    with pytest.raises(RevertTimeError) as refused:
        await inverter.arm(Watts(1000), seconds)

    assert refused.value.seconds == seconds
    assert (await inverter.state()).setpoint_w is None


async def test_a_device_that_acknowledges_and_forgets_is_found_out(
    home: SimulatedHome, inverter: ModbusInverter
) -> None:
    home.inverter_faults.taken_words = 0

    with pytest.raises(ReadBackMismatchError) as refused:
        await inverter.arm(Watts(1000), 60)

    assert isinstance(refused.value, SetpointRefusedError)
    assert (refused.value.written[0], refused.value.held[0]) == (1, 0)
    assert 1000 in refused.value.written


async def test_a_set_point_whose_end_did_not_stick_is_withdrawn(
    home: SimulatedHome, inverter: ModbusInverter
) -> None:
    home.inverter_faults.taken_words = 4  # enable, mode and set-point, but not the revert time

    with pytest.raises(ReadBackMismatchError) as refused:
        await inverter.arm(Watts(1000), 60)

    assert (refused.value.held[0], refused.value.held[-1]) == (1, 0)
    assert (await inverter.state()).setpoint_w is None


async def test_a_refused_write_tells_the_code_and_the_values(
    home: SimulatedHome, inverter: ModbusInverter
) -> None:
    home.inverter_faults.write_exception = 3

    with pytest.raises(WriteRefusedError) as refused:
        await inverter.arm(Watts(1000), 60)

    assert refused.value.code == 3
    assert "1000" in str(refused.value)


@pytest.mark.parametrize(
    ("register", "values", "code"),
    [
        ("WSetEna", [2], 3),
        ("WSetEna", [1, 0], 3),  # enable in per cent, which this device does not do
        ("WSetEnaRvrt", [9], 3),
        ("WMaxLimPct", [50], 2),
        ("WSetRvrtRem", [0, 0], 2),
    ],
)
async def test_the_device_refuses_what_it_cannot_do(
    home: SimulatedHome, inverter: ModbusInverter, register: str, values: list[int], code: int
) -> None:
    url = DeviceUrl.parse(str(home.urls.inverter))
    client = AsyncModbusTcpClient(url.host, port=url.port or 0)
    await client.connect()

    answer = await client.write_registers(
        control_register(register), values, device_id=int(url.path)
    )
    client.close()

    assert (answer.isError(), answer.exception_code) == (True, code)
    assert (await inverter.state()).setpoint_w is None


async def test_a_home_without_battery_has_none_to_report(
    clock: VirtualClock, plan: HomePlan
) -> None:
    bare = HomePlan(name="bare", site=Site(load=plan.site.load, pv=plan.site.pv, inverter_w=4000))
    time = demo_time(START, CALENDAR, slot_seconds=SLOT)
    async with SimulatedHome(bare, clock, time, latch_seconds=SLOT) as home:
        inverter = DeviceRegistry().inverter(str(home.urls.inverter))
        state = await inverter.state()
        await inverter.close()

    assert (state.soc_permille, state.capacity_wh, state.max_charge_w) == (0, 0, 0)
    assert (state.power_w, state.pv_power_w, state.battery_power_w) == (2000, 2000, 0)
