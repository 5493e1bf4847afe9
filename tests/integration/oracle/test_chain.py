"""An oracle's view of a real chain, and the way of its batches there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.chain.outbox import EntryState, Outbox, Owner
from node.chain.outbox_sender import OutboxSender
from node.domain.clock import VirtualClock
from node.domain.slots import DeliverySlot
from oracle.attestation import Attestor
from oracle.chain import ChainView, OutboxDesk
from oracle.state import OracleState
from tests.integration.chain.world import WARM_UP, World, key, new_world, reference

pytestmark = pytest.mark.chain


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with new_world(tmp_path) as one:
        one.install_oracles(valid_for=1000)
        yield one


def view(world: World) -> ChainView:
    return ChainView(world.client, world.contracts, world.manifest.block)


def add_points(world: World, count: int) -> None:
    owner = world.admit("owner", yen=100_000)
    for number in range(1, count + 1):
        world.add_point(owner, key(f"gateway {number}"), limit=1000 * number)


@pytest.mark.spec("G-27", "G-28")
async def test_the_oracle_set_says_who_may_sign_now(world: World) -> None:
    addresses = tuple(sorted(oracle.address for oracle in world.oracles))

    before = await view(world).oracle_set()

    assert (before.version, before.quorum, before.signers) == (1, 3, addresses)
    assert before.able == frozenset(addresses)

    suspended = world.oracles[0]
    world.do(
        world.operator, world.contracts.registry.suspend(suspended.address, reference("reason"))
    )
    world.at(world.now + 1)
    assert (await view(world).oracle_set()).able == frozenset(addresses) - {suspended.address}

    world.at(world.now + 1001)
    assert (await view(world).oracle_set()).able == frozenset()


@pytest.mark.spec("G-07", "G-29")
async def test_points_carry_the_gateway_and_rating_of_the_slot_that_is_asked_for(
    world: World,
) -> None:
    add_points(world, 2)
    registered = world.product.slot_at(world.now)
    world.at(world.now + WARM_UP)
    slot = world.product.slot_at(world.now)

    assert await view(world).points(registered) == {}
    points = await view(world).points(slot)

    assert sorted(points) == [1, 2]
    assert points[2].gateway == key("gateway 2").address
    assert points[2].limits.export_wh == 2000


@pytest.mark.spec("G-27")
async def test_a_batch_reaches_the_chain_once_and_shows_there(world: World, tmp_path: Path) -> None:
    add_points(world, 5)
    world.at(world.now + WARM_UP)
    slot = world.open_slot()
    assert await view(world).is_live(slot)
    world.at(slot + 12)
    desk, outbox = desk_of(world, tmp_path)
    batch = world.batch(slot, {1: (10, 20), 5: (30, 40)})
    signatures = world.signatures(batch)

    await desk.attest("key", batch, signatures)
    await desk.attest("key", batch, signatures)
    world.at(world.now + 1)
    await desk.attest("key", batch, signatures)

    assert await view(world).attested(slot, 5) == {1, 5}
    assert await view(world).attested(slot, 4) == {1}
    assert len(outbox.in_state(EntryState.MINED)) == 1
    outbox.close()


@pytest.mark.spec("G-27")
async def test_a_batch_waits_in_the_outbox_while_the_chain_is_down(
    world: World, tmp_path: Path
) -> None:
    add_points(world, 1)
    world.at(world.now + WARM_UP)
    slot = world.open_slot()
    world.at(slot + 12)
    desk, outbox = desk_of(world, tmp_path)
    batch = world.batch(slot, {1: (10, 20)})
    world.chain.stop()

    await desk.attest("key", batch, world.signatures(batch))

    assert desk.problem is not None
    assert "does not answer" in desk.problem
    assert len(outbox.in_state(EntryState.QUEUED)) == 1
    outbox.close()


async def test_a_slot_that_was_never_opened_is_not_live(world: World) -> None:
    assert not await view(world).is_live(DeliverySlot(world.now + 20))


def test_the_state_of_an_oracle_names_its_market(world: World, tmp_path: Path) -> None:
    oracle = world.contracts.oracle.address
    attestor = Attestor(world.oracles[0], world.client.chain_id, oracle)

    state = OracleState.open(tmp_path / "state.sqlite", {"market": attestor.market})

    assert attestor.market == f"{world.client.chain_id}/{oracle}"
    state.close()


def desk_of(world: World, folder: Path) -> tuple[OutboxDesk, Outbox]:
    signer = world.oracles[0]
    owner = Owner(world.manifest.chain_id, world.manifest.genesis_hash, signer.address)
    outbox = Outbox(folder / "outbox.sqlite", owner)
    sender = OutboxSender(world.client, signer, outbox)
    return OutboxDesk(sender, world.contracts, VirtualClock(world.now)), outbox
