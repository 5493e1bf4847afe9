"""Placing an order by hand."""

from dataclasses import dataclass

from node.chain.signing import Signer
from node.cli.deployment import Deployment
from node.cli.wallet_amounts import parse_price, parse_whole
from node.cli.wallet_market import point_for, send, slot_of
from node.cli.wallet_refusals import PriceOffGridError, slot_text
from node.domain.orders import LARGEST_ORDER, Side
from node.domain.readings import LARGEST_POINT
from node.domain.units import SenPerKwh, WattHours, format_price, format_yen


@dataclass(frozen=True, slots=True)
class Bid:
    """An order as it was typed; the slot may still be a word."""

    slot: str
    side: Side
    limit: SenPerKwh
    energy: WattHours
    point: int | None


def parse_bid(slot: str, side: Side, price: str, energy: str, point: str | None) -> Bid:
    """Return what was typed, or refuse what is no price, energy or metering point."""
    return Bid(
        slot=slot,
        side=side,
        limit=parse_price(price),
        energy=WattHours(parse_whole("--energy", energy, 1, LARGEST_ORDER, "Wh")),
        point=None
        if point is None
        else parse_whole("--point", point, 1, LARGEST_POINT, "a metering point"),
    )


def place_bid(deployment: Deployment, signer: Signer, bid: Bid) -> list[str]:
    """Send the order and return what to tell: its number, what it reserves, its transaction."""
    product, contracts = deployment.product, deployment.contracts
    slot = slot_of(deployment, bid.slot)
    if not product.on_grid(bid.limit):
        grid = {
            "price": bid.limit,
            "lowest": product.price_offset,
            "highest": product.highest_price,
        }
        raise PriceOffGridError(product, grid)
    point = point_for(deployment, signer.address, slot, bid.point)
    call = contracts.auction.submit(slot, point, bid.side, bid.limit, bid.energy)
    answer = send(deployment, signer, call)
    reserve = deployment.client.read(
        contracts.ledger.collateral_of(bid.side, bid.energy, bid.limit)
    )
    number = answer.argument("OrderSubmitted", "orderId")
    return [
        f"order {number} in {slot_text(product, slot)}: {bid.side} {bid.energy} Wh at {format_price(bid.limit)} "
        f"JPY/kWh or better for metering point {point}",
        f"reserved {format_yen(reserve)} JPY until the auction is booked",
        f"transaction 0x{answer.tx_hash.hex()}",
    ]
