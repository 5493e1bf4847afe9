"""Four oracles that talk over HTTP on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from node.chain.signing import LocalSigner
from node.domain.slots import DeliverySlot
from oracle.errors import EndpointError, PeerAnswerError, PeerUnavailableError
from oracle.http import LARGEST_PROPOSAL_BYTES, STATUS_PATH, Endpoint, make_app
from oracle.messages import PROPOSAL, Post, proposal_body
from oracle.peers import PROPOSALS_PATH, HttpPeer
from oracle.plausibility import SignedReading
from oracle.quorum import Entry, Proposal

if TYPE_CHECKING:
    from tests.integration.oracle.conftest import Network

SLOT = DeliverySlot(1_000_000)
POINTS = range(1, 7)
ALL = dict.fromkeys(POINTS, 100)

ReadingOf = Callable[..., SignedReading]


@dataclass(frozen=True)
class Running:
    """Oracles with their endpoints, and a client to talk to them with."""

    network: "Network"
    endpoints: dict[int, Endpoint]
    stops: dict[int, asyncio.Event]
    client: httpx.AsyncClient

    def peer(self, asked: int, asker: LocalSigner, market: str | None = None) -> HttpPeer:
        oracle = self.network.running[self.network.addresses[asked]]
        post = Post(asker, market or oracle.attestor.market)
        url = self.endpoints[asked].url
        address = self.network.addresses[asked]
        return HttpPeer(address, url, post, self.client, self.network.clock, 5.0)

    def connect(self) -> None:
        """Give every oracle its peers."""
        for number, key in enumerate(self.network.keys):
            others = [self.peer(n, key) for n in range(4) if n != number]
            self.network.running[key.address].proposer.peers = others


@asynccontextmanager
async def serving(network: "Network") -> AsyncIterator[Running]:
    network.start_all()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient())
        endpoints, stops = {}, {}
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        for number, key in enumerate(network.keys):
            oracle = network.running[key.address]
            app = make_app(oracle, Post(key, oracle.attestor.market))
            endpoints[number] = Endpoint(app, "127.0.0.1", 0)
            stops[number] = asyncio.Event()
            tasks.create_task(endpoints[number].run(stops[number]))
        running = Running(network, endpoints, stops, client)
        running.connect()
        try:
            yield running
        finally:
            for stop in stops.values():
                stop.set()


@pytest.fixture
async def running(network: "Network") -> AsyncIterator[Running]:
    async with serving(network) as one:
        yield one


@pytest.mark.spec("G-10", "G-27")
async def test_oracles_agree_over_http(running: Running, reading: ReadingOf) -> None:
    running.network.hub.put(*(reading(point) for point in POINTS))

    await running.network.pass_time(SLOT + 13)

    assert running.network.attested() == ALL
    assert len(running.network.chain.batches) == 1


@pytest.mark.spec("G-27")
async def test_oracles_agree_over_http_when_the_submitter_is_gone(
    running: Running, reading: ReadingOf
) -> None:
    dead = running.network.turn_of()
    running.stops[dead].set()
    running.network.kill(dead)
    running.network.hub.put(*(reading(point) for point in POINTS))

    await running.network.pass_time(SLOT + 16)

    assert running.network.attested() == ALL
    alive = running.network.running[running.network.addresses[(dead + 1) % 4]]
    peers = alive.status()["peers"]
    assert isinstance(peers, dict)
    assert peers[running.network.addresses[dead]]["problem"] is not None


@pytest.mark.spec("G-27")
async def test_a_member_gets_a_signed_answer_and_a_stranger_gets_none(
    running: Running, reading: ReadingOf
) -> None:
    running.network.hub.put(reading(1))
    oracle = running.network.running[running.network.addresses[0]]
    digest, _ = oracle.attestor.examine(reading(1))
    proposal = Proposal(SLOT, 1, (Entry(1, 1, digest, reading(1).signature),))

    answer = await running.peer(0, running.network.keys[1]).ask(proposal)

    assert answer.signature is not None
    known = oracle.state.accepted(SLOT)
    batch = oracle.attestor.batch(proposal, known)
    assert oracle.attestor.signer_of(batch, answer.signature) == running.network.addresses[0]
    with pytest.raises(PeerAnswerError, match="sender_unknown"):
        await running.peer(0, LocalSigner.generate()).ask(proposal)
    with pytest.raises(PeerAnswerError, match="wrong_recipient"):
        await running.peer(0, running.network.keys[1], market="1/0xcd").ask(proposal)


@pytest.mark.spec("G-27")
async def test_an_answer_of_somebody_else_is_not_taken_for_the_peers(
    running: Running, reading: ReadingOf
) -> None:
    asker = running.network.keys[2]
    misled = HttpPeer(
        running.network.addresses[1],
        running.endpoints[0].url,
        Post(asker, running.network.running[asker.address].attestor.market),
        running.client,
        running.network.clock,
        5.0,
    )
    entry = Entry(1, 1, bytes(32), reading(1).signature)

    with pytest.raises(PeerAnswerError, match="wrong_recipient"):
        await misled.ask(Proposal(SLOT, 1, (entry,)))


async def test_a_peer_that_does_not_listen_is_unavailable(
    running: Running, reading: ReadingOf
) -> None:
    peer = running.peer(3, running.network.keys[0])
    running.stops[3].set()
    entry = Entry(1, 1, bytes(32), reading(1).signature)

    async def until_gone() -> None:
        while True:
            await peer.ask(Proposal(SLOT, 1, (entry,)))

    with pytest.raises(PeerUnavailableError):
        await asyncio.wait_for(until_gone(), timeout=10)


@pytest.mark.spec("G-27")
async def test_a_proposal_of_another_oracle_set_is_refused_by_name(
    running: Running, reading: ReadingOf
) -> None:
    entry = Entry(1, 1, bytes(32), reading(1).signature)

    with pytest.raises(PeerAnswerError, match=r"400.*proposal_refused.*oracle set 9"):
        await running.peer(0, running.network.keys[1]).ask(Proposal(SLOT, 9, (entry,)))


@pytest.mark.parametrize("letter", [b"", b"{}", b"x" * (LARGEST_PROPOSAL_BYTES + 1)])
async def test_garbage_changes_nothing_and_is_named(running: Running, letter: bytes) -> None:
    before = running.network.running[running.network.addresses[0]].state.counts()

    answer = await running.client.post(running.endpoints[0].url + PROPOSALS_PATH, content=letter)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in {"message_malformed", "proposal_refused"}
    assert running.network.running[running.network.addresses[0]].state.counts() == before


async def test_while_the_chain_is_down_a_peer_is_told_to_ask_later(
    running: Running, reading: ReadingOf
) -> None:
    running.network.chain.is_down = True
    entry = Entry(1, 1, bytes(32), reading(1).signature)

    with pytest.raises(PeerAnswerError, match=r"503.*not_now"):
        await running.peer(0, running.network.keys[1]).ask(Proposal(SLOT, 1, (entry,)))


@pytest.mark.spec("G-27")
async def test_the_operator_sees_how_the_oracle_is(running: Running, reading: ReadingOf) -> None:
    running.network.hub.put(reading(1), reading(9))
    await running.network.pass_time(SLOT + 12)

    status = (await running.client.get(running.endpoints[0].url + STATUS_PATH)).json()

    assert status["oracle"] == running.network.addresses[0]
    assert status["heartbeat"] == SLOT + 12
    assert status["last_slot_signed"] == SLOT
    assert status["backlog"] == {str(SLOT): 5}
    assert status["rejects"][0]["reason"] == "unregistered"
    assert status["hubs"]["memory"]["answered_at"] == SLOT + 12


async def test_a_taken_port_is_named(running: Running) -> None:
    key = running.network.keys[0]
    app = make_app(running.network.running[key.address], Post(key, "any"))

    with pytest.raises(EndpointError, match=str(running.endpoints[0].port)):
        Endpoint(app, "127.0.0.1", running.endpoints[0].port)


def test_a_letter_may_hold_the_largest_batch() -> None:
    key = LocalSigner.generate()
    entries = tuple(Entry(n, 1, b"\xff" * 32, b"\xff" * 65) for n in range(2_000, 4_000))
    body = proposal_body(Proposal(SLOT, 1, entries))

    sealed, _ = Post(key, "31337/0x" + "ab" * 20).seal(key.address, PROPOSAL, body, SLOT)

    assert len(sealed) < LARGEST_PROPOSAL_BYTES
