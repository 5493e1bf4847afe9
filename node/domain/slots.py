"""Delivery slots and the calendar of a product (C-14, G-02, G-08, G-10, G-29, G-30).

Instants are Unix seconds, UTC. A slot is named by its start, a multiple of the slot length. Its
time line:

    call time .. slot start     `clear` may run; without it the slot lapses at its start
    gate closure                the continuous book closes (call time <= gate closure <= slot start)
    slot start .. slot end      delivery
    reading deadline            settled from here on
    final time                  nothing changes any more from here on

Labels and numbers of slots are those of a Japanese screen: Asia/Tokyo, which has no daylight saving
time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NewType

from node.domain.errors import ProductError, SlotError
from node.domain.units import SenPerKwh

DeliverySlot = NewType("DeliverySlot", int)
"""A delivery slot: the Unix second at which its delivery starts."""

#: Ticks of the price grid, one sen each (G-07).
PRICE_TICKS = 32_768

#: Largest parameter that the contracts can hold (uint32).
LARGEST_PARAMETER = 2**32 - 1

#: Largest price of a product in sen per kWh (2^26 - 1): with it no position of a slot overflows in the contracts.
LARGEST_PRICE = SenPerKwh((1 << 26) - 1)

#: Largest ring: all its places can be read in one transaction.
LARGEST_RING = 5000

DAY_SECONDS = 86_400

#: Japan Standard Time.
JST = timezone(timedelta(hours=9), "JST")


def _require(parameter: str, value: int, *, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ProductError(parameter, value, f"expected {low} to {high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """The parameters of a product. Durations in seconds, prices in sen per kWh.

    `long_floor` is the lowest long price that may be published and `short_cap` the highest short
    price; they hold where none was published.
    """

    slot_seconds: int
    call_lead: int
    gate_lead: int
    horizon: int
    reading_window: int
    correction_window: int
    price_offset: SenPerKwh
    long_floor: SenPerKwh
    short_cap: SenPerKwh
    ring_size: int

    def __post_init__(self) -> None:
        for name in self.__slots__:
            _require(name, getattr(self, name), low=0, high=LARGEST_PARAMETER)
        _require("slot_seconds", self.slot_seconds, low=1, high=LARGEST_PARAMETER)
        _require("gate_lead", self.gate_lead, low=0, high=self.call_lead)
        _require("call_lead", self.call_lead, low=0, high=self.horizon - 1)
        _require("reading_window", self.reading_window, low=0, high=self.correction_window)
        _require("price_offset", self.price_offset, low=0, high=LARGEST_PRICE - PRICE_TICKS + 1)
        _require("short_cap", self.short_cap, low=0, high=LARGEST_PRICE)
        _require("long_floor", self.long_floor, low=0, high=self.short_cap)
        live = self.horizon + self.slot_seconds + self.correction_window
        smallest_ring = -(-live // self.slot_seconds)
        _require("ring_size", self.ring_size, low=smallest_ring, high=LARGEST_RING)

    # -- the time line of a slot

    def call_time(self, slot: DeliverySlot) -> int:
        """First instant at which orders of the call auction are refused and `clear` may run."""
        return slot - self.call_lead

    def gate_closure(self, slot: DeliverySlot) -> int:
        """First instant at which orders of the continuous book are refused."""
        return slot - self.gate_lead

    def slot_end(self, slot: DeliverySlot) -> int:
        """First second after delivery."""
        return slot + self.slot_seconds

    def reading_deadline(self, slot: DeliverySlot) -> int:
        """End of the reading window: the slot may be settled from here on."""
        return self.slot_end(slot) + self.reading_window

    def final_time(self, slot: DeliverySlot) -> int:
        """End of the correction window: the slot may be made final, and no reading counts any more."""
        return self.slot_end(slot) + self.correction_window

    # -- what may happen now

    def may_open(self, slot: DeliverySlot, now: int) -> bool:
        """Whether a slot may be opened for orders."""
        return now < self.call_time(slot) and slot <= now + self.horizon

    def takes_orders(self, slot: DeliverySlot, now: int) -> bool:
        """Whether an opened slot still takes orders of the call auction."""
        return now < self.call_time(slot)

    def may_clear(self, slot: DeliverySlot, now: int) -> bool:
        """Whether the call auction of a slot may be cleared; before it is too early, after it the slot has lapsed."""
        return self.call_time(slot) <= now < slot

    def may_settle(self, slot: DeliverySlot, now: int) -> bool:
        """Whether the reading window of a slot is over."""
        return now >= self.reading_deadline(slot)

    def may_finalise(self, slot: DeliverySlot, now: int) -> bool:
        """Whether the correction window of a slot is over."""
        return now >= self.final_time(slot)

    # -- from instants to slots

    def is_slot(self, start: int) -> bool:
        """Whether a slot starts at this instant."""
        return start >= 0 and start % self.slot_seconds == 0

    def slot(self, start: int) -> DeliverySlot:
        """Return the slot that starts at `start`, or raise `SlotError` where none does."""
        if not self.is_slot(start):
            raise SlotError(f"no slot starts at {start}: not a multiple of {self.slot_seconds} s")
        return DeliverySlot(start)

    def slot_at(self, instant: int) -> DeliverySlot:
        """Return the slot whose delivery contains `instant`."""
        return DeliverySlot(instant - instant % self.slot_seconds)

    def next_slot(self, slot: DeliverySlot) -> DeliverySlot:
        """Return the slot that follows `slot`."""
        return DeliverySlot(slot + self.slot_seconds)

    def slots_between(self, start: int, end: int) -> Iterator[DeliverySlot]:
        """Yield the slots that start at or after `start` and before `end`, in order."""
        first = -(-start // self.slot_seconds) * self.slot_seconds
        return (DeliverySlot(instant) for instant in range(first, end, self.slot_seconds))

    def openable_slots(self, now: int) -> Iterator[DeliverySlot]:
        """Yield the slots that may be opened now, nearest first."""
        return self.slots_between(now + self.call_lead + 1, now + self.horizon + 1)

    def first_unopened_slot(self, now: int) -> DeliverySlot:
        """Return the first slot that cannot be open yet: changes of owner or key hold from it on (G-29)."""
        return self.next_slot(self.slot_at(now + self.horizon))

    # -- prices

    @property
    def highest_price(self) -> SenPerKwh:
        """Price of the highest tick."""
        return SenPerKwh(self.price_offset + PRICE_TICKS - 1)

    def on_grid(self, price: SenPerKwh) -> bool:
        """Whether an order may name this price."""
        return self.price_offset <= price <= self.highest_price

    # -- labels on screens (Asia/Tokyo)

    @property
    def slots_per_day(self) -> int:
        """Slots of a day: 48 by default (G-02)."""
        return DAY_SECONDS // self.slot_seconds

    def number(self, slot: DeliverySlot) -> int:
        """Return the number of a slot in its local day, counted from 1: 14:30-15:00 is 30 (C-14)."""
        return seconds_of_day(slot) // self.slot_seconds + 1

    def label(self, slot: DeliverySlot) -> str:
        """Return start and end in local time, such as "14:30-15:00"; the last one ends at 24:00."""
        start = seconds_of_day(slot)
        with_seconds = self.slot_seconds % 60 != 0
        return "-".join(_clock_face(t, with_seconds) for t in (start, start + self.slot_seconds))

    def slot_of_label(self, day: date, label: str) -> DeliverySlot:
        """Return the slot of a local day that has this label, or raise `SlotError`."""
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=JST).timestamp())
        for slot in self.slots_between(midnight, midnight + DAY_SECONDS):
            if self.label(slot) == label:
                return slot
        raise SlotError(f"no slot of {day} has the label {label!r}, expected one like 14:30-15:00")

    def slot_of_number(self, day: date, number: int) -> DeliverySlot:
        """Return the slot of a local day that has this number, or raise `SlotError`."""
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=JST).timestamp())
        for slot in self.slots_between(midnight, midnight + DAY_SECONDS):
            if self.number(slot) == number:
                return slot
        raise SlotError(f"no slot of {day} has the number {number}")


#: The product of a real market: half hours, called and closed an hour ahead, settled after an hour,
#: final after a week.
HALF_HOURS = Product(
    slot_seconds=1800,
    call_lead=3600,
    gate_lead=3600,
    horizon=172_800,
    reading_window=3600,
    correction_window=604_800,
    price_offset=SenPerKwh(0),
    long_floor=SenPerKwh(0),
    short_cap=SenPerKwh(5000),
    ring_size=480,
)


def demonstration_product(slot_seconds: int) -> Product:
    """Return the product of a demonstration: short slots, all leads and windows in proportion to them."""
    return Product(
        slot_seconds=slot_seconds,
        call_lead=slot_seconds * 2 // 5,
        gate_lead=slot_seconds // 5,
        horizon=slot_seconds * 3,
        reading_window=slot_seconds,
        correction_window=slot_seconds * 2,
        price_offset=SenPerKwh(0),
        long_floor=SenPerKwh(0),
        short_cap=SenPerKwh(5000),
        ring_size=96,
    )


def local_time(instant: int) -> datetime:
    """Return an instant in Japanese time, for display only."""
    return datetime.fromtimestamp(instant, UTC).astimezone(JST)


def local_date(instant: int) -> date:
    """Return the Japanese calendar day of an instant."""
    return local_time(instant).date()


def seconds_of_day(instant: int) -> int:
    """Return the seconds since local midnight."""
    return (instant + 9 * 3600) % DAY_SECONDS


def _clock_face(seconds: int, with_seconds: bool) -> str:
    minutes, rest = divmod(seconds, 60)
    face = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{face}:{rest:02}" if with_seconds else face
