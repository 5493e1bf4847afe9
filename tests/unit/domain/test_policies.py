"""Policies: the table of the field trial, other ways to bid, and the wishes of users."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.clearing import clear
from node.domain.errors import PolicyError
from node.domain.orders import Order, Side
from node.domain.plan import BatteryRoom
from node.domain.policies import (
    RETAIL,
    SOC_TABLE,
    DraftOrder,
    FixedLimitPolicy,
    JepxFollowingPolicy,
    OutsideOptions,
    Policy,
    Preference,
    PreferringPolicy,
    Situation,
    SocRow,
    SocTablePolicy,
    Wish,
    apart,
    preference_of_label,
    soc_row,
)
from node.domain.units import SenPerKwh, WattHours

seeded = settings(derandomize=True, deadline=None, max_examples=300)

ROOM = BatteryRoom(charge_wh=WattHours(1500), discharge_wh=WattHours(1500))
FIXED = FixedLimitPolicy(sell=SenPerKwh(1800), buy=SenPerKwh(1700))
POLICIES: list[Policy] = [SocTablePolicy(), FIXED, JepxFollowingPolicy()]
POLICIES += [PreferringPolicy(p, w) for p, w in product(list(POLICIES), Preference)]

SITUATIONS = st.builds(
    Situation,
    net_wh=st.integers(-4000, 4000).map(WattHours),
    room=st.builds(
        BatteryRoom,
        st.integers(0, 3000).map(WattHours),
        st.integers(0, 3000).map(WattHours),
    ),
    soc_percent=st.none() | st.integers(0, 100),
    reference_price=st.none() | st.integers(0, 32_767).map(SenPerKwh),
)


def at(soc_percent: int, net_wh: int = 0) -> Situation:
    return Situation(WattHours(net_wh), ROOM, soc_percent)


def sells(limit: int, energy: int) -> DraftOrder:
    return DraftOrder(Side.SELL, SenPerKwh(limit), WattHours(energy))


def buys(limit: int, energy: int, wish: Wish = Wish.ANY) -> DraftOrder:
    return DraftOrder(Side.BUY, SenPerKwh(limit), WattHours(energy), wish)


# -- the table


@pytest.mark.spec("C-31", "C-40", "C-41", "C-42", "C-43", "C-44", "G-09")
@pytest.mark.parametrize(
    ("soc_percent", "expected"),
    [
        (30, (buys(2500, 1000),)),
        (40, (sells(3000, 1000), buys(2000, 1000))),
        (50, (sells(2000, 1000), buys(1000, 1000))),
        (60, (sells(1500, 1000), buys(500, 1000))),
        (70, (sells(1000, 1000),)),
    ],
)
def test_the_table_of_the_field_trial(soc_percent: int, expected: tuple[DraftOrder, ...]) -> None:
    assert SocTablePolicy().draft(at(soc_percent)) == expected


@pytest.mark.spec("G-09")
@pytest.mark.parametrize(
    ("soc_percent", "row"),
    [(0, 30), (29, 30), (31, 30), (39, 30), (45, 40), (59, 50), (69, 60), (71, 70), (100, 70)],
)
def test_between_the_rows_the_row_at_or_below_holds(soc_percent: int, row: int) -> None:
    assert soc_row(soc_percent).soc_percent == row


@pytest.mark.spec("C-45")
def test_the_fuller_the_battery_the_lower_both_prices() -> None:
    assert SOC_TABLE[0].sell is None
    assert SOC_TABLE[-1].buy is None
    selling = [row.sell for row in SOC_TABLE if row.sell is not None]
    buying = [row.buy for row in SOC_TABLE if row.buy is not None]
    assert selling == sorted(selling, reverse=True)
    assert buying == sorted(buying, reverse=True)
    assert all(row.sell > row.buy for row in SOC_TABLE if row.sell and row.buy)


@pytest.mark.spec("C-45")
def test_a_row_by_which_an_agent_would_meet_itself_is_refused() -> None:
    with pytest.raises(PolicyError, match="row 50 %: sells at 1000, buys at 1000"):
        SocRow(50, SenPerKwh(1000), SenPerKwh(1000))


@pytest.mark.spec("C-46")
def test_which_pairs_of_batteries_can_trade() -> None:
    states = (30, 40, 50, 60, 70)
    trading = {
        (seller, buyer)
        for seller, buyer in product(states, states)
        if seller != buyer and _trades(seller, buyer)
    }

    assert trading == {(50, 30), (50, 40), (60, 30), (60, 40), (70, 30), (70, 40), (70, 50)}


@pytest.mark.spec("C-45", "C-46")
@pytest.mark.parametrize("soc_percent", [30, 40, 50, 60, 70])
def test_an_agent_never_trades_with_itself_nor_with_its_like(soc_percent: int) -> None:
    assert not _trades(soc_percent, soc_percent)


def _trades(seller_soc: int, buyer_soc: int) -> bool:
    policy = SocTablePolicy()
    offers = [o for o in policy.draft(at(seller_soc)) if o.side is Side.SELL]
    bids = [o for o in policy.draft(at(buyer_soc)) if o.side is Side.BUY]
    book = [
        Order(f"o{n}", f"u{n}", draft.side, draft.limit, draft.energy, n)
        for n, draft in enumerate([*offers, *bids])
    ]
    return clear(book).volume > 0


@pytest.mark.spec("C-31")
def test_a_surplus_is_sold_with_the_battery_s_amount_and_a_deficit_bought_with_it() -> None:
    policy = SocTablePolicy()

    assert policy.draft(at(50, net_wh=400)) == (sells(2000, 1400), buys(1000, 600))
    assert policy.draft(at(50, net_wh=-1000)) == (buys(1000, 2000),)


@pytest.mark.spec("G-26")
def test_what_the_battery_cannot_take_or_give_goes_at_the_outside_options() -> None:
    policy = SocTablePolicy()

    assert policy.draft(at(50, net_wh=1700)) == (sells(1000, 200), sells(2000, 2500))
    assert policy.draft(at(70, net_wh=-1700)) == (buys(2600, 200),)


@pytest.mark.spec("G-26")
def test_a_home_without_a_battery_trades_its_net_energy_at_the_outside_options() -> None:
    policy = SocTablePolicy()

    assert policy.draft(Situation(WattHours(300))) == (sells(1000, 300),)
    assert policy.draft(Situation(WattHours(-300))) == (buys(2600, 300),)
    assert policy.draft(Situation(WattHours(0))) == ()


# -- other policies


def test_fixed_limits_hold_for_everything() -> None:
    assert FIXED.draft(Situation(WattHours(500))) == (sells(1800, 500),)
    assert FIXED.draft(Situation(WattHours(-500))) == (buys(1700, 500),)
    assert FIXED.draft(at(50)) == (sells(1800, 1500), buys(1700, 1500))


@pytest.mark.spec("C-11")
def test_free_solar_energy_is_offered_at_price_zero() -> None:
    given_away = FixedLimitPolicy(sell=SenPerKwh(0))

    assert given_away.draft(Situation(WattHours(500))) == (sells(0, 500),)
    assert given_away.draft(Situation(WattHours(-500))) == ()


def test_fixed_limits_by_which_a_home_meets_itself_are_refused() -> None:
    with pytest.raises(PolicyError, match="sells at 1800 and buys at 1800 meets itself"):
        FixedLimitPolicy(sell=SenPerKwh(1800), buy=SenPerKwh(1800))


@pytest.mark.spec("G-26")
@pytest.mark.parametrize(
    ("reference", "limit"),
    [(1850, 1850), (1, 1000), (1000, 1000), (2600, 2600), (6043, 2600), (None, 1800)],
)
def test_the_exchange_is_followed_between_the_outside_options(
    reference: int | None, limit: int
) -> None:
    known = None if reference is None else SenPerKwh(reference)

    policy = JepxFollowingPolicy()

    assert policy.draft(Situation(WattHours(700), reference_price=known)) == (sells(limit, 700),)
    assert policy.draft(Situation(WattHours(-700), reference_price=known)) == (buys(limit, 700),)


def test_a_battery_follows_the_exchange_at_a_margin() -> None:
    situation = replace(at(50), reference_price=SenPerKwh(1850))

    assert JepxFollowingPolicy(margin=50).draft(situation) == (
        sells(1900, 1500),
        buys(1800, 1500),
    )


@pytest.mark.spec("C-01", "C-45")
@seeded
@given(situation=SITUATIONS, policy=st.sampled_from(POLICIES))
def test_whatever_the_policy_an_agent_never_trades_with_itself(
    situation: Situation, policy: Policy
) -> None:
    orders = policy.draft(situation)
    offers = [o.limit for o in orders if o.side is Side.SELL]
    bids = [o.limit for o in orders if o.side is Side.BUY]

    assert not offers or not bids or max(bids) < min(offers)
    assert all(o.energy > 0 and o.limit >= 0 for o in orders)


@pytest.mark.spec("C-01", "C-31")
@seeded
@given(
    situation=SITUATIONS,
    policy=st.sampled_from(POLICIES),
    shares=st.tuples(*[st.fractions(0, 1)] * 4),
)
def test_whatever_is_filled_of_free_orders_the_battery_stays_within_its_room(
    situation: Situation, policy: Policy, shares: tuple[float, ...]
) -> None:
    if situation.soc_percent is None:
        situation = replace(situation, room=BatteryRoom(WattHours(0), WattHours(0)))
    forced_sale = max(0, situation.net_wh - situation.room.charge_wh)
    forced_purchase = max(0, -situation.net_wh - situation.room.discharge_wh)

    orders = policy.draft(situation)
    filled = [int(o.energy * share) for o, share in zip(orders, shares, strict=False)]
    sold = sum(f for f, o in zip(filled, orders, strict=True) if o.side is Side.SELL)
    bought = sum(f for f, o in zip(filled, orders, strict=True) if o.side is Side.BUY)
    discharge = max(sold, forced_sale) - max(bought, forced_purchase) - situation.net_wh

    assert -situation.room.charge_wh <= discharge <= situation.room.discharge_wh


# -- wishes


@pytest.mark.spec("C-07")
@pytest.mark.parametrize(
    ("label", "preference"),
    [
        ("Cheaper energy!", Preference.CHEAPER),
        ("cheaper energy", Preference.CHEAPER),
        ("Renewables!", Preference.RENEWABLES),
        ("renewables", Preference.RENEWABLES),
        ("Local produced energy!", Preference.LOCAL),
        ("local", Preference.LOCAL),
        ("Obtain profit from energy trading!", Preference.PROFIT),
        (" Profit ", Preference.PROFIT),
    ],
)
def test_preferences_go_by_the_labels_of_the_screen(label: str, preference: Preference) -> None:
    assert preference_of_label(label) is preference


@pytest.mark.spec("C-07")
def test_a_label_that_nobody_knows_is_refused_with_those_that_are() -> None:
    with pytest.raises(PolicyError, match="'green'; there are: Cheaper energy!, Renew"):
        preference_of_label("green")


@pytest.mark.spec("C-07")
@pytest.mark.parametrize(
    ("preference", "bid", "offer"),
    [
        (Preference.CHEAPER, buys(1650, 700), sells(1850, 700)),
        (Preference.RENEWABLES, buys(1950, 700, Wish.RENEWABLE), sells(1850, 700)),
        (Preference.LOCAL, buys(1900, 700, Wish.LOCAL_RENEWABLE), sells(1850, 700)),
        (Preference.PROFIT, buys(1750, 700), sells(1950, 700)),
    ],
)
def test_each_preference_changes_the_bids(
    preference: Preference, bid: DraftOrder, offer: DraftOrder
) -> None:
    policy = PreferringPolicy(JepxFollowingPolicy(), preference)
    reference = SenPerKwh(1850)

    assert policy.draft(Situation(WattHours(-700), reference_price=reference)) == (bid,)
    assert policy.draft(Situation(WattHours(700), reference_price=reference)) == (offer,)


@pytest.mark.spec("C-07", "G-26")
@seeded
@given(situation=SITUATIONS, preference=st.sampled_from(Preference))
def test_no_preference_leads_beyond_the_outside_options(
    situation: Situation, preference: Preference
) -> None:
    for draft in PreferringPolicy(JepxFollowingPolicy(), preference).draft(situation):
        assert RETAIL.sell <= draft.limit <= RETAIL.buy


def test_a_price_beyond_an_outside_option_is_not_pulled_back_by_a_wish() -> None:
    assert RETAIL.shift(SenPerKwh(3000), 100) == 3000
    assert RETAIL.shift(SenPerKwh(500), -100) == 500
    assert RETAIL.shift(SenPerKwh(500), 0) == 500


def test_outside_options_have_the_purchase_above_the_sale() -> None:
    with pytest.raises(PolicyError, match="2600 to sell is not below 2600 to buy"):
        OutsideOptions(SenPerKwh(2600), SenPerKwh(2600))


@pytest.mark.parametrize("margin", [0, -5])
def test_a_margin_that_lets_a_home_meet_itself_is_refused(margin: int) -> None:
    with pytest.raises(PolicyError, match=f"margin of {margin} sen"):
        JepxFollowingPolicy(margin=margin)


def test_bids_are_put_below_the_cheapest_offer_or_dropped() -> None:
    assert apart([sells(1800, 5), buys(1900, 5), buys(10, 5)]) == (
        sells(1800, 5),
        buys(1799, 5),
        buys(10, 5),
    )
    assert apart([sells(0, 5), buys(0, 5)]) == (sells(0, 5),)
    assert apart([buys(1900, 5)]) == (buys(1900, 5),)
