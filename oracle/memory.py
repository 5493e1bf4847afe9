"""Oracles without sockets: hubs, peers and a chain in memory, for tests.

The chain refuses what the contract refuses, so whatever works here is signed, counted and timed as
it has to be.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from node.chain.errors import ChainUnavailableError, Refusal, TransactionRevertedError
from node.chain.signing import Batch, SigningDomain, recover
from node.domain.clock import Clock
from node.domain.readings import IntervalEnergy, unpack_values
from node.domain.slots import DeliverySlot, Product
from oracle.collect import Collected
from oracle.errors import HubUnavailableError, OracleError, PeerAnswerError, PeerUnavailableError
from oracle.plausibility import PointFacts, SignedReading
from oracle.proposing import OracleSet
from oracle.quorum import Answer, Proposal
from oracle.service import Oracle


@dataclass(slots=True)
class MemoryHub:
    """A hub whose readings were put in by hand; `is_down` makes it silent."""

    name: str = "memory"
    is_down: bool = False
    _held: dict[DeliverySlot, list[SignedReading]] = field(init=False, default_factory=dict)

    def put(self, *readings: SignedReading) -> None:
        """Take readings in, whatever they say."""
        for signed in readings:
            self._held.setdefault(signed.reading.slot, []).append(signed)

    def serve(self, slot: DeliverySlot, *readings: SignedReading) -> None:
        """Give readings out under a slot, even those of another one."""
        self._held.setdefault(slot, []).extend(readings)

    async def readings(self, slot: DeliverySlot) -> Collected:
        """Return what was put in for a slot."""
        await asyncio.sleep(0)
        if self.is_down:
            raise HubUnavailableError(self.name, "is down")
        return Collected(tuple(self._held.get(slot, ())))


@dataclass(slots=True)
class LocalPeer:
    """An oracle in the same process; without one at its address nobody answers."""

    address: str
    oracles: Mapping[str, Oracle]

    async def ask(self, proposal: Proposal) -> Answer:
        """Let the other oracle answer."""
        await asyncio.sleep(0)
        if self.address not in self.oracles:
            raise PeerUnavailableError(self.address, "is not running")
        try:
            return await self.oracles[self.address].answer(proposal)
        except OracleError as error:
            raise PeerAnswerError(self.address, str(error)) from error


@dataclass(slots=True)
class MemoryChain:
    """Registry, ledger and meter oracle as far as oracles see them."""

    chain_id: int
    meter_oracle: str
    oracles: OracleSet
    product: Product
    clock: Clock
    registered: dict[int, PointFacts] = field(default_factory=dict)
    active_from: dict[int, DeliverySlot] = field(default_factory=dict)
    live: set[DeliverySlot] = field(default_factory=set)
    is_down: bool = False
    values: dict[tuple[DeliverySlot, int], IntervalEnergy] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    skipped: list[tuple[DeliverySlot, int]] = field(default_factory=list)
    _keys: set[str] = field(init=False, default_factory=set)

    async def oracle_set(self) -> OracleSet:
        """Return the oracle set."""
        await self._answer()
        return self.oracles

    async def is_live(self, slot: DeliverySlot) -> bool:
        """Return whether the slot was opened."""
        await self._answer()
        return slot in self.live

    async def points(self, slot: DeliverySlot) -> Mapping[int, PointFacts]:
        """Return the points that take part in a slot."""
        await self._answer()
        return {
            point: facts
            for point, facts in self.registered.items()
            if self.active_from.get(point, slot) <= slot
        }

    async def attested(self, slot: DeliverySlot, highest_point: int) -> frozenset[int]:
        """Return the points that hold a value."""
        await self._answer()
        return frozenset(
            point for of, point in self.values if of == slot and point <= highest_point
        )

    async def attest(self, key: str, batch: Batch, signatures: Sequence[bytes]) -> None:
        """Take a batch as the contract does; the same key changes nothing."""
        await self._answer()
        if key in self._keys:
            return
        self._require(batch, signatures)
        self._keys.add(key)
        self.batches.append(batch)
        for point, energy in unpack_values(batch.first_point, batch.values).items():
            if (batch.slot, point) in self.values:
                self.skipped.append((batch.slot, point))
            self.values.setdefault((batch.slot, point), energy)

    def _require(self, batch: Batch, signatures: Sequence[bytes]) -> None:
        now = self.clock.now()
        end, final = self.product.slot_end(batch.slot), self.product.final_time(batch.slot)
        domain = SigningDomain.of_meter_oracle(self.chain_id, self.meter_oracle)
        signers = [recover(domain.batch_digest(batch), signature) for signature in signatures]
        refusals = {
            "WrongConfiguration": batch.config_version != self.oracles.version,
            "SlotNotOver": now < end,
            "SlotIsFinal": now >= final,
            "SlotNotLive": batch.slot not in self.live,
            "MeasurementTimeInvalid": not end <= batch.measured_from <= batch.measured_until <= now,
            "TooFewSignatures": len(signers) < self.oracles.quorum,
            "SignaturesUnsorted": signers != sorted(set(signers)),
            "SignerUnknown": not set(signers) <= set(self.oracles.signers),
            "SignerSuspended": not set(signers) <= self.oracles.able,
        }
        for name, is_so in refusals.items():
            if is_so:
                raise TransactionRevertedError("MeterOracle.attest", Refusal(name))

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.is_down:
            raise ChainUnavailableError({"memory": "is down"})
