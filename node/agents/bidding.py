"""From a forecast to orders (C-31, G-07). Pure: homes and replays bid by the same lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from node.domain.orders import LARGEST_ORDER, Side
from node.domain.policies import DraftOrder, Policy, Situation
from node.domain.readings import PointLimits
from node.domain.slots import Product
from node.domain.units import SenPerKwh, WattHours


@dataclass(frozen=True, slots=True)
class Bidder:
    """A participant as the market sees it.

    A policy within a metering point's rating and a product's price grid.
    """

    policy: Policy
    limits: PointLimits
    product: Product

    def orders(self, situation: Situation) -> tuple[DraftOrder, ...]:
        """Return the orders for a slot, all of them acceptable to the market."""
        drafts = [self._on_grid(draft) for draft in self.policy.draft(situation)]
        bids = [draft for draft in drafts if draft.side is Side.BUY]
        offers = [draft for draft in drafts if draft.side is Side.SELL]
        return (*_within(offers, self.limits.export_wh), *_within(bids, self.limits.import_wh))

    def _on_grid(self, draft: DraftOrder) -> DraftOrder:
        lowest, highest = self.product.price_offset, self.product.highest_price
        return replace(draft, limit=SenPerKwh(min(max(draft.limit, lowest), highest)))


def _within(drafts: Sequence[DraftOrder], rating: WattHours) -> Iterator[DraftOrder]:
    """Cut orders of one side so that together they stay within the rating.

    The first ones keep theirs.
    """
    left = min(rating, LARGEST_ORDER)
    for draft in drafts:
        energy = WattHours(min(draft.energy, left))
        if energy > 0:
            yield replace(draft, energy=energy)
        left = WattHours(left - energy)
