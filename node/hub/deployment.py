"""Puts a hub on a deployment: its chain, its product, and the domains that signatures are bound to."""

from node.chain.client import ChainClient
from node.chain.contracts.market import ChainReader
from node.chain.errors import SigningError
from node.chain.manifest import Manifest
from node.chain.signing import SigningDomain, recover
from node.domain.clock import Clock
from node.domain.readings import Reading
from node.hub.dependencies import POLL_SECONDS, HubDependencies
from node.store.database import Database


def hub_of_deployment(
    manifest: Manifest,
    client: ChainClient,
    *,
    database: Database,
    clock: Clock,
    initial_password: str,
    finality_depth: int,
    poll_seconds: int = POLL_SECONDS,
) -> HubDependencies:
    """Return what a hub of a deployment is made of; the manifest has been checked against the chain."""
    contracts = manifest.facades()
    signatures = Signatures(
        SigningDomain.of_meter_oracle(manifest.chain_id, contracts.oracle.address),
        SigningDomain.of_registry(manifest.chain_id, contracts.registry.address),
    )
    return HubDependencies(
        database=database,
        chain=ChainReader(client, contracts),
        clock=clock,
        product=manifest.product,
        initial_password=initial_password,
        recover_reading=signatures.of_reading,
        recover_possession=signatures.of_possession,
        finality_depth=finality_depth,
        start_block=manifest.block,
        poll_seconds=poll_seconds,
    )


class Signatures:
    """Says who signed what, bound to one deployment; None for a signature that no key made."""

    def __init__(self, meter_oracle: SigningDomain, registry: SigningDomain) -> None:
        self._meter_oracle = meter_oracle
        self._registry = registry

    def of_reading(self, reading: Reading, signature: bytes) -> str | None:
        """Return who signed a reading."""
        return _recovered(self._meter_oracle.reading_digest(reading), signature)

    def of_possession(self, owner: str, gateway: str, signature: bytes) -> str | None:
        """Return who signed that `gateway` reads for `owner`."""
        return _recovered(self._registry.possession_digest(owner, gateway), signature)


def _recovered(digest: bytes, signature: bytes) -> str | None:
    try:
        return recover(digest, signature)
    except SigningError:
        return None
