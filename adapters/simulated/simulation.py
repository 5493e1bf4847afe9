"""A home that lives on: physics, set-point and meter, carried forward to whatever second the clock shows.

Nothing runs in the background. Whoever looks brings the home up to now first, always in the same steps, so the
outcome depends on the commands and their seconds alone and not on who looked how often.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from adapters.simulated.control import Command, SetpointControl
from adapters.simulated.errors import RatingError
from adapters.simulated.memory import Memory, MemoryFile, Totals
from adapters.simulated.registers import EnergyRegisters
from adapters.simulated.series import MJ_PER_WH
from adapters.simulated.site import PERMILLE, Flows, Site, flow
from node.domain.clock import Clock

#: Longest step of the physics in simulated seconds: how late an empty battery is noticed.
LONGEST_STEP: Final = 60


@dataclass(frozen=True, slots=True)
class SimulatedTime:
    """Maps the clock's seconds to the simulated calendar: `speed` of them pass in each, from `start` at `origin` on.

    A demo slot of 10 s carries a half hour at speed 180.
    """

    origin: int
    start: int
    speed: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if self.speed < 1:
            raise RatingError(
                "speed", self.speed, "expected at least 1, so that each second holds a step"
            )

    def at(self, now: int) -> int:
        """Return the second of the simulated calendar that belongs to `now`."""
        return self.start + (now - self.origin) * self.speed.numerator // self.speed.denominator

    def steps(self, now: int) -> Iterator[tuple[int, int]]:
        """Cut the second that begins at `now` into steps of the physics, as (start, end) of the calendar."""
        start, end = self.at(now), self.at(now + 1)
        while start < end:
            following = min(start + LONGEST_STEP, end)
            yield start, following
            start = following


@dataclass(frozen=True, slots=True)
class Powers:
    """Momentary powers in W. Battery: discharge positive. Net: export positive."""

    pv: int
    load: int
    battery: int
    net_export: int

    @property
    def inverter(self) -> int:
        """What the inverter feeds into the house, negative when it draws."""
        return self.pv + self.battery


class HomeSimulation:
    """One home behind one connection point, from `clock.now()` at its making on, or from where `memory` left off."""

    def __init__(
        self,
        site: Site,
        clock: Clock,
        time: SimulatedTime,
        registers: EnergyRegisters,
        memory: MemoryFile | None = None,
    ) -> None:
        self.site = site
        self.registers = registers
        self.totals = Totals()
        self.stored_mj = site.battery.initial_mj if site.battery else 0
        self._control = SetpointControl()
        self._clock = clock
        self._time = time
        self._memory = memory
        self._now = clock.now()
        kept = memory.load(str(time)) if memory else None
        if kept is not None:
            self._recall(kept)
        else:
            registers.latch(self._now, 0)
            self._remember()

    def advance(self) -> int:
        """Bring the home up to the clock, which never takes it back, and return the second reached."""
        until = self._clock.now()
        latched = False
        while self._now < until:
            setpoint_w = self._control.setpoint_at(self._now)
            power_w = 0
            for start, end in self._time.steps(self._now):
                flows = flow(self.site, self.stored_mj, start, end, setpoint_w)
                self._account(flows)
                power_w = _watts(flows.net_export, end - start)
            self._now += 1
            latched |= self.registers.latch(self._now, power_w)
        if latched:
            self._remember()
        return self._now

    def command(self, command: Command) -> None:
        """Give the inverter a set-point from now on."""
        self._control.give(command, self.advance())
        self._remember()

    def commanded(self) -> tuple[Command, int]:
        """Return the command that holds now and the seconds until it reverts."""
        now = self.advance()
        self._control.setpoint_at(now)
        return self._control.command, self._control.seconds_left(now)

    def powers(self) -> Powers:
        """Return the powers of the step that begins now."""
        now = self.advance()
        start, end = next(self._time.steps(now))
        flows = flow(self.site, self.stored_mj, start, end, self._control.setpoint_at(now))
        seconds = end - start
        return Powers(
            pv=_watts(flows.pv, seconds),
            load=_watts(flows.load, seconds),
            battery=_watts(flows.discharge - flows.charge, seconds),
            net_export=_watts(flows.net_export, seconds),
        )

    @property
    def usable_wh(self) -> int:
        """Energy between an empty and a full battery."""
        return self.site.battery.usable_mj // MJ_PER_WH if self.site.battery else 0

    @property
    def soc_permille(self) -> int:
        """Usable state of charge, rounded down."""
        return self.stored_mj * PERMILLE // self.site.battery.usable_mj if self.site.battery else 0

    def _remember(self) -> None:
        if self._memory is None:
            return
        self._memory.save(
            Memory(
                time=str(self._time),
                now=self._now,
                stored_mj=self.stored_mj,
                import_mj=self.registers.import_mj,
                export_mj=self.registers.export_mj,
                command=self._control.command,
                expires_at=self._control.expires_at,
                totals=self.totals,
                latches=tuple(self.registers.latches),
            )
        )

    def _recall(self, kept: Memory) -> None:
        self._now = kept.now
        self.stored_mj = kept.stored_mj
        self.totals = kept.totals
        self.registers.import_mj = kept.import_mj
        self.registers.export_mj = kept.export_mj
        self.registers.latches.extend(kept.latches)
        self._control = SetpointControl(kept.command, kept.expires_at)

    def _account(self, flows: Flows) -> None:
        totals = self.totals
        totals.pv += flows.pv
        totals.load += flows.load
        totals.charge += flows.charge
        totals.discharge += flows.discharge
        totals.curtailed += flows.curtailed
        totals.exported += max(0, flows.net_export)
        totals.imported += max(0, -flows.net_export)
        self.registers.count(flows.net_export)
        if self.site.battery is not None:
            self.stored_mj = self.site.battery.stored_after(
                self.stored_mj, flows.charge, flows.discharge
            )


def _watts(energy_mj: int, seconds: int) -> int:
    size = abs(energy_mj) // (1000 * seconds)
    return size if energy_mj >= 0 else -size
