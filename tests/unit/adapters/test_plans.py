"""Homes from the files of a neighbourhood."""

import pytest

from adapters.simulated import plans_of
from adapters.simulated.series import MJ_PER_WH
from node.domain.neighbourhood import Neighbourhood, parse_neighbourhood
from node.domain.sample import SampleSize, sample_neighbourhood


@pytest.fixture(scope="module")
def neighbourhood() -> Neighbourhood:
    return parse_neighbourhood(sample_neighbourhood(7, SampleSize(homes=10, days=2)))


@pytest.mark.spec("C-37")
def test_every_site_of_the_files_becomes_a_home(neighbourhood: Neighbourhood) -> None:
    plans = plans_of(neighbourhood)

    assert [plan.name for plan in plans] == [site.id for site in neighbourhood.sites]
    for plan, filed in zip(plans, neighbourhood.sites, strict=True):
        assert (plan.site.pv is not None) == (filed.pv_w > 0), plan.name
        assert (plan.site.battery is not None) == (filed.battery_wh > 0), plan.name
        assert (plan.site.inverter_w > 0) == (filed.pv_w + filed.battery_w > 0), plan.name


def test_a_slot_carries_the_energy_of_the_files_to_the_wh(neighbourhood: Neighbourhood) -> None:
    for plan in plans_of(neighbourhood):
        for slot in neighbourhood.slots[::5]:
            load = plan.site.load.between(slot, slot + 1800)
            sun = plan.site.pv.between(slot, slot + 1800) if plan.site.pv else 0
            assert sun - load == neighbourhood.net_wh(plan.name, slot) * MJ_PER_WH


def test_the_inverter_carries_sun_and_battery_together(neighbourhood: Neighbourhood) -> None:
    for plan in plans_of(neighbourhood):
        if plan.site.pv and plan.site.battery:
            most_sun = 2 * max(plan.site.pv.values)
            assert plan.site.inverter_w >= most_sun + plan.site.battery.max_discharge_w


def test_a_battery_has_the_usable_capacity_of_the_files(neighbourhood: Neighbourhood) -> None:
    for plan, filed in zip(plans_of(neighbourhood), neighbourhood.sites, strict=True):
        usable = plan.site.battery.usable_mj if plan.site.battery else 0
        assert usable == filed.battery_wh * MJ_PER_WH
