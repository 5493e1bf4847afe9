"""Every operation twice: by the contracts and by the referee, and both have to say the same."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import pytest

from node.chain.contracts.ledger import LedgerPhase
from node.chain.errors import TransactionRevertedError
from node.chain.evm import units_of
from node.chain.evm_market import EvmMarket, account_of
from node.chain.transactions import Call
from node.domain.book import display
from node.domain.clearing import AuctionPhase, outcome_of
from node.domain.orders import Side
from node.domain.readings import IntervalEnergy
from node.domain.settlement import Contract, ImbalancePrices
from node.domain.slots import DeliverySlot, Product
from node.domain.units import SenPerKwh, WattHours, Yen5
from node.domain.words import PointResult
from tests.differential.referee import Point, Referee, RefusedError, Slot

T = TypeVar("T")


class Twin:
    """The market of the contracts and the referee side by side.

    `operations` counts the calls that both sides have done or refused, `compared` the fills, units,
    points and orders that were looked at, `seen` what has happened, so that a test can tell that
    it was no empty day.
    """

    def __init__(self, product: Product, *, now: int, minimum_deposit: Yen5) -> None:
        self.product = product
        self.market = EvmMarket(product, now=now, minimum_deposit=minimum_deposit)
        self.referee = Referee(product, minimum_deposit)
        self.operations = 0
        self.compared = 0
        self.seen: Counter[str] = Counter()

    # -- one operation on both

    def both(self, expected: Callable[[], T], actual: Callable[[], T]) -> T | None:
        """Do it on both sides and compare; None when both refused."""
        try:
            wanted = expected()
        except RefusedError as refused:
            self.refused(actual, *refused.names)
            return None
        self.operations += 1
        found = actual()
        assert found == wanted
        return found

    def refused(self, actual: Callable[[], object], *names: str) -> None:
        """Do what the contracts have to refuse with one of these errors."""
        self.operations += 1
        with pytest.raises(TransactionRevertedError) as caught:
            actual()
        assert caught.value.refusal.name in names
        self.seen[caught.value.refusal.name] += 1

    def done(self, what: str) -> None:
        """Count an operation that has no answer to compare."""
        self.operations += 1
        self.seen[what] += 1

    # -- parties

    def add_party(self, name: str, yen: int, points: Sequence[Point]) -> str:
        """Admit a party with money and points; returns its account."""
        party = account_of(name)
        self.market.admit(party)
        for point in points:
            self.add_point(party, point)
        self.credit(party, yen)
        return party

    def add_point(self, owner: str, point: Point) -> None:
        """Register a point. Without a fallback it falls back on its import limit (G-11)."""
        number = self.market.add_point(
            owner,
            import_limit=point.import_limit,
            export_limit=point.export_limit,
            fallback_import=point.fallback_import,
        )
        point.fallback_import = point.fallback_import or point.import_limit
        self.referee.add_point(number, point, owner, self.market.now)
        self.done("point registered")

    def transfer(self, point: int, owner: str) -> None:
        """Give a point to another party."""
        call = self.market.registry.transfer_point(point, owner)
        self._operated(call, partial(self.referee.transfer, point, owner, self.market.now))

    def complete_transfer(self, point: int) -> None:
        """Free the previous owner of a point of its deposit."""
        call = self.market.registry.complete_transfer(point)
        done = (LedgerPhase.NONE, LedgerPhase.FINAL)
        unfinished = [slot for slot in self.referee.slots if self.market.phase(slot) not in done]
        self._operated(
            call, partial(self.referee.complete_transfer, point, self.market.now, unfinished)
        )

    def _operated(self, call: Call, expected: Callable[[], None]) -> None:
        def on_chain() -> None:
            self.market.send(self.market.operator, call)
            self.seen[call.what] += 1

        self.both(expected, on_chain)

    def credit(self, party: str, yen: int) -> None:
        self.both(lambda: self.referee.credit(party, yen), lambda: self.market.credit(party, yen))

    def withdraw(self, party: str, yen: int) -> None:
        call = self.market.ledger.withdraw(yen)

        def on_chain() -> None:
            self.market.send(party, call)

        self.both(lambda: self.referee.withdraw(party, yen), on_chain)

    def suspend(self, party: str, *, suspended: bool) -> None:
        registry = self.market.registry
        if suspended:
            self.referee.suspended.add(party)
            call = registry.suspend(party, bytes(32))
        else:
            self.referee.suspended.discard(party)
            call = registry.reinstate(party)
        self.market.send(self.market.operator, call)
        self.done("suspended" if suspended else "reinstated")

    # -- orders

    def open(self, slot: DeliverySlot) -> None:
        self.market.open(slot)
        self.referee.slots.setdefault(slot, Slot()).updated_at = self.market.now
        self.done("opened")

    def publish(self, slot: DeliverySlot, prices: ImbalancePrices) -> None:
        self.market.publish_prices(slot, 1, prices)
        self.referee.slots.setdefault(slot, Slot()).published = prices
        self.done("published")

    def submit(
        self,
        sender: str,
        slot: DeliverySlot,
        point: int,
        side: Side,
        limit: SenPerKwh,
        energy: WattHours,
    ) -> int | None:
        order = (sender, slot, point, side, limit, energy)
        number = self.both(lambda: self.referee.submit(*order), lambda: self.market.submit(*order))
        if number is not None:
            self.referee.slots[slot].updated_at = self.market.now
        return number

    def cancel(self, slot: DeliverySlot, number: int) -> None:
        sender = self.referee.owner_of(slot, number)
        call = self.market.auction.cancel(slot, number)

        def on_chain() -> None:
            self.market.send(sender, call)
            self.referee.slots[slot].updated_at = self.market.now

        self.both(lambda: self.referee.cancel(slot, number), on_chain)

    def lapse(self, slot: DeliverySlot, numbers: Sequence[int]) -> None:
        call = self.market.auction.lapse(slot, numbers)
        self._operated(call, partial(self.referee.lapse, slot, numbers))
        self.referee.slots[slot].updated_at = self.market.now

    def void(self, slot: DeliverySlot) -> None:
        self.market.send(self.market.dso, self.market.ledger.void_slot(slot, bytes(32)))
        self.referee.slots[slot].voided = True
        booked = self.referee.slots[slot].contracts
        self.done("voided after booking" if booked else "voided")

    # -- clearing and booking

    def clear(self, slot: DeliverySlot) -> None:
        """Clear, and compare price, volume and the marginal levels."""
        wanted = self.referee.clear(slot)
        found = self.market.clear(slot)
        self.done("cleared without trade" if wanted.price is None else "cleared")
        assert (found.price, found.volume) == (wanted.price, wanted.volume)
        if wanted.bids_at_price is not None and wanted.offers_at_price is not None:
            bids, offers = wanted.bids_at_price, wanted.offers_at_price
            assert (found.bid_filled, found.bid_total) == (bids.filled, bids.total)
            assert (found.offer_filled, found.offer_total) == (offers.filled, offers.total)

    def book(self, slot: DeliverySlot, chunks: Sequence[int]) -> None:
        """Book in chunks, and compare fills, units, positions and accounts; the last chunk has to reach the end."""
        wanted, units = self.referee.book(slot)
        found = [fill for chunk in chunks for fill in self.market.book(slot, chunk)]
        self.operations += len(chunks)
        self.compared += len(wanted) + len(units)
        assert found == wanted
        names = [order.participant for order in self.referee.slots[slot].orders]
        assert tuple(units_of(found, names)) == units
        self.check_positions(slot)
        self.check_accounts()

    def check_outcomes(self, slot: DeliverySlot, numbers: Sequence[int]) -> None:
        """Compare what became of single orders."""
        held = self.referee.slots[slot]
        clearing = held.clearing
        live = held.live()
        fills = {order.id: WattHours(0) for order in live}
        if clearing is not None and not held.voided:
            fills = {o.id: fill for o, fill in zip(live, clearing.fills, strict=True)}
        auction = self.market.machine.read(self.market.auction.auction_of(slot))
        phase = AuctionPhase(int(auction.phase))
        for number in numbers:
            self.compared += 1
            order = held.orders[number]
            state = self.market.machine.read(self.market.auction.order_of(slot, number))
            seen = (state.point, state.side, state.limit, state.energy)
            assert seen == (int(order.participant), order.side, order.limit, order.energy)
            fill = fills.get(order.id, WattHours(0))
            assert state.filled == fill
            cancelled = number in held.gone
            wanted = outcome_of(order, fill, clearing, phase=phase, cancelled=cancelled)
            assert int(state.outcome) == wanted
            self.seen[wanted.name] += 1

    # -- settlement

    def attest(self, slot: DeliverySlot, energies: dict[int, IntervalEnergy]) -> None:
        self.compared += len(energies)
        skipped = self.both(
            lambda: tuple(self.referee.attest(slot, energies)),
            lambda: self.market.attest(slot, energies),
        )
        self.seen["reading skipped"] += len(skipped or ())

    def settle(self, slot: DeliverySlot, passes: Sequence[int]) -> None:
        """Settle in passes of these sizes; the last one has to reach the end."""
        first = 1
        for count in passes:
            points = [p for p in range(first, first + count) if p in self.referee.points]
            self._pass(
                partial(self.referee.settle, slot, points), partial(self.market.settle, slot, count)
            )
            first += count
        self.check_accounts()

    def settle_late(self, slot: DeliverySlot, points: Sequence[int]) -> None:
        self._pass(
            partial(self.referee.settle_late, slot, points),
            partial(self.market.settle_late, slot, points),
        )

    def finalise(self, slot: DeliverySlot, passes: Sequence[int]) -> None:
        """Walk the points in passes of these sizes until the slot is final."""
        first = 1
        while self.market.phase(slot) is not LedgerPhase.FINAL:
            count = passes[0]
            points = range(first, first + count)
            self._pass(
                partial(self.referee.finalise, slot, points),
                partial(self.market.finalise, slot, count),
            )
            first, passes = first + count, [*passes[1:], count]
        assert not self.referee.slots[slot].missing
        self.check_accounts()

    def _pass(
        self,
        expected: Callable[[], list[PointResult]],
        actual: Callable[[], tuple[PointResult, ...]],
    ) -> None:
        results = self.both(lambda: tuple(expected()), actual) or ()
        self.compared += len(results)
        self.seen.update(result.status.name for result in results)

    def check_positions_of_missing(self, slot: DeliverySlot) -> None:
        """Compare the flagged points: what they earned is held back (G-11)."""
        held = self.referee.slots[slot]
        for point in held.missing:
            found = self.market.machine.read(self.market.ledger.position_of(slot, point))
            assert found.missing
            assert found.reserved == held.reserved[point]
        assert self.market.machine.read(self.market.ledger.slot_of(slot)).missing == len(
            held.missing
        )

    # -- looking at everything

    def check_accounts(self) -> None:
        """Compare every account and the balancing account; money is neither made nor lost (G-12)."""
        read, ledger = self.market.machine.read, self.market.ledger
        held = 0
        for party, wanted in self.referee.accounts.items():
            found = read(ledger.account_of(party))
            assert (found.available, found.reserved, found.debt) == (
                wanted.available,
                wanted.reserved,
                wanted.debt,
            )
            held += found.available + found.reserved
            self.seen["debt"] += found.debt > 0
        assert read(ledger.balancing_account()) == self.referee.balancing
        assert held + self.referee.balancing == self.referee.deposited

    def check_positions(self, slot: DeliverySlot) -> None:
        """Compare the position of every point."""
        held = self.referee.slots[slot]
        for point in self.referee.points:
            found = self.market.machine.read(self.market.ledger.position_of(slot, point))
            wanted = held.contracts.get(point, Contract())
            assert (found.bought, found.sold) == (wanted.bought, wanted.sold)
            assert (found.paid, found.earned) == (wanted.paid, wanted.earned)
            assert found.reserved == held.reserved.get(point, 0)
            assert found.missing == (point in held.missing)

    def check_display(self, slot: DeliverySlot, levels: int) -> None:
        """Compare the book as it is displayed (C-15 to C-20)."""
        held = self.referee.slots[slot]
        energies: dict[Side, dict[SenPerKwh, WattHours]] = {Side.BUY: {}, Side.SELL: {}}
        for order in held.live():
            level = energies[order.side]
            level[order.limit] = WattHours(level.get(order.limit, 0) + order.energy)
        wanted = display(
            energies[Side.SELL],
            energies[Side.BUY],
            last_update=held.updated_at,
            levels=levels,
        )
        self.both(
            lambda: wanted,
            lambda: self.market.machine.read(self.market.auction.display_of(slot, levels)),
        )
