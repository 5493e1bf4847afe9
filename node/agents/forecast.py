"""What a home expects: by what it has measured, else by what it sees now (C-30, C-38, C-39)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from node.domain.forecast import (
    ForecastColumn,
    ForecastTable,
    latest_known,
    same_slot_a_day_earlier,
)
from node.domain.slots import DeliverySlot
from node.domain.units import WattHours

#: Slots of a day, whatever their length: in a demonstration a day has 48 short ones.
SLOTS_PER_DAY = 48


@dataclass(frozen=True, slots=True)
class Observed:
    """What a slot brought before battery and market: generation and demand in Wh."""

    pv_wh: WattHours
    demand_wh: WattHours


@dataclass(slots=True)
class Forecaster:
    """Keeps what slots brought and looks ahead from it; whole Wh.

    A slot is expected to bring what the same slot brought a day earlier; in the first days what the
    latest slot brought; and before anything was measured what the devices show at the moment.
    """

    slot_seconds: int
    history: dict[DeliverySlot, Observed] = field(default_factory=dict)

    def learn(self, slot: DeliverySlot, observed: Observed) -> None:
        """Keep what a slot brought."""
        self.history[slot] = observed

    def expect(self, slot: DeliverySlot, now: int, momentary: Observed) -> Observed:
        """Return what a slot is expected to bring; `momentary` where nothing was measured yet."""
        return self.known(slot, now) or momentary

    def known(self, slot: DeliverySlot, now: int) -> Observed | None:
        """Return what slots that are over at `now` let expect, None when there are none."""
        pv = self._latest({s: seen.pv_wh for s, seen in self.history.items()}, slot, now)
        demand = self._latest({s: seen.demand_wh for s, seen in self.history.items()}, slot, now)
        return None if pv is None or demand is None else Observed(pv, demand)

    def table(
        self,
        slots: Iterable[DeliverySlot],
        now: int,
        soc_percent: Mapping[DeliverySlot, int] | None = None,
    ) -> ForecastTable:
        """Return the table that a home shows; a column is empty where nothing is expected."""
        shown = soc_percent or {}
        return ForecastTable(self._column(slot, now, shown.get(slot)) for slot in slots)

    def _column(self, slot: DeliverySlot, now: int, soc_percent: int | None) -> ForecastColumn:
        expected = self.known(slot, now)
        if expected is None:
            return ForecastColumn(slot, None, None, soc_percent)
        return ForecastColumn(slot, expected.pv_wh, expected.demand_wh, soc_percent)

    def _latest(
        self, history: Mapping[DeliverySlot, WattHours], slot: DeliverySlot, now: int
    ) -> WattHours | None:
        known_before = now - self.slot_seconds + 1  # only slots that are over
        expected = same_slot_a_day_earlier(
            history,
            slot,
            day_seconds=SLOTS_PER_DAY * self.slot_seconds,
            known_before=known_before,
        )
        return latest_known(history, known_before=known_before) if expected is None else expected


def net_of(observed: Observed) -> WattHours:
    """Return generation less demand."""
    return WattHours(observed.pv_wh - observed.demand_wh)


@dataclass(slots=True)
class Samples:
    """Momentary powers within one slot, and what they amount to when it is over.

    Power and not registers, because the registers show the battery and the market as well.
    `is_limited`: at some moment PV was held back, so that it could have brought more.
    """

    pv_w: list[int] = field(default_factory=list)
    demand_w: list[int] = field(default_factory=list)
    is_limited: bool = False

    def add(
        self, pv_w: int, battery_w: int, net_export_w: int, *, is_limited: bool = False
    ) -> None:
        """Take a look; discharge and export are positive."""
        self.pv_w.append(max(0, pv_w))
        self.demand_w.append(demand_of(pv_w, battery_w, net_export_w))
        self.is_limited = self.is_limited or is_limited

    def observed(self, seconds: int) -> Observed | None:
        """Return the energies of a slot of `seconds` physical time; None without a single look."""
        if not self.pv_w:
            return None
        return Observed(mean_energy(self.pv_w, seconds), mean_energy(self.demand_w, seconds))


def without_limit(observed: Observed, expected: Observed, sold_wh: WattHours) -> Observed:
    """Return what a slot would have brought, had PV not been held back by the set-point.

    Nobody has measured that. It is taken to be what was expected; where all of that was sold and
    PV still had more to give, half as much again is tried, and a slot that then falls short shows
    the truth. Without this a producer would learn from its own set-points to offer ever less.
    """
    least = max(observed.pv_wh, expected.pv_wh)
    if net_of(expected) > sold_wh:
        return Observed(WattHours(least), observed.demand_wh)
    tried = observed.pv_wh * 3 // 2
    return Observed(WattHours(max(least, tried)), observed.demand_wh)


def demand_of(pv_w: int, battery_w: int, net_export_w: int) -> int:
    """Return what the home itself uses in W: what PV and battery give and does not leave it."""
    return max(0, pv_w + battery_w - net_export_w)


def mean_energy(powers: Sequence[int], seconds: int) -> WattHours:
    """Return mean power times time, rounded down: the one place where looks become whole Wh."""
    return WattHours(sum(powers) * seconds // (len(powers) * 3600))
