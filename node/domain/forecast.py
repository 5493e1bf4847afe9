"""Forecasts of a home, as its device prints them (C-30, C-38, C-39), and the simplest one that works.

All energies are Wh per slot. Net energy is generation less demand: positive is a surplus, negative
a deficit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from node.domain.errors import PolicyError
from node.domain.slots import DeliverySlot
from node.domain.units import WattHours


@dataclass(frozen=True, slots=True)
class ForecastColumn:
    """One column of the forecast table: what a slot is expected to bring. None where nothing is printed."""

    slot: DeliverySlot
    pv_wh: WattHours | None
    demand_wh: WattHours | None
    soc_percent: int | None = None

    @property
    def net_wh(self) -> WattHours | None:
        """Generation less demand, None where one of them is not printed."""
        if self.pv_wh is None or self.demand_wh is None:
            return None
        return WattHours(self.pv_wh - self.demand_wh)

    @property
    def surplus_wh(self) -> WattHours:
        """What is left over, zero in a deficit."""
        return WattHours(max(0, self.net_wh or 0))

    @property
    def deficit_wh(self) -> WattHours:
        """What is lacking, zero in a surplus."""
        return WattHours(max(0, -(self.net_wh or 0)))


class ForecastTable:
    """The forecast of a home for the slots ahead, one column per slot in the order of time."""

    def __init__(self, columns: Iterable[ForecastColumn]) -> None:
        self.columns = tuple(columns)
        slots = [column.slot for column in self.columns]
        if slots != sorted(set(slots)):
            raise PolicyError(f"forecast columns are not in the order of time: {slots}")
        self._by_slot = {column.slot: column for column in self.columns}

    def column(self, slot: DeliverySlot) -> ForecastColumn | None:
        """Return the column of a slot, None where the table does not reach."""
        return self._by_slot.get(slot)

    def net_wh(self, slot: DeliverySlot) -> WattHours | None:
        """Return the expected net energy of a slot, None where the table does not say."""
        column = self.column(slot)
        return None if column is None else column.net_wh


#: How many days back a forecast looks for the same slot.
LOOK_BACK_DAYS = 7


def same_slot_a_day_earlier(
    history: Mapping[DeliverySlot, WattHours],
    slot: DeliverySlot,
    *,
    day_seconds: int,
    known_before: int,
) -> WattHours | None:
    """Forecast a slot by what the same slot brought a day earlier, or on the latest known day of the week before.

    `day_seconds` is the length of a day of the deployment, 48 slots. Only slots that start before
    `known_before` are looked at, so that no forecast sees what has not been measured yet. None when
    no such day is known.
    """
    for days in range(1, LOOK_BACK_DAYS + 1):
        earlier = DeliverySlot(slot - days * day_seconds)
        if earlier < known_before and earlier in history:
            return history[earlier]
    return None


def latest_known(
    history: Mapping[DeliverySlot, WattHours], *, known_before: int
) -> WattHours | None:
    """Forecast any slot by the latest one that was measured: all that a home knows on its first day."""
    known = [slot for slot in history if slot < known_before]
    return history[max(known)] if known else None
