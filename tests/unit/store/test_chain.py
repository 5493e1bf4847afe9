"""The chain tables: block by block, one writer, and back again."""

import pytest

from node.store.chain_records import (
    AttestedRecord,
    Block,
    ChainRecord,
    CreditRecord,
    DebtRecord,
    GatewayRecord,
    Logged,
    Origin,
    OwnerRecord,
)
from node.store.database import Database
from node.store.errors import ConcurrentWriterError

ALICE, BOB = "0x" + "aa" * 20, "0x" + "bb" * 20


def block(number: int, fork: int = 0) -> Block:
    return Block(number, bytes([fork, number]) * 16, bytes([fork, number - 1 & 255]) * 16, number)


def logged(on: Block, log_index: int, record: ChainRecord) -> Logged[ChainRecord]:
    return Logged(Origin(on.number, on.hash, log_index, bytes(32)), record)


def follow(database: Database, *blocks: Block, after: Block | None = None) -> None:
    for each in blocks:
        with database.write() as work:
            credit = CreditRecord(ALICE, each.number, b"reference")
            work.chain.append(each, [logged(each, 0, credit)], after=after)
            work.commit()
        after = each


def credited(database: Database) -> list[int]:
    with database.read() as view:
        return [credit.record.yen for credit in view.chain.find(CreditRecord)]


def test_the_cursor_moves_with_the_rows(database: Database) -> None:
    follow(database, block(0), block(1))

    with database.read() as view:
        assert view.chain.head() == block(1)
        assert view.chain.block(0) == block(0)
        assert view.chain.block(2) is None
        assert view.chain.count_blocks() == 2
    assert credited(database) == [0, 1]


def test_without_commit_neither_cursor_nor_rows_move(database: Database) -> None:
    follow(database, block(0))
    with database.write() as work:
        work.chain.append(block(1), [logged(block(1), 0, CreditRecord(ALICE, 1, b""))], block(0))

    with database.read() as view:
        assert view.chain.head() == block(0)
    assert credited(database) == [0]


def test_taking_back_a_block_takes_back_all_that_came_in_it(database: Database) -> None:
    follow(database, block(0), block(1), block(2))

    with database.write() as work:
        work.chain.rewind(block(0), after=block(2))
        work.commit()

    with database.read() as view:
        assert view.chain.head() == block(0)
    assert credited(database) == [0]


def test_taking_back_everything_leaves_empty_tables(database: Database) -> None:
    follow(database, block(0), block(1))

    with database.write() as work:
        work.chain.rewind(None, after=block(1))
        work.commit()

    with database.read() as view:
        assert view.chain.head() is None
        assert not any(view.chain.content().values())


@pytest.mark.parametrize("stale", [None, block(0), block(1, fork=7)])
def test_a_second_writer_is_refused(database: Database, stale: Block | None) -> None:
    follow(database, block(0), block(1))

    with pytest.raises(ConcurrentWriterError, match="another indexer"), database.write() as work:
        work.chain.append(block(2), [], after=stale)

    with database.read() as view:
        assert view.chain.head() == block(1)


def test_a_second_writer_cannot_take_blocks_back(database: Database) -> None:
    follow(database, block(0), block(1), block(2))
    with pytest.raises(ConcurrentWriterError), database.write() as work:
        work.chain.rewind(block(0), after=block(1))
    assert credited(database) == [0, 1, 2]


def test_several_rows_of_one_event_stay_in_order(database: Database) -> None:
    rows = [
        logged(block(0), 3, AttestedRecord(1000, 2, 20, 0)),
        logged(block(0), 3, AttestedRecord(1000, 1, 10, 0)),
        logged(block(0), 1, AttestedRecord(1000, 9, 90, 0)),
        logged(block(0), 4, DebtRecord(ALICE, 5, 5)),
    ]
    with database.write() as work:
        work.chain.append(block(0), rows, after=None)
        found = work.chain.find(AttestedRecord)

    assert found == [rows[2], rows[0], rows[1]]


def test_records_are_found_by_value_range_and_membership(database: Database) -> None:
    follow(database, block(0), block(1), block(2), block(3))
    with database.read() as view:

        def yen(**where: int | str | range | list[int]) -> list[int]:
            return [row.record.yen for row in view.chain.find(CreditRecord, **where)]

        assert yen(yen=2) == [2]
        assert yen(yen=range(1, 3)) == [1, 2]
        assert yen(yen=[0, 3]) == [0, 3]
        assert yen(account=BOB) == []


@pytest.mark.spec("G-29")
def test_owner_and_gateway_of_a_point_hold_from_their_slot_on(database: Database) -> None:
    rows = [
        logged(block(0), 0, OwnerRecord(1, ALICE, 1000)),
        logged(block(0), 1, GatewayRecord(1, "0x01", 1000)),
        logged(block(0), 2, OwnerRecord(1, BOB, 3000)),
        logged(block(0), 3, GatewayRecord(1, "0x02", 2000)),
    ]
    with database.write() as work:
        work.chain.append(block(0), rows, after=None)
        points = work.points

        assert [points.owner(1, slot) for slot in (999, 1000, 2999, 3000)] == [
            None,
            ALICE,
            ALICE,
            BOB,
        ]
        assert [points.gateway(1, slot) for slot in (1999, 2000)] == ["0x01", "0x02"]
        assert (points.owner(1), points.gateway(1)) == (BOB, "0x02")
        assert points.owner(2) is None
        assert points.ever_owned_by(ALICE.upper().replace("X", "x")) == [1]
        assert points.ever_owned_by("0xcc") == []
