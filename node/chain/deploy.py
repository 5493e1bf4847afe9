"""Puts the contracts on a chain, once.

Ledger and oracle need each other's addresses, so all addresses are computed from the deployer's nonces before
anything is sent. The manifest is written last: a deployment that was interrupted leaves contracts that nobody uses,
and the next run deploys anew.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from node.chain.client import ChainClient
from node.chain.contracts.access import AccessManager, AccessRole
from node.chain.contracts.auction import SpotAuction
from node.chain.contracts.facade import product_tuple
from node.chain.contracts.ledger import SettlementLedger
from node.chain.contracts.market import MarketContracts
from node.chain.contracts.meter_oracle import MeterOracle
from node.chain.contracts.registry import ParticipantRegistry
from node.chain.errors import ManifestError
from node.chain.loading import load_artifact
from node.chain.manifest import (
    DeployedContract,
    Manifest,
    check_deployment,
    creation_hashes,
    genesis_hash,
    hex_hash,
    read_manifest,
    write_manifest,
)
from node.chain.sender import Sender
from node.chain.signing import Signer
from node.chain.transactions import Call, created_address
from node.domain.slots import Product
from node.domain.units import Yen5, yen

#: In the order in which they are created.
_CREATED = (
    AccessManager.NAME,
    ParticipantRegistry.NAME,
    MeterOracle.NAME,
    SettlementLedger.NAME,
    SpotAuction.NAME,
)

#: Gas of each creation; measured values stand in the test that holds them.
CREATION_GAS = {
    AccessManager.NAME: 3_100_000,
    ParticipantRegistry.NAME: 2_900_000,
    MeterOracle.NAME: 3_000_000,
    SettlementLedger.NAME: 5_500_000,
    SpotAuction.NAME: 4_900_000,
}

DEFAULT_MINIMUM_DEPOSIT = yen(1000)

#: Which role may call what; everything that is restricted and not named here is the administrator's.
REGISTRY_FUNCTIONS = (
    "admit",
    "setRoles",
    "suspend",
    "reinstate",
    "listGatewayKey",
    "registerPoint",
    "rotateGateway",
    "transferPoint",
)
DSO_FUNCTIONS = ("publishImbalancePrices", "voidSlot")
BANK_FUNCTIONS = ("credit", "confirmWithdrawal")


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who holds the roles of the access manager; the deployer is the administrator."""

    market_operator: Collection[str]
    dso: Collection[str]
    settlement_bank: Collection[str]


def deploy(
    client: ChainClient,
    sender: Sender,
    deployer: Signer,
    product: Product,
    authorities: Authorities,
    path: Path,
    minimum_deposit: Yen5 = DEFAULT_MINIMUM_DEPOSIT,
) -> Manifest:
    """Deploy the market and write its manifest, or check and return the deployment that the manifest names."""
    if path.exists():
        return _existing(client, path, product, minimum_deposit)
    manifest = _create(client, sender, deployer, product, minimum_deposit)
    contracts = manifest.facades()
    sender.send_many([(deployer, call) for call in _configuration(contracts, authorities)])
    write_manifest(path, manifest)
    return manifest


def _existing(client: ChainClient, path: Path, product: Product, minimum_deposit: Yen5) -> Manifest:
    manifest = read_manifest(path)
    check_deployment(path, manifest, client)
    if (manifest.product, manifest.minimum_deposit) != (product, minimum_deposit):
        remedy = "a product never changes: deploy the new one to a manifest of its own"
        raise ManifestError(path, "names a deployment of another product", remedy)
    made_with = {name: contract.creation_hash for name, contract in manifest.contracts.items()}
    ours = creation_hashes()
    changed = sorted(name for name in ours if made_with[name] != ours[name])
    if changed:
        remedy = "contracts never change: deploy the new ones to a manifest of their own"
        raise ManifestError(path, f"names an earlier build of {', '.join(changed)}", remedy)
    return manifest


def _create(
    client: ChainClient, sender: Sender, deployer: Signer, product: Product, minimum_deposit: Yen5
) -> Manifest:
    first_nonce = client.mined_counts([deployer.address])[0]
    addresses = {
        name: created_address(deployer.address, first_nonce + place)
        for place, name in enumerate(_CREATED)
    }
    arguments = _constructor_arguments(deployer.address, addresses, product, minimum_deposit)
    receipts = sender.send_many([(deployer, _creation(name, arguments[name])) for name in _CREATED])
    if [receipt.contract for receipt in receipts] != [addresses[name] for name in _CREATED]:
        problem = "the contracts came to other addresses than planned"
        raise ManifestError(
            "(not written)", problem, "use the deployer's key nowhere else and deploy again"
        )
    codes = client.codes([addresses[name] for name in _CREATED])
    hashes = creation_hashes()
    return Manifest(
        chain_id=client.chain_id,
        genesis_hash=genesis_hash(client),
        block=min(receipt.block_number for receipt in receipts),
        deployer=deployer.address,
        product=product,
        minimum_deposit=minimum_deposit,
        contracts={
            name: DeployedContract(addresses[name], hex_hash(code), hashes[name])
            for name, code in zip(_CREATED, codes, strict=True)
        },
    )


def _constructor_arguments(
    admin: str, addresses: Mapping[str, str], product: Product, minimum_deposit: Yen5
) -> dict[str, tuple[object, ...]]:
    access = addresses[AccessManager.NAME]
    registry = addresses[ParticipantRegistry.NAME]
    oracle = addresses[MeterOracle.NAME]
    ledger = addresses[SettlementLedger.NAME]
    given = product_tuple(product)
    return {
        AccessManager.NAME: (admin,),
        ParticipantRegistry.NAME: (access, ledger, given),
        MeterOracle.NAME: (access, registry, ledger, given),
        SettlementLedger.NAME: (access, registry, oracle, given, minimum_deposit),
        SpotAuction.NAME: (registry, ledger, given),
    }


def _creation(name: str, arguments: tuple[object, ...]) -> Call:
    artifact = load_artifact(name)
    data = artifact.creation_code + artifact.abi.constructor.encode_inputs(arguments)
    return Call(f"creation of {name}", None, data, CREATION_GAS[name])


def _configuration(contracts: MarketContracts, authorities: Authorities) -> list[Call]:
    access = contracts.access
    holders = (
        (AccessRole.MARKET_OPERATOR, authorities.market_operator),
        (AccessRole.DSO, authorities.dso),
        (AccessRole.SETTLEMENT_BANK, authorities.settlement_bank),
    )
    return [
        access.set_target_function_role(
            contracts.registry, REGISTRY_FUNCTIONS, AccessRole.MARKET_OPERATOR
        ),
        access.set_target_function_role(contracts.ledger, DSO_FUNCTIONS, AccessRole.DSO),
        access.set_target_function_role(
            contracts.ledger, BANK_FUNCTIONS, AccessRole.SETTLEMENT_BANK
        ),
        *(access.grant_role(role, account) for role, accounts in holders for account in accounts),
        contracts.ledger.admit_market(contracts.auction.address),
    ]
