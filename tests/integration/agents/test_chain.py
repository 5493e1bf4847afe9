"""A home's view of a real chain, and the way of its orders there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.agents.market import ChainMarket, Match, OutboxOrders, Stage
from node.chain.errors import OutboxConflictError
from node.chain.outbox import EntryState, Outbox, Owner
from node.chain.outbox_sender import OutboxSender
from node.chain.signing import LocalSigner
from node.domain.clock import VirtualClock
from node.domain.matching import Position
from node.domain.orders import Side
from node.domain.policies import DraftOrder, Wish
from node.domain.slots import DeliverySlot
from node.domain.units import SenPerKwh, WattHours
from tests.integration.chain.world import WARM_UP, World, key, new_world, reference

pytestmark = pytest.mark.chain


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A market with two homes: point 1 of alice, point 2 of bob."""
    with new_world(tmp_path) as one:
        for name in ("alice", "bob"):
            party = one.admit(name, yen=100_000)
            one.add_point(party, key(f"gateway of {name}"), limit=3000)
        one.at(one.now + WARM_UP)
        yield one


def market(world: World, point: int = 1) -> ChainMarket:
    return ChainMarket(world.client, world.contracts, point)


def draft(side: Side, limit: int, energy: int) -> DraftOrder:
    return DraftOrder(side, SenPerKwh(limit), WattHours(energy), Wish.ANY)


def traded(world: World) -> DeliverySlot:
    """Let alice sell 700 of 1,000 Wh in two orders to bob, up to the clearing."""
    slot = world.open_slot()
    contracts = world.contracts
    world.do(key("alice"), world.order(slot, 1, Side.SELL, 1000, 600))
    world.do(key("bob"), world.order(slot, 2, Side.BUY, 2000, 700))
    world.do(key("alice"), world.order(slot, 1, Side.SELL, 1100, 400))
    world.at(world.product.call_time(slot))
    world.do(world.operator, contracts.auction.clear(slot))
    return slot


@pytest.mark.spec("G-07", "G-29")
async def test_a_home_finds_its_rating_and_its_first_slot(world: World) -> None:
    facts = await market(world).point()

    assert (facts.limits.import_wh, facts.limits.export_wh) == (3000, 3000)
    assert 0 < facts.active_from <= world.now


@pytest.mark.spec("C-33", "C-34")
async def test_fills_are_known_from_the_clearing_on_booked_or_not(world: World) -> None:
    slot = traded(world)

    cleared = [await market(world, point).match(slot) for point in (1, 2)]
    world.do(world.operator, world.contracts.auction.book(slot, 10))
    booked = [await market(world, point).match(slot) for point in (1, 2)]

    assert cleared == [
        Match(Stage.MATCHED, Position(sold=WattHours(700))),
        Match(Stage.MATCHED, Position(bought=WattHours(700))),
    ]
    assert booked == cleared


@pytest.mark.spec("C-34", "G-08")
async def test_before_its_clearing_a_slot_is_open_then_pending_and_later_void(
    world: World,
) -> None:
    unopened = world.next_slot(ahead=4)
    slot = world.open_slot()
    world.do(key("alice"), world.order(slot, 1, Side.SELL, 1000, 600))

    stages = [(await market(world).match(one)).stage for one in (unopened, slot)]
    world.at(world.product.call_time(slot))
    stages.append((await market(world).match(slot)).stage)
    world.at(slot)
    stages.append((await market(world).match(slot)).stage)

    assert stages == [Stage.PENDING, Stage.OPEN, Stage.PENDING, Stage.VOID]


@pytest.mark.spec("G-08")
async def test_in_a_voided_slot_nobody_owes_anything(world: World) -> None:
    slot = world.open_slot()
    world.do(key("alice"), world.order(slot, 1, Side.SELL, 1000, 600))
    world.do(world.dso, world.contracts.ledger.void_slot(slot, reference("storm")))

    assert (await market(world).match(slot)).stage is Stage.VOID


@pytest.mark.spec("C-32")
async def test_an_order_reaches_the_book_once_however_often_it_is_placed(
    world: World, tmp_path: Path
) -> None:
    slot = world.open_slot()
    desk, outbox = desk_of(world, tmp_path, key("alice"), 1)
    order = draft(Side.SELL, 1000, 600)

    await desk.place("order:1", slot, order)
    world.at(world.now + 1)
    await desk.place("order:1", slot, order)
    world.at(world.now + 1)
    await desk.place("order:1", slot, order)

    assert world.client.read(world.contracts.auction.auction_of(slot)).orders == 1
    assert await desk.refusal("order:1") is None
    assert not await desk.withdraw("order:1")
    with pytest.raises(OutboxConflictError):
        await desk.place("order:1", slot, draft(Side.SELL, 1000, 601))
    outbox.close()


@pytest.mark.spec("C-32", "G-07", "G-12")
async def test_the_reason_of_a_refused_order_comes_back_by_name(
    world: World, tmp_path: Path
) -> None:
    slot = world.open_slot()
    desk, outbox = desk_of(world, tmp_path, key("alice"), 1)

    await desk.place("too large", slot, draft(Side.SELL, 1000, 3001))
    world.at(world.now + 1)
    await desk.place("not hers", DeliverySlot(slot + 10), draft(Side.SELL, 1000, 1))
    world.at(world.now + 1)
    await desk.place("last", slot, draft(Side.SELL, 1000, 1))

    assert "RatingExceeded" in str(await desk.refusal("too large"))
    assert "WrongPhase" in str(await desk.refusal("not hers"))
    outbox.close()


@pytest.mark.spec("C-32")
async def test_an_order_that_could_not_leave_can_be_taken_back(
    world: World, tmp_path: Path
) -> None:
    slot = world.open_slot()
    desk, outbox = desk_of(world, tmp_path, key("alice"), 1)
    world.chain.stop()

    await desk.place("order:1", slot, draft(Side.SELL, 1000, 600))

    assert desk.problem is not None
    assert await desk.withdraw("order:1")
    assert outbox.in_state(EntryState.QUEUED) == []
    outbox.close()


def desk_of(
    world: World, folder: Path, account: LocalSigner, point: int
) -> tuple[OutboxOrders, Outbox]:
    owner = Owner(world.manifest.chain_id, world.manifest.genesis_hash, account.address)
    outbox = Outbox(folder / "outbox.sqlite", owner)
    sender = OutboxSender(world.client, account, outbox)
    return OutboxOrders(sender, world.contracts, point, VirtualClock(world.now)), outbox
