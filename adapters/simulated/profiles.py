"""Sun and load of a made-up neighbourhood, half hour by half hour, the same for the same seed.

A household's day is of the size of Tokyo's average (B-02) and half of it at 2 pm is air conditioning (B-03); a shop
has air conditioning and refrigeration (B-20). Series begin at midnight in Japan.
"""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.simulated.errors import RatingError
from adapters.simulated.series import HALF_HOUR, EnergySeries
from adapters.simulated.site import PERMILLE

SLOTS_A_DAY: Final = 48
DAY_SECONDS: Final = SLOTS_A_DAY * HALF_HOUR
JAPAN_AHEAD_SECONDS: Final = 9 * 3600

#: 248.7 kWh a month (B-02), a day of it in Wh.
HOUSEHOLD_DAY_WH: Final = 8290
#: The half hour from 14:00, at which air conditioning takes half (B-03).
PEAK_SLOT: Final = 28
SHOP_DAY_WH: Final = 62_000

#: What people use hour by hour without air conditioning, in parts.
_HOUSEHOLD_HOURS: Final = (
    5,
    4,
    4,
    4,
    4,
    5,
    8,
    11,
    9,
    7,
    6,
    6,
    7,
    6,
    6,
    6,
    7,
    10,
    13,
    14,
    13,
    11,
    9,
    7,
)
_SHOP_HOURS: Final = (
    3,
    3,
    3,
    3,
    3,
    3,
    3,
    4,
    6,
    9,
    10,
    10,
    10,
    10,
    10,
    10,
    10,
    10,
    10,
    9,
    8,
    5,
    3,
    3,
)

SUNRISE_SLOT, SUNSET_SLOT = 10, 37  # 05:00 and 18:30


@dataclass(frozen=True, slots=True)
class DayLoad:
    """A day's load in Wh per half hour, air conditioning apart: it is what demand response can move."""

    base: tuple[int, ...]
    air_conditioning: tuple[int, ...]

    @property
    def total(self) -> tuple[int, ...]:
        """Both together."""
        return tuple(
            base + cool for base, cool in zip(self.base, self.air_conditioning, strict=True)
        )


def household_day(seed: int, size_permille: int = PERMILLE) -> DayLoad:
    """Return a summer day of a household `size_permille` of the average."""
    return _day(seed, _HOUSEHOLD_HOURS, HOUSEHOLD_DAY_WH * size_permille // PERMILLE)


def shop_day(seed: int, size_permille: int = PERMILLE) -> DayLoad:
    """Return a summer day of a shop."""
    return _day(seed, _SHOP_HOURS, SHOP_DAY_WH * size_permille // PERMILLE)


def solar_day(seed: int, peak_w: int) -> tuple[int, ...]:
    """Return what PV of `peak_w` yields in Wh per half hour of a summer day with passing clouds."""
    if peak_w < 0:
        raise RatingError("peak_w", peak_w, "expected 0 or more")
    chance = _chance(seed)
    length = SUNSET_SLOT - SUNRISE_SLOT
    values = []
    for slot in range(SLOTS_A_DAY):
        height = math.sin(math.pi * (slot + 0.5 - SUNRISE_SLOT) / length)
        up = SUNRISE_SLOT <= slot < SUNSET_SLOT
        values.append(int(peak_w / 2 * height * chance.uniform(0.7, 0.95)) if up else 0)
    return tuple(values)


def series(days: Iterable[Sequence[int]], calendar: int) -> EnergySeries:
    """Lay days end to end, the first of them being the Japanese day of `calendar`, a Unix second."""
    return EnergySeries(midnight(calendar), [value for day in days for value in day])


def midnight(calendar: int) -> int:
    """Return the Unix second at which the Japanese day of `calendar` began."""
    return calendar - (calendar + JAPAN_AHEAD_SECONDS) % DAY_SECONDS


def _day(seed: int, hours: Sequence[int], total_wh: int) -> DayLoad:
    chance = _chance(seed)
    base = [hours[slot // 2] * chance.uniform(0.8, 1.2) for slot in range(SLOTS_A_DAY)]
    heat = [math.exp(-(((slot - PEAK_SLOT) / 9) ** 2)) for slot in range(SLOTS_A_DAY)]
    heat = [0.0 if slot < SUNRISE_SLOT else part for slot, part in enumerate(heat)]
    share = base[PEAK_SLOT] / heat[PEAK_SLOT]
    scale = total_wh / (sum(base) + share * sum(heat))
    return DayLoad(
        tuple(round(part * scale) for part in base),
        tuple(round(part * share * scale) for part in heat),
    )


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - weather and habits, no secrets
