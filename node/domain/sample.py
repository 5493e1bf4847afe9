"""A small neighbourhood made from a seed, in the files of `node.domain.neighbourhood` (B-02).

The average household uses 8.29 kWh a day, exactly. Sun, clouds, habits and prices are drawn from
the seed in integers only: the same seed gives the same files on every machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from random import Random

from node.domain.errors import PolicyError
from node.domain.neighbourhood import FILES, PRICE_COLUMN
from node.domain.slots import DAY_SECONDS, HALF_HOURS, JST, DeliverySlot, local_time
from node.domain.units import SenPerKwh, WattHours, format_kwh, format_price

#: Average household of Tokyo: 248.7 kWh a month, 8.29 kWh a day (B-02).
HOUSEHOLD_DAY_WH = 8290

#: A neighbourhood shop with refrigeration.
SHOP_DAY_WH = 62_000

#: Curves over a day: (half hour, height) between which a straight line runs. Heights are relative
#: but for prices.
_Curve = tuple[tuple[int, int], ...]
_HOUSEHOLD: _Curve = (
    (0, 30),
    (5, 22),
    (11, 24),
    (15, 55),
    (19, 42),
    (28, 60),
    (33, 55),
    (39, 95),
    (44, 75),
    (47, 34),
)
_SHOP: _Curve = ((0, 30), (17, 30), (20, 78), (28, 86), (40, 84), (43, 32), (47, 30))
_PRICE_SEN: _Curve = (
    (0, 1250),
    (8, 1150),
    (17, 1750),
    (28, 1800),
    (37, 2550),
    (42, 2100),
    (47, 1280),
)

#: Half hours between which the sun shines (5:00 to 18:30), and how far a roof turned east or west
#: moves its peak.
_SUNRISE, _SUNSET, _AZIMUTH_SHIFT = 10, 37, 3

#: What a site yields at best, in per mille of its rated power.
_BEST_YIELD_PERMILLE = 780

#: How far a cloudless noon lowers the price of the exchange.
_SUN_PRICE_SEN = 1200

_AZIMUTHS = (90, 180, 180, 180, 270)


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How large a sample is and on which day it begins."""

    homes: int = 12
    days: int = 4
    first_day: date = date(2025, 8, 1)

    def __post_init__(self) -> None:
        if not 1 <= self.homes <= 10_000 or not 1 <= self.days <= 366:
            raise PolicyError(f"a sample has 1 to 10000 homes and 1 to 366 days, not {self}")


DEFAULT_SIZE = SampleSize()


@dataclass(frozen=True, slots=True)
class _Site:
    id: str
    role: str
    pv_w: int = 0
    azimuth: int = 180
    battery_wh: int = 0
    battery_w: int = 0


def sample_neighbourhood(seed: int, size: SampleSize = DEFAULT_SIZE) -> dict[str, list[str]]:
    """Return the lines of all files of a neighbourhood, by file name."""
    chance = Random(seed)  # noqa: S311 - a reproducible sample keeps no secret
    sites = _draw_sites(chance, size.homes)
    midnight = datetime(size.first_day.year, size.first_day.month, size.first_day.day, tzinfo=JST)
    start = int(midnight.timestamp())
    slots = list(HALF_HOURS.slots_between(start, start + size.days * DAY_SECONDS))
    sky = _draw_sky(chance, size.days)
    tables = (
        _site_rows(sites),
        _load_rows(chance, sites, slots),
        _pv_rows(chance, sites, slots, sky),
        _price_rows(chance, slots, sky),
    )
    return {
        name: [",".join(row) + "\n" for row in rows]
        for name, rows in zip(FILES, tables, strict=True)
    }


def _draw_sites(chance: Random, homes: int) -> list[_Site]:
    digits = max(2, len(str(homes)))
    drawn = [_draw_home(chance, f"h{number:0{digits}}") for number in range(1, homes + 1)]
    shop = _Site("shop1", "shop", pv_w=10_000, battery_wh=30_000, battery_w=10_000)
    return [*drawn, shop, _Site("solar1", "generator", pv_w=20_000)]


def _draw_home(chance: Random, name: str) -> _Site:
    if chance.randrange(5) < 2:
        return _Site(name, "consumer")
    battery_wh = chance.choice((0, 5_600, 6_500, 9_800))
    return _Site(
        name,
        "prosumer",
        pv_w=100 * chance.randint(30, 60),
        azimuth=chance.choice(_AZIMUTHS),
        battery_wh=battery_wh,
        battery_w=3_000 if battery_wh > 6_000 else 2_000 if battery_wh else 0,
    )


def _draw_sky(chance: Random, days: int) -> list[int]:
    """Return for each half hour what of a clear sky's sun comes through, in per mille: dull days and bright ones."""
    permille: list[int] = []
    for _ in range(days):
        day = chance.randint(400, 950)
        permille += [day + chance.randint(-60, 50) for _ in range(HALF_HOURS.slots_per_day)]
    return permille


def _site_rows(sites: Sequence[_Site]) -> Iterator[tuple[str, ...]]:
    yield (
        "id",
        "role",
        "pv_kwp",
        "pv_tilt_deg",
        "pv_azimuth_deg",
        "battery_kwh",
        "battery_kw",
        "ev_id",
        "dr_contract_magnification",
    )
    for site in sites:
        roof = ("25", str(site.azimuth)) if site.pv_w else ("", "")
        sizes = (_kilo(site.battery_wh), _kilo(site.battery_w))
        yield (site.id, site.role, _kilo(site.pv_w), *roof, *sizes, "", "2")


def _load_rows(
    chance: Random, sites: Sequence[_Site], slots: Sequence[DeliverySlot]
) -> Iterator[tuple[str, ...]]:
    homes = [site.id for site in sites if site.role in {"consumer", "prosumer"}]
    days = len(slots) // HALF_HOURS.slots_per_day
    parts = {
        name: _draw_parts(chance, _HOUSEHOLD, slots, chance.randint(60, 140)) for name in homes
    }
    # One running sum over all homes, so that the average household comes out exactly.
    together = [part for name in homes for part in parts[name]]
    shared = _share(HOUSEHOLD_DAY_WH * days * len(homes), together)
    loads = {name: shared[i * len(slots) : (i + 1) * len(slots)] for i, name in enumerate(homes)}
    for shop in (site.id for site in sites if site.role == "shop"):
        loads[shop] = _share(SHOP_DAY_WH * days, _draw_parts(chance, _SHOP, slots, 100))
    yield ("slot_start", *loads)
    for index, slot in enumerate(slots):
        yield (_iso(slot), *(_kilo(load[index]) for load in loads.values()))


def _pv_rows(
    chance: Random, sites: Sequence[_Site], slots: Sequence[DeliverySlot], sky: Sequence[int]
) -> Iterator[tuple[str, ...]]:
    with_pv = [site for site in sites if site.pv_w]
    yield ("slot_start", "area_cf", *(f"pv_{site.id}" for site in with_pv))
    for slot, clear in zip(slots, sky, strict=True):
        area = _sun(_half_hour(slot)) * _BEST_YIELD_PERMILLE * clear // 1_000_000
        energies = [
            _yield_wh(site, slot, clear * chance.randint(97, 103) // 100) for site in with_pv
        ]
        yield (_iso(slot), _kilo(area), *(_kilo(energy) for energy in energies))


def _price_rows(
    chance: Random, slots: Sequence[DeliverySlot], sky: Sequence[int]
) -> Iterator[tuple[str, ...]]:
    yield (
        "slot_start",
        "slot_no",
        "sell_bid_kwh",
        "buy_bid_kwh",
        "cleared_kwh",
        "system_price",
        PRICE_COLUMN,
        "intraday_low",
        "intraday_high",
        "intraday_avg",
        "intraday_kwh",
        "intraday_trades",
    )
    for slot, clear in zip(slots, sky, strict=True):
        half_hour = _half_hour(slot)
        sunny = _SUN_PRICE_SEN * _sun(half_hour) * clear // 1_000_000
        system = max(1, _height(_PRICE_SEN, half_hour) - sunny + chance.randint(-60, 60))
        area = max(1, system + chance.randint(-40, 120))
        low, high = area * chance.randint(60, 95) // 100, area * chance.randint(105, 150) // 100
        prices = [format_price(SenPerKwh(p)) for p in (system, area, low, high, (low + high) // 2)]
        number = str(HALF_HOURS.number(slot))
        yield (_iso(slot), number, *_draw_volumes(chance), *prices, *_draw_intraday(chance))


def _draw_volumes(chance: Random) -> tuple[str, str, str]:
    """Return what was offered, asked for and sold on the exchange, in kWh."""
    offered, asked = chance.randint(18_000, 26_000), chance.randint(18_000, 28_000)
    sold = min(offered, asked) * chance.randint(85, 95) // 100
    return (f"{offered}000", f"{asked}000", f"{sold}000")


def _draw_intraday(chance: Random) -> tuple[str, str]:
    """Return energy in kWh and number of trades of the intraday market."""
    trades = chance.randint(30, 110)
    return (str(trades * chance.randint(1_500, 3_500)), str(trades))


def _yield_wh(site: _Site, slot: DeliverySlot, clear_permille: int) -> int:
    shift = (site.azimuth - 180) // 90 * _AZIMUTH_SHIFT
    sun = _sun(_half_hour(slot) - shift)
    return site.pv_w * sun * _BEST_YIELD_PERMILLE * clear_permille // (2 * 10**9)


def _sun(half_hour: int) -> int:
    """Return the height of the sun in per mille of noon: a parabola from sunrise to sunset."""
    above = (half_hour - _SUNRISE) * (_SUNSET - half_hour)
    return max(0, 4000 * above // (_SUNSET - _SUNRISE) ** 2)


def _draw_parts(
    chance: Random, curve: _Curve, slots: Sequence[DeliverySlot], size: int
) -> list[int]:
    return [_height(curve, _half_hour(slot)) * size * chance.randint(70, 130) for slot in slots]


def _share(total: int, parts: Sequence[int]) -> list[int]:
    """Return `total` divided in proportion to `parts`, exactly, by differences of the floored running sum."""
    whole = sum(parts)
    shares, before, done = [], 0, 0
    for part in parts:
        before += part
        shares.append(total * before // whole - done)
        done += shares[-1]
    return shares


def _height(curve: _Curve, half_hour: int) -> int:
    for (left, low), (right, high) in pairwise(curve):
        if left <= half_hour <= right:
            return low + (high - low) * (half_hour - left) // (right - left)
    return curve[-1][1]


def _half_hour(slot: DeliverySlot) -> int:
    return HALF_HOURS.number(slot) - 1


def _iso(slot: DeliverySlot) -> str:
    return local_time(slot).isoformat()


def _kilo(amount: int) -> str:
    return format_kwh(WattHours(amount))
