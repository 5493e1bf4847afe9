"""The two file formats: what is refused and what is answered."""

import json
from typing import Any

import pytest

from node.domain.clearing import clear
from node.domain.documents import decode_json
from node.domain.errors import FieldError
from node.domain.files import (
    LARGEST_POSITION,
    LARGEST_SIDE,
    book_result,
    parse_book,
    parse_settlement,
    settlement_result,
)
from node.domain.matching import lay_units
from node.domain.orders import LARGEST_ORDER
from node.domain.readings import LARGEST_INTERVAL
from node.domain.settlement import settle_slot


def order(number: int, **fields: object) -> dict[str, object]:
    return {
        "id": f"o{number}",
        "participant": f"u{number}",
        "side": "buy",
        "limit_sen": 2010,
        "energy_wh": 20_000,
        "sequence": number,
    } | fields


def trade(**fields: object) -> dict[str, object]:
    return {"seller": "u1", "buyer": "u2", "energy_wh": 1000, "price_sen": 2000} | fields


def settlement(**fields: object) -> dict[str, object]:
    return {
        "trades": [trade()],
        "metered_net_export_wh": {"u1": 1000, "u2": -900},
        "long_price_sen": 500,
        "short_price_sen": 3000,
    } | fields


def answer_book(document: dict[str, object]) -> Any:
    orders = parse_book(decode_json(json.dumps(document)))
    cleared = clear(orders)
    result = book_result(orders, cleared, lay_units(orders, cleared.fills), "python")
    return json.loads(json.dumps(result))


def answer_settlement(document: dict[str, object]) -> Any:
    given = parse_settlement(decode_json(json.dumps(document)))
    settled = settle_slot(given.trades, given.metered_net_export, given.prices)
    return json.loads(json.dumps(settlement_result(settled)))


# -- book clear


@pytest.mark.spec("C-04", "C-24", "G-04")
def test_a_book_is_answered_with_price_fills_and_units() -> None:
    document: dict[str, object] = {
        "orders": [
            order(4, side="buy", limit_sen=2500, energy_wh=500),
            order(2, side="sell", limit_sen=800, energy_wh=300),
            order(3, side="sell", limit_sen=1000, energy_wh=300),
            order(1, side="sell", limit_sen=1001, energy_wh=7),
        ]
    }

    assert answer_book(document) == {
        "volume_wh": 500,
        "price_sen": 1000,
        "price_interval_sen": [1000, 1000],
        "fills": [
            {"id": "o4", "energy_wh": 500},
            {"id": "o2", "energy_wh": 300},
            {"id": "o3", "energy_wh": 200},
            {"id": "o1", "energy_wh": 0},
        ],
        "units": [
            {"seller": "u2", "buyer": "u4", "energy_wh": 300},
            {"seller": "u3", "buyer": "u4", "energy_wh": 200},
        ],
        "engine": "python",
    }


def test_a_book_that_trades_nothing_has_neither_price_nor_interval() -> None:
    result = answer_book({"orders": [order(1)]})

    assert result == {
        "volume_wh": 0,
        "price_sen": None,
        "price_interval_sen": None,
        "fills": [{"id": "o1", "energy_wh": 0}],
        "units": [],
        "engine": "python",
    }


def test_an_empty_book_is_fine() -> None:
    result = answer_book({"orders": []})

    assert (result["volume_wh"], result["fills"], result["units"]) == (0, [], [])


@pytest.mark.spec("C-11", "G-07")
@pytest.mark.parametrize(
    "fields",
    [
        {"limit_sen": 0},
        {"limit_sen": 32_767},
        {"energy_wh": 1},
        {"energy_wh": 100_000_000},
        {"sequence": 0},
        {"sequence": 2**64 - 1},
    ],
)
def test_the_ends_of_every_range_belong_to_it(fields: dict[str, int]) -> None:
    assert len(parse_book({"orders": [order(1, **fields)]})) == 1


@pytest.mark.spec("G-07")
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"limit_sen": -1}, "orders[1].limit_sen"),
        ({"limit_sen": 32_768}, "orders[1].limit_sen"),
        ({"limit_sen": 20.1}, "orders[1].limit_sen"),
        ({"limit_sen": "2010"}, "orders[1].limit_sen"),
        ({"limit_sen": None}, "orders[1].limit_sen"),
        ({"energy_wh": 0}, "orders[1].energy_wh"),
        ({"energy_wh": -20}, "orders[1].energy_wh"),
        ({"energy_wh": 100_000_001}, "orders[1].energy_wh"),
        ({"energy_wh": True}, "orders[1].energy_wh"),
        ({"energy_wh": 1e3}, "orders[1].energy_wh"),
        ({"side": "Buy"}, "orders[1].side"),
        ({"side": 1}, "orders[1].side"),
        ({"id": 7}, "orders[1].id"),
        ({"id": ""}, "orders[1].id"),
        ({"id": "o1"}, "orders[1].id"),
        ({"participant": ["u1"]}, "orders[1].participant"),
        ({"sequence": -1}, "orders[1].sequence"),
        ({"sequence": 2**64}, "orders[1].sequence"),
        ({"sequence": 1}, "orders[1].sequence"),
        ({"price": 5}, "orders[1].price"),
    ],
)
def test_a_wrong_order_is_refused_with_the_path_and_value_of_the_field(
    fields: dict[str, object], path: str
) -> None:
    document = {"orders": [order(1), order(2, **fields)]}

    with pytest.raises(FieldError) as refused:
        parse_book(decode_json(json.dumps(document)))

    assert refused.value.path == path
    assert str(refused.value).startswith(f"{path}: ")
    value = fields[path.rpartition(".")[2]]
    assert str(refused.value).endswith(f"was {value!r}")


@pytest.mark.parametrize(
    "name", ["id", "participant", "side", "limit_sen", "energy_wh", "sequence"]
)
def test_an_order_that_lacks_a_field_is_refused(name: str) -> None:
    lacking = {key: value for key, value in order(1).items() if key != name}

    with pytest.raises(FieldError, match="the field is missing") as refused:
        parse_book({"orders": [lacking]})

    assert refused.value.path == f"orders[0].{name}"


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([], ""),
        ("orders", ""),
        ({}, "orders"),
        ({"orders": {}}, "orders"),
        ({"orders": [5]}, "orders[0]"),
        ({"orders": [], "slot": 1}, "slot"),
    ],
)
def test_a_document_of_another_shape_is_refused(document: object, path: str) -> None:
    with pytest.raises(FieldError) as refused:
        parse_book(document)

    assert refused.value.path == path


def energies_up_to(total: int) -> list[int]:
    """Return the fewest energies of an order that add up to a total."""
    largest, rest = divmod(total, LARGEST_ORDER)
    return [LARGEST_ORDER] * largest + [rest]


@pytest.mark.spec("G-07")
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_side_holds_forty_bits_of_energy_and_not_one_watt_hour_more(side: str) -> None:
    other = "sell" if side == "buy" else "buy"
    energies = energies_up_to(LARGEST_SIDE)
    orders = [order(n, side=side, energy_wh=energy) for n, energy in enumerate(energies)]
    count = len(orders)
    orders.append(order(count, side=other, energy_wh=LARGEST_ORDER))
    assert len(parse_book({"orders": orders})) == count + 1

    orders += [order(count + 1, side=side, energy_wh=1), order(count + 2, side=side)]
    with pytest.raises(FieldError) as refused:
        parse_book({"orders": orders})

    assert (refused.value.path, refused.value.value) == (f"orders[{count + 1}].energy_wh", 1)
    assert f"at most {LARGEST_SIDE} Wh, this one {LARGEST_SIDE + 1}" in refused.value.reason


# -- settle


@pytest.mark.spec("G-10")
def test_a_settlement_is_answered_with_everybody_s_cash() -> None:
    assert answer_settlement(settlement()) == {
        "participants": {
            "u1": {
                "contract_yen5": 2_000_000,
                "imbalance_wh": 0,
                "imbalance_yen5": 0,
                "total_yen5": 2_000_000,
            },
            "u2": {
                "contract_yen5": -2_000_000,
                "imbalance_wh": 100,
                "imbalance_yen5": 50_000,
                "total_yen5": -1_950_000,
            },
        },
        "balancing_account_yen5": -50_000,
    }


@pytest.mark.spec("G-11")
def test_who_traded_but_has_no_metered_value_is_marked() -> None:
    result = answer_settlement(settlement(metered_net_export_wh={"u2": -1000, "u3": 5}))

    assert result["participants"]["u1"] == {
        "contract_yen5": 2_000_000,
        "imbalance_wh": -1000,
        "imbalance_yen5": -3_000_000,
        "total_yen5": -1_000_000,
        "flag": "missing",
    }
    assert "flag" not in result["participants"]["u2"]
    assert result["participants"]["u3"]["total_yen5"] == 2500
    assert result["balancing_account_yen5"] == 3_000_000 - 2500


@pytest.mark.spec("G-10")
def test_the_two_prices_of_a_file_are_taken_as_given() -> None:
    given = parse_settlement(settlement(long_price_sen=2500, short_price_sen=2500))

    assert (given.prices.long, given.prices.short) == (2500, 2500)


def test_an_empty_settlement_is_fine() -> None:
    assert answer_settlement(settlement(trades=[], metered_net_export_wh={})) == {
        "participants": {},
        "balancing_account_yen5": 0,
    }


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"trades": [trade(energy_wh=0)]}, "trades[0].energy_wh"),
        ({"trades": [trade(energy_wh=-5)]}, "trades[0].energy_wh"),
        ({"trades": [trade(), trade(energy_wh=1.5)]}, "trades[1].energy_wh"),
        ({"trades": [trade(price_sen=-1)]}, "trades[0].price_sen"),
        ({"trades": [trade(price_sen=32_768)]}, "trades[0].price_sen"),
        ({"trades": [trade(seller=3)]}, "trades[0].seller"),
        ({"trades": [trade(id="t1")]}, "trades[0].id"),
        ({"trades": None}, "trades"),
        ({"metered_net_export_wh": {"u1": 1.0}}, "metered_net_export_wh.u1"),
        ({"metered_net_export_wh": {"u1": "5"}}, "metered_net_export_wh.u1"),
        ({"metered_net_export_wh": {"u1": 2**29}}, "metered_net_export_wh.u1"),
        ({"metered_net_export_wh": {"": 5}}, "metered_net_export_wh."),
        ({"metered_net_export_wh": [5]}, "metered_net_export_wh"),
        ({"long_price_sen": 3001}, "long_price_sen"),
        ({"long_price_sen": -1}, "long_price_sen"),
        ({"short_price_sen": False}, "short_price_sen"),
        ({"slot": 5}, "slot"),
    ],
)
def test_a_wrong_settlement_is_refused_with_the_path_of_the_field(
    fields: dict[str, object], path: str
) -> None:
    with pytest.raises(FieldError) as refused:
        parse_settlement(decode_json(json.dumps(settlement(**fields))))

    assert refused.value.path == path


@pytest.mark.spec("G-10", "G-11")
@pytest.mark.parametrize(
    ("role", "verb", "metered", "largest"),
    [
        ("seller", "sell", {"u9": 0}, LARGEST_POSITION),
        ("seller", "sell", {}, LARGEST_POSITION),
        ("buyer", "buy", {"u9": 0}, LARGEST_POSITION),
        ("buyer", "buy", {}, LARGEST_INTERVAL),
    ],
    ids=["seller", "silent seller", "buyer", "silent buyer"],
)
def test_a_participant_trades_as_much_as_a_position_holds_and_not_one_watt_hour_more(
    role: str, verb: str, metered: dict[str, int], largest: int
) -> None:
    other = "buyer" if role == "seller" else "seller"
    trades = [
        trade(energy_wh=energy) | {role: "u9", other: f"u{100 + n}"}
        for n, energy in enumerate(energies_up_to(largest))
    ]
    document = settlement(trades=trades, metered_net_export_wh=metered)
    assert len(parse_settlement(document).trades) == len(trades)

    count = len(trades)
    trades.append(trade(energy_wh=1) | {role: "u9"})
    with pytest.raises(FieldError) as refused:
        parse_settlement(document)

    assert (refused.value.path, refused.value.value) == (f"trades[{count}].energy_wh", 1)
    limit = f"u9 can {verb} at most {largest} Wh in a slot, this makes {largest + 1}"
    assert refused.value.reason == limit


def test_a_participant_metered_twice_is_refused() -> None:
    text = json.dumps(settlement()).replace('{"u1": 1000', '{"u1": 1000, "u1": 1000')

    with pytest.raises(FieldError, match=r"metered_net_export_wh\.u1: the field occurs twice"):
        decode_json(text)
