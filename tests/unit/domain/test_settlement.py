"""Settlement: cash of a slot, collateral, and silence.

given trades and metered values
  it should pay trades at their price for the contracted energy it should settle what was delivered
  more or less at the long or short price, with the balancing account it should add up to zero,
  netting nothing
given a point without a reading
  it should pay its purchases and hold the proceeds of its sales
  it should settle as usual when the reading comes late
  it should take no export and the fallback import when none comes
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.errors import SettlementError
from node.domain.orders import Side
from node.domain.settlement import (
    Contract,
    ImbalancePrices,
    PointSettlement,
    SlotSettlement,
    Trade,
    check_published,
    collateral,
    contracts_of,
    imbalance_prices,
    released_at_booking,
    settle_final,
    settle_late,
    settle_point,
    settle_slot,
    settle_without_reading,
)
from node.domain.slots import demonstration_product
from node.domain.units import SenPerKwh, WattHours, Yen5

seeded = settings(derandomize=True, deadline=None, max_examples=300)
PRODUCT = demonstration_product(10)
PRICES = ImbalancePrices(long=SenPerKwh(500), short=SenPerKwh(3000))
PARTIES = [f"u{number}" for number in range(1, 7)]

TRADES = st.lists(
    st.builds(
        Trade[str],
        st.sampled_from(PARTIES),
        st.sampled_from(PARTIES),
        st.integers(1, 10**8).map(WattHours),
        st.integers(0, 32_767).map(SenPerKwh),
    ),
    max_size=12,
)
METERED = st.dictionaries(
    st.sampled_from(PARTIES), st.integers(-(10**8), 10**8).map(WattHours), max_size=6
)
PAIRS = st.tuples(st.integers(0, 32_767), st.integers(0, 32_767)).map(sorted)


def trade(seller: str, buyer: str, energy: int, price: int) -> Trade[str]:
    return Trade(seller, buyer, WattHours(energy), SenPerKwh(price))


def prices(long: int, short: int) -> ImbalancePrices:
    return ImbalancePrices(SenPerKwh(long), SenPerKwh(short))


def settle(trades: list[Trade[str]], **metered: int) -> SlotSettlement[str]:
    return settle_slot(trades, {name: WattHours(wh) for name, wh in metered.items()}, PRICES)


def point(contract: int, imbalance_wh: int, imbalance: int) -> PointSettlement:
    return PointSettlement(Yen5(contract), WattHours(imbalance_wh), Yen5(imbalance))


# -- trades and imbalance


@pytest.mark.spec("G-10")
def test_a_trade_that_is_delivered_is_paid_at_its_price() -> None:
    settled = settle([trade("u1", "u5", 1000, 2000)], u1=1000, u5=-1000)

    assert settled.points == {
        "u1": point(2_000_000, 0, 0),
        "u5": point(-2_000_000, 0, 0),
    }
    assert settled.balancing_account == 0


@pytest.mark.spec("C-36", "G-10")
def test_a_shortfall_costs_the_short_price_and_a_surplus_earns_the_long_price() -> None:
    settled = settle([trade("u1", "u5", 1000, 2000)], u1=900, u5=-850)

    assert settled.points == {
        "u1": point(2_000_000, -100, -300_000),
        "u5": point(-2_000_000, 150, 75_000),
    }
    assert settled.balancing_account == 225_000


@pytest.mark.spec("G-10")
def test_a_point_without_trades_settles_all_it_metered_as_imbalance() -> None:
    settled = settle([], u1=1000, u2=-400)

    assert settled.points == {"u1": point(0, 1000, 500_000), "u2": point(0, -400, -1_200_000)}


@pytest.mark.spec("G-10")
def test_imbalances_of_different_points_are_not_netted() -> None:
    settled = settle([], u1=1000, u2=-1000)

    assert settled.points["u1"].total == 500_000
    assert settled.points["u2"].total == -3_000_000
    assert settled.balancing_account == 2_500_000


@pytest.mark.spec("G-06", "G-10")
def test_a_trade_with_oneself_moves_no_cash_and_no_energy() -> None:
    settled = settle([trade("u1", "u1", 1000, 2000)], u1=0)

    assert settled.points == {"u1": point(0, 0, 0)}


@pytest.mark.spec("C-11", "G-10")
def test_a_trade_at_price_zero_settles() -> None:
    settled = settle([trade("u1", "u2", 1000, 0)], u1=1000, u2=-1000)

    assert settled.points == {"u1": point(0, 0, 0), "u2": point(0, 0, 0)}


def test_nothing_settles_to_nothing() -> None:
    assert settle([]) == SlotSettlement({}, Yen5(0))


def test_participants_come_in_order_of_appearance() -> None:
    settled = settle([trade("u9", "u2", 1, 1)], u5=0, u2=-1, u1=0)

    assert list(settled.points) == ["u9", "u2", "u5", "u1"]


@pytest.mark.spec("G-11")
def test_a_silent_participant_has_delivered_nothing_and_consumed_what_it_bought() -> None:
    settled = settle([trade("u1", "u2", 1000, 2000), trade("u3", "u1", 300, 1000)])

    assert settled.points["u1"] == replace(
        point(2_000_000 - 300_000, -1000, -3_000_000), missing=True
    )
    assert settled.points["u2"] == replace(point(-2_000_000, 0, 0), missing=True)
    assert settled.points["u3"].imbalance_wh == -300


@pytest.mark.spec("G-10", "G-01")
@seeded
@given(trades=TRADES, metered=METERED, pair=PAIRS)
def test_all_cash_of_a_slot_adds_up_to_zero(
    trades: list[Trade[str]], metered: dict[str, WattHours], pair: list[int]
) -> None:
    settled = settle_slot(trades, metered, prices(*pair))

    everybody = settled.points.values()
    assert sum(p.contract_cash for p in everybody) == 0
    assert sum(p.total for p in everybody) + settled.balancing_account == 0
    assert sum(p.imbalance_cash for p in everybody) + settled.balancing_account == 0


@pytest.mark.spec("C-27", "G-10")
@seeded
@given(trades=TRADES, metered=METERED)
def test_imbalances_add_up_to_what_was_metered_or_assumed(
    trades: list[Trade[str]], metered: dict[str, WattHours]
) -> None:
    settled = settle_slot(trades, metered, PRICES)
    silent = {name for name, p in settled.points.items() if p.missing}

    traders = {t.seller for t in trades} | {t.buyer for t in trades}
    assert silent == traders - metered.keys()
    consumed = sum(t.energy for t in trades if t.buyer in silent)
    assert sum(p.imbalance_wh for p in settled.points.values()) == sum(metered.values()) - consumed


@pytest.mark.spec("G-11")
@seeded
@given(trades=TRADES, metered=METERED, pair=PAIRS, data=st.data())
def test_silence_never_pays_more_than_a_reading_of_what_was_sold_and_bought_honestly(
    trades: list[Trade[str]], metered: dict[str, WattHours], pair: list[int], data: st.DataObject
) -> None:
    contracts = contracts_of(trades)
    if not contracts:
        return
    name = data.draw(st.sampled_from(sorted(contracts)))
    kept = contracts[name].net_export

    silent = settle_slot(trades, {n: m for n, m in metered.items() if n != name}, prices(*pair))
    honest = settle_slot(trades, {**metered, name: kept}, prices(*pair))

    assert silent.points[name].total <= honest.points[name].total


def test_contracts_add_up_trades() -> None:
    contracts = contracts_of([trade("u1", "u2", 10, 100), trade("u2", "u1", 4, 50)])

    assert contracts["u1"] == Contract(WattHours(10), WattHours(4), Yen5(1000), Yen5(200))
    assert contracts["u1"].net_export == 6
    assert contracts["u1"].cash == 800


# -- the time line of a missing reading


CONTRACT = Contract(
    sold=WattHours(1000), bought=WattHours(200), earned=Yen5(2_000_000), paid=Yen5(300_000)
)


@pytest.mark.spec("G-11")
def test_without_a_reading_purchases_are_paid_and_proceeds_are_held() -> None:
    flagged = settle_without_reading(CONTRACT)

    assert flagged.missing
    assert (flagged.total, flagged.held, flagged.imbalance_wh) == (-300_000, 2_000_000, 0)


@pytest.mark.spec("G-10", "G-11")
@pytest.mark.parametrize("metered", [800, 0, -500, 1200])
def test_a_late_reading_leaves_everybody_where_a_timely_one_would_have(metered: int) -> None:
    timely = settle_point(CONTRACT, WattHours(metered), PRICES)

    flagged = settle_without_reading(CONTRACT)
    late = settle_late(CONTRACT, WattHours(metered), PRICES)

    assert flagged.total + late.total == timely.total
    assert late.imbalance_wh == timely.imbalance_wh
    assert late.contract_cash == flagged.held
    assert not late.missing


@pytest.mark.spec("G-11")
def test_a_reading_that_never_comes_counts_as_no_export_and_the_fallback_import() -> None:
    final = settle_final(CONTRACT, WattHours(5000), PRICES)

    assert final.imbalance_wh == -5000 - 800
    assert final.imbalance_cash == -5800 * 3000
    assert final.missing


@pytest.mark.spec("G-11")
@seeded
@given(
    sold=st.integers(0, 10**6),
    bought=st.integers(0, 10**6),
    price=st.integers(0, 32_767),
    pair=PAIRS,
    fallback=st.integers(0, 10**6),
    imported=st.integers(0, 10**6),
    exported=st.integers(0, 10**6),
)
def test_to_the_end_silence_never_pays_more_than_any_reading_within_the_fallback(
    sold: int,
    bought: int,
    price: int,
    pair: list[int],
    fallback: int,
    imported: int,
    exported: int,
) -> None:
    contract = Contract(
        WattHours(sold), WattHours(bought), Yen5(sold * price), Yen5(bought * price)
    )
    metered = WattHours(exported - min(imported, fallback))

    flagged = settle_without_reading(contract)
    final = settle_final(contract, WattHours(fallback), prices(*pair))

    assert flagged.total + final.total <= settle_point(contract, metered, prices(*pair)).total


# -- imbalance prices


@pytest.mark.spec("G-10")
@pytest.mark.parametrize(
    ("published", "clearing", "long", "short"),
    [
        ((500, 3000), 2000, 500, 3000),
        ((500, 3000), 400, 400, 3000),
        ((500, 3000), 3500, 500, 3500),
        ((500, 3000), None, 500, 3000),
        (None, 2000, 0, 5000),
        (None, None, 0, 5000),
        (None, 6000, 0, 6000),
    ],
)
def test_imbalance_prices_are_never_better_than_the_market(
    published: tuple[int, int] | None, clearing: int | None, long: int, short: int
) -> None:
    settled_at = imbalance_prices(
        PRODUCT,
        None if published is None else prices(*published),
        None if clearing is None else SenPerKwh(clearing),
    )

    assert settled_at == prices(long, short)


@pytest.mark.spec("G-10")
@seeded
@given(pair=PAIRS, clearing=st.integers(0, 32_767), sold=st.integers(1, 10**6), data=st.data())
def test_withholding_energy_that_was_sold_never_pays(
    pair: list[int], clearing: int, sold: int, data: st.DataObject
) -> None:
    at = imbalance_prices(PRODUCT, prices(*pair), SenPerKwh(clearing))
    contract = Contract(sold=WattHours(sold), earned=Yen5(sold * clearing))
    withheld = data.draw(st.integers(0, sold))

    delivered = settle_point(contract, WattHours(sold), at).total
    kept = settle_point(contract, WattHours(sold - withheld), at).total

    assert kept <= delivered - withheld * clearing


@pytest.mark.spec("G-10")
def test_a_long_price_above_the_short_price_is_refused() -> None:
    with pytest.raises(SettlementError, match="long price 3001 is above the short price 3000"):
        prices(3001, 3000)


@pytest.mark.spec("G-10")
def test_published_prices_lie_inside_the_product_s_bounds() -> None:
    product = replace(PRODUCT, long_floor=SenPerKwh(100))

    check_published(product, prices(100, 5000))
    with pytest.raises(SettlementError, match="long price 99 is below the bound 100"):
        check_published(product, prices(99, 5000))
    with pytest.raises(SettlementError, match="short price 5001 is above the bound 5000"):
        check_published(product, prices(100, 5001))


# -- collateral


@pytest.mark.spec("G-12")
def test_a_bid_reserves_limit_times_energy_and_keeps_price_times_fill() -> None:
    assert collateral(PRODUCT, Side.BUY, SenPerKwh(2000), WattHours(1000)) == 2_000_000
    released = released_at_booking(
        PRODUCT, Side.BUY, SenPerKwh(2000), WattHours(1000), SenPerKwh(1500), WattHours(400)
    )
    assert released == 2_000_000 - 600_000


@pytest.mark.spec("G-12")
def test_an_offer_reserves_what_the_short_price_bound_is_above_its_limit() -> None:
    assert collateral(PRODUCT, Side.SELL, SenPerKwh(2000), WattHours(1000)) == 3_000_000
    assert collateral(PRODUCT, Side.SELL, SenPerKwh(5000), WattHours(1000)) == 0
    assert collateral(PRODUCT, Side.SELL, SenPerKwh(9000), WattHours(1000)) == 0


@pytest.mark.spec("G-12")
@seeded
@given(
    side=st.sampled_from(Side),
    limit=st.integers(0, 32_767),
    better=st.integers(0, 32_767),
    ordered=st.integers(1, 10**8),
    data=st.data(),
)
def test_booking_never_needs_more_than_the_order_reserved(
    side: Side, limit: int, better: int, ordered: int, data: st.DataObject
) -> None:
    price = max(0, limit - better) if side is Side.BUY else limit + better
    filled = data.draw(st.integers(0, ordered))

    released = released_at_booking(
        PRODUCT, side, SenPerKwh(limit), WattHours(ordered), SenPerKwh(price), WattHours(filled)
    )

    assert released >= 0


@pytest.mark.spec("G-12")
@seeded
@given(price=st.integers(0, 32_767), energy=st.integers(1, 10**8), delivered=st.fractions(0, 1))
def test_what_an_offer_keeps_covers_not_delivering_it(
    price: int, energy: int, delivered: float
) -> None:
    at = imbalance_prices(PRODUCT, None, SenPerKwh(price))
    contract = Contract(sold=WattHours(energy), earned=Yen5(energy * price))

    settled = settle_point(contract, WattHours(int(energy * delivered)), at)
    kept = collateral(PRODUCT, Side.SELL, SenPerKwh(price), WattHours(energy))

    assert settled.total + kept >= 0
