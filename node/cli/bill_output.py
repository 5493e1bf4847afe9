"""A bill for people and for programs. The JSON is that of the hub's `/v1/bills`, with the proof beside it."""

from collections.abc import Iterator
from dataclasses import asdict

from node.cli.bill_making import Proof, ProvenBill
from node.domain.slots import DeliverySlot, Product, local_date
from node.domain.units import SenPerKwh, WattHours, Yen5, format_kwh, format_price, format_yen
from node.indexer.bills import BillLine, BillTotals, LineKind, LineState


def bill_document(made: ProvenBill, product: Product) -> dict[str, object]:
    """Return a bill ready to be written as JSON."""
    return {
        "party": made.bill.party,
        "lines": [_line_document(line, product) for line in made.bill.lines],
        "totals": asdict(made.bill.totals),
        "ledger": _proof_document(made.proof),
    }


def bill_lines(made: ProvenBill, product: Product) -> list[str]:
    """Return a bill as lines: what was traded and what was not as agreed, totals, and the proof."""
    return [
        f"bill of {made.name} ({made.bill.party}); cash in JPY, received is positive",
        "",
        *(text for line in made.bill.lines for text in _line_texts(line, product)),
        *([] if made.bill.lines else ["no trades and no imbalances in these slots"]),
        "",
        *_total_texts(made.bill.totals),
        "",
        *_proof_texts(made.proof),
    ]


def _line_document(line: BillLine, product: Product) -> dict[str, object]:
    return {
        "slot": line.slot,
        "label": product.label(DeliverySlot(line.slot)),
        "point": line.point,
        "kind": line.kind.value,
        "energy_wh": line.energy_wh,
        "price_sen": line.price_sen,
        "cash_yen5": line.cash_yen5,
        "state": line.state.value,
        "transaction": f"0x{line.transaction.hex()}",
        "reason": None if line.reason is None else line.reason.value,
        "import_wh": line.import_wh,
        "export_wh": line.export_wh,
    }


def _line_texts(line: BillLine, product: Product) -> Iterator[str]:
    slot = DeliverySlot(line.slot)
    kind = "imbalance" if line.kind is LineKind.IMBALANCE else f"trade, {line.kind.value}"
    state = "" if line.state is LineState.SETTLED else f"  {line.state.value}"
    yield (
        f"{local_date(slot)} {product.label(slot)} ({slot})  {kind:<13}  {_kwh(line.energy_wh):>10} kWh  "
        f"{_price(line.price_sen):>7} JPY/kWh  {_yen(line.cash_yen5):>14} JPY  0x{line.transaction.hex()}{state}"
    )
    if line.reason is not None:
        yield f"    {line.reason.value}{_metered(line)}"


def _metered(line: BillLine) -> str:
    if line.import_wh is None or line.export_wh is None:
        return ""
    return (
        f" (metered: {_kwh(line.import_wh)} kWh taken, {_kwh(line.export_wh)} kWh given at metering "
        f"point {line.point})"
    )


def _total_texts(totals: BillTotals) -> list[str]:
    return [
        f"bought {_kwh(totals.bought_wh)} kWh, sold {_kwh(totals.sold_wh)} kWh",
        *_amount_texts(
            {
                "trades": totals.trade_yen5,
                "imbalances": totals.imbalance_yen5,
                "cash settled": totals.cash_yen5,
                "held, reading is missing": totals.held_yen5,
                "pending, not settled yet": totals.pending_yen5,
            }
        ),
    ]


def _proof_texts(proof: Proof) -> list[str]:
    return [
        f"account over all slots, as of block {proof.block}:",
        *_amount_texts(
            {
                "paid in": proof.paid_in,
                "withdrawn": -proof.withdrawn,
                "cash settled": proof.settled,
                "held proceeds": proof.held,
                "comes to": proof.billed,
                "ledger holds": proof.ledger,
                "referee recomputed": proof.referee,
            }
        ),
        "matches: bill, ledger and referee agree to 1e-5 JPY"
        if proof.problem is None
        else f"DOES NOT MATCH: {proof.problem}",
    ]


def _amount_texts(amounts: dict[str, int]) -> list[str]:
    return [f"  {name:<26}{_yen(amount):>20} JPY" for name, amount in amounts.items()]


def _proof_document(proof: Proof) -> dict[str, object]:
    return {
        "block": proof.block,
        "paid_in_yen5": proof.paid_in,
        "withdrawn_yen5": proof.withdrawn,
        "settled_yen5": proof.settled,
        "held_yen5": proof.held,
        "billed_yen5": proof.billed,
        "available_yen5": proof.account.available,
        "reserved_yen5": proof.account.reserved,
        "debt_yen5": proof.account.debt,
        "ledger_yen5": proof.ledger,
        "referee_yen5": proof.referee,
        "matches": proof.problem is None,
        "problem": proof.problem,
    }


def _kwh(energy: int) -> str:
    return format_kwh(WattHours(energy))


def _price(price: int) -> str:
    return format_price(SenPerKwh(price))


def _yen(money: int) -> str:
    return format_yen(Yen5(money))
