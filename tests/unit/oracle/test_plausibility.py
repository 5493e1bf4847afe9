"""Which readings an oracle believes; each refusal has its name."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from node.chain.signing import LocalSigner
from node.domain.readings import Fault, Reading
from node.domain.slots import DeliverySlot, Product
from node.domain.units import WattHours
from oracle.plausibility import (
    Accepted,
    Bench,
    Neighbours,
    PointFacts,
    Reason,
    Rejection,
    SignedReading,
    may_be_signed,
)

MakeReading = Callable[..., Reading]
SignReading = Callable[..., SignedReading]
AcceptReading = Callable[..., Accepted]

STRANGER = LocalSigner(b"\x02" * 32)


@pytest.fixture
def bench(product: Product, slot: DeliverySlot, facts: PointFacts) -> Bench:
    return Bench(product, slot, {7: facts}, now=slot + 12)


@pytest.fixture
def verdict(
    bench: Bench, gateway: LocalSigner, sign_reading: SignReading
) -> Callable[..., tuple[Reason, ...]]:
    def judge(reading: Reading, neighbours: Neighbours | None = None) -> tuple[Reason, ...]:
        signed = sign_reading(reading)
        return bench.verdict(signed, gateway.address, neighbours or Neighbours())

    return judge


Judge = Callable[..., tuple[Reason, ...]]


@pytest.mark.spec("C-36", "G-27")
def test_a_reading_that_the_gateway_signed_and_whose_registers_agree_is_believed(
    verdict: Judge, make_reading: MakeReading
) -> None:
    assert verdict(make_reading()) == ()


@pytest.mark.spec("G-27", "G-29")
def test_a_forged_reading_is_refused_whatever_it_says(
    bench: Bench, make_reading: MakeReading, sign_reading: SignReading
) -> None:
    reading = make_reading()

    assert bench.verdict(sign_reading(reading, STRANGER), STRANGER.address) == (Rejection.FORGED,)
    assert bench.verdict(SignedReading(reading, b""), None) == (Rejection.FORGED,)


@pytest.mark.spec("G-29")
def test_a_reading_of_an_unregistered_point_is_refused(
    verdict: Judge, make_reading: MakeReading
) -> None:
    assert verdict(make_reading(point=8)) == (Rejection.UNREGISTERED,)


@pytest.mark.spec("D-34")
def test_a_reading_of_another_slot_is_refused(verdict: Judge, make_reading: MakeReading) -> None:
    assert verdict(make_reading(slot=1_000_010)) == (Rejection.OTHER_SLOT,)


@pytest.mark.spec("G-10")
@pytest.mark.parametrize(
    ("after_slot_end", "reasons"),
    [
        (-1, (Fault.MEASURED_BEFORE_SLOT_END,)),
        (0, ()),
        (10, ()),
        (11, (Fault.MEASURED_TOO_LATE,)),
    ],
)
def test_a_reading_is_measured_between_slot_end_and_reading_deadline(
    verdict: Judge,
    make_reading: MakeReading,
    slot: DeliverySlot,
    after_slot_end: int,
    reasons: tuple[Reason, ...],
) -> None:
    assert verdict(make_reading(measured_at=slot + 10 + after_slot_end)) == reasons


@pytest.mark.spec("G-10")
@pytest.mark.parametrize(("ahead", "is_believed"), [(0, True), (60, True), (61, False)])
def test_a_gateway_clock_may_be_a_minute_ahead_but_not_more(
    product: Product,
    facts: PointFacts,
    gateway: LocalSigner,
    make_reading: MakeReading,
    sign_reading: SignReading,
    ahead: int,
    is_believed: bool,
) -> None:
    half_hours = replace(product, reading_window=600, correction_window=700, ring_size=200)
    slot = DeliverySlot(1_000_000)
    bench = Bench(half_hours, slot, {7: facts}, now=slot + 100)
    reading = make_reading(measured_at=slot + 100 + ahead)

    reasons = bench.verdict(sign_reading(reading), gateway.address)

    assert reasons == (() if is_believed else (Fault.MEASURED_IN_THE_FUTURE,))
    assert may_be_signed(reading, slot + 100) == (ahead == 0)


@pytest.mark.spec("G-10")
def test_a_correction_is_not_attested_like_an_original(
    verdict: Judge, make_reading: MakeReading
) -> None:
    assert verdict(make_reading(version=2)) == (Rejection.CORRECTION,)


@pytest.mark.spec("C-36")
def test_registers_that_run_backwards_or_do_not_give_the_energy_are_refused(
    verdict: Judge, make_reading: MakeReading
) -> None:
    backwards = replace(make_reading(), import_end=WattHours(49_999))
    inflated = replace(make_reading(), export_wh=WattHours(901))

    assert Fault.REGISTER_RAN_BACKWARDS in verdict(backwards)
    assert verdict(inflated) == (Fault.ENERGY_IS_NOT_THE_DIFFERENCE,)


@pytest.mark.spec("G-07")
@pytest.mark.parametrize(
    ("imported", "exported", "reasons"),
    [
        (3300, 2750, ()),
        (3301, 0, (Fault.IMPORT_ABOVE_RATING,)),
        (0, 2751, (Fault.EXPORT_ABOVE_RATING,)),
    ],
)
def test_a_tenth_above_the_registered_rating_is_believed_and_not_more(
    verdict: Judge,
    make_reading: MakeReading,
    imported: int,
    exported: int,
    reasons: tuple[Reason, ...],
) -> None:
    assert verdict(make_reading(imported=imported, exported=exported)) == reasons


@pytest.mark.spec("G-10")
def test_registers_have_to_join_those_of_the_slot_before(
    verdict: Judge, make_reading: MakeReading, accept: AcceptReading
) -> None:
    before = accept(make_reading(slot=999_990, start=(49_880, 79_100)))
    gap = accept(make_reading(slot=999_990, start=(49_880, 79_099)))

    assert verdict(make_reading(), Neighbours(earlier=before)) == ()
    assert verdict(make_reading(), Neighbours(earlier=gap)) == (Fault.REGISTERS_DO_NOT_JOIN,)


@pytest.mark.spec("G-10", "D-34")
def test_a_late_reading_has_to_join_the_slot_after_it_as_well(
    verdict: Judge, make_reading: MakeReading, accept: AcceptReading
) -> None:
    after = accept(make_reading(slot=1_000_010, start=(50_120, 80_900)))
    overlapping = accept(make_reading(slot=1_000_010, start=(50_119, 80_900)))

    assert verdict(make_reading(), Neighbours(later=after)) == ()
    assert verdict(make_reading(), Neighbours(later=overlapping)) == (Fault.REGISTERS_DO_NOT_JOIN,)


@pytest.mark.spec("G-10")
def test_a_repeated_sequence_is_refused(
    verdict: Judge, make_reading: MakeReading, accept: AcceptReading
) -> None:
    before = accept(make_reading(slot=999_990, start=(49_880, 79_100), sequence=100_000))

    reasons = verdict(make_reading(sequence=100_000), Neighbours(earlier=before))

    assert reasons == (Rejection.CONTRADICTION, Fault.SEQUENCE_DID_NOT_RISE)


@pytest.mark.spec("G-29")
def test_a_new_gateway_counts_its_readings_anew(
    verdict: Judge, make_reading: MakeReading, accept: AcceptReading
) -> None:
    before = accept(make_reading(slot=999_990, start=(49_880, 79_100), sequence=900_000), STRANGER)

    assert verdict(make_reading(sequence=1), Neighbours(earlier=before)) == ()


@pytest.mark.spec("G-27")
def test_a_second_different_reading_of_a_slot_is_a_contradiction(
    verdict: Judge, make_reading: MakeReading, accept: AcceptReading
) -> None:
    first = accept(make_reading(exported=901))

    assert verdict(make_reading(), Neighbours(same=first)) == (Rejection.CONTRADICTION,)
