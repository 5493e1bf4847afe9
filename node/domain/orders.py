"""Orders: what a metering point's owner wants to buy or sell in a slot, and at which worst price (G-07)."""

from dataclasses import dataclass
from enum import StrEnum

from node.domain.errors import OrderError
from node.domain.units import SenPerKwh, WattHours

#: Largest order: 100 MWh (G-07).
LARGEST_ORDER = WattHours(100_000_000)


class Side(StrEnum):
    """A bid buys, an offer sells."""

    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class Order:
    """A limit order of the call auction.

    `limit` is the worst price its sender accepts; 0 is valid (C-11). `sequence` is its place in the
    order of arrival, which decides rounding and the laying of units, never priority.
    """

    id: str
    participant: str
    side: Side
    limit: SenPerKwh
    energy: WattHours
    sequence: int

    def __post_init__(self) -> None:
        if not 0 < self.energy <= LARGEST_ORDER:
            raise OrderError(
                f"order {self.id}: energy {self.energy} Wh is not 1 to {LARGEST_ORDER}"
            )
        if self.limit < 0:
            raise OrderError(f"order {self.id}: limit {self.limit} sen/kWh is negative")

    @property
    def is_bid(self) -> bool:
        """Whether the order buys."""
        return self.side is Side.BUY

    def accepts(self, price: SenPerKwh) -> bool:
        """Whether the order may trade at `price`."""
        return self.limit >= price if self.is_bid else self.limit <= price
