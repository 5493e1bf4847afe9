"""Single books, made to be difficult: the contracts and `node.domain` clear them alike."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.chain.contracts.auction import LARGEST_CHUNK
from node.chain.contracts.ledger import LARGEST_PASS
from node.domain.orders import LARGEST_ORDER, Side
from node.domain.readings import LARGEST_INTERVAL, IntervalEnergy
from node.domain.settlement import Contract
from node.domain.slots import PRICE_TICKS, DeliverySlot, Product
from node.domain.units import SenPerKwh, WattHours, yen
from tests.differential.referee import LARGEST_SIDE, Point
from tests.differential.scenario import Shape, order_terms
from tests.differential.twin import Twin

#: A market whose bounds leave every price open, with room for many slots.
WIDE = Product(
    slot_seconds=10,
    call_lead=1,
    gate_lead=0,
    horizon=20,
    reading_window=0,
    correction_window=1,
    price_offset=SenPerKwh(0),
    long_floor=SenPerKwh(0),
    short_cap=SenPerKwh(PRICE_TICKS),
    ring_size=4,
)

START = 1_800_000_000

Terms = tuple[Side, int, int]
"""Side, limit and energy of an order."""


class Hall:
    """A market in which one book after the other is cleared, rebuilt after one that failed."""

    def __init__(self, points: int) -> None:
        self._points = points
        self._twin: Twin | None = None

    def twin(self) -> Twin:
        """Return the twin, with three rich parties that share the points."""
        if self._twin is None:
            self._twin = Twin(WIDE, now=START, minimum_deposit=yen(0))
            limits = (WattHours(LARGEST_INTERVAL), WattHours(LARGEST_INTERVAL), WattHours(1))
            for party in range(3):
                share = range(party, self._points, 3)
                points = [Point(*limits) for _ in share]
                self._twin.add_party(f"party {party}", 1_000_000_000_000, points)
        return self._twin

    def hold(
        self,
        orders: Sequence[Terms],
        *,
        cancelled: Sequence[int] = (),
        refused: Sequence[Terms] = (),
    ) -> None:
        """Take the orders in a new slot, clear, book and settle; the twin compares."""
        try:
            self._hold(self.twin(), orders, cancelled, refused)
        except BaseException:
            self._twin = None
            raise

    def _hold(
        self,
        twin: Twin,
        orders: Sequence[Terms],
        cancelled: Sequence[int],
        refused: Sequence[Terms],
    ) -> None:
        slot = WIDE.first_unopened_slot(twin.market.now)
        twin.market.go_to(slot - WIDE.horizon)
        twin.open(slot)
        for number, terms in enumerate(orders):
            assert self._submit(slot, number, terms) == number
        for number, terms in enumerate(refused):
            assert self._submit(slot, len(orders) + number, terms) is None
        for number in cancelled:
            twin.cancel(slot, number)
        twin.check_display(slot, 8)
        twin.market.go_to(WIDE.call_time(slot))
        twin.clear(slot)
        twin.book(slot, [LARGEST_CHUNK] * max(1, -(-len(orders) // LARGEST_CHUNK)))
        twin.check_outcomes(slot, range(0, len(orders), max(1, len(orders) // 10)))
        self._deliver(twin, slot)

    def _submit(self, slot: DeliverySlot, number: int, terms: Terms) -> int | None:
        twin, (side, limit, energy) = self.twin(), terms
        point = number % len(twin.referee.points) + 1
        owner = twin.referee.points[point].owner_in(slot) or ""
        return twin.submit(owner, slot, point, side, SenPerKwh(limit), WattHours(energy))

    def _deliver(self, twin: Twin, slot: DeliverySlot) -> None:
        """Deliver to the watt-hour and make the slot final, so that its place is free again."""
        twin.market.go_to(WIDE.reading_deadline(slot))
        contracts = twin.referee.slots[slot].contracts
        delivered = {point: contracts.get(point, Contract()) for point in twin.referee.points}
        twin.attest(slot, {p: IntervalEnergy(c.bought, c.sold) for p, c in delivered.items()})
        passes = [LARGEST_PASS] * -(-len(twin.referee.points) // LARGEST_PASS)
        twin.settle(slot, passes)
        twin.market.go_to(WIDE.final_time(slot))
        twin.finalise(slot, passes)


@pytest.fixture(scope="module")
def hall() -> Hall:
    return Hall(points=60)


#: Few prices and small energies make ties and shares below 1 Wh; the ends of the ranges are always in play.
SIDES = st.sampled_from(Side)
LIMITS = st.one_of(
    st.integers(0, 3), st.integers(0, PRICE_TICKS - 1), st.sampled_from((0, 31, 32, 1023, 1024))
)
ENERGIES = st.one_of(
    st.integers(1, 5), st.integers(1, LARGEST_ORDER), st.sampled_from((1, LARGEST_ORDER))
)
BOOKS = st.lists(st.tuples(SIDES, LIMITS, ENERGIES), max_size=30)


@pytest.mark.spec("C-11", "C-24", "C-27", "G-04", "G-05", "G-06", "G-31")
@settings(max_examples=60)
@given(orders=BOOKS, data=st.data())
def test_any_book_clears_alike(hall: Hall, orders: list[Terms], data: st.DataObject) -> None:
    hold_with_cancellations(hall, orders, data)


@pytest.mark.long
@pytest.mark.spec("C-11", "C-24", "C-27", "G-04", "G-05", "G-06", "G-31")
@given(orders=BOOKS, data=st.data())
def test_any_of_many_books_clears_alike(
    hall: Hall, orders: list[Terms], data: st.DataObject
) -> None:
    hold_with_cancellations(hall, orders, data)


def hold_with_cancellations(hall: Hall, orders: list[Terms], data: st.DataObject) -> None:
    numbers = st.integers(0, len(orders) - 1) if orders else st.nothing()
    cancelled = data.draw(st.lists(numbers, unique=True, max_size=len(orders) // 3))
    hall.hold(orders, cancelled=cancelled)


@pytest.mark.spec("G-04", "G-05")
@settings(max_examples=40)
@given(
    price=LIMITS,
    energies=st.lists(st.tuples(SIDES, st.integers(1, 9)), min_size=2, max_size=40),
)
def test_any_book_at_one_price_clears_alike(
    hall: Hall, price: int, energies: list[tuple[Side, int]]
) -> None:
    hall.hold([(side, price, energy) for side, energy in energies])


@pytest.mark.spec("G-04", "G-05", "G-31")
@pytest.mark.parametrize("shape", Shape)
def test_a_large_book_of_every_shape_clears_alike(hall: Hall, shape: Shape) -> None:
    hall.hold(random_book(random.Random(shape.name), shape, 300))


@pytest.mark.spec("G-04", "G-05", "G-31")
def test_a_book_of_thousands_of_orders_clears_alike(hall: Hall) -> None:
    rng = random.Random(20)
    orders = random_book(rng, Shape.SPREAD, 3_000)
    small = [(side, limit, energy % 9_000 + 1) for side, limit, energy in orders]
    hall.hold(small, cancelled=rng.sample(range(3_000), 300))


@pytest.mark.long
@pytest.mark.spec("G-04", "G-05", "G-31")
def test_a_book_of_twenty_thousand_orders_clears_alike() -> None:
    rng = random.Random(21)
    book = random_book(rng, Shape.NARROW, 20_000)
    small = [(side, limit, energy % 500 + 1) for side, limit, energy in book]
    Hall(points=60).hold(small, cancelled=rng.sample(range(20_000), 1_000))


@pytest.mark.long
@pytest.mark.spec("G-07")
def test_a_side_holds_forty_bits_of_energy_to_the_last_watt_hour_and_no_more() -> None:
    largest_orders, rest = divmod(LARGEST_SIDE, LARGEST_ORDER)
    energies = [LARGEST_ORDER] * largest_orders + [rest]
    full = [(side, 100, energy) for energy in energies for side in (Side.BUY, Side.SELL)]
    hall = Hall(points=2_201)  # odd, so that neighbouring orders of a point change sides
    hall.hold(full, refused=[(Side.BUY, 100, 1), (Side.SELL, 100, 1)])
    assert hall.twin().seen["BookFull"] == 2
    assert hall.twin().seen["FILLED"] > 0


def random_book(rng: random.Random, shape: Shape, orders: int) -> list[Terms]:
    return [order_terms(rng, shape, WIDE) for _ in range(orders)]
