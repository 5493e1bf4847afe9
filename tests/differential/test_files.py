"""The commands on files: both engines give the same answer, to the last field."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.chain.evm import clear_book, settle_file
from node.domain.clearing import clear
from node.domain.files import HIGHEST_PRICE, SettlementFile, book_result, settlement_result
from node.domain.matching import lay_units
from node.domain.orders import LARGEST_ORDER, Order, Side
from node.domain.readings import LARGEST_INTERVAL
from node.domain.settlement import ImbalancePrices, Trade, settle_slot
from node.domain.units import SenPerKwh, WattHours

NAMES = st.sampled_from(("u1", "u2", "u3", "u4", "u5"))
PRICES = st.one_of(st.integers(0, 4), st.integers(0, HIGHEST_PRICE)).map(SenPerKwh)
ENERGIES = st.one_of(st.integers(1, 5), st.integers(1, LARGEST_ORDER)).map(WattHours)
METERED = st.one_of(st.integers(-5, 5), st.integers(-LARGEST_INTERVAL, LARGEST_INTERVAL))


@st.composite
def books(draw: st.DrawFn) -> tuple[Order, ...]:
    count = draw(st.integers(0, 14))
    sequences = draw(
        st.lists(st.integers(0, (1 << 64) - 1), min_size=count, max_size=count, unique=True)
    )
    return tuple(
        Order(
            id=f"o{place}",
            participant=draw(NAMES),
            side=draw(st.sampled_from(Side)),
            limit=draw(PRICES),
            energy=draw(ENERGIES),
            sequence=sequence,
        )
        for place, sequence in enumerate(sequences)
    )


@st.composite
def settlements(draw: st.DrawFn) -> SettlementFile:
    trades = st.lists(st.builds(Trade[str], NAMES, NAMES, ENERGIES, PRICES), max_size=5)
    long, short = sorted((draw(PRICES), draw(PRICES)))
    metered = draw(st.dictionaries(NAMES, METERED.map(WattHours), max_size=4))
    return SettlementFile(tuple(draw(trades)), metered, ImbalancePrices(long, short))


@pytest.mark.spec("C-24", "C-27", "G-04", "G-05", "G-06", "G-31")
@settings(max_examples=60)
@given(orders=books())
def test_both_engines_clear_a_file_alike(orders: tuple[Order, ...]) -> None:
    clearing = clear(orders)
    by_python = book_result(orders, clearing, lay_units(orders, clearing.fills), "engine")
    assert book_result(orders, *clear_book(orders), "engine") == by_python


@pytest.mark.spec("G-10", "G-11")
@settings(max_examples=60)
@given(file=settlements())
def test_both_engines_settle_a_file_alike(file: SettlementFile) -> None:
    by_python = settlement_result(settle_slot(file.trades, file.metered_net_export, file.prices))
    by_contracts = settlement_result(settle_file(file))
    # As text, because the order of the participants is part of the answer.
    assert json.dumps(by_contracts) == json.dumps(by_python)
