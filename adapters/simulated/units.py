"""The two Modbus units of a simulated home: what their registers show and what a write does.

Register values follow SunSpec's signs: the meter counts power *drawn* from the grid as positive, the inverter power
fed out. Currents and voltages are those of a three-phase 200 V connection carrying active power only.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from pymodbus.constants import ExcCodes

from adapters.simulated.control import Command
from adapters.simulated.image import RegisterImage
from adapters.simulated.simulation import HomeSimulation
from adapters.sunspec import (
    COMMON,
    DER_AC,
    DER_CAPACITY,
    DER_CONTROL,
    DER_DC,
    DER_STORAGE,
    INTERVAL_REGISTERS,
    METER_THREE_PHASE,
    fitting_exponent,
    layout,
    unscaled,
)

LARGEST_INT16: Final = 0x7FFF
LARGEST_UINT16: Final = 0xFFFE
MAKER: Final = "Yuimaru"

WATTS_MODE: Final = 1
PORT_PV, PORT_STORAGE = 0, 1
CONNECTED: Final = 1
RUNNING: Final = 1
THREE_PHASE: Final = 2

PHASE_VOLTS: Final = 115  # 200 V between phases
LINE_VOLTS: Final = 200
HERTZ: Final = 50

#: The registers of model 704 that take a set-point; every other register refuses to be written.
SETPOINT_POINTS: Final = ("WSetEna", "WSetRvrtTms")


class SimulatedUnit(Protocol):
    """A Modbus unit: a register image, brought up to date before each answer."""

    image: RegisterImage

    def refresh(self) -> None:
        """Bring the image up to now."""
        ...

    def writable(self) -> tuple[int, int] | None:
        """Return first address and count of the registers that may be written."""
        ...

    def write(self, address: int, values: Sequence[int]) -> ExcCodes | None:
        """Do what writing `values` means, or return why not."""
        ...


class MeterUnit:
    """A SunSpec three-phase meter (model 203) with the interval model beside it."""

    def __init__(self, name: str, simulation: HomeSimulation) -> None:
        self._simulation = simulation
        self._depth = simulation.registers.depth
        self._newest_shown: int | None = None
        #: Scale factor of the Wh registers; devices have been seen to change theirs while running.
        self.energy_exponent = 0
        models = [
            layout(COMMON),
            layout(METER_THREE_PHASE),
            layout(INTERVAL_REGISTERS, self._depth),
        ]
        self.image = RegisterImage(models)
        _describe(self.image, "simulated meter", name)
        for point, value in _METER_CONSTANTS.items():
            self.image.set(METER_THREE_PHASE, point, value)
        self.image.set(INTERVAL_REGISTERS, "Per", simulation.registers.period_seconds)
        self.image.set(INTERVAL_REGISTERS, "N", self._depth)

    def refresh(self) -> None:
        """Bring the image up to now."""
        drawn = -self._simulation.powers().net_export
        registers = self._simulation.registers
        self._show_power(drawn)
        self._set("TotWhExp", unscaled(registers.export_wh, self.energy_exponent))
        self._set("TotWhImp", unscaled(registers.import_wh, self.energy_exponent))
        self._set("TotWh_SF", self.energy_exponent)
        self._show_latches()

    def writable(self) -> None:
        """Return None: a meter takes no commands."""

    def write(self, address: int, values: Sequence[int]) -> ExcCodes | None:
        """Refuse."""
        del address, values
        return ExcCodes.ILLEGAL_ADDRESS

    def _show_power(self, drawn: int) -> None:
        exponent = fitting_exponent(abs(drawn), LARGEST_INT16)
        self._set("W_SF", exponent)
        self._set("W", unscaled(drawn, exponent))
        self._set("A", abs(drawn) // PHASE_VOLTS)
        for phase in ("AphA", "AphB", "AphC"):
            self._set(phase, abs(drawn) // (3 * PHASE_VOLTS))

    def _show_latches(self) -> None:
        latches = self._simulation.registers.latches
        period = self._simulation.registers.period_seconds
        newest = latches[-1].boundary if latches else None
        if newest == self._newest_shown:
            return
        self._newest_shown = newest
        self.image.set(INTERVAL_REGISTERS, "Newest", newest)
        self.image.set(INTERVAL_REGISTERS, "Oldest", latches[0].boundary if latches else None)
        held = {latch.boundary // period % self._depth: latch for latch in latches}
        for index in range(self._depth):
            latch = held.get(index)
            values = (
                (None, None, None, None)
                if latch is None
                else (latch.boundary, latch.import_wh, latch.export_wh, -latch.power_w)
            )
            for point, value in zip(("Tms", "WhImp", "WhExp", "W"), values, strict=True):
                self.image.set(INTERVAL_REGISTERS, f"Bnd[{index}].{point}", value)

    def _set(self, name: str, value: int) -> None:
        self.image.set(METER_THREE_PHASE, name, value)


class InverterUnit:
    """A SunSpec hybrid inverter (IEEE 1547-2018 models) that takes the signed set-point of model 704."""

    def __init__(self, name: str, simulation: HomeSimulation) -> None:
        self._simulation = simulation
        site = simulation.site
        storage = [layout(DER_STORAGE)] if site.battery else []
        models = [layout(COMMON), layout(DER_AC), layout(DER_CAPACITY), layout(DER_CONTROL)]
        self.image = RegisterImage([*models, *storage, layout(DER_DC, 2)])
        _describe(self.image, "simulated inverter", name)
        largest = site.inverter_w
        if site.battery:
            largest = max(largest, site.battery.max_charge_w, site.battery.max_discharge_w)
        self._power_exponent = fitting_exponent(2 * largest, LARGEST_INT16)
        self._show_ratings()

    def refresh(self) -> None:
        """Bring the image up to now."""
        powers = self._simulation.powers()
        self._power(DER_AC, "W", powers.inverter)
        self._power(DER_AC, "VA", abs(powers.inverter))
        self._power(DER_DC, "DCW", powers.inverter)
        self._power(DER_DC, "Prt[0].DCW", powers.pv)
        self._power(DER_DC, "Prt[1].DCW", powers.battery)
        if self._simulation.site.battery:
            self.image.set(DER_STORAGE, "SoC", self._simulation.soc_permille)
            stored = self._simulation.usable_wh * self._simulation.soc_permille // 1000
            self.image.set(DER_STORAGE, "WHAvail", unscaled(stored, self._energy_exponent))
        self._show_command()

    def writable(self) -> tuple[int, int]:
        """Return the set-point block of model 704."""
        first, last = (self.image.address(DER_CONTROL, name) for name in SETPOINT_POINTS)
        return first, last + layout(DER_CONTROL).points[SETPOINT_POINTS[1]].words - first

    def write(self, address: int, values: Sequence[int]) -> ExcCodes | None:
        """Take the set-point that the block holds once `values` are in it."""
        before = list(self.image.words)
        self.image.overlay(address, values)
        enabled = self._control("WSetEna")
        reverting = self._control("WSetEnaRvrt")
        mode = self._control("WSetMod")
        if enabled > 1 or reverting > 1 or (enabled and mode != WATTS_MODE):
            self.image.words[:] = before
            return ExcCodes.ILLEGAL_VALUE
        self._simulation.command(
            Command(
                enabled=bool(enabled),
                setpoint_w=self._control("WSet"),
                revert_enabled=bool(reverting),
                revert_setpoint_w=self._control("WSetRvrt"),
                revert_seconds=self._control("WSetRvrtTms"),
            )
        )
        return None

    @property
    def _energy_exponent(self) -> int:
        return fitting_exponent(self._simulation.usable_wh, LARGEST_UINT16)

    def _show_ratings(self) -> None:
        site = self._simulation.site
        for model, point, value in _INVERTER_CONSTANTS:
            self.image.set(model, point, value)
        for model, point in ((DER_AC, "W_SF"), (DER_AC, "VA_SF"), (DER_DC, "DCW_SF")):
            self.image.set(model, point, self._power_exponent)
        self.image.set(DER_CAPACITY, "W_SF", self._power_exponent)
        for point in ("WMaxRtg", "WMax"):
            self._power(DER_CAPACITY, point, site.inverter_w)
        if site.battery:
            for suffix in ("Rtg", ""):
                self._power(DER_CAPACITY, f"WChaRteMax{suffix}", site.battery.max_charge_w)
                self._power(DER_CAPACITY, f"WDisChaRteMax{suffix}", site.battery.max_discharge_w)
            exponent = self._energy_exponent
            self.image.set(DER_STORAGE, "WH_SF", exponent)
            self.image.set(DER_STORAGE, "WHRtg", unscaled(self._simulation.usable_wh, exponent))
            self.image.set(DER_STORAGE, "Pct_SF", -1)

    def _show_command(self) -> None:
        command, seconds_left = self._simulation.commanded()
        for point, value in (
            ("WSetEna", int(command.enabled)),
            ("WSet", command.setpoint_w),
            ("WSetRvrt", command.revert_setpoint_w),
            ("WSetEnaRvrt", int(command.revert_enabled)),
            ("WSetRvrtTms", command.revert_seconds),
            ("WSetRvrtRem", seconds_left),
        ):
            self.image.set(DER_CONTROL, point, value)

    def _control(self, name: str) -> int:
        return self.image.get(DER_CONTROL, name)

    def _power(self, model: int, name: str, watts: int) -> None:
        self.image.set(model, name, unscaled(watts, self._power_exponent))


_METER_CONSTANTS: Final = {
    "A_SF": 0,
    "V_SF": 0,
    "PhV": PHASE_VOLTS,
    "PhVphA": PHASE_VOLTS,
    "PhVphB": PHASE_VOLTS,
    "PhVphC": PHASE_VOLTS,
    "PPV": LINE_VOLTS,
    "PhVphAB": LINE_VOLTS,
    "PhVphBC": LINE_VOLTS,
    "PhVphCA": LINE_VOLTS,
    "Hz": HERTZ,
    "Hz_SF": 0,
    "Evt": 0,
}

_INVERTER_CONSTANTS: Final = (
    (DER_AC, "ACType", THREE_PHASE),
    (DER_AC, "St", RUNNING),
    (DER_AC, "ConnSt", CONNECTED),
    (DER_AC, "Alrm", 0),
    (DER_CONTROL, "WSetMod", WATTS_MODE),
    (DER_CONTROL, "WSet_SF", 0),
    (DER_CONTROL, "WSetPct", 0),
    (DER_CONTROL, "WSetPctRvrt", 0),
    (DER_CONTROL, "WSetPct_SF", 0),
    (DER_DC, "NPrt", 2),
    (DER_DC, "Prt[0].PrtTyp", PORT_PV),
    (DER_DC, "Prt[0].IDStr", "PV"),
    (DER_DC, "Prt[1].PrtTyp", PORT_STORAGE),
    (DER_DC, "Prt[1].IDStr", "Battery"),
)


def _describe(image: RegisterImage, model: str, name: str) -> None:
    image.set(COMMON, "Mn", MAKER)
    image.set(COMMON, "Md", model)
    image.set(COMMON, "SN", name[:32])
