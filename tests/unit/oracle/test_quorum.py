"""Whose turn it is, what is disputed, and what follows from the answers."""

from collections.abc import Callable, Mapping
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.readings import Reading
from node.domain.slots import DeliverySlot
from oracle.errors import ProposalError
from oracle.plausibility import Accepted
from oracle.quorum import (
    LARGEST_SPAN,
    Agreed,
    Dispute,
    Entry,
    Objection,
    Proposal,
    Reduced,
    Standoff,
    batches,
    decide,
    objections,
    submitter,
    turn_at,
    turncoats,
)

seeded = settings(derandomize=True, deadline=None, max_examples=200)

SLOT = DeliverySlot(1_000_000)
SIGNERS = ("0xa", "0xb", "0xc", "0xd")
POINTS = frozenset({1, 2, 3, 7})

AcceptReading = Callable[..., Accepted]
MakeReading = Callable[..., Reading]


def entry(point: int) -> Entry:
    return Entry(point, 1, bytes([point % 256]) * 32, bytes(65))


def proposal(*points: int) -> Proposal:
    return Proposal(SLOT, 1, tuple(entry(point) for point in points))


def decided(
    signers: str, disputes: Mapping[str, set[int]], quorum: int = 3
) -> Agreed | Reduced | Standoff:
    signatures = {f"0x{name}": name.encode() for name in signers}
    doubted = {f"0x{name}": points for name, points in disputes.items()}
    return decide(proposal(*sorted(POINTS)), signatures, doubted, quorum)


@pytest.mark.spec("G-27")
def test_turns_go_round_the_set_by_slot_and_then_by_time() -> None:
    first_turns = [submitter(SIGNERS, number, 0) for number in range(5)]
    later_turns = [submitter(SIGNERS, 1, turn) for turn in range(4)]

    assert first_turns == ["0xa", "0xb", "0xc", "0xd", "0xa"]
    assert later_turns == ["0xb", "0xc", "0xd", "0xa"]


@pytest.mark.parametrize(("now", "turn"), [(90, 0), (100, 0), (102, 0), (103, 1), (106, 2)])
def test_a_turn_is_taken_over_when_its_time_is_up(now: int, turn: int) -> None:
    assert turn_at(now, opens_at=100, takeover_seconds=3) == turn


@pytest.mark.spec("G-27")
def test_three_of_four_signatures_are_agreement_in_ascending_order_of_signers() -> None:
    assert decided("cab", {}) == Agreed((b"a", b"b", b"c"))


def test_no_more_signatures_than_the_quorum_go_on_chain() -> None:
    assert decided("abcd", {}) == Agreed((b"a", b"b", b"c"))


def test_with_two_silent_oracles_nothing_is_agreed() -> None:
    assert decided("ab", {}) == Standoff()


@pytest.mark.spec("G-27")
def test_disputed_points_are_left_out() -> None:
    assert decided("a", {"b": {2}, "c": {2, 7}}) == Reduced(proposal(1, 3))


@pytest.mark.spec("G-27")
def test_one_liar_who_disputes_everything_decides_nothing() -> None:
    assert decided("ab", {"c": set(POINTS), "d": {7}}) == Reduced(proposal(1, 2, 3))
    assert decided("abd", {"c": set(POINTS)}) == Agreed((b"a", b"b", b"d"))


def test_an_oracle_that_neither_signs_nor_disputes_counts_as_silent() -> None:
    assert decided("ab", {"c": set()}) == Standoff()
    assert decided("ab", {"c": {99}}) == Standoff()
    assert decided("ab", {"c": set(), "d": {7}}) == Reduced(proposal(1, 2, 3))


def test_when_everything_is_disputed_nothing_is_left_to_propose() -> None:
    assert decided("ab", {"c": set(POINTS)}) == Standoff()


def test_who_disputes_on_a_shorter_list_what_it_let_pass_before_is_a_turncoat() -> None:
    before = {"0xb": frozenset({2}), "0xc": frozenset[int]()}

    assert turncoats(before, {"0xb": frozenset({2}), "0xc": frozenset({3})}) == {"0xc"}
    assert turncoats(before, {"0xb": frozenset({2, 3}), "0xd": frozenset({1})}) == {"0xb"}


@seeded
@given(
    votes=st.lists(st.sets(st.sampled_from(sorted(POINTS))), min_size=3, max_size=3),
)
def test_a_reduced_list_is_one_that_enough_oracles_can_sign(votes: list[set[int]]) -> None:
    signers = "a" + "".join(n for n, v in zip("bcd", votes, strict=True) if not v)
    disputes = {n: v for n, v in zip("bcd", votes, strict=True) if v}

    outcome = decided(signers, disputes)

    if isinstance(outcome, Reduced):
        content = set(outcome.proposal.points)
        willing = sum(1 for points in disputes.values() if not points & content)
        assert len(signers) + willing >= 3
    elif isinstance(outcome, Standoff):
        # Then no two of the others share a point that neither of them disputes.
        assert all(a | b == POINTS for a, b in combinations(votes, 2))


@pytest.mark.spec("G-27")
def test_an_oracle_signs_only_what_it_holds_believes_and_sees_in_the_past(
    accept: AcceptReading, make_reading: MakeReading
) -> None:
    known = {
        point: accept(make_reading(point=point, measured_at=at))
        for point, at in ((1, SLOT + 10), (2, SLOT + 10), (3, SLOT + 13))
    }
    listed = [Entry.of(known[1]), entry(2), Entry.of(known[3]), entry(4), entry(5)]

    found = list(objections(listed, known, rejected={5}, now=SLOT + 12))

    assert found == [
        Dispute(2, Objection.DIFFERENT),
        Dispute(3, Objection.AHEAD),
        Dispute(4, Objection.UNKNOWN),
        Dispute(5, Objection.REJECTED),
    ]


@pytest.mark.parametrize("points", [(), (0, 1), (2, 1), (1, 1), (1, LARGEST_SPAN)])
def test_a_list_names_each_point_once_in_order_within_one_batch(points: tuple[int, ...]) -> None:
    with pytest.raises(ProposalError):
        proposal(*points)


@seeded
@given(st.sets(st.integers(min_value=1, max_value=20_000), max_size=60))
def test_batches_hold_every_point_once_and_none_spans_too_much(points: set[int]) -> None:
    lists = [Proposal(SLOT, 1, part) for part in batches(map(entry, points))]

    assert [point for one in lists for point in one.points] == sorted(points)
    assert all(one.points[-1] - one.first_point < LARGEST_SPAN for one in lists)
