"""The displayed book: the screens of the field trial."""

from datetime import datetime

import pytest

from node.domain.book import BookLevel, BookRow, DisplayedBook, OpenOrders, display
from node.domain.clearing import clear
from node.domain.errors import OrderError
from node.domain.orders import Order, Side
from node.domain.slots import JST
from node.domain.units import SenPerKwh, WattHours

#: C-16 and C-17 in sen and Wh (the screen's unit is left open; 1 is taken as 1 kWh). The first of
#: the sells and the last of the buys lie outside the window and make up OVER and UNDER.
SELLS = [
    (2110, 9),
    (2130, 7),
    (2100, 3),
    (2080, 30),
    (2070, 15),
    (2060, 12),
    (2050, 10),
    (2040, 20),
    (2020, 10),
    (2010, 20),
]
BUYS = [
    (1990, 40),
    (1980, 5),
    (1970, 10),
    (1960, 50),
    (1950, 20),
    (1940, 9),
    (1930, 4),
    (1910, 12),
    (1900, 11),
    (1500, 7),
]
LAST_UPDATE = int(datetime(2017, 9, 28, 18, 26, 5, tzinfo=JST).timestamp())


def kwh(amount: int) -> WattHours:
    return WattHours(amount * 1000)


def trial_book() -> OpenOrders:
    book = OpenOrders()
    rows = [(Side.SELL, p, q) for p, q in SELLS] + [(Side.BUY, p, q) for p, q in BUYS]
    for number, (side, price, amount) in enumerate(rows):
        order = Order(f"o{number}", f"u{number}", side, SenPerKwh(price), kwh(amount), number)
        book.place(order, at=LAST_UPDATE - len(rows) + 1 + number)
    return book


@pytest.fixture
def screen() -> DisplayedBook:
    return trial_book().display()


@pytest.mark.spec("C-16")
def test_the_sell_side_of_the_trial_s_screen(screen: DisplayedBook) -> None:
    assert [(level.price, level.energy) for level in screen.sells] == [
        (2010, kwh(20)),
        (2020, kwh(10)),
        (2040, kwh(20)),
        (2050, kwh(10)),
        (2060, kwh(12)),
        (2070, kwh(15)),
        (2080, kwh(30)),
        (2100, kwh(3)),
    ]
    assert (screen.over, screen.visible_sell, screen.total_sell) == (kwh(16), kwh(120), kwh(136))


@pytest.mark.spec("C-17")
def test_the_buy_side_of_the_trial_s_screen(screen: DisplayedBook) -> None:
    assert [(level.price, level.energy) for level in screen.buys] == [
        (1990, kwh(40)),
        (1980, kwh(5)),
        (1970, kwh(10)),
        (1960, kwh(50)),
        (1950, kwh(20)),
        (1940, kwh(9)),
        (1930, kwh(4)),
        (1910, kwh(12)),
    ]
    assert (screen.under, screen.visible_buy, screen.total_buy) == (kwh(18), kwh(150), kwh(168))


@pytest.mark.spec("C-15", "C-19")
def test_rows_fall_from_over_through_the_prices_to_under(screen: DisplayedBook) -> None:
    rows = list(screen.rows())

    assert rows[0] == BookRow(None, sell=kwh(16))
    assert rows[-1] == BookRow(None, buy=kwh(18))
    prices = [row.price for row in rows[1:-1] if row.price is not None]
    assert prices == sorted(prices, reverse=True)
    assert len(prices) == 16
    assert rows[1] == BookRow(SenPerKwh(2100), sell=kwh(3))
    assert rows[9] == BookRow(SenPerKwh(1990), buy=kwh(40))


@pytest.mark.spec("C-18")
def test_the_trial_s_book_is_not_crossed_and_its_middle_is_20_yen(screen: DisplayedBook) -> None:
    assert (screen.best_sell, screen.best_buy) == (2010, 1990)
    assert screen.spread == 20
    assert screen.middle_half_sen == 2 * 2000
    assert not screen.is_crossed
    assert clear(trial_book().orders).volume == 0


@pytest.mark.spec("C-18")
def test_prices_without_orders_are_not_shown(screen: DisplayedBook) -> None:
    shown = {row.price for row in screen.rows()}

    assert shown.isdisjoint({2090, 2030, 2000, 1920})


@pytest.mark.spec("C-20")
def test_the_last_update_is_that_of_the_last_accepted_order(screen: DisplayedBook) -> None:
    assert screen.last_update == LAST_UPDATE


@pytest.mark.spec("C-20")
def test_each_accepted_order_and_cancel_moves_the_last_update_and_a_refused_one_does_not() -> None:
    book = trial_book()
    late = Order("late", "u1", Side.SELL, SenPerKwh(2030), kwh(1), 99)

    book.place(late, at=LAST_UPDATE + 7)
    assert book.display().last_update == LAST_UPDATE + 7
    with pytest.raises(OrderError, match="late is in the book already"):
        book.place(late, at=LAST_UPDATE + 8)
    assert book.display().last_update == LAST_UPDATE + 7

    book.cancel("late", at=LAST_UPDATE + 9)
    assert book.display().last_update == LAST_UPDATE + 9
    assert SenPerKwh(2030) not in {row.price for row in book.display().rows()}
    with pytest.raises(OrderError, match="late is not in the book"):
        book.cancel("late", at=LAST_UPDATE + 10)


@pytest.mark.spec("C-19")
@pytest.mark.parametrize("levels", [1, 3, 8, 20])
def test_whatever_is_not_shown_is_in_over_and_under(levels: int) -> None:
    screen = trial_book().display(levels)

    assert len(screen.sells) == min(levels, 10)
    assert (screen.total_sell, screen.total_buy) == (kwh(136), kwh(168))


@pytest.mark.spec("C-21")
def test_the_book_of_the_continuous_auction() -> None:
    sells = {SenPerKwh(p * 100): kwh(q) for p, q in [(26, 30), (25, 80), (24, 100), (23, 400)]}
    buys = {SenPerKwh(p * 100): kwh(q) for p, q in [(22, 300), (21, 200), (20, 150), (19, 100)]}

    screen = display(sells, buys)

    assert (screen.total_sell, screen.total_buy) == (kwh(610), kwh(750))
    assert (screen.over, screen.under) == (0, 0)
    assert [row.price for row in screen.rows()] == [2600, 2500, 2400, 2300, 2200, 2100, 2000, 1900]
    assert screen.spread == 100


def test_orders_of_one_price_share_a_level() -> None:
    book = OpenOrders()
    for number, amount in enumerate((3, 4)):
        order = Order(f"o{number}", "u", Side.BUY, SenPerKwh(1000), kwh(amount), number)
        book.place(order, at=number)

    assert book.display().buys == (BookLevel(SenPerKwh(1000), kwh(7)),)


def test_a_book_that_collects_may_be_crossed() -> None:
    screen = display({SenPerKwh(1000): kwh(1)}, {SenPerKwh(1501): kwh(1)})

    assert screen.spread == -501
    assert screen.middle_half_sen == 2501
    assert screen.is_crossed
    assert list(display({SenPerKwh(7): kwh(1)}, {SenPerKwh(7): kwh(2)}).rows()) == [
        BookRow(SenPerKwh(7), sell=kwh(1), buy=kwh(2))
    ]


def test_an_empty_book_shows_nothing() -> None:
    screen = OpenOrders().display()

    assert list(screen.rows()) == []
    assert screen.spread is None
    assert screen.middle_half_sen is None
    assert screen.last_update is None
    assert not screen.is_crossed
    assert display({SenPerKwh(5): WattHours(0)}, {}).sells == ()
