"""The contracts against the referee on whole market days.

Many slots at once on the smallest ring that the product allows, so each place of the ring is used
again and again; every kind of book, silence, debts, transfers, suspensions and refusals.
"""

import pytest

from node.domain.slots import DeliverySlot
from tests.differential.scenario import SHORT_SLOTS, Day, Size

FIRST = DeliverySlot(1_800_000_000)

#: The last slot before the turns of the ring, 16 bits on chain, start again at zero.
LAST_TURN = DeliverySlot(
    (1 << 16) * 306 * SHORT_SLOTS.ring_size * SHORT_SLOTS.slot_seconds - SHORT_SLOTS.slot_seconds
)

#: What a day has to contain, or it proves less than it says.
EVERYTHING = (
    *("FILLED", "PARTLY_FILLED", "NOTHING_TRADED", "LIMIT_NOT_REACHED", "ROUNDED_TO_ZERO"),
    *("CANCELLED", "LAPSED", "VOIDED", "SETTLED", "MISSING", "LATE", "FALLBACK", "debt"),
    *("cleared", "cleared without trade", "voided", "voided after booking", "reading skipped"),
    *("PriceOffGrid", "EnergyInvalid", "RatingExceeded", "NotTheOwner", "Uncovered"),
    *("DebtOutstanding", "PartyIsSuspended", "MeteringPointUnknown", "OrderAlreadyCancelled"),
    *("CallTimePassed", "CallTimeAhead", "WrongPhase", "TooEarly", "SlotIsFinal", "NotLate"),
    *("SpotAuction.lapse", "ParticipantRegistry.transferPoint"),
    *("ParticipantRegistry.completeTransfer", "ChangePending", "NoTransferPending"),
)

#: Days of the long suite, and operations that each has at least: together more than 100,000.
LONG_DAYS = 8
OPERATIONS_OF_A_LONG_DAY = 14_000


@pytest.mark.spec("C-11", "C-24", "C-27", "G-01", "G-03", "G-04", "G-05", "G-06", "G-07", "G-08")
@pytest.mark.spec("G-10", "G-11", "G-12", "G-23", "G-27", "G-28", "G-29", "G-30", "G-31")
def test_contracts_and_referee_agree_on_a_day_that_has_everything() -> None:
    size = Size(parties=16, points_per_party=2, slots=90, orders_per_slot=80)
    twin = Day(2, size, FIRST, SHORT_SLOTS).play()
    assert [what for what in EVERYTHING if not twin.seen[what]] == []
    assert twin.operations > 8_000


@pytest.mark.spec("G-30")
def test_contracts_and_referee_agree_where_the_turns_of_the_ring_start_again() -> None:
    size = Size(parties=8, points_per_party=2, slots=40, orders_per_slot=24)
    twin = Day(3, size, LAST_TURN, SHORT_SLOTS).play()
    assert twin.operations > 1_000


@pytest.mark.long
@pytest.mark.spec("C-24", "C-27", "G-04", "G-05", "G-10", "G-11", "G-12", "G-30", "G-31")
@pytest.mark.parametrize("seed", range(100, 100 + LONG_DAYS))
def test_contracts_and_referee_agree_on_long_days(seed: int) -> None:
    size = Size(parties=30, points_per_party=2, slots=100, orders_per_slot=130)
    twin = Day(seed, size, FIRST, SHORT_SLOTS).play()
    assert twin.operations >= OPERATIONS_OF_A_LONG_DAY
