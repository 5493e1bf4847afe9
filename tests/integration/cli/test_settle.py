"""`yuimaru settle`: answers and refusals as a user gets them, from both engines."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.running import Ran, yuimaru

ENGINES = ("python", "evm")


def trade(seller: str, buyer: str, energy: object, price: object) -> dict[str, object]:
    return {"seller": seller, "buyer": buyer, "energy_wh": energy, "price_sen": price}


def document(
    trades: list[dict[str, object]], metered: dict[str, object], **fields: object
) -> dict[str, object]:
    return {
        "trades": trades,
        "metered_net_export_wh": metered,
        "long_price_sen": 500,
        "short_price_sen": 3000,
    } | fields


def settle(given: object, *options: str) -> Ran:
    Path("slot.json").write_text(json.dumps(given), encoding="utf-8")
    return yuimaru("settle", "slot.json", *options)


def settled(contract: int, imbalance_wh: int, imbalance: int) -> dict[str, int]:
    return {
        "contract_yen5": contract,
        "imbalance_wh": imbalance_wh,
        "imbalance_yen5": imbalance,
        "total_yen5": contract + imbalance,
    }


MISSING = {"flag": "missing"}

#: Trades, metered net exports, and what settles: participants and balancing account.
SLOTS: dict[str, tuple[dict[str, object], dict[str, Any], int]] = {
    "delivered as agreed": (
        document([trade("u1", "u2", 1000, 2000)], {"u1": 1000, "u2": -1000}),
        {"u1": settled(2_000_000, 0, 0), "u2": settled(-2_000_000, 0, 0)},
        0,
    ),
    "a short seller and a long buyer at their own prices": (
        document([trade("u1", "u2", 1000, 2000)], {"u1": 900, "u2": -950}),
        {
            "u1": settled(2_000_000, -100, -300_000),
            "u2": settled(-2_000_000, 50, 25_000),
        },
        275_000,
    ),
    "imbalance without any trade": (
        document([], {"u3": 7, "u4": -3}),
        {"u3": settled(0, 7, 3500), "u4": settled(0, -3, -9000)},
        5500,
    ),
    "a missing seller delivered nothing, a missing buyer took what it bought": (
        document([trade("u1", "u2", 1000, 2000)], {}),
        {
            "u1": settled(2_000_000, -1000, -3_000_000) | MISSING,
            "u2": settled(-2_000_000, 0, 0) | MISSING,
        },
        3_000_000,
    ),
    "trade with oneself": (
        document([trade("u1", "u1", 10, 2000)], {"u1": 0}),
        {"u1": settled(0, 0, 0)},
        0,
    ),
    "trades at several prices add up": (
        document([trade("u1", "u2", 10, 0), trade("u1", "u2", 10, 32_767)], {"u1": 20, "u2": -20}),
        {"u1": settled(327_670, 0, 0), "u2": settled(-327_670, 0, 0)},
        0,
    ),
}


@pytest.mark.spec("G-10", "G-11")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SLOTS)
def test_a_slot_settles_to_the_expected_answer(name: str, engine: str) -> None:
    given, participants, balancing = SLOTS[name]
    ran = settle(given, "--engine", engine, "--json")
    assert ran.json == {"participants": participants, "balancing_account_yen5": balancing}


@pytest.mark.spec("G-10", "C-02")
@pytest.mark.parametrize("seed", range(4))
def test_both_engines_give_the_same_answer_and_cash_adds_to_zero(seed: int) -> None:
    dice = random.Random(seed)
    names = [f"u{number}" for number in range(30)]
    pairs = [dice.sample(names, 2) for _ in range(60)]
    given = document(
        [
            trade(seller, buyer, dice.randrange(1, 100_000), dice.randrange(32_768))
            for seller, buyer in pairs
        ],
        {name: dice.randrange(-500_000, 500_000) for name in dice.sample(names, 25)},
        long_price_sen=dice.randrange(1000),
        short_price_sen=dice.randrange(1000, 32_768),
    )
    python, evm = (settle(given, "--engine", engine, "--json").json for engine in ENGINES)
    assert python == evm
    cash = sum(figures["total_yen5"] for figures in python["participants"].values())
    assert cash + python["balancing_account_yen5"] == 0
    assert any("flag" in figures for figures in python["participants"].values())


def test_without_json_the_answer_is_a_table_and_the_balancing_account() -> None:
    given, _, balancing = SLOTS["a short seller and a long buyer at their own prices"]
    lines = settle(given).lines
    assert lines[-1] == f"balancing account: {balancing}"
    assert any("u1" in line and "1700000" in line for line in lines)


#: What is wrong, and how the refusal begins.
WRONG: dict[str, tuple[dict[str, object], str]] = {
    "a zero quantity": (
        document([trade("u1", "u2", 0, 1)], {}),
        "trades[0].energy_wh: expected 1 to 100000000, was 0",
    ),
    "a negative quantity": (
        document([trade("u1", "u2", -5, 1)], {}),
        "trades[0].energy_wh: expected 1 to 100000000, was -5",
    ),
    "a negative price": (
        document([trade("u1", "u2", 1, -1)], {}),
        "trades[0].price_sen: expected 0 to 32767, was -1",
    ),
    "a fraction of energy": (
        document([], {"u1": 0.5}),
        "metered_net_export_wh.u1: expected an integer, was 0.5",
    ),
    "energy as text": (
        document([], {"u1": "5"}),
        "metered_net_export_wh.u1: expected an integer, was '5'",
    ),
    "a list of metered values": (
        document([], {}) | {"metered_net_export_wh": []},
        "metered_net_export_wh: expected an object",
    ),
    "more energy than a meter can show": (
        document([], {"u1": 1 << 29}),
        "metered_net_export_wh.u1: expected -536870911 to 536870911",
    ),
    "a silent buyer that bought more than a meter can show": (
        document([trade("u1", "u2", 100_000_000, 1)] * 6, {}),
        "trades[5].energy_wh: u2 can buy at most 536870911 Wh in a slot, this makes 600000000",
    ),
    "a seller beyond what a position holds": (
        document([trade("u1", "u2", 100_000_000, 1)] * 43, {"u2": 0}),
        "trades[42].energy_wh: u1 can sell at most 4294967295 Wh in a slot",
    ),
    "long above short": (
        document([], {}, long_price_sen=3001),
        "long_price_sen: is above short_price_sen, which is 3000, was 3001",
    ),
    "a negative long price": (
        document([], {}, long_price_sen=-1),
        "long_price_sen: expected 0 to 32767, was -1",
    ),
    "a short price that is a fraction": (
        document([], {}, short_price_sen=30.5),
        "short_price_sen: expected an integer, was 30.5",
    ),
    "an unknown field": (document([], {}, fee=1), "fee: unknown field, was 1"),
    "an unknown field of a trade": (
        document([trade("u1", "u2", 1, 1) | {"fee": 1}], {}),
        "trades[0].fee: unknown field, was 1",
    ),
    "a nameless seller": (
        document([trade("", "u2", 1, 1)], {}),
        "trades[0].seller: expected 1 to 200 printable characters",
    ),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_field_is_refused_with_its_path(name: str, engine: str) -> None:
    given, sentence = WRONG[name]
    ran = settle(given, "--engine", engine, "--json")
    assert ran.refused("FieldError").startswith(sentence)


@pytest.mark.parametrize("absent", ["trades", "metered_net_export_wh", "long_price_sen"])
def test_a_missing_field_is_named(absent: str) -> None:
    given = document([], {})
    del given[absent]
    sentence = settle(given).refused("FieldError")
    assert sentence == f"{absent}: the field is missing, was absent"


def test_malformed_json_is_refused_with_its_place() -> None:
    Path("slot.json").write_text('{"trades": []\n,}', encoding="utf-8")
    sentence = yuimaru("settle", "slot.json").refused("FieldError")
    assert sentence.startswith("document: is not JSON")
    assert "line 2, column 2" in sentence


def test_a_missing_file_is_named() -> None:
    sentence = yuimaru("settle", "nowhere.json").refused("FileUnreadableError")
    assert sentence == "nowhere.json cannot be read: No such file or directory"
