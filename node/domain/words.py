"""The packed words of contract events: fills and settlement results.

Layouts: contracts/types/Fill.sol and the event `PointsSettled` in contracts/interfaces/ISettlementLedger.sol.
"""

from dataclasses import dataclass
from enum import IntEnum

from node.domain.orders import Side
from node.domain.units import WattHours, Yen5

_SIDES = (Side.BUY, Side.SELL)


class SettlementStatus(IntEnum):
    """How a metering point was settled (G-11)."""

    SETTLED = 0
    #: Flagged: purchases paid, proceeds held.
    MISSING = 1
    #: By a reading that came in the correction window.
    LATE = 2
    #: Without any reading: no export, fallback import.
    FALLBACK = 3


@dataclass(frozen=True, slots=True)
class BookedFill:
    """A fill as `FillsBooked` carries it; `laid_from` is where it begins among the fills of its side."""

    order_id: int
    point: int
    side: Side
    energy: WattHours
    laid_from: int


@dataclass(frozen=True, slots=True)
class PointResult:
    """What `PointsSettled` says of a metering point; cash received is positive."""

    point: int
    status: SettlementStatus
    imbalance_wh: WattHours
    contract_cash: Yen5
    imbalance_cash: Yen5


def unpack_fill(word: int) -> BookedFill:
    """Return the fill in a word of `FillsBooked`."""
    return BookedFill(
        order_id=_field(word, 0, 24),
        point=_field(word, 24, 24),
        side=_SIDES[_field(word, 48, 1)],
        energy=WattHours(_field(word, 49, 40)),
        laid_from=_field(word, 89, 40),
    )


def unpack_result(word: int) -> PointResult:
    """Return the result in a word of `PointsSettled`."""
    return PointResult(
        point=_field(word, 0, 24),
        status=SettlementStatus(_field(word, 24, 8)),
        imbalance_wh=WattHours(_signed(word, 32, 48)),
        contract_cash=Yen5(_signed(word, 80, 80)),
        imbalance_cash=Yen5(_signed(word, 160, 96)),
    )


def _field(word: int, shift: int, bits: int) -> int:
    return (word >> shift) & ((1 << bits) - 1)


def _signed(word: int, shift: int, bits: int) -> int:
    value = _field(word, shift, bits)
    return value - (1 << bits) if value >> (bits - 1) else value
