"""The physics of a home: nothing is created or lost, and limits are limits.

flow
├── without a set-point
│   ├── a surplus goes into the battery, then to the grid
│   └── a deficit comes out of the battery, then from the grid
└── with a set-point
    ├── battery makes up what is open, the load included
    ├── PV gives way once the battery takes no more
    └── what nobody can give stays missing
"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulated.errors import RatingError
from adapters.simulated.series import MJ_PER_WH, EnergySeries
from adapters.simulated.site import Battery, Site, flow

HOUR = 3600

BATTERY = Battery(
    capacity_wh=10_000,
    max_charge_w=3000,
    max_discharge_w=2000,
    charge_permille=900,
    discharge_permille=800,
    floor_permille=100,
    ceiling_permille=900,
    initial_permille=500,
)
HALF_FULL = BATTERY.initial_mj

energies = st.lists(st.integers(0, 5000), min_size=1, max_size=6)
batteries = st.builds(
    Battery,
    capacity_wh=st.integers(1, 20_000),
    max_charge_w=st.integers(1, 6000),
    max_discharge_w=st.integers(1, 6000),
    charge_permille=st.integers(1, 1000),
    discharge_permille=st.integers(1, 1000),
    floor_permille=st.integers(0, 300),
    ceiling_permille=st.integers(700, 1000),
)
sites = st.builds(
    Site,
    load=st.builds(EnergySeries, start=st.just(0), values=energies),
    pv=st.none() | st.builds(EnergySeries, start=st.just(0), values=energies),
    battery=st.none() | batteries,
    inverter_w=st.integers(1, 12_000),
)


def watts(value: int) -> EnergySeries:
    """A constant power, as a series of hours."""
    return EnergySeries(0, [value], HOUR)


def site(load: int, pv: int, *, battery: Battery | None = BATTERY, inverter_w: int = 6000) -> Site:
    return Site(load=watts(load), pv=watts(pv), battery=battery, inverter_w=inverter_w)


def hour(of: Site, *, stored_mj: int = HALF_FULL, setpoint_w: int | None = None) -> dict[str, int]:
    """What an hour carries, in Wh."""
    flows = flow(of, stored_mj, 0, HOUR, setpoint_w)
    return {
        name: getattr(flows, name) // MJ_PER_WH
        for name in ("pv", "charge", "discharge", "curtailed", "net_export")
    }


def test_a_surplus_charges_the_battery_before_it_reaches_the_grid() -> None:
    assert hour(site(load=500, pv=3000)) == {
        "pv": 3000,
        "charge": 2500,
        "discharge": 0,
        "curtailed": 0,
        "net_export": 0,
    }


def test_a_surplus_beyond_the_charging_power_goes_to_the_grid() -> None:
    assert hour(site(load=500, pv=5000))["charge"] == 3000
    assert hour(site(load=500, pv=5000))["net_export"] == 1500


def test_a_deficit_beyond_the_discharging_power_comes_from_the_grid() -> None:
    flows = hour(site(load=5000, pv=0))

    assert (flows["discharge"], flows["net_export"]) == (2000, -3000)


def test_a_home_without_battery_passes_the_difference_on() -> None:
    assert hour(site(load=500, pv=3000, battery=None))["net_export"] == 2500
    assert hour(site(load=3000, pv=500, battery=None))["net_export"] == -2500


@pytest.mark.spec("C-28")
@pytest.mark.parametrize("setpoint_w", [2000, 1000, 0, -1000, -2500])
def test_the_battery_holds_the_connection_point_at_the_set_point(setpoint_w: int) -> None:
    assert hour(site(load=500, pv=1000), setpoint_w=setpoint_w)["net_export"] == setpoint_w


@pytest.mark.spec("C-28")
def test_pv_gives_way_when_the_battery_cannot_take_more_than_the_set_point_leaves() -> None:
    full = hour(site(load=0, pv=4000), stored_mj=BATTERY.usable_mj, setpoint_w=1000)

    assert (full["pv"], full["curtailed"], full["charge"]) == (1000, 3000, 0)
    assert full["net_export"] == 1000


def test_without_a_set_point_nothing_is_curtailed_that_the_inverter_can_carry() -> None:
    full = hour(site(load=0, pv=4000), stored_mj=BATTERY.usable_mj)

    assert (full["curtailed"], full["net_export"]) == (0, 4000)


def test_a_set_point_that_nobody_can_reach_is_missed_not_invented() -> None:
    assert hour(site(load=0, pv=500), stored_mj=0, setpoint_w=3000)["net_export"] == 500
    assert hour(site(load=500, pv=0), setpoint_w=-9000)["net_export"] == -3500


def test_what_the_inverter_cannot_carry_is_stored_or_curtailed() -> None:
    small = site(load=0, pv=6000, inverter_w=1000)

    assert hour(small)["charge"] == 3000
    assert hour(small)["curtailed"] == 2000
    assert hour(small)["net_export"] == 1000


def test_an_empty_battery_gives_nothing_and_a_full_one_takes_nothing() -> None:
    assert hour(site(load=1000, pv=0), stored_mj=0)["discharge"] == 0
    assert hour(site(load=0, pv=1000), stored_mj=BATTERY.usable_mj)["charge"] == 0


def test_the_battery_keeps_its_efficiency_of_what_goes_in_and_what_comes_out() -> None:
    charged = BATTERY.stored_after(0, charge=1000 * MJ_PER_WH, discharge=0)
    drawn = charged - BATTERY.stored_after(charged, charge=0, discharge=100 * MJ_PER_WH)

    assert charged == 900 * MJ_PER_WH
    assert drawn == 125 * MJ_PER_WH


def test_the_usable_energy_lies_between_floor_and_ceiling() -> None:
    assert BATTERY.usable_mj == 8000 * MJ_PER_WH
    assert BATTERY.initial_mj == 4000 * MJ_PER_WH


@given(
    site=sites,
    stored=st.integers(0, 1000),
    start=st.integers(0, 10_000),
    seconds=st.integers(1, 4000),
    setpoint_w=st.none() | st.integers(-15_000, 15_000),
)
def test_energy_is_conserved_and_every_limit_holds(
    site: Site, stored: int, start: int, seconds: int, setpoint_w: int | None
) -> None:
    usable = site.battery.usable_mj if site.battery else 0
    stored_mj = usable * stored // 1000

    flows = flow(site, stored_mj, start, start + seconds, setpoint_w)

    sun = site.pv.between(start, start + seconds) if site.pv else 0
    assert flows.load == site.load.between(start, start + seconds)
    assert flows.pv + flows.curtailed == sun
    assert min(flows.pv, flows.curtailed, flows.charge, flows.discharge) >= 0
    assert flows.charge == 0 or flows.discharge == 0
    carried = site.inverter_w * 1000 * seconds
    assert -carried <= flows.pv + flows.discharge - flows.charge <= carried
    if setpoint_w is not None and flows.pv > max(0, flows.charge - carried):
        assert flows.net_export <= setpoint_w * 1000 * seconds
    if site.battery is None:
        assert flows.charge == flows.discharge == 0
        return
    after = site.battery.stored_after(stored_mj, flows.charge, flows.discharge)
    assert 0 <= after <= usable
    assert after - stored_mj <= flows.charge - flows.discharge
    assert flows.charge <= site.battery.max_charge_w * 1000 * seconds
    assert flows.discharge <= site.battery.max_discharge_w * 1000 * seconds


@given(
    values=energies,
    start=st.integers(-10_000, 10_000),
    cuts=st.lists(st.integers(0, 20_000), min_size=2, max_size=8).map(sorted),
)
def test_a_series_gives_the_same_energy_however_it_is_cut(
    values: list[int], start: int, cuts: list[int]
) -> None:
    series = EnergySeries(start, values)

    parts = [series.between(a, b) for a, b in pairwise(cuts)]

    assert sum(parts) == series.between(cuts[0], cuts[-1])
    assert min(parts, default=0) >= 0


def test_a_series_carries_exactly_its_wh_per_interval_and_then_repeats() -> None:
    series = EnergySeries(7200, [0, 333, 5])

    slots = [series.between(t, t + 1800) // MJ_PER_WH for t in range(7200, 7200 + 6 * 1800, 1800)]

    assert slots == [0, 333, 5, 0, 333, 5]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("capacity_wh", 0),
        ("max_charge_w", -1),
        ("max_discharge_w", 0),
        ("charge_permille", 0),
        ("discharge_permille", 1001),
        ("floor_permille", 1000),
        ("initial_permille", 50),
    ],
)
def test_a_battery_that_cannot_be_is_refused_by_name_and_value(name: str, value: int) -> None:
    ratings = {"capacity_wh": 1000, "max_charge_w": 1, "max_discharge_w": 1, name: value}

    with pytest.raises(RatingError) as refused:
        Battery(**ratings)

    assert (refused.value.name, refused.value.value) == (name, value)


def test_pv_without_an_inverter_is_refused() -> None:
    with pytest.raises(RatingError, match="need an inverter"):
        Site(load=watts(1), pv=watts(1))
    with pytest.raises(RatingError, match="inverter_w"):
        Site(load=watts(1), inverter_w=-1)


@pytest.mark.parametrize(("values", "seconds"), [([], 1800), ([1, -1], 1800), ([1], 0)])
def test_a_series_that_cannot_be_is_refused(values: list[int], seconds: int) -> None:
    with pytest.raises(RatingError):
        EnergySeries(0, values, seconds)
