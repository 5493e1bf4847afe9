"""A home as a process: what it is made of."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from node.agents.home import Home, HomeParts, no_reference_price
from node.agents.hub_client import HubClient, Registration
from node.agents.journal import Journal
from node.agents.market import ChainMarket, OutboxOrders
from node.agents.site import Site
from node.agents.trading import Habits, ReferencePrice
from node.chain.client import ChainClient
from node.chain.contracts.market import MarketContracts
from node.chain.outbox_sender import OutboxSender
from node.chain.signing import Signer, SigningDomain
from node.domain.clock import Clock
from node.domain.policies import Policy
from node.domain.slots import Product


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeConfig:
    """Who a home is, where it keeps its journal, and how it gets at its hub.

    With `initial_password` a home that has no password of its own registers itself as `kind`,
    `name`, `maker` and `location` (D-46).
    """

    point: int
    journal_file: Path
    hub_url: str
    device_id: str
    device_password: str | None = field(default=None, repr=False)
    initial_password: str | None = field(default=None, repr=False)
    kind: str = "home"
    name: str = "home"
    maker: str = "unknown"
    location: str = "unknown"


class HomeProcess:
    """A home that works while `run` runs.

    Making it raises what is wrong with its journal or configuration.
    """

    def __init__(
        self,
        config: HomeConfig,
        *,
        account: Signer,
        gateway: Signer,
        client: ChainClient,
        contracts: MarketContracts,
        product: Product,
        clock: Clock,
        site: Site,
        sender: OutboxSender,
        policy: Policy,
        habits: Habits,
        reference_price: ReferencePrice = no_reference_price,
    ) -> None:
        self._site = site
        self._http = httpx.AsyncClient()
        domain = SigningDomain.of_meter_oracle(client.chain_id, contracts.oracle.address)
        identity = {
            "gateway": gateway.address,
            "point": str(config.point),
            "market": f"{client.chain_id}/{contracts.oracle.address}",
        }
        self._journal = Journal.open(config.journal_file, identity)
        desk = OutboxOrders(sender, contracts, config.point, clock)
        self.home = Home(
            HomeParts(
                point=config.point,
                product=product,
                clock=clock,
                site=site,
                market=ChainMarket(client, contracts, config.point),
                desk=desk,
                hub=HubClient(config.hub_url, self._http),
                journal=self._journal,
                gateway=gateway,
                domain=domain,
                policy=policy,
                habits=habits,
                device_id=config.device_id,
                device_password=config.device_password,
                registration=_registration(config, account, gateway, client, contracts),
                reference_price=reference_price,
                pumps=(desk,),
            )
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Live until `stop` is set, then let go of devices, hub and journal."""
        try:
            await self.home.run(stop)
        finally:
            await self._site.close()
            await self._http.aclose()
            self._journal.close()


def _registration(
    config: HomeConfig,
    account: Signer,
    gateway: Signer,
    client: ChainClient,
    contracts: MarketContracts,
) -> Registration | None:
    """Return the registration of a home that was given an initial password, proof included."""
    if config.initial_password is None:
        return None
    domain = SigningDomain.of_registry(client.chain_id, contracts.registry.address)
    return Registration(
        device_id=config.device_id,
        initial_password=config.initial_password,
        kind=config.kind,
        name=config.name,
        maker=config.maker,
        location=config.location,
        metering_point=config.point,
        gateway=gateway.address,
        possession=gateway.sign(domain.possession_digest(account.address, gateway.address)),
    )
