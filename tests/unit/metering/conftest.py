"""A hub's database with one point on its chain tables, a clock that stands, and keys that are names."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from node.domain.clock import VirtualClock
from node.domain.readings import Reading
from node.domain.slots import HALF_HOURS
from node.metering.extraction import Extraction
from node.metering.intake import Intake
from node.metering.passwords import Passwords
from node.metering.registration import Registrar
from node.store.chain_records import (
    Block,
    ChainRecord,
    GatewayRecord,
    Logged,
    Origin,
    OwnerRecord,
    PointRecord,
)
from node.store.database import Database
from node.store.records import Registration, SignedReading

SLOT = 180_000
NOW = SLOT + HALF_HOURS.slot_seconds + 60
OWNERS = {1: "0x" + "a1" * 20, 2: "0x" + "a2" * 20}
GATEWAYS = {1: "0x" + "b1" * 20, 2: "0x" + "b2" * 20}
INITIAL_PASSWORD = "welcome to the neighbourhood"


def sign(reading: Reading, gateway: str) -> bytes:
    """Sign in a way that a changed field breaks and that needs no curve."""
    return gateway.encode() + sha256(repr(reading).encode()).digest()


def recover_reading(reading: Reading, signature: bytes) -> str | None:
    gateway, digest = signature[:42], signature[42:]
    return gateway.decode() if digest == sha256(repr(reading).encode()).digest() else None


def recover_possession(owner: str, gateway: str, signature: bytes) -> str | None:
    return gateway if signature == f"{owner} lets {gateway} read".encode() else None


def point_records(point: int) -> list[ChainRecord]:
    return [
        PointRecord(point, 1, 1, 0, 100_000, 50_000, 100_000, 0, bytes(32)),
        OwnerRecord(point, OWNERS[point], 0),
        GatewayRecord(point, GATEWAYS[point], 0),
    ]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'hub.db'}")
    block = Block(0, b"\x01" * 32, bytes(32), 0)
    records = [*point_records(1), *point_records(2)]
    rows = [
        Logged(Origin(0, block.hash, index, bytes(32)), record)
        for index, record in enumerate(records)
    ]
    with opened.write() as work:
        work.chain.append(block, rows, after=None)
        work.commit()
    yield opened
    opened.close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture
def registrar(database: Database, clock: VirtualClock, passwords: Passwords) -> Registrar:
    return Registrar(database, clock, passwords, INITIAL_PASSWORD, recover_possession)


@pytest.fixture
def intake(database: Database, clock: VirtualClock, passwords: Passwords) -> Intake:
    return Intake(database, clock, HALF_HOURS, passwords, recover_reading)


@pytest.fixture
def extraction(database: Database, clock: VirtualClock, passwords: Passwords) -> Extraction:
    return Extraction(database, clock, passwords)


@pytest.fixture
def registration() -> Callable[..., Registration]:
    def make(point: int = 1, **changed: object) -> Registration:
        gateway = GATEWAYS[point]
        values: dict[str, object] = {
            "kind": "meter",
            "name": f"Meter of house {point}",
            "maker": "Maker",
            "location": "Urawa-Misono",
            "point": point,
            "gateway": gateway,
            "possession": f"{OWNERS[point]} lets {gateway} read".encode(),
        }
        return Registration(**(values | changed))  # type: ignore[arg-type]

    return make


@pytest.fixture
def reading() -> Callable[..., SignedReading]:
    def make(
        point: int = 1, slots: int = 0, key: str | None = None, **changed: int
    ) -> SignedReading:
        """Return the reading of a point `slots` after the first slot, signed by its gateway or by `key`."""
        slot = SLOT + slots * HALF_HOURS.slot_seconds
        import_wh = changed.pop("import_wh", 500)
        start = 10_000 + 500 * slots
        values = {
            "point": point,
            "slot": slot,
            "import_wh": import_wh,
            "export_wh": 0,
            "import_start": start,
            "import_end": start + import_wh,
            "export_start": 7,
            "export_end": 7,
            "measured_at": slot + HALF_HOURS.slot_seconds,
            "sequence": slots + 1,
            "version": 1,
        }
        said = Reading(**(values | changed))  # type: ignore[arg-type]
        return SignedReading(said, sign(said, key or GATEWAYS[point]))

    return make


@pytest.fixture
def initial_password() -> str:
    return INITIAL_PASSWORD
