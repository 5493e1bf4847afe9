"""Bills, made from the chain tables."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from node.domain.slots import DeliverySlot, Product
from node.hub.dependencies import HubServices
from node.hub.problems import describe
from node.hub.schemas import BillBody, BillLineBody, BillTotalsBody, SpanQuery
from node.indexer.bills import BillLine, bill
from node.indexer.queries import bill_rows

router = APIRouter(prefix="/bills", tags=["market"])


@router.get("/{party}", responses=describe(422, 503))
def party_bill(
    party: Annotated[str, Path(pattern=r"^0x[0-9a-fA-F]{40}$")],
    query: Annotated[SpanQuery, Query()],
    services: HubServices,
) -> BillBody:
    """Return the bill of a party: each trade and imbalance with its price, cash, transaction and reason."""
    slots = range(query.since, query.until)
    with services.database.read() as view:
        made = bill(party, bill_rows(view, party, slots), slots)
    return BillBody(
        party=made.party,
        lines=[_line(line, services.product) for line in made.lines],
        totals=BillTotalsBody(**asdict(made.totals)),
    )


def _line(line: BillLine, product: Product) -> BillLineBody:
    return BillLineBody(
        slot=line.slot,
        label=product.label(DeliverySlot(line.slot)),
        point=line.point,
        kind=line.kind,
        energy_wh=line.energy_wh,
        price_sen=line.price_sen,
        cash_yen5=line.cash_yen5,
        state=line.state,
        transaction=f"0x{line.transaction.hex()}",
        reason=line.reason,
        import_wh=line.import_wh,
        export_wh=line.export_wh,
    )
