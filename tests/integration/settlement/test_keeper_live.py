"""The keeper on a real chain: whole lives of slots, two at once, kills, outages (G-08, G-10, G-11, issue: kill -9)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from node.chain.contracts.auction import AuctionPhase, SpotAuction
from node.chain.contracts.ledger import LedgerPhase
from node.chain.errors import ChainUnavailableError
from node.chain.sender import Sender
from node.chain.transactions import Call
from node.domain.orders import Side
from node.domain.slots import DeliverySlot
from node.domain.units import yen
from node.settlement.keeper import Action, BookOrders, FinaliseSlot, Limits, OpenSlot, SettleLate
from node.settlement.rounds import Keeper, Round
from tests.integration.chain.world import key
from tests.integration.settlement.conftest import PARTIES, Neighbourhood

pytestmark = pytest.mark.chain


def _run(neighbourhood: Neighbourhood, keepers: Sequence[Keeper], until: int) -> list[Round]:
    """Let keepers do their rounds second by second."""
    world = neighbourhood.world
    rounds = []
    while world.now < until:
        world.at(world.now + 1)
        rounds += [keeper.round(world.now) for keeper in keepers]
    return rounds


def _trade(neighbourhood: Neighbourhood, slot: DeliverySlot) -> None:
    """Let odd points buy and even ones sell."""
    for point, party in neighbourhood.parties.items():
        side, limit = (Side.BUY, 2000 + point) if point % 2 else (Side.SELL, 1000 + point)
        order = neighbourhood.world.order(slot, point, side, limit, 100 * point)
        neighbourhood.world.do(party, order)


def _phase(neighbourhood: Neighbourhood, slot: DeliverySlot) -> LedgerPhase:
    world = neighbourhood.world
    return world.client.read(world.contracts.ledger.slot_of(slot)).phase


def _attest_all(neighbourhood: Neighbourhood, slot: DeliverySlot, *left_out: int) -> None:
    values = {point: (50, 40) for point in neighbourhood.parties if point not in left_out}
    world = neighbourhood.world
    world.do(world.operator, world.attestation(slot, values))


def _assert_all_money_is_there(neighbourhood: Neighbourhood) -> None:
    """What parties hold and the balancing account add up to what was paid in; nothing stays reserved."""
    client, ledger = neighbourhood.world.client, neighbourhood.world.contracts.ledger
    accounts = client.read_many(
        [ledger.account_of(party.address) for party in neighbourhood.parties.values()]
    )
    total = sum(account.available + account.reserved - account.debt for account in accounts)
    assert total + client.read(ledger.balancing_account()) == PARTIES * yen(100_000)
    assert {account.reserved for account in accounts} == {0}


@pytest.mark.spec("G-08", "G-10", "G-11")
def test_a_slot_lives_from_opening_to_final(neighbourhood: Neighbourhood) -> None:
    world, keeper = neighbourhood.world, neighbourhood.keeper()
    keeper.round(world.now)
    slot = world.next_slot(2)
    _trade(neighbourhood, slot)
    seen = []
    for instant, attested in ((slot - 4, ()), (slot + 10, ()), (slot + 20, (1, 2, 3, 4, 5))):
        world.at(instant)
        if instant == slot + 10:
            _attest_all(neighbourhood, slot, 5, 6)
        keeper.catch_up(world.now)
        seen.append((_phase(neighbourhood, slot), len(attested)))
    world.do(world.operator, world.attestation(slot, {5: (0, 0)}))
    (late,) = [d for r in keeper.catch_up(world.now) for d in r.deeds if d.done]
    world.at(slot + 30)
    keeper.catch_up(world.now)

    assert [phase for phase, _ in seen] == [
        LedgerPhase.BOOKED,
        LedgerPhase.BOOKED,
        LedgerPhase.SETTLED,
    ]
    assert late.action == SettleLate(slot, (5,))
    assert _phase(neighbourhood, slot) is LedgerPhase.FINAL


@pytest.mark.spec("G-08", "G-10")
def test_two_keepers_at_once_do_no_harm(neighbourhood: Neighbourhood) -> None:
    world = neighbourhood.world
    keepers = [neighbourhood.keeper("first"), neighbourhood.keeper("second")]
    slot = world.next_slot(3)
    _run(neighbourhood, keepers, slot - 20)
    _trade(neighbourhood, slot)
    _run(neighbourhood, keepers, slot + 10)
    _attest_all(neighbourhood, slot, 4)
    rounds = _run(neighbourhood, keepers, slot + 60)

    refusals = {
        deed.refusal.name for round_ in rounds for deed in round_.deeds if deed.refusal is not None
    }
    assert refusals <= {"WrongPhase", "CallTimePassed", "CallTimeAhead", "NotLate", "TooEarly"}
    assert not [round_.problem for round_ in rounds if round_.problem]
    assert _phase(neighbourhood, slot) is LedgerPhase.FINAL
    _assert_all_money_is_there(neighbourhood)


def test_two_keepers_in_the_same_block_settle_a_race(neighbourhood: Neighbourhood) -> None:
    """Both have read the same state and send the same calls; one of them is refused, which is an answer."""
    world = neighbourhood.world
    slow, fast = neighbourhood.keeper("slow"), neighbourhood.keeper("fast")
    slow._due(world.now)
    wanted = slow._due(world.now)
    fast.round(world.now)

    deeds = slow._do(wanted)

    assert [deed.refusal.name for deed in deeds if deed.refusal] == ["WrongPhase"] * 3
    assert not any(deed.done for deed in deeds)


@pytest.mark.spec("G-18")
def test_a_keeper_that_was_killed_in_any_step_is_followed_by_another(
    neighbourhood: Neighbourhood,
) -> None:
    world = neighbourhood.world
    neighbourhood.keeper().round(world.now)
    slot = world.next_slot(2)
    _trade(neighbourhood, slot)
    for instant in range(slot - 4, slot + 61):
        world.at(instant)
        if instant == slot + 10:
            _attest_all(neighbourhood, slot)
        # a new keeper each second, of which only the first action gets through
        newborn = neighbourhood.keeper(orders=2, points=2, calls=1)
        newborn._do(newborn._due(world.now)[:1])

    assert _phase(neighbourhood, slot) is LedgerPhase.FINAL


@pytest.mark.spec("G-08", "G-11")
def test_a_stop_of_an_hour_is_caught_up(neighbourhood: Neighbourhood) -> None:
    world, keeper = neighbourhood.world, neighbourhood.keeper()
    keeper.round(world.now)
    slots = [world.next_slot(n) for n in (2, 3)]
    for slot in slots:
        _trade(neighbourhood, slot)
    world.at(slots[0] - 4)
    keeper.round(world.now)
    world.at(world.now + 3600)  # nearly four laps of the ring later

    resumed = neighbourhood.keeper()
    resumed.catch_up(world.now)

    assert {_phase(neighbourhood, slot) for slot in slots} == {LedgerPhase.FINAL}
    auctions = world.client.read_many([world.contracts.auction.auction_of(s) for s in slots])
    assert [auction.phase for auction in auctions] == [AuctionPhase.BOOKED, AuctionPhase.LAPSED]
    _assert_all_money_is_there(neighbourhood)


def test_a_slot_in_the_way_that_it_never_heard_of_is_taken_in(
    neighbourhood: Neighbourhood,
) -> None:
    world, keeper = neighbourhood.world, neighbourhood.keeper()
    keeper.round(world.now)
    forgotten = world.next_slot(5)
    world.do(key("passer-by"), world.contracts.auction.open(forgotten))
    lap = world.product.ring_size * world.product.slot_seconds
    world.at(forgotten + lap - 30)

    keeper.catch_up(world.now)

    found = world.client.read(world.contracts.auction.auction_of(DeliverySlot(forgotten + lap)))
    assert found.phase is AuctionPhase.OPEN
    assert _phase(neighbourhood, forgotten) is LedgerPhase.NONE, "its storage was passed on"


def test_a_slot_is_booked_and_settled_in_chunks(neighbourhood: Neighbourhood) -> None:
    world, keeper = neighbourhood.world, neighbourhood.keeper(orders=2, points=2, calls=1)
    keeper.round(world.now)
    slot = world.next_slot(2)
    _trade(neighbourhood, slot)
    world.at(slot - 4)
    booking = [d.action for r in keeper.catch_up(world.now) for d in r.deeds]
    world.at(slot + 20)
    keeper.catch_up(world.now)
    world.at(slot + 30)
    finalising = [d.action for r in keeper.catch_up(world.now) for d in r.deeds]

    assert booking.count(BookOrders(slot, 2)) == 3
    assert finalising.count(FinaliseSlot(slot, 2)) == 3, "all points were silent"
    assert _phase(neighbourhood, slot) is LedgerPhase.FINAL


def test_a_chain_that_is_down_cuts_a_round_short_and_nothing_else(
    neighbourhood: Neighbourhood,
) -> None:
    world = neighbourhood.world
    keeper = neighbourhood.keeper()
    assert keeper.round(world.now).problem is None

    world.chain.stop()
    rounds = [keeper.round(world.now) for _ in range(3)]

    assert all(isinstance(r.problem, ChainUnavailableError) for r in rounds)


class StingyAuction(SpotAuction):
    """Gives booking too little gas for many orders at once."""

    def book(self, slot: DeliverySlot, count: int) -> Call:
        return replace(super().book(slot, count), gas=90_000 + 25_000 * count)


def test_smaller_calls_are_made_after_one_ran_out_of_gas(neighbourhood: Neighbourhood) -> None:
    world = neighbourhood.world
    stingy = replace(world.contracts, auction=StingyAuction(world.contracts.auction.address))
    keeper = Keeper(
        world.client,
        stingy,
        world.product,
        key("keeper"),
        world.sender,
        Limits(slots_ahead=3, orders=6),
        first_block=world.manifest.block,
    )
    keeper.round(world.now)
    slot = world.next_slot(2)
    _trade(neighbourhood, slot)
    world.at(slot - 4)

    for _ in range(10):
        keeper.round(world.now)

    assert _phase(neighbourhood, slot) is LedgerPhase.BOOKED


def _opened(rounds: Sequence[Round]) -> list[Action]:
    return [d.action for r in rounds for d in r.deeds if d.done and isinstance(d.action, OpenSlot)]


@pytest.mark.spec("G-08")
def test_slots_are_held_open_ahead(neighbourhood: Neighbourhood) -> None:
    world = neighbourhood.world
    start = world.now
    rounds = _run(neighbourhood, [neighbourhood.keeper()], start + 30)

    slots = [action.slot for action in _opened(rounds)]

    assert slots == [DeliverySlot(start + 10 + 10 * n) for n in range(len(slots))]
    assert len(slots) == 6


def test_any_key_will_do_and_none_needs_money(neighbourhood: Neighbourhood) -> None:
    world = neighbourhood.world
    keeper = Keeper(
        world.client,
        world.contracts,
        world.product,
        key("somebody without an account"),
        Sender(world.client, mine=world.mining.mine),
        Limits(slots_ahead=1),
    )

    (deed,) = keeper.round(world.now).deeds

    assert deed.done
