"""Balanced units."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.clearing import clear
from node.domain.errors import OrderError
from node.domain.matching import BalancedUnit, Position, lay_units, positions
from node.domain.orders import Order, Side
from node.domain.units import SenPerKwh, WattHours

seeded = settings(derandomize=True, deadline=None, max_examples=300)


def order(sequence: int, participant: str, side: Side, energy: int, limit: int = 2000) -> Order:
    return Order(f"o{sequence}", participant, side, SenPerKwh(limit), WattHours(energy), sequence)


def unit(seller: str, buyer: str, energy: int) -> BalancedUnit:
    return BalancedUnit(seller, buyer, WattHours(energy))


def lay(book: Sequence[Order]) -> tuple[BalancedUnit, ...]:
    return lay_units(book, clear(book).fills)


BOOKS = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.sampled_from(["u1", "u2", "u3", "u4"]),
        st.integers(1, 50),
        st.integers(0, 9),
    ),
    max_size=16,
).map(lambda rows: [order(i, who, side, e, p) for i, (side, who, e, p) in enumerate(rows)])


@pytest.mark.spec("C-24", "C-25", "C-26")
def test_the_units_of_the_field_trial() -> None:
    book = [
        order(1, "User 1", Side.SELL, 1000),
        order(2, "User 11", Side.SELL, 1200),
        order(3, "User 5", Side.BUY, 1000),
        order(4, "User 2", Side.BUY, 1200),
    ]

    assert lay(book) == (unit("User 1", "User 5", 1000), unit("User 11", "User 2", 1200))


@pytest.mark.spec("C-23", "C-24", "G-31")
def test_every_overlap_of_a_seller_s_and_a_buyer_s_stretch_is_a_unit() -> None:
    book = [
        order(1, "s1", Side.SELL, 500),
        order(2, "b1", Side.BUY, 300),
        order(3, "s2", Side.SELL, 400),
        order(4, "b2", Side.BUY, 600),
    ]

    assert lay(book) == (unit("s1", "b1", 300), unit("s1", "b2", 200), unit("s2", "b2", 400))


@pytest.mark.spec("G-31")
def test_units_lie_in_sequence_order_whatever_the_order_of_the_list() -> None:
    book = [
        order(8, "s2", Side.SELL, 400),
        order(2, "b1", Side.BUY, 300),
        order(5, "b2", Side.BUY, 600),
        order(1, "s1", Side.SELL, 500),
    ]

    assert lay(book) == (unit("s1", "b1", 300), unit("s1", "b2", 200), unit("s2", "b2", 400))


@pytest.mark.spec("G-31")
def test_neighbouring_overlaps_of_the_same_pair_stay_separate() -> None:
    book = [
        order(1, "s", Side.SELL, 100),
        order(2, "s", Side.SELL, 100),
        order(3, "b", Side.BUY, 200),
    ]

    assert lay(book) == (unit("s", "b", 100), unit("s", "b", 100))


@pytest.mark.spec("G-06")
def test_one_account_may_deliver_to_itself() -> None:
    book = [order(1, "u1", Side.SELL, 100), order(2, "u1", Side.BUY, 100)]

    assert lay(book) == (unit("u1", "u1", 100),)


def test_a_book_without_trades_has_no_units() -> None:
    assert lay([]) == ()
    assert lay([order(1, "b", Side.BUY, 100)]) == ()


def test_fills_that_do_not_balance_are_refused() -> None:
    book = [order(1, "s", Side.SELL, 100), order(2, "b", Side.BUY, 100)]

    with pytest.raises(OrderError, match="sold 100 Wh, bought 99 Wh"):
        lay_units(book, [WattHours(100), WattHours(99)])


@pytest.mark.spec("C-24", "C-27")
@seeded
@given(book=BOOKS)
def test_units_add_up_to_every_participant_s_fills_and_to_the_volume(book: list[Order]) -> None:
    cleared = clear(book)
    units = lay_units(book, cleared.fills)

    assert sum(u.energy for u in units) == cleared.volume
    assert all(u.energy > 0 for u in units)
    for who in {o.participant for o in book}:
        fills = [
            (o.side, fill)
            for o, fill in zip(book, cleared.fills, strict=True)
            if o.participant == who
        ]
        position = positions(units).get(who, Position())
        assert position.sold == sum(fill for side, fill in fills if side is Side.SELL)
        assert position.bought == sum(fill for side, fill in fills if side is Side.BUY)


@pytest.mark.spec("C-27")
@seeded
@given(book=BOOKS)
def test_the_net_exports_of_all_participants_add_to_zero(book: list[Order]) -> None:
    assert sum(position.net_export for position in positions(lay(book)).values()) == 0


@pytest.mark.spec("G-31")
@seeded
@given(book=BOOKS)
def test_there_are_fewer_units_than_filled_orders(book: list[Order]) -> None:
    filled = [fill for fill in clear(book).fills if fill]

    assert len(lay(book)) <= max(0, len(filled) - 1)
