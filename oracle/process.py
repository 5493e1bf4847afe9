"""An oracle as a process: what it is made of, and how its parts run together."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from node.chain.client import ChainClient
from node.chain.contracts.market import MarketContracts
from node.chain.outbox_sender import OutboxSender
from node.chain.signing import Signer
from node.domain.clock import Clock
from node.domain.slots import Product
from oracle.attestation import Attestor
from oracle.chain import ChainView, OutboxDesk
from oracle.collect import HubSource
from oracle.http import Endpoint, make_app
from oracle.intake import Intake
from oracle.messages import Post
from oracle.peers import HttpPeer
from oracle.proposing import Proposer
from oracle.service import Oracle, Timing
from oracle.state import OracleState


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleConfig:
    """Where an oracle listens, keeps its state, and finds hubs and peers (URLs by address)."""

    host: str
    port: int
    state_file: Path
    hubs: Sequence[str]
    system: str
    password: str = field(repr=False)
    peers: Mapping[str, str]
    timing: Timing


class OracleProcess:
    """An oracle that listens on `url` once it is made and works while `run` runs.

    Making it raises what is wrong: a taken port, a damaged or foreign state file.
    """

    def __init__(
        self,
        config: OracleConfig,
        *,
        signer: Signer,
        client: ChainClient,
        contracts: MarketContracts,
        product: Product,
        clock: Clock,
        sender: OutboxSender,
        since_block: int = 0,
    ) -> None:
        attestor = Attestor(signer, client.chain_id, contracts.oracle.address)
        post = Post(signer, attestor.market)
        identity = {"oracle": signer.address, "market": attestor.market}
        config.state_file.parent.mkdir(parents=True, exist_ok=True)
        self._state = OracleState.open(config.state_file, identity)
        self._http = httpx.AsyncClient()
        self._desk = OutboxDesk(sender, contracts, clock)
        sources = [
            HubSource(url, config.system, config.password, self._http) for url in config.hubs
        ]
        peers = [
            HttpPeer(address, url, post, self._http, clock, float(config.timing.takeover))
            for address, url in sorted(config.peers.items())
            if address != signer.address
        ]
        self.oracle = Oracle(
            attestor=attestor,
            chain=ChainView(client, contracts, since_block),
            intake=Intake(sources, attestor, self._state, product, clock),
            proposer=Proposer(attestor, peers, self._state, self._desk, clock),
            state=self._state,
            product=product,
            clock=clock,
            timing=config.timing,
        )
        self._endpoint = Endpoint(make_app(self.oracle, post), config.host, config.port)

    @property
    def url(self) -> str:
        """Where the oracle answers its peers and its operator."""
        return self._endpoint.url

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then close everything."""
        sending = asyncio.create_task(self._desk.run())
        try:
            async with asyncio.TaskGroup() as parts:
                parts.create_task(self._endpoint.run(stop))
                parts.create_task(self.oracle.run(stop))
        finally:
            sending.cancel()
            await asyncio.wait({sending})
            await self._http.aclose()
            self._state.close()
