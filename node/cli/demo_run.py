"""What a demonstration does: prepare a folder, start the processes, watch the slots, check the books."""

import asyncio
import contextlib
import fcntl
import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from node.chain.client import ChainClient
from node.chain.sender import Sender
from node.cli.checks import Check, check_market
from node.cli.configuration import read_settings
from node.cli.demo_homes import home_settings, members_of, write_neighbourhood
from node.cli.demo_prices import PricePublisher
from node.cli.demo_watch import SlotWatcher
from node.cli.deployment import (
    Deployment,
    deploy_market,
    open_institutions,
    oracle_names,
    product_of,
)
from node.cli.hub import initial_password, open_registrar
from node.cli.provision import Institutions, Member, provision
from node.cli.runtime import free_ports
from node.cli.supervisor import Supervisor, memory_bytes
from node.cli.workspace import Workspace, WorkspaceError
from node.domain.clock import SystemClock
from node.domain.neighbourhood import Neighbourhood
from node.domain.slots import DeliverySlot
from node.store.records import SystemRole

#: What every participant pays in at the start.
DEPOSIT_YEN = 100_000

#: Slots that the operator holds open ahead.
_SLOTS_AHEAD = 2

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What was asked for."""

    workspace: Workspace
    homes: int
    slot_seconds: int
    slots: int
    seed: int
    first_half_hour: int
    keep: bool


@dataclass(frozen=True, slots=True)
class DemoReport:
    """How it went."""

    checks: Sequence[Check]
    figures: Mapping[str, str]


async def run_demo(plan: DemoPlan, say: Callable[[str], None]) -> DemoReport:
    """Run a demonstration to its end and return the checked summary."""
    with _fresh_folder(plan.workspace):
        environment = {
            "YUIMARU_DATA_DIR": str(plan.workspace.root),
            "YUIMARU_KEYSTORE_PASSWORD": plan.workspace.password(),
        }
        supervisor = Supervisor(plan.workspace, environment, say)
        try:
            return await _Demonstration(plan, supervisor, say).run()
        finally:
            await supervisor.stop()


@dataclass(slots=True)
class _Demonstration:
    plan: DemoPlan
    supervisor: Supervisor
    say: Callable[[str], None]
    _hub_url: str = field(init=False, default="")
    _started: float = field(init=False, default_factory=time.monotonic)

    async def run(self) -> DemoReport:
        """Start everything, watch, check."""
        workspace = self.plan.workspace
        neighbourhood = write_neighbourhood(workspace, self.plan.homes, self.plan.seed)
        client = await self._start_chain()
        institutions = await asyncio.to_thread(open_institutions, workspace)
        members = await asyncio.to_thread(members_of, workspace, neighbourhood)
        self.say("deploying the contracts and admitting everybody ...")
        deployment, points = await asyncio.to_thread(self._deploy, client, institutions, members)
        await self._start_devices()
        await self._start_hub(members)
        prices = PricePublisher(deployment, institutions.dso)
        await asyncio.to_thread(prices.keep_up, SystemClock().now())
        await self._start_oracles(institutions)
        await self._start_homes(members, points, neighbourhood)
        await self._start_operator()
        self._write_directory(client, members, points)
        first = await asyncio.to_thread(self._first_slot, deployment, points)
        watcher = SlotWatcher(deployment, self._calendar(), first, self.plan.slots)
        self.say(
            f"the first slot starts in {first - SystemClock().now()} s; a slot is settled "
            f"{deployment.product.reading_window} s after its end"
        )
        await self._watch(watcher, prices)
        report = await asyncio.to_thread(self._report, deployment, watcher, members)
        if self.plan.keep:
            await self._go_on(report, prices)
        return report

    # -- starting

    async def _start_chain(self) -> ChainClient:
        endpoint = self.plan.workspace.endpoint("chain")
        await self.supervisor.start("chain", "chain", "--block-seconds", "1")
        await self.supervisor.wait_until(endpoint.exists)
        url = str(self.plan.workspace.read_json(endpoint)["url"])
        # Everybody who starts later, and the chain itself when it has to start again, uses this address.
        self.supervisor.environment = {
            **self.supervisor.environment,
            "YUIMARU_CHAIN_URLS": json.dumps([url]),
        }
        self.say(f"chain: {url}")
        return ChainClient([url], read_settings().chain_id)

    def _deploy(
        self, client: ChainClient, institutions: Institutions, members: Sequence[Member]
    ) -> tuple[Deployment, dict[str, int]]:
        product = product_of(self.plan.slot_seconds)
        manifest = deploy_market(client, institutions, product, self.plan.workspace.manifest)
        contracts = manifest.facades()
        points = provision(
            Sender(client), contracts, client.chain_id, institutions, members, DEPOSIT_YEN
        )
        return Deployment(client, manifest, contracts), points

    async def _start_devices(self) -> None:
        workspace = self.plan.workspace
        await self.supervisor.start(
            "devices",
            "devices",
            str(workspace.root / "neighbourhood"),
            *("--state", str(workspace.root / "devices")),
            *("--slot-seconds", str(self.plan.slot_seconds)),
            *("--first-half-hour", str(self.plan.first_half_hour)),
        )
        await self.supervisor.wait_until((workspace.root / "devices" / "devices.json").exists)

    async def _start_hub(self, members: Sequence[Member]) -> None:
        """List the devices, give the oracles their passwords, and wait until the hub has read the chain."""
        workspace = self.plan.workspace
        registrar = open_registrar(read_settings(data_dir=workspace.root))
        for member in members:
            await asyncio.to_thread(registrar.list_device, member.name)
        passwords = {
            name: await asyncio.to_thread(registrar.add_system, name, SystemRole.ORACLE)
            for name in oracle_names()
        }
        workspace.write_json(workspace.root / "hub" / "systems.json", passwords, secret=True)
        (port,) = free_ports(1)
        settings = {"YUIMARU_HUB_PORT": str(port), "YUIMARU_HUB_HOST": _LOOPBACK}
        await self.supervisor.start("hub", "hub", "serve", settings=settings)
        self._hub_url = f"http://{_LOOPBACK}:{port}"
        await self.supervisor.wait_until(self._hub_is_ready)
        self.say(f"hub: {self._hub_url}")

    def _hub_is_ready(self) -> bool:
        import httpx

        try:
            return httpx.get(f"{self._hub_url}/v1/ready").status_code == 200
        except httpx.TransportError:
            return False

    async def _start_oracles(self, institutions: Institutions) -> None:
        workspace = self.plan.workspace
        passwords = workspace.read_json(workspace.root / "hub" / "systems.json")
        signers = institutions.oracles
        ports = free_ports(len(signers))
        urls = {
            signer.address: f"http://{_LOOPBACK}:{port}"
            for signer, port in zip(signers, ports, strict=True)
        }
        for name, port in zip(oracle_names(), ports, strict=True):
            settings = {
                "YUIMARU_ACCOUNT_KEYSTORE": str(workspace.keystore(name)),
                "YUIMARU_ORACLE_PORT": str(port),
                "YUIMARU_ORACLE_HUBS": json.dumps([self._hub_url]),
                "YUIMARU_ORACLE_SYSTEM": name,
                "YUIMARU_ORACLE_PASSWORD": str(passwords[name]),
                "YUIMARU_ORACLE_PEERS": json.dumps(urls),
            }
            await self.supervisor.start(name, "oracle", settings=settings)
        self.say(f"oracles: {', '.join(urls.values())}")

    async def _start_homes(
        self, members: Sequence[Member], points: Mapping[str, int], neighbourhood: Neighbourhood
    ) -> None:
        workspace = self.plan.workspace
        urls = workspace.read_json(workspace.root / "devices" / "devices.json")["homes"]
        shared = {
            "YUIMARU_HUB_URL": self._hub_url,
            "YUIMARU_HUB_INITIAL_PASSWORD": initial_password(
                read_settings(data_dir=workspace.root)
            ),
        }
        for number, site in enumerate(neighbourhood.sites):
            own = home_settings(workspace, site, number, points[site.id], urls[site.id])
            await self.supervisor.start(site.id, "home", settings={**shared, **own})
        self.say(f"homes: {', '.join(member.name for member in members)}")

    async def _start_operator(self) -> None:
        keystore = str(self.plan.workspace.keystore("market-operator"))
        await self.supervisor.start(
            "operator",
            *("operator", "--slots-ahead", str(_SLOTS_AHEAD)),
            settings={"YUIMARU_ACCOUNT_KEYSTORE": keystore},
        )

    def _write_directory(
        self, client: ChainClient, members: Sequence[Member], points: Mapping[str, int]
    ) -> None:
        workspace = self.plan.workspace
        workspace.write_json(
            workspace.directory,
            {
                "rpc_url": workspace.read_json(workspace.endpoint("chain"))["url"],
                "chain_id": client.chain_id,
                "hub_url": self._hub_url,
                "members": [
                    {
                        "name": member.name,
                        "account": member.account.address,
                        "gateway": member.gateway.address,
                        "point": points[member.name],
                        "kind": member.kind.label,
                    }
                    for member in members
                ],
            },
        )

    # -- watching

    def _first_slot(self, deployment: Deployment, points: Mapping[str, int]) -> DeliverySlot:
        """Return the first slot in which every point takes part and for which everybody has time to bid."""
        registry, product = deployment.contracts.registry, deployment.product
        held = deployment.client.read_many([registry.point_of(point) for point in points.values()])
        soonest = next(product.openable_slots(SystemClock().now() + product.slot_seconds))
        return max(soonest, *(point.active_from for point in held))

    def _calendar(self) -> Mapping[str, int]:
        found = self.plan.workspace.read_json(self.plan.workspace.root / "devices/devices.json")
        return {"origin": found["origin"], "calendar": found["calendar"]}

    async def _watch(self, watcher: SlotWatcher, prices: PricePublisher) -> None:
        """Print a line for each slot that is settled, until all are final."""
        self.say(
            "half hour    slot on chain      price JPY/kWh   volume kWh   orders   imbalance kWh   state"
        )
        clock = SystemClock()
        while not watcher.is_done:
            self.supervisor.check()
            await asyncio.to_thread(prices.keep_up, clock.now())
            for line in await asyncio.to_thread(watcher.look):
                self.say(line)
            await clock.wait_until(clock.now() + 1)

    async def _go_on(self, report: DemoReport, prices: PricePublisher) -> None:
        held = sum(check.holds for check in report.checks)
        self.say(f"{held} of {len(report.checks)} checks hold; trading goes on until Ctrl-C")
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        clock = SystemClock()
        while not stop.is_set():
            self.supervisor.check()
            await asyncio.to_thread(prices.keep_up, clock.now())
            await clock.wait_until(clock.now() + 1)

    # -- checking

    def _report(
        self, deployment: Deployment, watcher: SlotWatcher, members: Sequence[Member]
    ) -> DemoReport:
        pids = list(self.supervisor.pids.values())
        memory = memory_bytes(pids)
        accounts = {member.name: member.account.address for member in members}
        market, block = watcher.freeze()
        checks = check_market(
            deployment.client, deployment.contracts, market, watcher.slots, accounts, block
        )
        figures = {
            "processes": f"{len(pids)}, {self.supervisor.restarts} started again",
            "memory of all processes": "not known" if memory is None else f"{memory >> 20} MiB",
            "blocks": str(block),
            "slots": str(len(watcher.slots)),
            "wall time": f"{time.monotonic() - self._started:.0f} s",
            **watcher.figures(),
        }
        return DemoReport([*checks, *watcher.checks()], figures)


@contextlib.contextmanager
def _fresh_folder(workspace: Workspace) -> Iterator[None]:
    """Hold a data folder that no other demonstration uses, emptied of what an earlier one left."""
    root = workspace.root
    marker = root / "demonstration"
    if root.exists() and any(root.iterdir()) and not marker.exists():
        raise WorkspaceError(
            f"{root} holds files that are not a demonstration's; name another folder with --data-dir"
        )
    root.mkdir(parents=True, exist_ok=True)
    with marker.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkspaceError(
                f"another demonstration runs in {root}; stop it, or name another folder with --data-dir"
            ) from None
        for entry in root.iterdir():
            if entry == marker:
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        yield
