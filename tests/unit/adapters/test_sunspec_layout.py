"""Where points lie and how they are written, held against pysunspec2's own encoder."""

import struct

import pytest
import sunspec2.device as pysunspec2  # type: ignore[import-untyped, unused-ignore]
from hypothesis import given
from hypothesis import strategies as st

from adapters.sunspec import (
    INTERVAL_REGISTERS,
    fitting_exponent,
    layout,
    layout_of_length,
    scaled,
    unscaled,
)


@pytest.mark.parametrize("model", [1, 201, 202, 203, 204, 701, 702, 704, 713])
def test_points_lie_where_pysunspec2_puts_them(model: int) -> None:
    theirs = pysunspec2.Model(model, model_len=layout(model).length)
    ours = layout(model).points

    for name, point in theirs.points.items():
        assert (ours[name].offset, ours[name].words) == (point.offset, point.len), name


def test_repeating_groups_are_laid_one_behind_the_other() -> None:
    ports = layout(714, 2)

    assert ports.length == 18 + 2 * 25
    assert ports.points["Prt[1].DCW"].offset - ports.points["Prt[0].DCW"].offset == 25


def test_a_declared_length_tells_the_number_of_repeats() -> None:
    found = layout_of_length(714, 18 + 3 * 25)

    assert found is not None
    assert found.repeats == 3


@pytest.mark.parametrize(("model", "length"), [(714, 19), (203, 104), (701, 0)])
def test_a_length_that_no_number_of_repeats_gives_fits_no_layout(model: int, length: int) -> None:
    assert layout_of_length(model, length) is None


def test_a_record_of_the_interval_model_is_read_in_one_question() -> None:
    names = [f"Bnd[47].{point}" for point in ("Tms", "WhImp", "WhExp", "W")]

    assert layout(INTERVAL_REGISTERS, 48).span(names)[1] <= 125


def test_a_span_takes_the_scale_factors_along() -> None:
    first, count = layout(203).span(["TotWhImp"])

    assert first + count == layout(203).points["TotWh_SF"].offset + 1


@pytest.mark.parametrize(
    ("name", "missing"), [("W", [0x8000]), ("TotWhExp", [0, 0]), ("Evt", [0xFFFF, 0xFFFF])]
)
def test_what_is_not_implemented_is_written_as_the_standard_says(
    name: str, missing: list[int]
) -> None:
    assert layout(203).points[name].encode(None) == missing


def test_a_counter_at_zero_is_a_value() -> None:
    assert layout(203).points["TotWhExp"].decode([0, 0]) == 0
    assert layout(203).points["W"].decode([0x8000]) is None


@given(value=st.integers(-(2**31) + 1, 2**31 - 1))
def test_numbers_survive_their_registers(value: int) -> None:
    point = layout(704).points["WSet"]

    words = point.encode(value)

    assert struct.pack(">2H", *words) == struct.pack(">i", value)
    assert point.decode(words) == value


@given(value=st.integers(-(10**12), 10**12), exponent=st.integers(-6, 6))
def test_scaling_rounds_towards_zero(value: int, exponent: int) -> None:
    whole = scaled(value, exponent)

    assert abs(whole) * 10 ** max(0, -exponent) <= abs(value) * 10 ** max(0, exponent)
    assert abs(abs(value) * 10 ** max(0, exponent) - abs(whole) * 10 ** max(0, -exponent)) < (
        10 ** max(0, -exponent)
    )
    assert whole * value >= 0


def test_unscaling_is_the_way_back() -> None:
    assert [unscaled(12_345, exponent) for exponent in (-1, 0, 2)] == [123_450, 12_345, 123]


def test_the_scale_factor_grows_until_the_value_fits() -> None:
    assert [fitting_exponent(value, 32_767) for value in (0, 32_767, 32_768, 4_000_000)] == [
        0,
        0,
        1,
        3,
    ]
