"""The referee: what auction and ledger have to hold after every operation, in plain Python.

Prices, fills, units and the cash of a point come from `node.domain`. What is added here is the
bookkeeping around them (G-12): accounts with what is available and reserved, debts, the balancing
account, and who holds what for which slot.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from node.domain.clearing import Clearing, clear
from node.domain.matching import BalancedUnit, lay_units
from node.domain.orders import LARGEST_ORDER, Order, Side
from node.domain.readings import IntervalEnergy
from node.domain.settlement import (
    Contract,
    ImbalancePrices,
    PointSettlement,
    collateral,
    imbalance_prices,
    released_at_booking,
    settle_final,
    settle_late,
    settle_point,
    settle_without_reading,
)
from node.domain.slots import DeliverySlot, Product
from node.domain.units import (
    NO_ENERGY,
    YEN5_PER_YEN,
    SenPerKwh,
    WattHours,
    Yen5,
    cost,
)
from node.domain.words import BookedFill, PointResult, SettlementStatus

#: Largest energy of a side of a book.
LARGEST_SIDE = (1 << 40) - 1


class RefusedError(Exception):
    """The operation has to be refused with one of these errors."""

    def __init__(self, *names: str) -> None:
        super().__init__(", ".join(names))
        self.names = frozenset(names)


@dataclass
class Account:
    """A party's account."""

    available: int = 0
    reserved: int = 0
    debt: int = 0
    points: int = 0

    def move(self, cash: int) -> int:
        """Pay or receive; returns what the balancing account advanced, negative when it got it back."""
        if cash >= 0:
            repaid = min(cash, self.debt)
            self.debt -= repaid
            self.available += cash - repaid
            return -repaid
        paid = min(-cash, self.available)
        self.available -= paid
        self.debt += -cash - paid
        return -cash - paid

    def release(self, amount: int) -> None:
        """Make reserved money available."""
        self.reserved -= amount
        self.available += amount
        assert self.reserved >= 0


@dataclass
class Point:
    """A metering point; each owner holds it from a slot on, the first from where it takes part."""

    import_limit: WattHours
    export_limit: WattHours
    fallback_import: WattHours
    owners: list[tuple[int, str]] = field(default_factory=list)
    transfer_pending: bool = False

    def owner_in(self, slot: DeliverySlot) -> str | None:
        """Return who owns the point in a slot, None before it takes part."""
        return next((owner for since, owner in reversed(self.owners) if slot >= since), None)


@dataclass
class Slot:
    """Everything that is known of a slot. Order numbers are places in `orders`; participants are points."""

    orders: list[Order] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    totals: Counter[Side] = field(default_factory=Counter)
    ordered: Counter[tuple[Side, str]] = field(default_factory=Counter)
    published: ImbalancePrices | None = None
    clearing: Clearing | None = None
    voided: bool = False
    updated_at: int = 0
    contracts: dict[int, Contract] = field(default_factory=dict)
    reserved: dict[int, int] = field(default_factory=dict)
    readings: dict[int, IntervalEnergy] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)

    def live(self) -> list[Order]:
        """The orders that were not cancelled, in sequence."""
        return [order for number, order in enumerate(self.orders) if number not in self.gone]

    def place(self, order: Order) -> None:
        """Take an order in."""
        self.orders.append(order)
        self._count(order, order.energy)

    def remove(self, number: int) -> None:
        """Take an order out."""
        self.gone.add(number)
        self._count(self.orders[number], -self.orders[number].energy)

    def _count(self, order: Order, energy: int) -> None:
        self.totals[order.side] += energy
        self.ordered[order.side, order.participant] += energy


class Referee:
    """Keeps the accounts."""

    def __init__(self, product: Product, minimum_deposit: Yen5) -> None:
        self.product = product
        self.minimum_deposit = minimum_deposit
        self.accounts: dict[str, Account] = {}
        self.points: dict[int, Point] = {}
        self.slots: dict[DeliverySlot, Slot] = {}
        self.suspended: set[str] = set()
        self.balancing = 0
        self.deposited = 0

    # -- parties

    def add_point(self, number: int, point: Point, owner: str, now: int) -> None:
        point.owners.append((self.product.first_unopened_slot(now), owner))
        self.points[number] = point
        self.accounts.setdefault(owner, Account()).points += 1

    def transfer(self, number: int, owner: str, now: int) -> None:
        """Give a point away from the first slot that cannot be open yet (G-29)."""
        point = self.points[number]
        if point.transfer_pending:
            raise RefusedError("ChangePending")
        point.owners.append((self.product.first_unopened_slot(now), owner))
        point.transfer_pending = True
        self.accounts[owner].points += 1

    def complete_transfer(self, number: int, now: int, unfinished: Iterable[DeliverySlot]) -> None:
        """Free the previous owner of its deposit, once its last slot is final; `unfinished` slots are not."""
        point = self.points[number]
        if not point.transfer_pending:
            raise RefusedError("NoTransferPending")
        changed = point.owners[-1][0]
        if now < changed + self.product.correction_window or any(s < changed for s in unfinished):
            raise RefusedError("ChangePending")
        point.transfer_pending = False
        self.accounts[point.owners[-2][1]].points -= 1

    def credit(self, party: str, yen: int) -> None:
        self.deposited += yen * YEN5_PER_YEN
        self.balancing -= self.accounts[party].move(yen * YEN5_PER_YEN)

    def withdraw(self, party: str, yen: int) -> None:
        self._require_covered(party, yen * YEN5_PER_YEN)
        self.accounts[party].available -= yen * YEN5_PER_YEN
        self.deposited -= yen * YEN5_PER_YEN

    def free(self, party: str) -> int:
        account = self.accounts[party]
        return account.available - account.points * self.minimum_deposit

    def _require_covered(self, party: str, amount: int) -> None:
        if self.accounts[party].debt:
            raise RefusedError("DebtOutstanding")
        if self.free(party) < amount:
            raise RefusedError("Uncovered")

    # -- orders

    def submit(
        self,
        sender: str,
        slot: DeliverySlot,
        number: int,
        side: Side,
        limit: SenPerKwh,
        energy: WattHours,
    ) -> int:
        held, owner = self.slots[slot], self.points[number].owner_in(slot)
        wrong = set(self._wrong_with(held, owner, sender, number, side, limit, energy))
        if wrong or owner is None:
            raise RefusedError(*wrong)
        amount = collateral(self.product, side, limit, energy)
        self._require_covered(owner, amount)
        self.accounts[owner].available -= amount
        self.accounts[owner].reserved += amount
        sequence = len(held.orders)
        held.place(Order(str(sequence), str(number), side, limit, energy, sequence))
        return sequence

    def _wrong_with(
        self,
        held: Slot,
        owner: str | None,
        sender: str,
        number: int,
        side: Side,
        limit: SenPerKwh,
        energy: WattHours,
    ) -> Iterator[str]:
        point = self.points[number]
        rating = point.import_limit if side is Side.BUY else point.export_limit
        if not self.product.on_grid(limit):
            yield "PriceOffGrid"
        if not 0 < energy <= LARGEST_ORDER:
            yield "EnergyInvalid"
        if owner is None:
            yield "MeteringPointUnknown"
        elif owner != sender:
            yield "NotTheOwner"
        if owner in self.suspended:
            yield "PartyIsSuspended"
        if held.ordered[side, str(number)] + energy > rating:
            yield "RatingExceeded"
        if held.totals[side] + energy > LARGEST_SIDE:
            yield "BookFull"

    def cancel(self, slot: DeliverySlot, number: int) -> None:
        held = self.slots[slot]
        if number in held.gone:
            raise RefusedError("OrderAlreadyCancelled")
        held.remove(number)
        order = held.orders[number]
        reserved = collateral(self.product, order.side, order.limit, order.energy)
        self._account(slot, int(order.participant)).release(reserved)

    def lapse(self, slot: DeliverySlot, numbers: Iterable[int]) -> None:
        left = [number for number in dict.fromkeys(numbers) if number not in self.slots[slot].gone]
        for number in left:
            if self.owner_of(slot, number) not in self.suspended:
                raise RefusedError("OwnerNotSuspended")
        for number in left:
            self.cancel(slot, number)

    def owner_of(self, slot: DeliverySlot, number: int) -> str:
        """Return who may cancel an order."""
        owner = self.points[int(self.slots[slot].orders[number].participant)].owner_in(slot)
        assert owner is not None
        return owner

    def _account(self, slot: DeliverySlot, point: int) -> Account:
        owner = self.points[point].owner_in(slot)
        assert owner is not None
        return self.accounts[owner]

    # -- clearing and booking

    def clear(self, slot: DeliverySlot) -> Clearing:
        held = self.slots[slot]
        held.clearing = clear(held.live())
        return held.clearing

    def book(self, slot: DeliverySlot) -> tuple[list[BookedFill], tuple[BalancedUnit, ...]]:
        """Book every order; returns the fills that the chain has to report, and the units."""
        held = self.slots[slot]
        live = held.live()
        clearing = None if held.voided else held.clearing
        fills = (NO_ENERGY,) * len(live) if clearing is None else clearing.fills
        price = None if clearing is None else clearing.price
        booked = []
        laid = {Side.BUY: 0, Side.SELL: 0}
        for order, fill in zip(live, fills, strict=True):
            self._book_one(slot, order, fill, price)
            if fill:
                point = int(order.participant)
                booked.append(BookedFill(order.sequence, point, order.side, fill, laid[order.side]))
                laid[order.side] += fill
        return booked, lay_units(live, fills)

    def _book_one(
        self, slot: DeliverySlot, order: Order, fill: WattHours, price: SenPerKwh | None
    ) -> None:
        if price is None:
            released = collateral(self.product, order.side, order.limit, order.energy)
        else:
            terms = (order.side, order.limit, order.energy, price, fill)
            released = released_at_booking(self.product, *terms)
            self._grow(self.slots[slot], order, fill, price)
        self._account(slot, int(order.participant)).release(released)

    def _grow(self, held: Slot, order: Order, fill: WattHours, price: SenPerKwh) -> None:
        point = int(order.participant)
        before = held.contracts.get(point, Contract())
        cash = cost(fill, price)
        if order.is_bid:
            after = replace(
                before, bought=WattHours(before.bought + fill), paid=Yen5(before.paid + cash)
            )
        else:
            after = replace(
                before, sold=WattHours(before.sold + fill), earned=Yen5(before.earned + cash)
            )
        held.contracts[point] = after
        kept = collateral(self.product, order.side, price, fill)
        held.reserved[point] = held.reserved.get(point, 0) + kept

    # -- settlement

    def attest(self, slot: DeliverySlot, energies: dict[int, IntervalEnergy]) -> list[int]:
        """Take values in; returns the points that held one already, which keep it (G-27)."""
        readings = self.slots[slot].readings
        skipped = sorted(point for point in energies if point in readings)
        readings.update({p: energy for p, energy in energies.items() if p not in readings})
        return skipped

    def prices(self, slot: DeliverySlot) -> ImbalancePrices:
        held = self.slots[slot]
        traded = None if held.voided or held.clearing is None else held.clearing.price
        return imbalance_prices(self.product, held.published, traded)

    def settle(self, slot: DeliverySlot, points: Iterable[int]) -> list[PointResult]:
        taking_part = (p for p in points if self.points[p].owner_in(slot) is not None)
        return [self._settle_one(slot, point) for point in taking_part]

    def _settle_one(self, slot: DeliverySlot, point: int) -> PointResult:
        held = self.slots[slot]
        contract = self._contract(held, point)
        account = self._account(slot, point)
        reading = held.readings.get(point)
        if reading is not None:
            account.release(held.reserved.pop(point, 0))
            settled = settle_point(contract, reading.net_export, self.prices(slot))
            self._pay(account, settled, settled.total)
            return _result(point, SettlementStatus.SETTLED, settled)
        if held.voided:
            account.release(held.reserved.pop(point, 0))
        flagged = settle_without_reading(contract)
        change = flagged.contract_cash + flagged.held
        account.reserved += change
        held.reserved[point] = held.reserved.get(point, 0) + change
        held.missing.add(point)
        return _result(point, SettlementStatus.MISSING, flagged)

    def settle_late(self, slot: DeliverySlot, points: Iterable[int]) -> list[PointResult]:
        held = self.slots[slot]
        if any(p not in held.missing or p not in held.readings for p in points):
            raise RefusedError("NotLate")
        return [self._resolve(slot, point) for point in points]

    def finalise(self, slot: DeliverySlot, points: Iterable[int]) -> list[PointResult]:
        missing = self.slots[slot].missing
        return [self._resolve(slot, point) for point in points if point in missing]

    def _resolve(self, slot: DeliverySlot, point: int) -> PointResult:
        held = self.slots[slot]
        held.missing.discard(point)
        account = self._account(slot, point)
        account.release(held.reserved.pop(point, 0))
        contract, prices = self._contract(held, point), self.prices(slot)
        reading = held.readings.get(point)
        if reading is not None:
            settled, status = (
                settle_late(contract, reading.net_export, prices),
                SettlementStatus.LATE,
            )
        else:
            fallback = self.points[point].fallback_import
            settled, status = settle_final(contract, fallback, prices), SettlementStatus.FALLBACK
        self._pay(account, settled, settled.imbalance_cash)
        return _result(point, status, settled)

    def _contract(self, held: Slot, point: int) -> Contract:
        return Contract() if held.voided else held.contracts.get(point, Contract())

    def _pay(self, account: Account, settled: PointSettlement, cash: Yen5) -> None:
        """Move cash; the balancing account pays the imbalance and advances what an account lacks."""
        self.balancing -= settled.imbalance_cash + account.move(cash)


def _result(point: int, status: SettlementStatus, settled: PointSettlement) -> PointResult:
    return PointResult(
        point, status, settled.imbalance_wh, settled.contract_cash, settled.imbalance_cash
    )
