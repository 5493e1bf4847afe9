"""One oracle: watches slots, takes its turns, answers peers, says how it is (G-10, G-27).

Nothing here has to survive a restart: which slots are open follows from the clock and the calendar,
what is attested from the chain, and what was signed from the state file. A killed oracle goes on
where it stands.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, Protocol

from node.chain.errors import ChainError
from node.domain.clock import Clock
from node.domain.slots import DeliverySlot, Product
from oracle.attestation import Attestor
from oracle.errors import OracleError, ProposalError
from oracle.intake import Intake
from oracle.plausibility import Accepted, PointFacts, SignedReading, may_be_signed
from oracle.proposing import OracleSet, Proposer, signed_otherwise
from oracle.quorum import (
    Answer,
    Dispute,
    Entry,
    Objection,
    Proposal,
    objections,
    submitter,
    turn_at,
)
from oracle.state import OracleState

#: Slots that are worked on at the same time: after a long stop there may be a week of them.
SLOTS_AT_ONCE: Final = 8

#: How many refusals and disputes `status` shows.
SHOWN_ROWS: Final = 50


class MeteringChain(Protocol):
    """What an oracle asks the chain; every answer may be a `ChainError` instead."""

    async def oracle_set(self) -> OracleSet:
        """Return the oracle set as it is now."""
        ...

    async def is_live(self, slot: DeliverySlot) -> bool:
        """Return whether the slot was opened and is not final: else there is nothing to attest."""
        ...

    async def points(self, slot: DeliverySlot) -> Mapping[int, PointFacts]:
        """Return the metering points that take part in a slot that has begun."""
        ...

    async def attested(self, slot: DeliverySlot, highest_point: int) -> frozenset[int]:
        """Return the points up to `highest_point` that hold a value."""
        ...


@dataclass(frozen=True, slots=True)
class Timing:
    """When an oracle acts, in seconds.

    The first turn of a slot begins `collect_delay` after its end, each further one `takeover`
    later. For the first `gather` seconds of them only a complete list is proposed, so that a slot
    usually takes one batch. Hubs are asked every `round` until the reading window is over, then every `late_round`
    for what still comes.
    """

    collect_delay: int = 60
    takeover: int = 60
    gather: int = 30
    round: int = 15
    late_round: int = 900

    @classmethod
    def of(cls, product: Product) -> "Timing":
        """Return delays that leave several turns in the reading window of any product."""
        share = max(1, product.reading_window // 60)
        takeover = min(60, max(2, product.reading_window // 5))
        return cls(
            collect_delay=min(60, max(1, product.reading_window // 10)),
            takeover=takeover,
            gather=takeover // 2,
            round=min(15, share),
            late_round=min(900, max(1, product.correction_window // 20)),
        )


@dataclass(slots=True)
class Oracle:
    """An oracle with everything it works with."""

    attestor: Attestor
    chain: MeteringChain
    intake: Intake
    proposer: Proposer
    state: OracleState
    product: Product
    clock: Clock
    timing: Timing
    _complete: set[DeliverySlot] = field(init=False, default_factory=set)
    _due: dict[DeliverySlot, int] = field(init=False, default_factory=dict)
    _facts: dict[DeliverySlot, Mapping[int, PointFacts]] = field(init=False, default_factory=dict)
    _patience: dict[DeliverySlot, dict[int, int]] = field(init=False, default_factory=dict)
    _missing: dict[DeliverySlot, int] = field(init=False, default_factory=dict)
    _trouble: dict[str, str] = field(init=False, default_factory=dict)
    _heartbeat: int | None = field(init=False, default=None)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        rounds = asyncio.create_task(self._rounds())
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({rounds, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            rounds.cancel()
            # A round that failed must be seen; one that was cancelled is what was asked for.
            await asyncio.wait({rounds})
        if not rounds.cancelled():
            rounds.result()

    async def _rounds(self) -> None:
        while True:
            await self.tick()
            await self.clock.wait_until(self.clock.now() + self.timing.round)

    async def tick(self) -> None:
        """Look after every slot that is due now."""
        now = self.clock.now()
        self._heartbeat = now
        self._forget(now)
        due = [slot for slot in self._open_slots(now) if self._due.get(slot, 0) <= now]
        free = asyncio.Semaphore(SLOTS_AT_ONCE)
        await asyncio.gather(*(self._look_after(slot, now, free) for slot in due))

    async def answer(self, proposal: Proposal) -> Answer:
        """Sign a peer's list, or say which points of it this oracle disputes."""
        now = self.clock.now()
        await self._require_acceptable(proposal, now)
        slot = proposal.slot
        known = self.state.accepted(slot)
        if any(point not in known for point in proposal.points):
            known = await self.intake.refresh(slot, await self._points(slot))
        disputes = self._disputes(proposal, known, now)
        if not disputes:
            disputes = signed_otherwise(self.state.promise(slot, proposal.entries, now))
        if disputes:
            return Answer(disputes=disputes)
        self._be_patient(slot, proposal.points, now)
        return Answer(signature=self.attestor.sign(self.attestor.batch(proposal, known)))

    def status(self) -> dict[str, object]:
        """Return how this oracle is, ready for JSON."""
        return {
            "oracle": self.attestor.address,
            "market": self.attestor.market,
            "now": self.clock.now(),
            "heartbeat": self._heartbeat,
            "last_slot_signed": self.state.last_signed_slot(),
            "last_slot_submitted": self.state.last_submitted_slot(),
            "backlog": {str(slot): points for slot, points in sorted(self._missing.items())},
            "trouble": dict(sorted(self._trouble.items())),
            "hubs": {name: asdict(health) for name, health in self.intake.health.items()},
            "peers": {name: asdict(health) for name, health in self.proposer.health.items()},
            "counts": self.state.counts(),
            "rejects": [asdict(row) for row in self.state.rejects(SHOWN_ROWS)],
            "disputes": [asdict(row) for row in self.state.disputes(SHOWN_ROWS)],
        }

    # -- a slot

    async def _look_after(self, slot: DeliverySlot, now: int, free: asyncio.Semaphore) -> None:
        async with free:
            try:
                await self._advance(slot, now)
            except (ChainError, OracleError) as error:
                # Shown to the operator; the next round starts from what the chain says then.
                self._trouble[type(error).__name__] = f"slot {slot}: {error}"
        late = now >= self.product.reading_deadline(slot)
        self._due[slot] = now + (self.timing.late_round if late else self.timing.round)

    async def _advance(self, slot: DeliverySlot, now: int) -> None:
        oracles = await self.chain.oracle_set()
        if not await self.chain.is_live(slot):
            self._finish(slot)
            return
        points = await self._points(slot)
        missing = points.keys() - await self.chain.attested(slot, max(points, default=0))
        self._missing[slot] = len(missing)
        self._trouble.clear()
        if not missing:
            self._finish(slot)
            return
        known = await self.intake.refresh(slot, points)
        if self._is_my_turn(slot, oracles, now):
            ready = self._ready(slot, missing, known, now)
            if len(ready) == len(missing) or now >= self._opens_at(slot) + self.timing.gather:
                sent = await self.proposer.propose(oracles, known, ready)
                self._be_patient(slot, sent, now)

    def _is_my_turn(self, slot: DeliverySlot, oracles: OracleSet, now: int) -> bool:
        if not oracles.signers:
            return False
        turn = turn_at(now, self._opens_at(slot), self.timing.takeover)
        number = slot // self.product.slot_seconds
        return submitter(oracles.signers, number, turn) == self.attestor.address

    def _opens_at(self, slot: DeliverySlot) -> int:
        return self.product.slot_end(slot) + self.timing.collect_delay

    def _ready(
        self, slot: DeliverySlot, missing: set[int], known: Mapping[int, Accepted], now: int
    ) -> list[int]:
        waiting = self._patience.get(slot, {})
        return [
            point
            for point, accepted in sorted(known.items())
            if point in missing
            and may_be_signed(accepted.reading, now)
            and waiting.get(point, 0) <= now
        ]

    def _be_patient(self, slot: DeliverySlot, points: Sequence[int], now: int) -> None:
        """Leave what is on its way to the chain alone for as long as a turn lasts."""
        until = now + self.timing.takeover
        self._patience.setdefault(slot, {}).update(dict.fromkeys(points, until))

    # -- a proposal

    async def _require_acceptable(self, proposal: Proposal, now: int) -> None:
        slot = proposal.slot
        if not self.product.is_slot(slot):
            raise ProposalError(f"no slot starts at {slot}")
        end, final = self.product.slot_end(slot), self.product.final_time(slot)
        if not end <= now < final:
            raise ProposalError(f"slot {slot} is attested from {end} to {final}, now is {now}")
        oracles = await self.chain.oracle_set()
        if proposal.config_version != oracles.version:
            raise ProposalError(
                f"oracle set {proposal.config_version} was proposed, {oracles.version} holds"
            )
        if not await self.chain.is_live(slot):
            raise ProposalError(f"slot {slot} was never opened")

    def _disputes(
        self, proposal: Proposal, known: Mapping[int, Accepted], now: int
    ) -> tuple[Dispute, ...]:
        rejected = self.state.rejected(proposal.slot)
        found = {one.point: one for one in objections(proposal.entries, known, rejected, now)}
        for entry in proposal.entries:
            if entry.point not in found and not self._carries_signature(entry, known[entry.point]):
                found[entry.point] = Dispute(entry.point, Objection.DIFFERENT)
        return tuple(found[point] for point in sorted(found))

    def _carries_signature(self, entry: Entry, own: Accepted) -> bool:
        """Whether an entry carries the gateway's signature.

        Another valid one than ours may stand in another hub.
        """
        if entry.signature == own.signed.signature:
            return True
        signed = SignedReading(own.reading, entry.signature)
        return self.attestor.examine(signed)[1] == own.gateway

    # -- slots

    async def _points(self, slot: DeliverySlot) -> Mapping[int, PointFacts]:
        """Return who takes part: fixed once the slot has begun (G-29), so it is asked once."""
        if slot not in self._facts:
            self._facts[slot] = await self.chain.points(slot)
        return self._facts[slot]

    def _open_slots(self, now: int) -> list[DeliverySlot]:
        """Return the slots that are over and not final, but for those that are complete."""
        length = self.product.slot_seconds
        oldest = now - self.product.correction_window - length + 1
        youngest = now - self.timing.collect_delay - length + 1
        slots = self.product.slots_between(max(0, oldest), max(0, youngest))
        return [slot for slot in slots if slot not in self._complete]

    def _finish(self, slot: DeliverySlot) -> None:
        self._complete.add(slot)
        self._missing.pop(slot, None)

    def _forget(self, now: int) -> None:
        length = self.product.slot_seconds
        oldest = self.product.slot_at(max(0, now - self.product.correction_window - length))
        past = {slot for slot in (*self._complete, *self._due, *self._facts) if slot < oldest}
        if not past:
            return
        self._complete -= past
        for kept in (self._due, self._facts, self._patience, self._missing):
            for slot in past:
                kept.pop(slot, None)
        self.intake.forget_before(oldest)
        self.state.forget_before(oldest)
