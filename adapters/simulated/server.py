"""A simulated home on a real socket: one Modbus TCP server with an inverter and a meter behind it."""

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, Self, cast

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from adapters.simulated.errors import PortTakenError
from adapters.simulated.image import FIRST_REGISTER
from adapters.simulated.memory import MemoryFile
from adapters.simulated.plans import HomePlan
from adapters.simulated.registers import EnergyRegisters
from adapters.simulated.simulation import HomeSimulation, SimulatedTime
from adapters.simulated.units import InverterUnit, MeterUnit, SimulatedUnit
from node.domain.clock import Clock

#: Modbus unit numbers behind a home's port; 0 answers for every other one.
OTHER_UNITS, INVERTER_UNIT, METER_UNIT = 0, 1, 2

#: Modbus functions that a SunSpec device knows: read holding registers, write one, write several.
FUNCTIONS: Final = frozenset({3, 6, 16})
LONGEST_READ: Final = 125

LOOPBACK: Final = "127.0.0.1"

#: Interval boundaries that a meter keeps: a day of half hours.
LATCH_DEPTH: Final = 48


@dataclass(slots=True)
class Faults:
    """What is wrong with a unit at the moment; tests set these.

    `silent` never answers, `exception` answers everything and `write_exception` each write with that Modbus exception
    code, `stuck` goes on showing the registers of the moment it began, `taken_words` acknowledges a write and takes
    only so many of its registers: 0 is a deaf device.
    """

    silent: bool = False
    exception: int | None = None
    write_exception: int | None = None
    stuck: bool = False
    taken_words: int | None = None


@dataclass(frozen=True, slots=True)
class DeviceUrls:
    """Where a home's devices answer; `inverter` is None where there is none."""

    meter: str
    inverter: str | None


class SimulatedHome:
    """A home whose devices answer between `start` and `stop`; its physics goes on when they do not.

    With a file to keep their `memory` in, the devices go on where they were even after their process was killed.
    """

    def __init__(
        self,
        plan: HomePlan,
        clock: Clock,
        time: SimulatedTime,
        *,
        latch_seconds: int,
        host: str = LOOPBACK,
        memory: Path | None = None,
    ) -> None:
        registers = EnergyRegisters(
            plan.import_start_wh, plan.export_start_wh, latch_seconds, LATCH_DEPTH
        )
        self.plan = plan
        self.simulation = HomeSimulation(
            plan.site, clock, time, registers, None if memory is None else MemoryFile(memory)
        )
        self.meter = MeterUnit(plan.name, self.simulation)
        self.meter_faults = Faults()
        self.inverter_faults = Faults()
        self.inverter = InverterUnit(plan.name, self.simulation) if plan.site.inverter_w else None
        self._host = host
        self._port = plan.port
        self._server: ModbusTcpServer | None = None

    @property
    def urls(self) -> DeviceUrls:
        """Return the device URLs; complete once the home was started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        base = f"modbus+tcp://{host}:{self._port}"
        inverter = f"{base}/{INVERTER_UNIT}?role=inverter" if self.inverter else None
        return DeviceUrls(f"{base}/{METER_UNIT}?role=meter", inverter)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return 0 if self._server is None else len(self._server.active_connections)

    async def start(self) -> None:
        """Begin to answer; raises `PortTakenError` when the port is somebody else's."""
        devices = [_absent_unit(), _device(METER_UNIT, self.meter, self.meter_faults)]
        if self.inverter is not None:
            devices.append(_device(INVERTER_UNIT, self.inverter, self.inverter_faults))
        server = ModbusTcpServer(
            devices, address=(self._host, self._port), ignore_missing_devices=True
        )
        if not await server.listen():
            raise PortTakenError(self._host, self._port)
        self._server = server
        listening = cast("asyncio.Server", server.transport)
        self._port = listening.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut all connections and answer no more; harmless when not started."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class _Answerer:
    """What happens when a request reaches a unit: faults first, then time, then the request."""

    def __init__(self, unit: SimulatedUnit, faults: Faults) -> None:
        self._unit = unit
        self._faults = faults

    async def answer(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Bring `registers` up to now and do the write, if it is one (pymodbus calls this)."""
        if self._faults.silent:
            raise NoSuchIdException
        if self._faults.exception is not None:
            return ExcCodes(self._faults.exception)
        if function not in FUNCTIONS:
            return ExcCodes.ILLEGAL_FUNCTION
        if not self._faults.stuck:
            self._unit.refresh()
        if values is not None:
            begin = address - start
            # Registers are written as numbers; pymodbus's type also covers coils, which no unit has.
            numbers = cast("list[int]", values)
            refusal = self._write(address, numbers, registers[begin : begin + count])
            if refusal is not None:
                return refusal
        registers[: len(self._unit.image.words)] = self._unit.image.words
        return None

    def _write(self, address: int, values: list[int], shown: list[int]) -> ExcCodes | None:
        if self._faults.write_exception is not None:
            return ExcCodes(self._faults.write_exception)
        if self._faults.taken_words is not None:
            # pymodbus stores `values` after this, and acknowledges all of them.
            values[self._faults.taken_words :] = shown[self._faults.taken_words :]
        return self._unit.write(address, values)


def _device(number: int, unit: SimulatedUnit, faults: Faults) -> SimDevice:
    return SimDevice(number, _blocks(unit), action=_Answerer(unit, faults).answer)


def _blocks(unit: SimulatedUnit) -> list[SimData]:
    """Cut the image where writing begins and ends: the rest of the map is read-only."""
    words = unit.image.words
    first, count = unit.writable() or (FIRST_REGISTER + len(words), 0)
    cuts = (0, first - FIRST_REGISTER, first - FIRST_REGISTER + count, len(words))
    return [
        SimData(
            FIRST_REGISTER + begin,
            values=list(words[begin:end]),
            datatype=DataType.REGISTERS,
            readonly=begin != cuts[1] or count == 0,
        )
        for begin, end in pairwise(cuts)
        if begin < end
    ]


def _absent_unit() -> SimDevice:
    """Answer for units that do not exist; without it pymodbus fails inside and answers exception 4."""

    async def answer(*_: object) -> ExcCodes:
        return ExcCodes.GATEWAY_NO_RESPONSE

    # Only where a SunSpec scan looks first: an address outside any block is refused by pymodbus itself.
    first = SimData(FIRST_REGISTER, count=LONGEST_READ, values=0, datatype=DataType.REGISTERS)
    return SimDevice(OTHER_UNITS, first, action=answer)
