"""A hub as a process of its own, on a chain in memory with one metering point: `hub_process.py DATABASE_URL`.

Prints its address once it listens and serves until it is killed or its standard input ends.
"""

import asyncio
import sys

from node.chain.signing import LocalSigner, SigningDomain
from node.domain.clock import VirtualClock
from node.domain.slots import demonstration_product
from node.hub.app import create_app
from node.hub.dependencies import HubDependencies, Services
from node.hub.deployment import Signatures
from node.hub.server import HubServer
from node.indexer.memory import MemoryChain
from node.store.database import Database

OWNER = "0x" + "a1" * 20
GATEWAY = LocalSigner(b"\x01" * 32)
METER_ORACLE = SigningDomain.of_meter_oracle(31337, "0x" + "0c" * 20)
REGISTRY = SigningDomain.of_registry(31337, "0x" + "0d" * 20)
PRODUCT = demonstration_product(10)
INITIAL_PASSWORD = "welcome to the neighbourhood"
NOW = 1_000_000


def chain_with_a_point() -> MemoryChain:
    chain = MemoryChain()
    registration = {
        "owner": OWNER,
        "gateway": GATEWAY.address,
        "kind": 1,
        "source": 1,
        "cell": 1,
        "importLimit": 100_000,
        "exportLimit": 50_000,
        "fallbackImport": 0,
        "detailsHash": bytes(32),
    }
    args = {"point": 1, "owner": OWNER, "registration": registration, "activeFrom": 0}
    chain.mine(("ParticipantRegistry", "PointRegistered", args))
    return chain


def hub_on(database: Database) -> HubDependencies:
    signatures = Signatures(METER_ORACLE, REGISTRY)
    return HubDependencies(
        database=database,
        chain=chain_with_a_point(),
        clock=VirtualClock(NOW),
        product=PRODUCT,
        initial_password=INITIAL_PASSWORD,
        recover_reading=signatures.of_reading,
        recover_possession=signatures.of_possession,
        finality_depth=4,
    )


async def serve(url: str) -> None:
    app = create_app(hub_on(Database.open(url)))
    services: Services = app.state.services
    services.indexing.follower.catch_up()
    services.registrar.list_device("meter-1")
    server = HubServer(app, "127.0.0.1", 0)
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, lambda: (sys.stdin.read(), loop.call_soon_threadsafe(stop.set)))
    await server.run(stop)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
