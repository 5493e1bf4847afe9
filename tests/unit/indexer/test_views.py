"""Slots, books, orders, units and positions as a reader sees them."""

from dataclasses import replace

import pytest

from node.domain.book import BookLevel
from node.domain.slots import HALF_HOURS
from node.domain.units import SenPerKwh, WattHours
from node.indexer import views
from node.indexer.views import Outcome, PositionView, SlotPhase, SlotSummary, UnitView
from node.store.chain_records import (
    AttestedRecord,
    Block,
    CancellationRecord,
    ChainRecord,
    ClearingRecord,
    FillRecord,
    Logged,
    OrderRecord,
    Origin,
    OwnerRecord,
    PointResultRecord,
    SettlementRecord,
    SlotRecord,
)
from node.store.database import Database

ALICE, BOB = "0x" + "aa" * 20, "0x" + "bb" * 20
SLOT = 180_000
BEFORE_CALL = HALF_HOURS.call_time(HALF_HOURS.slot(SLOT)) - 1
ALWAYS = range(1 << 62)

OPENED: list[ChainRecord] = [
    OwnerRecord(1, ALICE, 0),
    OwnerRecord(2, BOB, 0),
    SlotRecord(SLOT, "opened"),
]
#: Offers of Alice, bids of Bob; order 2 leaves the book again.
ORDERS: list[ChainRecord] = [
    OrderRecord(SLOT, 0, 1, "sell", 1000, 300),
    OrderRecord(SLOT, 1, 2, "buy", 2000, 200),
    OrderRecord(SLOT, 2, 2, "buy", 9000, 999),
    CancellationRecord(SLOT, 2, 2, lapsed=False),
    OrderRecord(SLOT, 3, 1, "sell", 2500, 50),
    OrderRecord(SLOT, 4, 2, "buy", 1000, 70),
]
CLEARED = ClearingRecord(SLOT, 1000, 270, 70, 70, 270, 300)
BOOKED: list[ChainRecord] = [
    FillRecord(SLOT, 0, 1, "sell", 270, 0),
    FillRecord(SLOT, 1, 2, "buy", 200, 0),
    FillRecord(SLOT, 4, 2, "buy", 70, 200),
    SlotRecord(SLOT, "booked"),
]


def store(database: Database, *records: ChainRecord) -> None:
    """Write each record in a block of its own, a second apart."""
    after = None
    for number, record in enumerate(records):
        block = Block(number, bytes([number + 1] * 32), bytes([number] * 32), 100_000 + number)
        logged = Logged(Origin(number, block.hash, 0, block.hash), record)
        with database.write() as work:
            work.chain.append(block, [logged], after)
            work.commit()
        after = block


def summary(database: Database, now: int) -> SlotSummary:
    with database.read() as view:
        [found] = views.slots(view, ALWAYS, HALF_HOURS, now)
    return found


def test_an_open_slot_counts_its_orders_without_the_cancelled_ones(database: Database) -> None:
    store(database, *OPENED, *ORDERS)
    assert summary(database, BEFORE_CALL) == SlotSummary(
        slot=SLOT,
        phase=SlotPhase.OPEN,
        orders=4,
        bid_wh=270,
        offer_wh=350,
        price_sen=None,
        volume_wh=None,
        long_sen=None,
        short_sen=None,
        missing=None,
    )


def test_time_alone_closes_and_lapses_a_slot(database: Database) -> None:
    store(database, *OPENED)
    assert summary(database, BEFORE_CALL + 1).phase is SlotPhase.CLOSED
    assert summary(database, SLOT).phase is SlotPhase.LAPSED


@pytest.mark.spec("C-52")
def test_a_slot_goes_through_its_phases_and_keeps_its_price(database: Database) -> None:
    settled = SettlementRecord(SLOT, 500, 3000, 0)
    steps: list[tuple[list[ChainRecord], SlotPhase]] = [
        ([CLEARED], SlotPhase.CLEARED),
        ([CLEARED, *BOOKED], SlotPhase.BOOKED),
        ([CLEARED, *BOOKED, settled], SlotPhase.SETTLED),
        ([CLEARED, *BOOKED, settled, SlotRecord(SLOT, "final")], SlotPhase.FINAL),
    ]
    for records, phase in steps:
        _refill(database, *OPENED, *ORDERS, *records)
        found = summary(database, SLOT)
        assert (found.phase, found.price_sen, found.volume_wh) == (phase, 1000, 270)
    assert (found.long_sen, found.short_sen, found.missing) == (500, 3000, 0)


@pytest.mark.parametrize("stage", [SlotPhase.LAPSED, SlotPhase.VOIDED])
def test_a_slot_that_did_not_trade_says_so(database: Database, stage: SlotPhase) -> None:
    store(database, *OPENED, SlotRecord(SLOT, stage))
    assert summary(database, BEFORE_CALL).phase is stage


def test_without_a_trade_there_is_no_price(database: Database) -> None:
    store(database, *OPENED, ClearingRecord(SLOT, 0, 0, 0, 0, 0, 0))
    found = summary(database, SLOT)
    assert (found.price_sen, found.volume_wh) == (None, 0)


@pytest.mark.spec("C-15", "C-19", "C-20")
def test_the_book_shows_open_orders_per_price_and_when_it_last_changed(
    database: Database,
) -> None:
    store(database, *OPENED, *ORDERS[:4])
    with database.read() as view:
        book = views.displayed_book(view, views.slot_rows(view, SLOT), levels=8)
    assert book.sells == (BookLevel(SenPerKwh(1000), WattHours(300)),)
    assert book.buys == (BookLevel(SenPerKwh(2000), WattHours(200)),)
    assert book.last_update == 100_000 + len(OPENED) + 3


def test_an_empty_book_was_never_updated(database: Database) -> None:
    store(database, *OPENED)
    with database.read() as view:
        book = views.displayed_book(view, views.slot_rows(view, SLOT), levels=8)
    assert (book.sells, book.buys, book.last_update) == ((), (), None)


def outcomes(database: Database, *records: ChainRecord) -> dict[int, tuple[int, Outcome]]:
    _refill(database, *OPENED, *ORDERS, *records)
    with database.read() as view:
        found = views.order_views(views.slot_rows(view, SLOT))
    return {each.order.order_id: (each.filled_wh, each.outcome) for each in found}


def test_every_order_says_what_became_of_it(database: Database) -> None:
    assert outcomes(database, CLEARED, *BOOKED) == {
        0: (270, Outcome.PARTLY_FILLED),
        1: (200, Outcome.FILLED),
        2: (0, Outcome.CANCELLED),
        3: (0, Outcome.LIMIT_NOT_REACHED),
        4: (70, Outcome.FILLED),
    }


def test_until_an_order_is_booked_it_is_pending(database: Database) -> None:
    for stage in ([], [CLEARED]):
        assert outcomes(database, *stage)[0] == (0, Outcome.PENDING)


def test_an_order_without_energy_says_why(database: Database) -> None:
    booked = SlotRecord(SLOT, "booked")
    nothing = ClearingRecord(SLOT, 0, 0, 0, 0, 0, 0)
    rounded = replace(CLEARED, bid_filled_wh=1, bid_total_wh=1000)
    closed_level = replace(CLEARED, bid_filled_wh=0)
    assert outcomes(database, nothing, booked)[4] == (0, Outcome.NOTHING_TRADED)
    assert outcomes(database, rounded, booked)[4] == (0, Outcome.ROUNDED_TO_ZERO)
    assert outcomes(database, closed_level, booked)[4] == (0, Outcome.LIMIT_NOT_REACHED)
    assert outcomes(database, SlotRecord(SLOT, "lapsed"))[4] == (0, Outcome.LAPSED)
    assert outcomes(database, CLEARED, *BOOKED, SlotRecord(SLOT, "voided"))[4] == (
        0,
        Outcome.VOIDED,
    )


@pytest.mark.spec("C-24", "C-27", "G-31")
def test_units_pair_sellers_and_buyers_and_name_the_owners(database: Database) -> None:
    store(database, *OPENED, *ORDERS, CLEARED, *BOOKED)
    with database.read() as view:
        units = views.units(view, SLOT, views.slot_rows(view, SLOT))
    assert units == [UnitView(1, 2, ALICE, BOB, 200), UnitView(1, 2, ALICE, BOB, 70)]


def test_there_are_no_units_before_all_is_booked_or_when_the_slot_is_voided(
    database: Database,
) -> None:
    for records in ([CLEARED, *BOOKED[:2]], [CLEARED, *BOOKED, SlotRecord(SLOT, "voided")]):
        _refill(database, *OPENED, *ORDERS, *records)
        with database.read() as view:
            assert views.units(view, SLOT, views.slot_rows(view, SLOT)) == []


@pytest.mark.spec("C-36", "D-35")
def test_a_position_compares_what_was_traded_with_what_was_metered(database: Database) -> None:
    store(database, *OPENED, *ORDERS, CLEARED, *BOOKED)
    traded = PositionView(SLOT, 270, 0, None, None, None, None)
    assert position(database) == traded

    metered = replace(traded, import_wh=0, export_wh=250)
    more = [AttestedRecord(SLOT, 1, 0, 250), AttestedRecord(SLOT, 1, 0, 9)]
    _refill(database, *OPENED, *ORDERS, CLEARED, *BOOKED, *more)
    assert position(database) == metered

    settled = PointResultRecord(SLOT, 1, 0, -20, 270_000, -60_000)
    _refill(database, *OPENED, *ORDERS, CLEARED, *BOOKED, *more, settled)
    assert position(database) == replace(metered, imbalance_wh=-20, status="settled")


def test_a_silent_point_has_no_imbalance_yet(database: Database) -> None:
    silent = PointResultRecord(SLOT, 1, 1, 0, 0, 0)
    store(database, *OPENED, *ORDERS, CLEARED, *BOOKED, silent)
    assert position(database) == PositionView(SLOT, 270, 0, None, None, None, "missing")


def test_a_voided_slot_leaves_no_position(database: Database) -> None:
    store(database, *OPENED, *ORDERS, CLEARED, *BOOKED, SlotRecord(SLOT, "voided"))
    with database.read() as view:
        assert views.positions(view, 1, ALWAYS) == []


def position(database: Database) -> PositionView:
    with database.read() as view:
        [found] = views.positions(view, 1, ALWAYS)
    return found


def _refill(database: Database, *records: ChainRecord) -> None:
    with database.write() as work:
        head = work.chain.head()
        if head is not None:
            work.chain.rewind(None, after=head)
            work.commit()
    store(database, *records)
