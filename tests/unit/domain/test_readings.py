"""Readings: what makes them believable, contradictions, packed lanes."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.errors import LaneError
from node.domain.readings import (
    LARGEST_INTERVAL,
    Fault,
    IntervalEnergy,
    PointLimits,
    Reading,
    Relation,
    faults_of,
    first_point_of_batch,
    pack_lane,
    pack_values,
    relation,
    succession_faults,
    unpack_lane,
    unpack_values,
)
from node.domain.slots import DeliverySlot, demonstration_product
from node.domain.units import WattHours

seeded = settings(derandomize=True, deadline=None, max_examples=200)
PRODUCT = demonstration_product(10)
SLOT = DeliverySlot(1_000_000)
LIMITS = PointLimits(import_wh=WattHours(3000), export_wh=WattHours(2500))
NOW = 1_000_015

READING = Reading(
    point=7,
    slot=SLOT,
    import_wh=WattHours(120),
    export_wh=WattHours(900),
    import_start=WattHours(50_000),
    import_end=WattHours(50_120),
    export_start=WattHours(80_000),
    export_end=WattHours(80_900),
    measured_at=1_000_010,
    sequence=41,
    version=1,
)


def changed(**fields: int) -> Reading:
    return replace(READING, **fields)  # type: ignore[arg-type]


def faults(reading: Reading, now: int = NOW) -> set[Fault]:
    return set(faults_of(reading, PRODUCT, LIMITS, now))


def test_an_honest_reading_has_no_fault_and_a_net_export() -> None:
    assert faults_of(READING, PRODUCT, LIMITS, NOW) == ()
    assert READING.net_export == 780


@pytest.mark.spec("B-12", "C-36")
@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"import_end": 49_999}, Fault.REGISTER_RAN_BACKWARDS),
        ({"export_end": 79_999}, Fault.REGISTER_RAN_BACKWARDS),
        ({"import_wh": 121}, Fault.ENERGY_IS_NOT_THE_DIFFERENCE),
        ({"export_wh": 899}, Fault.ENERGY_IS_NOT_THE_DIFFERENCE),
        ({"import_wh": 3301, "import_end": 53_301}, Fault.IMPORT_ABOVE_RATING),
        ({"export_wh": 2751, "export_end": 82_751}, Fault.EXPORT_ABOVE_RATING),
        ({"slot": 1_000_001}, Fault.NOT_A_SLOT),
        ({"measured_at": 1_000_009}, Fault.MEASURED_BEFORE_SLOT_END),
        ({"measured_at": 1_000_021}, Fault.MEASURED_TOO_LATE),
        ({"measured_at": 1_000_016}, Fault.MEASURED_IN_THE_FUTURE),
        ({"sequence": 0}, Fault.NUMBER_OUT_OF_RANGE),
        ({"version": 0}, Fault.NUMBER_OUT_OF_RANGE),
        ({"point": 0}, Fault.NUMBER_OUT_OF_RANGE),
        ({"point": 1 << 24}, Fault.NUMBER_OUT_OF_RANGE),
        ({"export_start": -1}, Fault.NUMBER_OUT_OF_RANGE),
        ({"import_end": 1 << 64}, Fault.NUMBER_OUT_OF_RANGE),
    ],
)
def test_what_the_device_cannot_have_measured_is_named(
    fields: dict[str, int], fault: Fault
) -> None:
    assert fault in faults(changed(**fields))


@pytest.mark.parametrize("at", [1_000_010, 1_000_020])
def test_both_ends_of_the_measurement_window_belong_to_it(at: int) -> None:
    assert faults(changed(measured_at=at), now=at) == set()


@pytest.mark.spec("G-07")
def test_a_tenth_above_the_rating_is_believed() -> None:
    reading = changed(import_wh=3300, import_end=53_300, export_wh=2750, export_end=82_750)

    assert faults(reading) == set()


def test_the_margin_above_a_rating_is_rounded_down() -> None:
    small = PointLimits(import_wh=WattHours(19), export_wh=WattHours(900))

    assert faults_of(changed(import_wh=20, import_end=50_020), PRODUCT, small, NOW) == ()
    above = changed(import_wh=21, import_end=50_021)
    assert faults_of(above, PRODUCT, small, NOW) == (Fault.IMPORT_ABOVE_RATING,)


def test_a_rating_beyond_a_lane_still_ends_at_the_lane() -> None:
    huge = PointLimits(WattHours(1 << 40), WattHours(1 << 40))
    energy = LARGEST_INTERVAL + 1
    reading = changed(import_wh=energy, import_end=50_000 + energy)

    assert faults_of(reading, PRODUCT, huge, NOW) == (Fault.IMPORT_ABOVE_RATING,)


def test_all_faults_of_a_reading_are_told_at_once() -> None:
    assert faults(changed(import_end=0, measured_at=5)) == {
        Fault.REGISTER_RAN_BACKWARDS,
        Fault.ENERGY_IS_NOT_THE_DIFFERENCE,
        Fault.MEASURED_BEFORE_SLOT_END,
    }


# -- neighbours


def following(**fields: int) -> Reading:
    after: dict[str, int] = {
        "slot": 1_000_010,
        "import_start": 50_120,
        "import_end": 50_120,
        "import_wh": 0,
        "export_start": 80_900,
        "export_end": 80_900,
        "export_wh": 0,
        "measured_at": 1_000_020,
        "sequence": 42,
    }
    return changed(**(after | fields))


def test_the_registers_of_neighbouring_slots_join() -> None:
    assert succession_faults(READING, following(), PRODUCT) == ()


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"sequence": 41}, Fault.SEQUENCE_DID_NOT_RISE),
        ({"import_start": 50_121}, Fault.REGISTERS_DO_NOT_JOIN),
        ({"export_start": 80_899}, Fault.REGISTERS_DO_NOT_JOIN),
        ({"slot": 1_000_030, "export_start": 80_899}, Fault.REGISTERS_DO_NOT_JOIN),
    ],
)
def test_a_reading_that_does_not_follow_its_neighbour_is_named(
    fields: dict[str, int], fault: Fault
) -> None:
    assert succession_faults(READING, following(**fields), PRODUCT) == (fault,)


def test_across_a_gap_the_registers_may_have_moved_on() -> None:
    later = following(slot=1_000_030, import_start=51_000, export_start=80_950)

    assert succession_faults(READING, later, PRODUCT) == ()


# -- repetition and contradiction


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, Relation.SAME),
        ({"export_wh": 901}, Relation.CONFLICTING),
        ({"slot": 1_000_010}, Relation.CONFLICTING),
        ({"sequence": 42}, Relation.CONFLICTING),
        ({"sequence": 42, "version": 2}, Relation.DIFFERENT),
        ({"sequence": 42, "slot": 1_000_010}, Relation.DIFFERENT),
        ({"point": 8}, Relation.DIFFERENT),
    ],
)
def test_a_repetition_is_told_from_a_contradiction(
    fields: dict[str, int], expected: Relation
) -> None:
    other = changed(**fields)

    assert relation(READING, other) is expected
    assert relation(other, READING) is expected


# -- lanes

ENERGIES = st.builds(
    IntervalEnergy,
    st.integers(0, LARGEST_INTERVAL).map(WattHours),
    st.integers(0, LARGEST_INTERVAL).map(WattHours),
)


def energy(imported: int, exported: int) -> IntervalEnergy:
    return IntervalEnergy(WattHours(imported), WattHours(exported))


@pytest.mark.spec("B-12")
def test_a_lane_holds_flag_import_and_export() -> None:
    assert pack_lane(energy(0, 0)) == 1 << 59
    assert pack_lane(energy(5, 9)) == (1 << 59) | (5 << 29) | 9
    assert unpack_lane((1 << 59) | (5 << 29) | 9) == energy(5, 9)
    assert energy(5, 9).net_export == 4


def test_an_empty_lane_is_no_reading() -> None:
    assert unpack_lane(0) is None


@seeded
@given(one=ENERGIES)
def test_a_lane_gives_back_what_was_packed(one: IntervalEnergy) -> None:
    lane = pack_lane(one)

    assert unpack_lane(lane) == one
    assert lane < 1 << 60


@pytest.mark.parametrize("wrong", [energy(LARGEST_INTERVAL + 1, 0), energy(0, -1)])
def test_an_energy_that_fits_no_lane_is_refused(wrong: IntervalEnergy) -> None:
    with pytest.raises(LaneError, match="Wh is not 0 to 536870911"):
        pack_lane(wrong)


@pytest.mark.parametrize("lane", [1, 1 << 58, (1 << 59) | (1 << 58), 1 << 60, -1])
def test_a_lane_with_a_senseless_bit_is_refused(lane: int) -> None:
    with pytest.raises(LaneError, match="no meaning"):
        unpack_lane(lane)


def test_four_points_share_a_word_and_gaps_stay_empty() -> None:
    words = pack_values(4, {5: energy(1, 2), 8: energy(3, 4)})

    assert words == (pack_lane(energy(1, 2)) << 60, pack_lane(energy(3, 4)))
    assert unpack_values(4, words) == {5: energy(1, 2), 8: energy(3, 4)}


@seeded
@given(points=st.dictionaries(st.integers(1, 60), ENERGIES))
def test_a_batch_gives_back_what_was_packed(points: dict[int, IntervalEnergy]) -> None:
    first = first_point_of_batch(min(points, default=1))
    words = pack_values(first, points)

    assert unpack_values(first, words) == points
    assert all(word < 1 << 240 for word in words)
    assert len(words) == (max(points) - first) // 4 + 1 if points else words == ()


@pytest.mark.parametrize("point", [0, 3])
def test_a_point_before_the_batch_or_point_zero_is_refused(point: int) -> None:
    with pytest.raises(LaneError, match=f"metering point {point} lies before"):
        pack_values(first_point_of_batch(point) + 4 * bool(point), {point: energy(1, 1)})


@pytest.mark.parametrize("first", [1, 6, -4])
def test_a_batch_starts_at_a_multiple_of_four(first: int) -> None:
    with pytest.raises(LaneError, match=f"not at {first}"):
        unpack_values(first, [])


def test_a_word_with_bits_on_top_is_refused() -> None:
    with pytest.raises(LaneError, match="16 bits on top"):
        unpack_values(0, [1 << 240])


def test_a_value_for_metering_point_zero_is_refused() -> None:
    with pytest.raises(LaneError, match="metering point 0"):
        unpack_values(0, [pack_lane(energy(1, 1))])
