"""The hub as devices meet it: on a real socket, killed in the middle, with a port that is taken."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

import httpx
import pytest

from node.chain.signing import LocalSigner, SigningDomain
from node.domain.clock import VirtualClock
from node.domain.readings import Reading
from node.domain.slots import demonstration_product
from node.hub.app import create_app
from node.hub.dependencies import HubDependencies
from node.hub.deployment import Signatures
from node.hub.errors import AddressTakenError
from node.hub.server import HubServer
from node.indexer.memory import MemoryChain
from node.store.database import Database
from node.store.readings import Conditions

PROGRAM = Path(__file__).with_name("hub_process.py")
PRODUCT = demonstration_product(10)
FIRST_SLOT = 900_000
OWNER = "0x" + "a1" * 20
GATEWAY = LocalSigner(b"\x01" * 32)
METER_ORACLE = SigningDomain.of_meter_oracle(31337, "0x" + "0c" * 20)
REGISTRY = SigningDomain.of_registry(31337, "0x" + "0d" * 20)


@contextmanager
def hub_process(url: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run a hub on a database in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield _line(process.stdout), process
    finally:
        process.kill()
        process.communicate()


def _line(output: IO[str] | None) -> str:
    assert output is not None
    line = output.readline().strip()
    assert line.startswith("http://"), "the hub did not start"
    return line


def registration() -> dict[str, object]:
    proof = GATEWAY.sign(REGISTRY.possession_digest(OWNER, GATEWAY.address))
    return {
        "device_id": "meter-1",
        "initial_password": "welcome to the neighbourhood",
        "kind": "meter",
        "name": "Meter of house 1",
        "maker": "Maker",
        "location": "Urawa-Misono",
        "metering_point": 1,
        "gateway": GATEWAY.address,
        "possession": f"0x{proof.hex()}",
    }


def reading(number: int) -> dict[str, object]:
    """Return the signed reading of the slot with this number, 50 Wh more each."""
    slot = FIRST_SLOT + number * PRODUCT.slot_seconds
    said = Reading(
        point=1,
        slot=slot,  # type: ignore[arg-type]
        import_wh=50,  # type: ignore[arg-type]
        export_wh=0,  # type: ignore[arg-type]
        import_start=50 * number,  # type: ignore[arg-type]
        import_end=50 * number + 50,  # type: ignore[arg-type]
        export_start=0,  # type: ignore[arg-type]
        export_end=0,  # type: ignore[arg-type]
        measured_at=slot + PRODUCT.slot_seconds,
        sequence=number + 1,
        version=1,
    )
    signature = GATEWAY.sign(METER_ORACLE.reading_digest(said))
    return asdict(said) | {"signature": f"0x{signature.hex()}"}


@pytest.mark.spec("D-49", "D-50", "D-51", "D-53")
def test_a_killed_hub_loses_and_doubles_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    with hub_process(url) as (address, _):
        answer = httpx.post(f"{address}/v1/registrations", json=registration())
        assert answer.status_code == 201
        device = ("meter-1", answer.json()["password"])

    acknowledged = 0
    for _ in range(3):
        with hub_process(url) as (address, process), httpx.Client(base_url=address) as client:
            for _ in range(5):
                sent = client.post("/v1/readings", json=reading(acknowledged), auth=device)
                assert sent.status_code == 201
                acknowledged += 1
            process.kill()
            with pytest.raises(httpx.TransportError):
                client.post("/v1/readings", json=reading(acknowledged), auth=device)

    with hub_process(url) as (address, _):
        again = httpx.post(f"{address}/v1/readings", json=reading(7), auth=device)
        assert (again.status_code, again.json()["status"]) == (200, "repeated")
    database = Database.open(url)
    with database.read() as view:
        stored = [row.signed.reading.sequence for row in view.readings.select(Conditions())]
    database.close()
    assert stored == list(range(1, acknowledged + 1))


def test_a_hub_whose_standard_input_ends_stops_by_itself(tmp_path: Path) -> None:
    with hub_process(f"sqlite:///{tmp_path / 'hub.db'}") as (address, process):
        assert httpx.get(f"{address}/v1/health").status_code == 200
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0
        process.stdin = None


@pytest.fixture
def given(tmp_path: Path) -> Iterator[HubDependencies]:
    database = Database.open(f"sqlite:///{tmp_path / 'hub.db'}")
    chain = MemoryChain()
    chain.mine()
    signatures = Signatures(METER_ORACLE, REGISTRY)
    yield HubDependencies(
        database=database,
        chain=chain,
        clock=VirtualClock(1_000_000),
        product=PRODUCT,
        initial_password="secret",
        recover_reading=signatures.of_reading,
        recover_possession=signatures.of_possession,
        finality_depth=4,
    )
    database.close()


def test_a_port_that_is_taken_is_named(given: HubDependencies) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AddressTakenError, match=f"127.0.0.1:{port}"):
            HubServer(create_app(given), "127.0.0.1", port)


async def test_a_served_hub_follows_the_chain_and_stops_when_told(given: HubDependencies) -> None:
    server = HubServer(create_app(given), "127.0.0.1", 0)
    stop = asyncio.Event()
    serving = asyncio.create_task(server.run(stop))
    async with httpx.AsyncClient(base_url=server.url) as client:
        for _ in range(500):
            answer = await client.get("/v1/ready")
            if answer.status_code == 200:
                break
            await asyncio.sleep(0.01)
        assert answer.json() == {"ready": True, "followed": 0, "head": 0, "problem": None}
    stop.set()
    await asyncio.wait_for(serving, timeout=10)


async def test_many_devices_at_once_are_all_answered(given: HubDependencies) -> None:
    server = HubServer(create_app(given), "127.0.0.1", 0)
    stop = asyncio.Event()
    serving = asyncio.create_task(server.run(stop))
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        answers = await asyncio.gather(
            *(
                client.post("/v1/readings", json=reading(n), auth=(f"meter-{n}", "a guess"))
                for n in range(60)
            )
        )
    stop.set()
    await asyncio.wait_for(serving, timeout=10)
    assert {answer.status_code for answer in answers} == {401}
    with given.database.read() as view:
        assert len(view.events.entries()) == 120
