"""What is due, from the clock and where the slots stand (G-08, G-10, G-11)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.chain.contracts.auction import AuctionPhase
from node.chain.contracts.ledger import LedgerPhase
from node.domain.slots import HALF_HOURS, DeliverySlot, Product
from node.settlement.keeper import (
    Action,
    BookOrders,
    ClearSlot,
    FinaliseSlot,
    Limits,
    OpenSlot,
    SettleLate,
    SettlePoints,
    SlotState,
    due_actions,
    next_due,
)

PRODUCT = replace(
    HALF_HOURS,
    slot_seconds=10,
    call_lead=4,
    gate_lead=2,
    horizon=60,
    reading_window=10,
    correction_window=20,
    ring_size=96,
)
SLOT = DeliverySlot(1000)
LIMITS = Limits(slots_ahead=0, orders=100, points=50, calls=4)

OPEN = SlotState(SLOT, AuctionPhase.OPEN, orders=3, ledger=LedgerPhase.OPEN)
CLEARED = replace(OPEN, auction=AuctionPhase.CLEARED)
BOOKED = replace(CLEARED, auction=AuctionPhase.BOOKED, booked=3, ledger=LedgerPhase.BOOKED)
SETTLED = replace(BOOKED, ledger=LedgerPhase.SETTLED, settled=10)
FINAL = replace(SETTLED, ledger=LedgerPhase.FINAL)


def due(now: int, *states: SlotState, points: int = 10, limits: Limits = LIMITS) -> list[Action]:
    """Return what is due."""
    return due_actions(now, PRODUCT, states, points, limits)


@pytest.mark.spec("G-08")
def test_nothing_is_due_before_call_time() -> None:
    assert due(995, OPEN) == []


@pytest.mark.spec("G-08")
@pytest.mark.parametrize("now", [996, 999])
def test_a_slot_is_cleared_and_booked_from_its_call_time_on(now: int) -> None:
    assert due(now, OPEN) == [ClearSlot(SLOT), BookOrders(SLOT, 3)]


def test_the_phase_that_time_brings_may_lag_behind_the_clock() -> None:
    closed = replace(OPEN, auction=AuctionPhase.CLOSED)

    assert due(996, closed) == due(996, OPEN)


@pytest.mark.spec("G-08")
def test_a_slot_that_was_not_cleared_in_time_has_lapsed_and_is_booked() -> None:
    assert due(1000, OPEN) == [BookOrders(SLOT, 3)]


def test_a_slot_without_orders_takes_one_booking() -> None:
    assert due(996, replace(OPEN, orders=0)) == [ClearSlot(SLOT), BookOrders(SLOT, 1)]


def test_a_cleared_slot_is_booked_further_from_its_cursor() -> None:
    half = replace(CLEARED, orders=250, booked=120)

    assert due(996, half) == [BookOrders(SLOT, 100), BookOrders(SLOT, 30)]


def test_a_round_takes_on_so_many_calls_of_a_slot_and_no_more() -> None:
    assert due(996, replace(CLEARED, orders=1000)) == [BookOrders(SLOT, 100)] * 4


@pytest.mark.spec("G-08")
def test_a_voided_slot_returns_its_reserves_at_once() -> None:
    assert due(900, replace(OPEN, voided=True)) == [BookOrders(SLOT, 3)]
    assert due(900, replace(OPEN, auction=AuctionPhase.VOIDED)) == [BookOrders(SLOT, 3)]


@pytest.mark.spec("G-10")
def test_a_slot_is_settled_after_its_reading_window() -> None:
    assert due(1019, BOOKED) == []
    assert due(1020, BOOKED) == [SettlePoints(SLOT, 10)]


def test_settlement_goes_on_from_its_cursor_in_chunks() -> None:
    half = replace(BOOKED, settled=30)

    assert due(1020, half, points=120) == [SettlePoints(SLOT, 50), SettlePoints(SLOT, 40)]


def test_a_market_without_points_settles_too() -> None:
    assert due(1020, BOOKED, points=0) == [SettlePoints(SLOT, 1)]


@pytest.mark.spec("G-11")
def test_late_readings_are_settled_inside_the_correction_window() -> None:
    late = replace(SETTLED, missing=3, late_points=(2, 7))

    assert due(1021, replace(SETTLED, missing=3)) == []
    assert due(1021, late) == [SettleLate(SLOT, (2, 7))]


def test_many_late_points_are_split() -> None:
    late = replace(SETTLED, missing=60, late_points=tuple(range(1, 61)))

    assert due(1021, late, points=60) == [
        SettleLate(SLOT, tuple(range(1, 51))),
        SettleLate(SLOT, tuple(range(51, 61))),
    ]


@pytest.mark.spec("G-11")
def test_a_slot_becomes_final_after_its_correction_window() -> None:
    assert due(1029, SETTLED) == []
    assert due(1030, SETTLED) == [FinaliseSlot(SLOT, 1)]


@pytest.mark.spec("G-11")
def test_flagged_points_are_walked_when_the_slot_becomes_final() -> None:
    flagged = replace(SETTLED, missing=1, finalised=50, late_points=(3,))

    assert due(1030, flagged, points=120) == [FinaliseSlot(SLOT, 50), FinaliseSlot(SLOT, 20)]


def test_a_final_slot_needs_nothing() -> None:
    assert due(10**9, FINAL) == []
    assert next_due(FINAL, PRODUCT) is None


@pytest.mark.spec("G-02", "G-08")
def test_the_next_slots_are_opened_that_still_take_orders() -> None:
    limits = replace(LIMITS, slots_ahead=3)

    assert due(996, limits=limits) == [OpenSlot(DeliverySlot(n)) for n in (1010, 1020, 1030)]
    assert due(995, limits=limits)[0] == OpenSlot(SLOT)


def test_no_slot_beyond_the_horizon_is_opened() -> None:
    opened = due(995, limits=replace(LIMITS, slots_ahead=100))

    assert opened[-1] == OpenSlot(DeliverySlot(1050))


def test_what_is_open_is_not_opened_again() -> None:
    assert OpenSlot(SLOT) not in due(990, OPEN, limits=replace(LIMITS, slots_ahead=3))


def test_the_oldest_slot_comes_first_and_opening_last() -> None:
    later = replace(OPEN, slot=DeliverySlot(1020))

    actions = due(1020, later, BOOKED, limits=replace(LIMITS, slots_ahead=1))

    assert [type(action) for action in actions] == [SettlePoints, BookOrders, OpenSlot]


def test_smaller_calls_are_half_as_large_and_never_empty() -> None:
    assert LIMITS.halved() == replace(LIMITS, orders=50, points=25)
    assert Limits(0, orders=1, points=1).halved() == Limits(0, orders=1, points=1)


states = st.builds(
    SlotState,
    slot=st.sampled_from([DeliverySlot(n) for n in range(900, 1100, 10)]),
    auction=st.sampled_from(AuctionPhase),
    orders=st.integers(0, 500),
    booked=st.integers(0, 500),
    ledger=st.sampled_from(LedgerPhase),
    voided=st.booleans(),
    settled=st.integers(0, 200),
    finalised=st.integers(0, 200),
    missing=st.integers(0, 200),
    late_points=st.lists(st.integers(1, 200), max_size=5).map(tuple),
)


@given(st.lists(states, max_size=8), st.integers(800, 1200), st.integers(0, 200))
def test_every_action_is_allowed_by_the_calendar(
    given_: list[SlotState], now: int, points: int
) -> None:
    product: Product = PRODUCT
    for action in due(now, *given_, points=points, limits=replace(LIMITS, slots_ahead=4)):
        match action:
            case OpenSlot(slot):
                assert product.may_open(slot, now)
            case ClearSlot(slot):
                assert product.may_clear(slot, now)
            case SettlePoints(slot, _):
                assert product.may_settle(slot, now)
            case FinaliseSlot(slot, _):
                assert product.may_finalise(slot, now)
            case SettleLate(slot, late):
                assert late
                assert not product.may_finalise(slot, now)
            case BookOrders(_, count):
                assert 0 < count <= LIMITS.orders


@given(states, st.integers(800, 1200), st.integers(0, 200))
def test_nothing_is_due_before_the_instant_that_is_announced(
    state: SlotState, now: int, points: int
) -> None:
    instant = next_due(state, PRODUCT)

    if instant is None or now < instant:
        assert due(now, state, points=points) == []
