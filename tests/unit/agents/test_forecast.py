"""What a home expects, and what it will have in its battery."""

from dataclasses import replace

import pytest

from node.agents.forecast import Forecaster, Observed, Samples, net_of, without_limit
from node.agents.outlook import Stretch, expected_state
from node.agents.site import Look
from node.domain.devices import InverterState
from node.domain.plan import BatteryRules
from node.domain.slots import DeliverySlot
from node.domain.units import NO_POWER, WattHours, Watts

HOUR = 3600
HALF_HOUR = 1800
DAY = 48 * HALF_HOUR
NOON = 20 * DAY + 12 * HOUR


def observed(pv: int, demand: int) -> Observed:
    return Observed(WattHours(pv), WattHours(demand))


def slot(at: int) -> DeliverySlot:
    return DeliverySlot(at)


MOMENTARY = observed(1, 2)


@pytest.mark.spec("C-30", "C-38")
def test_a_slot_is_expected_to_bring_what_it_brought_a_day_earlier() -> None:
    forecaster = Forecaster(HALF_HOUR, {slot(NOON - DAY): observed(1500, 500)})

    assert forecaster.expect(slot(NOON), NOON - HOUR, MOMENTARY) == observed(1500, 500)


@pytest.mark.spec("C-30")
def test_on_the_first_day_the_latest_slot_tells_what_comes() -> None:
    forecaster = Forecaster(HALF_HOUR)
    forecaster.learn(slot(NOON - 2 * HALF_HOUR), observed(10, 20))
    forecaster.learn(slot(NOON - HALF_HOUR), observed(30, 40))

    assert forecaster.expect(slot(NOON + HOUR), NOON, MOMENTARY) == observed(30, 40)


@pytest.mark.spec("C-30")
def test_no_forecast_looks_at_a_slot_that_is_not_over() -> None:
    forecaster = Forecaster(HALF_HOUR, {slot(NOON): observed(30, 40)})

    assert forecaster.expect(slot(NOON + HOUR), NOON + HALF_HOUR - 1, MOMENTARY) == MOMENTARY
    assert forecaster.expect(slot(NOON + HOUR), NOON + HALF_HOUR, MOMENTARY) == observed(30, 40)


@pytest.mark.spec("C-38", "C-39")
def test_the_table_shows_generation_demand_and_charge_and_leaves_unknown_columns_empty() -> None:
    forecaster = Forecaster(HALF_HOUR, {slot(NOON - DAY): observed(1500, 500)})

    known = forecaster.table([slot(NOON)], NOON, {slot(NOON): 30}).columns[0]
    unknown = Forecaster(HALF_HOUR).table([slot(NOON)], NOON).columns[0]

    assert (known.pv_wh, known.demand_wh, known.soc_percent, known.net_wh) == (1500, 500, 30, 1000)
    assert (unknown.pv_wh, unknown.demand_wh, unknown.net_wh) == (None, None, None)


def test_looks_become_whole_energies_of_a_slot() -> None:
    samples = Samples()
    samples.add(pv_w=1000, battery_w=-300, net_export_w=200)
    samples.add(pv_w=2000, battery_w=0, net_export_w=1001)

    assert samples.observed(HALF_HOUR) == observed(750, 374)
    assert Samples().observed(HALF_HOUR) is None
    assert net_of(observed(750, 374)) == 376


@pytest.mark.spec("C-30")
@pytest.mark.parametrize(
    ("sold", "pv_wh"),
    [
        (299, 500),  # there was more to sell than was sold: nothing new is known of the sun
        (300, 600),  # all of it was sold, and PV still had more to give: try half as much again
    ],
)
def test_a_producer_does_not_learn_from_its_own_set_points_to_offer_ever_less(
    sold: int, pv_wh: int
) -> None:
    held_back, expected = observed(400, 200), observed(500, 200)

    assert without_limit(held_back, expected, WattHours(sold)) == observed(pv_wh, 200)


@pytest.mark.parametrize(
    ("changes", "net_export_w", "battery_w", "is_limited"),
    [
        ({}, 1000, 0, True),
        ({}, 1019, -100, True),
        ({"setpoint_w": None}, 1000, 0, False),
        ({}, 900, 0, False),
        ({}, 1000, 50, False),
        ({"soc_permille": 500}, 1000, -1000, False),
        ({"soc_permille": 500}, 1000, -4000, True),
        ({"soc_permille": 0, "capacity_wh": WattHours(0)}, 1000, 0, True),
    ],
)
def test_pv_is_held_back_when_the_set_point_is_met_and_the_battery_takes_no_more(
    changes: dict[str, int | None], net_export_w: int, battery_w: int, is_limited: bool
) -> None:
    full = replace(state(1000), setpoint_w=Watts(1000))
    changed = replace(full, **changes)  # type: ignore[arg-type]

    assert Look(changed, 2000, battery_w, net_export_w).is_limited is is_limited
    assert not Look(None, 2000, battery_w, net_export_w).is_limited


def state(soc_permille: int, capacity: int = 10_000) -> InverterState:
    return InverterState(
        soc_permille=soc_permille,
        power_w=NO_POWER,
        max_charge_w=Watts(4000),
        max_discharge_w=Watts(4000),
        capacity_wh=WattHours(capacity),
        pv_power_w=NO_POWER,
    )


LOSSLESS = BatteryRules(0, 1000, 1000)


@pytest.mark.spec("C-31")
@pytest.mark.parametrize(
    ("stretch", "soc_permille"),
    [
        (Stretch(1000, WattHours(1000), None), 600),
        (Stretch(500, WattHours(1000), None), 550),
        (Stretch(1000, WattHours(-1000), None), 400),
        (Stretch(1000, WattHours(1000), WattHours(1000)), 500),
        (Stretch(1000, WattHours(0), WattHours(700)), 430),
        (Stretch(1000, WattHours(0), WattHours(-700)), 570),
        (Stretch(1000, WattHours(9000), None), 700),
    ],
)
def test_what_lies_ahead_charges_or_drains_the_battery_within_its_powers(
    stretch: Stretch, soc_permille: int
) -> None:
    then = expected_state(state(500), [stretch], LOSSLESS, HALF_HOUR)

    assert then.soc_permille == soc_permille


@pytest.mark.spec("C-31")
def test_a_battery_is_never_expected_beyond_its_rules() -> None:
    rules = BatteryRules(100, 950, 1000)
    sunny = [Stretch(1000, WattHours(2000), None)] * 9
    dark = [Stretch(1000, WattHours(-2000), None)] * 9

    assert expected_state(state(500), sunny, rules, HALF_HOUR).soc_permille == 950
    assert expected_state(state(500), dark, rules, HALF_HOUR).soc_permille == 100


def test_a_home_without_battery_expects_none() -> None:
    empty = state(0, capacity=0)

    assert expected_state(empty, [Stretch(1000, WattHours(5), None)], LOSSLESS, HALF_HOUR) == empty
