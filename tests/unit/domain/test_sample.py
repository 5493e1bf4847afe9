"""The generated neighbourhood."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.errors import PolicyError
from node.domain.neighbourhood import FILES, Neighbourhood, parse_neighbourhood
from node.domain.participants import PointKind
from node.domain.sample import HOUSEHOLD_DAY_WH, SampleSize, sample_neighbourhood
from node.domain.slots import HALF_HOURS, local_date

few_seeds = settings(derandomize=True, deadline=None, max_examples=15)
HOUSEHOLDS = {PointKind.CONSUMER, PointKind.PROSUMER}


def sample(seed: int, homes: int = 12, days: int = 4) -> Neighbourhood:
    return parse_neighbourhood(sample_neighbourhood(seed, SampleSize(homes, days)))


@pytest.mark.spec("B-02")
@few_seeds
@given(seed=st.integers(), homes=st.integers(1, 25), days=st.integers(1, 3))
def test_the_average_household_uses_8_290_kwh_a_day_exactly(
    seed: int, homes: int, days: int
) -> None:
    data = sample(seed, homes, days)
    households = [site.id for site in data.sites if site.kind in HOUSEHOLDS]

    used = sum(sum(data.load[name].values()) for name in households)

    assert len(households) == homes
    assert used == HOUSEHOLD_DAY_WH * homes * days


@pytest.mark.spec("B-02", "G-32")
def test_the_files_are_those_that_a_replay_reads() -> None:
    data = sample(7)

    assert len(data.slots) == 4 * 48
    assert local_date(data.slots[0]) == date(2025, 8, 1)
    assert {site.kind for site in data.sites} == {
        PointKind.CONSUMER,
        PointKind.PROSUMER,
        PointKind.SHOP,
        PointKind.GENERATOR,
    }
    assert set(data.pv) == {site.id for site in data.sites if site.pv_w > 0}
    assert set(data.prices) == set(data.slots)


def test_the_same_seed_gives_the_same_files_and_another_seed_others() -> None:
    one, again, other = (sample_neighbourhood(seed) for seed in (7, 7, 8))

    assert one == again
    assert all(one[name] != other[name] for name in FILES)


@few_seeds
@given(seed=st.integers())
def test_the_sun_shines_by_day_and_never_beyond_the_rated_power(seed: int) -> None:
    data = sample(seed)
    rated = {site.id: site.pv_w for site in data.sites}

    for name, energies in data.pv.items():
        assert sum(energies.values()) > 0
        for slot, energy in energies.items():
            assert energy <= rated[name] // 2
            if HALF_HOURS.number(slot) <= 7 or HALF_HOURS.number(slot) >= 43:
                assert energy == 0


@few_seeds
@given(seed=st.integers())
def test_the_neighbourhood_has_a_surplus_at_noon_and_a_deficit_in_the_evening(seed: int) -> None:
    data = sample(seed)

    for day in range(4):
        noon, evening = data.slots[48 * day + 24], data.slots[48 * day + 40]
        assert sum(data.net_wh(site.id, noon) for site in data.sites) > 0
        assert sum(data.net_wh(site.id, evening) for site in data.sites) < 0
        assert data.prices[noon] < data.prices[evening]


@pytest.mark.parametrize(("homes", "days"), [(0, 1), (10_001, 1), (1, 0), (1, 367)])
def test_a_size_that_makes_no_sense_is_refused(homes: int, days: int) -> None:
    with pytest.raises(PolicyError, match="1 to 10000 homes and 1 to 366 days"):
        SampleSize(homes, days)
