"""Why the indexer stops, and why it tries again.

* IndexerError
  * DeepReorganisationError   the chain took back more than is ever final: halt, a person has to look
  * ChainInconsistentError    answers of the chain do not fit together: nothing was written, ask again
  * BillMismatchError         a bill and the ledger disagree, which must never happen
"""

from node.domain.errors import YuimaruError


class IndexerError(YuimaruError):
    """Base of everything the indexer raises."""


class DeepReorganisationError(IndexerError):
    """The chain differs from what was followed deeper than blocks are final."""

    def __init__(self, followed: int, finality_depth: int) -> None:
        super().__init__(
            f"the chain took back block {followed - finality_depth} or an earlier one, though {followed} was "
            f"followed and {finality_depth} blocks are final: it is another chain, or one that was reset. "
            "Nothing was changed. Check the node; then rebuild the chain tables from block 0"
        )
        self.followed = followed
        self.finality_depth = finality_depth


class ChainInconsistentError(IndexerError):
    """The node answered with blocks or logs that do not belong together."""


class BillMismatchError(IndexerError):
    """What the trades of a metering point come to is not what the ledger moved for them."""

    def __init__(self, slot: int, point: int, trades_yen5: int, ledger_yen5: int) -> None:
        super().__init__(
            f"slot {slot}, metering point {point}: its trades come to {trades_yen5} yen5, "
            f"the ledger moved {ledger_yen5}"
        )
        self.slot = slot
        self.point = point
