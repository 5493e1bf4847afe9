"""Packed words of contract events."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.orders import Side
from node.domain.words import (
    BookedFill,
    PointResult,
    SettlementStatus,
    unpack_fill,
    unpack_result,
)

seeded = settings(derandomize=True, deadline=None, max_examples=150)


@pytest.mark.spec("C-24", "G-31")
@seeded
@given(
    order_id=st.integers(0, 2**24 - 1),
    point=st.integers(0, 2**24 - 1),
    side=st.sampled_from([Side.BUY, Side.SELL]),
    energy=st.integers(0, 2**40 - 1),
    laid_from=st.integers(0, 2**40 - 1),
)
def test_a_booked_fill_is_read_back(
    order_id: int, point: int, side: Side, energy: int, laid_from: int
) -> None:
    bit = int(side is Side.SELL)
    word = (laid_from << 89) | (energy << 49) | (bit << 48) | (point << 24) | order_id

    assert unpack_fill(word) == BookedFill(order_id, point, side, energy, laid_from)  # type: ignore[arg-type]


@pytest.mark.spec("G-10", "G-11")
@seeded
@given(
    point=st.integers(0, 2**24 - 1),
    status=st.sampled_from(SettlementStatus),
    imbalance=st.integers(-(2**47), 2**47 - 1),
    contract=st.integers(-(2**79), 2**79 - 1),
    cash=st.integers(-(2**95), 2**95 - 1),
)
def test_a_settlement_result_is_read_back_with_its_signs(
    point: int, status: SettlementStatus, imbalance: int, contract: int, cash: int
) -> None:
    word = (
        (cash % 2**96 << 160)
        | (contract % 2**80 << 80)
        | (imbalance % 2**48 << 32)
        | (status << 24)
        | point
    )

    result = unpack_result(word)

    assert result == PointResult(point, status, imbalance, contract, cash)  # type: ignore[arg-type]
