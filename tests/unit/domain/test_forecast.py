"""Forecasts: the table of the field trial and the same slot a day earlier."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.errors import PolicyError
from node.domain.forecast import (
    LOOK_BACK_DAYS,
    ForecastColumn,
    ForecastTable,
    latest_known,
    same_slot_a_day_earlier,
)
from node.domain.slots import DAY_SECONDS, HALF_HOURS, JST, DeliverySlot
from node.domain.units import WattHours

seeded = settings(derandomize=True, deadline=None)


def slot_at(hour: int, minute: int) -> DeliverySlot:
    return DeliverySlot(int(datetime(2017, 9, 28, hour, minute, tzinfo=JST).timestamp()))


def column(
    hour: int, minute: int, pv: int | None, demand: int | None, soc: int | None
) -> ForecastColumn:
    return ForecastColumn(
        slot_at(hour, minute),
        None if pv is None else WattHours(pv),
        None if demand is None else WattHours(demand),
        soc,
    )


#: C-38. The demand of the last column is printed as 0 %; it is read as 0.
TABLE = ForecastTable(
    [
        column(13, 30, None, 500, 50),
        column(14, 0, 1500, 500, 30),
        column(14, 30, 1000, 1500, 40),
        column(23, 30, 500, 0, 0),
    ]
)


@pytest.mark.spec("C-30", "C-38")
def test_the_columns_of_the_forecast_table() -> None:
    assert [c.pv_wh for c in TABLE.columns] == [None, 1500, 1000, 500]
    assert [c.demand_wh for c in TABLE.columns] == [500, 500, 1500, 0]
    assert [c.soc_percent for c in TABLE.columns] == [50, 30, 40, 0]
    assert [HALF_HOURS.label(c.slot)[:5] for c in TABLE.columns] == [
        "13:30",
        "14:00",
        "14:30",
        "23:30",
    ]


@pytest.mark.spec("C-39")
def test_the_net_of_the_printed_columns() -> None:
    two_pm, half_past_two = TABLE.column(slot_at(14, 0)), TABLE.column(slot_at(14, 30))

    assert two_pm is not None
    assert half_past_two is not None
    assert (two_pm.net_wh, two_pm.surplus_wh, two_pm.deficit_wh) == (1000, 1000, 0)
    assert (half_past_two.net_wh, half_past_two.surplus_wh, half_past_two.deficit_wh) == (
        -500,
        0,
        500,
    )


@pytest.mark.spec("C-38")
def test_where_nothing_is_printed_there_is_no_net() -> None:
    assert TABLE.net_wh(slot_at(13, 30)) is None
    assert TABLE.net_wh(slot_at(15, 0)) is None
    assert TABLE.net_wh(slot_at(23, 30)) == 500
    assert TABLE.columns[0].surplus_wh == TABLE.columns[0].deficit_wh == 0


def test_columns_out_of_the_order_of_time_are_refused() -> None:
    with pytest.raises(PolicyError, match="not in the order of time"):
        ForecastTable([column(14, 0, 1, 1, 1), column(14, 0, 2, 2, 2)])


# -- the same slot a day earlier


def forecast(history: dict[int, int], slot: int, known_before: int) -> WattHours | None:
    return same_slot_a_day_earlier(
        {DeliverySlot(s): WattHours(wh) for s, wh in history.items()},
        DeliverySlot(slot),
        day_seconds=DAY_SECONDS,
        known_before=known_before,
    )


@pytest.mark.spec("C-30")
def test_a_slot_is_forecast_by_the_same_slot_a_day_earlier() -> None:
    history = {0: 100, 1800: 200, DAY_SECONDS: 300}

    assert forecast(history, DAY_SECONDS + 1800, known_before=DAY_SECONDS) == 200
    assert forecast(history, 2 * DAY_SECONDS, known_before=2 * DAY_SECONDS) == 300


@pytest.mark.spec("C-30")
def test_what_is_not_measured_yet_is_not_looked_at() -> None:
    history = {0: 100, DAY_SECONDS: 300}

    assert forecast(history, 2 * DAY_SECONDS, known_before=DAY_SECONDS) == 100
    assert forecast(history, DAY_SECONDS, known_before=0) is None


def test_a_day_that_is_not_known_is_stepped_over_for_a_week() -> None:
    last = (LOOK_BACK_DAYS + 1) * DAY_SECONDS

    assert forecast({DAY_SECONDS: 5}, last, known_before=last) == 5
    assert forecast({0: 5}, last, known_before=last) is None


@seeded
@given(
    history=st.dictionaries(st.integers(0, 500).map(lambda n: n * 1800), st.integers(-9, 9)),
    slot=st.integers(0, 600).map(lambda n: n * 1800),
    known_before=st.integers(0, 600 * 1800),
)
def test_no_forecast_changes_with_what_happens_later(
    history: dict[int, int], slot: int, known_before: int
) -> None:
    past = {s: wh for s, wh in history.items() if s < min(slot, known_before)}

    assert forecast(history, slot, known_before) == forecast(past, slot, known_before)


def test_on_its_first_day_a_home_knows_only_the_latest_slot() -> None:
    history = {DeliverySlot(0): WattHours(1), DeliverySlot(1800): WattHours(2)}

    assert latest_known(history, known_before=3600) == 2
    assert latest_known(history, known_before=1800) == 1
    assert latest_known(history, known_before=0) is None
