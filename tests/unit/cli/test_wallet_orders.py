"""A party's orders, told from rows of events: only its own, with what each got and why."""

import pytest

from node.cli.wallet_orders import order_document, order_lines, orders_in
from node.domain.slots import HALF_HOURS
from node.indexer.views import Outcome
from node.store.chain_records import (
    CancellationRecord,
    ChainRecord,
    ClearingRecord,
    FillRecord,
    Logged,
    OrderRecord,
    Origin,
    OwnerRecord,
    SlotRecord,
)

ANNA, BEN = "0x" + "aa" * 20, "0x" + "bb" * 20
SLOT = 1_660_800_600
EVER = range(1 << 40)


def rows(*records: ChainRecord) -> list[Logged[ChainRecord]]:
    return [
        Logged(Origin(number, bytes(32), 0, bytes([number] * 32)), record)
        for number, record in enumerate(records)
    ]


#: Anna owns point 1, Ben point 2; an offer of Ben's and two bids of Anna's.
MARKET: list[ChainRecord] = [
    OwnerRecord(1, ANNA, 0),
    OwnerRecord(2, BEN, 0),
    SlotRecord(SLOT, "opened"),
    OrderRecord(SLOT, 0, 2, "sell", 500, 100),
    OrderRecord(SLOT, 1, 1, "buy", 2000, 100),
    OrderRecord(SLOT, 2, 1, "buy", 400, 50),
]

CLEARED: list[ChainRecord] = [
    ClearingRecord(SLOT, 500, 100, 100, 100, 100, 100),
    FillRecord(SLOT, 0, 2, "sell", 100, 0),
    FillRecord(SLOT, 1, 1, "buy", 100, 0),
    SlotRecord(SLOT, "booked"),
]


def told(*more: ChainRecord, address: str = ANNA) -> list[tuple[int, int, Outcome, int | None]]:
    return [
        (own.order.order_id, own.filled_wh, own.outcome, own.price_sen)
        for own in orders_in(rows(*MARKET, *more), address, EVER)
    ]


def test_before_the_call_orders_wait() -> None:
    assert told() == [(1, 0, Outcome.PENDING, None), (2, 0, Outcome.PENDING, None)]


@pytest.mark.spec("C-04", "G-04")
def test_after_booking_each_order_has_its_fill_and_outcome() -> None:
    assert told(*CLEARED) == [
        (1, 100, Outcome.FILLED, 500),
        (2, 0, Outcome.LIMIT_NOT_REACHED, 500),
    ]
    assert told(*CLEARED, address=BEN) == [(0, 100, Outcome.FILLED, 500)]


def test_a_cancelled_order_says_so() -> None:
    assert told(CancellationRecord(SLOT, 2, 1, False))[1] == (2, 0, Outcome.CANCELLED, None)


def test_a_clearing_without_volume_names_no_price() -> None:
    nothing = ClearingRecord(SLOT, 0, 0, 0, 0, 0, 0)
    assert told(nothing, SlotRecord(SLOT, "booked")) == [
        (1, 0, Outcome.NOTHING_TRADED, None),
        (2, 0, Outcome.NOTHING_TRADED, None),
    ]


@pytest.mark.spec("G-29")
def test_an_order_stays_with_who_owned_the_point_in_its_slot() -> None:
    later = SLOT + HALF_HOURS.slot_seconds
    sold = [OwnerRecord(1, BEN, later), OrderRecord(later, 0, 1, "sell", 700, 10)]
    assert [order[0] for order in told(*sold)] == [1, 2]
    orders = orders_in(rows(*MARKET, *sold), BEN, EVER)
    assert [(own.order.slot, own.order.point) for own in orders] == [(SLOT, 2), (later, 1)]


def test_only_slots_of_the_span_are_told() -> None:
    assert orders_in(rows(*MARKET), ANNA, range(SLOT + 1, SLOT + 2)) == []
    assert len(orders_in(rows(*MARKET), ANNA, range(SLOT, SLOT + 1))) == 2


def test_a_point_that_nobody_registered_is_nobodys() -> None:
    assert orders_in(rows(OrderRecord(SLOT, 0, 9, "buy", 1, 1)), ANNA, EVER) == []


def test_an_order_reads_the_same_for_people_and_programs() -> None:
    [first, second] = orders_in(rows(*MARKET, *CLEARED), ANNA, EVER)
    document = order_document(first, HALF_HOURS)
    assert (document["state"], document["label"]) == ("filled", "14:30-15:00")
    assert document["transaction"] == "0x" + "04" * 32
    assert order_lines([first, second], HALF_HOURS) == [
        f"slot {SLOT} 14:30-15:00  order 1  point 1  buy 100 Wh, limit 20.00 JPY/kWh  filled",
        "    100 Wh at 5.00 JPY/kWh: got all it asked for",
        f"slot {SLOT} 14:30-15:00  order 2  point 1  buy 50 Wh, limit 4.00 JPY/kWh  limit_not_reached",
        "    0 Wh: the clearing price is beyond its limit",
    ]


def test_every_outcome_has_a_reason() -> None:
    [own, _] = orders_in(rows(*MARKET), ANNA, EVER)
    for outcome in Outcome:
        assert type(own)(own.order, 0, outcome, None, b"").reason
