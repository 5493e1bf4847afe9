"""The order book as it is displayed (C-15 to C-21).

Three columns SELL | PRICE | BUY with prices falling from top to bottom, at most eight levels a
side; what lies beyond them is summed up as OVER above the sells and UNDER below the buys. Prices
without orders are not shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from node.domain.errors import OrderError
from node.domain.orders import Order
from node.domain.units import SenPerKwh, WattHours

#: Levels that a screen shows on each side (C-19).
SHOWN_LEVELS = 8


@dataclass(frozen=True, slots=True)
class BookLevel:
    """The energy of all open orders of one side at one price."""

    price: SenPerKwh
    energy: WattHours


@dataclass(frozen=True, slots=True)
class BookRow:
    """A line of the screen; `price` is None in the lines OVER and UNDER."""

    price: SenPerKwh | None
    sell: WattHours | None = None
    buy: WattHours | None = None


@dataclass(frozen=True, slots=True)
class DisplayedBook:
    """What a screen shows of a book. Levels best first: sells from cheapest up, buys from dearest down."""

    sells: tuple[BookLevel, ...]
    buys: tuple[BookLevel, ...]
    over: WattHours
    under: WattHours
    last_update: int | None

    @property
    def visible_sell(self) -> WattHours:
        """Energy of the sell levels that are shown."""
        return WattHours(sum(level.energy for level in self.sells))

    @property
    def visible_buy(self) -> WattHours:
        """Energy of the buy levels that are shown."""
        return WattHours(sum(level.energy for level in self.buys))

    @property
    def total_sell(self) -> WattHours:
        """Energy of all sells, OVER included."""
        return WattHours(self.visible_sell + self.over)

    @property
    def total_buy(self) -> WattHours:
        """Energy of all buys, UNDER included."""
        return WattHours(self.visible_buy + self.under)

    @property
    def best_sell(self) -> SenPerKwh | None:
        """Price of the cheapest offer."""
        return self.sells[0].price if self.sells else None

    @property
    def best_buy(self) -> SenPerKwh | None:
        """Price of the dearest bid."""
        return self.buys[0].price if self.buys else None

    @property
    def spread(self) -> int | None:
        """Best sell less best buy in sen; not positive while a call auction collects crossing orders."""
        if self.best_sell is None or self.best_buy is None:
            return None
        return self.best_sell - self.best_buy

    @property
    def middle_half_sen(self) -> int | None:
        """Twice the price in the middle of best sell and best buy, because that may be half a sen."""
        if self.best_sell is None or self.best_buy is None:
            return None
        return self.best_sell + self.best_buy

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid meets the best offer."""
        return self.spread is not None and self.spread <= 0

    def rows(self) -> Iterator[BookRow]:
        """Yield the lines of the screen from top to bottom, prices falling."""
        if self.over:
            yield BookRow(None, sell=self.over)
        sells = {level.price: level.energy for level in self.sells}
        buys = {level.price: level.energy for level in self.buys}
        for price in sorted(sells.keys() | buys.keys(), reverse=True):
            yield BookRow(price, sells.get(price), buys.get(price))
        if self.under:
            yield BookRow(None, buy=self.under)


def display(
    offers: Mapping[SenPerKwh, WattHours],
    bids: Mapping[SenPerKwh, WattHours],
    *,
    last_update: int | None = None,
    levels: int = SHOWN_LEVELS,
) -> DisplayedBook:
    """Return what a screen of `levels` levels a side shows of the energies per price of a book."""
    sells = _levels(offers, dearest_first=False)
    buys = _levels(bids, dearest_first=True)
    return DisplayedBook(
        sells=sells[:levels],
        buys=buys[:levels],
        over=WattHours(sum(level.energy for level in sells[levels:])),
        under=WattHours(sum(level.energy for level in buys[levels:])),
        last_update=last_update,
    )


class OpenOrders:
    """The open orders of a slot while they collect. Each accepted change moves the time of the last update."""

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}
        self._last_update: int | None = None

    def place(self, order: Order, at: int) -> None:
        """Take an order in; an id counts once."""
        if order.id in self._orders:
            raise OrderError(f"order {order.id} is in the book already")
        self._orders[order.id] = order
        self._last_update = at

    def cancel(self, order_id: str, at: int) -> None:
        """Take an order out."""
        if order_id not in self._orders:
            raise OrderError(f"order {order_id} is not in the book")
        del self._orders[order_id]
        self._last_update = at

    @property
    def orders(self) -> tuple[Order, ...]:
        """The open orders, first placed first."""
        return tuple(self._orders.values())

    def display(self, levels: int = SHOWN_LEVELS) -> DisplayedBook:
        """Return what a screen shows now."""
        offers: dict[SenPerKwh, WattHours] = {}
        bids: dict[SenPerKwh, WattHours] = {}
        for order in self._orders.values():
            side = bids if order.is_bid else offers
            side[order.limit] = WattHours(side.get(order.limit, 0) + order.energy)
        return display(offers, bids, last_update=self._last_update, levels=levels)


def _levels(
    energies: Mapping[SenPerKwh, WattHours], *, dearest_first: bool
) -> tuple[BookLevel, ...]:
    prices = sorted((price for price, energy in energies.items() if energy), reverse=dearest_first)
    return tuple(BookLevel(price, energies[price]) for price in prices)
