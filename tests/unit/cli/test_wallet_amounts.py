"""What a person types is read exactly or refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.cli.wallet_amounts import LATEST, parse_instant, parse_price, parse_span, parse_whole
from node.cli.wallet_errors import AmountError, InstantError, PriceError
from node.domain.units import SenPerKwh, format_price


@given(st.integers(0, 999_999_999))
def test_a_price_that_was_printed_is_read_back_exactly(sen: int) -> None:
    assert parse_price(format_price(SenPerKwh(sen))) == sen
    assert parse_price(f"{sen}sen") == parse_price(f"{sen} sen") == sen


@pytest.mark.parametrize(
    ("typed", "sen"), [("0", 0), ("20", 2000), ("20.1", 2010), ("20.10", 2010), ("00.05", 5)]
)
def test_a_price_may_leave_decimals_out(typed: str, sen: int) -> None:
    assert parse_price(typed) == sen


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "20.", ".5", "20.105", "20.100", "-1", "+1", "1e2", "1_000", "20,10", "20 JPY"),
        *(
            "NaN",
            "inf",
            "0x10",
            "\uff12\uff10",
            "20.1sen",
            "-5sen",
            "sen",
            " 20",
            "20\n",
            "9999999999",
        ),
    ],
)
def test_what_is_no_price_is_refused_with_what_was_typed(typed: str) -> None:
    with pytest.raises(PriceError) as refused:
        parse_price(typed)
    assert repr(typed) in str(refused.value)


@given(st.integers(5, 900))
def test_a_whole_number_in_range_is_taken(number: int) -> None:
    assert parse_whole("--energy", str(number), 5, 900, "Wh") == number


@pytest.mark.parametrize(
    "typed", ["", "4", "901", "-5", "+5", "5.0", "1e1", "5_0", " 5", "5\n", "\uff15", "9" * 5000]
)
def test_what_is_no_whole_number_in_range_is_refused(typed: str) -> None:
    with pytest.raises(AmountError, match="expected a whole number of Wh from 5 to 900"):
        parse_whole("--energy", typed, 5, 900, "Wh")


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        ("0", 0),
        ("1660800600", 1_660_800_600),
        ("1970-01-01T09:00", 0),
        ("2022-08-18", 1_660_748_400),
        ("2022-08-18T14:30", 1_660_800_600),
        ("2022-08-18T05:30+00:00", 1_660_800_600),
    ],
)
def test_an_instant_is_unix_seconds_or_japanese_local_time(typed: str, instant: int) -> None:
    assert parse_instant("--from", typed) == instant


@pytest.mark.parametrize("typed", ["", "now", "2022-13-01", "-1", "1.5", str(LATEST + 1), "\uff19"])
def test_what_is_no_instant_is_refused_with_its_option(typed: str) -> None:
    with pytest.raises(InstantError, match="--from"):
        parse_instant("--from", typed)


def test_a_span_without_an_end_goes_on_for_ever() -> None:
    assert parse_span("100", None) == range(100, LATEST)
    assert parse_span("100", "200") == range(100, 200)


@pytest.mark.parametrize("until", ["100", "99", "0"])
def test_a_span_that_ends_before_it_begins_is_refused(until: str) -> None:
    with pytest.raises(InstantError, match="an instant after --from 100"):
        parse_span("100", until)
