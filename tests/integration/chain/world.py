"""A small market on an embedded chain of its own, under a clock that the test moves."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from eth_hash.auto import keccak

from node.chain.client import ChainClient
from node.chain.contracts.market import DecodedEvent, MarketContracts
from node.chain.contracts.registry import PointRegistration
from node.chain.deploy import Authorities, deploy
from node.chain.embedded import EmbeddedChain, EmbeddedSettings, ManualMining
from node.chain.errors import Refusal, TransactionRevertedError
from node.chain.manifest import Manifest
from node.chain.sender import Sender
from node.chain.signing import (
    Batch,
    LocalSigner,
    SigningDomain,
    gateway_key_hash,
    sorted_by_signer,
)
from node.chain.transactions import Call
from node.chain.wire import Receipt
from node.domain.orders import Side
from node.domain.participants import PointKind, Role, Source
from node.domain.readings import IntervalEnergy, first_point_of_batch, pack_values
from node.domain.slots import DeliverySlot, Product
from node.domain.units import SenPerKwh, WattHours

#: A slot of ten seconds, as in the demo.
SHORT_SLOTS = Product(
    slot_seconds=10,
    call_lead=4,
    gate_lead=2,
    horizon=60,
    reading_window=10,
    correction_window=20,
    price_offset=SenPerKwh(0),
    long_floor=SenPerKwh(0),
    short_cap=SenPerKwh(5000),
    ring_size=96,
)

#: When the chain of a world begins; a multiple of every slot length in use.
BEGINNING = 1_800_000_000

#: How long what is registered takes to become active.
WARM_UP = 100


def key(name: str) -> LocalSigner:
    """Return the key that a test knows by a name."""
    return LocalSigner(keccak(name.encode()))


def reference(text: str) -> bytes:
    """Return 32 bytes that stand for a text."""
    return keccak(text.encode())


@dataclass(slots=True)
class World:
    """The chain, the contracts on it and the keys of everybody."""

    chain: EmbeddedChain
    client: ChainClient
    mining: ManualMining
    sender: Sender
    manifest: Manifest
    contracts: MarketContracts
    product: Product
    now: int = BEGINNING
    operator: LocalSigner = field(default_factory=lambda: key("operator"))
    dso: LocalSigner = field(default_factory=lambda: key("dso"))
    bank: LocalSigner = field(default_factory=lambda: key("bank"))
    admin: LocalSigner = field(default_factory=lambda: key("admin"))
    oracles: list[LocalSigner] = field(default_factory=list)
    credits: int = 0

    def at(self, instant: int) -> None:
        """Move the clock; the next block is made then."""
        self.now = max(self.now, instant)
        self.mining.mine_at(self.now)

    def do(self, signer: LocalSigner, *calls: Call) -> list[Receipt]:
        """Send calls that must succeed."""
        return self.sender.send_many([(signer, call) for call in calls])

    def refusal(self, signer: LocalSigner, call: Call) -> Refusal:
        """Send a call that a contract must refuse, and return the decoded reason."""
        try:
            self.sender.send_and_wait(signer, call)
        except TransactionRevertedError as refused:
            return refused.refusal
        raise AssertionError(f"{call.what} was not refused")

    def events(self, receipts: Sequence[Receipt], name: str) -> list[DecodedEvent]:
        """Return the events of a name in receipts."""
        logs = [log for receipt in receipts for log in receipt.logs]
        return [event for event in self.contracts.decode_all(logs) if event.name == name]

    # -- people

    def admit(self, name: str, roles: Role = Role.PROSUMER, yen: int = 0) -> LocalSigner:
        """Admit a party, with money on its account."""
        party = key(name)
        self.do(self.operator, self.contracts.registry.admit(party.address, roles))
        if yen:
            self.fund(party, yen)
        return party

    def fund(self, party: LocalSigner, yen: int) -> None:
        """Book money that came in for a party."""
        self.credits += 1
        bank_reference = reference(f"credit {self.credits}")
        self.do(self.bank, self.contracts.ledger.credit(party.address, yen, bank_reference))

    def add_point(
        self, owner: LocalSigner, gateway: LocalSigner, limit: int = 20_000, fallback: int = 0
    ) -> int:
        """Register a metering point."""
        calls = self.registration(owner, gateway, limit, fallback)
        receipts = self.do(self.operator, *calls)
        point = self.events(receipts, "PointRegistered")[0].args["point"]
        assert isinstance(point, int)
        return point

    def registration(
        self, owner: LocalSigner, gateway: LocalSigner, limit: int = 20_000, fallback: int = 0
    ) -> list[Call]:
        """Return the calls that list a gateway key and register its point."""
        registry = self.contracts.registry
        domain = SigningDomain.of_registry(self.client.chain_id, registry.address)
        possession = gateway.sign(domain.possession_digest(owner.address, gateway.address))
        return [
            registry.list_gateway_key(gateway_key_hash(gateway.address)),
            registry.register_point(
                PointRegistration(
                    owner=owner.address,
                    gateway=gateway.address,
                    kind=PointKind.PROSUMER,
                    source=Source.RENEWABLE,
                    cell=1,
                    import_limit=WattHours(limit),
                    export_limit=WattHours(limit),
                    fallback_import=WattHours(fallback),
                ),
                possession,
            ),
        ]

    def install_oracles(self, count: int = 4, valid_for: int = 10**9) -> None:
        """Admit oracles and make them the set."""
        self.oracles = [self.admit(f"oracle {i}", Role.ORACLE) for i in range(count)]
        until = {oracle.address: self.now + valid_for for oracle in self.oracles}
        self.do(self.admin, self.contracts.oracle.configure(until))

    # -- slots

    def next_slot(self, ahead: int = 2) -> DeliverySlot:
        """Return a slot that lies some slots ahead."""
        return DeliverySlot(self.product.slot_at(self.now) + ahead * self.product.slot_seconds)

    def open_slot(self, ahead: int = 2) -> DeliverySlot:
        """Open a slot and return it."""
        slot = self.next_slot(ahead)
        self.do(self.operator, self.contracts.auction.open(slot))
        return slot

    def order(self, slot: DeliverySlot, point: int, side: Side, limit: int, energy: int) -> Call:
        """Return an order."""
        return self.contracts.auction.submit(slot, point, side, SenPerKwh(limit), WattHours(energy))

    def attestation(
        self,
        slot: DeliverySlot,
        energies: Mapping[int, tuple[int, int]],
        *,
        signers: Sequence[LocalSigner] | None = None,
        **changes: object,
    ) -> Call:
        """Return a batch of (import, export) by point, signed by a quorum; `changes` replace its fields first."""
        batch = self.batch(slot, energies, **changes)
        return self.contracts.oracle.attest(batch, self.signatures(batch, signers))

    def batch(
        self, slot: DeliverySlot, energies: Mapping[int, tuple[int, int]], **changes: object
    ) -> Batch:
        """Return an unsigned batch."""
        first = first_point_of_batch(min(energies))
        lanes = {
            point: IntervalEnergy(WattHours(imported), WattHours(exported))
            for point, (imported, exported) in energies.items()
        }
        batch = Batch(
            chain_id=self.client.chain_id,
            meter_oracle=self.contracts.oracle.address,
            config_version=1,
            slot=slot,
            first_point=first,
            measured_from=self.product.slot_end(slot),
            measured_until=self.product.slot_end(slot),
            root=reference("root"),
            values=pack_values(first, lanes),
        )
        return replace(batch, **changes)  # type: ignore[arg-type]

    def signatures(self, batch: Batch, signers: Sequence[LocalSigner] | None = None) -> list[bytes]:
        """Return the signatures of a quorum of oracles, or of the signers that are given, in order."""
        oracle = self.contracts.oracle
        domain = SigningDomain.of_meter_oracle(self.client.chain_id, oracle.address)
        digest = domain.batch_digest(batch)
        quorum = self.oracles[: (2 * len(self.oracles) + 1) // 3]
        signatures = [signer.sign(digest) for signer in (signers or quorum)]
        return signatures if signers else sorted_by_signer(digest, signatures)


@contextmanager
def new_world(folder: Path, product: Product = SHORT_SLOTS) -> Iterator[World]:
    """Start a chain, put the contracts on it, and stop the chain in the end."""
    settings = EmbeddedSettings(manual=True, genesis_time=BEGINNING, port=0)
    with EmbeddedChain(settings) as chain:
        client, mining = chain.client(), chain.mining()
        sender = Sender(client, mine=mining.mine, wait_seconds=20)
        authorities = Authorities(
            [key("operator").address], [key("dso").address], [key("bank").address]
        )
        manifest = deploy(
            client, sender, key("admin"), product, authorities, folder / "manifest.json"
        )
        yield World(
            chain=chain,
            client=client,
            mining=mining,
            sender=sender,
            manifest=manifest,
            contracts=manifest.facades(),
            product=product,
        )
