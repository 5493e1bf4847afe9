"""Events of the SpotAuction."""

from node.domain.orders import Side
from node.domain.words import unpack_fill
from node.indexer.source import Args, Projection
from node.store.chain_records import (
    CancellationRecord,
    ClearingRecord,
    FillRecord,
    OrderRecord,
    SlotRecord,
)

#: `Side` of the contracts.
SIDES = (Side.BUY, Side.SELL)

#: `Phase` of the contract that `SlotBooked` carries -> our stage.
BOOKED_STAGES = {4: "booked", 5: "lapsed", 6: "voided"}


def slot_opened(args: Args) -> list[SlotRecord]:
    return [SlotRecord(args["slot"], "opened")]


def order_submitted(args: Args) -> list[OrderRecord]:
    side = SIDES[args["side"]]
    return [
        OrderRecord(
            args["slot"], args["orderId"], args["point"], side, args["limit"], args["energy"]
        )
    ]


def order_cancelled(args: Args) -> list[CancellationRecord]:
    return [CancellationRecord(args["slot"], args["orderId"], args["point"], args["lapsed"])]


def slot_cleared(args: Args) -> list[ClearingRecord]:
    result = args["result"]
    return [
        ClearingRecord(
            slot=args["slot"],
            price_sen=result["price"],
            volume_wh=result["volume"],
            bid_filled_wh=result["bidFilled"],
            bid_total_wh=result["bidTotal"],
            offer_filled_wh=result["offerFilled"],
            offer_total_wh=result["offerTotal"],
        )
    ]


def fills_booked(args: Args) -> list[FillRecord]:
    fills = [unpack_fill(word) for word in args["fills"]]
    return [
        FillRecord(args["slot"], fill.order_id, fill.point, fill.side, fill.energy, fill.laid_from)
        for fill in fills
    ]


def slot_booked(args: Args) -> list[SlotRecord]:
    return [SlotRecord(args["slot"], BOOKED_STAGES[args["phase"]])]


PROJECTIONS: dict[str, Projection] = {
    "SlotOpened": slot_opened,
    "OrderSubmitted": order_submitted,
    "OrderCancelled": order_cancelled,
    "SlotCleared": slot_cleared,
    "FillsBooked": fills_booked,
    "SlotBooked": slot_booked,
}
