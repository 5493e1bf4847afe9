"""The submitter's part: propose, gather signatures, leave out what is disputed, send (G-27)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from node.chain.signing import Batch
from node.domain.clock import Clock
from oracle.attestation import Attestor
from oracle.errors import PeerError
from oracle.peers import Peer
from oracle.plausibility import Accepted
from oracle.quorum import (
    Agreed,
    Answer,
    Dispute,
    Entry,
    Objection,
    Proposal,
    Reduced,
    batches,
    decide,
    turncoats,
)
from oracle.state import OracleState

#: How often a list is shortened before the turn gives up; later turns go on.
ATTEMPTS: Final = 4


@dataclass(frozen=True, slots=True)
class OracleSet:
    """The oracle set as the chain has it, in ascending order of addresses.

    `able` are those whose signature the contract takes now: neither suspended nor expired. One
    signature of another would make it refuse the batch.
    """

    version: int
    quorum: int
    signers: tuple[str, ...]
    able: frozenset[str]


class BatchDesk(Protocol):
    """Brings a batch to the chain once, however often it is asked to."""

    async def attest(self, key: str, batch: Batch, signatures: Sequence[bytes]) -> None:
        """Take a batch under an idempotency key; returns when it is safely on its way.

        Raises `ChainError`.
        """
        ...


@dataclass(slots=True)
class PeerHealth:
    """How a peer was last: when it answered, and what is wrong now (None: nothing)."""

    answered_at: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Poll:
    """What came back for one list: valid signatures by signer, disputed points by peer."""

    signatures: dict[str, bytes]
    disputes: dict[str, frozenset[int]]


@dataclass(slots=True)
class Proposer:
    """Runs this oracle's turns."""

    attestor: Attestor
    peers: Sequence[Peer]
    state: OracleState
    desk: BatchDesk
    clock: Clock
    health: dict[str, PeerHealth] = field(init=False)

    def __post_init__(self) -> None:
        self.health = {peer.address: PeerHealth() for peer in self.peers}

    async def propose(
        self, oracles: OracleSet, known: Mapping[int, Accepted], points: Sequence[int]
    ) -> list[int]:
        """Bring readings to the chain as far as enough oracles agree; return the points sent."""
        sent: list[int] = []
        for entries in batches(Entry.of(known[point]) for point in points):
            slot = known[entries[0].point].reading.slot
            agreed = await self._agree(oracles, known, Proposal(slot, oracles.version, entries))
            if agreed is not None:
                proposal, signatures = agreed
                await self._send(self.attestor.batch(proposal, known), proposal, signatures)
                sent += proposal.points
        return sent

    async def _agree(
        self, oracles: OracleSet, known: Mapping[int, Accepted], proposal: Proposal
    ) -> tuple[Proposal, tuple[bytes, ...]] | None:
        before: dict[str, frozenset[int]] = {}
        distrusted: set[str] = set()
        for _ in range(ATTEMPTS):
            poll = await self._poll(oracles, known, proposal)
            distrusted |= turncoats(before, poll.disputes)
            trusted = {who: said for who, said in poll.disputes.items() if who not in distrusted}
            outcome = decide(proposal, poll.signatures, trusted, oracles.quorum)
            if isinstance(outcome, Agreed):
                return proposal, outcome.signatures
            if not isinstance(outcome, Reduced):
                return None
            before = poll.disputes | dict.fromkeys(poll.signatures, frozenset[int]())
            proposal = outcome.proposal
        return None

    async def _poll(
        self, oracles: OracleSet, known: Mapping[int, Accepted], proposal: Proposal
    ) -> _Poll:
        batch = self.attestor.batch(proposal, known)
        poll = _Poll({}, {})
        if self.attestor.address in oracles.able:
            # Promised before it is signed, like for anybody else's list.
            otherwise = self.state.promise(proposal.slot, proposal.entries, self.clock.now())
            if otherwise:
                poll.disputes[self.attestor.address] = frozenset(otherwise)
            else:
                poll.signatures[self.attestor.address] = self.attestor.sign(batch)
        asked = [
            asyncio.create_task(self._ask(peer, proposal))
            for peer in self.peers
            if peer.address in oracles.able
        ]
        try:
            for answered in asyncio.as_completed(asked):
                peer, answer = await answered
                self._count(poll, batch, proposal, peer, answer)
                if len(poll.signatures) >= oracles.quorum:
                    break  # nobody waits for an oracle that hangs when the others suffice
        finally:
            for task in asked:
                task.cancel()
        return poll

    async def _ask(self, peer: Peer, proposal: Proposal) -> tuple[Peer, Answer | None]:
        health = self.health[peer.address]
        try:
            answer = await peer.ask(proposal)
        except PeerError as error:
            # A silent oracle is what the quorum is for.
            health.problem = str(error)
            return peer, None
        health.answered_at = self.clock.now()
        health.problem = None
        return peer, answer

    def _count(
        self, poll: _Poll, batch: Batch, proposal: Proposal, peer: Peer, answer: Answer | None
    ) -> None:
        if answer is None:
            return
        if answer.signature is not None:
            signer = self.attestor.signer_of(batch, answer.signature)
            if signer == peer.address:
                poll.signatures[peer.address] = answer.signature
            else:
                self.health[peer.address].problem = f"signed another batch, or as {signer}"
            return
        poll.disputes[peer.address] = frozenset(one.point for one in answer.disputes)
        self.state.dispute(proposal.slot, peer.address, answer.disputes, self.clock.now())

    async def _send(self, batch: Batch, proposal: Proposal, signatures: tuple[bytes, ...]) -> None:
        self.state.submit(
            batch.slot, batch.first_point, batch.root, len(proposal.points), self.clock.now()
        )
        # With the second in it: a later turn that brings the same list again is a message of its
        # own.
        key = f"attest:{batch.slot}:{batch.first_point}:{self.clock.now()}"
        await self.desk.attest(key, batch, signatures)


def signed_otherwise(points: set[int]) -> tuple[Dispute, ...]:
    """Return the disputes of an oracle that has signed other values of these points."""
    return tuple(Dispute(point, Objection.SIGNED_OTHERWISE) for point in sorted(points))
