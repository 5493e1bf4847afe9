"""The simulated devices against two clients that share no line with ours: plain pymodbus and pysunspec2."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from adapters.modbus.inverter import ModbusInverter
from adapters.modbus.meter import ModbusMeter
from adapters.simulated import SimulatedHome
from adapters.simulated.control import Command
from adapters.sunspec import INTERVAL_REGISTERS, layout
from adapters.url import DeviceUrl
from node.domain.clock import VirtualClock
from node.domain.units import Watts

START = 1_700_000_000
SLOT = 10

Scan = Callable[[str], Awaitable[Any]]


async def raw_registers(text: str, address: int, count: int) -> list[int]:
    """Ask with plain pymodbus."""
    url = DeviceUrl.parse(text)
    client = AsyncModbusTcpClient(url.host, port=url.port or 0)
    await client.connect()
    answer = await client.read_holding_registers(address, count=count, device_id=int(url.path))
    client.close()
    assert not answer.isError()
    return list(answer.registers)


def number(words: list[int]) -> int:
    return int.from_bytes(b"".join(word.to_bytes(2, "big") for word in words), "big")


@pytest.mark.spec("B-12", "F-21")
async def test_three_clients_read_the_same_meter(
    clock: VirtualClock, home: SimulatedHome, meter: ModbusMeter, pysunspec: Scan
) -> None:
    clock.advance_to(START + 47)

    ours = await meter.registers()
    theirs = (await pysunspec(home.urls.meter)).models[203][0]
    # By hand: marker 2, common model 68, then the offsets of model 203 in the standard.
    plain = await raw_registers(home.urls.meter, 40070, 107)

    assert plain[:2] == [203, 105]
    assert number(plain[46:48]) == ours.import_wh == theirs.TotWhImp.cvalue
    assert number(plain[38:40]) == ours.export_wh == theirs.TotWhExp.cvalue
    assert theirs.W.cvalue == -ours.power_w
    assert ours.export_wh > 0


@pytest.mark.spec("B-14")
async def test_the_meter_measures_power_current_and_voltage(
    home: SimulatedHome, pysunspec: Scan
) -> None:
    home.simulation.command(Command(enabled=True, setpoint_w=-2300))

    meter = (await pysunspec(home.urls.meter)).models[203][0]

    assert (meter.W.cvalue, meter.A.cvalue, meter.PhV.cvalue) == (2300, 20, 115)
    assert meter.A.cvalue * meter.PhV.cvalue == meter.W.cvalue


@pytest.mark.spec("C-05", "F-33")
async def test_ours_and_pysunspec2_read_the_same_inverter(
    clock: VirtualClock, home: SimulatedHome, inverter: ModbusInverter, pysunspec: Scan
) -> None:
    clock.advance_to(START + 33)
    await inverter.arm(Watts(-700), 30)

    state = await inverter.state()
    models = (await pysunspec(str(home.urls.inverter))).models

    assert models[701][0].W.cvalue == state.power_w
    assert models[702][0].WChaRteMax.cvalue == state.max_charge_w
    assert models[702][0].WDisChaRteMaxRtg.cvalue == state.max_discharge_w
    assert models[713][0].SoC.cvalue * 10 == state.soc_permille
    assert models[713][0].WHRtg.cvalue == state.capacity_wh
    assert [port.DCW.cvalue for port in models[714][0].Prt] == [
        state.pv_power_w,
        state.battery_power_w,
    ]
    assert (models[704][0].WSetEna.value, models[704][0].WSet.cvalue) == (1, -700)
    assert models[704][0].WSetRvrtRem.value == 30


@pytest.mark.spec("C-34")
async def test_pysunspec2_commands_the_simulated_inverter_with_its_own_writes(
    clock: VirtualClock, home: SimulatedHome, inverter: ModbusInverter, pysunspec: Scan
) -> None:
    control = (await pysunspec(str(home.urls.inverter))).models[704][0]

    def command() -> None:
        control.WSetRvrtTms.value = 5
        control.write()
        control.WSet.cvalue = 1500
        control.WSetEna.value = 1
        control.write()

    await asyncio.to_thread(command)
    held = await inverter.state()
    clock.advance_to(START + 5)

    assert held.setpoint_w == 1500
    assert (await inverter.state()).setpoint_w is None


async def test_every_mandatory_point_is_implemented(home: SimulatedHome, pysunspec: Scan) -> None:
    for url in (home.urls.meter, str(home.urls.inverter)):
        models = (await pysunspec(url)).models
        for model in {number: found[0] for number, found in models.items() if number in SHOWN}:
            for name, point in layout(model, 2).points.items():
                if point.mandatory and "." not in name and not point.kind.startswith("acc"):
                    assert models[model][0].points[name].value is not None, (model, name)


SHOWN = (1, 203, 701, 702, 704, 713, 714)


async def test_a_device_names_its_maker_and_itself(home: SimulatedHome, pysunspec: Scan) -> None:
    common = (await pysunspec(home.urls.meter)).models[1][0]

    assert (common.Mn.value, common.Md.value, common.SN.value) == (
        "Yuimaru",
        "simulated meter",
        "home-1",
    )


@pytest.mark.spec("B-11")
async def test_the_latched_registers_lie_where_the_map_says(
    clock: VirtualClock, home: SimulatedHome, meter: ModbusMeter
) -> None:
    """The README's table, by hand: header of 14 registers, then 48 records of 14, addressed by time."""
    clock.advance_to(START + 25)
    start = 40070 + 107

    header = await raw_registers(home.urls.meter, start, 14)
    record = START // SLOT + 1
    words = await raw_registers(home.urls.meter, start + 14 + record % 48 * 14, 14)
    ours = await meter.registers_at(START + SLOT)

    assert header[:2] == [INTERVAL_REGISTERS, 12 + 48 * 14]
    assert (number(header[2:4]), header[12]) == (SLOT, 48)
    assert (number(header[4:8]), number(header[8:12])) == (START, START + 2 * SLOT)
    assert number(words[0:4]) == START + SLOT
    assert number(words[4:8]) == ours.import_wh
    assert number(words[8:12]) == ours.export_wh
    assert number(words[12:14]) == -ours.power_w % 2**32


async def test_reading_the_ring_as_a_whole_gives_the_same_records(
    clock: VirtualClock, home: SimulatedHome
) -> None:
    clock.advance_to(START + 100 * SLOT)
    start = 40070 + 107 + 14
    words: list[int] = []
    for first in range(0, 48 * 14, 112):
        words += await raw_registers(home.urls.meter, start + first, 112)

    records = [words[i : i + 14] for i in range(0, len(words), 14)]
    held = {number(record[0:4]): number(record[8:12]) for record in records}

    latches = home.simulation.registers.latches
    assert held == {latch.boundary: latch.export_wh for latch in latches}
