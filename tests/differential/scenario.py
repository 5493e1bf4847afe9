"""A market day made from a seed: many slots at once, every kind of book, silence, debts, refusals.

The same ring place is used again and again, so that what an earlier slot left there has to be
invisible (G-30).
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from node.chain.contracts.auction import LARGEST_CHUNK, LARGEST_LAPSE
from node.chain.contracts.ledger import LARGEST_PASS
from node.chain.evm_market import account_of
from node.domain.orders import LARGEST_ORDER, Side
from node.domain.readings import IntervalEnergy
from node.domain.settlement import Contract, ImbalancePrices
from node.domain.slots import PRICE_TICKS, DeliverySlot, Product
from node.domain.units import SenPerKwh, WattHours, yen
from tests.differential.referee import Point
from tests.differential.twin import Twin

#: Ten-second slots with the smallest ring that covers horizon, slot and correction window.
SHORT_SLOTS = Product(
    slot_seconds=10,
    call_lead=4,
    gate_lead=2,
    horizon=60,
    reading_window=10,
    correction_window=20,
    price_offset=SenPerKwh(100),
    long_floor=SenPerKwh(50),
    short_cap=SenPerKwh(4000),
    ring_size=9,
)

#: Largest interval energy that a test meters, so that debts occur but do not swallow everything.
LARGEST_METERED = 60_000


class Shape(Enum):
    """What kind of book a slot gets."""

    SPREAD = "limits over the whole grid"
    NARROW = "few levels: ties on both sides"
    ONE_PRICE = "all orders at one price"
    LOWEST = "most offers at the lowest price there is"
    BIDS_ONLY = "nobody sells"
    OFFERS_ONLY = "nobody buys"
    UNCROSSED = "bids below offers"
    TINY = "orders of 1 to 3 Wh at two prices: shares below 1 Wh"
    LARGE = "orders up to 100 MWh"
    TOP = "limits at the top of the grid"


@dataclass(frozen=True)
class Size:
    """How much happens."""

    parties: int
    points_per_party: int
    slots: int
    orders_per_slot: int


class Day:
    """Plays a number of slots on a twin."""

    def __init__(self, seed: int, size: Size, first: DeliverySlot, product: Product) -> None:
        self.rng = random.Random(seed)
        self.size = size
        self.product = product
        self.first = first
        start = first - product.horizon
        self.twin = Twin(product, now=start - 2 * product.horizon, minimum_deposit=yen(10))
        self.parties = [self._enrol(f"party {number}") for number in range(size.parties)]
        self.shapes = {
            slot: self.rng.choice(list(Shape))
            for slot in product.slots_between(first, first + size.slots * product.slot_seconds)
        }

    def _enrol(self, name: str) -> str:
        # Some are rich, some can hardly cover an order.
        wealth = self.rng.choice((2_000, 1_000_000, 1_000_000_000, 1_000_000_000))
        points = [self._point() for _ in range(self.size.points_per_party)]
        return self.twin.add_party(name, wealth, points)

    def _point(self) -> Point:
        rng = self.rng
        largest = rng.choice((30_000, 400_000, 300_000_000, (1 << 29) - 1))
        fallback = rng.choice((0, rng.randrange(1, 5_000)))
        return Point(
            import_limit=WattHours(largest),
            export_limit=WattHours(rng.choice((largest, largest // 2))),
            fallback_import=WattHours(fallback),
        )

    # -- the time line

    def play(self) -> Twin:
        """Play every slot to its end; returns the twin with what it counted."""
        for instant, _, step, slot in sorted(self._steps(), key=lambda step: step[:2]):
            if instant > self.twin.market.now:
                self.twin.market.go_to(instant)
            step(slot)
        return self.twin

    def _steps(self) -> Iterator[tuple[int, int, Callable[[DeliverySlot], None], DeliverySlot]]:
        """Yield instant, rank among steps of that instant, and what happens to which slot."""
        rng = self.rng
        for slot in self.shapes:
            opened = slot - self.product.horizon
            end = self.product.slot_end(slot)
            deadline, final = (self.product.reading_deadline(slot), self.product.final_time(slot))
            lapses, voided = rng.random() < 0.05, rng.random() < 0.08
            cleared = slot if lapses else rng.randrange(self.product.call_time(slot), slot)
            settled = rng.randrange(deadline, deadline + 5)
            late = rng.randrange(settled, final)
            yield final, 0, self.finalise, slot
            if rng.random() < 0.6:
                yield rng.choice((opened, opened + 7)), 1, self.publish, slot
            yield opened, 2, self.open, slot
            for _ in range(4):
                yield rng.randrange(opened, self.product.call_time(slot)), 3, self.trade, slot
            if voided:
                yield rng.choice((rng.randrange(opened, slot), slot - 1)), 4, self.void, slot
            if not lapses:
                yield cleared, 5, self.clear, slot
            booked = rng.choice((cleared, rng.randrange(cleared, deadline)))
            yield booked, 6, self.book, slot
            yield rng.randrange(end, deadline), 7, self.attest, slot
            yield settled, 8, self.settle, slot
            yield late, 9, self.attest_late, slot
            yield rng.randrange(late, final), 10, self.settle_late, slot
        for slot in self.shapes:
            yield slot - self.product.horizon // 2, 11, self.office, slot

    # -- steps

    def publish(self, slot: DeliverySlot) -> None:
        """Publish imbalance prices inside the bounds."""
        long = self.rng.randrange(self.product.long_floor, self.product.short_cap)
        short = self.rng.randrange(long, self.product.short_cap + 1)
        self.twin.publish(slot, ImbalancePrices(SenPerKwh(long), SenPerKwh(short)))

    def open(self, slot: DeliverySlot) -> None:
        """Open, and only once."""
        market = self.twin.market
        self.twin.open(slot)
        self.twin.refused(lambda: market.open(slot), "WrongPhase")
        self.twin.refused(lambda: market.clear(slot), "CallTimeAhead")

    def trade(self, slot: DeliverySlot) -> None:
        """Place a quarter of the slot's orders, take some back, and look at the book."""
        if self.twin.referee.slots[slot].voided:
            self.twin.refused(lambda: self._submit_to_market(slot), "WrongPhase")
            return
        for _ in range(self.size.orders_per_slot // 4):
            if self.rng.random() < 0.08:
                self._cancel(slot)
            else:
                self.twin.submit(*self._order(slot))
        self.twin.check_display(slot, self.rng.choice((1, 8, 64)))

    def void(self, slot: DeliverySlot) -> None:
        """Void by the DSO."""
        self.twin.void(slot)

    def clear(self, slot: DeliverySlot) -> None:
        """Clear once; orders are too late from call time on."""
        market = self.twin.market
        if self.twin.referee.slots[slot].voided:
            self.twin.refused(lambda: market.clear(slot), "WrongPhase")
            return
        self.twin.refused(lambda: self._submit_to_market(slot), "CallTimePassed")
        self.twin.clear(slot)
        self.twin.refused(lambda: market.clear(slot), "WrongPhase")

    def book(self, slot: DeliverySlot) -> None:
        """Book in chunks of any size, once."""
        orders = len(self.twin.referee.slots[slot].orders)
        self.twin.book(slot, list(self._chunks(orders, LARGEST_CHUNK)))
        sample = self.rng.sample(range(orders), min(6, orders))
        self.twin.check_outcomes(slot, sample)
        self.twin.refused(lambda: self.twin.market.book(slot, 1), "WrongPhase")
        self.twin.refused(lambda: self.twin.market.settle(slot, 1), "TooEarly")

    def attest(self, slot: DeliverySlot) -> None:
        """Most points report in time, twice; the second time changes nothing (G-27)."""
        energies = {point: self._metered(slot, point) for point in self._some_points(0.85)}
        self.twin.attest(slot, energies)
        again = {point: self._metered(slot, point) for point in self._some_points(0.1)}
        self.twin.attest(slot, again)

    def settle(self, slot: DeliverySlot) -> None:
        """Settle in passes of any size, once."""
        self.twin.settle(slot, list(self._chunks(len(self.twin.referee.points), LARGEST_PASS)))
        self.twin.check_positions_of_missing(slot)
        self.twin.refused(lambda: self.twin.market.settle(slot, 1), "WrongPhase")
        self.twin.refused(lambda: self.twin.market.finalise(slot, 1), "TooEarly")

    def attest_late(self, slot: DeliverySlot) -> None:
        """Half of the silent points report after all."""
        missing = sorted(self.twin.referee.slots[slot].missing)
        chosen = [point for point in missing if self.rng.random() < 0.5]
        self.twin.attest(slot, {point: self._metered(slot, point) for point in chosen})

    def settle_late(self, slot: DeliverySlot) -> None:
        """Settle some of the late ones; the others wait until the slot is made final."""
        held = self.twin.referee.slots[slot]
        late = [p for p in sorted(held.missing & held.readings.keys()) if self.rng.random() < 0.6]
        silent = sorted(held.missing - held.readings.keys())
        if late:
            self.twin.settle_late(slot, late)
        if silent:
            self.twin.settle_late(slot, silent[:1])
        self.twin.check_accounts()

    def finalise(self, slot: DeliverySlot) -> None:
        """Make final, once; no reading counts any more."""
        self.twin.finalise(slot, [self.rng.randrange(1, LARGEST_PASS + 1) for _ in range(3)])
        market = self.twin.market
        self.twin.refused(lambda: market.finalise(slot, 1), "WrongPhase")
        energies = {1: IntervalEnergy(WattHours(0), WattHours(0))}
        self.twin.refused(lambda: market.attest(slot, energies), "SlotIsFinal")

    def office(self, slot: DeliverySlot) -> None:
        """Money comes and goes, points come and change hands, a party is suspended for a while."""
        rng, twin = self.rng, self.twin
        twin.credit(self._payer(), rng.choice((1, 50_000, 200_000_000)))
        twin.withdraw(rng.choice(self.parties), rng.choice((1, 500, 2_000_000)))
        point = rng.choice(list(twin.referee.points))
        if rng.random() < 0.3:
            twin.transfer(point, rng.choice(self.parties))
        twin.complete_transfer(point)
        if rng.random() < 0.1:
            twin.add_point(rng.choice(self.parties), self._point())
        if twin.referee.suspended and rng.random() < 0.5:
            twin.suspend(min(twin.referee.suspended), suspended=False)
        elif rng.random() < 0.2:
            self._suspend(slot, rng.choice(self.parties))

    def _payer(self) -> str:
        """Somebody, mostly one with a debt, so that debts end."""
        accounts = self.twin.referee.accounts
        debtors = [party for party in self.parties if accounts[party].debt]
        return self.rng.choice(debtors or self.parties)

    def _suspend(self, slot: DeliverySlot, party: str) -> None:
        if party in self.twin.referee.suspended:
            return
        self.twin.suspend(party, suspended=True)
        self.twin.market.go_to(self.twin.market.now)  # it holds from the next block
        held = self.twin.referee.slots[slot]
        owned = [n for n in range(len(held.orders)) if self._owner(slot, n) == party]
        numbers = [number for number in owned if number not in held.gone]
        if numbers and not held.voided:
            self.twin.lapse(slot, numbers[:LARGEST_LAPSE])

    def _owner(self, slot: DeliverySlot, number: int) -> str:
        return self.twin.referee.owner_of(slot, number)

    # -- parts of steps

    def _order(
        self, slot: DeliverySlot
    ) -> tuple[str, DeliverySlot, int, Side, SenPerKwh, WattHours]:
        rng = self.rng
        point = rng.choice(list(self.twin.referee.points))
        sender = self.twin.referee.points[point].owner_in(slot) or rng.choice(self.parties)
        side, limit, energy = order_terms(rng, self.shapes[slot], self.product)
        if rng.random() < 0.02:  # something is wrong with it
            fault = rng.randrange(4)
            if fault == 0:
                sender = rng.choice(self.parties)
            elif fault == 1:
                limit = SenPerKwh(rng.choice((0, self.product.price_offset + PRICE_TICKS)))
            elif fault == 2:
                energy = WattHours(rng.choice((0, LARGEST_ORDER + 1)))
            else:
                energy = LARGEST_ORDER
        return sender, slot, point, side, limit, energy

    def _submit_to_market(self, slot: DeliverySlot) -> None:
        point = self.twin.referee.points[1]
        sender = point.owner_in(slot) or ""
        price = self.product.price_offset
        self.twin.market.submit(sender, slot, 1, Side.BUY, price, WattHours(1))

    def _cancel(self, slot: DeliverySlot) -> None:
        orders = len(self.twin.referee.slots[slot].orders)
        if not orders:
            return
        live = self.twin.referee.slots[slot].live()
        usual = live and self.rng.random() < 0.9
        number = self.rng.choice(live).sequence if usual else self.rng.randrange(orders)
        call = self.twin.market.auction.cancel(slot, number)
        self.twin.refused(
            lambda: self.twin.market.send(account_of("nobody"), call),
            "NotTheOwner",
            "OrderAlreadyCancelled",
        )
        self.twin.cancel(slot, number)

    def _metered(self, slot: DeliverySlot, point: int) -> IntervalEnergy:
        contract = self.twin.referee.slots[slot].contracts.get(point, Contract())
        exact = self.rng.random() < 0.3
        noise = 0 if exact else self.rng.randrange(-LARGEST_METERED, LARGEST_METERED)
        net = contract.net_export + noise
        idle = self.rng.randrange(1_000)
        most = (1 << 29) - 1
        imported, exported = max(0, -net) + idle, max(0, net) + idle
        return IntervalEnergy(WattHours(min(imported, most)), WattHours(min(exported, most)))

    def _some_points(self, share: float) -> list[int]:
        return [p for p in self.twin.referee.points if self.rng.random() < share]

    def _chunks(self, total: int, most: int) -> Iterator[int]:
        """Yield random sizes that together reach `total`; at least one."""
        reached = 0
        while True:
            size = self.rng.choice((1, 7, 100, most))
            yield size
            reached += size
            if reached >= total:
                return


def order_terms(
    rng: random.Random, shape: Shape, product: Product
) -> tuple[Side, SenPerKwh, WattHours]:
    """Return side, limit and energy of an order that fits a kind of book."""
    side = rng.choice((Side.BUY, Side.SELL))
    if shape is Shape.BIDS_ONLY:
        side = Side.BUY
    if shape is Shape.OFFERS_ONLY:
        side = Side.SELL
    limit = _limit(rng, shape, product, side)
    energy = rng.randrange(1, 20_000)
    if shape is Shape.TINY:
        energy = rng.randrange(1, 4)
    if shape is Shape.LARGE:
        energy = rng.choice((LARGEST_ORDER, rng.randrange(1_000_000, LARGEST_ORDER)))
    return side, SenPerKwh(limit), WattHours(energy)


def _limit(rng: random.Random, shape: Shape, product: Product, side: Side) -> int:
    low, high = product.price_offset, product.highest_price
    usual = rng.randrange(low, 4_500)
    limits = {
        Shape.SPREAD: rng.choice((usual, rng.randrange(low, high + 1))),
        Shape.NARROW: 2_000 + rng.randrange(4),
        Shape.ONE_PRICE: 2_500,
        Shape.LOWEST: low if side is Side.SELL or rng.random() < 0.3 else usual,
        Shape.UNCROSSED: rng.randrange(low, 1_000) + (2_000 if side is Side.SELL else 0),
        Shape.TINY: 2_000 + rng.randrange(2),
        Shape.TOP: high - rng.randrange(40),
    }
    return limits.get(shape, usual)
