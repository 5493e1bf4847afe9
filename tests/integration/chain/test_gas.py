"""The fixed gas limits: enough for the dearest case, and not much more, because some chains fill blocks by limit.

The dearest case is storage that no slot used before; from the second lap of the ring on everything is cheaper.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from node.chain.contracts.auction import LARGEST_CHUNK, LARGEST_LAPSE
from node.chain.contracts.ledger import LARGEST_PASS, LARGEST_PUBLICATION
from node.chain.contracts.meter_oracle import LARGEST_BATCH_WORDS
from node.chain.deploy import CREATION_GAS
from node.chain.loading import CONTRACTS
from node.chain.signing import LocalSigner, SigningDomain, gateway_key_hash
from node.chain.transactions import GAS_CAP, Call, created_address
from node.domain.orders import Side
from node.domain.participants import Role
from node.domain.slots import DeliverySlot
from node.domain.units import SenPerKwh
from tests.integration.chain.world import BEGINNING, WARM_UP, World, key, new_world, reference

pytestmark = pytest.mark.chain

POINTS = 100

#: A limit may be this many times what its dearest case uses; single calls vary more than long loops.
SLACK = 2.6
LOOP_SLACK = 1.6


@dataclass(frozen=True, slots=True)
class Crowd:
    """A hundred parties with a metering point each."""

    world: World
    parties: list[LocalSigner]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    with new_world(tmp_path_factory.mktemp("crowd")) as world:
        world.install_oracles()
        parties = [key(f"party {n}") for n in range(POINTS)]
        registry, ledger = world.contracts.registry, world.contracts.ledger
        for number, party in enumerate(parties):
            world.do(
                world.operator,
                registry.admit(party.address, Role.PROSUMER),
                *world.registration(party, key(f"gateway {number}"), 1_000_000, 1_000_000),
            )
            world.do(world.bank, ledger.credit(party.address, 2000, reference(f"{number}")))
        world.at(BEGINNING + WARM_UP)
        yield Crowd(world, parties)


def _used(world: World, signer: LocalSigner, call: Call) -> int:
    return world.do(signer, call)[0].gas_used


def _fits(used: int, call: Call, slack: float = SLACK) -> None:
    assert used < call.gas <= used * slack, f"{call.what}: uses {used}, limit {call.gas}"


def test_creations_fit(crowd: Crowd) -> None:
    world = crowd.world
    spent = {}
    for nonce in range(len(CONTRACTS)):
        created = created_address(world.admin.address, nonce)
        name = next(n for n, c in world.manifest.contracts.items() if c.address == created)
        block = world.client.request("eth_getBlockByNumber", "0x1", True)
        assert isinstance(block, dict)
        transactions = block["transactions"]
        assert isinstance(transactions, list)
        tx = transactions[nonce]
        assert isinstance(tx, dict)
        (receipt,) = world.client.receipts([bytes.fromhex(str(tx["hash"])[2:])])
        assert receipt is not None
        spent[name] = receipt.gas_used

    assert set(spent) == set(CREATION_GAS)
    assert all(spent[n] < limit <= 1.35 * spent[n] for n, limit in CREATION_GAS.items()), spent


def test_registrations_fit(world: World) -> None:
    registry = world.contracts.registry
    admit = registry.admit(key("one more").address, Role.PROSUMER, reference("details"))
    _fits(_used(world, world.operator, admit), admit)
    listing, registration = world.registration(key("one more"), key("its gateway"))
    _fits(_used(world, world.operator, listing), listing)
    _fits(_used(world, world.operator, registration), registration)
    fresh = key("fresh")
    domain = SigningDomain.of_registry(world.client.chain_id, registry.address)
    possession = fresh.sign(domain.possession_digest(key("one more").address, fresh.address))
    world.do(world.operator, registry.list_gateway_key(gateway_key_hash(fresh.address)))
    heir = world.admit("heir")
    rotate = registry.rotate_gateway(1, fresh.address, possession)
    transfer = registry.transfer_point(1, heir.address)
    suspend = registry.suspend(key("one more").address, reference("why"))
    for call in (rotate, transfer, suspend):
        _fits(_used(world, world.operator, call), call)


def test_a_whole_slot_on_fresh_storage_fits(crowd: Crowd) -> None:
    world = crowd.world
    auction, ledger = world.contracts.auction, world.contracts.ledger
    slot = world.next_slot(4)
    publish = ledger.publish_imbalance_prices(world.next_slot(5), 50, SenPerKwh(1), SenPerKwh(4000))
    _fits(_used(world, world.dso, publish), publish, LOOP_SLACK)
    opening = auction.open(slot)
    _fits(_used(world, world.operator, opening), opening)
    _submit_all(crowd, slot)
    again = world.order(slot, 1, Side.BUY, 1500, 10)
    _used(world, crowd.parties[0], again)
    cancel = auction.cancel(slot, POINTS)
    _fits(_used(world, crowd.parties[0], cancel), cancel)

    world.at(world.product.call_time(slot))
    clear, book = auction.clear(slot), auction.book(slot, POINTS + 1)
    _fits(_used(world, world.operator, clear), clear)
    _fits(_used(world, world.operator, book), book, LOOP_SLACK)

    world.at(world.product.slot_end(slot))
    attest = world.attestation(slot, dict.fromkeys(range(1, POINTS + 1), (1_000_000, 5)))
    _fits(_used(world, world.operator, attest), attest, LOOP_SLACK)
    single = world.attestation(slot, {1: (1, 1)})
    _fits(_used(world, world.operator, single), single)

    world.at(world.product.reading_deadline(slot))
    settle = ledger.settle(slot, POINTS)
    _used(world, world.operator, settle)


def _submit_all(crowd: Crowd, slot: DeliverySlot) -> None:
    """Every order at one price, so that all of them are filled: the dearest booking."""
    sides = (Side.BUY, Side.SELL)
    orders = [
        (party, crowd.world.order(slot, n + 1, sides[n % 2], 2000, 1000))
        for n, party in enumerate(crowd.parties)
    ]
    receipts = crowd.world.sender.send_many(orders)
    _fits(max(receipt.gas_used for receipt in receipts), orders[0][1])


def test_silent_points_on_fresh_storage_fit(crowd: Crowd) -> None:
    world = crowd.world
    auction, ledger = world.contracts.auction, world.contracts.ledger
    slot = world.open_slot(5)
    world.at(slot)
    world.do(world.operator, auction.book(slot, 1))
    world.at(world.product.reading_deadline(slot))
    settle = ledger.settle(slot, POINTS)
    _fits(_used(world, world.operator, settle), settle, LOOP_SLACK)
    world.do(world.operator, world.attestation(slot, dict.fromkeys(range(1, 41), (1_000_000, 5))))
    late = ledger.settle_late(slot, range(1, 41))
    _fits(_used(world, world.operator, late), late)
    world.at(world.product.final_time(slot))
    finalise = ledger.finalise(slot, POINTS)
    _fits(_used(world, world.operator, finalise), finalise)


def test_money_calls_fit(crowd: Crowd) -> None:
    world = crowd.world
    ledger = world.contracts.ledger
    rich = world.admit("rich")
    credit = ledger.credit(rich.address, 5000, reference("rich"))
    withdraw = ledger.withdraw(5)
    void = ledger.void_slot(world.open_slot(3), reference("why"))
    _fits(_used(world, world.bank, credit), credit)
    _fits(_used(world, rich, withdraw), withdraw)
    confirm = ledger.confirm_withdrawal(1, reference("paid"))
    _fits(_used(world, world.bank, confirm), confirm)
    _fits(_used(world, world.dso, void), void)


def test_no_call_can_reach_the_cap(crowd: Crowd) -> None:
    world = crowd.world
    slot = world.next_slot()
    auction, ledger = world.contracts.auction, world.contracts.ledger
    batch = world.batch(slot, {1: (1, 1)}, values=(0,) * LARGEST_BATCH_WORDS)
    largest = [
        auction.book(slot, LARGEST_CHUNK),
        auction.lapse(slot, range(LARGEST_LAPSE)),
        ledger.settle(slot, LARGEST_PASS),
        ledger.settle_late(slot, range(LARGEST_PASS)),
        ledger.finalise(slot, LARGEST_PASS),
        ledger.publish_imbalance_prices(slot, LARGEST_PUBLICATION, SenPerKwh(0), SenPerKwh(0)),
        world.contracts.oracle.attest(batch, [bytes(65)] * 21),
        world.contracts.oracle.configure({key(f"{n}").address: 1 for n in range(31)}),
    ]

    assert all(call.gas < GAS_CAP for call in largest)
