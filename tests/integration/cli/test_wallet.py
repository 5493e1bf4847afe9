"""`yuimaru wallet` against a running market: money and orders of a participant, and every refusal by name."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node.domain.orders import Side
from node.domain.slots import DeliverySlot, local_date
from tests.integration.chain.world import key, reference
from tests.integration.cli.market import (
    DEPOSIT_YEN,
    LIMIT_WH,
    MINIMUM_YEN,
    PRODUCT,
    Market,
    new_market,
)
from tests.integration.cli.running import yuimaru

pytestmark = pytest.mark.chain

YEN = 100_000


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with new_market(
        tmp_path_factory.mktemp("market"), "anna", "ben", "carl", "poor", "saver"
    ) as market:
        yield market


@pytest.fixture
def slot(market: Market) -> DeliverySlot:
    """An open slot that no other test uses."""
    market.world.at(market.world.now + PRODUCT.slot_seconds)
    return market.world.open_slot(4)


def tx_hash(lines: list[str]) -> str:
    [line] = [line for line in lines if line.startswith("transaction ")]
    assert re.fullmatch(r"transaction 0x[0-9a-f]{64}", line)
    return line.split()[1]


# -- money


@pytest.mark.spec("C-10", "G-12")
def test_a_balance_is_exact_and_on_the_scale_of_one_yen_per_wei(market: Market) -> None:
    lines = market.wallet("balance", "saver").lines
    assert lines[0].startswith(f"account {market.address('saver')} at block ")
    assert [line.split() for line in lines[1:-1]] == [
        ["available", "100000.00000", "JPY", "100000.00000", "wei"],
        ["reserved", "0.00000", "JPY", "0.00000", "wei"],
        ["debt", "0.00000", "JPY", "0.00000", "wei"],
        ["free", "99000.00000", "JPY", "99000.00000", "wei"],
        ["minimum", "deposit", "1000.00000", "JPY", "1000.00000", "wei"],
    ]
    assert lines[-1] == "calculated at 1 yen per wei; metering points: 1"


@pytest.mark.spec("G-12")
def test_a_balance_as_json_is_integers(market: Market) -> None:
    said = dict(market.balance("saver"))
    assert said.pop("block") > 0
    assert said == {
        "account": market.address("saver"),
        "admitted": True,
        "points": 1,
        "available_yen5": DEPOSIT_YEN * YEN,
        "reserved_yen5": 0,
        "debt_yen5": 0,
        "free_yen5": (DEPOSIT_YEN - MINIMUM_YEN) * YEN,
        "minimum_deposit_yen5": MINIMUM_YEN * YEN,
        "scale": "1 yen per wei",
    }


def test_a_balance_of_somebody_who_is_not_admitted_says_so(market: Market) -> None:
    market.save_key("stranger")
    assert market.balance("stranger")["admitted"] is False
    lines = market.wallet("balance", "stranger").lines
    assert lines[1] == "not admitted to this market: ask the market operator"


def test_deposit_says_how_to_pay_in_and_the_bank_can_book_it(market: Market) -> None:
    before = market.balance("ben")["available_yen5"]
    said = market.wallet("deposit", "ben", "--json").json
    assert said["reference"] == f"YUIMARU {market.address('ben')} 2", "one was booked at the start"
    assert said["missing_yen5"] == 0
    lines = market.wallet("deposit", "ben").lines
    assert f"    {said['reference']}" in lines
    assert f"    {said['bank_reference']}" in lines

    booked = bytes.fromhex(said["bank_reference"][2:])
    ledger = market.world.contracts.ledger
    market.world.do(market.world.bank, ledger.credit(market.address("ben"), 500, booked))
    assert market.balance("ben")["available_yen5"] == before + 500 * YEN
    following = market.wallet("deposit", "ben", "--json").json["reference"]
    assert following == f"YUIMARU {market.address('ben')} 3", "each reference is used once"


def test_deposit_names_what_the_minimum_deposit_still_needs(market: Market) -> None:
    market.join("newcomer", yen=0)
    said = market.wallet("deposit", "newcomer", "--json").json
    assert said["missing_yen5"] == MINIMUM_YEN * YEN
    assert said["reference"].endswith(" 1")
    text = "\n".join(market.wallet("deposit", "newcomer").lines)
    assert "At least 1000.00000 JPY are needed" in text


@pytest.mark.spec("G-12")
def test_a_withdrawal_leaves_the_account_at_once_and_has_a_number(market: Market) -> None:
    before = market.balance("ben")
    lines = market.wallet("withdraw", "ben", "250").lines
    assert re.fullmatch(r"withdrawal \d+ of 250 JPY requested; .*", lines[0])
    [receipt] = market.world.client.receipts([bytes.fromhex(tx_hash(lines)[2:])])
    assert receipt is not None
    assert receipt.succeeded
    after = market.balance("ben")
    assert after["available_yen5"] == before["available_yen5"] - 250 * YEN
    assert after["free_yen5"] == before["free_yen5"] - 250 * YEN


@pytest.mark.spec("G-12")
def test_the_minimum_deposit_cannot_be_withdrawn(market: Market) -> None:
    before = market.balance("saver")
    sentence = market.wallet("withdraw", "saver", before["free_yen5"] // YEN + 1).refused(
        "UncoveredError"
    )
    assert (
        f"{market.address('saver')} has 99000.00000 JPY free and needs 99001.00000 JPY" in sentence
    )
    assert "yuimaru wallet deposit" in sentence
    assert {**market.balance("saver"), "block": 0} == {**before, "block": 0}


@pytest.mark.parametrize("amount", ["0", "-5", "1.5", "1e3", "", "ten", "1000000000001"])
def test_what_is_no_amount_is_refused(market: Market, amount: str) -> None:
    ran = market.run("wallet", "withdraw", "--account", "saver", "--", amount)
    assert ran.code == 2 or repr(amount) in ran.refused("AmountError")


# -- orders


@pytest.mark.spec("C-04", "G-07", "G-12")
def test_an_order_is_placed_listed_cancelled_and_its_reserve_comes_back(
    market: Market, slot: DeliverySlot
) -> None:
    before = market.balance("anna")
    lines = market.bid("anna", slot, "buy", "20.1", 1234).lines
    assert lines[0] == (
        f"order 0 in slot {slot} ({local_date(slot)} {PRODUCT.label(slot)}): buy 1234 Wh at 20.10 JPY/kWh "
        f"or better for metering point {market.points['anna']}"
    )
    assert lines[1] == "reserved 24.80340 JPY until the auction is booked"
    held = market.balance("anna")
    assert held["reserved_yen5"] - before["reserved_yen5"] == 1234 * 2010
    assert held["free_yen5"] == before["free_yen5"] - 1234 * 2010

    [listed] = market.wallet("list", "anna", "--from", slot, "--to", slot + 1, "--json").json[
        "orders"
    ]
    assert listed == {
        "slot": slot,
        "label": PRODUCT.label(slot),
        "order_id": 0,
        "point": market.points["anna"],
        "side": "buy",
        "limit_sen": 2010,
        "energy_wh": 1234,
        "filled_wh": 0,
        "price_sen": None,
        "state": "pending",
        "reason": "waits for the call auction",
        "transaction": tx_hash(lines),
    }

    told = market.wallet("cancel", "anna", slot, 0).lines
    assert told[0] == f"order 0 of slot {slot} is cancelled, its reserve is free again"
    tx_hash(told)
    after = market.balance("anna")
    assert after["free_yen5"] == before["free_yen5"]
    assert after["reserved_yen5"] == before["reserved_yen5"]
    text = market.wallet("orders", "anna", "--from", slot).lines
    assert text == [
        f"slot {slot} {PRODUCT.label(slot)}  order 0  point {market.points['anna']}  buy 1234 Wh, "
        "limit 20.10 JPY/kWh  cancelled",
        "    0 Wh: was cancelled",
    ]


@pytest.mark.parametrize(
    ("typed", "limit"), [("20.10", 2010), ("0", 0), ("7", 700), ("2010sen", 2010), ("0.05", 5)]
)
def test_prices_are_exact_however_they_are_typed(
    market: Market, slot: DeliverySlot, typed: str, limit: int
) -> None:
    assert market.bid("anna", slot, "buy", typed, 1).code == 0
    order = market.world.client.read(market.world.contracts.auction.order_of(slot, 0))
    assert order.limit == limit


def test_an_order_comes_through_though_a_home_orders_with_the_same_key(
    market: Market, slot: DeliverySlot
) -> None:
    anna = key("anna")
    homes = market.world.order(slot, market.points["anna"], Side.BUY, 700, 10)
    options = ("--account", "anna", "--slot", slot, "--side", "buy", "--price", 8, "--energy", 20)
    ran = market.run_beside(homes, anna, "wallet", "bid", *options)
    assert ran.lines[0].startswith(f"order 1 in slot {slot} ")
    market.world.at(market.world.now)
    auction = market.world.client.read(market.world.contracts.auction.auction_of(slot))
    assert (auction.orders, auction.bid_energy) == (2, 30), "both, each once"


def test_next_is_the_nearest_slot_that_is_open(market: Market) -> None:
    market.world.at(market.world.now + PRODUCT.horizon)
    nearest, later = market.world.open_slot(4), market.world.open_slot(6)
    assert f" in slot {nearest} (" in market.bid("anna", "next", "sell", "5", 10).lines[0]
    market.world.at(PRODUCT.call_time(nearest))
    assert f" in slot {later} (" in market.bid("anna", "next", "sell", "5", 10).lines[0]


def test_without_an_open_slot_next_names_none(market: Market) -> None:
    market.world.at(market.world.now + PRODUCT.horizon)
    sentence = market.bid("anna", "next", "buy", "1", 1).refused("NoSlotOpenError")
    assert "is it running?" in sentence


@pytest.mark.spec("G-05")
def test_the_list_gives_the_reason_when_an_order_got_nothing(
    market: Market, slot: DeliverySlot
) -> None:
    """Ben's offer fills; of the bids one is above, two share the marginal level, one is below."""
    market.order("ben", slot, Side.SELL, 500, 11)
    market.order("anna", slot, Side.BUY, 3000, 10)
    market.order("anna", slot, Side.BUY, 1000, 1)
    market.order("carl", slot, Side.BUY, 1000, 1)
    market.order("carl", slot, Side.BUY, 999, 5)
    market.world.at(PRODUCT.call_time(slot))
    auction = market.world.contracts.auction
    market.world.do(market.world.operator, auction.clear(slot))

    def results(name: str) -> list[tuple[int, str, str]]:
        listed = market.wallet("list", name, "--from", slot, "--to", slot + 1, "--json").json
        return [(o["filled_wh"], o["state"], o["reason"]) for o in listed["orders"]]

    expected = {
        "ben": [(11, "filled", "got all it asked for")],
        "anna": [
            (10, "filled", "got all it asked for"),
            (0, "rounded_to_zero", "its share of the orders at the clearing price is below 1 Wh"),
        ],
        "carl": [
            (1, "filled", "got all it asked for"),
            (0, "limit_not_reached", "the clearing price is beyond its limit"),
        ],
    }
    cleared = {name: results(name) for name in expected}
    market.world.do(market.world.operator, auction.book(slot, 5))
    assert cleared == {name: results(name) for name in expected} == expected

    text = market.wallet("list", "anna", "--from", slot, "--to", slot + 1).lines
    assert text[1] == "    10 Wh at 10.00 JPY/kWh: got all it asked for"
    assert text[3] == "    0 Wh: its share of the orders at the clearing price is below 1 Wh"


def test_a_book_without_a_match_and_a_lapsed_slot_say_so(market: Market) -> None:
    market.world.at(market.world.now + PRODUCT.slot_seconds)
    nothing, lapsed = market.world.open_slot(4), market.world.open_slot(5)
    for each in (nothing, lapsed):
        market.order("anna", each, Side.BUY, 100, 5)
        market.order("ben", each, Side.SELL, 200, 5)
    market.call(nothing, 2)
    market.world.at(lapsed)
    market.world.do(market.world.operator, market.world.contracts.auction.book(lapsed, 2))
    listed = market.wallet("list", "anna", "--from", nothing, "--to", lapsed + 1, "--json").json
    assert [(order["state"], order["reason"]) for order in listed["orders"]] == [
        ("nothing_traded", "no bid met an offer"),
        ("lapsed", "the slot was not cleared before it started"),
    ]


def test_nobody_sees_the_orders_of_others_in_the_list(market: Market, slot: DeliverySlot) -> None:
    market.order("ben", slot, Side.SELL, 500, 10)
    assert market.wallet("list", "carl", "--from", slot).lines == ["no orders"]


# -- refusals


#: A bid that is refused: slot, side, price, energy, more options; error name and parts of its sentence.
REFUSED_BIDS: dict[str, tuple[dict[str, object], str, tuple[str, ...]]] = {
    "price off the grid": (
        {"--price": "327.68"},
        "PriceOffGridError",
        ("price 327.68 JPY/kWh", "from 0.00 to 327.67 JPY/kWh"),
    ),
    "price finer than the tick": (
        {"--price": "20.105"},
        "PriceError",
        ("'20.105'", "at most two decimals"),
    ),
    "negative price": ({"--price": "-1"}, "PriceError", ("'-1'",)),
    "price as a word": ({"--price": "cheap"}, "PriceError", ("'cheap'",)),
    "zero quantity": ({"--energy": "0"}, "AmountError", ("--energy '0'", "from 1 to 100000000")),
    "too large a quantity": ({"--energy": "100000001"}, "AmountError", ("'100000001'",)),
    "fraction of a Wh": ({"--energy": "1.5"}, "AmountError", ("--energy '1.5'", "whole number")),
    "more than the point can carry": (
        {"--energy": LIMIT_WH + 1},
        "RatingExceededError",
        (f"would come to {LIMIT_WH + 1} Wh", f"{LIMIT_WH} Wh that it can carry"),
    ),
    "slot that is no slot": ({"--slot": "12345"}, "SlotError", ("12345", "multiple of 1800")),
    "slot as a word": ({"--slot": "soon"}, "AmountError", ("--slot 'soon'", "'next'")),
    "slot beyond every calendar": ({"--slot": 1 << 63}, "AmountError", (str(1 << 63),)),
    "slot that is not open": (
        {"--slot": 3_600_000_000},
        "SlotNotOpenError",
        ("slot 3600000000 (2084-01-30", "is not open yet", "--slot next"),
    ),
    "past slot": ({"--slot": 1_800_000_000}, "SlotNotOpenError", ("1800000000",)),
    "point of somebody else": ({"--point": 2}, "NotTheOwnerError", ("metering point 2 is not 0x",)),
    "point that does not exist": (
        {"--point": 999},
        "MeteringPointUnknownError",
        ("metering point 999",),
    ),
    "point zero": ({"--point": 0}, "AmountError", ("--point '0'",)),
}


@pytest.mark.spec("G-07")
@pytest.mark.parametrize("name", REFUSED_BIDS)
def test_a_wrong_bid_is_refused_by_name_and_changes_nothing(
    market: Market, slot: DeliverySlot, name: str
) -> None:
    wrong, error, parts = REFUSED_BIDS[name]
    options = {"--slot": slot, "--side": "buy", "--price": "20", "--energy": 100} | wrong
    before = {**market.balance("anna"), "block": 0}
    ran = market.wallet("bid", "anna", *(word for pair in options.items() for word in pair))
    sentence = ran.refused(error)
    for part in parts:
        assert part in sentence
    assert {**market.balance("anna"), "block": 0} == before
    orders = market.world.client.read(market.world.contracts.auction.auction_of(slot)).orders
    assert orders == 0


def test_an_order_after_call_time_is_refused(market: Market, slot: DeliverySlot) -> None:
    market.order("anna", slot, Side.BUY, 100, 5)
    market.world.at(PRODUCT.call_time(slot))
    for ran in (market.bid("anna", slot, "buy", "1", 1), market.wallet("cancel", "anna", slot, 0)):
        sentence = ran.refused("CallTimePassedError")
        assert f"slot {slot} (" in sentence
        assert f"call time {PRODUCT.call_time(slot)}" in sentence
        assert "--slot next" in sentence


@pytest.mark.spec("G-12")
def test_an_uncovered_order_is_refused_whole(market: Market, slot: DeliverySlot) -> None:
    spare = market.balance("poor")["free_yen5"] // YEN - 5
    assert market.wallet("withdraw", "poor", spare).code == 0
    sentence = market.bid("poor", slot, "buy", "20", 500).refused("UncoveredError")
    assert "has 5.00000 JPY free and needs 10.00000 JPY" in sentence
    assert market.bid("poor", slot, "buy", "20", 250).code == 0


@pytest.mark.spec("G-28")
def test_a_suspended_party_may_not_order_but_may_cancel_and_withdraw(
    market: Market, slot: DeliverySlot
) -> None:
    market.join("rogue")
    market.world.at(PRODUCT.first_unopened_slot(market.world.now))
    slot = market.world.open_slot(4)
    market.order("rogue", slot, Side.BUY, 100, 5)
    registry = market.world.contracts.registry
    market.world.do(
        market.world.operator, registry.suspend(market.address("rogue"), reference("why"))
    )
    market.world.mining.mine()
    sentence = market.bid("rogue", slot, "buy", "1", 1).refused("PartyIsSuspendedError")
    assert f"{market.address('rogue')} is suspended" in sentence
    assert market.wallet("cancel", "rogue", slot, 0).code == 0
    assert market.wallet("withdraw", "rogue", 1).code == 0


def test_the_order_of_somebody_else_cannot_be_cancelled(market: Market, slot: DeliverySlot) -> None:
    market.order("ben", slot, Side.SELL, 500, 10)
    sentence = market.wallet("cancel", "anna", slot, 0).refused("NotTheOwnerError")
    assert f"metering point {market.points['ben']} is not {market.address('anna')}'s" in sentence
    order = market.world.client.read(market.world.contracts.auction.order_of(slot, 0))
    assert order.outcome.name == "PENDING"


def test_an_order_that_never_was_or_is_gone_cannot_be_cancelled(
    market: Market, slot: DeliverySlot
) -> None:
    sentence = market.wallet("cancel", "anna", slot, 3).refused("OrderUnknownError")
    assert "has no order 3" in sentence
    market.order("anna", slot, Side.BUY, 100, 5)
    assert market.wallet("cancel", "anna", slot, 0).code == 0
    sentence = market.wallet("cancel", "anna", slot, 0).refused("OrderAlreadyCancelledError")
    assert "was cancelled before" in sentence


def test_without_a_metering_point_there_is_nothing_to_order_for(
    market: Market, slot: DeliverySlot
) -> None:
    market.save_key("visitor")
    sentence = market.bid("visitor", slot, "buy", "1", 1).refused("PointNotNamedError")
    assert "owns no metering point" in sentence


def test_who_owns_several_metering_points_has_to_name_one(market: Market) -> None:
    owner = market.join("farmer")
    second = market.world.add_point(owner, key("second gateway"))
    market.world.at(PRODUCT.first_unopened_slot(market.world.now))
    slot = market.world.open_slot(4)
    sentence = market.bid("farmer", slot, "buy", "1", 1).refused("PointNotNamedError")
    assert f"owns the metering points {market.points['farmer']}, {second}" in sentence
    options = ("--slot", slot, "--side", "buy", "--price", 1, "--energy", 1, "--point", second)
    assert f"for metering point {second}" in market.wallet("bid", "farmer", *options).lines[0]
    assert market.balance("farmer")["minimum_deposit_yen5"] == 2 * MINIMUM_YEN * YEN


def test_a_debt_blocks_orders_and_withdrawals(market: Market) -> None:
    """The party is short by far more than he has: the balancing account advances it, and he owes it."""
    market.join("debtor", yen=MINIMUM_YEN)
    market.world.at(PRODUCT.first_unopened_slot(market.world.now))
    slot = market.world.open_slot(4)
    market.call(slot, 1)
    market.world.at(PRODUCT.slot_end(slot))
    market.attest(slot, {"debtor": (LIMIT_WH * 10, 0)})
    market.settle(slot)
    debt = market.balance("debtor")["debt_yen5"]
    assert debt > 0
    following = market.world.open_slot(4)
    for ran in (
        market.bid("debtor", following, "buy", "1", 1),
        market.wallet("withdraw", "debtor", 1),
    ):
        sentence = ran.refused("DebtOutstandingError")
        assert f"owes {debt // YEN}." in sentence
    advice = market.wallet("deposit", "debtor", "--json").json
    assert advice["missing_yen5"] == debt + MINIMUM_YEN * YEN


@pytest.mark.spec("G-12")
def test_a_debt_is_paid_from_money_that_came_free(tmp_path: Path) -> None:
    with new_market(tmp_path, "anna") as market:
        market.join("payer", yen=MINIMUM_YEN + 10)
        market.world.at(PRODUCT.first_unopened_slot(market.world.now))
        slot = market.world.open_slot(4)
        market.call(slot, 1)
        market.world.at(PRODUCT.slot_end(slot))
        later = market.world.open_slot(8)
        market.order("payer", later, Side.BUY, 2000, 100)
        market.attest(slot, {"payer": (LIMIT_WH * 10, 0)})
        market.settle(slot)
        assert market.wallet("cancel", "payer", later, 0).code == 0
        before = market.balance("payer")
        assert before["available_yen5"] == 2000 * 100

        told = market.wallet("pay-debt", "payer").lines

        after = market.balance("payer")
        assert told[0].startswith("2.00000 JPY paid, ")
        assert after["available_yen5"] == 0
        assert after["debt_yen5"] == before["debt_yen5"] - 2000 * 100


# -- the deployment


def test_a_chain_that_is_down_is_named(market: Market) -> None:
    ran = market.wallet("balance", "anna", "--rpc-url", "http://127.0.0.1:1")
    sentence = ran.refused("ChainUnavailableError")
    assert "http://127.0.0.1:1" in sentence
    assert "yuimaru chain" in sentence


@contextmanager
def replaced(path: Path, **fields: object) -> Iterator[None]:
    """Change fields of a JSON file for a while."""
    good = path.read_text(encoding="utf-8")
    path.write_text(json.dumps({**json.loads(good), **fields}), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(good, encoding="utf-8")


def test_another_chain_than_the_folder_was_made_for_is_refused(market: Market) -> None:
    folder = market.workspace
    with replaced(folder.manifest, chain_id=1), replaced(folder.directory, chain_id=1):
        sentence = market.wallet("balance", "anna").refused("WrongChainError")
    assert f"is chain {market.world.client.chain_id}, not 1" in sentence


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("chain_id", 1, "was written for chain 1, this is chain 7411"),
        ("genesis_hash", "0x" + "00" * 32, "was written for the chain that began with block 0x00"),
    ],
)
def test_a_manifest_of_another_chain_is_refused(
    market: Market, field: str, value: object, problem: str
) -> None:
    with replaced(market.workspace.manifest, **{field: value}):
        sentence = market.wallet("balance", "anna").refused("ManifestError")
    assert problem in sentence


def test_the_endpoint_of_the_chain_goes_before_the_directory(market: Market) -> None:
    endpoint = market.workspace.endpoint("chain")
    market.workspace.write_json(endpoint, {"url": "http://127.0.0.1:1"})
    try:
        assert market.wallet("balance", "anna").code == 1
        assert market.wallet("balance", "anna", "--rpc-url", market.world.chain.url).code == 0
    finally:
        endpoint.unlink()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"rpc_url": 5}, "rpc_url is 5, expected str"),
        ({"chain_id": "7411"}, "chain_id is '7411', expected int"),
    ],
)
def test_a_damaged_directory_is_named(
    market: Market, fields: dict[str, object], problem: str
) -> None:
    with replaced(market.workspace.directory, **fields):
        assert problem in market.wallet("balance", "anna").refused("DirectoryError")


def test_a_folder_without_a_deployment_is_named(tmp_path: Path) -> None:
    sentence = yuimaru("wallet", "balance", "--account", "anna", "--data-dir", tmp_path).refused(
        "UnknownAccountError"
    )
    assert str(tmp_path) in sentence


def test_a_wrong_password_is_refused_with_where_it_came_from(
    market: Market, slot: DeliverySlot, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("guess", encoding="utf-8")
    sentence = market.wallet("cancel", "anna", slot, 0, "--password-file", wrong).refused(
        "WrongPasswordError"
    )
    assert f"the password in {wrong} does not open" in sentence
    assert "--password-file" in sentence
