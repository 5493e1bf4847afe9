"""Bills: every line with its reason, and never a yen beside the ledger."""

from collections.abc import Sequence

import pytest

from node.domain.slots import HALF_HOURS
from node.indexer.bills import (
    BillLine,
    BillRows,
    LineKind,
    LineState,
    Reason,
    balance,
    balancing_account,
    bill,
    explain,
)
from node.indexer.errors import BillMismatchError
from node.indexer.queries import bill_rows
from node.store.chain_records import (
    AttestedRecord,
    Block,
    ChainRecord,
    ClearingRecord,
    CreditRecord,
    FillRecord,
    Logged,
    Origin,
    OwnerRecord,
    PointResultRecord,
    SlotRecord,
    WithdrawalRecord,
)
from node.store.database import Database

ALICE, BOB = "0x" + "aa" * 20, "0x" + "bb" * 20
SLOT = 180_000
NEXT = SLOT + HALF_HOURS.slot_seconds
ALWAYS = range(1 << 62)
SETTLED, MISSING, LATE, FALLBACK = range(4)

#: Alice sells Bob 400 Wh at 2,000 sen/kWh.
MARKET: list[ChainRecord] = [
    OwnerRecord(1, ALICE, 0),
    OwnerRecord(2, BOB, 0),
    CreditRecord(ALICE, 1000, b"in"),
    WithdrawalRecord(1, ALICE, 300),
    ClearingRecord(SLOT, 2000, 400, 400, 400, 400, 400),
    FillRecord(SLOT, 0, 1, "sell", 400, 0),
    FillRecord(SLOT, 1, 2, "buy", 400, 0),
]


def logged(records: Sequence[ChainRecord]) -> list[Logged[ChainRecord]]:
    return [Logged(Origin(n, bytes(32), 0, bytes([n] * 32)), r) for n, r in enumerate(records)]


def rows(*records: ChainRecord) -> BillRows:
    return BillRows.of(logged([*MARKET, *records]))


def lines(party: str, *records: ChainRecord) -> list[tuple[str, int, int, int, str, str | None]]:
    return [
        (line.kind, line.energy_wh, line.price_sen, line.cash_yen5, line.state, line.reason)
        for line in bill(party, rows(*records), ALWAYS).lines
    ]


def test_before_settlement_the_trades_are_pending_and_nothing_has_moved() -> None:
    made = bill(ALICE, rows(), ALWAYS)
    [line] = made.lines
    assert line == BillLine(
        slot=SLOT,
        point=1,
        kind=LineKind.SOLD,
        energy_wh=400,
        price_sen=2000,
        cash_yen5=800_000,
        state=LineState.PENDING,
        transaction=bytes([5] * 32),
    )
    assert (made.totals.cash_yen5, made.totals.pending_yen5, made.totals.sold_wh) == (
        0,
        800_000,
        400,
    )


@pytest.mark.spec("G-10")
def test_a_settled_slot_shows_trades_and_imbalance_with_price_and_reason() -> None:
    settled = [
        AttestedRecord(SLOT, 1, 0, 300),
        AttestedRecord(SLOT, 2, 350, 0),
        PointResultRecord(SLOT, 1, SETTLED, -100, 800_000, -300_000),
        PointResultRecord(SLOT, 2, SETTLED, 50, -800_000, 25_000),
    ]
    assert lines(ALICE, *settled) == [
        ("sold", 400, 2000, 800_000, "settled", None),
        ("imbalance", -100, 3000, -300_000, "settled", Reason.DELIVERED_LESS),
    ]
    assert lines(BOB, *settled) == [
        ("bought", 400, 2000, -800_000, "settled", None),
        ("imbalance", 50, 500, 25_000, "settled", Reason.CONSUMED_LESS),
    ]
    sums = bill(BOB, rows(*settled), ALWAYS).totals
    assert (sums.trade_yen5, sums.imbalance_yen5, sums.cash_yen5) == (-800_000, 25_000, -775_000)
    metered = bill(BOB, rows(*settled), ALWAYS).lines[1]
    assert (metered.import_wh, metered.export_wh) == (350, 0)


def test_all_cash_of_a_slot_and_the_balancing_account_add_to_zero() -> None:
    made = rows(
        AttestedRecord(SLOT, 1, 0, 300),
        AttestedRecord(SLOT, 2, 350, 0),
        PointResultRecord(SLOT, 1, SETTLED, -100, 800_000, -300_000),
        PointResultRecord(SLOT, 2, SETTLED, 50, -800_000, 25_000),
    )
    paid = sum(bill(party, made, ALWAYS).totals.cash_yen5 for party in (ALICE, BOB))
    assert paid + balancing_account(made) == 0


def test_what_was_delivered_exactly_has_no_imbalance_line() -> None:
    exact = [AttestedRecord(SLOT, 1, 0, 400), PointResultRecord(SLOT, 1, SETTLED, 0, 800_000, 0)]
    assert [line[0] for line in lines(ALICE, *exact)] == ["sold"]


@pytest.mark.spec("G-11")
def test_a_missing_reading_holds_the_proceeds_and_pays_the_purchases() -> None:
    silent = [
        PointResultRecord(SLOT, 1, MISSING, 0, 0, 0),
        PointResultRecord(SLOT, 2, MISSING, 0, -800_000, 0),
    ]
    assert lines(ALICE, *silent) == [
        ("sold", 400, 2000, 800_000, "held", None),
        ("imbalance", 0, 0, 0, "held", Reason.NO_READING_YET),
    ]
    assert lines(BOB, *silent) == [
        ("bought", 400, 2000, -800_000, "settled", None),
        ("imbalance", 0, 0, 0, "held", Reason.NO_READING_YET),
    ]
    assert bill(ALICE, rows(*silent), ALWAYS).totals.held_yen5 == 800_000
    assert balance(ALICE, rows(*silent)) == 700 * 100_000 + 800_000


@pytest.mark.spec("G-11")
def test_a_late_reading_releases_the_proceeds_and_settles_the_imbalance() -> None:
    late = [
        PointResultRecord(SLOT, 1, MISSING, 0, 0, 0),
        AttestedRecord(SLOT, 1, 0, 500),
        PointResultRecord(SLOT, 1, LATE, 100, 800_000, 50_000),
    ]
    assert lines(ALICE, *late) == [
        ("sold", 400, 2000, 800_000, "settled", None),
        ("imbalance", 100, 500, 50_000, "settled", Reason.DELIVERED_MORE),
    ]


@pytest.mark.spec("G-11")
def test_silence_to_the_end_is_explained() -> None:
    silent = [
        PointResultRecord(SLOT, 2, MISSING, 0, -800_000, 0),
        PointResultRecord(SLOT, 2, FALLBACK, -600, 0, -1_800_000),
    ]
    assert lines(BOB, *silent) == [
        ("bought", 400, 2000, -800_000, "settled", None),
        ("imbalance", -600, 3000, -1_800_000, "settled", Reason.NO_READING),
    ]


@pytest.mark.spec("G-08")
def test_trades_of_a_voided_slot_do_not_count() -> None:
    voided = [
        SlotRecord(SLOT, "voided"),
        AttestedRecord(SLOT, 1, 0, 100),
        PointResultRecord(SLOT, 1, SETTLED, 100, 0, 50_000),
    ]
    assert lines(ALICE, *voided) == [
        ("imbalance", 100, 500, 50_000, "settled", Reason.DELIVERED_MORE)
    ]


@pytest.mark.spec("G-29")
def test_a_point_that_changes_hands_is_billed_to_its_owner_of_the_slot() -> None:
    sold_on = [
        OwnerRecord(1, BOB, NEXT),
        ClearingRecord(NEXT, 1000, 10, 10, 10, 10, 10),
        FillRecord(NEXT, 0, 1, "sell", 10, 0),
    ]
    assert [line[1] for line in lines(ALICE, *sold_on)] == [400]
    assert [line[1] for line in lines(BOB, *sold_on)] == [400, 10]


def test_a_bill_covers_the_slots_that_start_in_its_range() -> None:
    assert bill(ALICE, rows(), range(SLOT, SLOT + 1)).lines
    assert not bill(ALICE, rows(), range(SLOT)).lines
    assert not bill(ALICE, rows(), range(SLOT + 1, ALWAYS.stop)).lines


def test_the_case_of_an_address_does_not_matter() -> None:
    assert bill(ALICE.upper().replace("X", "x"), rows(), ALWAYS) == bill(ALICE, rows(), ALWAYS)


def test_a_stranger_has_an_empty_bill() -> None:
    made = bill("0x" + "cc" * 20, rows(), ALWAYS)
    assert (made.lines, made.totals.cash_yen5) == ((), 0)


def test_the_balance_is_what_came_in_less_what_went_out_plus_the_bills() -> None:
    settled = [
        AttestedRecord(SLOT, 1, 0, 400),
        PointResultRecord(SLOT, 1, SETTLED, 0, 800_000, 0),
    ]
    assert balance(ALICE, rows(*settled)) == (1000 - 300) * 100_000 + 800_000
    assert balance(ALICE, rows()) == (1000 - 300) * 100_000


def test_a_ledger_that_moved_something_else_is_named() -> None:
    wrong = PointResultRecord(SLOT, 1, SETTLED, 0, 799_999, 0)
    with pytest.raises(BillMismatchError, match="799999"):
        bill(ALICE, rows(wrong), ALWAYS)


@pytest.mark.parametrize(
    ("sold", "bought", "imported", "exported", "reason"),
    [
        (0, 500, 600, 0, Reason.CONSUMED_MORE),
        (0, 500, 400, 0, Reason.CONSUMED_LESS),
        (500, 0, 0, 600, Reason.DELIVERED_MORE),
        (500, 0, 0, 400, Reason.DELIVERED_LESS),
        (500, 0, 50, 400, Reason.DELIVERED_LESS_CONSUMED_MORE),
        (0, 500, 0, 50, Reason.DELIVERED_MORE_CONSUMED_LESS),
        (500, 0, 200, 600, Reason.CONSUMED_MORE),
        (500, 300, 0, 400, Reason.CONSUMED_LESS),
    ],
)
def test_the_reason_names_what_differed_from_the_contract(
    sold: int, bought: int, imported: int, exported: int, reason: Reason
) -> None:
    imbalance = (exported - imported) - (sold - bought)
    metered = AttestedRecord(SLOT, 1, imported, exported)
    assert explain(imbalance, sold, bought, metered) is reason


def test_a_bill_from_the_database_equals_one_from_the_events_alone(
    database: Database,
) -> None:
    settled = [
        AttestedRecord(SLOT, 1, 0, 300),
        AttestedRecord(SLOT, 1, 0, 999),
        PointResultRecord(SLOT, 1, SETTLED, -100, 800_000, -300_000),
    ]
    block = Block(0, b"\x01" * 32, bytes(32), 0)
    placed = [
        Logged(Origin(0, block.hash, n, bytes([n] * 32)), record)
        for n, record in enumerate([*MARKET, *settled])
    ]
    with database.write() as work:
        work.chain.append(block, placed, after=None)
        stored = bill_rows(work, ALICE)

    alone = BillRows.of(placed)
    assert bill(ALICE, stored, ALWAYS) == bill(ALICE, alone, ALWAYS)
    assert balance(ALICE, stored) == balance(ALICE, alone)
    assert bill(ALICE, alone, ALWAYS).lines[1].export_wh == 300
