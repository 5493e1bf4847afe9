"""Python and the contracts mean the same by messages, proofs, answers and events."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests
from web3 import HTTPProvider

from node.chain.client import ChainClient
from node.chain.contracts.auction import AuctionPhase, Outcome
from node.chain.contracts.ledger import LedgerPhase
from node.chain.contracts.market import ChainReader
from node.chain.deploy import Authorities, deploy
from node.chain.errors import ChainUnavailableError, ManifestError, ReorganisedError
from node.chain.merkle import merkle_proof, merkle_root, reading_leaf
from node.chain.sender import Sender, SignedBy
from node.chain.signing import Batch, LocalSigner, SigningDomain, gateway_key_hash
from node.chain.transactions import Call
from node.chain.wire import Receipt
from node.domain.orders import Side
from node.domain.participants import PointKind, Role, Source
from node.domain.readings import IntervalEnergy, PointLimits, Reading
from node.domain.slots import DeliverySlot
from node.domain.units import SenPerKwh, WattHours, yen
from node.domain.words import SettlementStatus, unpack_fill, unpack_result
from node.indexer.source import ChainSource
from tests.integration.chain.world import BEGINNING, WARM_UP, World, key, new_world, reference

pytestmark = pytest.mark.chain


def _random_reading(source: random.Random) -> Reading:
    def bits(count: int) -> int:
        return source.getrandbits(source.randrange(count + 1))

    return Reading(
        point=bits(32),
        slot=DeliverySlot(bits(64)),
        import_wh=WattHours(bits(64)),
        export_wh=WattHours(bits(64)),
        import_start=WattHours(bits(64)),
        import_end=WattHours(bits(64)),
        export_start=WattHours(bits(64)),
        export_end=WattHours(bits(64)),
        measured_at=bits(64),
        sequence=bits(64),
        version=bits(32),
    )


def _random_batch(source: random.Random) -> Batch:
    return Batch(
        chain_id=source.getrandbits(256),
        meter_oracle=f"0x{source.randbytes(20).hex()}",
        config_version=source.getrandbits(32),
        slot=DeliverySlot(source.getrandbits(64)),
        first_point=source.getrandbits(32),
        measured_from=source.getrandbits(64),
        measured_until=source.getrandbits(64),
        root=source.randbytes(32),
        values=tuple(source.getrandbits(256) for _ in range(source.randrange(6))),
    )


@pytest.mark.spec("G-27")
def test_digests_equal_those_of_the_contracts(world: World) -> None:
    source = random.Random(27)
    oracle = world.contracts.oracle
    domain = SigningDomain.of_meter_oracle(world.client.chain_id, oracle.address)
    readings = [_random_reading(source) for _ in range(100)]
    batches = [_random_batch(source) for _ in range(100)]

    from_chain = [
        world.client.read_many([oracle.reading_digest(reading) for reading in readings]),
        world.client.read_many([oracle.batch_digest(batch) for batch in batches]),
    ]

    assert from_chain == [
        [domain.reading_digest(reading) for reading in readings],
        [domain.batch_digest(batch) for batch in batches],
    ]


def test_proofs_of_possession_equal_those_of_the_registry(world: World) -> None:
    registry = world.contracts.registry
    domain = SigningDomain.of_registry(world.client.chain_id, registry.address)
    owner, gateway = key("owner").address, key("gateway").address

    digest = world.client.read(registry.possession_digest(owner, gateway))

    assert digest == domain.possession_digest(owner, gateway)


def test_an_auditor_opens_a_reading_down_to_its_gateway(world: World) -> None:
    party = world.admit("measured")
    gateways = [key(f"measured gateway {n}") for n in range(5)]
    points = [world.add_point(party, gateway) for gateway in gateways]
    oracle = world.contracts.oracle
    domain = SigningDomain.of_meter_oracle(world.client.chain_id, oracle.address)
    source = random.Random(1)
    readings = [replace(_random_reading(source), point=point) for point in points]
    signatures = [
        gateway.sign(domain.reading_digest(reading))
        for gateway, reading in zip(gateways, readings, strict=True)
    ]
    leaves = [
        reading_leaf(domain.reading_digest(reading), signature)
        for reading, signature in zip(readings, signatures, strict=True)
    ]
    root = merkle_root(leaves)

    def verified(index: int, reading: Reading) -> bool:
        proof = merkle_proof(leaves, index)
        query = oracle.verify_reading(reading, signatures[index], root, proof)
        return world.client.read(query)

    assert [verified(i, reading) for i, reading in enumerate(readings)] == [True] * 5
    changed = replace(readings[2], export_wh=WattHours(readings[2].export_wh ^ 1))
    assert not verified(2, changed)


@pytest.mark.spec("G-22", "G-28", "G-29")
def test_parties_and_points_are_read_as_they_were_registered(world: World) -> None:
    registry, client = world.contracts.registry, world.client
    party = world.admit("reader", Role.PROSUMER | Role.EV)
    heir = world.admit("heir")
    point = world.add_point(party, key("reader's gateway"), limit=1234, fallback=55)
    active_from = world.product.first_unopened_slot(world.now)

    found = client.read(registry.point_of(point))

    assert client.read(registry.party_of(party.address)).roles == Role.PROSUMER | Role.EV
    assert client.read(registry.party_of(party.address)).points == 1
    assert not client.read(registry.party_of(key("unknown").address)).is_admitted
    assert (found.owner, found.gateway) == (party.address, key("reader's gateway").address)
    assert (found.kind, found.source, found.cell) == (PointKind.PROSUMER, Source.RENEWABLE, 1)
    assert found.limits == PointLimits(WattHours(1234), WattHours(1234))
    assert (found.fallback_import, found.active_from) == (55, active_from)
    assert client.read(registry.is_active_as(party.address, Role.EV))
    assert not client.read(registry.is_active_as(party.address, Role.ORACLE))

    world.do(world.operator, registry.transfer_point(point, heir.address))
    fresh = key("fresh gateway")
    domain = SigningDomain.of_registry(client.chain_id, registry.address)
    possession = fresh.sign(domain.possession_digest(heir.address, fresh.address))
    world.do(
        world.operator,
        registry.list_gateway_key(gateway_key_hash(fresh.address)),
        registry.rotate_gateway(point, fresh.address, possession),
    )
    later = world.product.first_unopened_slot(world.now)
    before = DeliverySlot(later - world.product.slot_seconds)
    changed = client.read(registry.point_of(point))

    for slot in (before, later):
        assert client.read(registry.gateway_of(point, slot)) == changed.gateway_in(slot)
        owner = client.read(registry.owner_of(point, slot))
        assert owner == (changed.owner_in(slot) or "0x" + "00" * 20)
    assert (changed.gateway_in(later), changed.owner_in(later)) == (fresh.address, heir.address)


def test_a_suspension_holds_from_the_next_block(world: World) -> None:
    registry, client = world.contracts.registry, world.client
    party = world.admit("suspect")
    world.do(world.operator, registry.suspend(party.address, reference("why")))
    at_once = client.read(registry.is_suspended(party.address))
    world.mining.mine()

    assert (at_once, client.read(registry.is_suspended(party.address))) == (False, True)
    world.do(world.operator, registry.reinstate(party.address))
    assert client.read(registry.is_active(party.address))


@dataclass(frozen=True)
class Bid:
    """A slot of a fresh world in which a buyer and a seller have bid; the buyer's second order is cancelled."""

    slot: DeliverySlot
    buyer: LocalSigner
    seller: LocalSigner
    buys: int
    sells: int


def _bid(world: World) -> Bid:
    world.install_oracles()
    buyer, seller = world.admit("buyer", yen=10_000), world.admit("seller", yen=10_000)
    buys = world.add_point(buyer, key("buyer's gateway"))
    sells = world.add_point(seller, key("seller's gateway"))
    world.at(BEGINNING + WARM_UP)
    slot = world.open_slot()
    world.do(buyer, world.order(slot, buys, Side.BUY, 2000, 1000))
    world.do(seller, world.order(slot, sells, Side.SELL, 1000, 700))
    cancelled = world.contracts.auction.cancel(slot, 2)
    world.do(buyer, world.order(slot, buys, Side.BUY, 100, 5), cancelled)
    return Bid(slot, buyer, seller, buys, sells)


@pytest.mark.spec("C-15", "G-12")
def test_a_slot_is_read_before_its_call(tmp_path_factory: pytest.TempPathFactory) -> None:
    with new_world(tmp_path_factory.mktemp("book")) as world:
        auction, ledger, client = world.contracts.auction, world.contracts.ledger, world.client
        bid = _bid(world)

        book = client.read(auction.display_of(bid.slot))

        assert (book.best_sell, book.best_buy) == (1000, 2000)
        assert (book.total_sell, book.total_buy, book.last_update) == (700, 1000, world.now)
        assert client.read(auction.auction_of(bid.slot)).phase is AuctionPhase.OPEN
        assert client.read(auction.order_of(bid.slot, 0)).outcome is Outcome.PENDING
        reserved = client.read(ledger.account_of(bid.buyer.address)).reserved
        collateral = ledger.collateral_of(Side.BUY, WattHours(1000), SenPerKwh(2000))
        assert reserved == client.read(collateral) == 2000 * 1000


@pytest.mark.spec("C-24", "G-04", "G-10", "G-12")
def test_a_slot_is_read_from_its_fills_to_its_cash(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with new_world(tmp_path_factory.mktemp("slot")) as world:
        bid = _bid(world)

        _check_fills(world, bid)
        _check_cash(world, bid)


def _check_fills(world: World, bid: Bid) -> None:
    auction, client = world.contracts.auction, world.client
    world.at(world.product.call_time(bid.slot))
    receipts = world.do(world.operator, auction.clear(bid.slot), auction.book(bid.slot, 3))

    result = client.read(auction.result_of(bid.slot))
    (booked,) = world.events(receipts, "FillsBooked")
    fills = [unpack_fill(word) for word in booked.args["fills"]]  # type: ignore[union-attr,arg-type]
    assert result.price is not None
    assert result.volume == 700
    assert [(fill.order_id, fill.point, fill.side, fill.energy) for fill in fills] == [
        (0, bid.buys, Side.BUY, 700),
        (1, bid.sells, Side.SELL, 700),
    ]
    states = client.read_many([auction.order_of(bid.slot, n) for n in range(3)])
    assert [state.outcome for state in states] == [
        Outcome.PARTLY_FILLED,
        Outcome.FILLED,
        Outcome.CANCELLED,
    ]


def _check_cash(world: World, bid: Bid) -> None:
    oracle, ledger, client = world.contracts.oracle, world.contracts.ledger, world.client
    world.at(world.product.slot_end(bid.slot))
    world.do(world.operator, world.attestation(bid.slot, {bid.buys: (900, 0)}))
    assert client.read(oracle.reading_of(bid.slot, bid.sells)) is None
    used = IntervalEnergy(WattHours(900), WattHours(0))
    assert client.read(oracle.lanes_of(bid.slot, bid.buys, 2)) == (used, None)
    world.at(world.product.reading_deadline(bid.slot))
    receipts = world.do(world.operator, ledger.settle(bid.slot, 2))

    (settled,) = world.events(receipts, "PointsSettled")
    results = [unpack_result(word) for word in settled.args["results"]]  # type: ignore[union-attr,arg-type]
    assert [(r.point, r.status) for r in results] == [
        (bid.buys, SettlementStatus.SETTLED),
        (bid.sells, SettlementStatus.MISSING),
    ]
    assert [r.imbalance_wh for r in results] == [-200, 0]
    account = client.read(ledger.slot_of(bid.slot))
    assert (account.phase, account.missing) == (LedgerPhase.SETTLED, 1)
    assert client.read(ledger.position_of(bid.slot, bid.sells)).missing
    accounts = client.read_many([ledger.account_of(p.address) for p in (bid.buyer, bid.seller)])
    balancing = client.read(ledger.balancing_account())
    assert accounts[1].reserved > 0
    assert sum(a.available + a.reserved - a.debt for a in accounts) + balancing == yen(20_000)


def test_events_are_read_block_by_block_as_the_indexer_does(world: World) -> None:
    source: ChainSource = ChainReader(world.client, world.contracts)
    (receipt,) = world.do(world.operator, world.contracts.auction.open(world.next_slot(3)))

    block = source.block(receipt.block_number)

    assert block is not None
    assert block.hash == receipt.block_hash
    assert source.head() >= block.number
    assert source.block(source.head() + 1) is None
    assert [(event.contract, event.name) for event in source.logs(block.hash)] == [
        ("SpotAuction", "SlotOpened")
    ]
    parent = source.block(block.number - 1)
    assert parent is not None
    assert block.parent_hash == parent.hash
    with pytest.raises(ReorganisedError):
        source.logs(b"\x01" * 32)


def test_events_of_the_access_manager_are_decoded_too(world: World) -> None:
    deployed = world.client.logs_between(0, world.client.head(), world.contracts.addresses)

    events = world.contracts.decode_all(deployed)

    assert len(events) == len(deployed), "no event of ours is unknown"
    assert {event.contract for event in events} >= {"AccessManager", "SettlementLedger"}


def test_many_keys_send_in_one_go(world: World) -> None:
    parties = [world.admit(f"crowd {n}", yen=10_000) for n in range(40)]
    points = [world.add_point(p, key(f"crowd gateway {n}")) for n, p in enumerate(parties)]
    world.at(world.now + WARM_UP)
    slot = world.open_slot(3)

    receipts = world.sender.send_many(
        [
            (party, world.order(slot, point, Side.BUY, 1000 + number, 10))
            for _ in range(2)
            for number, (party, point) in enumerate(zip(parties, points, strict=True))
        ]
    )

    assert len(receipts) == 80
    assert world.client.read(world.contracts.auction.auction_of(slot)).orders == 80


def test_the_next_node_takes_over(world: World) -> None:
    client = ChainClient(["http://127.0.0.1:1", world.chain.url], world.client.chain_id)

    assert client.head() == world.client.head()
    client.close()
    with pytest.raises(ChainUnavailableError):
        ChainClient(["http://127.0.0.1:1"], world.client.chain_id).head()


def test_the_provider_of_web3_carries_the_client_as_well(world: World) -> None:
    with requests.Session() as session:
        provider = HTTPProvider(world.chain.url, session=session)
        client = ChainClient([provider], world.client.chain_id)

        assert client.read(world.contracts.registry.product()) == world.product


@pytest.mark.spec("G-12", "G-27", "G-29")
def test_views_of_oracles_owners_and_free_money(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with new_world(tmp_path_factory.mktemp("views")) as world:
        registry, ledger, client = world.contracts.registry, world.contracts.ledger, world.client
        nobody = "0x" + "00" * 20
        assert client.read(world.contracts.oracle.oracle_set()).signers == ()
        world.install_oracles()
        oracles = client.read(world.contracts.oracle.oracle_set())
        assert (oracles.version, oracles.quorum) == (1, 3)
        assert set(oracles.signers) == {oracle.address for oracle in world.oracles}

        owner, heir = world.admit("owner", yen=5000), world.admit("heir")
        point = world.add_point(owner, key("gateway"))
        slot = world.product.first_unopened_slot(world.now)
        before = DeliverySlot(slot - world.product.slot_seconds)
        assert client.read(registry.owners_of(slot, 1, 2)) == (owner.address, nobody)
        assert client.read(registry.owners_of(before, 1, 1)) == (nobody,)
        assert client.read(ledger.free_of(owner.address)) == yen(4000)

        world.do(world.operator, registry.transfer_point(point, heir.address))
        assert client.read(ledger.free_of(heir.address)) == -yen(1000)
        world.at(world.now + 200)
        world.do(key("anybody"), registry.complete_transfer(point))
        assert client.read(ledger.free_of(owner.address)) == yen(5000)

        opened = world.open_slot()
        assert client.read(ledger.is_live(opened))
        assert not client.read(ledger.is_live(DeliverySlot(opened + 10)))


@pytest.mark.spec("G-28")
def test_orders_of_a_suspended_party_are_lapsed_by_anybody(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with new_world(tmp_path_factory.mktemp("lapse")) as world:
        auction, client = world.contracts.auction, world.client
        party = world.admit("party", yen=5000)
        point = world.add_point(party, key("gateway"))
        world.at(BEGINNING + WARM_UP)
        slot = world.open_slot(3)
        world.do(party, *[world.order(slot, point, Side.BUY, 100, n) for n in (1, 2)])
        suspension = world.contracts.registry.suspend(party.address, reference("why"))
        world.do(world.operator, suspension)
        world.mining.mine()

        receipts = world.do(key("anybody"), auction.lapse(slot, [0, 1]))

        lapsed = [event.args["lapsed"] for event in world.events(receipts, "OrderCancelled")]
        assert lapsed == [True, True]
        account = client.read(world.contracts.ledger.account_of(party.address))
        assert (account.available, account.reserved) == (yen(5000), 0)


def test_a_deployment_whose_key_is_used_elsewhere_is_given_up(world: World, tmp_path: Path) -> None:
    deployer = key("shared deployer")

    class Rival(Sender):
        """Lets somebody else use the deployer's key first."""

        def send_many(self, calls: Sequence[SignedBy]) -> list[Receipt]:
            super().send_many([(deployer, Call("rival", deployer.address, b"", 21_000))])
            return super().send_many(calls)

    everybody = Authorities([deployer.address], [], [])
    rival = Rival(world.client, mine=world.mining.mine)

    with pytest.raises(ManifestError, match="use the deployer's key nowhere else"):
        deploy(world.client, rival, deployer, world.product, everybody, tmp_path / "m.json")

    assert not (tmp_path / "m.json").exists()
