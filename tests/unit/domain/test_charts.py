"""Series for the charts of the field trial."""

import pytest

from node.domain.charts import demand_and_supply
from node.domain.neighbourhood import parse_neighbourhood
from node.domain.participants import PointKind
from node.domain.sample import sample_neighbourhood

DATA = parse_neighbourhood(sample_neighbourhood(7))
DAY = DATA.slots[48:96]


@pytest.mark.spec("C-06", "C-47")
def test_demand_and_supply_of_household_shop_and_solar_over_a_day() -> None:
    rows = demand_and_supply(DATA, DAY)

    assert [row.slot for row in rows] == list(DAY)
    for kind in (PointKind.CONSUMER, PointKind.PROSUMER, PointKind.SHOP, PointKind.GENERATOR):
        ids = [site.id for site in DATA.sites if site.kind is kind]
        demand = sum(sum(DATA.load[i][s] for s in DAY) for i in ids if i in DATA.load)
        supply = sum(sum(DATA.pv[i][s] for s in DAY) for i in ids if i in DATA.pv)
        assert sum(row.demand[kind] for row in rows) == demand
        assert sum(row.supply[kind] for row in rows) == supply
    assert sum(row.demand[PointKind.GENERATOR] for row in rows) == 0
    assert sum(row.supply[PointKind.CONSUMER] for row in rows) == 0


@pytest.mark.spec("C-48")
def test_the_surplus_of_a_day_is_the_sum_of_everybody_s_net_energy() -> None:
    for row in demand_and_supply(DATA, DAY):
        assert row.surplus_wh == sum(DATA.net_wh(site.id, row.slot) for site in DATA.sites)
