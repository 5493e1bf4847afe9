"""What a home needs from its devices, whatever protocol they speak.

Directions are named, never guessed from a sign alone: *export* and *discharge* are positive,
*import* and *charge* negative, seen from the home towards the grid. An adapter turns a device's own
signs, scales and units into these and raises a `DeviceError` of `node.domain.errors`, nothing else.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from node.domain.units import NO_POWER, WattHours, Watts


@dataclass(frozen=True, slots=True)
class RegisterReading:
    """The two cumulative registers of a meter, read together.

    Both only grow. `at` is the device's own time in Unix seconds, or None when it has no clock.
    """

    import_wh: WattHours
    export_wh: WattHours
    power_w: Watts
    at: int | None = None


@dataclass(frozen=True, slots=True)
class InverterState:
    """A hybrid inverter at one instant: photovoltaics, battery and connection point.

    `soc_permille` is the usable state of charge, 0 to 1000; it is 0 and `capacity_wh` is 0 without
    a battery. `battery_power_w` is positive while the battery discharges; `power_w` is positive
    while the inverter feeds out; `setpoint_w` is the armed set-point, None while the inverter
    follows its own default.
    """

    soc_permille: int
    power_w: Watts
    max_charge_w: Watts
    max_discharge_w: Watts
    capacity_wh: WattHours
    pv_power_w: Watts
    battery_power_w: Watts = NO_POWER
    setpoint_w: Watts | None = None

    @property
    def soc_percent(self) -> int:
        """State of charge in whole per cent, rounded down."""
        return self.soc_permille // 10

    @property
    def stored_wh(self) -> WattHours:
        """Energy in the battery, rounded down."""
        return WattHours(self.capacity_wh * self.soc_permille // 1000)


@runtime_checkable
class Meter(Protocol):
    """Gives the registers and the momentary power of a connection point."""

    async def registers(self) -> RegisterReading:
        """Read both cumulative registers in Wh and the momentary power in W, positive = export."""
        ...

    async def registers_at(self, boundary: int) -> RegisterReading:
        """Read the registers as the meter latched them at `boundary`, a slot boundary in Unix seconds.

        A reading fetched late is then as exact as one fetched in time; `at` is `boundary`. Raises
        `RegistersNotHeldError` while the meter does not hold that instant yet, or when it has
        dropped it.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection; reading afterwards is an error."""
        ...


@runtime_checkable
class Inverter(Protocol):
    """Gives the state of an inverter with its battery and takes a power set-point."""

    async def state(self) -> InverterState:
        """Read state of charge, powers in W and limits."""
        ...

    async def arm(self, setpoint_w: Watts, revert_seconds: int) -> None:
        """Hold the connection point at `setpoint_w` W (positive = export to the grid, negative = import).

        The device drops the set-point by itself after `revert_seconds`, so that a dead home
        controls nothing. Arming again replaces the set-point and starts the time anew.
        """
        ...

    async def release(self) -> None:
        """Drop the set-point at once and go back to the device's default; harmless when none is armed."""
        ...

    async def close(self) -> None:
        """Let go of the connection; an armed set-point stays until it reverts."""
        ...
