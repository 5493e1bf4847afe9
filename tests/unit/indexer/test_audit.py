"""The auditor recomputes the market from events and names whatever does not fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from node.domain.readings import IntervalEnergy, pack_values
from node.domain.slots import DeliverySlot, demonstration_product
from node.domain.units import WattHours
from node.indexer.audit import MarketAudit, audit

PRODUCT = demonstration_product(10)
SLOT = DeliverySlot(1_000_000)
SELLER, BUYER = "0xSeller", "0xBuyer"
BID, OFFER = 0, 1


@dataclass(frozen=True)
class Said:
    name: str
    args: Mapping[str, Any]


def point(number: int, owner: str) -> Said:
    registration = {"fallbackImport": 0, "importLimit": 5000}
    return Said(
        "PointRegistered",
        {"point": number, "owner": owner, "registration": registration, "activeFrom": 0},
    )


def order(order_id: int, at: int, side: int, limit: int, energy: int) -> Said:
    fields = {"orderId": order_id, "point": at, "side": side, "limit": limit, "energy": energy}
    return Said("OrderSubmitted", {"slot": SLOT, **fields})


def fill_word(order_id: int, at: int, side: int, energy: int, laid_from: int = 0) -> int:
    return laid_from << 89 | energy << 49 | side << 48 | at << 24 | order_id


def result_word(at: int, status: int, imbalance: int, contract: int, cash: int) -> int:
    fields = (
        (cash, 96, 160),
        (contract, 80, 80),
        (imbalance, 48, 32),
        (status, 8, 24),
        (at, 24, 0),
    )
    return sum((value % (1 << bits)) << shift for value, bits, shift in fields)


def energies(imported: int, exported: int) -> IntervalEnergy:
    return IntervalEnergy(WattHours(imported), WattHours(exported))


def attested(values: Mapping[int, IntervalEnergy]) -> Said:
    return Said("BatchAttested", {"slot": SLOT, "firstPoint": 0, "values": pack_values(0, values)})


def story(**changes: Said) -> list[Said]:
    """A slot in which 1 kWh is sold at 20 JPY/kWh, 900 Wh are delivered and 1 kWh is used."""
    told = {
        "seller": point(1, SELLER),
        "buyer": point(2, BUYER),
        "money": Said("Credited", {"account": BUYER, "yen": 100}),
        "prices": Said(
            "ImbalancePricesPublished",
            {"firstSlot": SLOT, "count": 1, "longPrice": 1000, "shortPrice": 2600},
        ),
        "opened": Said("SlotOpened", {"slot": SLOT}),
        "offer": order(0, 1, OFFER, 2000, 1000),
        "bid": order(1, 2, BID, 2200, 1000),
        "cleared": Said("SlotCleared", {"slot": SLOT, "result": {"price": 2000, "volume": 1000}}),
        "fills": Said(
            "FillsBooked",
            {"slot": SLOT, "fills": [fill_word(0, 1, OFFER, 1000), fill_word(1, 2, BID, 1000)]},
        ),
        "booked": Said("TradesBooked", {"slot": SLOT}),
        "readings": attested({1: energies(0, 900), 2: energies(1000, 0)}),
        "results": Said(
            "PointsSettled",
            {
                "slot": SLOT,
                "results": [
                    result_word(1, 0, -100, 2_000_000, -260_000),
                    result_word(2, 0, 0, -2_000_000, 0),
                ],
            },
        ),
        "settled": Said("SlotSettled", {"slot": SLOT}),
        "final": Said("SlotFinalised", {"slot": SLOT}),
    }
    return list((told | changes).values())


def audited(**changes: Said) -> MarketAudit:
    return audit(story(**changes), PRODUCT)


@pytest.mark.spec("C-24", "C-27", "G-10")
def test_a_true_story_shows_no_difference_and_every_balance() -> None:
    market = audited()

    assert market.differences == []
    assert market.net_worth == {SELLER: 1_740_000, BUYER: 8_000_000}
    assert market.balancing == 260_000
    assert sum(market.net_worth.values()) + market.balancing == market.deposited
    book = market.slots[SLOT]
    assert (book.settled, book.final, book.energy_sold) == (True, True, 1000)


@pytest.mark.parametrize(
    ("part", "told", "named"),
    [
        (
            "cleared",
            Said("SlotCleared", {"slot": SLOT, "result": {"price": 2100, "volume": 1000}}),
            "price: the chain says 2100, recomputed 2000",
        ),
        (
            "fills",
            Said("FillsBooked", {"slot": SLOT, "fills": [fill_word(0, 1, OFFER, 1000)]}),
            "fills",
        ),
        (
            "readings",
            attested({1: energies(0, 1000), 2: energies(1000, 0)}),
            "settlement of point 1",
        ),
        (
            "results",
            Said(
                "PointsSettled",
                {"slot": SLOT, "results": [result_word(1, 0, -100, 2_000_000, -260_000)]},
            ),
            "points [2] are not settled once",
        ),
        (
            "results",
            Said(
                "PointsSettled",
                {"slot": SLOT, "results": [result_word(1, 0, -100, 2_000_000, -260_000)] * 2},
            ),
            "point 1 was settled out of turn",
        ),
        (
            "readings",
            attested({1: energies(0, 900)}),
            "point 2 was settled as SETTLED but has no reading",
        ),
    ],
)
@pytest.mark.spec("C-33", "C-36")
def test_what_does_not_fit_is_named(part: str, told: Said, named: str) -> None:
    differences = audited(**{part: told}).differences

    assert any(named in difference for difference in differences), differences


@pytest.mark.spec("G-11")
def test_held_proceeds_count_once_when_a_reading_comes_late() -> None:
    flagged = Said(
        "PointsSettled",
        {
            "slot": SLOT,
            "results": [result_word(1, 1, 0, 0, 0), result_word(2, 0, 0, -2_000_000, 0)],
        },
    )
    market = audit(
        [
            *story(readings=attested({2: energies(1000, 0)}), results=flagged)[:-1],
            attested({1: energies(0, 1000)}),
            Said("PointsSettled", {"slot": SLOT, "results": [result_word(1, 2, 0, 2_000_000, 0)]}),
        ],
        PRODUCT,
    )

    assert market.differences == []
    assert market.net_worth == {SELLER: 2_000_000, BUYER: 8_000_000}
