"""A deployment as commands find it: keys, chain, contracts."""

from dataclasses import dataclass
from pathlib import Path

from node.chain.client import ChainClient
from node.chain.contracts.market import MarketContracts
from node.chain.deploy import deploy
from node.chain.keystore import Strength, create_key, load_key
from node.chain.manifest import Manifest, open_deployment
from node.chain.outbox import Owner
from node.chain.sender import Sender
from node.chain.signing import LocalSigner
from node.cli.configuration import required
from node.cli.provision import Institutions
from node.cli.workspace import Workspace
from node.domain.slots import HALF_HOURS, Product, demonstration_product
from node.settings import Settings

#: Oracles of a deployment on one machine: f = 1, so any one of them may be dead (G-27).
ORACLES = 4


@dataclass(frozen=True, slots=True)
class Deployment:
    """A chain with the market on it."""

    client: ChainClient
    manifest: Manifest
    contracts: MarketContracts

    @property
    def product(self) -> Product:
        """The product of the deployment."""
        return self.manifest.product

    def outbox_owner(self, sender: str) -> Owner:
        """Return whose outbox a file of this deployment's sender is."""
        return Owner(self.manifest.chain_id, self.manifest.genesis_hash, sender)


def product_of(slot_seconds: int) -> Product:
    """Return the product of a real market for half hours, that of a demonstration for shorter slots."""
    if slot_seconds == HALF_HOURS.slot_seconds:
        return HALF_HOURS
    return demonstration_product(slot_seconds)


def client_of(settings: Settings) -> ChainClient:
    """Return a client of the nodes that the settings name, else of the chain that runs on this data folder."""
    endpoint = Workspace(settings.data_dir).endpoint("chain")
    if "chain_urls" not in settings.model_fields_set and endpoint.exists():
        urls = [str(Workspace(settings.data_dir).read_json(endpoint)["url"])]
    else:
        urls = list(settings.chain_urls)
    return ChainClient(urls, settings.chain_id)


def open_deployment_of(settings: Settings) -> Deployment:
    """Return the deployment that the settings name after checking it against the chain."""
    client = client_of(settings)
    manifest = open_deployment(settings.manifest_path, client)
    return Deployment(client, manifest, manifest.facades())


def deploy_market(
    client: ChainClient, institutions: Institutions, product: Product, path: Path
) -> Manifest:
    """Put the market on a chain, or check the deployment that the manifest names."""
    return deploy(
        client,
        Sender(client),
        institutions.administrator,
        product,
        institutions.authorities,
        path,
    )


def account_of(settings: Settings) -> LocalSigner:
    """Return the account that a process sends with."""
    return _opened(settings, settings.account_keystore, "account_keystore")


def gateway_of(settings: Settings) -> LocalSigner:
    """Return the gateway key that signs a home's readings."""
    return _opened(settings, settings.gateway_keystore, "gateway_keystore")


def _opened(settings: Settings, keystore: Path | None, name: str) -> LocalSigner:
    password = required(settings.keystore_password, "keystore_password")
    return load_key(required(keystore, name), password.get_secret_value())


def key_of(workspace: Workspace, name: str) -> LocalSigner:
    """Return a key of the data folder; the password is that of the folder."""
    return load_key(workspace.keystore(name), workspace.password())


def key_made(workspace: Workspace, name: str) -> LocalSigner:
    """Return a key of the data folder, made when it is not there."""
    if workspace.keystore(name).exists():
        return key_of(workspace, name)
    # The folder's password is a random key itself, so guessing it is no cheaper with a light key file.
    return create_key(workspace.keystore(name), workspace.password(), Strength.LIGHT)


def oracle_names() -> tuple[str, ...]:
    """Return the names of the oracles of a deployment on one machine."""
    return tuple(f"oracle-{number}" for number in range(1, ORACLES + 1))


def open_institutions(workspace: Workspace) -> Institutions:
    """Return the keys of those who run the market, made when they are not there."""
    return Institutions(
        administrator=key_made(workspace, "administrator"),
        market_operator=key_made(workspace, "market-operator"),
        dso=key_made(workspace, "dso"),
        settlement_bank=key_made(workspace, "settlement-bank"),
        oracles=tuple(key_made(workspace, name) for name in oracle_names()),
    )
