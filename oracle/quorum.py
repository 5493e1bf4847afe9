"""Which list of readings the oracles agree on (G-27). Pure.

The turn's submitter proposes an explicit list. Each of the others signs exactly that list or says
which points it disputes. When enough sign, the batch goes out; else the submitter leaves out what
stands in the way and proposes again. Nothing is lost by that: what was left out is proposed again
in a later turn, by whoever has it then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from node.domain.readings import first_point_of_batch
from node.domain.slots import DeliverySlot
from oracle.errors import ProposalError
from oracle.plausibility import Accepted

#: Most metering points that one batch spans: the contract takes 500 words of four lanes.
LARGEST_SPAN = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """A reading on a proposed list.

    The gateway's signature stands beside the digest because the root covers both.
    """

    point: int
    version: int
    digest: bytes
    signature: bytes

    @classmethod
    def of(cls, accepted: Accepted) -> "Entry":
        """Return the entry of an accepted reading."""
        reading = accepted.reading
        return cls(reading.point, reading.version, accepted.digest, accepted.signed.signature)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The list of one batch, in the order of the points, under one oracle set."""

    slot: DeliverySlot
    config_version: int
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        points = self.points
        if not points or points[0] < 1 or list(points) != sorted(set(points)):
            raise ProposalError(f"points {list(points)[:8]} are not each once, ascending, from 1")
        if points[-1] - first_point_of_batch(points[0]) >= LARGEST_SPAN:
            raise ProposalError(f"points {points[0]} to {points[-1]} span more than {LARGEST_SPAN}")

    @property
    def points(self) -> tuple[int, ...]:
        """The points on the list."""
        return tuple(entry.point for entry in self.entries)

    @property
    def first_point(self) -> int:
        """Where the batch starts."""
        return first_point_of_batch(self.points[0])

    def without(self, points: Iterable[int]) -> "Proposal | None":
        """Return the list without some points, None when nothing is left."""
        dropped = set(points)
        kept = tuple(entry for entry in self.entries if entry.point not in dropped)
        return Proposal(self.slot, self.config_version, kept) if kept else None


class Objection(StrEnum):
    """Why an oracle does not sign an entry."""

    UNKNOWN = "no hub of this oracle has this reading"
    DIFFERENT = "this oracle has another reading of this point"
    REJECTED = "this oracle does not believe the reading"
    AHEAD = "by this oracle's clock the measurement lies in the future"
    SIGNED_OTHERWISE = "this oracle has signed another value"


@dataclass(frozen=True, slots=True)
class Dispute:
    """A point that an oracle will not sign as proposed."""

    point: int
    objection: Objection


@dataclass(frozen=True, slots=True)
class Answer:
    """What an oracle says: a signature over the batch, or the points that it disputes."""

    signature: bytes | None = None
    disputes: tuple[Dispute, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreed:
    """Enough signed: signatures in ascending order of their signers, as the contract wants them."""

    signatures: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Reduced:
    """A shorter list, on which enough of those that answered may agree."""

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Standoff:
    """Too few answered, or they agree on nothing: a later turn tries again."""


Outcome = Agreed | Reduced | Standoff


def submitter(signers: Sequence[str], slot_number: int, turn: int) -> str:
    """Return whose turn it is.

    Slots go round the set, and each further turn of a slot goes to the next member.
    """
    return signers[(slot_number + turn) % len(signers)]


def turn_at(now: int, opens_at: int, takeover_seconds: int) -> int:
    """Return the turn of a slot that runs at `now`, counted from 0 at `opens_at`."""
    return max(0, now - opens_at) // takeover_seconds


def objections(
    entries: Iterable[Entry], known: Mapping[int, Accepted], rejected: Iterable[int], now: int
) -> Iterator[Dispute]:
    """Yield what an oracle cannot sign, by what it fetched and believes itself."""
    disbelieved = set(rejected)
    for entry in entries:
        own = known.get(entry.point)
        if own is None:
            objection = Objection.REJECTED if entry.point in disbelieved else Objection.UNKNOWN
            yield Dispute(entry.point, objection)
        elif (own.digest, own.reading.version) != (entry.digest, entry.version):
            yield Dispute(entry.point, Objection.DIFFERENT)
        elif own.reading.measured_at > now:
            yield Dispute(entry.point, Objection.AHEAD)


def decide(
    proposal: Proposal,
    signatures: Mapping[str, bytes],
    disputes: Mapping[str, Iterable[int]],
    quorum: int,
) -> Outcome:
    """Return what follows from the answers.

    `signatures` holds the valid ones by signer, the submitter's own included; `disputes` the points
    that each of the others will not sign. Who did neither counts as silent.
    """
    if len(signatures) >= quorum:
        # No more than the quorum: each further signature costs gas and proves nothing more.
        signers = sorted(signatures, key=str.lower)[:quorum]
        return Agreed(tuple(signatures[signer] for signer in signers))
    on_list = set(proposal.points)
    doubted = [said for points in disputes.values() if (said := on_list & set(points))]
    dropped = _least_dropped(doubted, quorum - len(signatures))
    reduced = None if dropped is None else proposal.without(dropped)
    return Standoff() if reduced is None else Reduced(reduced)


def _least_dropped(doubted: Sequence[set[int]], wanted: int) -> set[int] | None:
    """Return the points to leave out so that `wanted` of those who dispute can sign.

    None when they are too few. Found greedily from each of them in turn: who adds least is followed
    next. So a liar who disputes everything decides nothing, and the work stays small in large sets.
    """
    if len(doubted) < wanted:
        return None
    return min((_followed(doubted, first, wanted) for first in range(len(doubted))), key=len)


def _followed(doubted: Sequence[set[int]], first: int, wanted: int) -> set[int]:
    dropped = set(doubted[first])
    others = [said for index, said in enumerate(doubted) if index != first]
    for _ in range(wanted - 1):
        nearest = min(others, key=lambda said: len(said - dropped))
        others.remove(nearest)
        dropped |= nearest
    return dropped


def turncoats(before: Mapping[str, frozenset[int]], now: Mapping[str, frozenset[int]]) -> set[str]:
    """Return who disputes points on a reduced list that it did not dispute on the longer one.

    Without this a liar could shorten the list by one point in every attempt until the attempts are
    used up.
    """
    return {who for who, points in now.items() if who in before and points - before[who]}


def batches(entries: Iterable[Entry]) -> Iterator[tuple[Entry, ...]]:
    """Cut readings into lists that each fit one batch, in the order of the points."""
    batch: list[Entry] = []
    for entry in sorted(entries, key=lambda one: one.point):
        if batch and entry.point - first_point_of_batch(batch[0].point) >= LARGEST_SPAN:
            yield tuple(batch)
            batch = []
        batch.append(entry)
    if batch:
        yield tuple(batch)
