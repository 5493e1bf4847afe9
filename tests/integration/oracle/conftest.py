"""Four oracles, their hub and their chain, all in memory.

A fixture builds as many networks as a test wants.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from node.chain.signing import LocalSigner, SigningDomain
from node.domain.clock import VirtualClock
from node.domain.readings import PointLimits, Reading
from node.domain.slots import DeliverySlot, Product, demonstration_product
from node.domain.units import WattHours
from oracle.attestation import Attestor
from oracle.collect import ReadingSource
from oracle.intake import Intake
from oracle.memory import LocalPeer, MemoryChain, MemoryHub
from oracle.peers import Peer
from oracle.plausibility import PointFacts, SignedReading
from oracle.proposing import BatchDesk, OracleSet, Proposer
from oracle.service import Oracle, Timing
from oracle.state import OracleState

CHAIN_ID = 31_337
METER_ORACLE = "0x" + "ab" * 20
SLOT = DeliverySlot(1_000_000)
PRODUCT = demonstration_product(10)
LIMITS = PointLimits(WattHours(3000), WattHours(3000))


def gateway_of(point: int) -> LocalSigner:
    return LocalSigner(point.to_bytes(32, "big"))


def reading_of(point: int, slot: int = SLOT, exported: int = 0, **changes: int) -> SignedReading:
    """Return a signed reading whose registers join those of the slots around it.

    But for `changes`.
    """
    number = (slot - SLOT) // 10
    start, end = 50_000 + number * 100, 50_100 + number * 100
    reading = Reading(
        point=point,
        slot=DeliverySlot(slot),
        import_wh=WattHours(100),
        export_wh=WattHours(exported),
        import_start=WattHours(start),
        import_end=WattHours(end),
        export_start=WattHours(7_000),
        export_end=WattHours(7_000 + exported),
        measured_at=slot + 10,
        sequence=slot // 10,
        version=1,
    )
    reading = replace(reading, **changes)  # type: ignore[arg-type]
    domain = SigningDomain.of_meter_oracle(CHAIN_ID, METER_ORACLE)
    return SignedReading(reading, gateway_of(point).sign(domain.reading_digest(reading)))


@dataclass
class Network:
    """A set of oracles. `running` are those that live; who is not in it answers nobody."""

    folder: Path
    size: int = 4
    points: int = 6
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(SLOT + 10))
    running: dict[str, Oracle] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = (LocalSigner(bytes([100 + n]) * 32) for n in range(self.size))
        self.keys = sorted(keys, key=lambda key: key.address)
        addresses = tuple(key.address for key in self.keys)
        quorum = (2 * self.size + 1) // 3
        self.hub = MemoryHub()
        self.chain = MemoryChain(
            CHAIN_ID,
            METER_ORACLE,
            OracleSet(1, quorum, addresses, frozenset(addresses)),
            PRODUCT,
            self.clock,
            registered={
                point: PointFacts(gateway_of(point).address, LIMITS)
                for point in range(1, self.points + 1)
            },
            live={SLOT},
        )

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.chain.oracles.signers

    @property
    def product(self) -> Product:
        return PRODUCT

    def start(
        self,
        number: int,
        *,
        sources: list[ReadingSource] | None = None,
        peers: list[Peer] | None = None,
        desk: BatchDesk | None = None,
    ) -> Oracle:
        """Start the `number`-th oracle in ascending order of addresses."""
        key = self.keys[number]
        attestor = Attestor(key, CHAIN_ID, METER_ORACLE)
        identity = {"oracle": key.address, "market": attestor.market}
        state = OracleState.open(self.folder / f"oracle-{number}.sqlite3", identity)
        others = [LocalPeer(a, self.running) for a in self.addresses if a != key.address]
        oracle = Oracle(
            attestor=attestor,
            chain=self.chain,
            intake=Intake(sources or [self.hub], attestor, state, PRODUCT, self.clock),
            proposer=Proposer(attestor, peers or others, state, desk or self.chain, self.clock),
            state=state,
            product=PRODUCT,
            clock=self.clock,
            timing=Timing(collect_delay=1, takeover=2, gather=0, round=1, late_round=1),
        )
        self.running[key.address] = oracle
        return oracle

    def start_all(self) -> list[Oracle]:
        return [self.start(number) for number in range(self.size)]

    def kill(self, number: int) -> None:
        """Let an oracle vanish; its file stays."""
        self.running.pop(self.addresses[number]).state.close()

    def turn_of(self, slot: int = SLOT, turn: int = 0) -> int:
        """Return which oracle's turn it is."""
        return (slot // 10 + turn) % self.size

    async def pass_time(self, until: int) -> None:
        """Let second after second pass; every living oracle works in each of them."""
        for second in range(self.clock.now(), until + 1):
            self.clock.advance_to(second)
            for oracle in list(self.running.values()):
                await oracle.tick()

    def attested(self, slot: int = SLOT) -> dict[int, int]:
        """Return the imported energy of each attested point."""
        return {p: energy.import_wh for (of, p), energy in self.chain.values.items() if of == slot}

    def close(self) -> None:
        for oracle in self.running.values():
            oracle.state.close()


MakeNetwork = Callable[..., Network]


@pytest.fixture
def make_network(tmp_path: Path) -> Iterator[MakeNetwork]:
    made: list[Network] = []

    def make(size: int = 4, points: int = 6) -> Network:
        folder = tmp_path / f"network-{len(made)}"
        folder.mkdir()
        made.append(Network(folder, size, points))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def network(make_network: MakeNetwork) -> Network:
    return make_network()


@pytest.fixture
def reading() -> Callable[..., SignedReading]:
    return reading_of
