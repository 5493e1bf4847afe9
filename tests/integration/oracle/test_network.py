"""Four oracles agree on a slot's readings, whichever one is dead or lies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from node.chain.signing import Batch, LocalSigner
from node.domain.readings import IntervalEnergy, unpack_values
from node.domain.slots import HALF_HOURS, DeliverySlot, Product, demonstration_product
from node.domain.units import WattHours
from oracle.errors import PeerUnavailableError, ProposalError
from oracle.memory import LocalPeer, MemoryHub
from oracle.plausibility import SignedReading
from oracle.proposing import OracleSet
from oracle.quorum import Answer, Dispute, Entry, Objection, Proposal
from oracle.service import Timing

if TYPE_CHECKING:
    from tests.integration.oracle.conftest import MakeNetwork, Network

SLOT = DeliverySlot(1_000_000)
POINTS = range(1, 7)
ALL = dict.fromkeys(POINTS, 100)

ReadingOf = Callable[..., SignedReading]


@dataclass(frozen=True)
class ScriptedPeer:
    """A lying oracle: says whatever its script says, to whatever it is asked."""

    address: str
    script: Callable[[Proposal], Answer]

    async def ask(self, proposal: Proposal) -> Answer:
        return self.script(proposal)


@dataclass
class SilentDesk:
    """The desk of an oracle that dies, or lies, between gathering signatures and sending them."""

    swallowed: list[Batch] = field(default_factory=list)

    async def attest(self, key: str, batch: Batch, signatures: Sequence[bytes]) -> None:
        assert key
        assert len(signatures) == 3
        self.swallowed.append(batch)


def signs_rubbish(_: Proposal) -> Answer:
    return Answer(signature=LocalSigner.generate().sign(bytes(32)))


def disputes_everything(proposal: Proposal) -> Answer:
    return Answer(disputes=tuple(Dispute(p, Objection.DIFFERENT) for p in proposal.points))


def disputes_the_first(proposal: Proposal) -> Answer:
    return Answer(disputes=(Dispute(proposal.points[0], Objection.UNKNOWN),))


def disputes_nothing_and_signs_nothing(_: Proposal) -> Answer:
    return Answer()


def vanishes(proposal: Proposal) -> Answer:
    raise PeerUnavailableError(str(proposal.slot), "vanished")


LIES = [
    signs_rubbish,
    disputes_everything,
    disputes_the_first,
    disputes_nothing_and_signs_nothing,
    vanishes,
]


@pytest.mark.spec("G-10", "G-27")
async def test_a_slot_is_attested_in_one_batch_that_three_oracles_signed(
    network: "Network", reading: ReadingOf
) -> None:
    network.hub.put(*(reading(point, exported=point) for point in POINTS))
    network.start_all()

    await network.pass_time(SLOT + 12)

    (batch,) = network.chain.batches
    assert unpack_values(batch.first_point, batch.values) == {
        point: IntervalEnergy(WattHours(100), WattHours(point)) for point in POINTS
    }
    assert network.chain.skipped == []


@pytest.mark.spec("G-27")
@pytest.mark.parametrize("dead", range(4))
async def test_any_one_of_four_may_be_dead_even_the_submitter(
    network: "Network", reading: ReadingOf, dead: int
) -> None:
    network.hub.put(*(reading(point) for point in POINTS))
    for number in set(range(4)) - {dead}:
        network.start(number)

    await network.pass_time(SLOT + 14)

    assert network.attested() == ALL
    assert network.chain.skipped == []


@pytest.mark.spec("G-27")
async def test_with_two_of_four_dead_nothing_is_attested_until_one_comes_back(
    network: "Network", reading: ReadingOf
) -> None:
    network.hub.put(*(reading(point) for point in POINTS))
    network.start(0)
    network.start(1)
    await network.pass_time(SLOT + 15)
    assert network.attested() == {}

    network.start(3)
    await network.pass_time(SLOT + 25)

    assert network.attested() == ALL


@pytest.mark.spec("G-27")
@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("liar", range(4))
async def test_one_lying_oracle_of_four_changes_nothing(
    network: "Network", reading: ReadingOf, lie: Callable[[Proposal], Answer], liar: int
) -> None:
    network.hub.put(*(reading(point) for point in POINTS))
    liars_address = network.addresses[liar]
    for number in set(range(4)) - {liar}:
        own = network.addresses[number]
        honest = [LocalPeer(a, network.running) for a in network.addresses if a != own]
        peers = [ScriptedPeer(p.address, lie) if p.address == liars_address else p for p in honest]
        network.start(number, peers=list(peers))

    await network.pass_time(SLOT + 14)

    assert network.attested() == ALL


@pytest.mark.spec("G-27")
@pytest.mark.parametrize("absent", list(combinations(range(7), 2)))
async def test_any_two_of_seven_may_be_dead(
    make_network: "MakeNetwork", reading: ReadingOf, absent: tuple[int, int]
) -> None:
    network = make_network(size=7)
    network.hub.put(*(reading(point) for point in POINTS))
    for number in set(range(7)) - set(absent):
        network.start(number)

    await network.pass_time(SLOT + 16)

    assert network.attested() == ALL


@pytest.mark.spec("G-27")
@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("liars", [(0, 1), (2, 5), (3, 4)])
async def test_any_two_of_seven_may_lie_together(
    make_network: "MakeNetwork",
    reading: ReadingOf,
    lie: Callable[[Proposal], Answer],
    liars: tuple[int, int],
) -> None:
    network = make_network(size=7)
    network.hub.put(*(reading(point) for point in POINTS))
    lying = {network.addresses[number] for number in liars}
    for number in set(range(7)) - set(liars):
        peers = [
            ScriptedPeer(other, lie) if other in lying else LocalPeer(other, network.running)
            for other in network.addresses
            if other != network.addresses[number]
        ]
        network.start(number, peers=list(peers))

    await network.pass_time(SLOT + 18)

    assert network.attested() == ALL


@pytest.mark.spec("G-27")
async def test_a_submitter_that_proposes_false_values_gets_no_quorum(
    network: "Network", reading: ReadingOf
) -> None:
    network.hub.put(*(reading(point) for point in POINTS))
    honest = [network.start(number) for number in (0, 1, 2)]
    forged = Entry(1, 1, bytes(32), reading(1).signature)

    answers = [await one.answer(Proposal(SLOT, 1, (forged,))) for one in honest]

    assert answers == [Answer(disputes=(Dispute(1, Objection.DIFFERENT),))] * 3


@pytest.mark.spec("G-27")
async def test_a_list_with_another_signature_than_the_gateways_is_disputed(
    network: "Network", reading: ReadingOf
) -> None:
    network.hub.put(reading(1))
    oracle = network.start(0)
    await oracle.tick()
    digest, _ = oracle.attestor.examine(reading(1))
    entry = Entry(1, 1, digest, network.keys[3].sign(digest))

    answer = await oracle.answer(Proposal(SLOT, 1, (entry,)))

    assert answer == Answer(disputes=(Dispute(1, Objection.DIFFERENT),))


@pytest.mark.spec("D-34", "G-10")
async def test_what_comes_late_goes_into_a_supplementary_batch(
    network: "Network", reading: ReadingOf
) -> None:
    network.hub.put(*(reading(point) for point in POINTS if point != 4))
    network.start_all()
    await network.pass_time(SLOT + 13)
    assert network.attested() == {p: 100 for p in POINTS if p != 4}

    network.hub.put(reading(4))
    await network.pass_time(SLOT + 17)

    assert network.attested() == ALL
    assert [batch.slot for batch in network.chain.batches] == [SLOT, SLOT]
    assert network.chain.skipped == []


@pytest.mark.spec("G-27")
async def test_an_incomplete_list_waits_a_moment_so_that_a_slot_takes_one_batch(
    network: "Network", reading: ReadingOf
) -> None:
    for oracle in network.start_all():
        oracle.timing = replace(oracle.timing, gather=2)
    network.hub.put(*(reading(point) for point in POINTS if point != 4))
    await network.pass_time(SLOT + 12)
    assert network.chain.batches == []

    network.hub.put(reading(4))
    await network.pass_time(SLOT + 13)

    assert len(network.chain.batches) == 1
    assert network.attested() == ALL


@pytest.mark.spec("G-10")
@pytest.mark.parametrize(
    "product", [demonstration_product(10), demonstration_product(60), HALF_HOURS]
)
def test_a_reading_window_has_room_for_a_turn_of_each_oracle(product: Product) -> None:
    timing = Timing.of(product)

    assert timing.collect_delay + 4 * timing.takeover <= product.reading_window
    assert timing.gather < timing.takeover
    assert timing.round <= timing.takeover


@pytest.mark.spec("G-27")
async def test_a_point_of_which_hubs_hold_two_readings_is_left_out_and_the_rest_goes_on(
    network: "Network", reading: ReadingOf
) -> None:
    network.hub.put(*(reading(point) for point in POINTS if point != 2))
    first, second = MemoryHub("first"), MemoryHub("second")
    first.put(reading(2))
    second.put(reading(2, exported=5))
    for number, own in enumerate((first, first, second, second)):
        network.start(number, sources=[network.hub, own])

    await network.pass_time(SLOT + 20)

    assert network.attested() == {p: 100 for p in POINTS if p != 2}
    shown = [row for one in network.running.values() for row in one.state.disputes(9)]
    assert {(row.point, row.objection) for row in shown} == {(2, "different")}


@pytest.mark.spec("G-27")
async def test_each_bad_reading_is_refused_by_name_and_keeps_no_other_out(
    network: "Network", reading: ReadingOf
) -> None:
    stranger = LocalSigner.generate()
    good = reading(1)
    bad = {
        2: replace(reading(2), signature=stranger.sign(bytes(32))),
        3: reading(3, measured_at=SLOT + 9),
        4: reading(4, measured_at=SLOT + 12 + 61),
        5: reading(5, import_wh=99),
        9: reading(9),
    }
    network.hub.put(good, good, *bad.values())
    network.hub.serve(SLOT, reading(6, slot=SLOT - 10))
    network.start_all()

    await network.pass_time(SLOT + 12)

    assert network.attested() == {1: 100}
    rejects = network.running[network.addresses[0]].state.rejects(20)
    assert {(row.point, row.reason) for row in rejects} == {
        (2, "forged"),
        (3, "measured_before_slot_end"),
        (4, "measured_too_late"),
        (4, "measured_in_the_future"),
        (5, "energy_is_not_the_difference"),
        (6, "other_slot"),
        (9, "unregistered"),
    }


@pytest.mark.spec("G-27")
async def test_one_dead_hub_of_two_keeps_nothing_back(
    network: "Network", reading: ReadingOf
) -> None:
    dead = MemoryHub("dead", is_down=True)
    network.hub.put(*(reading(point) for point in POINTS))
    for number in range(4):
        network.start(number, sources=[dead, network.hub])

    await network.pass_time(SLOT + 12)

    assert network.attested() == ALL
    status = network.running[network.addresses[0]].status()
    assert isinstance(status["hubs"], dict)
    assert "is down" in status["hubs"]["dead"]["problem"]


@pytest.mark.spec("G-27")
async def test_while_the_chain_is_down_oracles_wait_and_then_go_on(
    network: "Network", reading: ReadingOf
) -> None:
    network.hub.put(*(reading(point) for point in POINTS))
    oracle = network.start_all()[0]
    network.chain.is_down = True
    await network.pass_time(SLOT + 14)
    assert "ChainUnavailableError" in str(oracle.status()["trouble"])

    network.chain.is_down = False
    await network.pass_time(SLOT + 18)

    assert network.attested() == ALL
    assert oracle.status()["trouble"] == {}


@pytest.mark.spec("G-27")
async def test_points_that_the_chain_holds_are_not_attested_again_after_a_restart(
    network: "Network", reading: ReadingOf
) -> None:
    network.hub.put(*(reading(point) for point in POINTS))
    network.start_all()
    await network.pass_time(SLOT + 13)
    for number in range(4):
        network.kill(number)

    network.start_all()
    await network.pass_time(SLOT + 29)

    assert len(network.chain.batches) == 1


@pytest.mark.spec("G-27")
async def test_an_oracle_that_gathers_signatures_and_sends_nothing_is_taken_over(
    network: "Network", reading: ReadingOf
) -> None:
    network.hub.put(*(reading(point) for point in POINTS))
    silent = network.turn_of()
    desk = SilentDesk()
    for number in range(4):
        network.start(number, desk=desk if number == silent else None)

    await network.pass_time(SLOT + 12)
    assert (len(desk.swallowed), network.attested()) == (1, {})
    await network.pass_time(SLOT + 16)

    assert network.attested() == ALL


@pytest.mark.spec("G-28")
async def test_the_signature_of_a_suspended_oracle_is_not_used(
    network: "Network", reading: ReadingOf
) -> None:
    suspended = network.addresses[0]
    able = frozenset(network.addresses) - {suspended}
    network.chain.oracles = OracleSet(1, 3, network.addresses, able)
    network.hub.put(*(reading(point) for point in POINTS))
    network.start_all()

    await network.pass_time(SLOT + 16)

    assert network.attested() == ALL


@pytest.mark.spec("G-27")
async def test_a_new_oracle_set_takes_over_what_the_old_one_left(
    network: "Network", reading: ReadingOf
) -> None:
    network.hub.put(*(reading(point) for point in (1, 2)))
    network.start_all()
    await network.pass_time(SLOT + 13)
    able = frozenset(network.addresses)
    network.chain.oracles = OracleSet(2, 3, network.addresses, able)
    network.hub.put(*(reading(point) for point in (3, 4, 5, 6)))

    await network.pass_time(SLOT + 18)

    assert network.attested() == ALL
    assert [batch.config_version for batch in network.chain.batches] == [1, 2]


@pytest.mark.spec("G-10", "G-27")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slot": DeliverySlot(SLOT + 1)}, "no slot starts"),
        ({"slot": DeliverySlot(SLOT + 10)}, "is attested from"),
        ({"slot": DeliverySlot(SLOT - 100)}, "is attested from"),
        ({"slot": DeliverySlot(SLOT - 10)}, "never opened"),
        ({"config_version": 2}, "oracle set 2 was proposed, 1 holds"),
    ],
)
async def test_a_proposal_out_of_time_or_order_is_refused(
    network: "Network", reading: ReadingOf, change: dict[str, int], message: str
) -> None:
    oracle = network.start(0)
    entry = Entry(1, 1, bytes(32), reading(1).signature)
    proposal = replace(Proposal(SLOT, 1, (entry,)), **change)  # type: ignore[arg-type]

    with pytest.raises(ProposalError, match=message):
        await oracle.answer(proposal)


@pytest.mark.spec("G-10")
async def test_a_slot_that_was_never_opened_is_left_alone(
    network: "Network", reading: ReadingOf
) -> None:
    network.chain.live.clear()
    network.hub.put(*(reading(point) for point in POINTS))
    network.start_all()

    await network.pass_time(SLOT + 14)

    assert network.chain.batches == []


@pytest.mark.spec("G-10")
async def test_slots_follow_each_other_and_final_ones_are_forgotten(
    network: "Network", reading: ReadingOf
) -> None:
    slots = [DeliverySlot(SLOT + 10 * number) for number in range(8)]
    network.chain.live.update(slots)
    network.start_all()
    for slot in slots:
        network.clock.advance_to(slot + 10)
        network.hub.put(*(reading(point, slot=slot) for point in POINTS))
        await network.pass_time(slot + 14)

    assert all(network.attested(slot) == ALL for slot in slots)
    oracle = network.running[network.addresses[0]]
    assert oracle.state.accepted(slots[0]) == {}
    assert oracle.status()["backlog"] == {}
    assert oracle.status()["last_slot_signed"] == slots[-1]
