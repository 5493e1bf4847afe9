"""Slots, books, orders, units, positions and bills over HTTP."""

import httpx
import pytest

from node.domain.slots import HALF_HOURS

SLOT = 180_000
ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20


async def get(client: httpx.AsyncClient, path: str, **query: int) -> dict[str, object]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, object] = answer.json()
    return body


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


SLOT_BODY = {
    "slot": SLOT,
    "label": HALF_HOURS.label(HALF_HOURS.slot(SLOT)),
    "phase": "settled",
    "orders": 2,
    "bid_wh": 400,
    "offer_wh": 500,
    "price_sen": 2000,
    "volume_wh": 400,
    "long_sen": 500,
    "short_sen": 3000,
    "missing": 0,
}


@pytest.mark.spec("C-14", "C-52")
async def test_slots_are_listed_with_their_results(client: httpx.AsyncClient) -> None:
    assert await get(client, "/slots") == {"slots": [SLOT_BODY], "next": None}
    assert await get(client, "/slots", **{"from": SLOT + 1}) == {"slots": [], "next": None}
    assert await get(client, "/slots", to=SLOT) == {"slots": [], "next": None}
    assert await get(client, f"/slots/{SLOT}") == SLOT_BODY


@pytest.mark.spec("C-15", "C-20")
async def test_the_book_of_a_slot_is_shown(client: httpx.AsyncClient) -> None:
    assert await get(client, f"/slots/{SLOT}/book") == {
        "slot": SLOT,
        "sells": [{"price_sen": 2000, "energy_wh": 500}],
        "buys": [{"price_sen": 2500, "energy_wh": 400}],
        "over_wh": 0,
        "under_wh": 0,
        "updated_at": 3,
    }


async def test_every_order_is_shown_with_its_fill(client: httpx.AsyncClient) -> None:
    body = await get(client, f"/slots/{SLOT}/trades")
    assert body["price_sen"] == 2000
    orders = body["orders"]
    assert isinstance(orders, list)
    assert [(o["order_id"], o["side"], o["filled_wh"], o["outcome"]) for o in orders] == [
        (0, "sell", 400, "partly_filled"),
        (1, "buy", 400, "filled"),
    ]


@pytest.mark.spec("C-24", "C-25")
async def test_units_name_seller_buyer_and_amount(client: httpx.AsyncClient) -> None:
    assert await get(client, f"/slots/{SLOT}/units") == {
        "slot": SLOT,
        "units": [
            {
                "seller_point": 1,
                "buyer_point": 2,
                "seller": ALICE,
                "buyer": BOB,
                "energy_wh": 400,
            }
        ],
    }


@pytest.mark.spec("C-36", "D-35")
async def test_positions_compare_trades_with_readings(client: httpx.AsyncClient) -> None:
    assert await get(client, "/points/1/positions") == {
        "point": 1,
        "positions": [
            {
                "slot": SLOT,
                "sold_wh": 400,
                "bought_wh": 0,
                "import_wh": 0,
                "export_wh": 300,
                "imbalance_wh": -100,
                "status": "settled",
            }
        ],
        "next": None,
    }
    assert (await get(client, "/points/9/positions"))["positions"] == []


async def test_a_bill_explains_every_yen(client: httpx.AsyncClient) -> None:
    bill = await get(client, f"/bills/{ALICE.upper().replace('X', 'x')}")
    lines = bill["lines"]
    assert isinstance(lines, list)
    assert [
        (line["kind"], line["energy_wh"], line["price_sen"], line["cash_yen5"], line["reason"])
        for line in lines
    ] == [
        ("sold", 400, 2000, 800_000, None),
        ("imbalance", -100, 3000, -300_000, "delivered less than sold"),
    ]
    assert all(line["transaction"].startswith("0x") for line in lines)
    assert bill["totals"] == {
        "bought_wh": 0,
        "sold_wh": 400,
        "trade_yen5": 800_000,
        "imbalance_yen5": -300_000,
        "cash_yen5": 500_000,
        "held_yen5": 0,
        "pending_yen5": 0,
    }
    assert (await get(client, f"/bills/{ALICE}", **{"from": SLOT + 1}))["lines"] == []


async def test_a_slot_that_nobody_opened_is_unknown(client: httpx.AsyncClient) -> None:
    for path in ("", "/book", "/trades", "/units"):
        answer = await client.get(f"/slots/{SLOT + 1800}{path}")
        assert refusal(answer) == (404, "slot_unknown")


@pytest.mark.parametrize(
    "path",
    [
        "/slots/x",
        "/slots/-1",
        f"/slots/{2**63}",
        f"/slots/{SLOT}/book?levels=0",
        "/slots?from=x",
        "/slots?form=1",
        "/points/0/positions",
        "/bills/alice",
    ],
)
async def test_a_path_or_query_that_names_nothing_possible_is_refused(
    client: httpx.AsyncClient, path: str
) -> None:
    assert refusal(await client.get(path)) == (422, "invalid_request")


async def test_unknown_paths_and_methods_are_refused_in_our_form(
    client: httpx.AsyncClient,
) -> None:
    assert refusal(await client.get("/nothing")) == (404, "not_found")
    assert refusal(await client.delete("/slots")) == (405, "method_not_allowed")
