"""Every refusal of the contracts reaches the caller under its name and with the values that prove it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pytest

from node.chain.abi import integer
from node.chain.client import ChainClient
from node.chain.contracts.auction import SpotAuction
from node.chain.contracts.facade import product_tuple
from node.chain.contracts.registry import PointRegistration
from node.chain.embedded import KEPT_STATES
from node.chain.errors import UNKNOWN, Refusal, TransactionRevertedError
from node.chain.loading import CONTRACTS, load_artifact
from node.chain.rpc import HttpProvider, Request
from node.chain.sender import Sender, reason_of
from node.chain.signing import LocalSigner, gateway_key_hash
from node.chain.transactions import Call
from node.chain.wire import Receipt
from node.domain.orders import LARGEST_ORDER, Side
from node.domain.participants import PointKind, Role, Source
from node.domain.slots import DeliverySlot
from node.domain.units import SenPerKwh, WattHours, yen
from tests.integration.chain.world import BEGINNING, WARM_UP, World, key, new_world, reference

pytestmark = pytest.mark.chain

LIMIT = 20_000

#: Never reached through a client here: each needs millions of calls, or is thrown by a library on input that our
#: contracts cannot produce.
OUT_OF_REACH = {
    "MeteringPointsExhausted": "16,777,215 metering points",
    "BookFull": "more than a TWh of orders in one slot",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A market in which somebody can be refused everything.

    `settled` is settled with two points flagged, `over` has been delivered and waits for readings, the slot before it
    was never opened, `cleared` is cleared and not booked, `open_slot` takes orders.
    """

    world: World
    alice: LocalSigner
    bob: LocalSigner
    outcast: LocalSigner
    stranger: LocalSigner
    alices: int
    bobs: int
    outcasts: int
    settled: DeliverySlot
    over: DeliverySlot
    cleared: DeliverySlot
    open_slot: DeliverySlot
    cancelled_order: int
    outcasts_order: int

    @property
    def next_point(self) -> int:
        """An index that is not given out yet."""
        return self.world.client.read(self.world.contracts.registry.point_count()) + 1


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with new_world(tmp_path_factory.mktemp("scene")) as world:
        yield _staged(world)


def _staged(world: World) -> Scene:
    auction, ledger = world.contracts.auction, world.contracts.ledger
    world.install_oracles()
    alice = world.admit("alice", yen=100_000)
    bob = world.admit("bob", yen=100_000)
    outcast = world.admit("outcast", yen=100_000)
    points = [world.add_point(owner, key(f"{owner} gateway")) for owner in (alice, bob, outcast)]
    world.at(BEGINNING + WARM_UP)

    settled = world.open_slot()
    world.do(alice, world.order(settled, points[0], Side.BUY, 2000, 1000))
    world.do(bob, world.order(settled, points[1], Side.SELL, 1000, 1000))
    over, cleared = world.open_slot(4), world.open_slot(6)
    world.at(world.product.call_time(settled))
    world.do(world.operator, auction.clear(settled), auction.book(settled, 2))
    world.at(over)
    world.do(world.operator, auction.book(over, 1))
    world.do(world.operator, world.attestation(settled, {points[2]: (1, 0)}))
    world.do(world.operator, ledger.settle(settled, 3))
    world.at(world.product.call_time(cleared))
    world.do(world.operator, auction.clear(cleared))

    open_slot = world.open_slot(2)
    world.do(alice, world.order(open_slot, points[0], Side.BUY, 1000, 5))
    world.do(alice, auction.cancel(open_slot, 0))
    world.do(outcast, world.order(open_slot, points[2], Side.BUY, 1000, 5))
    world.do(alice, world.order(open_slot, points[0], Side.BUY, 1000, 5))
    world.do(world.operator, world.contracts.registry.suspend(outcast.address, reference("why")))
    world.mining.mine()
    return Scene(
        world=world,
        alice=alice,
        bob=bob,
        outcast=outcast,
        stranger=key("stranger"),
        alices=points[0],
        bobs=points[1],
        outcasts=points[2],
        settled=settled,
        over=over,
        cleared=cleared,
        open_slot=open_slot,
        cancelled_order=0,
        outcasts_order=1,
    )


Attempt = Callable[[Scene], tuple[LocalSigner, Call]]


def _refused(scene: Scene, attempt: Attempt) -> Refusal:
    signer, call = attempt(scene)
    with pytest.raises(TransactionRevertedError) as refused:
        scene.world.client.try_call(call, signer.address)
    mined = scene.world.refusal(signer, call)
    assert mined.name == refused.value.refusal.name, "a call and a transaction give the same reason"
    return mined


def _submit(
    s: Scene, signer: LocalSigner, point: int, side: Side, limit: int, energy: int
) -> tuple[LocalSigner, Call]:
    return signer, s.world.order(s.open_slot, point, side, limit, energy)


def _registration(s: Scene, gateway: LocalSigner, **changes: object) -> PointRegistration:
    given = PointRegistration(
        owner=s.alice.address,
        gateway=gateway.address,
        kind=PointKind.PROSUMER,
        source=Source.OTHER,
        cell=0,
        import_limit=WattHours(1),
        export_limit=WattHours(1),
    )
    return replace(given, **changes)  # type: ignore[arg-type]


REGISTRY: dict[str, Attempt] = {
    "PartyAlreadyAdmitted": lambda s: (
        s.world.operator,
        s.world.contracts.registry.admit(s.alice.address, Role.PROSUMER),
    ),
    "PartyUnknown": lambda s: (
        s.world.operator,
        s.world.contracts.registry.set_roles(s.stranger.address, Role.PROSUMER),
    ),
    "PartyIsSuspended": lambda s: _submit(s, s.outcast, s.outcasts, Side.BUY, 1, 1),
    "PartyNotSuspended": lambda s: (
        s.world.operator,
        s.world.contracts.registry.reinstate(s.alice.address),
    ),
    "RolesInvalid": lambda s: (
        s.world.operator,
        s.world.contracts.registry.admit(s.stranger.address, Role(0)),
    ),
    "MeteringPointUnknown": lambda s: _submit(s, s.alice, s.next_point, Side.BUY, 1, 1),
    "GatewayKeyNotListed": lambda s: (
        s.world.operator,
        s.world.contracts.registry.register_point(_registration(s, key("unlisted")), bytes(65)),
    ),
    "GatewayPossessionInvalid": lambda s: (
        s.world.operator,
        s.world.contracts.registry.register_point(_registration(s, key("listed")), bytes(65)),
    ),
    "LimitTooLarge": lambda s: (
        s.world.operator,
        s.world.contracts.registry.register_point(
            _registration(s, key("listed"), import_limit=WattHours(1 << 29)), bytes(65)
        ),
    ),
    "ChangePending": lambda s: (
        s.world.operator,
        s.world.contracts.registry.transfer_point(s.bobs, s.alice.address),
    ),
    "NoTransferPending": lambda s: (
        s.stranger,
        s.world.contracts.registry.complete_transfer(s.alices),
    ),
    "AccessManagedUnauthorized": lambda s: (
        s.stranger,
        s.world.contracts.registry.admit(s.stranger.address, Role.PROSUMER),
    ),
}

AUCTION: dict[str, Attempt] = {
    "SlotMisaligned": lambda s: (
        s.stranger,
        s.world.contracts.auction.open(DeliverySlot(s.open_slot + 1)),
    ),
    "BeyondHorizon": lambda s: (s.stranger, s.world.contracts.auction.open(s.world.next_slot(8))),
    "CallTimePassed": lambda s: (
        s.alice,
        s.world.order(s.cleared, s.alices, Side.BUY, 1000, 1),
    ),
    "CallTimeAhead": lambda s: (s.stranger, s.world.contracts.auction.clear(s.open_slot)),
    "PriceOffGrid": lambda s: _submit(s, s.alice, s.alices, Side.BUY, 32_768, 1),
    "EnergyInvalid": lambda s: _submit(s, s.alice, s.alices, Side.BUY, 1000, 0),
    "RatingExceeded": lambda s: _submit(s, s.alice, s.alices, Side.BUY, 1000, LIMIT + 1),
    "NotTheOwner": lambda s: (s.bob, s.world.contracts.auction.cancel(s.open_slot, 1)),
    "OrderUnknown": lambda s: (s.alice, s.world.contracts.auction.cancel(s.open_slot, 99)),
    "OrderAlreadyCancelled": lambda s: (
        s.alice,
        s.world.contracts.auction.cancel(s.open_slot, s.cancelled_order),
    ),
    "OwnerNotSuspended": lambda s: (
        s.stranger,
        s.world.contracts.auction.lapse(s.open_slot, [2]),
    ),
    "CountInvalid": lambda s: (s.stranger, s.world.contracts.auction.book(s.cleared, 0)),
    "WrongPhase": lambda s: (s.stranger, s.world.contracts.auction.clear(s.cleared)),
}

ORACLE: dict[str, Attempt] = {
    "OracleSetInvalid": lambda s: (
        s.world.admin,
        s.world.contracts.oracle.configure({s.alice.address: 1}),
    ),
    "WrongChain": lambda s: (
        s.stranger,
        s.world.attestation(s.over, {s.alices: (1, 0)}, chain_id=1),
    ),
    "WrongContract": lambda s: (
        s.stranger,
        s.world.attestation(s.over, {s.alices: (1, 0)}, meter_oracle=s.alice.address),
    ),
    "WrongConfiguration": lambda s: (
        s.stranger,
        s.world.attestation(s.over, {s.alices: (1, 0)}, config_version=7),
    ),
    "SlotNotLive": lambda s: (
        s.stranger,
        s.world.attestation(DeliverySlot(s.over - 10), {s.alices: (1, 0)}),
    ),
    "SlotNotOver": lambda s: (s.stranger, s.world.attestation(s.open_slot, {s.alices: (1, 0)})),
    "SlotIsFinal": lambda s: (
        s.stranger,
        s.world.attestation(DeliverySlot(s.settled - 100), {s.alices: (1, 0)}),
    ),
    "MeasurementTimeInvalid": lambda s: (
        s.stranger,
        s.world.attestation(s.over, {s.alices: (1, 0)}, measured_until=s.world.now + 60),
    ),
    "TooFewSignatures": lambda s: (
        s.stranger,
        s.world.attestation(s.over, {s.alices: (1, 0)}, signers=s.world.oracles[:2]),
    ),
    "SignaturesUnsorted": lambda s: (
        s.stranger,
        s.world.attestation(s.over, {s.alices: (1, 0)}, signers=_falling(s.world.oracles)[:3]),
    ),
    "SignerDuplicate": lambda s: (
        s.stranger,
        s.world.attestation(s.over, {s.alices: (1, 0)}, signers=[s.world.oracles[0]] * 3),
    ),
    "SignerUnknown": lambda s: (
        s.stranger,
        s.world.attestation(s.over, {s.alices: (1, 0)}, signers=[s.alice, s.bob, s.stranger]),
    ),
    "BatchMisshapen": lambda s: (
        s.stranger,
        s.world.attestation(s.over, {s.alices: (1, 0)}, first_point=3),
    ),
    "LaneInvalid": lambda s: (
        s.stranger,
        s.world.attestation(s.over, {s.alices: (1, 0)}, values=(1 << 60,)),
    ),
    "MeteringPointUnregistered": lambda s: (
        s.stranger,
        s.world.attestation(s.over, {s.next_point: (1, 0)}),
    ),
}

LEDGER: dict[str, Attempt] = {
    "NotAMarket": lambda s: (s.stranger, _raw_open(s)),
    "BankReferenceUsed": lambda s: (
        s.world.bank,
        s.world.contracts.ledger.credit(s.alice.address, 1, reference("credit 1")),
    ),
    "AmountInvalid": lambda s: (s.alice, s.world.contracts.ledger.withdraw(0)),
    "Uncovered": lambda s: (s.alice, s.world.contracts.ledger.withdraw(10**9)),
    "WithdrawalUnknown": lambda s: (
        s.world.bank,
        s.world.contracts.ledger.confirm_withdrawal(99, reference("w")),
    ),
    "TooEarly": lambda s: (s.stranger, s.world.contracts.ledger.settle(s.over, 3)),
    "TooLate": lambda s: (s.world.dso, s.world.contracts.ledger.void_slot(s.over, bytes(32))),
    "ImbalancePricesInvalid": lambda s: (
        s.world.dso,
        s.world.contracts.ledger.publish_imbalance_prices(
            s.world.next_slot(5), 1, SenPerKwh(10), SenPerKwh(5)
        ),
    ),
    "NotLate": lambda s: (
        s.stranger,
        s.world.contracts.ledger.settle_late(s.settled, [s.outcasts]),
    ),
}


def _falling(signers: list[LocalSigner]) -> list[LocalSigner]:
    return sorted(signers, key=lambda signer: signer.address, reverse=True)


def _raw_open(s: Scene) -> Call:
    """The ledger's own `open`, which only markets call, so no facade has it."""
    ledger = s.world.contracts.ledger
    return ledger.call("open", 100_000, s.world.next_slot())


@pytest.mark.spec("C-11", "G-07", "G-08", "G-22", "G-27", "G-28", "G-29")
@pytest.mark.parametrize("contract", [REGISTRY, AUCTION, ORACLE, LEDGER])
def test_each_refusal_has_its_name(scene: Scene, contract: dict[str, Attempt]) -> None:
    _list_key(scene, key("listed"))
    _begin_transfer(scene)

    found = {name: _refused(scene, attempt).name for name, attempt in contract.items()}

    assert found == {name: name for name in contract}


def _list_key(scene: Scene, gateway: LocalSigner) -> None:
    registry = scene.world.contracts.registry
    scene.world.do(
        scene.world.operator, registry.list_gateway_key(gateway_key_hash(gateway.address))
    )


def _begin_transfer(scene: Scene) -> None:
    world = scene.world
    if world.client.read(world.contracts.registry.point_of(scene.bobs)).next_owner is None:
        transfer = world.contracts.registry.transfer_point(scene.bobs, scene.alice.address)
        world.do(world.operator, transfer)


def test_the_table_of_refusals_leaves_none_out() -> None:
    thrown = {
        error.name for name in CONTRACTS[1:] for error in load_artifact(name).abi.errors.values()
    }
    apart = {
        "DebtOutstanding",
        "RingOccupied",
        "SignerExpired",
        "SignerSuspended",
        "ProductInvalid",
    }
    of_openzeppelin = {
        name
        for name in thrown
        if name.startswith(
            ("AccessManaged", "ECDSA", "SafeCast", "InvalidShortString", "StringTooLong")
        )
    }

    reached = {*REGISTRY, *AUCTION, *ORACLE, *LEDGER}

    assert thrown - of_openzeppelin - apart - set(OUT_OF_REACH) == reached - of_openzeppelin


def test_a_refusal_carries_the_values_that_prove_it(scene: Scene) -> None:
    refusal = _refused(scene, AUCTION["RatingExceeded"])

    assert refusal == Refusal(
        "RatingExceeded", {"point": scene.alices, "ordered": LIMIT + 6, "rating": LIMIT}
    )
    assert str(refusal) == f"RatingExceeded(point={scene.alices}, ordered=20006, rating=20000)"


def test_an_order_larger_than_the_largest_is_refused(scene: Scene) -> None:
    too_large = LARGEST_ORDER + 1

    refusal = scene.world.refusal(
        *_submit(scene, scene.alice, scene.alices, Side.BUY, 1, too_large)
    )

    assert refusal == Refusal("EnergyInvalid", {"energy": too_large, "largest": LARGEST_ORDER})


def test_an_uncovered_order_is_refused_with_what_is_missing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with new_world(tmp_path_factory.mktemp("poor")) as world:
        poor = world.admit("poor", yen=1500)
        point = world.add_point(poor, key("gateway"))
        world.at(BEGINNING + WARM_UP)
        slot = world.open_slot()

        refusal = world.refusal(poor, world.order(slot, point, Side.BUY, 5000, 15_000))

        assert refusal.name == "Uncovered"
        assert refusal.args == {"account": poor.address, "free": yen(500), "needed": 5000 * 15_000}


def test_a_debt_blocks_orders_and_withdrawals(tmp_path_factory: pytest.TempPathFactory) -> None:
    with new_world(tmp_path_factory.mktemp("debt")) as world:
        debtor = world.admit("debtor", yen=1000)
        point = world.add_point(debtor, key("gateway"), limit=1_000_000, fallback=100_000)
        world.at(BEGINNING + WARM_UP)
        slot = world.open_slot()
        world.at(slot)
        world.do(world.operator, world.contracts.auction.book(slot, 1))
        world.at(world.product.reading_deadline(slot))
        world.do(world.operator, world.contracts.ledger.settle(slot, 1))
        world.at(world.product.final_time(slot))
        world.do(world.operator, world.contracts.ledger.finalise(slot, 1))
        later = world.open_slot()

        order = world.refusal(debtor, world.order(later, point, Side.BUY, 1, 1))
        payout = world.refusal(debtor, world.contracts.ledger.withdraw(1))

        assert {order.name, payout.name} == {"DebtOutstanding"}
        assert order.args["debt"] == 100_000 * world.product.short_cap - yen(1000)


def test_a_slot_whose_storage_is_held_cannot_be_opened(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with new_world(tmp_path_factory.mktemp("ring")) as world:
        tenant = world.open_slot()
        lap = world.product.ring_size * world.product.slot_seconds
        again = DeliverySlot(tenant + lap)
        world.at(again - 20)

        refusal = world.refusal(world.operator, world.contracts.auction.open(again))

        assert refusal == Refusal("RingOccupied", {"slot": again, "tenant": tenant})


def test_an_oracle_that_expired_or_was_suspended_cannot_sign(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with new_world(tmp_path_factory.mktemp("oracles")) as world:
        world.install_oracles()
        party = world.admit("party")
        point = world.add_point(party, key("gateway"))
        world.at(BEGINNING + WARM_UP)
        slot = world.open_slot()
        world.at(world.product.slot_end(slot))
        first = min(world.oracles[:3], key=lambda oracle: int(oracle.address, 16))

        world.do(world.operator, world.contracts.registry.suspend(first.address, reference("why")))
        suspended = world.refusal(party, world.attestation(slot, {point: (1, 0)}))
        world.do(world.operator, world.contracts.registry.reinstate(first.address))
        until = {o.address: world.now if o is first else 2**40 for o in world.oracles}
        world.do(world.admin, world.contracts.oracle.configure(until))
        world.at(world.now + 1)
        expired = world.refusal(party, world.attestation(slot, {point: (1, 0)}, config_version=2))

        assert suspended == Refusal("SignerSuspended", {"signer": first.address})
        assert (expired.name, expired.args["signer"]) == ("SignerExpired", first.address)


def test_a_product_that_contradicts_itself_is_not_deployed(scene: Scene) -> None:
    world = scene.world
    backwards = list(product_tuple(world.product))
    backwards[7], backwards[8] = 5000, 0
    artifact = load_artifact(SpotAuction.NAME)
    somewhere = world.contracts.registry.address
    arguments = artifact.abi.constructor.encode_inputs((somewhere, somewhere, tuple(backwards)))

    refusal = world.refusal(
        world.operator, Call("creation", None, artifact.creation_code + arguments, 5_000_000)
    )

    assert refusal.name == "ProductInvalid"
    assert refusal.args["parameter"] == b"longFloor".ljust(32, b"\0")


def test_what_an_order_leaves_behind_can_be_read(scene: Scene) -> None:
    receipts = scene.world.do(
        scene.alice, scene.world.order(scene.open_slot, scene.alices, Side.BUY, 700, 3)
    )

    event = scene.world.events(receipts, "OrderSubmitted")[0]

    assert (event.contract, integer(event.args, "energy")) == ("SpotAuction", 3)
    assert event.args["slot"] == scene.open_slot


class TracelessProvider(HttpProvider):
    """A node that keeps no traces."""

    def make_batch_request(self, batch_requests: Sequence[Request]) -> object:
        """Know nothing of debugging."""
        if batch_requests[0][0].startswith("debug_"):
            return [{"id": 0, "error": {"code": -32601, "message": "method not found"}}]
        return super().make_batch_request(batch_requests)


def test_a_node_without_traces_tells_the_reason_too(scene: Scene) -> None:
    world = scene.world
    client = ChainClient([TracelessProvider(world.chain.url)], world.client.chain_id)
    order = world.order(scene.open_slot, scene.alices, Side.BUY, 32_768, 1)

    with pytest.raises(TransactionRevertedError, match="PriceOffGrid"):
        Sender(client, mine=world.mining.mine).send_and_wait(scene.alice, order)
    client.close()


def test_a_reason_that_no_node_remembers_is_unknown(scene: Scene) -> None:
    world = scene.world
    order = world.order(scene.open_slot, scene.alices, Side.BUY, 32_768, 1)
    (result,) = world.sender.send_each([(scene.alice, order)])
    assert isinstance(result, Receipt)
    for _ in range(KEPT_STATES + 2):
        world.mining.mine()

    refusal = reason_of(world.client, order.what, result).refusal

    assert refusal == Refusal(UNKNOWN)
