"""`yuimaru book clear`: answers and refusals as a user gets them, from both engines."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from node.domain.orders import LARGEST_ORDER
from tests.integration.cli.running import Ran, yuimaru

ENGINES = ("python", "evm")


def order(number: int, **fields: object) -> dict[str, object]:
    return {
        "id": f"o{number}",
        "participant": f"u{number}",
        "side": "buy",
        "limit_sen": 2010,
        "energy_wh": 20_000,
        "sequence": number,
    } | fields


def bid(number: int, limit: int, energy: int, **fields: object) -> dict[str, object]:
    return order(number, side="buy", limit_sen=limit, energy_wh=energy, **fields)


def offer(number: int, limit: int, energy: int, **fields: object) -> dict[str, object]:
    return order(number, side="sell", limit_sen=limit, energy_wh=energy, **fields)


def clear(document: object, *options: str) -> Ran:
    Path("book.json").write_text(json.dumps(document), encoding="utf-8")
    return yuimaru("book", "clear", "book.json", *options)


#: Orders and what clears: price, price interval, volume, fills, units.
BOOKS: dict[str, tuple[list[dict[str, object]], dict[str, object]]] = {
    "one bid, one offer, fills in the file's order": (
        [bid(1, 2010, 20_000), offer(2, 1000, 5000)],
        {
            "volume_wh": 5000,
            "price_sen": 2010,
            "price_interval_sen": [2010, 2010],
            "fills": [{"id": "o1", "energy_wh": 5000}, {"id": "o2", "energy_wh": 5000}],
            "units": [{"seller": "u2", "buyer": "u1", "energy_wh": 5000}],
        },
    ),
    "equal amounts clear at the lowest price of the interval": (
        [bid(1, 2010, 5000), offer(2, 1000, 5000)],
        {
            "volume_wh": 5000,
            "price_sen": 1000,
            "price_interval_sen": [1000, 2010],
            "fills": [{"id": "o1", "energy_wh": 5000}, {"id": "o2", "energy_wh": 5000}],
            "units": [{"seller": "u2", "buyer": "u1", "energy_wh": 5000}],
        },
    ),
    "the marginal level is shared by running sums in sequence, not in file order": (
        [bid(3, 1000, 10), bid(1, 1000, 10), bid(2, 1000, 10), offer(4, 500, 10)],
        {
            "volume_wh": 10,
            "price_sen": 1000,
            "price_interval_sen": [1000, 1000],
            "fills": [
                {"id": "o3", "energy_wh": 4},
                {"id": "o1", "energy_wh": 3},
                {"id": "o2", "energy_wh": 3},
                {"id": "o4", "energy_wh": 10},
            ],
            "units": [
                {"seller": "u4", "buyer": "u1", "energy_wh": 3},
                {"seller": "u4", "buyer": "u2", "energy_wh": 3},
                {"seller": "u4", "buyer": "u3", "energy_wh": 4},
            ],
        },
    ),
    "an offer of renewables at no price clears at zero": (
        [offer(1, 0, 500), bid(2, 0, 200)],
        {
            "volume_wh": 200,
            "price_sen": 0,
            "price_interval_sen": [0, 0],
            "fills": [{"id": "o1", "energy_wh": 200}, {"id": "o2", "energy_wh": 200}],
            "units": [{"seller": "u1", "buyer": "u2", "energy_wh": 200}],
        },
    ),
    "both sides of one participant may meet": (
        [bid(1, 2000, 100, participant="u"), offer(2, 1000, 100, participant="u")],
        {
            "volume_wh": 100,
            "price_sen": 1000,
            "price_interval_sen": [1000, 2000],
            "fills": [{"id": "o1", "energy_wh": 100}, {"id": "o2", "energy_wh": 100}],
            "units": [{"seller": "u", "buyer": "u", "energy_wh": 100}],
        },
    ),
    "nothing trades and every order is listed with zero": (
        [bid(1, 999, 100), offer(2, 1000, 100)],
        {
            "volume_wh": 0,
            "price_sen": None,
            "price_interval_sen": None,
            "fills": [{"id": "o1", "energy_wh": 0}, {"id": "o2", "energy_wh": 0}],
            "units": [],
        },
    ),
    "no orders at all": (
        [],
        {
            "volume_wh": 0,
            "price_sen": None,
            "price_interval_sen": None,
            "fills": [],
            "units": [],
        },
    ),
    "the largest orders at the top of the grid": (
        [bid(1, 32_767, LARGEST_ORDER), offer(2, 32_767, LARGEST_ORDER)],
        {
            "volume_wh": LARGEST_ORDER,
            "price_sen": 32_767,
            "price_interval_sen": [32_767, 32_767],
            "fills": [
                {"id": "o1", "energy_wh": LARGEST_ORDER},
                {"id": "o2", "energy_wh": LARGEST_ORDER},
            ],
            "units": [{"seller": "u2", "buyer": "u1", "energy_wh": LARGEST_ORDER}],
        },
    ),
}


@pytest.mark.spec("C-04", "C-11", "C-24", "G-04", "G-05", "G-06")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", BOOKS)
def test_a_book_clears_to_the_expected_answer(name: str, engine: str) -> None:
    orders, expected = BOOKS[name]
    ran = clear({"orders": orders}, "--engine", engine, "--json")
    assert ran.json == {**expected, "engine": engine}


@pytest.mark.spec("C-02", "G-04", "G-05")
@pytest.mark.parametrize("seed", range(4))
def test_both_engines_give_the_same_answer_on_random_books(seed: int) -> None:
    dice = random.Random(seed)
    prices = [dice.randrange(32_768) for _ in range(6)] + [0, 32_767]
    numbers = dice.sample(range(1 << 40), 120)
    orders = [
        order(
            number,
            participant=f"u{dice.randrange(20)}",
            side=dice.choice(("buy", "sell")),
            limit_sen=dice.choice(prices),
            energy_wh=dice.choice((1, 2, 3, dice.randrange(1, 10_000), LARGEST_ORDER)),
        )
        for number in numbers
    ]
    python, evm = (clear({"orders": orders}, "--engine", e, "--json").json for e in ENGINES)
    assert python.pop("engine") == "python"
    assert evm.pop("engine") == "evm"
    assert python == evm
    assert python["volume_wh"] > 0
    assert [fill["id"] for fill in evm["fills"]] == [placed["id"] for placed in orders]


def test_python_is_the_engine_unless_another_is_named() -> None:
    assert clear({"orders": []}, "--json").json["engine"] == "python"


def test_without_json_the_answer_is_a_table_with_every_figure() -> None:
    ran = clear({"orders": [bid(1, 2010, 20_000), offer(2, 1000, 5000)]})
    text = "\n".join(ran.lines)
    for figure in ("volume_wh", "5000", "price_sen", "2010", "python", "seller", "u2"):
        assert figure in text


#: What is wrong in the second of two orders, and how the refusal begins.
WRONG_FIELDS: dict[str, tuple[dict[str, object], str]] = {
    "a negative quantity": ({"energy_wh": -1}, "orders[1].energy_wh: expected 1 to 100000000"),
    "a zero quantity": ({"energy_wh": 0}, "orders[1].energy_wh: expected 1 to 100000000, was 0"),
    "too large a quantity": ({"energy_wh": LARGEST_ORDER + 1}, "orders[1].energy_wh: expected 1"),
    "a negative price": ({"limit_sen": -1}, "orders[1].limit_sen: expected 0 to 32767, was -1"),
    "a price above the grid": ({"limit_sen": 32_768}, "orders[1].limit_sen: expected 0 to 32767"),
    "a fraction": ({"limit_sen": 20.1}, "orders[1].limit_sen: expected an integer, was 20.1"),
    "a whole fraction": ({"limit_sen": 20.0}, "orders[1].limit_sen: expected an integer"),
    "a number as text": ({"energy_wh": "1"}, "orders[1].energy_wh: expected an integer, was '1'"),
    "a truth value": ({"sequence": True}, "orders[1].sequence: expected an integer, was True"),
    "nothing": ({"limit_sen": None}, "orders[1].limit_sen: expected an integer, was None"),
    "an unknown side": ({"side": "hold"}, "orders[1].side: expected one of buy, sell, was 'hold'"),
    "a repeated id": ({"id": "o1"}, "orders[1].id: repeats orders[0].id, was 'o1'"),
    "a repeated sequence": ({"sequence": 1}, "orders[1].sequence: repeats orders[0].sequence"),
    "a negative sequence": ({"sequence": -1}, "orders[1].sequence: expected 0 to"),
    "an empty id": ({"id": ""}, "orders[1].id: expected 1 to 200 printable characters"),
    "an id that is no text": ({"id": 7}, "orders[1].id: expected a string, was 7"),
    "an unknown field": ({"note": "x"}, "orders[1].note: unknown field, was 'x'"),
}


@pytest.mark.spec("G-07")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", WRONG_FIELDS)
def test_a_wrong_field_is_refused_with_its_path(name: str, engine: str) -> None:
    fields, sentence = WRONG_FIELDS[name]
    ran = clear({"orders": [order(1), order(2, **fields)]}, "--engine", engine, "--json")
    assert ran.refused("FieldError").startswith(sentence)


@pytest.mark.spec("G-07")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_side_beyond_what_the_contracts_hold_is_refused_by_both_engines(engine: str) -> None:
    orders = [bid(n, 1000, LARGEST_ORDER) for n in range(10_996)]
    ran = clear({"orders": orders}, "--engine", engine, "--json")
    sentence = "orders[10995].energy_wh: a side of the book holds at most 1099511627775 Wh"
    assert ran.refused("FieldError").startswith(sentence)


def test_a_missing_field_is_refused_with_its_path() -> None:
    incomplete = order(1)
    del incomplete["sequence"]
    sentence = clear({"orders": [incomplete]}).refused("FieldError")
    assert sentence == "orders[0].sequence: the field is missing, was absent"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "document: is not JSON"),
        ("{", "document: is not JSON"),
        ('{"orders": [}', "document: is not JSON: Expecting value, was 'line 1, column 13'"),
        ("[]", "document: expected an object"),
        ("{}", "orders: the field is missing"),
        ('{"orders": {}}', "orders: expected a list"),
        ('{"orders": [1]}', "orders[0]: expected an object"),
        ('{"orders": [], "more": 1}', "more: unknown field"),
        ('{"orders": [], "orders": []}', "orders: the field occurs twice"),
        ('{"orders": NaN}', "orders: expected an integer, was NaN"),
        ('{"orders": 1e3}', "orders: expected an integer, was 1e3"),
    ],
    ids=str,
)
def test_a_malformed_document_is_refused(content: str, sentence: str) -> None:
    Path("book.json").write_text(content, encoding="utf-8")
    assert yuimaru("book", "clear", "book.json").refused("FieldError").startswith(sentence)


def test_a_document_that_is_nested_too_deeply_is_refused() -> None:
    """In a process of its own: libraries of other tests let Python nest deeper than its stack holds."""
    Path("book.json").write_text("[" * 100_000, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "node.cli", "book", "clear", "book.json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("yuimaru: FieldError: document: is nested too deeply")


def test_bytes_that_are_no_text_are_refused() -> None:
    Path("book.json").write_bytes(b'{"orders": "\xff"}')
    sentence = yuimaru("book", "clear", "book.json").refused("FieldError")
    assert sentence.startswith("document: is not UTF-8")


def test_a_missing_file_is_named() -> None:
    sentence = yuimaru("book", "clear", "nowhere.json").refused("FileUnreadableError")
    assert sentence == "nowhere.json cannot be read: No such file or directory"


def test_a_folder_is_no_file() -> None:
    sentence = yuimaru("book", "clear", ".").refused("FileUnreadableError")
    assert sentence == ". cannot be read: Is a directory"


def test_an_unknown_engine_is_a_usage_error() -> None:
    ran = clear({"orders": []}, "--engine", "abacus")
    assert (ran.code, ran.out) == (2, "")
    assert "abacus" in ran.err
