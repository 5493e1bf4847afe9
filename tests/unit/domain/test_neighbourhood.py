"""CSV files of a neighbourhood: exact energies, and errors that name file, line and column."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.errors import TableError
from node.domain.neighbourhood import (
    FILES,
    LOAD_FILE,
    PARTICIPANTS_FILE,
    PRICES_FILE,
    PV_FILE,
    Neighbourhood,
    parse_neighbourhood,
)
from node.domain.participants import PointKind, Source
from node.domain.readings import PointLimits
from node.domain.slots import HALF_HOURS, DeliverySlot
from node.domain.tables import parse_energies, parse_table
from node.domain.units import WattHours

seeded = settings(derandomize=True, deadline=None)

TEXTS = {
    PARTICIPANTS_FILE: (
        "id,role,pv_kwp,pv_tilt_deg,battery_kwh,battery_kw\n"
        "h01,consumer,0.0,,0.0,0.0\n"
        "h02,prosumer,5.5,25,9.8,3.0\n"
        "solar1,generator,20.0,20,0.0,0.0\n"
    ),
    LOAD_FILE: (
        "slot_start,h01,h02\n"
        "2022-08-01T00:00:00+09:00,0.1,0.3335\n"
        "2022-08-01T00:30:00+09:00,0.11,0.3335\n"
        "2022-08-01T01:00:00+09:00,0,0.0005\n"
    ),
    PV_FILE: (
        "slot_start,area_cf,pv_h02,pv_solar1\n"
        "2022-08-01T00:00:00+09:00,0.0,0.0,0.0\n"
        "2022-08-01T00:30:00+09:00,0.5,9e-05,7.5401\n"
        "2022-08-01T01:00:00+09:00,0.5,1.25,7.5409\n"
    ),
    PRICES_FILE: (
        "slot_start,slot_no,system_price,tokyo_area_price\n"
        "2022-08-01T00:00:00+09:00,1,19.53,24.65\n"
        "2022-08-01T00:30:00+09:00,2,18.22,0.01\n"
        "2022-08-01T01:00:00+09:00,3,18,251.0\n"
    ),
}

SLOTS = [DeliverySlot(1_659_279_600 + 1800 * n) for n in range(3)]


def parse(**texts: str) -> Neighbourhood:
    changed = TEXTS | {f"{name}.csv": text for name, text in texts.items()}
    return parse_neighbourhood({name: text.splitlines(True) for name, text in changed.items()})


def swapped(file: str, old: str, new: str) -> dict[str, str]:
    assert old in TEXTS[file]
    return {file.removesuffix(".csv"): TEXTS[file].replace(old, new, 1)}


def test_the_sites_of_a_neighbourhood() -> None:
    h01, h02, solar1 = parse().sites

    assert (h02.id, h02.kind, h02.pv_w, h02.battery_wh, h02.battery_w) == (
        "h02",
        PointKind.PROSUMER,
        5500,
        9800,
        3000,
    )
    assert (h01.source, solar1.source) == (Source.OTHER, Source.RENEWABLE)


@pytest.mark.spec("G-32")
def test_kilowatt_hours_become_watt_hours_by_the_floored_running_sum() -> None:
    data = parse()

    assert list(data.slots) == SLOTS
    assert list(data.load["h01"].values()) == [100, 110, 0]
    # 333.5 + 333.5 + 0.5 Wh: the running sum is 333, 667, 667 and nothing is lost on the way.
    assert list(data.load["h02"].values()) == [333, 334, 0]
    # 0.09 Wh, then 1250.09: an exponent is read exactly.
    assert list(data.pv["h02"].values()) == [0, 0, 1250]
    # 7540.1, then 15081.0.
    assert list(data.pv["solar1"].values()) == [0, 7540, 7541]


@pytest.mark.spec("G-32")
@seeded
@given(amounts=st.lists(st.decimals(0, 50, places=5), min_size=1, max_size=40))
def test_no_energy_is_lost_or_made_by_rounding(amounts: list[object]) -> None:
    rows = [f"{_iso(n)},{amount}\n" for n, amount in enumerate(amounts)]
    table = parse_table(["slot_start,h01\n", *rows], "load.csv")

    energies = parse_energies(table, HALF_HOURS, ["h01"], WattHours(10**9)).columns["h01"]

    exact = [Fraction(str(amount)) * 1000 for amount in amounts]
    for count in range(1, len(exact) + 1):
        assert sum(energies[:count]) == sum(exact[:count]) // 1
    assert all(abs(wh - kwh) < 1 for wh, kwh in zip(energies, exact, strict=True))


def _iso(number: int) -> str:
    day, half_hour = divmod(number, 48)
    return f"2022-08-{day + 1:02}T{half_hour // 2:02}:{half_hour % 2 * 30:02}:00+09:00"


@pytest.mark.spec("C-52", "G-07")
def test_prices_become_whole_sen_and_may_be_as_low_and_high_as_the_exchange_printed() -> None:
    assert list(parse().prices.values()) == [2465, 1, 25_100]


def test_net_energy_is_generation_less_load_and_limits_are_the_extremes() -> None:
    data = parse()

    assert data.net_wh("h02", SLOTS[2]) == 1250
    assert data.net_wh("h02", SLOTS[0]) == -333
    assert data.net_wh("solar1", SLOTS[1]) == 7540
    assert data.net_history("h01") == {SLOTS[0]: -100, SLOTS[1]: -110, SLOTS[2]: 0}
    assert data.limits("h02") == PointLimits(WattHours(334), WattHours(1250))
    assert data.limits("solar1") == PointLimits(WattHours(0), WattHours(7541))


def test_a_byte_order_mark_blank_lines_and_quotes_are_read_over() -> None:
    text = "\ufeff" + TEXTS[LOAD_FILE].replace("0.11", '"0.11"') + "\n\n"

    assert parse(load_30min=text) == parse()


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "column", "reason"),
    [
        (LOAD_FILE, "0.11,", "abc,", 3, "h01", "expected a number"),
        (LOAD_FILE, "0.11,", ",", 3, "h01", "expected a number"),
        (LOAD_FILE, "0.11,", "-0.11,", 3, "h01", "expected a number without a sign"),
        (LOAD_FILE, "0.11,", "nan,", 3, "h01", "expected a number"),
        (LOAD_FILE, "0.11,", "1e30,", 3, "h01", "expected a number between"),
        (LOAD_FILE, "0.11,", "٣,", 3, "h01", "expected a number"),
        (LOAD_FILE, "0.11,", "999999,", 3, "h01", "expected at most 536870911 Wh"),
        (LOAD_FILE, "0.11,", "0.11,5,", 3, None, "expected 3 cells, was 4"),
        (LOAD_FILE, "T00:30:00+", "T00:31:00+", 3, "slot_start", "start of a slot"),
        (LOAD_FILE, "T00:30:00+", "T01:30:00+", 3, "slot_start", "follows the one"),
        (LOAD_FILE, "T00:30:00+09:00", "T00:30:00", 3, "slot_start", "names its offset"),
        (LOAD_FILE, "2022-08-01T00:30", "2022-13-01T00:30", 3, "slot_start", "expected a time"),
        (LOAD_FILE, "slot_start", "start", 1, "slot_start", "lacks this column"),
        (LOAD_FILE, "h01,h02", "h02,h02", 1, "h02", "must be there and differ"),
        (LOAD_FILE, "h01,h02", "h01,h99", 1, "h99", "lists no 'h99'"),
        (PV_FILE, "pv_h02", "pv_h77", 1, "pv_h77", "lists no 'h77'"),
        (PV_FILE, "7.5401", "7.5401.2", 3, "pv_solar1", "expected a number"),
        (PRICES_FILE, "24.65", "24.655", 2, "tokyo_area_price", "steps of 1/100"),
        (PRICES_FILE, "24.65", "", 2, "tokyo_area_price", "expected a number"),
        (PRICES_FILE, "tokyo_area_price", "price", 1, "tokyo_area_price", "lacks this column"),
        (PARTICIPANTS_FILE, "consumer", "household", 2, "role", "expected one of consumer"),
        (PARTICIPANTS_FILE, "h02,", "h01,", 3, "id", "listed already"),
        (PARTICIPANTS_FILE, "h02,", ",", 3, "id", "expected a word"),
        (PARTICIPANTS_FILE, "9.8", "9.8k", 3, "battery_kwh", "expected a number"),
        (PARTICIPANTS_FILE, "5.5", "5.5555", 3, "pv_kwp", "steps of 1/1000"),
    ],
)
def test_an_error_names_file_line_and_column(
    file: str, old: str, new: str, line: int, column: str | None, reason: str
) -> None:
    with pytest.raises(TableError) as refused:
        parse(**swapped(file, old, new))

    assert (refused.value.file, refused.value.line, refused.value.column) == (file, line, column)
    assert reason in refused.value.reason
    assert str(refused.value).startswith(f"{file}:{line}")


def without(file: str, column: str) -> dict[str, str]:
    rows = [line.split(",") for line in TEXTS[file].splitlines()]
    place = rows[0].index(column)
    kept = [",".join(row[:place] + row[place + 1 :]) for row in rows]
    return {file.removesuffix(".csv"): "\n".join(kept)}


@pytest.mark.parametrize(
    ("file", "column"),
    [(LOAD_FILE, "h01"), (LOAD_FILE, "h02"), (PV_FILE, "pv_h02"), (PV_FILE, "pv_solar1")],
)
def test_a_participant_without_its_column_is_refused_not_read_as_idle(
    file: str, column: str
) -> None:
    with pytest.raises(TableError) as refused:
        parse(**without(file, column))

    assert (refused.value.file, refused.value.line, refused.value.column) == (file, 1, column)
    assert "lacks this column" in refused.value.reason


def test_only_a_generator_needs_no_load_and_only_a_site_without_panels_no_generation() -> None:
    consuming = swapped(PARTICIPANTS_FILE, "solar1,generator", "solar1,shop")
    generating = swapped(PARTICIPANTS_FILE, "h01,consumer,0.0", "h01,consumer,0.001")

    with pytest.raises(TableError, match=f"{LOAD_FILE}:1, column solar1: .* lacks this column"):
        parse(**consuming)
    with pytest.raises(TableError, match=f"{PV_FILE}:1, column pv_h01: .* lacks this column"):
        parse(**generating)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(("text", "reason"), [("", "is empty"), ("id\n", "no rows")])
def test_a_file_without_rows_is_refused(file: str, text: str, reason: str) -> None:
    with pytest.raises(TableError, match=reason) as refused:
        parse(**{file.removesuffix(".csv"): text})

    assert refused.value.file == file


def test_what_is_no_csv_is_refused_with_its_line() -> None:
    with pytest.raises(TableError, match=f"{LOAD_FILE}:3: is not CSV"):
        parse(**swapped(LOAD_FILE, "0.11,", '"0.11"x,'))


@pytest.mark.parametrize("file", [PV_FILE, PRICES_FILE])
def test_files_that_do_not_cover_the_same_slots_are_refused(file: str) -> None:
    text = TEXTS[file]
    shorter = "".join(text.splitlines(True)[:-1])
    later = text.replace("T00:00", "T09:00").replace("T00:30", "T09:30").replace("T01:", "T10:")

    with pytest.raises(TableError, match=f"{file}:3, column slot_start: the file has 2 slots"):
        parse(**{file.removesuffix(".csv"): shorter})
    with pytest.raises(TableError, match=f"{file}:2, column slot_start: expected the same slot"):
        parse(**{file.removesuffix(".csv"): later})


@pytest.mark.spec("G-32")
def test_a_measured_month_is_read_to_the_last_slot(reference_month: Path) -> None:
    with_names = {name: (reference_month / name).read_text().splitlines(True) for name in FILES}

    data = parse_neighbourhood(with_names)

    assert len(data.slots) == 31 * 48
    assert len(data.sites) == 22
    assert set(data.load) < {site.id for site in data.sites}
    assert {site.id for site in data.sites if site.pv_w > 0} == set(data.pv)
    total = sum(Fraction(row.split(",")[1]) for row in with_names[LOAD_FILE][1:])
    assert sum(data.load["h01"].values()) == total * 1000 // 1
