"""The deployment manifest: which contracts, on which chain, with which code.

Whoever opens a manifest checks it against the chain first, so that nobody signs for contracts that are not there.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from eth_hash.auto import keccak

from node.chain.client import ChainClient
from node.chain.contracts.market import MarketContracts
from node.chain.errors import ManifestError
from node.chain.loading import CONTRACTS, load_artifact
from node.domain.errors import ProductError
from node.domain.slots import Product
from node.domain.units import Yen5

MANIFEST_VERSION = 1

_DEPLOY = "run `yuimaru deploy`"
_NEW_DEPLOYMENT = "deploy to a new manifest, or name the one that belongs to this chain"


@dataclass(frozen=True, slots=True)
class DeployedContract:
    """A contract: where it is, the hash of its code there and of the creation code it was made with."""

    address: str
    code_hash: str
    creation_hash: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A deployment."""

    chain_id: int
    genesis_hash: str
    block: int
    deployer: str
    product: Product
    minimum_deposit: Yen5
    contracts: Mapping[str, DeployedContract]

    def facades(self) -> MarketContracts:
        """Return the facades of the contracts."""
        return MarketContracts.at({name: c.address for name, c in self.contracts.items()})


def creation_hashes() -> dict[str, str]:
    """Return what this program's own contracts are made with, by name."""
    return {name: hex_hash(load_artifact(name).creation_code) for name in CONTRACTS}


def hex_hash(code: bytes) -> str:
    """Return the Keccak hash of code in hex."""
    return f"0x{keccak(code).hex()}"


def genesis_hash(client: ChainClient) -> str:
    """Return the hash of block 0, which tells one chain from another with the same id."""
    genesis = client.block(0)
    return "0x" if genesis is None else f"0x{genesis.hash.hex()}"


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest so that a reader sees all of it or nothing."""
    content = {"version": MANIFEST_VERSION} | asdict(manifest)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.tmp")
    draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, path)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError(path, "is missing", _DEPLOY) from None
    except (OSError, ValueError) as broken:
        raise ManifestError(path, f"cannot be read: {broken}", _NEW_DEPLOYMENT) from broken
    return _manifest(path, content)


def open_deployment(path: Path, client: ChainClient) -> Manifest:
    """Read a manifest and check it against the chain."""
    manifest = read_manifest(path)
    check_deployment(path, manifest, client)
    return manifest


def check_deployment(path: Path, manifest: Manifest, client: ChainClient) -> None:
    """Refuse a manifest that does not describe the chain that answers."""
    if manifest.chain_id != client.chain_id:
        problem = f"was written for chain {manifest.chain_id}, this is chain {client.chain_id}"
        raise ManifestError(path, problem, _NEW_DEPLOYMENT)
    found = genesis_hash(client)
    if manifest.genesis_hash != found:
        problem = f"was written for the chain that began with block {manifest.genesis_hash}, this one began with {found}"
        raise ManifestError(path, problem, _NEW_DEPLOYMENT)
    codes = client.codes([contract.address for contract in manifest.contracts.values()])
    for (name, contract), code in zip(manifest.contracts.items(), codes, strict=True):
        if not code:
            problem = f"there is no {name} at {contract.address}: the chain has lost its state"
            raise ManifestError(path, problem, _NEW_DEPLOYMENT)
        if hex_hash(code) != contract.code_hash:
            problem = f"another contract than the {name} of the manifest is at {contract.address}"
            raise ManifestError(path, problem, _NEW_DEPLOYMENT)


def _manifest(path: Path, content: object) -> Manifest:
    try:
        if not isinstance(content, dict) or content["version"] != MANIFEST_VERSION:
            raise ManifestError(path, "is no manifest of this version", _NEW_DEPLOYMENT)
        product = {field.name: int(content["product"][field.name]) for field in fields(Product)}
        return Manifest(
            chain_id=int(content["chain_id"]),
            genesis_hash=str(content["genesis_hash"]),
            block=int(content["block"]),
            deployer=str(content["deployer"]),
            product=Product(**product),  # type: ignore[arg-type]
            minimum_deposit=Yen5(int(content["minimum_deposit"])),
            contracts={name: _contract(content["contracts"][name]) for name in CONTRACTS},
        )
    except KeyError as missing:
        raise ManifestError(path, f"lacks {missing}", _NEW_DEPLOYMENT) from missing
    except (TypeError, ValueError, ProductError) as wrong:
        raise ManifestError(path, f"holds a wrong value: {wrong}", _NEW_DEPLOYMENT) from wrong


def _contract(content: Mapping[str, object]) -> DeployedContract:
    return DeployedContract(
        **{field.name: str(content[field.name]) for field in fields(DeployedContract)}
    )
