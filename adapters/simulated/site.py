"""The physics of one home over one step: where the energy of PV, battery, load and grid goes.

Pure and in whole millijoules, so that nothing is created or lost: for every step

    export - import = pv + discharge - load - charge,    stored gain = charge - discharge - loss.

The inverter holds the *connection point* (the reference point of applicability of IEEE 1547-2018, 4.2, set to the
point of common coupling): its set-point is what the meter shows, the load of the house included.
"""

from dataclasses import dataclass
from typing import Final

from adapters.simulated.errors import RatingError
from adapters.simulated.series import MJ_PER_WH, EnergySeries

PERMILLE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A battery as it is rated; the state of charge stays between `floor_permille` and `ceiling_permille`."""

    capacity_wh: int
    max_charge_w: int
    max_discharge_w: int
    charge_permille: int = 950
    discharge_permille: int = 950
    floor_permille: int = 100
    ceiling_permille: int = PERMILLE
    initial_permille: int = 500

    def __post_init__(self) -> None:
        for name in ("capacity_wh", "max_charge_w", "max_discharge_w"):
            if getattr(self, name) <= 0:
                raise RatingError(name, getattr(self, name), "expected more than 0")
        for name in ("charge_permille", "discharge_permille"):
            if not 0 < getattr(self, name) <= PERMILLE:
                raise RatingError(name, getattr(self, name), "expected 1 to 1000")
        if not 0 <= self.floor_permille < self.ceiling_permille <= PERMILLE:
            raise RatingError(
                "floor_permille", self.floor_permille, "expected 0 <= floor < ceiling <= 1000"
            )
        if not self.floor_permille <= self.initial_permille <= self.ceiling_permille:
            raise RatingError(
                "initial_permille", self.initial_permille, "expected floor to ceiling"
            )

    @property
    def usable_mj(self) -> int:
        """Energy between floor and ceiling: what an owner calls 0 and 100 per cent."""
        return self._energy(self.ceiling_permille) - self._energy(self.floor_permille)

    @property
    def initial_mj(self) -> int:
        """Energy above the floor at the start."""
        return self._energy(self.initial_permille) - self._energy(self.floor_permille)

    def most_discharge(self, stored_mj: int, seconds: int) -> int:
        """Return the largest energy in mJ that can come out in `seconds` from `stored_mj` above the floor."""
        return min(
            self.max_discharge_w * 1000 * seconds, stored_mj * self.discharge_permille // PERMILLE
        )

    def most_charge(self, stored_mj: int, seconds: int) -> int:
        """Return the largest energy in mJ that can go in during `seconds`."""
        room = (self.usable_mj - stored_mj) * PERMILLE // self.charge_permille
        return min(self.max_charge_w * 1000 * seconds, room)

    def stored_after(self, stored_mj: int, charge: int, discharge: int) -> int:
        """Return what is stored after a step; the losses round up, against the owner."""
        gained = charge * self.charge_permille // PERMILLE
        drawn = -(-discharge * PERMILLE // self.discharge_permille)
        return stored_mj + gained - drawn

    def _energy(self, permille: int) -> int:
        return self.capacity_wh * MJ_PER_WH * permille // PERMILLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What stands behind one connection point. Without an `inverter_w` rating there is neither PV nor battery."""

    load: EnergySeries
    pv: EnergySeries | None = None
    battery: Battery | None = None
    inverter_w: int = 0

    def __post_init__(self) -> None:
        if self.inverter_w < 0:
            raise RatingError("inverter_w", self.inverter_w, "expected 0 or more")
        if self.inverter_w == 0 and (self.pv or self.battery):
            raise RatingError("inverter_w", self.inverter_w, "PV and battery need an inverter")


@dataclass(frozen=True, slots=True)
class Flows:
    """The energies of one step in mJ, none negative; `pv` is what was used, `curtailed` what was not."""

    pv: int
    load: int
    charge: int
    discharge: int
    curtailed: int

    @property
    def net_export(self) -> int:
        """Energy out to the grid, negative when it came in."""
        return self.pv + self.discharge - self.load - self.charge


def flow(site: Site, stored_mj: int, start: int, end: int, setpoint_w: int | None) -> Flows:
    """Return what flows from `start` to `end` of the simulated calendar.

    With a set-point the battery makes up what PV and load leave open, and PV gives way when the battery cannot
    take the rest. Without one the home uses its own energy first and feeds out what is left.
    """
    seconds = end - start
    load = site.load.between(start, end)
    sun = site.pv.between(start, end) if site.pv else 0
    target = (setpoint_w or 0) * 1000 * seconds

    carried = site.inverter_w * 1000 * seconds
    battery = _battery_flow(site, stored_mj, seconds, wanted=target + load - sun, sun=sun)
    pv = min(sun, carried - battery)
    if setpoint_w is not None:
        # What charges the battery beyond the inverter's power can only come from the sun.
        spare = pv - max(0, -battery - carried)
        pv -= min(spare, max(0, pv + battery - load - target))
    return Flows(pv, load, max(0, -battery), max(0, battery), sun - pv)


def _battery_flow(site: Site, stored_mj: int, seconds: int, wanted: int, sun: int) -> int:
    if site.battery is None:
        return 0
    # What PV and battery give or take together passes the inverter.
    carried = site.inverter_w * 1000 * seconds
    highest = min(site.battery.most_discharge(stored_mj, seconds), carried - sun)
    lowest = max(-site.battery.most_charge(stored_mj, seconds), -carried - sun)
    return max(lowest, min(wanted, highest))
