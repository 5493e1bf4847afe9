"""From what hubs give to what this oracle believes.

Each reading is judged once and kept with its verdict.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from node.domain.clock import Clock
from node.domain.slots import DeliverySlot, Product
from oracle.attestation import Attestor
from oracle.collect import Collected, ReadingSource
from oracle.errors import HubError
from oracle.plausibility import Accepted, Bench, PointFacts, SignedReading
from oracle.state import OracleState


@dataclass(slots=True)
class SourceHealth:
    """How a hub was last: when it answered, and what is wrong now (None: nothing)."""

    answered_at: int | None = None
    problem: str | None = None
    malformed: int = 0


@dataclass(slots=True)
class Intake:
    """Fetches a slot's readings from all hubs and keeps what can be believed.

    One hub of several is enough.
    """

    sources: Sequence[ReadingSource]
    attestor: Attestor
    state: OracleState
    product: Product
    clock: Clock
    health: dict[str, SourceHealth] = field(init=False)
    _turns: defaultdict[DeliverySlot, asyncio.Lock] = field(
        init=False, default_factory=lambda: defaultdict(asyncio.Lock)
    )

    def __post_init__(self) -> None:
        self.health = {source.name: SourceHealth() for source in self.sources}

    async def refresh(
        self, slot: DeliverySlot, points: Mapping[int, PointFacts]
    ) -> dict[int, Accepted]:
        """Ask every hub for a slot and return all accepted readings of it by metering point."""
        async with self._turns[slot]:
            answers = await asyncio.gather(*(self._ask(one, slot) for one in self.sources))
            known = self.state.accepted(slot)
            bench = Bench(self.product, slot, points, self.clock.now())
            fresh: list[Accepted] = []
            for source, answer in zip(self.sources, answers, strict=True):
                for signed in answer.readings:
                    accepted = self._judge(bench, signed, known, source.name)
                    if accepted is not None:
                        known[signed.point] = accepted
                        fresh.append(accepted)
            if fresh:
                self.state.accept(fresh)
            return known

    def forget_before(self, slot: DeliverySlot) -> None:
        """Let go of what was kept for slots that are final."""
        for past in [one for one in self._turns if one < slot]:
            del self._turns[past]

    async def _ask(self, source: ReadingSource, slot: DeliverySlot) -> Collected:
        health = self.health[source.name]
        try:
            collected = await source.readings(slot)
        except HubError as error:
            # Not the end: the other hubs are asked as well, this one again in the next round.
            health.problem = str(error)
            return Collected()
        health.answered_at = self.clock.now()
        health.malformed += len(collected.malformed)
        health.problem = collected.malformed[0] if collected.malformed else None
        return collected

    def _judge(
        self, bench: Bench, signed: SignedReading, known: Mapping[int, Accepted], hub: str
    ) -> Accepted | None:
        own = known.get(signed.point)
        if own is not None and own.reading == signed.reading:
            return None  # the same again changes nothing
        digest, signer = self.attestor.examine(signed)
        around = replace(self.state.neighbours(signed.point, bench.slot), same=own)
        reasons = bench.verdict(signed, signer, around)
        if reasons:
            self.state.reject(bench.slot, signed.point, reasons, hub, bench.now)
            return None
        return Accepted(signed, digest, bench.points[signed.point].gateway)
