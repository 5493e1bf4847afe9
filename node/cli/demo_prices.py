"""The DSO of a demonstration: publishes the outside options as imbalance prices, always some slots ahead (G-26)."""

from dataclasses import dataclass, field

from node.chain.sender import Sender
from node.chain.signing import Signer
from node.cli.deployment import Deployment
from node.domain.policies import RETAIL_BUY, RETAIL_SELL

#: Slots of one publication, and how many published ones are left when the next comes: together far below a ring.
_AT_ONCE = 40
_IN_STOCK = 20


@dataclass(slots=True)
class PricePublisher:
    """Keeps the imbalance prices of the coming slots published."""

    deployment: Deployment
    dso: Signer
    _until: int = field(init=False, default=0)

    def keep_up(self, now: int) -> None:
        """Publish the next slots when few are left."""
        product = self.deployment.product
        first = next(product.openable_slots(now + product.slot_seconds))
        if self._until - first > _IN_STOCK * product.slot_seconds:
            return
        start = product.slot(max(first, self._until))
        call = self.deployment.contracts.ledger.publish_imbalance_prices(
            start, _AT_ONCE, RETAIL_SELL, RETAIL_BUY
        )
        Sender(self.deployment.client).send_and_wait(self.dso, call)
        self._until = start + _AT_ONCE * product.slot_seconds
