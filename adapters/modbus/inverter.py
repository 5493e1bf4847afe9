"""A SunSpec hybrid inverter (IEEE 1547-2018 models) as the domain's `Inverter`."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from adapters.modbus.device import ModelReading, SunSpecDevice
from adapters.modbus.errors import ReadBackMismatchError, RevertTimeError
from adapters.sunspec import DER_AC, DER_CAPACITY, DER_CONTROL, DER_DC, DER_STORAGE, unscaled
from node.domain.devices import InverterState
from node.domain.errors import DeviceError, SetpointRefusedError
from node.domain.units import WattHours, Watts

ENABLED, DISABLED = 1, 0
MODE_PERCENT, MODE_WATTS = 0, 1
PORT_PV, PORT_STORAGE = 0, 1

#: Shortest revert time: devices count whole seconds, and one second could be over before the read-back.
SHORTEST_REVERT_SECONDS: Final = 2
LONGEST_REVERT_SECONDS: Final = 0xFFFF_FFFE
LARGEST_INT32: Final = 0x7FFF_FFFF

#: The block of model 704 that holds a set-point with everything that ends it.
BLOCK: Final = ("WSetEna", "WSetRvrtTms")

#: Most direct-current ports that are looked at: as many as fit into one question with their scale factors.
MOST_PORTS: Final = 4

_STATE_POINTS: Final[Mapping[int, tuple[str, ...]]] = {
    DER_AC: ("W",),
    DER_CAPACITY: (
        "WMaxRtg",
        "WMax",
        "WChaRteMaxRtg",
        "WChaRteMax",
        "WDisChaRteMaxRtg",
        "WDisChaRteMax",
    ),
    DER_CONTROL: ("WSetEna", "WSetMod", "WSet", "WSetPct"),
    DER_STORAGE: ("WHRtg", "SoC"),
}


class ModbusInverter:
    """Reads and commands a SunSpec inverter.

    `import_limit_w` bounds set-points on the side of the grid, where the inverter's ratings say nothing.
    """

    def __init__(self, device: SunSpecDevice, import_limit_w: int | None = None) -> None:
        self._device = device
        self._import_limit_w = import_limit_w

    async def state(self) -> InverterState:
        """Read state of charge, powers in W and limits."""
        readings = await self._device.read(_STATE_POINTS, optional=(DER_STORAGE,))
        pv_w, battery_w = await self._port_powers()
        capacity = readings[DER_CAPACITY]
        storage = readings.get(DER_STORAGE)
        return InverterState(
            soc_permille=0 if storage is None else min(storage.value("SoC", decimals=1), 1000),
            power_w=Watts(readings[DER_AC].value("W")),
            max_charge_w=Watts(_rating(capacity, "WChaRteMax") or 0),
            max_discharge_w=Watts(_rating(capacity, "WDisChaRteMax") or 0),
            capacity_wh=WattHours(0 if storage is None else storage.value("WHRtg")),
            pv_power_w=Watts(pv_w),
            battery_power_w=Watts(battery_w),
            setpoint_w=_setpoint(readings[DER_CONTROL], capacity),
        )

    async def arm(self, setpoint_w: Watts, revert_seconds: int) -> None:
        """Hold the connection point at `setpoint_w` W for `revert_seconds`, within what the devices are rated for."""
        if not SHORTEST_REVERT_SECONDS <= revert_seconds <= LONGEST_REVERT_SECONDS:
            raise RevertTimeError(
                self._device.name, revert_seconds, SHORTEST_REVERT_SECONDS, LONGEST_REVERT_SECONDS
            )
        within = await self._within_ratings(setpoint_w)

        def command(block: ModelReading) -> Mapping[str, int]:
            value = unscaled(within, block.exponent("WSet"))
            if abs(value) > LARGEST_INT32:
                raise SetpointRefusedError(
                    self._device.name, f"{within} W is {value} in WSet, more than it holds"
                )
            return {
                "WSetEna": ENABLED,
                "WSetMod": MODE_WATTS,
                "WSet": value,
                "WSetEnaRvrt": DISABLED,
                "WSetRvrtTms": revert_seconds,
            }

        try:
            await self._device.change(DER_CONTROL, *BLOCK, command)
        except ReadBackMismatchError:
            # What the device holds now may lack an end of its own.
            with suppress(DeviceError):
                await self.release()
            raise

    async def release(self) -> None:
        """Drop the set-point at once and go back to the device's default; harmless when none is armed."""
        await self._device.change(DER_CONTROL, *BLOCK, lambda _: {"WSetEna": DISABLED})

    async def close(self) -> None:
        """Let go of the connection; an armed set-point stays until it reverts."""
        self._device.close()

    async def _within_ratings(self, setpoint_w: int) -> int:
        readings = await self._device.read({DER_CAPACITY: ("WMaxRtg", "WMax")})
        most = _rating(readings[DER_CAPACITY], "WMax")
        if most is None:
            most = readings[DER_CAPACITY].value("WMaxRtg")
        within = min(setpoint_w, most)
        return within if self._import_limit_w is None else max(within, -self._import_limit_w)

    async def _port_powers(self) -> tuple[int, int]:
        """Return the power of the PV and of the storage ports in W."""
        repeats = (await self._device.read({DER_DC: ("ID",)}))[DER_DC].repeats
        ports = range(min(repeats, MOST_PORTS))
        names = [f"Prt[{port}].{point}" for port in ports for point in ("PrtTyp", "DCW")]
        reading = (await self._device.read({DER_DC: ["ID", *names]}))[DER_DC]
        powers = {PORT_PV: 0, PORT_STORAGE: 0}
        for port in ports:
            kind = reading.optional(f"Prt[{port}].PrtTyp")
            if kind in powers:
                powers[kind] += reading.optional(f"Prt[{port}].DCW") or 0
        return powers[PORT_PV], powers[PORT_STORAGE]


def _rating(capacity: ModelReading, name: str) -> int | None:
    """Return the smaller of what was set and what the name plate says."""
    known = [
        value
        for value in (capacity.optional(name), capacity.optional(f"{name}Rtg"))
        if value is not None
    ]
    return min(known, default=None)


def _setpoint(control: ModelReading, capacity: ModelReading) -> Watts | None:
    if control.optional("WSetEna") != ENABLED:
        return None
    if control.optional("WSetMod") == MODE_PERCENT:
        return Watts((_rating(capacity, "WMax") or 0) * control.value("WSetPct") // 100)
    return Watts(control.value("WSet"))
