"""Watches the slots of a demonstration through the chain's events."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from node.cli.checks import Check, events_between
from node.cli.deployment import Deployment
from node.domain.slots import HALF_HOURS, DeliverySlot
from node.domain.units import WattHours, Yen5, format_kwh, format_price, format_yen
from node.indexer.audit import MarketAudit, SlotAudit, absorb


@dataclass(slots=True)
class SlotWatcher:
    """Follows the market and tells of each slot when it is settled.

    `calendar` maps the clock to the simulated day: the slot that starts at `origin` carries the half hour `calendar`.
    """

    deployment: Deployment
    calendar: Mapping[str, int]
    first: DeliverySlot
    wanted: int
    market: MarketAudit = field(init=False)
    _next_block: int = field(init=False)
    _told: set[DeliverySlot] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.market = MarketAudit(self.deployment.product)
        self._next_block = self.deployment.manifest.block

    @property
    def slots(self) -> list[DeliverySlot]:
        """The slots of the demonstration: as many as are wanted from the first in which everybody takes part."""
        return sorted(slot for slot in self.market.slots if slot >= self.first)[: self.wanted]

    @property
    def is_done(self) -> bool:
        """Whether all slots are final."""
        slots = self.slots
        return len(slots) == self.wanted and all(self.market.slots[slot].final for slot in slots)

    def look(self) -> list[str]:
        """Read on and return a line for each slot that was settled since."""
        head = self.deployment.client.head()
        if head >= self._next_block:
            absorb(
                self.market,
                events_between(
                    self.deployment.client, self.deployment.contracts, self._next_block, head
                ),
            )
            self._next_block = head + 1
        fresh = [slot for slot in self.slots if self._is_news(slot)]
        self._told.update(fresh)
        return [self._line(self.market.slots[slot]) for slot in fresh]

    def freeze(self) -> tuple[MarketAudit, int]:
        """Return the market as it is after the last block that was read, and that block."""
        self.look()
        return self.market, self._next_block - 1

    def checks(self) -> list[Check]:
        """Return what has to be true of a demonstration beside its books: nobody was lost, and something happened."""
        books = [self.market.slots[slot] for slot in self.slots]
        wanted = len(books) * len(self.market.points)
        attested = sum(len(book.readings) for book in books)
        volume = sum(book.volume for book in books)
        return [
            Check(
                "every metering point has its reading in every slot",
                attested == wanted,
                f"{attested} of {wanted} readings",
            ),
            Check("energy was traded", volume > 0, f"{volume} Wh"),
        ]

    def figures(self) -> dict[str, str]:
        """Return what the slots add up to."""
        books = [self.market.slots[slot] for slot in self.slots]
        prices = [book.price for book in books if book.price is not None]
        return {
            "orders": str(sum(len(book.orders) for book in books)),
            "readings attested": str(sum(len(book.readings) for book in books)),
            "readings missing": str(sum(len(book.missing) for book in books)),
            "traded": f"{format_kwh(WattHours(sum(book.volume for book in books)))} kWh",
            "balanced units": str(sum(len(book.units) for book in books)),
            "prices": f"{format_price(min(prices))} to {format_price(max(prices))} JPY/kWh"
            if prices
            else "nothing was traded",
            "balancing account": f"{format_yen(Yen5(-sum(b.imbalance_cash for b in books)))} JPY",
        }

    def _is_news(self, slot: DeliverySlot) -> bool:
        return slot not in self._told and self.market.slots[slot].settled

    def _line(self, book: SlotAudit) -> str:
        start = self.calendar["calendar"] + (book.slot - self.calendar["origin"]) * (
            HALF_HOURS.slot_seconds // self.deployment.product.slot_seconds
        )
        label = self.deployment.product.label(book.slot)
        price = "-" if book.price is None else format_price(book.price)
        imbalance = WattHours(sum(book.imbalance_wh.values()))
        state = "settled" if not book.missing else f"settled, {len(book.missing)} without reading"
        return (
            f"{HALF_HOURS.label(DeliverySlot(start)):11}  {label:17}  {price:>13}   {format_kwh(book.volume):>10}"
            f"   {len(book.orders):>6}   {format_kwh(imbalance):>13}   {state}"
        )
