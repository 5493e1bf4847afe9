"""The other oracles, over HTTP (G-27)."""

from dataclasses import dataclass
from typing import Final, Protocol

import httpx

from node.domain.clock import Clock
from oracle.errors import MessageError, PeerAnswerError, PeerUnavailableError
from oracle.messages import ANSWER, PROPOSAL, Post, proposal_body, read_answer
from oracle.quorum import Answer, Proposal

#: Where an oracle takes proposals.
PROPOSALS_PATH: Final = "/v1/proposals"

#: Longest answer of a peer: a dispute of every point of the largest batch.
LARGEST_ANSWER_BYTES: Final = 1024 * 1024

SHOWN_LENGTH: Final = 200


class Peer(Protocol):
    """Another oracle of the set."""

    @property
    def address(self) -> str:
        """Its address on chain."""
        ...

    async def ask(self, proposal: Proposal) -> Answer:
        """Return what it says to a proposal; raises `PeerError`."""
        ...


@dataclass(frozen=True, slots=True)
class HttpPeer:
    """An oracle that answers at `url`. The client is shared and closed by who made it."""

    address: str
    url: str
    post: Post
    client: httpx.AsyncClient
    clock: Clock
    timeout_seconds: float

    async def ask(self, proposal: Proposal) -> Answer:
        """Send a proposal and open what comes back."""
        body = proposal_body(proposal)
        sealed, digest = self.post.seal(self.address, PROPOSAL, body, self.clock.now())
        try:
            response = await self.client.post(
                f"{self.url.rstrip('/')}{PROPOSALS_PATH}",
                content=sealed,
                headers={"Content-Type": "application/json"},
                timeout=self.timeout_seconds,
            )
        except httpx.HTTPError as error:
            raise PeerUnavailableError(self.address, f"{type(error).__name__} {error}") from error
        if response.status_code != httpx.codes.OK:
            said = response.text[:SHOWN_LENGTH]
            raise PeerAnswerError(self.address, f"status {response.status_code}: {said}")
        if len(response.content) > LARGEST_ANSWER_BYTES:
            raise PeerAnswerError(self.address, f"an answer of {len(response.content)} bytes")
        try:
            now = self.clock.now()
            _, answer, _ = self.post.open(
                response.content, {self.address}, ANSWER, now, about=digest
            )
            return read_answer(answer)
        except MessageError as error:
            raise PeerAnswerError(self.address, str(error)) from error
