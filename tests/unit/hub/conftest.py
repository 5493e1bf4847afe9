"""A hub on a chain in memory, on which Alice (point 1) sold 400 Wh to Bob (point 2) in the first slot."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from node.chain.signing import LocalSigner, SigningDomain
from node.domain.clock import VirtualClock
from node.domain.orders import Side
from node.domain.readings import IntervalEnergy, Reading, pack_values
from node.domain.slots import HALF_HOURS
from node.domain.units import WattHours
from node.hub.app import create_app
from node.hub.dependencies import HubDependencies, Services
from node.hub.deployment import Signatures
from node.indexer.memory import MemoryChain, Said
from node.store.database import Database
from node.store.records import SystemRole

SLOT = 180_000
NOW = SLOT + HALF_HOURS.slot_seconds + 60
INITIAL_PASSWORD = "welcome to the neighbourhood"
ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20
OWNERS = {1: ALICE, 2: BOB}
GATEWAYS = {point: LocalSigner(bytes([point]) * 32) for point in OWNERS}
CHAIN_ID, ORACLE, REGISTRY = 31337, "0x" + "0c" * 20, "0x" + "0d" * 20
METER_ORACLE_DOMAIN = SigningDomain.of_meter_oracle(CHAIN_ID, ORACLE)
REGISTRY_DOMAIN = SigningDomain.of_registry(CHAIN_ID, REGISTRY)

SETTLED_RESULT = (-100, 800_000, -300_000)


def point_registered(point: int) -> Said:
    registration = {
        "owner": OWNERS[point],
        "gateway": GATEWAYS[point].address,
        "kind": 1,
        "source": 1,
        "cell": 1,
        "importLimit": 100_000,
        "exportLimit": 50_000,
        "fallbackImport": 0,
        "detailsHash": bytes(32),
    }
    args = {
        "point": point,
        "owner": OWNERS[point],
        "registration": registration,
        "activeFrom": 0,
    }
    return ("ParticipantRegistry", "PointRegistered", args)


def order(order_id: int, point: int, side: Side, limit: int, energy: int) -> Said:
    args = {
        "slot": SLOT,
        "point": point,
        "orderId": order_id,
        "side": list(Side).index(side),
        "limit": limit,
        "energy": energy,
    }
    return ("SpotAuction", "OrderSubmitted", args)


def fill_word(order_id: int, point: int, side: Side, energy: int) -> int:
    return energy << 49 | list(Side).index(side) << 48 | point << 24 | order_id


def result_word(point: int, imbalance_wh: int, contract: int, imbalance: int) -> int:
    parts = [(point, 0, 24), (imbalance_wh, 32, 48), (contract, 80, 80), (imbalance, 160, 96)]
    return sum((value & (1 << bits) - 1) << lowest for value, lowest, bits in parts)


def trade_in_first_slot(chain: MemoryChain) -> None:
    """Mine the life of a slot up to its settlement."""
    result = {
        "price": 2000,
        "volume": 400,
        "bidFilled": 400,
        "bidTotal": 400,
        "offerFilled": 400,
        "offerTotal": 500,
    }
    fills = (fill_word(0, 1, Side.SELL, 400), fill_word(1, 2, Side.BUY, 400))
    energies = {
        1: IntervalEnergy(WattHours(0), WattHours(300)),
        2: IntervalEnergy(WattHours(400), WattHours(0)),
    }
    batch = {
        "slot": SLOT,
        "firstPoint": 0,
        "root": bytes(32),
        "measuredFrom": SLOT + 1800,
        "measuredUntil": SLOT + 1800,
        "signers": (),
        "values": pack_values(0, energies),
    }
    results = (result_word(1, *SETTLED_RESULT), result_word(2, 0, -800_000, 0))
    prices = {"slot": SLOT, "longPrice": 500, "shortPrice": 3000, "missing": 0}
    chain.mine(point_registered(1), point_registered(2))
    chain.mine(("SpotAuction", "SlotOpened", {"slot": SLOT}))
    chain.mine(order(0, 1, Side.SELL, 2000, 500))
    chain.mine(order(1, 2, Side.BUY, 2500, 400))
    chain.mine(("SpotAuction", "SlotCleared", {"slot": SLOT, "result": result}))
    chain.mine(
        ("SpotAuction", "FillsBooked", {"slot": SLOT, "firstOrder": 0, "fills": fills}),
        ("SpotAuction", "SlotBooked", {"slot": SLOT, "phase": 4}),
    )
    chain.mine(("MeterOracle", "BatchAttested", batch))
    chain.mine(
        ("SettlementLedger", "PointsSettled", {"slot": SLOT, "results": results}),
        ("SettlementLedger", "SlotSettled", prices),
    )


@pytest.fixture
def chain() -> MemoryChain:
    made = MemoryChain()
    trade_in_first_slot(made)
    return made


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'hub.db'}")
    yield opened
    opened.close()


@pytest.fixture
def app(database: Database, chain: MemoryChain, clock: VirtualClock) -> FastAPI:
    signatures = Signatures(METER_ORACLE_DOMAIN, REGISTRY_DOMAIN)
    made = create_app(
        HubDependencies(
            database=database,
            chain=chain,
            clock=clock,
            product=HALF_HOURS,
            initial_password=INITIAL_PASSWORD,
            recover_reading=signatures.of_reading,
            recover_possession=signatures.of_possession,
            finality_depth=4,
        )
    )
    services: Services = made.state.services
    services.indexing.follower.catch_up()
    return made


@pytest.fixture
def services(app: FastAPI) -> Services:
    found: Services = app.state.services
    return found


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/v1") as made:
        yield made


@pytest.fixture
def registration(services: Services) -> Callable[..., dict[str, object]]:
    def make(point: int = 1, **changed: object) -> dict[str, object]:
        """Return the body with which the listed device of a point registers."""
        gateway, device_id = GATEWAYS[point], f"meter-{point}"
        services.registrar.list_device(device_id)
        proof = gateway.sign(REGISTRY_DOMAIN.possession_digest(OWNERS[point], gateway.address))
        body: dict[str, object] = {
            "device_id": device_id,
            "initial_password": INITIAL_PASSWORD,
            "kind": "meter",
            "name": f"Meter of house {point}",
            "maker": "Maker",
            "location": "Urawa-Misono",
            "metering_point": point,
            "gateway": gateway.address,
            "possession": f"0x{proof.hex()}",
        }
        return body | changed

    return make


@pytest.fixture
def register(
    client: httpx.AsyncClient, registration: Callable[..., dict[str, object]]
) -> Callable[..., object]:
    async def do(point: int = 1) -> tuple[str, str]:
        """Register the device of a point and return its credentials."""
        answer = await client.post("/registrations", json=registration(point))
        assert answer.status_code == 201
        return (f"meter-{point}", answer.json()["password"])

    return do


@pytest.fixture
def reading() -> Callable[..., dict[str, object]]:
    def make(point: int = 1, signer: int | None = None, **changed: int) -> dict[str, object]:
        """Return the signed body of a point's reading of the first slot."""
        import_wh = changed.pop("import_wh", 400)
        values = {
            "point": point,
            "slot": SLOT,
            "import_wh": import_wh,
            "export_wh": 0,
            "import_start": 10_000,
            "import_end": 10_000 + import_wh,
            "export_start": 7,
            "export_end": 7,
            "measured_at": SLOT + HALF_HOURS.slot_seconds,
            "sequence": 1,
            "version": 1,
        }
        said = Reading(**(values | changed))  # type: ignore[arg-type]
        signature = GATEWAYS[signer or point].sign(METER_ORACLE_DOMAIN.reading_digest(said))
        return asdict(said) | {"signature": f"0x{signature.hex()}"}

    return make


@pytest.fixture
def upper_system(services: Services) -> tuple[str, str]:
    return ("dmo", services.registrar.add_system("dmo", SystemRole.UPPER))
