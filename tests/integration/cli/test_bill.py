"""`yuimaru bill` against a running market: every line recomputed from events, and equal to the ledger's account."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from node.domain.orders import Side
from node.domain.slots import DeliverySlot, local_date
from node.domain.units import SenPerKwh
from node.hub.schemas import BillBody
from tests.integration.chain.world import key, reference
from tests.integration.cli.market import DEPOSIT_YEN, PRODUCT, Market, new_market

pytestmark = pytest.mark.chain

YEN = 100_000
NAMES = ("sun", "shop", "mute", "late")

#: What a silent metering point is taken to have used.
FALLBACK_WH = 400

LONG, SHORT = 300, 3500

Lines = list[tuple[str, int, int, int, str, str | None]]


@dataclass(slots=True)
class Scene:
    """A market with a short slot, a long slot, one that is only booked and one that was voided; bills at three moments."""

    market: Market
    short: DeliverySlot
    long: DeliverySlot
    booked: DeliverySlot
    voided: DeliverySlot
    bills: dict[str, dict[str, Any]] = field(default_factory=dict)

    def keep_bills(self, moment: str) -> None:
        """Keep everybody's bill as it is now."""
        self.bills[moment] = {name: self.bill(name) for name in NAMES}

    def bill(self, name: str, *options: object) -> Any:
        """Return a bill as JSON; the command says itself that it matches."""
        made = self.market.run("bill", "--party", name, "--json", *options).json
        assert made["ledger"]["matches"] is True
        return made

    def lines(self, moment: str, name: str, slot: DeliverySlot) -> Lines:
        """Return the lines of a slot without what is the same for all."""
        wanted = ("kind", "energy_wh", "price_sen", "cash_yen5", "state", "reason")
        return [
            tuple(line[part] for part in wanted)
            for line in self.bills[moment][name]["lines"]
            if line["slot"] == slot
        ]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("market")
    with new_market(folder, *NAMES, fallback=FALLBACK_WH) as market:
        world = market.world
        short, long, booked, voided = (world.open_slot(ahead) for ahead in (4, 5, 6, 7))
        scene = Scene(market, short, long, booked, voided)
        publish = world.contracts.ledger.publish_imbalance_prices(
            scene.short, 4, SenPerKwh(LONG), SenPerKwh(SHORT)
        )
        world.do(world.dso, publish)
        _trade(scene)
        _deliver_and_settle(scene)
        yield scene


def _trade(scene: Scene) -> None:
    market = scene.market
    market.order("sun", scene.short, Side.SELL, 500, 1000)
    market.order("mute", scene.short, Side.SELL, 500, 300)
    market.order("late", scene.short, Side.SELL, 600, 200)
    market.order("shop", scene.short, Side.BUY, 2000, 2000)
    for slot in (scene.long, scene.booked, scene.voided):
        market.order("sun", slot, Side.SELL, 1000, 100)
        market.order("shop", slot, Side.BUY, 2000, 100)
    market.call(scene.short, 4)
    market.call(scene.long, 2)
    assert market.wallet("withdraw", "shop", 10).code == 0
    market.call(scene.booked, 2)
    _void_while_booking(scene)


def _void_while_booking(scene: Scene) -> None:
    world, slot = scene.market.world, scene.voided
    world.at(PRODUCT.call_time(slot))
    auction = world.contracts.auction
    world.do(world.operator, auction.clear(slot), auction.book(slot, 1))
    world.do(world.dso, world.contracts.ledger.void_slot(slot, reference("maintenance")))
    world.do(world.operator, auction.book(slot, 1))


def _deliver_and_settle(scene: Scene) -> None:
    market = scene.market
    market.attest(scene.short, {"sun": (0, 900), "shop": (1600, 0)})
    market.settle(scene.short)
    scene.keep_bills("settled")
    market.attest(scene.short, {"late": (0, 250)})
    late = market.world.contracts.ledger.settle_late(scene.short, [market.points["late"]])
    market.world.do(market.world.operator, late)
    scene.keep_bills("late")
    market.attest(scene.long, {"sun": (0, 150), "shop": (80, 0), "mute": (0, 0), "late": (0, 0)})
    market.settle(scene.long)
    market.finalise(scene.short)
    scene.keep_bills("final")


@pytest.mark.spec("G-10", "C-35", "C-36")
def test_trades_and_imbalances_stand_with_price_cash_and_reason(scene: Scene) -> None:
    assert scene.lines("settled", "sun", scene.short) == [
        ("sold", 1000, 2000, 2_000_000, "settled", None),
        ("imbalance", -100, SHORT, -350_000, "settled", "delivered less than sold"),
    ]
    assert scene.lines("settled", "shop", scene.short) == [
        ("bought", 1500, 2000, -3_000_000, "settled", None),
        ("imbalance", -100, SHORT, -350_000, "settled", "consumed more than bought"),
    ]
    assert scene.lines("final", "sun", scene.long) == [
        ("sold", 100, 1000, 100_000, "settled", None),
        ("imbalance", 50, LONG, 15_000, "settled", "delivered more than sold"),
    ]
    assert scene.lines("final", "shop", scene.long) == [
        ("bought", 100, 1000, -100_000, "settled", None),
        ("imbalance", 20, LONG, 6000, "settled", "consumed less than bought"),
    ]


@pytest.mark.spec("G-11")
def test_proceeds_without_a_reading_are_held_until_it_comes(scene: Scene) -> None:
    waiting = "no reading yet: proceeds are held, the imbalance is open"
    for name, sold in (("mute", 300), ("late", 200)):
        assert scene.lines("settled", name, scene.short) == [
            ("sold", sold, 2000, sold * 2000, "held", None),
            ("imbalance", 0, 0, 0, "held", waiting),
        ]
        assert scene.bills["settled"][name]["totals"]["held_yen5"] == sold * 2000
    assert scene.lines("late", "late", scene.short) == [
        ("sold", 200, 2000, 400_000, "settled", None),
        ("imbalance", 50, LONG, 15_000, "settled", "delivered more than sold"),
    ]
    assert scene.bills["late"]["late"]["ledger"]["held_yen5"] == 0


@pytest.mark.spec("G-11")
def test_whoever_stays_silent_is_settled_on_the_fallback(scene: Scene) -> None:
    shortfall = 300 + FALLBACK_WH
    assert scene.lines("final", "mute", scene.short) == [
        ("sold", 300, 2000, 600_000, "settled", None),
        (
            "imbalance",
            -shortfall,
            SHORT,
            -shortfall * SHORT,
            "settled",
            "no reading: counted as no export and the registered fallback import",
        ),
    ]


def test_what_is_booked_is_pending_and_what_is_voided_does_not_count(scene: Scene) -> None:
    for moment in ("settled", "final"):
        assert scene.lines(moment, "sun", scene.booked) == [
            ("sold", 100, 1000, 100_000, "pending", None)
        ]
        assert scene.bills[moment]["sun"]["totals"]["pending_yen5"] >= 100_000
        assert scene.lines(moment, "sun", scene.voided) == []
        assert scene.lines(moment, "shop", scene.voided) == []


@pytest.mark.spec("G-10", "G-12", "C-33")
@pytest.mark.parametrize("moment", ["settled", "late", "final"])
@pytest.mark.parametrize("name", NAMES)
def test_a_bill_comes_to_what_the_ledger_held(scene: Scene, name: str, moment: str) -> None:
    made = scene.bills[moment][name]
    proof = made["ledger"]
    assert proof["paid_in_yen5"] == DEPOSIT_YEN * YEN
    assert proof["withdrawn_yen5"] == (10 * YEN if name == "shop" else 0)
    cash = sum(line["cash_yen5"] for line in made["lines"] if line["state"] == "settled")
    assert cash == proof["settled_yen5"] == made["totals"]["cash_yen5"]
    account = scene.market.world.client.read(
        scene.market.world.contracts.ledger.account_of(key(name).address), at=proof["block"]
    )
    held = account.available + account.reserved - account.debt
    assert proof["billed_yen5"] == proof["ledger_yen5"] == proof["referee_yen5"] == held


@pytest.mark.spec("G-10")
def test_all_cash_and_the_balancing_account_add_to_zero(scene: Scene) -> None:
    cash = sum(made["totals"]["cash_yen5"] for made in scene.bills["final"].values())
    balancing = scene.market.world.contracts.ledger.balancing_account()
    assert cash + scene.market.world.client.read(balancing) == 0


@pytest.mark.spec("C-33", "C-36")
def test_every_line_names_a_transaction_that_says_so(scene: Scene) -> None:
    lines = scene.bills["final"]["sun"]["lines"]
    hashes = [bytes.fromhex(line["transaction"][2:]) for line in lines]
    contracts = scene.market.world.contracts
    expected = {"sold": "FillsBooked", "imbalance": "PointsSettled"}
    for line, receipt in zip(lines, scene.market.world.client.receipts(hashes), strict=True):
        assert receipt is not None
        events = contracts.decode_all(receipt.logs)
        named = {event.name for event in events if event.args.get("slot") == line["slot"]}
        assert expected[line["kind"]] in named


def test_the_json_is_the_bill_of_the_hub_with_the_proof_beside_it(scene: Scene) -> None:
    made = dict(scene.bills["final"]["mute"])
    assert set(made.pop("ledger")) >= {"block", "billed_yen5", "ledger_yen5", "matches", "problem"}
    assert BillBody.model_validate(made).model_dump() == made


def test_a_span_bounds_the_lines_and_not_the_proof(scene: Scene) -> None:
    whole, part = scene.bill("sun"), scene.bill("sun", "--from", scene.long, "--to", scene.booked)
    assert {line["slot"] for line in part["lines"]} == {scene.long}
    assert part["totals"]["sold_wh"] == 100
    assert part["ledger"]["billed_yen5"] == whole["ledger"]["billed_yen5"]


def test_a_span_may_be_given_in_local_days(scene: Scene) -> None:
    day = local_date(scene.short).isoformat()
    assert scene.bill("sun", "--from", day)["lines"]
    assert scene.bill("sun", "--to", day)["lines"] == []
    assert scene.bill("sun", "--from", "2099-12-31T13:30")["lines"] == []


def test_a_party_may_be_named_by_address_or_by_an_account_of_the_folder(scene: Scene) -> None:
    address = scene.market.address("sun")
    lines = scene.bill("sun")["lines"]
    assert scene.bill(address)["lines"] == scene.bill(address.upper())["lines"] == lines
    account = scene.market.workspace.keystore("account-sun")
    account.rename(account.with_name("account-sunny.json"))
    try:
        assert scene.bill("sunny")["lines"] == lines
    finally:
        account.with_name("account-sunny.json").rename(account)


def test_as_text_a_bill_can_be_read(scene: Scene) -> None:
    lines = scene.market.run("bill", "--party", "sun").lines
    address, day = scene.market.address("sun"), local_date(scene.short)
    first, why = lines[2:4]
    assert lines[0] == f"bill of sun ({address}); cash in JPY, received is positive"
    assert first.split("  ")[0] == f"{day} {PRODUCT.label(scene.short)} ({scene.short})"
    assert first.split()[3:] == [
        *("trade,", "sold", "1.000", "kWh", "20.00", "JPY/kWh", "20.00000", "JPY"),
        scene.bills["final"]["sun"]["lines"][0]["transaction"],
    ]
    assert "imbalance" in why
    point = scene.market.points["sun"]
    assert lines[4] == (
        "    delivered less than sold "
        f"(metered: 0.000 kWh taken, 0.900 kWh given at metering point {point})"
    )
    assert any(line.endswith("pending") for line in lines)
    assert lines[-1] == "matches: bill, ledger and referee agree to 1e-5 JPY"
    totals = {" ".join(line.split()[:-2]): line.split()[-2] for line in lines if "  " in line[:3]}
    assert totals["paid in"] == "100000.00000"
    assert totals["ledger holds"] == totals["referee recomputed"] == totals["comes to"]


def test_a_party_without_trades_gets_an_empty_bill_that_matches(scene: Scene) -> None:
    bank = scene.market.world.admit("onlooker")
    lines = scene.market.run("bill", "--party", bank.address).lines
    assert "no trades and no imbalances in these slots" in lines
    assert lines[-1].startswith("matches")


# -- refusals


@pytest.mark.parametrize("party", ["nobody", "0x12", "0x" + "zz" * 20, ""])
def test_an_unknown_party_is_refused_with_those_that_are_known(scene: Scene, party: str) -> None:
    sentence = scene.market.run("bill", "--party", party).refused("UnknownPartyError")
    assert f"party {party!r} takes no part in this market" in sentence
    assert "known members: sun, shop, mute, late" in sentence


def test_an_address_that_was_never_admitted_has_no_bill(scene: Scene) -> None:
    stranger = key("stranger").address
    assert stranger in scene.market.run("bill", "--party", stranger).refused("UnknownPartyError")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--from", "yesterday"), "--from 'yesterday': expected Unix seconds"),
        (("--to", "2026-13-01"), "--to '2026-13-01'"),
        (("--from", "-5"), "--from '-5'"),
        (("--from", 100, "--to", 100), "--to '100': expected an instant after --from 100"),
    ],
)
def test_a_span_that_is_none_is_refused(
    scene: Scene, options: tuple[object, ...], part: str
) -> None:
    assert part in scene.market.run("bill", "--party", "sun", *options).refused("InstantError")


def test_a_bill_that_does_not_match_is_printed_and_is_an_error(scene: Scene) -> None:
    """A manifest that begins after the first deposit hides it from the bill, and the ledger shows it."""
    manifest = scene.market.workspace.manifest
    good = manifest.read_text(encoding="utf-8")
    content: Mapping[str, object] = json.loads(good)
    manifest.write_text(
        json.dumps({**content, "block": _first_deposit(scene) + 1}), encoding="utf-8"
    )
    try:
        ran = scene.market.run("bill", "--party", "sun")
    finally:
        manifest.write_text(good, encoding="utf-8")
    assert ran.code == 1
    assert ran.out.splitlines()[-1].startswith("DOES NOT MATCH: the bill comes to ")
    assert ran.err.startswith("yuimaru: BillDiffersError: the bill comes to ")


def _first_deposit(scene: Scene) -> int:
    world = scene.market.world
    ledger = world.contracts.ledger
    topics = [ledger.abi.event("Credited").digest]
    return world.client.logs_between(0, world.client.head(), [ledger.address], topics)[
        0
    ].block_number


def test_without_a_deployment_there_is_no_bill(scene: Scene, tmp_path: Path) -> None:
    url = scene.market.world.chain.url
    ran = scene.market.run("bill", "--party", "sun", "--rpc-url", url)
    assert ran.code == 0
    manifest = scene.market.workspace.manifest
    moved = manifest.rename(tmp_path / "manifest.json")
    try:
        sentence = scene.market.run("bill", "--party", "sun").refused("ManifestError")
    finally:
        moved.rename(manifest)
    assert "is missing; run `yuimaru deploy`" in sentence


def test_a_chain_that_is_down_is_named(scene: Scene) -> None:
    ran = scene.market.run("bill", "--party", "sun", "--rpc-url", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1" in ran.refused("ChainUnavailableError")
