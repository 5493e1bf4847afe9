"""Deployment: once, checked ever after, refused when anything does not fit."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from node.chain.client import ChainClient
from node.chain.contracts.access import AccessRole
from node.chain.deploy import Authorities, deploy
from node.chain.embedded import EmbeddedChain, EmbeddedSettings
from node.chain.errors import ChainUnavailableError, ManifestError
from node.chain.manifest import open_deployment, read_manifest
from node.chain.sender import Sender
from node.domain.slots import Product
from node.domain.units import yen
from tests.integration.chain.world import SHORT_SLOTS, World, key

pytestmark = pytest.mark.chain


def _authorities() -> Authorities:
    return Authorities([key("operator").address], [key("dso").address], [key("bank").address])


def _deploy(world: World, path: Path, product: Product = SHORT_SLOTS) -> None:
    deploy(world.client, world.sender, key("admin"), product, _authorities(), path)


@pytest.fixture
def path(world: World, tmp_path: Path) -> Path:
    """The manifest of a deployment on the world's chain, in a place of its own."""
    path = tmp_path / "deployment" / "manifest.json"
    _deploy(world, path)
    return path


def test_a_second_run_changes_nothing(world: World, path: Path) -> None:
    written, head = path.read_bytes(), world.client.head()

    again = deploy(world.client, world.sender, key("admin"), SHORT_SLOTS, _authorities(), path)

    assert again == read_manifest(path) == open_deployment(path, world.client)
    assert (path.read_bytes(), world.client.head()) == (written, head)


def test_the_contracts_know_each_other_and_the_product(world: World) -> None:
    contracts, client = world.contracts, world.client
    market = (contracts.registry, contracts.auction, contracts.oracle, contracts.ledger)

    assert {client.read(contract.product()) for contract in market} == {SHORT_SLOTS}
    assert client.read(contracts.ledger.minimum_deposit()) == yen(1000)
    world.open_slot()  # the ledger takes the auction for a market


@pytest.mark.parametrize(
    ("role", "holder"),
    [
        (AccessRole.ADMIN, "admin"),
        (AccessRole.MARKET_OPERATOR, "operator"),
        (AccessRole.DSO, "dso"),
        (AccessRole.SETTLEMENT_BANK, "bank"),
    ],
)
def test_each_role_has_its_holder_and_nobody_else(
    world: World, role: AccessRole, holder: str
) -> None:
    access = world.contracts.access
    names = ("admin", "operator", "dso", "bank")

    holds = {n for n in names if world.client.read(access.has_role(role, key(n).address))}

    assert holds == {holder}


def test_a_role_can_be_taken_away(world: World) -> None:
    access = world.contracts.access
    world.do(world.admin, access.grant_role(AccessRole.DSO, key("deputy").address))
    world.do(world.admin, access.revoke_role(AccessRole.DSO, key("deputy").address))

    assert not world.client.read(access.has_role(AccessRole.DSO, key("deputy").address))


def test_another_product_under_the_same_manifest_is_refused(world: World, path: Path) -> None:
    changed = replace(SHORT_SLOTS, ring_size=97)

    with pytest.raises(ManifestError, match="another product; a product never changes"):
        _deploy(world, path, changed)


def test_an_earlier_build_of_the_contracts_is_refused(world: World, path: Path) -> None:
    content = json.loads(path.read_text())
    content["contracts"]["SpotAuction"]["creation_hash"] = "0x00"
    path.write_text(json.dumps(content))

    with pytest.raises(ManifestError, match="earlier build of SpotAuction"):
        _deploy(world, path)
    assert open_deployment(path, world.client).facades().auction.address


Damage = Callable[[dict[str, object]], object]


def _in_contract(name: str, field: str, value: str) -> Damage:
    def damage(content: dict[str, object]) -> None:
        contracts = content["contracts"]
        assert isinstance(contracts, dict)
        contracts[name][field] = value

    return damage


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda c: c.update(chain_id=1), "was written for chain 1, this is chain 7411"),
        (lambda c: c.update(genesis_hash="0x12"), "began with block 0x12"),
        (_in_contract("MeterOracle", "address", "0x" + "11" * 20), "no MeterOracle at 0x1111"),
        (_in_contract("SpotAuction", "code_hash", "0x12"), "another contract than the SpotAuction"),
        (lambda c: c.pop("deployer"), "lacks 'deployer'"),
        (lambda c: c.update(version=2), "no manifest of this version"),
        (lambda c: c.update(block="x"), "holds a wrong value"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    world: World, path: Path, damage: Damage, said: str
) -> None:
    content = json.loads(path.read_text())
    damage(content)
    path.write_text(json.dumps(content))

    with pytest.raises(ManifestError, match=said):
        open_deployment(path, world.client)
    with pytest.raises(ManifestError, match=said):
        _deploy(world, path)


def test_a_missing_or_unreadable_manifest_is_named(world: World, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is missing; run `yuimaru deploy`"):
        open_deployment(tmp_path / "none.json", world.client)

    (tmp_path / "half.json").write_text('{"version": 1')
    with pytest.raises(ManifestError, match="cannot be read"):
        open_deployment(tmp_path / "half.json", world.client)


def test_a_manifest_of_another_chain_with_the_same_id_is_refused(path: Path) -> None:
    with (
        EmbeddedChain(EmbeddedSettings(port=0, genesis_time=1)) as other,
        pytest.raises(ManifestError, match="this one began with"),
    ):
        open_deployment(path, other.client())


def test_a_chain_that_is_down_is_named(path: Path) -> None:
    client = ChainClient(["http://127.0.0.1:1"], 7411)

    with pytest.raises(ChainUnavailableError, match="the chain does not answer"):
        open_deployment(path, client)


def test_it_works_on_a_chain_that_makes_its_own_blocks(tmp_path: Path) -> None:
    with EmbeddedChain(EmbeddedSettings(port=0, block_seconds=1)) as chain:
        sender = Sender(chain.client())

        manifest = deploy(
            chain.client(), sender, key("admin"), SHORT_SLOTS, _authorities(), tmp_path / "m.json"
        )

        assert manifest == open_deployment(tmp_path / "m.json", chain.client())
