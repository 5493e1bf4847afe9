"""A SunSpec meter as the domain's `Meter`: counts what passes the connection point, both directions apart."""

from typing import Final

from adapters.modbus.device import ModelReading, SunSpecDevice
from adapters.modbus.errors import GarbledAnswerError
from adapters.sunspec import INTERVAL_REGISTERS
from node.domain.devices import RegisterReading
from node.domain.errors import RegistersNotHeldError
from node.domain.units import WattHours, Watts

#: SunSpec's meters of alternating current: wye, delta, split phase, single phase.
METER_MODELS: Final = (203, 204, 202, 201)


class ModbusMeter:
    """Reads a SunSpec meter; SunSpec counts power drawn from the grid as positive, the domain power fed out."""

    def __init__(self, device: SunSpecDevice) -> None:
        self._device = device

    async def registers(self) -> RegisterReading:
        """Read both cumulative registers in Wh and the momentary power in W, positive = export."""
        model = await self._device.first_of(METER_MODELS)
        reading = (await self._device.read({model: ("W", "TotWhExp", "TotWhImp")}))[model]
        return RegisterReading(
            import_wh=WattHours(reading.value("TotWhImp")),
            export_wh=WattHours(reading.value("TotWhExp")),
            power_w=Watts(-reading.value("W")),
        )

    async def registers_at(self, boundary: int) -> RegisterReading:
        """Read the registers as the meter latched them at `boundary`, a slot boundary in Unix seconds."""
        ring = await self._interval_model("Per", "Oldest", "Newest")
        period = ring.value("Per")
        if period < 1 or ring.repeats < 1:
            raise GarbledAnswerError(
                self._device.name, f"{ring.repeats} boundaries, {period} s apart"
            )
        index = boundary // period % ring.repeats
        names = [f"Bnd[{index}].{point}" for point in ("Tms", "WhImp", "WhExp", "W")]
        latch = await self._interval_model(*names)
        if latch.optional(names[0]) != boundary:
            oldest, newest = ring.optional("Oldest"), ring.optional("Newest")
            held = None if oldest is None or newest is None else (oldest, newest)
            raise RegistersNotHeldError(self._device.name, boundary, held)
        _, imported, exported, drawn = (latch.value(name) for name in names)
        return RegisterReading(
            import_wh=WattHours(imported),
            export_wh=WattHours(exported),
            power_w=Watts(-drawn),
            at=boundary,
        )

    async def close(self) -> None:
        """Let go of the connection; reading afterwards raises `DeviceClosedError`."""
        self._device.close()

    async def _interval_model(self, *names: str) -> ModelReading:
        return (await self._device.read({INTERVAL_REGISTERS: names}))[INTERVAL_REGISTERS]
