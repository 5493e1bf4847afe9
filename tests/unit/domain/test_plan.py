"""From forecast and battery to energies, from fills to a set-point."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.devices import InverterState
from node.domain.errors import PolicyError
from node.domain.matching import BalancedUnit, Position
from node.domain.plan import (
    BatteryRoom,
    BatteryRules,
    Tradable,
    battery_room,
    position_of,
    setpoint,
    stored_after,
    tradable,
)
from node.domain.units import WattHours, Watts

seeded = settings(derandomize=True, deadline=None, max_examples=300)
HALF_HOUR = 1800
LOSSLESS = BatteryRules(0, 1000, 1000)


def state(soc_permille: int, capacity: int = 10_000, power: int = 3000) -> InverterState:
    return InverterState(
        soc_permille=soc_permille,
        power_w=Watts(0),
        max_charge_w=Watts(power),
        max_discharge_w=Watts(power),
        capacity_wh=WattHours(capacity),
        pv_power_w=Watts(0),
    )


def room(charge: int, discharge: int) -> BatteryRoom:
    return BatteryRoom(WattHours(charge), WattHours(discharge))


def unit(seller: str, buyer: str, energy: int) -> BalancedUnit:
    return BalancedUnit(seller, buyer, WattHours(energy))


# -- what a battery can do in a slot


@pytest.mark.parametrize(
    ("soc_permille", "expected"),
    [(500, room(1500, 1500)), (950, room(500, 1500)), (50, room(1500, 500)), (1000, room(0, 1500))],
)
def test_a_battery_is_limited_by_its_power_and_by_its_charge(
    soc_permille: int, expected: BatteryRoom
) -> None:
    assert battery_room(state(soc_permille), LOSSLESS, HALF_HOUR) == expected


def test_losses_count_on_the_way_in_and_on_the_way_out() -> None:
    rules = BatteryRules(100, 950, 900)

    assert battery_room(state(900), rules, HALF_HOUR).charge_wh == 500 * 1000 // 900
    assert battery_room(state(150), rules, HALF_HOUR).discharge_wh == 500 * 900 // 1000
    assert battery_room(state(50), rules, HALF_HOUR).discharge_wh == 0


def test_no_battery_has_no_room() -> None:
    assert battery_room(state(0, capacity=0), BatteryRules(), HALF_HOUR) == room(0, 0)


@pytest.mark.parametrize(
    ("low", "high", "efficiency"), [(-1, 900, 900), (500, 400, 900), (0, 1001, 900), (0, 900, 0)]
)
def test_rules_that_make_no_sense_are_refused(low: int, high: int, efficiency: int) -> None:
    with pytest.raises(PolicyError, match="per mille"):
        BatteryRules(low, high, efficiency)


def test_the_state_of_charge_is_told_in_per_cent_and_in_wh() -> None:
    half = state(456)

    assert (half.soc_percent, half.stored_wh) == (45, 4560)


# -- what can be traded


@pytest.mark.spec("C-31")
@pytest.mark.parametrize(
    ("net", "space", "amount", "expected"),
    [
        (0, room(1500, 1500), 1000, (0, 1000, 0, 1000)),
        (1000, room(1500, 1500), 1000, (0, 2000, 0, 0)),
        (400, room(1500, 1500), 1000, (0, 1400, 0, 600)),
        (2500, room(1500, 1500), 1000, (1000, 2500, 0, 0)),
        (-2500, room(1500, 1500), 1000, (0, 0, 1000, 2500)),
        (-500, room(1500, 0), 1000, (0, 0, 500, 1000)),
        (-500, room(0, 1500), None, (0, 1000, 0, 500)),
        (700, room(0, 0), None, (700, 0, 0, 0)),
        (-700, room(0, 0), None, (0, 0, 700, 0)),
        (0, room(0, 0), None, (0, 0, 0, 0)),
    ],
)
def test_what_has_to_and_what_may_be_traded(
    net: int, space: BatteryRoom, amount: int | None, expected: tuple[int, int, int, int]
) -> None:
    limit = None if amount is None else WattHours(amount)

    can = tradable(WattHours(net), space, limit)

    assert (can.must_sell, can.may_sell, can.must_buy, can.may_buy) == expected


@pytest.mark.spec("C-31")
@seeded
@given(
    net=st.integers(-5000, 5000),
    charge=st.integers(0, 3000),
    discharge=st.integers(0, 3000),
    amount=st.none() | st.integers(0, 4000),
)
def test_the_energies_reach_from_full_charge_to_full_discharge(
    net: int, charge: int, discharge: int, amount: int | None
) -> None:
    can: Tradable = tradable(
        WattHours(net), room(charge, discharge), None if amount is None else WattHours(amount)
    )

    assert min(can.must_sell, can.may_sell, can.must_buy, can.may_buy) >= 0
    assert can.must_sell == 0 or can.must_buy + can.may_buy == 0
    assert can.must_buy == 0 or can.must_sell + can.may_sell == 0
    assert can.must_sell + can.may_sell <= max(0, net + discharge)
    assert can.must_buy + can.may_buy <= max(0, charge - net)
    assert net - can.must_sell <= charge
    assert -net - can.must_buy <= discharge


# -- from fills to a set-point


@pytest.mark.spec("C-28", "F-33")
def test_the_outflow_set_point_is_the_sum_of_the_matched_units() -> None:
    units = [unit("User 1", "User 5", 1000), unit("User 1", "User 2", 200)]

    position = position_of(units, "User 1")

    assert position == Position(sold=WattHours(1200))
    assert setpoint(position, HALF_HOUR) == 2400
    assert setpoint(position_of(units, "User 5"), HALF_HOUR) == -2000
    assert setpoint(position_of(units, "nobody"), HALF_HOUR) == 0


@pytest.mark.spec("C-28")
def test_purchases_reduce_the_outflow() -> None:
    units = [unit("u1", "u2", 1000), unit("u3", "u1", 400), unit("u1", "u1", 50)]

    assert setpoint(position_of(units, "u1"), HALF_HOUR) == 1200


@pytest.mark.spec("C-28")
@seeded
@given(energies=st.lists(st.integers(0, 10**6), max_size=8))
def test_over_a_half_hour_the_outflow_is_exact_to_the_wh(energies: list[int]) -> None:
    units = [unit("u1", "u2", energy) for energy in energies]

    power = setpoint(position_of(units, "u1"), HALF_HOUR)

    assert power * HALF_HOUR == sum(energies) * 3600


# -- what the battery holds afterwards


def test_a_battery_takes_what_is_left_over_and_gives_what_is_lacking() -> None:
    rules = BatteryRules(0, 1000, 900)

    assert stored_after(WattHours(5000), WattHours(1000), WattHours(0), rules) == 5900
    assert stored_after(WattHours(5000), WattHours(0), WattHours(900), rules) == 4000
    assert stored_after(WattHours(5000), WattHours(700), WattHours(700), rules) == 5000


@seeded
@given(
    soc=st.integers(0, 1000),
    capacity=st.integers(0, 50_000),
    power=st.integers(0, 20_000),
    low=st.integers(0, 400),
    high=st.integers(600, 1000),
    efficiency=st.integers(500, 1000),
)
def test_using_all_the_room_never_leaves_the_window_of_the_battery(
    soc: int, capacity: int, power: int, low: int, high: int, efficiency: int
) -> None:
    rules = BatteryRules(low, high, efficiency)
    battery = state(soc, capacity, power)
    space = battery_room(battery, rules, HALF_HOUR)

    filled = stored_after(battery.stored_wh, space.charge_wh, WattHours(0), rules)
    drained = stored_after(battery.stored_wh, WattHours(0), space.discharge_wh, rules)

    assert filled <= max(battery.stored_wh, capacity * high // 1000)
    assert drained >= min(battery.stored_wh, capacity * low // 1000)
