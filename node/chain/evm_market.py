"""The whole market in this process: the shipped bytecode in a virtual machine, with typed calls.

Nothing is left out that the real market demands: gateways prove that they hold their keys, and a
quorum of oracles signs every batch. The keys are made from labels, so they are no secret and only
good for this machine.
"""

from collections.abc import Iterator, Mapping, Sequence

from eth_hash.auto import keccak

from node.chain.abi import integer, integers
from node.chain.contracts.access import AccessManager, AccessRole
from node.chain.contracts.auction import LARGEST_CHUNK, AuctionResult, SpotAuction
from node.chain.contracts.facade import Facade, product_tuple
from node.chain.contracts.ledger import LARGEST_PASS, LedgerPhase, SettlementLedger
from node.chain.contracts.meter_oracle import LARGEST_BATCH_WORDS, MeterOracle
from node.chain.contracts.registry import ParticipantRegistry, PointRegistration
from node.chain.deploy import BANK_FUNCTIONS, DSO_FUNCTIONS, REGISTRY_FUNCTIONS
from node.chain.evm_machine import Executed, Machine
from node.chain.signing import Batch, LocalSigner, SigningDomain, gateway_key_hash
from node.chain.transactions import Call
from node.domain.orders import Side
from node.domain.participants import PointKind, Role, Source
from node.domain.readings import (
    LANES_PER_WORD,
    IntervalEnergy,
    first_point_of_batch,
    pack_values,
)
from node.domain.settlement import ImbalancePrices
from node.domain.slots import DeliverySlot, Product
from node.domain.units import NO_ENERGY, NO_MONEY, SenPerKwh, WattHours, Yen5
from node.domain.words import BookedFill, PointResult, unpack_fill, unpack_result

#: Chain id of the machine, that of an embedded test chain.
CHAIN_ID = 31_337

#: Oracles of the set, and how many of them have to sign: 3f+1 and 2f+1 with f = 1 (G-27).
ORACLES = 4
QUORUM = 3

#: Points that fit into one batch.
POINTS_PER_BATCH = LARGEST_BATCH_WORDS * LANES_PER_WORD

_FOREVER = (1 << 64) - 1
_NO_HASH = bytes(32)
_FIRST_CONFIGURATION = 1


def signer_of(label: str) -> LocalSigner:
    """Return the key of a label, always the same."""
    return LocalSigner(keccak(label.encode()))


def account_of(label: str) -> str:
    """Return the account of a label. Nobody holds its key: calls of the machine need no signature."""
    return f"0x{keccak(label.encode())[12:].hex()}"


class EvmMarket:
    """Access manager, registry, oracle, ledger and auction of one product, taken into service.

    The market operator admits and registers, the DSO publishes prices, the bank credits; whatever
    anybody may do is done by the market operator.
    """

    administrator = account_of("administrator")
    operator = account_of("market operator")
    dso = account_of("dso")
    bank = account_of("settlement bank")

    def __init__(
        self,
        product: Product,
        *,
        now: int,
        minimum_deposit: Yen5 = NO_MONEY,
        chain_id: int = CHAIN_ID,
    ) -> None:
        self.product = product
        self.machine = Machine(chain_id=chain_id, now=now)
        self._deploy(minimum_deposit)
        self.registry_domain = SigningDomain.of_registry(chain_id, self.registry.address)
        self.oracle_domain = SigningDomain.of_meter_oracle(chain_id, self.oracle.address)
        self.gateways: list[LocalSigner] = []
        #: In ascending order of their addresses, as their signatures have to be.
        self.oracles = sorted(
            (signer_of(f"oracle {number}") for number in range(ORACLES)),
            key=lambda oracle: oracle.address,
        )
        self._references = 0
        self._grant_roles()
        self._configure_oracles()

    # -- taking into service

    def _deploy(self, minimum_deposit: Yen5) -> None:
        admin, machine = self.administrator, self.machine
        parameters = product_tuple(self.product)
        self.access = AccessManager(machine.deploy(admin, AccessManager.NAME, admin))
        authority = self.access.address
        # Registry and oracle name the ledger, which names them: they are told where it will stand.
        ledger = machine.next_address(admin, ahead=2)
        self.registry = ParticipantRegistry(
            machine.deploy(admin, ParticipantRegistry.NAME, authority, ledger, parameters)
        )
        registry = self.registry.address
        self.oracle = MeterOracle(
            machine.deploy(admin, MeterOracle.NAME, authority, registry, ledger, parameters)
        )
        oracle = self.oracle.address
        made = (authority, registry, oracle, parameters, minimum_deposit)
        self.ledger = SettlementLedger(machine.deploy(admin, SettlementLedger.NAME, *made))
        self.auction = SpotAuction(
            machine.deploy(admin, SpotAuction.NAME, registry, ledger, parameters)
        )
        self.admit_market(self.auction.address)

    def _grant_roles(self) -> None:
        permissions: tuple[tuple[Facade, AccessRole, str, Sequence[str]], ...] = (
            (self.registry, AccessRole.MARKET_OPERATOR, self.operator, REGISTRY_FUNCTIONS),
            (self.ledger, AccessRole.DSO, self.dso, DSO_FUNCTIONS),
            (self.ledger, AccessRole.SETTLEMENT_BANK, self.bank, BANK_FUNCTIONS),
        )
        for contract, role, holder, functions in permissions:
            self.send(self.administrator, self.access.grant_role(role, holder))
            restriction = self.access.set_target_function_role(contract, functions, role)
            self.send(self.administrator, restriction)

    def _configure_oracles(self) -> None:
        for oracle in self.oracles:
            self.admit(oracle.address, Role.ORACLE)
        validity = {oracle.address: _FOREVER for oracle in self.oracles}
        self.send(self.administrator, self.oracle.configure(validity))

    def admit_market(self, market: str) -> None:
        """Let an account book trades into the ledger."""
        self.send(self.administrator, self.ledger.admit_market(market))

    # -- time and calls

    @property
    def now(self) -> int:
        """The time of the current block."""
        return self.machine.now

    def go_to(self, instant: int) -> None:
        """Begin a block at `instant`."""
        self.machine.begin_block(instant)

    def send(self, sender: str, call: Call) -> Executed:
        """Execute a call of an account."""
        return self.machine.execute(sender, call)

    # -- parties, points, money

    def admit(self, party: str, roles: Role = Role.PROSUMER) -> None:
        """Admit a party."""
        self.send(self.operator, self.registry.admit(party, roles))

    def add_point(
        self,
        owner: str,
        *,
        import_limit: WattHours,
        export_limit: WattHours,
        fallback_import: WattHours = NO_ENERGY,
    ) -> int:
        """Register a metering point with a gateway of its own; it takes part from the first unopened slot."""
        gateway = signer_of(f"gateway {len(self.gateways) + 1}")
        possession = gateway.sign(self.registry_domain.possession_digest(owner, gateway.address))
        registration = PointRegistration(
            owner=owner,
            gateway=gateway.address,
            kind=PointKind.PROSUMER,
            source=Source.RENEWABLE,
            cell=0,
            import_limit=import_limit,
            export_limit=export_limit,
            fallback_import=fallback_import,
        )
        listing = self.registry.list_gateway_key(gateway_key_hash(gateway.address))
        self.send(self.operator, listing)
        self.gateways.append(gateway)
        return self.send(
            self.operator, self.registry.register_point(registration, possession)
        ).number

    def credit(self, party: str, yen: int) -> None:
        """Book money that came in, under a new bank reference."""
        self._references += 1
        reference = self._references.to_bytes(32, "big")
        self.send(self.bank, self.ledger.credit(party, yen, reference))

    # -- the life of a slot

    def publish_prices(self, first: DeliverySlot, count: int, prices: ImbalancePrices) -> None:
        """Publish the imbalance prices of neighbouring slots."""
        call = self.ledger.publish_imbalance_prices(first, count, prices.long, prices.short)
        self.send(self.dso, call)

    def open(self, slot: DeliverySlot) -> None:
        """Open a slot for orders."""
        self.send(self.operator, self.auction.open(slot))

    def submit(
        self,
        owner: str,
        slot: DeliverySlot,
        point: int,
        side: Side,
        limit: SenPerKwh,
        energy: WattHours,
    ) -> int:
        """Place an order; returns its number in the slot, which is its sequence."""
        return self.send(owner, self.auction.submit(slot, point, side, limit, energy)).number

    def clear(self, slot: DeliverySlot) -> AuctionResult:
        """Hold the call auction of a slot."""
        self.send(self.operator, self.auction.clear(slot))
        return self.machine.read(self.auction.result_of(slot))

    def book(self, slot: DeliverySlot, count: int = LARGEST_CHUNK) -> tuple[BookedFill, ...]:
        """Book the next `count` orders; returns what was filled of them."""
        done = self.send(self.operator, self.auction.book(slot, count))
        events = done.events(self.auction, "FillsBooked")
        return tuple(unpack_fill(word) for event in events for word in integers(event["fills"]))

    def book_all(self, slot: DeliverySlot) -> tuple[BookedFill, ...]:
        """Book every order of a slot, chunk by chunk."""
        fills: list[BookedFill] = []
        while self.phase(slot) is LedgerPhase.OPEN:
            fills.extend(self.book(slot))
        return tuple(fills)

    def batch(
        self,
        slot: DeliverySlot,
        first_point: int,
        values: Sequence[int],
        root: bytes = _NO_HASH,
    ) -> Batch:
        """Return a batch of words that was measured from the slot's end to now."""
        measured_from = self.product.slot_end(slot)
        return Batch(
            chain_id=self.machine.chain_id,
            meter_oracle=self.oracle.address,
            config_version=_FIRST_CONFIGURATION,
            slot=slot,
            first_point=first_point,
            measured_from=measured_from,
            measured_until=max(measured_from, self.now),
            root=root,
            values=tuple(values),
        )

    def signatures(self, batch: Batch, count: int = QUORUM) -> list[bytes]:
        """Return the signatures of the first `count` oracles."""
        digest = self.oracle_domain.batch_digest(batch)
        return [oracle.sign(digest) for oracle in self.oracles[:count]]

    def attest(self, slot: DeliverySlot, energies: Mapping[int, IntervalEnergy]) -> tuple[int, ...]:
        """Bring what the points metered, signed by a quorum; returns the points that held a value already."""
        skipped: list[int] = []
        for first, part in _batches(energies):
            batch = self.batch(slot, first, pack_values(first, part))
            call = self.oracle.attest(batch, self.signatures(batch))
            events = self.send(self.operator, call).events(self.oracle, "ReadingSkipped")
            skipped.extend(integer(event, "point") for event in events)
        return tuple(skipped)

    def settle(self, slot: DeliverySlot, count: int = LARGEST_PASS) -> tuple[PointResult, ...]:
        """Settle the next `count` points of a slot."""
        return self._results(self.ledger.settle(slot, count))

    def settle_late(self, slot: DeliverySlot, points: Sequence[int]) -> tuple[PointResult, ...]:
        """Settle flagged points whose readings came late."""
        return self._results(self.ledger.settle_late(slot, points))

    def finalise(self, slot: DeliverySlot, count: int = LARGEST_PASS) -> tuple[PointResult, ...]:
        """Resolve the flagged ones of the next `count` points; the slot is final once none is left."""
        return self._results(self.ledger.finalise(slot, count))

    def phase(self, slot: DeliverySlot) -> LedgerPhase:
        """Return where the ledger's account of a slot stands."""
        return self.machine.read(self.ledger.slot_of(slot)).phase

    def _results(self, call: Call) -> tuple[PointResult, ...]:
        events = self.send(self.operator, call).events(self.ledger, "PointsSettled")
        return tuple(unpack_result(word) for event in events for word in integers(event["results"]))


def _batches(
    energies: Mapping[int, IntervalEnergy],
) -> Iterator[tuple[int, dict[int, IntervalEnergy]]]:
    """Yield what fits into one batch, with the point at which it starts."""
    part: dict[int, IntervalEnergy] = {}
    first = 0
    for point in sorted(energies):
        if part and point >= first + POINTS_PER_BATCH:
            yield first, part
            part = {}
        if not part:
            first = first_point_of_batch(point)
        part[point] = energies[point]
    if part:
        yield first, part
