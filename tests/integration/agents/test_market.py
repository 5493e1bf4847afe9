"""Two homes, four oracles, a hub and a chain, all of them real, in one process and on one clock."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.registry import DeviceRegistry
from adapters.simulated import (
    Battery,
    EnergySeries,
    HomePlan,
    SimulatedNeighbourhood,
    demo_time,
)
from adapters.simulated import Site as SimulatedSite
from node.agents.policies import PolicyTerms, policy_of
from node.agents.process import HomeConfig, HomeProcess
from node.agents.site import Site
from node.agents.trading import Habits
from node.chain.merkle import merkle_proof, merkle_root, reading_leaf
from node.chain.outbox import Outbox, Owner
from node.chain.outbox_sender import OutboxSender
from node.chain.signing import LocalSigner
from node.domain.clock import VirtualClock
from node.domain.plan import BatteryRules
from node.domain.readings import IntervalEnergy
from node.domain.slots import DeliverySlot
from node.domain.units import SenPerKwh, WattHours
from node.hub.app import create_app
from node.hub.dependencies import Services
from node.hub.deployment import hub_of_deployment
from node.hub.server import HubServer
from node.store.database import Database
from node.store.records import SystemRole
from oracle.process import OracleConfig, OracleProcess
from oracle.service import Timing
from tests.integration.chain.world import WARM_UP, World, key, new_world

if TYPE_CHECKING:
    from fastapi import FastAPI

pytestmark = pytest.mark.chain

CALENDAR = 1_660_791_600
INITIAL_PASSWORD = "common to all homes"

#: Longest that a second of the market may take on a busy machine.
PATIENCE_SECONDS = 30.0

#: Loops that wait for the clock: the hub's follower, two of each oracle, five of each home.
LOOPS = 1 + 4 * 2 + 2 * 5


class CountingClock(VirtualClock):
    """Knows how many tasks wait for it, so that a test can tell when all have."""

    waiting = 0

    async def wait_until(self, instant: int) -> None:
        self.waiting += 1
        try:
            await super().wait_until(instant)
        finally:
            self.waiting -= 1


SELLER = PolicyTerms(name="fixed_limit", sell=SenPerKwh(1200), buy=SenPerKwh(0))
BUYER = PolicyTerms(name="fixed_limit", sell=SenPerKwh(4000), buy=SenPerKwh(2000))


def plan(name: str, load: int, sun: int) -> HomePlan:
    """Return a home with a battery and the same sun and load in every half hour."""
    site = SimulatedSite(
        load=EnergySeries(CALENDAR, [load]),
        pv=EnergySeries(CALENDAR, [sun]),
        battery=Battery(
            capacity_wh=10_000, max_charge_w=3000, max_discharge_w=3000, floor_permille=0
        ),
        inverter_w=5900,
    )
    return HomePlan(name=name, site=site)


@dataclass
class Town:
    """A market in which everybody is real but the sun."""

    world: World
    folder: Path
    clock: CountingClock
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    homes: dict[str, HomeProcess] = field(default_factory=dict)
    oracles: list[OracleProcess] = field(default_factory=list)
    files: ExitStack = field(default_factory=ExitStack)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Start everything, and stop it in the end."""
        hub = self._hub()
        server = HubServer(hub, "127.0.0.1", 0)
        self._start_oracles(server.url, _services(hub))
        plans = [plan("seller", load=200, sun=900), plan("buyer", load=900, sun=100)]
        time = demo_time(self.clock.now(), CALENDAR, slot_seconds=10)
        async with SimulatedNeighbourhood(plans, self.clock, time, latch_seconds=10) as devices:
            for point, (name, terms) in enumerate((("seller", SELLER), ("buyer", BUYER)), start=1):
                urls = devices.urls[name]
                _services(hub).registrar.list_device(name)
                registry = DeviceRegistry()
                assert urls.inverter is not None
                site = Site(registry.meter(urls.meter), registry.inverter(urls.inverter))
                self.homes[name] = self._home(name, point, terms, site, server.url)
            async with asyncio.TaskGroup() as running:
                running.create_task(server.run(self.stop))
                for oracle in self.oracles:
                    running.create_task(oracle.run(self.stop))
                for home in self.homes.values():
                    running.create_task(home.run(self.stop))
                try:
                    await self.settle()
                    yield
                finally:
                    self.stop.set()

    async def pass_time(self, until: int) -> None:
        """Let second after second pass, with a block in each and an operator who does his work."""
        while self.clock.now() < until:
            now = self.clock.now() + 1
            await asyncio.to_thread(self._operate, now)
            self.clock.advance_to(now)
            await self.settle()

    async def settle(self) -> None:
        """Let everybody work until all wait for the clock."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_SECONDS
        while loop.time() < deadline:
            await asyncio.sleep(0)
            if self.clock.waiting >= LOOPS:
                return
        raise AssertionError(f"only {self.clock.waiting} of {LOOPS} loops wait for the clock")

    def _operate(self, now: int) -> None:
        world, product = self.world, self.world.product
        world.at(now)
        for slot in product.openable_slots(now):
            if world.client.read(world.contracts.auction.auction_of(slot)).phase == 0:
                world.do(world.operator, world.contracts.auction.open(slot))
        called = DeliverySlot(now + product.call_lead - 1)
        if product.is_slot(called) and called > product.slot_at(now):
            auction = world.client.read(world.contracts.auction.auction_of(called))
            if auction.orders:
                world.do(world.operator, world.contracts.auction.clear(called))
                world.do(world.operator, world.contracts.auction.book(called, auction.orders))

    def _hub(self) -> "FastAPI":
        database = Database.open(f"sqlite:///{self.folder / 'hub.sqlite'}")
        self.files.callback(database.close)
        given = hub_of_deployment(
            self.world.manifest,
            self.world.client,
            database=database,
            clock=self.clock,
            initial_password=INITIAL_PASSWORD,
            finality_depth=0,
        )
        return create_app(given)

    def _start_oracles(self, hub_url: str, services: Services) -> None:
        ports = free_ports(len(self.world.oracles))
        peers = {
            signer.address: f"http://127.0.0.1:{port}"
            for signer, port in zip(self.world.oracles, ports, strict=True)
        }
        for number, signer in enumerate(self.world.oracles):
            password = services.registrar.add_system(f"oracle-{number}", SystemRole.ORACLE)
            config = OracleConfig(
                host="127.0.0.1",
                port=ports[number],
                state_file=self.folder / f"oracle-{number}.sqlite",
                hubs=[hub_url],
                system=f"oracle-{number}",
                password=password,
                peers=peers,
                timing=Timing(collect_delay=1, takeover=2, gather=0, round=1, late_round=1),
            )
            self.oracles.append(
                OracleProcess(
                    config,
                    signer=signer,
                    client=self.world.client,
                    contracts=self.world.contracts,
                    product=self.world.product,
                    clock=self.clock,
                    sender=self._sender(signer),
                )
            )

    def _home(
        self, name: str, point: int, terms: PolicyTerms, site: Site, hub_url: str
    ) -> HomeProcess:
        config = HomeConfig(
            point=point,
            journal_file=self.folder / f"{name}.sqlite",
            hub_url=hub_url,
            device_id=name,
            initial_password=INITIAL_PASSWORD,
        )
        return HomeProcess(
            config,
            account=key(name),
            gateway=key(f"gateway of {name}"),
            client=self.world.client,
            contracts=self.world.contracts,
            product=self.world.product,
            clock=self.clock,
            site=site,
            sender=self._sender(key(name)),
            policy=policy_of(terms),
            habits=Habits(1800, 3, 5, BatteryRules(0, 1000, 1000)),
        )

    def _sender(self, signer: LocalSigner) -> OutboxSender:
        manifest = self.world.manifest
        owner = Owner(manifest.chain_id, manifest.genesis_hash, signer.address)
        outbox = Outbox(self.folder / f"outbox-{signer.address}.sqlite", owner)
        self.files.callback(outbox.close)
        return OutboxSender(self.world.client, signer, outbox)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


def _services(app: "FastAPI") -> Services:
    services: Services = app.state.services
    return services


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    with new_world(tmp_path) as world:
        world.install_oracles()
        for name in ("seller", "buyer"):
            party = world.admit(name, yen=100_000)
            world.add_point(party, key(f"gateway of {name}"), limit=3000)
        world.at(world.now + WARM_UP)
        one = Town(world, tmp_path, CountingClock(world.now))
        with one.files:
            async with one.open():
                yield one


@pytest.mark.spec("C-01", "C-02", "C-03", "C-28", "C-29", "C-33", "C-34", "C-36", "C-37", "G-10")
async def test_what_two_homes_trade_is_delivered_measured_and_attested(town: Town) -> None:
    begin = town.clock.now()
    await town.pass_time(begin + 45)

    contracts, client = town.world.contracts, town.world.client
    slots = [DeliverySlot(begin + 10 * n) for n in (1, 2)]
    for slot in slots:
        sold = client.read(contracts.ledger.position_of(slot, 1)).sold
        bought = client.read(contracts.ledger.position_of(slot, 2)).bought
        assert sold == bought > 0
        assert client.read(contracts.oracle.reading_of(slot, 1)) == IntervalEnergy(
            WattHours(0), sold
        )
        assert client.read(contracts.oracle.reading_of(slot, 2)) == IntervalEnergy(
            bought, WattHours(0)
        )
        assert_openable(town, slot)


def assert_openable(town: Town, slot: DeliverySlot) -> None:
    """Open the slot's batches down to each gateway's signature.

    As an auditor does who trusts no oracle.
    """
    contracts, client = town.world.contracts, town.world.client
    logs = client.logs_between(0, client.head(), [contracts.oracle.address])
    events = [one for one in contracts.decode_all(logs) if one.name == "BatchAttested"]
    roots = [event.args["root"] for event in events if event.args["slot"] == slot]
    known = town.oracles[0].oracle.state.accepted(slot)
    assert sorted(known) == [1, 2]
    leaves = [reading_leaf(one.digest, one.signed.signature) for one in known.values()]
    together = merkle_root(leaves) in roots
    for index, one in enumerate(known.values()):
        batch, place = (leaves, index) if together else ([leaves[index]], 0)
        root, proof = merkle_root(batch), merkle_proof(batch, place)
        assert root in roots
        query = contracts.oracle.verify_reading(one.reading, one.signed.signature, root, proof)
        assert client.read(query)
