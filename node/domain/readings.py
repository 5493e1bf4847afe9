"""Readings: what a gateway signs for a slot, what makes it believable, and how a batch packs it (G-11, G-27).

A reading carries the cumulative registers at both ends of its slot, so that neighbours in time must
join and nothing can be left out unseen. A second, different reading under the same sequence or
version is evidence against the gateway.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from node.domain.errors import LaneError
from node.domain.slots import DeliverySlot, Product
from node.domain.units import WattHours

#: Largest interval energy that a batch can carry (29 bits).
LARGEST_INTERVAL = WattHours((1 << 29) - 1)

#: What a connection carries above its registered rating before the reading is impossible rather
#: than expensive: a breaker lets an overload of a tenth pass for the length of a slot. Hub and
#: oracle judge by this one figure, so that no hub holds back what the oracles would attest.
RATING_MARGIN_PERCENT = 10

#: Highest index of a metering point (24 bits).
LARGEST_POINT = (1 << 24) - 1

_LARGEST_UINT32 = (1 << 32) - 1
_LARGEST_UINT64 = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading as its gateway signs it; field for field the EIP-712 struct of the same name.

    Registers are cumulative Wh at both ends of the slot. `measured_at` is when the closing
    registers were read. `sequence` rises with every reading of a gateway. `version` is 1 for the
    original, higher for a correction.
    """

    point: int
    slot: DeliverySlot
    import_wh: WattHours
    export_wh: WattHours
    import_start: WattHours
    import_end: WattHours
    export_start: WattHours
    export_end: WattHours
    measured_at: int
    sequence: int
    version: int

    @property
    def net_export(self) -> WattHours:
        """Export less import."""
        return WattHours(self.export_wh - self.import_wh)


@dataclass(frozen=True, slots=True)
class PointLimits:
    """The most that a metering point can take and give in a slot: its registered rating."""

    import_wh: WattHours
    export_wh: WattHours


class Fault(StrEnum):
    """Why a reading is not believed."""

    NUMBER_OUT_OF_RANGE = "a number does not fit its field, or point, sequence or version is zero"
    REGISTER_RAN_BACKWARDS = "a register is lower at the end of the slot than at its start"
    ENERGY_IS_NOT_THE_DIFFERENCE = "an energy is not the difference of its registers"
    IMPORT_ABOVE_RATING = "more was imported than the point can take in a slot, margin included"
    EXPORT_ABOVE_RATING = "more was exported than the point can give in a slot, margin included"
    NOT_A_SLOT = "no slot starts at the reading's slot"
    MEASURED_BEFORE_SLOT_END = "the closing registers were read before the slot was over"
    MEASURED_TOO_LATE = "the closing registers were read after the reading window"
    MEASURED_IN_THE_FUTURE = "the closing registers were read later than now"
    SEQUENCE_DID_NOT_RISE = "a later slot does not carry a higher sequence"
    REGISTERS_DO_NOT_JOIN = "the registers do not join those of the neighbouring slot"


class Relation(StrEnum):
    """How two readings stand to each other."""

    SAME = "same"
    CONFLICTING = "conflicting"
    DIFFERENT = "different"


def faults_of(
    reading: Reading, product: Product, limits: PointLimits, now: int
) -> tuple[Fault, ...]:
    """Return everything that makes a single reading unbelievable; empty when nothing does."""
    return (
        *_number_faults(reading),
        *register_faults(reading),
        *rating_faults(reading, limits),
        *time_faults(reading, product, now),
    )


def register_faults(reading: Reading) -> tuple[Fault, ...]:
    """Check that registers only grow and that each energy is the difference of its registers."""
    faults = []
    if reading.import_end < reading.import_start or reading.export_end < reading.export_start:
        faults.append(Fault.REGISTER_RAN_BACKWARDS)
    imported = reading.import_end - reading.import_start
    exported = reading.export_end - reading.export_start
    if (reading.import_wh, reading.export_wh) != (imported, exported):
        faults.append(Fault.ENERGY_IS_NOT_THE_DIFFERENCE)
    return tuple(faults)


def rating_faults(reading: Reading, limits: PointLimits) -> tuple[Fault, ...]:
    """Check that the point can take and give so much in a slot: its rating and the margin."""
    faults = []
    if reading.import_wh > _most_believed(limits.import_wh):
        faults.append(Fault.IMPORT_ABOVE_RATING)
    if reading.export_wh > _most_believed(limits.export_wh):
        faults.append(Fault.EXPORT_ABOVE_RATING)
    return tuple(faults)


def _most_believed(rating: WattHours) -> int:
    return min(rating + rating * RATING_MARGIN_PERCENT // 100, LARGEST_INTERVAL)


def time_faults(reading: Reading, product: Product, now: int) -> tuple[Fault, ...]:
    """Check that the closing registers were read after the slot, within the reading window, and not in the future."""
    faults = []
    if not product.is_slot(reading.slot):
        faults.append(Fault.NOT_A_SLOT)
    if reading.measured_at < product.slot_end(reading.slot):
        faults.append(Fault.MEASURED_BEFORE_SLOT_END)
    if reading.measured_at > product.reading_deadline(reading.slot):
        faults.append(Fault.MEASURED_TOO_LATE)
    if reading.measured_at > now:
        faults.append(Fault.MEASURED_IN_THE_FUTURE)
    return tuple(faults)


def succession_faults(earlier: Reading, later: Reading, product: Product) -> tuple[Fault, ...]:
    """Check a reading against one of the same point for an earlier slot: sequences rise, registers join.

    Across a gap the registers may have moved on; between neighbouring slots they must be equal.
    """
    faults = []
    if later.sequence <= earlier.sequence:
        faults.append(Fault.SEQUENCE_DID_NOT_RISE)
    before = (earlier.import_end, earlier.export_end)
    after = (later.import_start, later.export_start)
    neighbours = later.slot == product.next_slot(earlier.slot)
    joined = before == after if neighbours else before[0] <= after[0] and before[1] <= after[1]
    if not joined:
        faults.append(Fault.REGISTERS_DO_NOT_JOIN)
    return tuple(faults)


def relation(first: Reading, second: Reading) -> Relation:
    """Tell a repetition from a contradiction: one sequence, or one version of a slot, says one thing only."""
    if first == second:
        return Relation.SAME
    same_sequence = (first.point, first.sequence) == (second.point, second.sequence)
    same_version = (first.point, first.slot, first.version) == (
        second.point,
        second.slot,
        second.version,
    )
    return Relation.CONFLICTING if same_sequence or same_version else Relation.DIFFERENT


def _number_faults(reading: Reading) -> tuple[Fault, ...]:
    counted_from_one = (reading.point, reading.sequence, reading.version)
    highest = (LARGEST_POINT, _LARGEST_UINT64, _LARGEST_UINT32)
    fits = all(1 <= n <= most for n, most in zip(counted_from_one, highest, strict=True))
    counted_from_zero = (
        reading.slot,
        reading.import_wh,
        reading.export_wh,
        reading.import_start,
        reading.import_end,
        reading.export_start,
        reading.export_end,
        reading.measured_at,
    )
    fits = fits and all(0 <= n <= _LARGEST_UINT64 for n in counted_from_zero)
    return () if fits else (Fault.NUMBER_OUT_OF_RANGE,)


# -- packed batches: four lanes of 60 bits in a word of 256 (the 16 bits on top stay zero)

LANES_PER_WORD = 4
_LANE_BITS = 60
_LANE_MASK = (1 << _LANE_BITS) - 1
_PRESENT = 1 << 59
_UNUSED = 1 << 58
_IMPORT_SHIFT = 29
_ENERGY_MASK = LARGEST_INTERVAL


@dataclass(frozen=True, slots=True)
class IntervalEnergy:
    """What a metering point took and gave in a slot: two unsigned numbers, never one signed."""

    import_wh: WattHours
    export_wh: WattHours

    @property
    def net_export(self) -> WattHours:
        """Export less import."""
        return WattHours(self.export_wh - self.import_wh)


def first_point_of_batch(point: int) -> int:
    """Return the multiple of four at which a batch that holds `point` may start."""
    return point - point % LANES_PER_WORD


def pack_lane(energy: IntervalEnergy) -> int:
    """Return the 60 bits of one metering point: present flag, import, export."""
    for amount in (energy.import_wh, energy.export_wh):
        if not 0 <= amount <= LARGEST_INTERVAL:
            raise LaneError(f"interval energy {amount} Wh is not 0 to {LARGEST_INTERVAL}")
    return _PRESENT | energy.import_wh << _IMPORT_SHIFT | energy.export_wh


def unpack_lane(lane: int) -> IntervalEnergy | None:
    """Return what a lane holds, None for an empty one; refuse a bit that has no meaning."""
    if lane == 0:
        return None
    if not 0 < lane <= _LANE_MASK or not lane & _PRESENT or lane & _UNUSED:
        raise LaneError(
            f"lane {lane:#x} holds a bit that has no meaning, or a value without its flag"
        )
    imported = (lane >> _IMPORT_SHIFT) & _ENERGY_MASK
    return IntervalEnergy(WattHours(imported), WattHours(lane & _ENERGY_MASK))


def pack_values(first_point: int, energies: Mapping[int, IntervalEnergy]) -> tuple[int, ...]:
    """Return the words of a batch that starts at `first_point` and ends with the last point given."""
    _require_word_start(first_point)
    words = [0] * ((max(energies, default=first_point - 1) - first_point) // LANES_PER_WORD + 1)
    for point, energy in energies.items():
        if point < max(first_point, 1):
            raise LaneError(
                f"metering point {point} lies before the batch, which starts at {first_point}"
            )
        word, place = divmod(point - first_point, LANES_PER_WORD)
        words[word] |= pack_lane(energy) << _LANE_BITS * place
    return tuple(words)


def unpack_values(first_point: int, values: Sequence[int]) -> dict[int, IntervalEnergy]:
    """Return the energies of a batch by metering point; refuse what no honest packer makes."""
    _require_word_start(first_point)
    energies: dict[int, IntervalEnergy] = {}
    for index, word in enumerate(values):
        if not 0 <= word < 1 << _LANE_BITS * LANES_PER_WORD:
            raise LaneError(f"word {index} is {word:#x}: the 16 bits on top must be zero")
        for place in range(LANES_PER_WORD):
            point = first_point + LANES_PER_WORD * index + place
            energy = unpack_lane(word >> _LANE_BITS * place & _LANE_MASK)
            if energy is not None:
                energies[point] = energy
    if 0 in energies:
        raise LaneError("the batch holds a value for metering point 0, which does not exist")
    return energies


def _require_word_start(first_point: int) -> None:
    if first_point < 0 or first_point % LANES_PER_WORD:
        raise LaneError(f"a batch starts at a multiple of {LANES_PER_WORD}, not at {first_point}")
