"""Whether a signed reading can be believed; each refusal has a name (G-10, G-11, G-27, G-29).

A reading is checked on its own (signature, point, time, registers, rating) and against what was
accepted of the same point before: the registers of neighbours in time have to join, so nothing can
be left out unseen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from node.domain.readings import (
    Fault,
    PointLimits,
    Reading,
    Relation,
    faults_of,
    relation,
    succession_faults,
)
from node.domain.slots import DeliverySlot, Product

#: How far a gateway's clock may be ahead. Such a reading is believed, but signed only once its time
#: has come, because the contract refuses a measurement of the future.
CLOCK_TOLERANCE_SECONDS = 60

#: The only version that is attested so far; corrections need the metering operator's
#: countersignature (G-10).
ORIGINAL = 1


class Rejection(StrEnum):
    """Why a reading is not believed, beyond the faults of its numbers."""

    FORGED = "the signature does not come from the gateway that the chain names for point and slot"
    UNREGISTERED = "the chain names no such metering point for the slot"
    OTHER_SLOT = "the reading is of another slot than was asked for"
    CORRECTION = "only originals (version 1) are attested"
    CONTRADICTION = "the gateway signed something else for this slot or this sequence"


Reason = Rejection | Fault


@dataclass(frozen=True, slots=True)
class SignedReading:
    """A reading as its gateway signed it."""

    reading: Reading
    signature: bytes

    @property
    def point(self) -> int:
        """The metering point."""
        return self.reading.point


@dataclass(frozen=True, slots=True)
class PointFacts:
    """What the chain says of a metering point in a slot: who signs for it, and its rating."""

    gateway: str
    limits: PointLimits


@dataclass(frozen=True, slots=True)
class Accepted:
    """A reading that was believed, with its EIP-712 digest and the gateway that signed it."""

    signed: SignedReading
    digest: bytes
    gateway: str

    @property
    def reading(self) -> Reading:
        """The reading itself."""
        return self.signed.reading


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The accepted readings of a point around a slot: nearest before, its own, nearest after."""

    earlier: Accepted | None = None
    same: Accepted | None = None
    later: Accepted | None = None


ALONE = Neighbours()


@dataclass(frozen=True, slots=True)
class Bench:
    """What a verdict rests on: calendar, slot that was asked for, points that take part, now."""

    product: Product
    slot: DeliverySlot
    points: Mapping[int, PointFacts]
    now: int

    def verdict(
        self, signed: SignedReading, signer: str | None, neighbours: Neighbours = ALONE
    ) -> tuple[Reason, ...]:
        """Return why the reading is not believed; empty when it is.

        `signer` is whose signature it carries.
        """
        facts = self.points.get(signed.point)
        if signed.reading.slot != self.slot:
            return (Rejection.OTHER_SLOT,)
        if facts is None:
            return (Rejection.UNREGISTERED,)
        if signer != facts.gateway:
            # Whatever it says is nobody's word, so nothing else is worth checking.
            return (Rejection.FORGED,)
        return tuple(self._doubts(signed.reading, facts, neighbours))

    def _doubts(
        self, reading: Reading, facts: PointFacts, neighbours: Neighbours
    ) -> Iterable[Reason]:
        if reading.version != ORIGINAL:
            yield Rejection.CORRECTION
        latest = self.now + CLOCK_TOLERANCE_SECONDS
        yield from faults_of(reading, self.product, facts.limits, latest)
        if neighbours.same is not None and neighbours.same.reading != reading:
            yield Rejection.CONTRADICTION
        yield from self._misfits(reading, facts.gateway, neighbours)

    def _misfits(self, reading: Reading, gateway: str, neighbours: Neighbours) -> Iterable[Reason]:
        """Check the reading against its neighbours.

        Each fault is named once, whichever side shows it.
        """
        faults: dict[Reason, None] = {}
        for neighbour in (neighbours.earlier, neighbours.later):
            if neighbour is None:
                continue
            if relation(neighbour.reading, reading) is Relation.CONFLICTING:
                faults[Rejection.CONTRADICTION] = None
            pair = sorted((neighbour.reading, reading), key=lambda one: one.slot)
            for fault in succession_faults(pair[0], pair[1], self.product):
                # A new gateway counts its readings anew (G-29); the registers are still the
                # meter's.
                if fault is not Fault.SEQUENCE_DID_NOT_RISE or neighbour.gateway == gateway:
                    faults[fault] = None
        return faults


def may_be_signed(reading: Reading, now: int) -> bool:
    """Whether the time of measurement has come: the contract refuses a later one."""
    return reading.measured_at <= now
