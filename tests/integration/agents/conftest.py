"""A home among small stand-ins for devices, market and hub, on a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from node.agents.errors import HubRefusedError, HubUnavailableError
from node.agents.home import Home, HomeParts
from node.agents.hub_client import Registration
from node.agents.journal import Journal, SignedReading
from node.agents.market import Match, PointFacts, Stage
from node.agents.policies import PolicyTerms, policy_of
from node.agents.site import Site
from node.agents.trading import Habits
from node.chain.errors import ChainUnavailableError, OutboxConflictError
from node.chain.signing import LocalSigner, SigningDomain
from node.domain.clock import VirtualClock
from node.domain.devices import Inverter, InverterState, RegisterReading
from node.domain.errors import DeviceUnavailableError, RegistersNotHeldError
from node.domain.matching import Position
from node.domain.plan import BatteryRules
from node.domain.policies import DraftOrder
from node.domain.readings import PointLimits
from node.domain.slots import DeliverySlot, Product, demonstration_product
from node.domain.units import WattHours, Watts

PRODUCT = demonstration_product(10)
SLOT = DeliverySlot(1_000_000)
SLOT_ZERO = DeliverySlot(0)
POINT = 7
PASSWORD = "own"
DOMAIN = SigningDomain.of_meter_oracle(7411, "0x" + "ab" * 20)
LIMITS = PointLimits(WattHours(3000), WattHours(3000))

#: Longest that everybody may take until all wait for the clock again.
SETTLING_SECONDS = 20.0


class CountingClock(VirtualClock):
    """Knows how many tasks wait for it, so that a test can tell when all have."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.waiting = 0

    async def wait_until(self, instant: int) -> None:
        self.waiting += 1
        try:
            await super().wait_until(instant)
        finally:
            self.waiting -= 1


@dataclass
class FakeMeter:
    """Registers that grow evenly.

    Holds the last four hours of boundaries, but for those in `lost`.
    """

    clock: VirtualClock
    power_w: int = -400
    is_down: bool = False
    lost: set[int] = field(default_factory=set)
    first: int = SLOT - 100
    is_closed: bool = False

    async def registers(self) -> RegisterReading:
        self._require_up()
        return replace(self.registers_of(self.clock.now()), at=None)

    async def registers_at(self, boundary: int) -> RegisterReading:
        self._require_up()
        newest = self.clock.now() - self.clock.now() % PRODUCT.slot_seconds
        held = range(max(self.first, newest - 14_400), newest + 1, PRODUCT.slot_seconds)
        if boundary not in held or boundary in self.lost:
            raise RegistersNotHeldError("meter", boundary, (held[0], newest) if held else None)
        return self.registers_of(boundary)

    def registers_of(self, instant: int) -> RegisterReading:
        grown = (instant - SLOT) * 20
        imported, exported = WattHours(50_000 + grown), WattHours(80_000)
        return RegisterReading(imported, exported, Watts(self.power_w), instant)

    async def close(self) -> None:
        self.is_closed = True

    def _require_up(self) -> None:
        if self.is_down:
            raise DeviceUnavailableError("meter", "does not answer")


@dataclass
class FakeInverter:
    """An inverter with a battery that is half full; remembers what it was told and when."""

    clock: VirtualClock
    soc_permille: int = 500
    capacity_wh: int = 10_000
    pv_power_w: int = 1000
    is_down: bool = False
    armed: list[tuple[int, int, int]] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    setpoint_w: int | None = None
    until: int = 0

    async def state(self) -> InverterState:
        self._require_up()
        return InverterState(
            soc_permille=self.soc_permille,
            power_w=Watts(self.pv_power_w),
            max_charge_w=Watts(4000),
            max_discharge_w=Watts(4000),
            capacity_wh=WattHours(self.capacity_wh),
            pv_power_w=Watts(self.pv_power_w),
            battery_power_w=Watts(0),
            setpoint_w=None if self.holds() is None else Watts(self.holds() or 0),
        )

    async def arm(self, setpoint_w: Watts, revert_seconds: int) -> None:
        self._require_up()
        assert 0 < revert_seconds <= 2 * PRODUCT.slot_seconds
        now = self.clock.now()
        self.armed.append((now, setpoint_w, now + revert_seconds))
        self.setpoint_w, self.until = setpoint_w, now + revert_seconds

    async def release(self) -> None:
        self._require_up()
        self.released.append(self.clock.now())
        self.setpoint_w = None

    async def close(self) -> None:
        """Nothing to let go of."""

    def holds(self) -> int | None:
        """Return the set-point that holds now."""
        return self.setpoint_w if self.clock.now() < self.until else None

    def _require_up(self) -> None:
        if self.is_down:
            raise DeviceUnavailableError("inverter", "does not answer")


@dataclass
class FakeMarket:
    """A market that is told what it matched; orders come in through its desk."""

    clock: VirtualClock
    matches: dict[DeliverySlot, Match] = field(default_factory=dict)
    placed: dict[str, tuple[DeliverySlot, DraftOrder]] = field(default_factory=dict)
    placed_at: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    active_from: DeliverySlot = SLOT_ZERO
    is_down: bool = False
    is_desk_down: bool = False
    never_opened: set[DeliverySlot] = field(default_factory=set)

    def matched(self, slot: DeliverySlot, sold: int = 0, bought: int = 0) -> None:
        self.matches[slot] = Match(Stage.MATCHED, Position(WattHours(sold), WattHours(bought)))

    async def point(self) -> PointFacts:
        await self._answer()
        return PointFacts(LIMITS, self.active_from)

    async def match(self, slot: DeliverySlot) -> Match:
        await self._answer()
        if PRODUCT.takes_orders(slot, self.clock.now()) and slot not in self.never_opened:
            return Match(Stage.OPEN)
        return self.matches.get(slot, Match(Stage.PENDING))

    async def place(self, key: str, slot: DeliverySlot, draft: DraftOrder) -> None:
        await self._answer()
        if self.is_desk_down:
            raise ChainUnavailableError({"fake": "is down"})
        if self.placed.setdefault(key, (slot, draft)) != (slot, draft):
            raise OutboxConflictError(key)
        self.placed_at.setdefault(key, self.clock.now())

    async def withdraw(self, key: str) -> bool:
        await self._answer()
        return key in self.stuck

    async def refusal(self, key: str) -> str | None:
        await self._answer()
        return self.refusals.get(key)

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.is_down:
            raise ChainUnavailableError({"fake": "is down"})


@dataclass
class FakeHub:
    """A hub that keeps what a real one would keep, and answers as one."""

    taken: dict[int, SignedReading] = field(default_factory=dict)
    conflicts: list[SignedReading] = field(default_factory=list)
    attempts: int = 0
    is_down: bool = False
    swallows_answers: bool = False
    refusal: HubRefusedError | None = None
    registrations: list[Registration] = field(default_factory=list)

    async def register(self, registration: Registration) -> str:
        await self._answer()
        if self.registrations:
            raise HubRefusedError("fake", 409, "already_registered", "it has its password")
        self.registrations.append(registration)
        return PASSWORD

    async def send(self, device_id: str, password: str, signed: SignedReading) -> bool:
        self.attempts += 1
        await self._answer()
        if (device_id, password) != ("home-7", PASSWORD):
            raise HubRefusedError("fake", 401, "wrong_password", "no")
        if self.refusal is not None:
            raise self.refusal
        kept = self.taken.setdefault(signed.reading.slot, signed)
        if kept != signed:
            self.conflicts.append(signed)
            raise HubRefusedError("fake", 409, "contradicting_reading", "two readings")
        if self.swallows_answers:
            raise HubUnavailableError("fake", "took it, but the answer was lost")
        return kept is signed

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.is_down:
            raise HubUnavailableError("fake", "is down")


@dataclass
class World:
    """Everything around one home. What is not the home lives on when the home dies."""

    path: Path
    clock: CountingClock = field(default_factory=lambda: CountingClock(SLOT - 20))
    with_inverter: bool = True
    terms: PolicyTerms = field(default_factory=PolicyTerms)
    site: Site | None = None
    device_password: str | None = PASSWORD
    registration: Registration | None = None
    watch: int = 2

    def __post_init__(self) -> None:
        self.meter = FakeMeter(self.clock)
        self.inverter = FakeInverter(self.clock)
        self.market = FakeMarket(self.clock)
        self.hub = FakeHub()

    @property
    def product(self) -> Product:
        return PRODUCT

    @asynccontextmanager
    async def home(self) -> AsyncIterator[Home]:
        """Let the home live as long as the block; leaving it kills the home wherever it is."""
        journal = Journal.open(self.path, {"point": str(POINT)})
        inverter: Inverter | None = self.inverter if self.with_inverter else None
        home = Home(
            HomeParts(
                point=POINT,
                product=PRODUCT,
                clock=self.clock,
                site=self.site or Site(self.meter, inverter),
                market=self.market,
                desk=self.market,
                hub=self.hub,
                journal=journal,
                gateway=LocalSigner(b"\x01" * 32),
                domain=DOMAIN,
                policy=policy_of(self.terms),
                habits=Habits(1800, 3, self.watch, BatteryRules(0, 1000, 1000)),
                device_id="home-7",
                device_password=self.device_password,
                registration=self.registration,
            )
        )
        living = asyncio.create_task(home.run(asyncio.Event()))
        try:
            await self.settle(4)
            yield home
        finally:
            living.cancel()
            await asyncio.wait({living})
            journal.close()
            if not living.cancelled():
                living.result()

    async def settle(self, parts: int = 4) -> None:
        """Let the home work until all its parts wait for the clock."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SETTLING_SECONDS
        while loop.time() < deadline:
            await asyncio.sleep(0)
            if self.clock.waiting >= parts:
                return
        raise AssertionError(f"only {self.clock.waiting} of {parts} parts wait for the clock")

    async def pass_time(self, until: int) -> None:
        """Let second after second pass."""
        while self.clock.now() < until:
            self.clock.advance_to(self.clock.now() + 1)
            await self.settle()


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path) -> MakeWorld:
    def make(**changes: object) -> World:
        return World(tmp_path / "journal.sqlite3", **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world()
