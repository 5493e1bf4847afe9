"""Quantities: exact products, and how they are shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.units import (
    SenPerKwh,
    WattHours,
    Yen5,
    cost,
    format_kwh,
    format_price,
    format_yen,
    mean_power,
    wei,
    whole_yen,
    yen,
)

seeded = settings(derandomize=True, deadline=None)


@pytest.mark.spec("G-01")
def test_one_kilowatt_hour_at_twenty_yen_costs_twenty_yen_exactly() -> None:
    assert cost(WattHours(1000), SenPerKwh(2000)) == yen(20)


@pytest.mark.spec("G-01")
def test_the_smallest_trade_has_an_exact_price_in_the_smallest_money() -> None:
    assert cost(WattHours(1), SenPerKwh(1)) == 1
    assert format_yen(Yen5(1)) == "0.00001"


@pytest.mark.spec("C-11", "G-01")
def test_energy_at_price_zero_costs_nothing() -> None:
    assert cost(WattHours(100_000_000), SenPerKwh(0)) == 0


@pytest.mark.spec("G-01")
@seeded
@given(energies=st.lists(st.integers(0, 10**8)), price=st.integers(0, 32767))
def test_the_parts_of_a_trade_cost_what_the_whole_costs(energies: list[int], price: int) -> None:
    parts = sum(cost(WattHours(energy), SenPerKwh(price)) for energy in energies)

    assert parts == cost(WattHours(sum(energies)), SenPerKwh(price))


@pytest.mark.spec("C-10")
def test_money_is_shown_at_one_yen_per_wei() -> None:
    assert wei(yen(21)) == "21.00000 wei"
    assert wei(Yen5(2_012_345)) == "20.12345 wei"


@pytest.mark.spec("G-01")
@pytest.mark.parametrize(
    ("money", "whole", "shown"),
    [(0, 0, "0.00000"), (199_999, 1, "1.99999"), (-50_000, -1, "-0.50000"), (-1, -1, "-0.00001")],
)
def test_whole_yen_are_taken_downwards_and_the_rest_stays_visible(
    money: int, whole: int, shown: str
) -> None:
    assert whole_yen(Yen5(money)) == whole
    assert format_yen(Yen5(money)) == shown


def test_prices_and_energies_are_shown_with_all_their_digits() -> None:
    assert format_price(SenPerKwh(2010)) == "20.10"
    assert format_price(SenPerKwh(1)) == "0.01"
    assert format_kwh(WattHours(1200)) == "1.200"
    assert format_kwh(WattHours(-7)) == "-0.007"


@pytest.mark.spec("C-28")
@seeded
@given(energy=st.integers(-(10**8), 10**8), seconds=st.integers(1, 86_400))
def test_mean_power_never_carries_more_than_was_asked_of_it(energy: int, seconds: int) -> None:
    power = mean_power(WattHours(energy), seconds)

    assert abs(power) * seconds <= abs(energy) * 3600 < (abs(power) + 1) * seconds
    assert power * energy >= 0
