"""What a client says when a device is away, silent, busy, somebody else's or back again."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import cast

import pytest
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from pymodbus.simulator.simcore import SimCore

from adapters.modbus.errors import (
    BusyError,
    ExceptionAnswerError,
    GarbledAnswerError,
    ModelChangedError,
    ModelMissingError,
    NoAnswerError,
    NotSunSpecError,
    PointMissingError,
    UnreachableError,
)
from adapters.modbus.inverter import ModbusInverter
from adapters.modbus.meter import ModbusMeter
from adapters.registry import DeviceRegistry
from adapters.simulated import HomePlan, SimulatedHome, demo_time
from adapters.simulated.image import RegisterImage
from adapters.sunspec import (
    COMMON,
    DER_AC,
    DER_CAPACITY,
    DER_CONTROL,
    DER_DC,
    INTERVAL_REGISTERS,
    METER_THREE_PHASE,
    layout,
)
from node.domain.clock import VirtualClock
from node.domain.errors import DeviceError, DeviceProtocolError, DeviceUnavailableError
from node.domain.units import Watts

START = 1_700_000_000
SLOT = 10
CALENDAR = 1_660_791_600
UNIT = 2


class Device:
    """A Modbus device with a fixed map, to be served as it is."""

    def __init__(self) -> None:
        self.server: ModbusTcpServer | None = None

    async def serve(self, *blocks: SimData, port: int = 0) -> str:
        self.server = ModbusTcpServer(SimDevice(UNIT, list(blocks)), address=("127.0.0.1", port))
        assert await self.server.listen()
        bound = cast("asyncio.Server", self.server.transport).sockets[0].getsockname()[1]
        return f"modbus+tcp://127.0.0.1:{bound}/{UNIT}?timeout=0.3"

    def registers(self) -> list[int]:
        """The registers of the running server, to be changed in place."""
        memory = cast("SimCore", cast("ModbusTcpServer", self.server).context)
        return memory.devices[UNIT].block["x"][2]

    def stop(self) -> None:
        if self.server is not None:
            self.server.close()


@pytest.fixture
async def device() -> AsyncIterator[Device]:
    made = Device()
    yield made
    made.stop()


def holding(address: int, words: list[int]) -> SimData:
    return SimData(address, values=words, datatype=DataType.REGISTERS)


def meter_image() -> RegisterImage:
    image = RegisterImage([layout(COMMON), layout(METER_THREE_PHASE)])
    for name, value in (("W", -70), ("W_SF", 1), ("TotWhExp", 5), ("TotWhImp", 6), ("TotWh_SF", 2)):
        image.set(METER_THREE_PHASE, name, value)
    return image


def inverter_image(ports: int) -> RegisterImage:
    """An inverter of 4 kW that feeds out 1.5 kW and claims nine ports, whatever its model's length says."""
    models = [layout(DER_AC), layout(DER_CAPACITY), layout(DER_CONTROL), layout(DER_DC, ports)]
    image = RegisterImage([layout(COMMON), *models])
    image.set(DER_AC, "W", 1500)
    image.set(DER_CAPACITY, "WMaxRtg", 4000)
    image.set(DER_CONTROL, "WSetEna", 0)
    image.set(DER_DC, "NPrt", 9)
    return image


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_nobody_at_the_address_is_unreachable() -> None:
    url = f"modbus+tcp://127.0.0.1:{free_port()}/1?timeout=0.3"
    meter = DeviceRegistry().meter(url)

    with pytest.raises(UnreachableError) as refused:
        await meter.registers()

    assert isinstance(refused.value, DeviceUnavailableError)
    assert refused.value.device == url
    await meter.close()


async def test_a_silent_device_is_given_up_after_its_timeout(
    home: SimulatedHome, meter: ModbusMeter
) -> None:
    await meter.registers()
    home.meter_faults.silent = True

    with pytest.raises(NoAnswerError) as refused:
        await meter.registers()

    assert isinstance(refused.value, DeviceUnavailableError)
    assert home.urls.meter in str(refused.value)


async def test_a_device_that_speaks_again_is_read_again(
    home: SimulatedHome, meter: ModbusMeter
) -> None:
    home.meter_faults.silent = True
    with pytest.raises(NoAnswerError):
        await meter.registers()
    home.meter_faults.silent = False

    assert (await meter.registers()).import_wh == 1_234_567


async def test_an_abandoned_question_does_not_answer_the_next_one(
    home: SimulatedHome, meter: ModbusMeter
) -> None:
    await meter.registers()
    home.meter_faults.silent = True
    asked = asyncio.create_task(meter.registers())
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    home.meter_faults.silent = False

    assert (await meter.registers()).export_wh == 89


@pytest.mark.parametrize("code", [5, 6, 10, 11])
async def test_a_passing_exception_is_worth_another_try(
    home: SimulatedHome, meter: ModbusMeter, code: int
) -> None:
    await meter.registers()
    home.meter_faults.exception = code

    with pytest.raises(BusyError) as refused:
        await meter.registers()

    assert refused.value.code == code
    assert isinstance(refused.value, DeviceUnavailableError)


@pytest.mark.parametrize("code", [1, 2, 3, 4])
async def test_any_other_exception_is_the_device_s_last_word(
    home: SimulatedHome, meter: ModbusMeter, code: int
) -> None:
    await meter.registers()
    home.meter_faults.exception = code

    with pytest.raises(ExceptionAnswerError) as refused:
        await meter.registers()

    assert refused.value.code == code
    assert isinstance(refused.value, DeviceProtocolError)


async def test_a_busy_device_refuses_a_command_for_the_moment(
    home: SimulatedHome, inverter: ModbusInverter
) -> None:
    home.inverter_faults.write_exception = 6

    with pytest.raises(BusyError):
        await inverter.arm(Watts(100), 60)


async def test_a_restarted_device_is_found_again_on_the_same_port(
    clock: VirtualClock, home: SimulatedHome, meter: ModbusMeter, inverter: ModbusInverter
) -> None:
    before, url = await meter.registers(), home.urls.meter
    await home.stop()
    with pytest.raises(DeviceUnavailableError):
        await meter.registers()
    clock.advance_to(START + SLOT)
    await home.start()

    after = await meter.registers()

    assert home.urls.meter == url
    assert after.import_wh >= before.import_wh
    assert (await inverter.state()).capacity_wh == 10_000


async def test_a_unit_that_does_not_exist_is_no_device(home: SimulatedHome) -> None:
    url = home.urls.meter.replace("/2?", "/77?")
    meter = DeviceRegistry().meter(url)

    with pytest.raises(BusyError) as refused:
        await meter.registers()

    assert refused.value.code == ExcCodes.GATEWAY_NO_RESPONSE
    await meter.close()


async def test_a_map_without_the_marker_is_not_sunspec(device: Device) -> None:
    meter = DeviceRegistry().meter(await device.serve(holding(40000, [1, 2, 3, 4])))

    with pytest.raises(NotSunSpecError, match="40000, 0, 50000"):
        await meter.registers()

    await meter.close()


@pytest.mark.parametrize("base", [0, 40000, 50000])
async def test_a_map_may_begin_at_any_of_the_three_addresses(device: Device, base: int) -> None:
    meter = DeviceRegistry().meter(await device.serve(holding(base, meter_image().words)))

    reading = await meter.registers()
    await meter.close()

    assert (reading.power_w, reading.export_wh, reading.import_wh) == (700, 500, 600)


async def test_a_vendor_block_that_cannot_be_read_does_not_hide_what_follows(
    device: Device,
) -> None:
    words = meter_image().words
    common_end = 2 + layout(COMMON).length + 2
    unreadable = 60
    blocks = (
        holding(40000, [*words[:common_end], 64999, unreadable]),
        holding(40000 + common_end + 2 + unreadable, words[common_end:]),
    )
    meter = DeviceRegistry().meter(await device.serve(*blocks))

    assert (await meter.registers()).export_wh == 500
    await meter.close()


async def test_a_map_that_ends_without_its_mark_is_used_as_far_as_it_goes(device: Device) -> None:
    meter = DeviceRegistry().meter(await device.serve(holding(40000, meter_image().words[:-2])))

    assert (await meter.registers()).import_wh == 600
    await meter.close()


async def test_a_meter_without_latched_registers_says_which_model_it_lacks(
    device: Device,
) -> None:
    meter = DeviceRegistry().meter(await device.serve(holding(40000, meter_image().words)))

    with pytest.raises(ModelMissingError) as refused:
        await meter.registers_at(START)

    assert refused.value.wanted == (INTERVAL_REGISTERS,)
    assert refused.value.found == (COMMON, METER_THREE_PHASE)
    await meter.close()


async def test_a_value_that_the_device_does_not_implement_is_named(device: Device) -> None:
    image = meter_image()
    image.set(METER_THREE_PHASE, "W", None)
    meter = DeviceRegistry().meter(await device.serve(holding(40000, image.words)))

    with pytest.raises(PointMissingError) as refused:
        await meter.registers()

    assert (refused.value.model, refused.value.point) == (METER_THREE_PHASE, "W")
    await meter.close()


@pytest.mark.parametrize("exponent", [11, -11, 32_767])
async def test_a_scale_factor_beyond_the_standard_is_no_answer(
    device: Device, exponent: int
) -> None:
    image = meter_image()
    image.set(METER_THREE_PHASE, "TotWh_SF", exponent)
    meter = DeviceRegistry().meter(await device.serve(holding(40000, image.words)))

    with pytest.raises(GarbledAnswerError, match=f"TotWh_SF says {exponent}"):
        await meter.registers()

    await meter.close()


@pytest.mark.parametrize(("depth", "period"), [(0, 10), (3, 0)])
async def test_latched_registers_without_a_period_or_a_place_are_no_answer(
    device: Device, depth: int, period: int
) -> None:
    image = RegisterImage([layout(COMMON), layout(INTERVAL_REGISTERS, depth)])
    image.set(INTERVAL_REGISTERS, "Per", period)
    meter = DeviceRegistry().meter(await device.serve(holding(40000, image.words)))

    with pytest.raises(GarbledAnswerError, match=f"{depth} boundaries, {period} s apart"):
        await meter.registers_at(START)

    await meter.close()


async def test_a_port_count_that_the_length_belies_does_not_lead_astray(device: Device) -> None:
    image = inverter_image(ports=0)
    inverter = DeviceRegistry().inverter(await device.serve(holding(40000, image.words)))

    state = await inverter.state()

    assert (state.power_w, state.pv_power_w, state.battery_power_w) == (1500, 0, 0)
    await inverter.close()


async def test_a_set_point_in_per_cent_that_somebody_else_gave_is_told_in_watts(
    device: Device,
) -> None:
    image = inverter_image(ports=1)
    for name, value in (("WSetEna", 1), ("WSetMod", 0), ("WSetPct", -25), ("WSetPct_SF", 0)):
        image.set(DER_CONTROL, name, value)
    inverter = DeviceRegistry().inverter(await device.serve(holding(40000, image.words)))

    assert (await inverter.state()).setpoint_w == -1000
    await inverter.close()


def too_few(question: bytes) -> bytes:
    """One register, whatever was asked for."""
    return question[:4] + bytes([0, 5, UNIT, 3, 2, 0, 7])


def of_another_unit(question: bytes) -> bytes:
    """A right answer to the first question, in another unit's name."""
    return question[:4] + bytes([0, 7, UNIT + 1, 3, 4, 0x53, 0x75, 0x6E, 0x53])


def of_another_question(question: bytes) -> bytes:
    """A right answer with the number of another question."""
    return bytes([question[0] ^ 0x7F, question[1], 0, 0, 0, 7, UNIT, 3, 4, 0x53, 0x75, 0x6E, 0x53])


def noise(question: bytes) -> bytes:
    """No Modbus at all."""
    return b"HTTP/1.1 400 Bad Request\r\n\r\n" + question


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (too_few, GarbledAnswerError),
        (of_another_unit, NoAnswerError),
        (of_another_question, NoAnswerError),
        (noise, NoAnswerError),
    ],
)
async def test_what_is_no_answer_to_the_question_is_not_taken_for_one(
    answer: Callable[[bytes], bytes], error: type[DeviceError]
) -> None:
    hung_up = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while question := await reader.read(260):
                writer.write(answer(question))
            writer.close()
            await writer.wait_closed()
        hung_up.set()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    meter = DeviceRegistry().meter(f"modbus+tcp://127.0.0.1:{port}/{UNIT}?timeout=0.2")

    with pytest.raises(error):
        await meter.registers()

    await meter.close()
    await asyncio.wait_for(hung_up.wait(), timeout=5)
    server.close()


async def test_a_map_that_moves_under_the_client_is_scanned_anew(device: Device) -> None:
    # The registers are shared with the server's memory, so they can be moved while it runs.
    words = meter_image().words
    meter = DeviceRegistry().meter(await device.serve(holding(40000, [*words, 0, 0, 0, 0])))
    await meter.registers()
    held = device.registers()
    common_end = 2 + layout(COMMON).length + 2
    held[: len(words) + 2] = [*words[:common_end], 64999, 0, *words[common_end:]]

    with pytest.raises(ModelChangedError):
        await meter.registers()

    assert (await meter.registers()).export_wh == 500
    await meter.close()


async def test_questions_at_once_take_turns_on_one_connection(
    home: SimulatedHome, meter: ModbusMeter
) -> None:
    readings = await asyncio.gather(*(meter.registers() for _ in range(20)))

    assert len(set(readings)) == 1
    assert home.connections == 1


async def test_meter_and_inverter_of_a_home_share_a_connection(home: SimulatedHome) -> None:
    devices = DeviceRegistry()
    meter, inverter = devices.meter(home.urls.meter), devices.inverter(str(home.urls.inverter))

    await asyncio.gather(meter.registers(), inverter.state())

    assert home.connections == 1
    await meter.close()
    assert (await inverter.state()).capacity_wh == 10_000
    await inverter.close()


@pytest.mark.spec("B-18")
async def test_devices_are_reached_over_ipv6(clock: VirtualClock, plan: HomePlan) -> None:
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    time = demo_time(START, CALENDAR, slot_seconds=SLOT)
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as missing:
        pytest.skip(f"no IPv6 loopback here: {missing}")
    async with SimulatedHome(plan, clock, time, latch_seconds=SLOT, host="::1") as home:
        meter = DeviceRegistry().meter(home.urls.meter)

        assert (await meter.registers()).export_wh == 89
        await meter.close()
