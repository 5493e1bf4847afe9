"""Settlement of a slot: cash for trades and for imbalance, collateral, and silence (G-10, G-11, G-12).

Trades settle at their price for the contracted energy. What a metering point then exported more or
less than it had sold, net of what it bought, is its imbalance, settled with the balancing account
at the slot's long or short price. Nothing is netted between points, nothing rounds, and all cash of
a slot adds up to zero.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from node.domain.errors import SettlementError
from node.domain.orders import Side
from node.domain.slots import Product
from node.domain.units import NO_ENERGY, NO_MONEY, SenPerKwh, WattHours, Yen5, cost

PartyT = TypeVar("PartyT", bound=Hashable)


@dataclass(frozen=True, slots=True)
class ImbalancePrices:
    """What a surplus earns (`long`) and a shortfall costs (`short`); long is never above short."""

    long: SenPerKwh
    short: SenPerKwh

    def __post_init__(self) -> None:
        if self.long > self.short:
            raise SettlementError(f"long price {self.long} is above the short price {self.short}")


@dataclass(frozen=True)  # no slots: Python 3.11 cannot build Trade[str](...) with them
class Trade(Generic[PartyT]):
    """A seller, a buyer, the energy contracted and its price. Both may be the same: a trade with oneself."""

    seller: PartyT
    buyer: PartyT
    energy: WattHours
    price: SenPerKwh


@dataclass(frozen=True, slots=True)
class Contract:
    """What the trades of one metering point in a slot add up to."""

    sold: WattHours = NO_ENERGY
    bought: WattHours = NO_ENERGY
    earned: Yen5 = NO_MONEY
    paid: Yen5 = NO_MONEY

    @property
    def net_export(self) -> WattHours:
        """The net export that was contracted."""
        return WattHours(self.sold - self.bought)

    @property
    def cash(self) -> Yen5:
        """Cash of the trades, positive = received."""
        return Yen5(self.earned - self.paid)


@dataclass(frozen=True, slots=True)
class PointSettlement:
    """What one metering point receives (positive) or pays for a slot, and why.

    `held` are proceeds that stay reserved while the reading is missing. `missing` flags a point
    without a reading.
    """

    contract_cash: Yen5
    imbalance_wh: WattHours
    imbalance_cash: Yen5
    held: Yen5 = NO_MONEY
    missing: bool = False

    @property
    def total(self) -> Yen5:
        """Cash that moves."""
        return Yen5(self.contract_cash + self.imbalance_cash)


@dataclass(frozen=True)
class SlotSettlement(Generic[PartyT]):
    """The settlement of a slot: everybody's part and that of the balancing account."""

    points: Mapping[PartyT, PointSettlement]
    balancing_account: Yen5


def settle_slot(
    trades: Iterable[Trade[PartyT]],
    metered_net_export: Mapping[PartyT, WattHours],
    prices: ImbalancePrices,
) -> SlotSettlement[PartyT]:
    """Settle a slot from its trades and what was metered, whoever appears in either, in order of appearance.

    Whoever traded but has no metered value is flagged: its sales count as not delivered, its
    purchases as consumed, so that silence never pays.
    """
    contracts = contracts_of(trades)
    points: dict[PartyT, PointSettlement] = {}
    for party in [*contracts, *(party for party in metered_net_export if party not in contracts)]:
        contract = contracts.get(party, Contract())
        metered = metered_net_export.get(party)
        if metered is None:
            silent = settle_point(contract, WattHours(-contract.bought), prices)
            points[party] = replace(silent, missing=True)
        else:
            points[party] = settle_point(contract, metered, prices)
    imbalance_cash = sum(point.imbalance_cash for point in points.values())
    return SlotSettlement(points, Yen5(-imbalance_cash))


def contracts_of(trades: Iterable[Trade[PartyT]]) -> dict[PartyT, Contract]:
    """Return what the trades of each party add up to, in order of appearance."""
    contracts: dict[PartyT, Contract] = {}
    for trade in trades:
        cash = cost(trade.energy, trade.price)
        seller = contracts.get(trade.seller, Contract())
        contracts[trade.seller] = replace(
            seller, sold=WattHours(seller.sold + trade.energy), earned=Yen5(seller.earned + cash)
        )
        buyer = contracts.get(trade.buyer, Contract())
        contracts[trade.buyer] = replace(
            buyer, bought=WattHours(buyer.bought + trade.energy), paid=Yen5(buyer.paid + cash)
        )
    return contracts


def settle_point(
    contract: Contract, metered_net_export: WattHours, prices: ImbalancePrices
) -> PointSettlement:
    """Settle one metering point on its metered net export (export less import)."""
    imbalance = WattHours(metered_net_export - contract.net_export)
    price = prices.long if imbalance > 0 else prices.short
    return PointSettlement(contract.cash, imbalance, cost(imbalance, price))


def settle_without_reading(contract: Contract) -> PointSettlement:
    """Settle a point whose reading is missing at the end of the reading window (G-11).

    Its purchases are paid and the proceeds of its sales stay reserved; the imbalance is not known
    yet.
    """
    return PointSettlement(
        contract_cash=Yen5(-contract.paid),
        imbalance_wh=NO_ENERGY,
        imbalance_cash=NO_MONEY,
        held=contract.earned,
        missing=True,
    )


def settle_late(
    contract: Contract, metered_net_export: WattHours, prices: ImbalancePrices
) -> PointSettlement:
    """Settle a flagged point whose reading came in the correction window: the held proceeds and the imbalance."""
    late = settle_point(contract, metered_net_export, prices)
    return replace(late, contract_cash=contract.earned)


def settle_final(
    contract: Contract, fallback_import: WattHours, prices: ImbalancePrices
) -> PointSettlement:
    """Settle a flagged point whose reading never came: it exported nothing and imported its registered fallback."""
    return replace(settle_late(contract, WattHours(-fallback_import), prices), missing=True)


def imbalance_prices(
    product: Product, published: ImbalancePrices | None, clearing_price: SenPerKwh | None
) -> ImbalancePrices:
    """Return the prices that settle a slot: what was published, or the product's bounds, never better than the market.

    short is at least and long at most the clearing price, so that withholding energy never pays
    (G-10).
    """
    prices = published or ImbalancePrices(product.long_floor, product.short_cap)
    if clearing_price is None:
        return prices
    return ImbalancePrices(min(prices.long, clearing_price), max(prices.short, clearing_price))


def check_published(product: Product, prices: ImbalancePrices) -> None:
    """Raise `SettlementError` when the DSO may not publish these prices for a slot of this product."""
    if prices.long < product.long_floor:
        raise SettlementError(f"long price {prices.long} is below the bound {product.long_floor}")
    if prices.short > product.short_cap:
        raise SettlementError(f"short price {prices.short} is above the bound {product.short_cap}")


def collateral(product: Product, side: Side, limit_or_price: SenPerKwh, energy: WattHours) -> Yen5:
    """Return what an order reserves at its limit, and what its fill keeps reserved at the clearing price (G-12).

    A bid may cost its price; an offer that is not delivered costs what the shortfall is dearer than
    its price.
    """
    if side is Side.BUY:
        return cost(energy, limit_or_price)
    return cost(energy, SenPerKwh(max(0, product.short_cap - limit_or_price)))


def released_at_booking(
    product: Product,
    side: Side,
    limit: SenPerKwh,
    ordered: WattHours,
    price: SenPerKwh,
    filled: WattHours,
) -> Yen5:
    """Return what of an order's reserve comes free when its fill is booked."""
    kept = collateral(product, side, price, filled)
    return Yen5(collateral(product, side, limit, ordered) - kept)
