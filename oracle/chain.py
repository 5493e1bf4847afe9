"""The chain as an oracle asks it and writes to it: facades and outbox of `node.chain`.

The client blocks its thread, so each question is asked in another one and a slow node never stops
the answers to peers.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from node.chain.abi import addresses, integers
from node.chain.client import ChainClient
from node.chain.contracts.market import MarketContracts
from node.chain.errors import ChainError
from node.chain.outbox_sender import OutboxSender
from node.chain.signing import Batch
from node.domain.clock import Clock
from node.domain.participants import Role
from node.domain.slots import DeliverySlot
from oracle.plausibility import PointFacts
from oracle.proposing import OracleSet

#: Most lanes of one question.
LANES_AT_ONCE: Final = 2000

_CONFIGURED: Final = "OracleSetConfigured"


@dataclass(slots=True)
class ChainView:
    """What one deployment says. `since_block` is where it began: no event is older."""

    client: ChainClient
    contracts: MarketContracts
    since_block: int = 0
    _valid_until: dict[int, dict[str, int]] = field(init=False, default_factory=dict)

    async def oracle_set(self) -> OracleSet:
        """Return the oracle set, and who of it may sign now."""
        return await asyncio.to_thread(self._oracle_set)

    async def is_live(self, slot: DeliverySlot) -> bool:
        """Return whether the slot was opened and is not final."""
        return await asyncio.to_thread(self.client.read, self.contracts.ledger.is_live(slot))

    async def points(self, slot: DeliverySlot) -> Mapping[int, PointFacts]:
        """Return gateway and rating of every point that takes part in the slot."""
        return await asyncio.to_thread(self._points, slot)

    async def attested(self, slot: DeliverySlot, highest_point: int) -> frozenset[int]:
        """Return the points that hold a value."""
        return await asyncio.to_thread(self._attested, slot, highest_point)

    def _oracle_set(self) -> OracleSet:
        held = self.client.read(self.contracts.oracle.oracle_set())
        registry = self.contracts.registry
        active = self.client.read_many(
            [registry.is_active_as(signer, Role.ORACLE) for signer in held.signers]
        )
        now = self.client.newest_block().timestamp
        expiry = self._expiry(held.version)
        able = frozenset(
            signer
            for signer, is_active in zip(held.signers, active, strict=True)
            if is_active and expiry.get(signer, 0) >= now
        )
        return OracleSet(held.version, held.quorum, held.signers, able)

    def _expiry(self, version: int) -> dict[str, int]:
        """Return until when each oracle may sign. Only the event of the configuration says so."""
        if version not in self._valid_until:
            oracle = self.contracts.oracle
            topic = next(d for d, event in oracle.abi.events.items() if event.name == _CONFIGURED)
            logs = self.client.logs_between(
                self.since_block,
                self.client.head(),
                [oracle.address],
                [topic, version.to_bytes(32, "big")],
            )
            for event in self.contracts.decode_all(logs):
                signers, until = (
                    addresses(event.args["signers"]),
                    integers(event.args["validUntil"]),
                )
                self._valid_until[version] = dict(zip(signers, until, strict=True))
        return self._valid_until.get(version, {})

    def _points(self, slot: DeliverySlot) -> dict[int, PointFacts]:
        registry = self.contracts.registry
        count = self.client.read(registry.point_count())
        points = self.client.read_many([registry.point_of(point) for point in range(1, count + 1)])
        return {
            number: PointFacts(point.gateway_in(slot), point.limits)
            for number, point in enumerate(points, start=1)
            if point.owner_in(slot) is not None
        }

    def _attested(self, slot: DeliverySlot, highest_point: int) -> frozenset[int]:
        firsts = range(1, highest_point + 1, LANES_AT_ONCE)
        answers = self.client.read_many(
            [
                self.contracts.oracle.lanes_of(
                    slot, first, min(LANES_AT_ONCE, highest_point - first + 1)
                )
                for first in firsts
            ]
        )
        return frozenset(
            point
            for first, lanes in zip(firsts, answers, strict=True)
            for point, lane in enumerate(lanes, start=first)
            if lane is not None
        )


@dataclass(slots=True)
class OutboxDesk:
    """Sends batches through the outbox: what was taken reaches the chain even over a crash."""

    sender: OutboxSender
    contracts: MarketContracts
    clock: Clock
    problem: str | None = field(init=False, default=None)
    _is_idle: bool = field(init=False, default=False)

    async def attest(self, key: str, batch: Batch, signatures: Sequence[bytes]) -> None:
        """Put a batch into the outbox and hand it over once.

        `run` repeats that until it is mined.
        """
        call = self.contracts.oracle.attest(batch, signatures)
        await asyncio.to_thread(self.sender.submit, key, call)
        self._is_idle = False
        await self._pump()

    async def run(self) -> None:
        """Look after the outbox until cancelled, also after what an earlier life left in it."""
        while True:
            if not self._is_idle:
                await self._pump()
            await self.clock.wait_until(self.clock.now() + 1)

    async def _pump(self) -> None:
        try:
            progress = await asyncio.to_thread(self.sender.pump)
        except ChainError as error:
            # The outbox keeps the call; the next round tries again.
            self.problem = str(error)
            return
        self._is_idle = progress.is_idle
        self.problem = next(iter(progress.problems.values()), None)
