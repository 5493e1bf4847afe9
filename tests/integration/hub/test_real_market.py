"""A hub on the shipped contracts on a real chain: signed readings in, the ledger's figures out."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import pytest

from node.chain.signing import LocalSigner, SigningDomain
from node.domain.clock import VirtualClock
from node.domain.orders import Side
from node.domain.readings import Reading
from node.domain.slots import DeliverySlot
from node.domain.units import WattHours
from node.hub.app import create_app
from node.hub.dependencies import Services
from node.hub.deployment import hub_of_deployment
from node.indexer.bills import balance, balancing_account
from node.indexer.queries import all_bill_rows
from node.store.database import Database
from node.store.records import SystemRole
from tests.integration.chain.world import WARM_UP, World, key, new_world

pytestmark = pytest.mark.chain

INITIAL_PASSWORD = "welcome to the neighbourhood"

#: Metered (import, export) of Alice and Bob; Carol is silent.
METERED = {"alice": (0, 900), "bob": (1300, 0)}


@dataclass(slots=True)
class Neighbourhood:
    """Three homes on a chain, and the hub that follows it."""

    world: World
    services: Services
    client: httpx.AsyncClient
    clock: VirtualClock
    points: dict[str, int]

    def follow(self) -> None:
        """Bring the hub's clock and tables up to the chain."""
        self.clock.advance_to(self.world.now)
        self.services.indexing.follower.catch_up()

    async def get(self, path: str) -> dict[str, object]:
        """Return what the hub answers."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        body: dict[str, object] = answer.json()
        return body


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with new_world(tmp_path) as made:
        made.install_oracles()
        yield made
        made.mining._client.close()


@pytest.fixture
async def homes(world: World, tmp_path: Path) -> AsyncIterator[Neighbourhood]:
    points = {
        name: world.add_point(world.admit(name, yen=10_000), gateway(name))
        for name in ("alice", "bob", "carol")
    }
    world.at(world.now + WARM_UP)
    database = Database.open(f"sqlite:///{tmp_path / 'hub.db'}")
    clock = VirtualClock(world.now)
    app = create_app(
        hub_of_deployment(
            world.manifest,
            world.client,
            database=database,
            clock=clock,
            initial_password=INITIAL_PASSWORD,
            finality_depth=8,
        )
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/v1") as client:
        made = Neighbourhood(world, app.state.services, client, clock, points)
        made.follow()
        yield made
    database.close()


def gateway(name: str) -> LocalSigner:
    return key(f"gateway of {name}")


async def register(homes: Neighbourhood, name: str) -> tuple[str, str]:
    homes.services.registrar.list_device(f"home-{name}")
    registry = homes.world.contracts.registry
    domain = SigningDomain.of_registry(homes.world.client.chain_id, registry.address)
    own = gateway(name)
    proof = own.sign(domain.possession_digest(key(name).address, own.address))
    body = {
        "device_id": f"home-{name}",
        "initial_password": INITIAL_PASSWORD,
        "kind": "home",
        "name": name,
        "maker": "Maker",
        "location": "Urawa-Misono",
        "metering_point": homes.points[name],
        "gateway": own.address,
        "possession": f"0x{proof.hex()}",
    }
    answer = await homes.client.post("/registrations", json=body)
    assert answer.status_code == 201, answer.text
    return (f"home-{name}", answer.json()["password"])


def signed_reading(homes: Neighbourhood, name: str, slot: DeliverySlot) -> dict[str, object]:
    imported, exported = METERED[name]
    said = Reading(
        point=homes.points[name],
        slot=slot,
        import_wh=WattHours(imported),
        export_wh=WattHours(exported),
        import_start=WattHours(0),
        import_end=WattHours(imported),
        export_start=WattHours(0),
        export_end=WattHours(exported),
        measured_at=homes.world.product.slot_end(slot),
        sequence=1,
        version=1,
    )
    oracle = homes.world.contracts.oracle
    domain = SigningDomain.of_meter_oracle(homes.world.client.chain_id, oracle.address)
    signature = gateway(name).sign(domain.reading_digest(said))
    return asdict(said) | {"signature": f"0x{signature.hex()}"}


def trade(homes: Neighbourhood) -> DeliverySlot:
    """Let Alice and Carol sell and Bob buy: at 2,000 sen, 1,200 Wh in all."""
    world, points = homes.world, homes.points
    slot = world.open_slot(ahead=4)
    world.do(key("alice"), world.order(slot, points["alice"], Side.SELL, 1000, 1000))
    world.do(key("carol"), world.order(slot, points["carol"], Side.SELL, 2000, 500))
    world.do(key("bob"), world.order(slot, points["bob"], Side.BUY, 2500, 1200))
    world.at(world.product.call_time(slot))
    world.do(world.operator, world.contracts.auction.clear(slot))
    world.do(world.operator, world.contracts.auction.book(slot, 100))
    return slot


def settle(homes: Neighbourhood, slot: DeliverySlot) -> None:
    world = homes.world
    world.at(world.product.slot_end(slot))
    metered = {homes.points[name]: energies for name, energies in METERED.items()}
    world.do(world.operator, world.attestation(slot, metered))
    world.at(world.product.reading_deadline(slot))
    world.do(world.operator, world.contracts.ledger.settle(slot, 100))


def assert_the_ledger_agrees(homes: Neighbourhood) -> None:
    """Compare what every account should hold by the bills with what the ledger says."""
    world = homes.world
    with homes.services.database.read() as view:
        rows = all_bill_rows(view)
    for name in homes.points:
        account = world.client.read(world.contracts.ledger.account_of(key(name).address))
        assert (
            balance(key(name).address, rows) == account.available + account.reserved - account.debt
        )
    assert balancing_account(rows) == world.client.read(world.contracts.ledger.balancing_account())


@pytest.mark.spec("C-24", "C-27", "C-36", "D-35", "G-10", "G-11")
async def test_the_hubs_bills_are_the_ledgers_to_the_last_yen5(homes: Neighbourhood) -> None:
    slot = trade(homes)
    homes.follow()
    before = await homes.get(f"/slots/{slot}")
    assert (before["phase"], before["price_sen"], before["volume_wh"]) == ("booked", 2000, 1200)
    units = (await homes.get(f"/slots/{slot}/units"))["units"]
    assert isinstance(units, list)
    assert [(unit["seller"], unit["buyer"], unit["energy_wh"]) for unit in units] == [
        (key("alice").address, key("bob").address, 1000),
        (key("carol").address, key("bob").address, 200),
    ]
    assert_the_ledger_agrees(homes)

    settle(homes, slot)
    homes.follow()
    assert (await homes.get(f"/slots/{slot}"))["missing"] == 1
    carol = await homes.get(f"/bills/{key('carol').address}")
    assert carol["totals"]["held_yen5"] == 200 * 2000  # type: ignore[index]
    assert_the_ledger_agrees(homes)

    homes.world.at(homes.world.product.final_time(slot))
    homes.world.do(homes.world.operator, homes.world.contracts.ledger.finalise(slot, 100))
    homes.follow()
    assert (await homes.get(f"/slots/{slot}"))["phase"] == "final"
    reasons = {}
    for name in homes.points:
        lines = (await homes.get(f"/bills/{key(name).address}"))["lines"]
        assert isinstance(lines, list)
        reasons[name] = [line["reason"] for line in lines if line["kind"] == "imbalance"]
    assert reasons == {
        "alice": ["delivered less than sold"],
        "bob": ["consumed more than bought"],
        "carol": ["no reading: counted as no export and the registered fallback import"],
    }
    assert_the_ledger_agrees(homes)


@pytest.mark.spec("D-34", "D-49", "D-57", "F-48", "G-29")
async def test_homes_register_with_their_keys_and_an_oracle_fetches_what_they_signed(
    homes: Neighbourhood,
) -> None:
    slot = trade(homes)
    homes.world.at(homes.world.product.slot_end(slot))
    homes.follow()
    sent = []
    for name in METERED:
        body = signed_reading(homes, name, slot)
        answer = await homes.client.post("/readings", json=body, auth=await register(homes, name))
        assert answer.status_code == 201, answer.text
        sent.append(body)

    oracle = ("oracle-1", homes.services.registrar.add_system("oracle-1", SystemRole.ORACLE))
    answer = await homes.client.get("/readings", params={"slot": slot}, auth=oracle)
    assert answer.json() == {"readings": sent, "next": None}


async def test_what_the_real_chain_takes_back_leaves_the_hub(homes: Neighbourhood) -> None:
    slot = trade(homes)
    homes.follow()
    with homes.services.database.read() as view:
        before = view.chain.head()
    assert before is not None

    homes.world.client.request("anvil_rollback", 2)
    homes.world.mining.mine()
    homes.follow()

    with homes.services.database.read() as view:
        after = view.chain.head()
    assert after is not None
    assert after.hash != before.hash
    assert (await homes.get(f"/slots/{slot}"))["phase"] == "closed"
    assert (await homes.get(f"/slots/{slot}/units"))["units"] == []


async def test_rebuilt_tables_are_the_same(homes: Neighbourhood) -> None:
    slot = trade(homes)
    settle(homes, slot)
    homes.follow()
    follower = homes.services.indexing.follower
    with homes.services.database.read() as view:
        before = view.chain.content()
    follower.rebuild()
    follower.catch_up()
    with homes.services.database.read() as view:
        assert view.chain.content() == before
