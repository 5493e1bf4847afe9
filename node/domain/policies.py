"""By which prices a home bids: replaceable policies and the wishes of users (C-01, C-07, C-40 to C-46, G-09, G-26).

A policy turns what a home can trade into draft orders; it neither knows the network nor the time.
In every answer each offer is dearer than each bid, so that an agent never trades with itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import Protocol

from node.domain.errors import PolicyError
from node.domain.orders import Side
from node.domain.plan import NO_BATTERY, BatteryRoom, Tradable, tradable
from node.domain.units import SenPerKwh, WattHours


class Wish(IntEnum):
    """Which energy a bid asks for; each pool lies within the one before (G-13)."""

    ANY = 0
    RENEWABLE = 1
    LOCAL_RENEWABLE = 2


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """An order as a policy wants it; who sends it adds the metering point and the slot."""

    side: Side
    limit: SenPerKwh
    energy: WattHours
    wish: Wish = Wish.ANY


#: Retail fallback where no tariff says otherwise (G-26).
RETAIL_SELL = SenPerKwh(1000)
RETAIL_BUY = SenPerKwh(2600)


@dataclass(frozen=True, slots=True)
class OutsideOptions:
    """What energy earns and costs outside the market: nobody should take less or pay more here (G-26)."""

    sell: SenPerKwh = RETAIL_SELL
    buy: SenPerKwh = RETAIL_BUY

    def __post_init__(self) -> None:
        if self.sell >= self.buy:
            raise PolicyError(
                f"outside the market {self.sell} to sell is not below {self.buy} to buy"
            )

    def clip(self, price: int) -> SenPerKwh:
        """Return the price between the two outside options that is nearest to `price`."""
        return SenPerKwh(min(max(price, self.sell), self.buy))

    def shift(self, price: SenPerKwh, change: int) -> SenPerKwh:
        """Return `price` moved by `change`, but not beyond the outside option that lies that way."""
        moved = self.clip(price + change)
        return max(price, moved) if change > 0 else min(price, moved)


RETAIL = OutsideOptions()


@dataclass(frozen=True, slots=True)
class Situation:
    """What a policy looks at for one slot.

    `net_wh` is the forecast generation less demand; `soc_percent` is None without a battery;
    `reference_price` is what the exchange paid in the same slot a day earlier, None where that is
    not known.
    """

    net_wh: WattHours
    room: BatteryRoom = NO_BATTERY
    soc_percent: int | None = None
    reference_price: SenPerKwh | None = None


class Policy(Protocol):
    """Decides which orders a home sends for a slot."""

    def draft(self, situation: Situation) -> tuple[DraftOrder, ...]:
        """Return the orders for a slot; none when there is nothing to trade."""
        ...


# -- the table of the field trial


#: What every row of the table sells or buys (C-40 to C-43; at 70 % by G-09).
TABLE_AMOUNT = WattHours(1000)


@dataclass(frozen=True, slots=True)
class SocRow:
    """A row of the price table: what a battery at this state of charge sells and buys for, and how much."""

    soc_percent: int
    sell: SenPerKwh | None
    buy: SenPerKwh | None
    amount: WattHours = TABLE_AMOUNT

    def __post_init__(self) -> None:
        if self.sell is not None and self.buy is not None and self.sell <= self.buy:
            raise PolicyError(f"row {self.soc_percent} %: sells at {self.sell}, buys at {self.buy}")


#: C-40 to C-44; the amount at 70 % is that of the other rows (G-09).
SOC_TABLE = (
    SocRow(30, None, SenPerKwh(2500)),
    SocRow(40, SenPerKwh(3000), SenPerKwh(2000)),
    SocRow(50, SenPerKwh(2000), SenPerKwh(1000)),
    SocRow(60, SenPerKwh(1500), SenPerKwh(500)),
    SocRow(70, SenPerKwh(1000), None),
)


def soc_row(soc_percent: int, table: Sequence[SocRow] = SOC_TABLE) -> SocRow:
    """Return the row at or below a state of charge; below the first row the first, above the last the last (G-09)."""
    reached = [row for row in table if row.soc_percent <= soc_percent]
    return reached[-1] if reached else table[0]


@dataclass(frozen=True, slots=True)
class SocTablePolicy:
    """Bids by the state of charge: the fuller the battery, the lower both prices (C-45).

    What the battery cannot take or give is offered and asked for at the outside options: it has to
    go or to come. A home without a battery knows only these.
    """

    table: tuple[SocRow, ...] = SOC_TABLE
    outside: OutsideOptions = RETAIL

    def draft(self, situation: Situation) -> tuple[DraftOrder, ...]:
        """Return the forced energy at the outside options and the rest at the prices of the table."""
        if situation.soc_percent is None:
            can = tradable(situation.net_wh)
            return self._forced(can)
        row = soc_row(situation.soc_percent, self.table)
        can = tradable(situation.net_wh, situation.room, row.amount)
        free = drafts((Side.SELL, row.sell, can.may_sell), (Side.BUY, row.buy, can.may_buy))
        return self._forced(can) + free

    def _forced(self, can: Tradable) -> tuple[DraftOrder, ...]:
        return drafts(
            (Side.SELL, self.outside.sell, can.must_sell),
            (Side.BUY, self.outside.buy, can.must_buy),
        )


@dataclass(frozen=True, slots=True)
class FixedLimitPolicy:
    """Always sells and buys at the same two limits; None: not at all. A sell limit of 0 is for free energy (C-11)."""

    sell: SenPerKwh | None = None
    buy: SenPerKwh | None = None

    def __post_init__(self) -> None:
        if self.sell is not None and self.buy is not None and self.sell <= self.buy:
            raise PolicyError(
                f"a home that sells at {self.sell} and buys at {self.buy} meets itself"
            )

    def draft(self, situation: Situation) -> tuple[DraftOrder, ...]:
        """Return everything that can be traded at the fixed limits."""
        can = tradable(situation.net_wh, situation.room)
        return drafts(
            (Side.SELL, self.sell, WattHours(can.must_sell + can.may_sell)),
            (Side.BUY, self.buy, WattHours(can.must_buy + can.may_buy)),
        )


@dataclass(frozen=True, slots=True)
class JepxFollowingPolicy:
    """Bids around the exchange's price of the same slot a day earlier, between the outside options (G-26).

    Forced energy goes at that price; what the battery may add is sold `margin` above and bought
    `margin` below it. Without a known price it takes the middle of the outside options.
    """

    outside: OutsideOptions = RETAIL
    margin: int = 100

    def __post_init__(self) -> None:
        if self.margin < 1:
            raise PolicyError(f"a margin of {self.margin} sen lets a home meet itself")

    def draft(self, situation: Situation) -> tuple[DraftOrder, ...]:
        """Return the forced energy at the reference price and the rest a margin away from it."""
        can = tradable(situation.net_wh, situation.room)
        reference = self._reference(situation.reference_price)
        return drafts(
            (Side.SELL, reference, can.must_sell),
            (Side.SELL, self.outside.clip(reference + self.margin), can.may_sell),
            (Side.BUY, reference, can.must_buy),
            (Side.BUY, self.outside.clip(reference - self.margin), can.may_buy),
        )

    def _reference(self, known: SenPerKwh | None) -> SenPerKwh:
        if known is None:
            return SenPerKwh((self.outside.sell + self.outside.buy) // 2)
        return self.outside.clip(known)


# -- wishes of users


class Preference(Enum):
    """What a user told the device to go for (C-07); the value is the label on the screen."""

    CHEAPER = "Cheaper energy!"
    RENEWABLES = "Renewables!"
    LOCAL = "Local produced energy!"
    PROFIT = "Obtain profit from energy trading!"


@dataclass(frozen=True, slots=True)
class PreferenceTerms:
    """How a preference changes bids and offers: by how many sen, and which energy is asked for."""

    bid_change: int = 0
    offer_change: int = 0
    wish: Wish = Wish.ANY


PREFERENCE_TERMS = {
    Preference.CHEAPER: PreferenceTerms(bid_change=-200),
    Preference.RENEWABLES: PreferenceTerms(bid_change=100, wish=Wish.RENEWABLE),
    Preference.LOCAL: PreferenceTerms(bid_change=50, wish=Wish.LOCAL_RENEWABLE),
    Preference.PROFIT: PreferenceTerms(bid_change=-100, offer_change=100),
}


@dataclass(frozen=True, slots=True)
class PreferringPolicy:
    """Another policy with its bids and offers changed by what the user prefers, within the outside options."""

    base: Policy
    preference: Preference
    outside: OutsideOptions = RETAIL

    def draft(self, situation: Situation) -> tuple[DraftOrder, ...]:
        """Return the base policy's orders under the terms of the preference."""
        terms = PREFERENCE_TERMS[self.preference]
        return apart(self._under(terms, order) for order in self.base.draft(situation))

    def _under(self, terms: PreferenceTerms, order: DraftOrder) -> DraftOrder:
        if order.side is Side.SELL:
            return replace(order, limit=self.outside.shift(order.limit, terms.offer_change))
        limit = self.outside.shift(order.limit, terms.bid_change)
        return replace(order, limit=limit, wish=terms.wish)


def preference_of_label(label: str) -> Preference:
    """Return the preference with this label; case and the exclamation mark do not matter."""
    wanted = label.strip().rstrip("!").casefold()
    for preference in Preference:
        if wanted in {preference.value.rstrip("!").casefold(), preference.name.casefold()}:
            return preference
    known = ", ".join(preference.value for preference in Preference)
    raise PolicyError(f"no preference is called {label!r}; there are: {known}")


def drafts(*wanted: tuple[Side, SenPerKwh | None, WattHours]) -> tuple[DraftOrder, ...]:
    """Return an order for each side, limit and energy; none without a limit or without energy."""
    return tuple(
        DraftOrder(side, limit, energy)
        for side, limit, energy in wanted
        if limit is not None and energy > 0
    )


def apart(orders: Iterable[DraftOrder]) -> tuple[DraftOrder, ...]:
    """Return the orders with every bid put below the cheapest offer; a bid that cannot be is dropped."""
    given = tuple(orders)
    offers = [order.limit for order in given if order.side is Side.SELL]
    return tuple(_below(given, min(offers))) if offers else given


def _below(orders: Iterable[DraftOrder], cheapest_offer: SenPerKwh) -> Iterator[DraftOrder]:
    for order in orders:
        if order.side is Side.SELL or order.limit < cheapest_offer:
            yield order
        elif cheapest_offer > 0:
            yield replace(order, limit=SenPerKwh(cheapest_offer - 1))
