"""A home's orders are always ones that the market takes."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.agents.bidding import Bidder
from node.agents.policies import PolicyTerms, policy_of
from node.domain.errors import PolicyError
from node.domain.orders import LARGEST_ORDER, Side
from node.domain.plan import BatteryRoom
from node.domain.policies import (
    DraftOrder,
    FixedLimitPolicy,
    JepxFollowingPolicy,
    Preference,
    PreferringPolicy,
    Situation,
    SocTablePolicy,
)
from node.domain.readings import PointLimits
from node.domain.slots import HALF_HOURS
from node.domain.units import SenPerKwh, WattHours

seeded = settings(derandomize=True, deadline=None, max_examples=200)

LIMITS = PointLimits(import_wh=WattHours(3000), export_wh=WattHours(2000))


@dataclass(frozen=True)
class Scripted:
    """A policy that drafts what it was told."""

    orders: tuple[DraftOrder, ...]

    def draft(self, situation: Situation) -> tuple[DraftOrder, ...]:
        assert situation is not None
        return self.orders


def sell(energy: int, limit: int = 1500) -> DraftOrder:
    return DraftOrder(Side.SELL, SenPerKwh(limit), WattHours(energy))


def buy(energy: int, limit: int = 900) -> DraftOrder:
    return DraftOrder(Side.BUY, SenPerKwh(limit), WattHours(energy))


def orders(*drafted: DraftOrder, limits: PointLimits = LIMITS) -> tuple[DraftOrder, ...]:
    bidder = Bidder(Scripted(drafted), limits, HALF_HOURS)
    return bidder.orders(Situation(WattHours(0)))


@pytest.mark.spec("C-31", "G-07")
def test_orders_of_a_side_stay_within_the_rating_and_the_first_ones_keep_theirs() -> None:
    assert orders(sell(1500), sell(700, 1600), buy(3000), buy(1)) == (
        sell(1500),
        sell(500, 1600),
        buy(3000),
    )


@pytest.mark.spec("G-07")
def test_limits_outside_the_price_grid_are_moved_to_its_edge() -> None:
    product = replace(HALF_HOURS, price_offset=SenPerKwh(500))
    bidder = Bidder(Scripted((sell(10, 0), buy(10, 99_999))), LIMITS, product)

    limits = [order.limit for order in bidder.orders(Situation(WattHours(0)))]

    assert limits == [500, product.highest_price]


@pytest.mark.spec("C-11")
def test_an_offer_at_zero_is_sent_as_it_is() -> None:
    assert orders(sell(10, 0)) == (sell(10, 0),)


def test_no_order_is_larger_than_the_market_takes() -> None:
    plant = PointLimits(WattHours(0), WattHours((1 << 29) - 1))

    assert orders(sell((1 << 29) - 1), limits=plant) == (sell(LARGEST_ORDER),)


def test_a_point_that_may_not_export_offers_nothing() -> None:
    assert orders(sell(10), limits=PointLimits(WattHours(5), WattHours(0))) == ()


@pytest.mark.spec("C-01", "C-45", "G-07")
@seeded
@given(
    net=st.integers(min_value=-6000, max_value=6000),
    soc=st.none() | st.integers(min_value=0, max_value=100),
    charge=st.integers(min_value=0, max_value=3000),
    discharge=st.integers(min_value=0, max_value=3000),
    price=st.none() | st.integers(min_value=0, max_value=5000),
    name=st.sampled_from(["soc_table", "fixed_limit", "jepx"]),
    preference=st.none() | st.sampled_from([one.name for one in Preference]),
)
def test_every_policy_under_every_preference_drafts_orders_that_the_market_takes(
    net: int,
    soc: int | None,
    charge: int,
    discharge: int,
    price: int | None,
    name: str,
    preference: str | None,
) -> None:
    policy = policy_of(PolicyTerms(name=name, preference=preference))
    room = BatteryRoom(WattHours(charge), WattHours(discharge)) if soc is not None else None
    reference = None if price is None else SenPerKwh(price)
    situation = Situation(WattHours(net), soc_percent=soc, reference_price=reference)
    situation = situation if room is None else replace(situation, room=room)

    sent = Bidder(policy, LIMITS, HALF_HOURS).orders(situation)

    bids = [order for order in sent if order.side is Side.BUY]
    offers = [order for order in sent if order.side is Side.SELL]
    assert sum(order.energy for order in bids) <= LIMITS.import_wh
    assert sum(order.energy for order in offers) <= LIMITS.export_wh
    assert all(order.energy > 0 and HALF_HOURS.on_grid(order.limit) for order in sent)
    assert max((o.limit for o in bids), default=-1) < min((o.limit for o in offers), default=9999)


@pytest.mark.spec("C-01", "C-07", "C-40")
def test_policies_and_preferences_are_set_by_name() -> None:
    fixed = PolicyTerms(name="fixed_limit", sell=SenPerKwh(1200), buy=SenPerKwh(800))
    local = PolicyTerms(name="soc_table", preference="Local produced energy!")

    assert policy_of(PolicyTerms()) == JepxFollowingPolicy()
    assert policy_of(fixed) == FixedLimitPolicy(SenPerKwh(1200), SenPerKwh(800))
    assert policy_of(local) == PreferringPolicy(SocTablePolicy(), Preference.LOCAL)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (PolicyTerms(name="greedy"), "greedy.*soc_table, fixed_limit, jepx"),
        (PolicyTerms(preference="free"), "free.*Cheaper"),
        (PolicyTerms(name="fixed_limit", sell=SenPerKwh(5), buy=SenPerKwh(5)), "meets itself"),
        (PolicyTerms(outside_sell=SenPerKwh(9), outside_buy=SenPerKwh(9)), "not below"),
    ],
)
def test_a_wrong_name_or_price_is_refused_with_what_there_is(
    terms: PolicyTerms, message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        policy_of(terms)
