"""The cumulative registers of a simulated meter and the values it latched at interval boundaries (B-11 to B-13)."""

from collections import deque
from dataclasses import dataclass

from adapters.simulated.series import MJ_PER_WH


@dataclass(frozen=True, slots=True)
class Latch:
    """The registers as they stood at `boundary`, a Unix second, and the power just before, export positive."""

    boundary: int
    import_wh: int
    export_wh: int
    power_w: int


class EnergyRegisters:
    """Counts import and export apart, in mJ, and shows whole Wh; both only grow.

    Latches them at every multiple of `period_seconds` and keeps the last `depth`, as a smart meter does each half
    hour.
    """

    def __init__(self, import_wh: int, export_wh: int, period_seconds: int, depth: int) -> None:
        self.import_mj = import_wh * MJ_PER_WH
        self.export_mj = export_wh * MJ_PER_WH
        self.period_seconds = period_seconds
        self.latches: deque[Latch] = deque(maxlen=depth)

    @property
    def depth(self) -> int:
        """How many boundaries are kept."""
        return self.latches.maxlen or 0

    @property
    def import_wh(self) -> int:
        """Whole Wh taken from the grid: with `export_wh` the only place where energy is rounded."""
        return self.import_mj // MJ_PER_WH

    @property
    def export_wh(self) -> int:
        """Whole Wh given to the grid."""
        return self.export_mj // MJ_PER_WH

    def count(self, net_export_mj: int) -> None:
        """Add a step's energy to the register of its direction."""
        if net_export_mj >= 0:
            self.export_mj += net_export_mj
        else:
            self.import_mj -= net_export_mj

    def latch(self, now: int, power_w: int) -> bool:
        """Keep the registers of `now` if it is a boundary, and say whether it was."""
        boundary = now % self.period_seconds == 0
        if boundary:
            self.latches.append(Latch(now, self.import_wh, self.export_wh, power_w))
        return boundary

    def reset(self) -> None:
        """Forget everything, as a meter does that was exchanged or has failed."""
        self.import_mj = 0
        self.export_mj = 0
        self.latches.clear()
