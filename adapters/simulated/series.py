"""Energy over simulated time, exact in whole millijoules.

A millijoule is a milliwatt for a second; 3,600,000 of them are a watt-hour. A series gives the energy of any
stretch of time as a difference of two running sums, so however a stretch is cut, the parts add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from adapters.simulated.errors import RatingError

MJ_PER_WH: Final = 3_600_000
HALF_HOUR: Final = 1800


@dataclass(frozen=True, slots=True)
class EnergySeries:
    """Wh per interval, from `start` (Unix seconds of the simulated calendar) on, and over again after its end."""

    start: int
    values: Sequence[int]
    interval_seconds: int = HALF_HOUR
    _before: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.values or min(self.values) < 0:
            raise RatingError(
                "series", list(self.values), "expected at least one value, none negative"
            )
        if self.interval_seconds <= 0:
            raise RatingError("interval_seconds", self.interval_seconds, "expected at least 1")
        object.__setattr__(self, "_before", (0, *accumulate(self.values)))

    def between(self, start: int, end: int) -> int:
        """Return the energy from `start` to `end` in mJ."""
        return self._until(end) - self._until(start)

    def _until(self, instant: int) -> int:
        interval, seconds = divmod(instant - self.start, self.interval_seconds)
        rounds, index = divmod(interval, len(self.values))
        whole = rounds * self._before[-1] + self._before[index]
        return whole * MJ_PER_WH + self.values[index] * MJ_PER_WH * seconds // self.interval_seconds
