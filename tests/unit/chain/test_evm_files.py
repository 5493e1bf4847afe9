"""The evm engine of the file commands: worked figures, and what the contracts cannot hold."""

from collections.abc import Sequence

import pytest

from node.chain.evm import clear_book, settle_file, units_of
from node.domain.clearing import MarginalLevel, PriceInterval
from node.domain.files import LARGEST_POSITION, SettlementFile
from node.domain.matching import BalancedUnit
from node.domain.orders import LARGEST_ORDER, Order, Side
from node.domain.readings import LARGEST_INTERVAL
from node.domain.settlement import ImbalancePrices, PointSettlement, Trade, settle_slot
from node.domain.units import SenPerKwh, WattHours, Yen5
from node.domain.words import BookedFill

PRICES = ImbalancePrices(SenPerKwh(500), SenPerKwh(3_000))


def order(number: int, participant: str, side: Side, limit: int, energy: int) -> Order:
    return Order(
        f"o{number}", participant, side, SenPerKwh(limit), WattHours(energy), sequence=number
    )


def trade(seller: str, buyer: str, energy: int, price: int = 2_000) -> Trade[str]:
    return Trade(seller, buyer, WattHours(energy), SenPerKwh(price))


def file_of(trades: Sequence[Trade[str]], metered: dict[str, int]) -> SettlementFile:
    values = {name: WattHours(energy) for name, energy in metered.items()}
    return SettlementFile(tuple(trades), values, PRICES)


@pytest.mark.spec("C-24", "C-25", "C-26", "G-04", "G-31")
def test_the_contracts_clear_a_file_with_price_interval_fills_and_units() -> None:
    orders = [
        order(3, "5", Side.BUY, 2_100, 1_000),
        order(1, "1", Side.SELL, 2_000, 1_000),
        order(4, "2", Side.BUY, 2_050, 1_200),
        order(2, "11", Side.SELL, 2_020, 1_500),
    ]
    clearing, units = clear_book(orders)
    assert (clearing.price, clearing.volume) == (2_020, 2_200)
    assert clearing.interval == PriceInterval(SenPerKwh(2_020), SenPerKwh(2_020))
    assert clearing.fills == (1_000, 1_000, 1_200, 1_200)
    assert clearing.offers_at_price == MarginalLevel(WattHours(1_200), WattHours(1_500))
    assert units == (
        BalancedUnit("1", "5", WattHours(1_000)),
        BalancedUnit("11", "2", WattHours(1_200)),
    )


@pytest.mark.spec("G-04")
@pytest.mark.parametrize(
    "orders",
    [
        [],
        [order(1, "u1", Side.BUY, 10, 5)],
        [order(1, "u1", Side.BUY, 10, 5), order(2, "u2", Side.SELL, 11, 5)],
    ],
    ids=["empty", "one side", "not crossed"],
)
def test_a_book_in_which_nothing_trades_has_no_price(orders: list[Order]) -> None:
    clearing, units = clear_book(orders)
    assert (clearing.price, clearing.interval, clearing.volume, units) == (None, None, 0, ())
    assert clearing.fills == (0,) * len(orders)


@pytest.mark.spec("G-04")
def test_the_upper_end_of_the_price_interval_comes_from_the_orders_on_chain() -> None:
    orders = [order(1, "u1", Side.SELL, 1_000, 5), order(2, "u2", Side.BUY, 1_400, 5)]
    clearing, _ = clear_book(orders)
    assert clearing.interval == PriceInterval(SenPerKwh(1_000), SenPerKwh(1_400))


@pytest.mark.spec("G-10", "G-11")
def test_the_contracts_settle_a_file_and_flag_who_is_silent() -> None:
    settled = settle_file(
        file_of(
            [trade("u1", "u2", 1_000), trade("u3", "u2", 500, 1_900)], {"u1": 900, "u2": -1_600}
        )
    )
    assert settled.points == {
        "u1": PointSettlement(Yen5(2_000_000), WattHours(-100), Yen5(-300_000)),
        "u2": PointSettlement(Yen5(-2_950_000), WattHours(-100), Yen5(-300_000)),
        "u3": PointSettlement(Yen5(950_000), WattHours(-500), Yen5(-1_500_000), missing=True),
    }
    assert list(settled.points) == ["u1", "u2", "u3"]
    assert settled.balancing_account == 2_100_000


@pytest.mark.spec("G-11")
def test_a_silent_participant_counts_as_having_used_what_it_bought_and_delivered_nothing() -> None:
    settled = settle_file(file_of([trade("u1", "u2", 7), trade("u2", "u1", 4)], {}))
    assert [point.imbalance_wh for point in settled.points.values()] == [-7, -4]
    assert all(point.missing for point in settled.points.values())


@pytest.mark.spec("G-10")
def test_a_file_without_trades_and_one_with_a_trade_with_oneself_settle() -> None:
    assert settle_file(file_of([], {})).points == {}
    alone = settle_file(file_of([trade("u1", "u1", 9)], {"u1": 2}))
    assert alone.points == {"u1": PointSettlement(Yen5(0), WattHours(2), Yen5(1_000))}


@pytest.mark.spec("G-10")
def test_more_prices_and_participants_than_fit_one_call_settle() -> None:
    trades = [trade(f"s{n}", f"b{n}", 10, 1_000 + n % 3) for n in range(450)]
    settled = settle_file(file_of(trades, {f"s{n}": 10 for n in range(450)}))
    assert len(settled.points) == 900
    assert sum(point.contract_cash for point in settled.points.values()) == 0
    assert settled.balancing_account == 0


@pytest.mark.spec("G-10", "G-11")
@pytest.mark.parametrize(
    ("total", "metered"),
    [(LARGEST_POSITION, {"u1": 0, "u2": 0}), (LARGEST_INTERVAL, {})],
    ids=["metered", "silent"],
)
def test_the_contracts_hold_the_largest_positions_that_a_file_may_make(
    total: int, metered: dict[str, int]
) -> None:
    largest, rest = divmod(total, LARGEST_ORDER)
    file = file_of(
        [trade("u1", "u2", energy) for energy in [LARGEST_ORDER] * largest + [rest]], metered
    )
    assert settle_file(file) == settle_slot(file.trades, file.metered_net_export, file.prices)


@pytest.mark.spec("C-24", "G-31")
def test_units_follow_from_where_fills_were_laid_in_whatever_order_they_are_read() -> None:
    fills = [
        BookedFill(0, 1, Side.SELL, WattHours(5), 0),
        BookedFill(1, 2, Side.BUY, WattHours(3), 0),
        BookedFill(2, 3, Side.BUY, WattHours(4), 3),
        BookedFill(3, 4, Side.SELL, WattHours(2), 5),
    ]
    units = (
        BalancedUnit("a", "b", WattHours(3)),
        BalancedUnit("a", "c", WattHours(2)),
        BalancedUnit("d", "c", WattHours(2)),
    )
    assert tuple(units_of(fills, "abcd")) == units
    assert tuple(units_of(reversed(fills), "abcd")) == units
