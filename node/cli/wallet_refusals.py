"""The refusals of the contracts in a person's words: what was wrong, by how much, and what to do.

One class per error of the contracts that a wallet can meet, under the same name. Whatever else a contract may say
passes through as it is.
"""

from collections.abc import Callable, Mapping
from typing import Any

from node.chain.contracts.auction import AuctionPhase
from node.chain.errors import TransactionRevertedError
from node.cli.wallet_errors import MarketRefusalError
from node.domain.errors import YuimaruError
from node.domain.slots import DeliverySlot, Product, local_date
from node.domain.units import SenPerKwh, Yen5, format_price, format_yen

#: The values that a contract's error carries.
Args = Mapping[str, Any]


class NoSlotOpenError(MarketRefusalError):
    """No slot takes orders now."""

    def __init__(self, now: int, asked: int) -> None:
        super().__init__(
            f"none of the {asked} slots that could take orders at {now} is open; the operator opens them: "
            "is it running?"
        )


class CallTimePassedError(MarketRefusalError):
    """The order or cancel came at or after call time."""

    def __init__(self, product: Product, args: Args) -> None:
        super().__init__(
            f"{slot_text(product, args['slot'])} has taken no orders and cancels since its call time "
            f"{args['callTime']}; bid for a later slot, such as --slot next"
        )


class SlotNotOpenError(MarketRefusalError):
    """The slot was not opened, has lapsed or was voided."""

    def __init__(self, product: Product, args: Args) -> None:
        phase = AuctionPhase(args["phase"])
        said = "is not open yet" if phase is AuctionPhase.NONE else f"has {phase.name.lower()}"
        if phase is AuctionPhase.VOIDED:
            said = "was voided by the DSO"
        super().__init__(
            f"{slot_text(product, args['slot'])} {said}; slots open at most {product.horizon} s ahead: "
            "name an open one, such as --slot next"
        )


class PriceOffGridError(MarketRefusalError):
    """The limit is not on the product's price grid."""

    def __init__(self, _product: Product, args: Args) -> None:
        lowest, highest = SenPerKwh(args["lowest"]), SenPerKwh(args["highest"])
        super().__init__(
            f"price {format_price(SenPerKwh(args['price']))} JPY/kWh is off the grid, which goes from "
            f"{format_price(lowest)} to {format_price(highest)} JPY/kWh in steps of 0.01"
        )


class EnergyInvalidError(MarketRefusalError):
    """The order is of no energy, or of too much."""

    def __init__(self, _product: Product, args: Args) -> None:
        super().__init__(f"energy {args['energy']} Wh: an order is 1 to {args['largest']} Wh")


class RatingExceededError(MarketRefusalError):
    """The open orders of a point would exceed what it can take or give in a slot (G-07)."""

    def __init__(self, _product: Product, args: Args) -> None:
        super().__init__(
            f"the orders of metering point {args['point']} would come to {args['ordered']} Wh, more than the "
            f"{args['rating']} Wh that it can carry in a slot; order less, or cancel another order first"
        )


class NotTheOwnerError(MarketRefusalError):
    """Somebody else's metering point or order."""

    def __init__(self, _product: Product, args: Args) -> None:
        super().__init__(
            f"metering point {args['point']} is not {args['caller']}'s in this slot; only its owner orders "
            "and cancels for it: check --account, --point and the order's number"
        )


class BookFullError(MarketRefusalError):
    """The slot has no more room."""

    def __init__(self, product: Product, args: Args) -> None:
        super().__init__(f"{slot_text(product, args['slot'])} is full; bid for another slot")


class OrderUnknownError(MarketRefusalError):
    """The order id was never given out in the slot."""

    def __init__(self, product: Product, args: Args) -> None:
        super().__init__(
            f"{slot_text(product, args['slot'])} has no order {args['orderId']}; `yuimaru wallet list` names yours"
        )


class OrderAlreadyCancelledError(MarketRefusalError):
    """The order was cancelled before."""

    def __init__(self, product: Product, args: Args) -> None:
        super().__init__(
            f"order {args['orderId']} of {slot_text(product, args['slot'])} was cancelled before; its reserve "
            "is free again"
        )


class PartyIsSuspendedError(MarketRefusalError):
    """The account is suspended (G-28)."""

    def __init__(self, _product: Product, args: Args) -> None:
        super().__init__(
            f"{args['party']} is suspended and may not order; it may cancel and withdraw. Ask the market operator"
        )


class MeteringPointUnknownError(MarketRefusalError):
    """The metering point does not exist or does not take part in the slot."""

    def __init__(self, _product: Product, args: Args) -> None:
        super().__init__(
            f"metering point {args['point']} does not take part in this slot: not registered, or only from a "
            "later slot on"
        )


class UncoveredError(MarketRefusalError):
    """The account's free money does not cover the order or withdrawal (G-12)."""

    def __init__(self, _product: Product, args: Args) -> None:
        free, needed = Yen5(args["free"]), Yen5(args["needed"])
        super().__init__(
            f"{args['account']} has {format_yen(free)} JPY free and needs {format_yen(needed)} JPY; pay in with "
            "`yuimaru wallet deposit`, ask for less, or cancel an order"
        )


class DebtOutstandingError(MarketRefusalError):
    """The account has a debt, which blocks orders and withdrawals."""

    def __init__(self, _product: Product, args: Args) -> None:
        super().__init__(
            f"{args['account']} owes {format_yen(Yen5(args['debt']))} JPY, which blocks orders and withdrawals; "
            "pay it in with `yuimaru wallet deposit`"
        )


class AmountInvalidError(MarketRefusalError):
    """The amount is zero or too large to be money."""

    def __init__(self, _product: Product, args: Args) -> None:
        super().__init__(f"{args['yen']} JPY is no amount that can be withdrawn")


_BY_NAME: Mapping[str, Callable[[Product, Args], MarketRefusalError]] = {
    "CallTimePassed": CallTimePassedError,
    "WrongPhase": SlotNotOpenError,
    "PriceOffGrid": PriceOffGridError,
    "EnergyInvalid": EnergyInvalidError,
    "RatingExceeded": RatingExceededError,
    "NotTheOwner": NotTheOwnerError,
    "BookFull": BookFullError,
    "OrderUnknown": OrderUnknownError,
    "OrderAlreadyCancelled": OrderAlreadyCancelledError,
    "PartyIsSuspended": PartyIsSuspendedError,
    "MeteringPointUnknown": MeteringPointUnknownError,
    "Uncovered": UncoveredError,
    "DebtOutstanding": DebtOutstandingError,
    "AmountInvalid": AmountInvalidError,
}


def explained(refused: TransactionRevertedError, product: Product) -> YuimaruError:
    """Return the named error for a refusal; what no wallet should meet stays as the contract said it."""
    worded = _BY_NAME.get(refused.refusal.name)
    return refused if worded is None else worded(product, refused.refusal.args)


def slot_text(product: Product, slot: int) -> str:
    """Return a slot in a person's words, with its start in Unix seconds."""
    return f"slot {slot} ({local_date(slot)} {product.label(DeliverySlot(slot))})"
