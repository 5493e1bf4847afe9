"""Delivery slots: calendar, time line and labels."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.errors import ProductError, SlotError
from node.domain.slots import (
    HALF_HOURS,
    JST,
    DeliverySlot,
    Product,
    demonstration_product,
    local_date,
    local_time,
)
from node.domain.units import SenPerKwh

seeded = settings(derandomize=True, deadline=None)
TRIAL_DAY = date(2017, 9, 28)
TEN_SECONDS = demonstration_product(10)


def at(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=JST).timestamp())  # type: ignore[misc, arg-type]


@pytest.mark.spec("C-14", "G-02")
def test_the_trial_s_slot_is_number_30_of_48() -> None:
    slot = HALF_HOURS.slot_of_label(TRIAL_DAY, "14:30-15:00")

    assert slot == at(2017, 9, 28, 14, 30)
    assert HALF_HOURS.slot_end(slot) == at(2017, 9, 28, 15, 0)
    assert HALF_HOURS.number(slot) == 30
    assert HALF_HOURS.label(slot) == "14:30-15:00"
    assert HALF_HOURS.slots_per_day == 48


@pytest.mark.spec("C-14", "G-02")
def test_a_local_day_has_48_slots_numbered_from_1_without_a_gap() -> None:
    midnight = at(2017, 9, 28)
    slots = list(HALF_HOURS.slots_between(midnight, midnight + 86_400))

    assert [HALF_HOURS.number(slot) for slot in slots] == list(range(1, 49))
    assert HALF_HOURS.label(slots[0]) == "00:00-00:30"
    assert HALF_HOURS.label(slots[-1]) == "23:30-24:00"
    assert {local_date(slot) for slot in slots} == {TRIAL_DAY}


@pytest.mark.spec("G-02")
def test_slots_are_utc_inside_and_tokyo_on_screens() -> None:
    slot = HALF_HOURS.slot_of_number(TRIAL_DAY, 30)

    assert datetime.fromtimestamp(slot, UTC).hour == 5
    assert local_time(slot).isoformat() == "2017-09-28T14:30:00+09:00"


@pytest.mark.spec("G-02")
def test_ten_second_slots_are_labelled_with_their_seconds() -> None:
    slot = TEN_SECONDS.slot(at(2026, 1, 2, 14, 30, 10))

    assert TEN_SECONDS.label(slot) == "14:30:10-14:30:20"
    assert TEN_SECONDS.number(slot) == (14 * 3600 + 30 * 60 + 10) // 10 + 1
    assert TEN_SECONDS.slots_per_day == 8640


@pytest.mark.parametrize("label", ["14:30-15:30", "14:31-15:01", "14:30", "", "25:00-25:30"])
def test_a_label_that_names_no_slot_is_refused(label: str) -> None:
    with pytest.raises(SlotError, match="no slot of 2017-09-28 has the label"):
        HALF_HOURS.slot_of_label(TRIAL_DAY, label)


@pytest.mark.parametrize("number", [0, 49, -1])
def test_a_number_that_names_no_slot_is_refused(number: int) -> None:
    with pytest.raises(SlotError, match=f"has the number {number}"):
        HALF_HOURS.slot_of_number(TRIAL_DAY, number)


@pytest.mark.parametrize("start", [1, 1799, 1801, -1800])
def test_an_instant_at_which_no_slot_starts_is_refused(start: int) -> None:
    with pytest.raises(SlotError, match=str(start)):
        HALF_HOURS.slot(start)


@pytest.mark.spec("G-02")
@seeded
@given(instant=st.integers(0, 4_000_000_000))
def test_every_instant_lies_in_exactly_one_slot(instant: int) -> None:
    slot = HALF_HOURS.slot_at(instant)

    assert HALF_HOURS.is_slot(slot)
    assert slot <= instant < HALF_HOURS.slot_end(slot)
    assert HALF_HOURS.next_slot(slot) == HALF_HOURS.slot_end(slot)


@pytest.mark.spec("G-08", "G-10")
def test_the_time_line_of_a_ten_second_slot() -> None:
    slot = DeliverySlot(1_000_000)

    assert TEN_SECONDS.call_time(slot) == 999_996
    assert TEN_SECONDS.gate_closure(slot) == 999_998
    assert TEN_SECONDS.slot_end(slot) == 1_000_010
    assert TEN_SECONDS.reading_deadline(slot) == 1_000_020
    assert TEN_SECONDS.final_time(slot) == 1_000_030


@pytest.mark.spec("G-08")
def test_orders_end_where_clearing_begins_and_clearing_ends_where_the_slot_begins() -> None:
    slot = DeliverySlot(1_000_000)
    call = TEN_SECONDS.call_time(slot)

    assert TEN_SECONDS.takes_orders(slot, call - 1)
    assert not TEN_SECONDS.may_clear(slot, call - 1)
    assert not TEN_SECONDS.takes_orders(slot, call)
    assert TEN_SECONDS.may_clear(slot, call)
    assert TEN_SECONDS.may_clear(slot, slot - 1)
    assert not TEN_SECONDS.may_clear(slot, slot)


@pytest.mark.spec("G-10")
def test_a_slot_is_settled_at_its_reading_deadline_and_final_at_its_final_time() -> None:
    slot = DeliverySlot(1_000_000)

    assert not TEN_SECONDS.may_settle(slot, 1_000_019)
    assert TEN_SECONDS.may_settle(slot, 1_000_020)
    assert not TEN_SECONDS.may_finalise(slot, 1_000_029)
    assert TEN_SECONDS.may_finalise(slot, 1_000_030)


@pytest.mark.spec("G-08")
@seeded
@given(now=st.integers(0, 2_000_000_000))
def test_the_slots_that_may_be_opened_are_those_between_call_time_and_horizon(now: int) -> None:
    openable = list(TEN_SECONDS.openable_slots(now))
    around = TEN_SECONDS.slots_between(max(0, now - 50), now + 150)

    assert openable == [slot for slot in around if TEN_SECONDS.may_open(slot, now)]
    assert 1 <= len(openable) <= 6


@pytest.mark.spec("G-29")
@seeded
@given(now=st.integers(0, 2_000_000_000))
def test_a_change_of_key_takes_effect_with_the_first_slot_that_is_not_open_yet(now: int) -> None:
    first = TEN_SECONDS.first_unopened_slot(now)

    assert not TEN_SECONDS.may_open(first, now)
    assert first > now + TEN_SECONDS.horizon
    assert first - TEN_SECONDS.slot_seconds <= now + TEN_SECONDS.horizon


@pytest.mark.spec("G-07")
def test_the_price_grid_has_32768_ticks_from_its_offset() -> None:
    product = replace(HALF_HOURS, price_offset=SenPerKwh(100))

    assert product.highest_price == 32_867
    assert [product.on_grid(SenPerKwh(p)) for p in (99, 100, 32_867, 32_868)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.spec("G-30")
def test_the_ring_covers_horizon_slot_and_correction_window() -> None:
    assert replace(TEN_SECONDS, ring_size=6).ring_size * 10 == 30 + 10 + 20
    with pytest.raises(ProductError, match="ring_size"):
        replace(TEN_SECONDS, ring_size=5)


@pytest.mark.spec("G-02", "G-08", "G-10")
@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("slot_seconds", 0),
        ("slot_seconds", -10),
        ("gate_lead", 5),
        ("call_lead", 60),
        ("horizon", 4),
        ("reading_window", 21),
        ("correction_window", 9),
        ("price_offset", -1),
        ("price_offset", 2**26 - 32_767),
        ("short_cap", 2**26),
        ("long_floor", 5001),
        ("short_cap", -1),
        ("ring_size", 0),
        ("horizon", 2**32),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(parameter: str, value: int) -> None:
    changed: dict[str, int] = {parameter: value}
    with pytest.raises(ProductError) as refused:
        replace(TEN_SECONDS, **changed)  # type: ignore[arg-type]

    assert str(refused.value.value) in str(refused.value)


@pytest.mark.parametrize("seconds", [5, 10, 60, 1800])
def test_a_demonstration_may_have_any_slot_length_from_five_seconds(seconds: int) -> None:
    product = demonstration_product(seconds)

    assert isinstance(product, Product)
    assert product.gate_lead > 0
    assert product.call_lead < seconds
