"""Slots, their books, orders and units (C-15 to C-20, C-24 to C-27, C-52)."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from node.domain.book import BookLevel
from node.domain.slots import DeliverySlot, Product
from node.hub.dependencies import HubServices
from node.hub.errors import SlotUnknownError
from node.hub.problems import describe
from node.hub.schemas import (
    LARGEST_INTEGER,
    BookBody,
    LevelBody,
    LevelsQuery,
    OrderBody,
    SlotBody,
    SlotsPage,
    SpanQuery,
    TradesBody,
    UnitBody,
    UnitsBody,
)
from node.indexer import views
from node.indexer.views import OrderView, SlotRows, SlotSummary
from node.store.database import View

router = APIRouter(prefix="/slots", tags=["market"])

#: Most slots of one answer.
PAGE_SLOTS = 1000

#: Latest slot whose successor is still a number that every database holds.
SlotStart = Annotated[int, Path(ge=0, le=LARGEST_INTEGER - 1)]


@router.get("", responses=describe(422, 503))
def slots(query: Annotated[SpanQuery, Query()], services: HubServices) -> SlotsPage:
    """Return the slots that were opened, in order."""
    product, now = services.product, services.clock.now()
    with services.database.read() as view:
        found = views.slots(view, range(query.since, query.until), product, now)
    more = found[PAGE_SLOTS:]
    return SlotsPage(
        slots=[_slot(summary, product) for summary in found[:PAGE_SLOTS]],
        next=more[0].slot if more else None,
    )


@router.get("/{slot}", responses=describe(404, 422, 503))
def one_slot(slot: SlotStart, services: HubServices) -> SlotBody:
    """Return one slot and its result."""
    product, now = services.product, services.clock.now()
    with services.database.read() as view:
        found = views.slots(view, range(slot, slot + 1), product, now)
    if not found:
        raise SlotUnknownError(slot)
    return _slot(found[0], product)


@router.get("/{slot}/book", responses=describe(404, 422, 503))
def book(
    slot: SlotStart, query: Annotated[LevelsQuery, Query()], services: HubServices
) -> BookBody:
    """Return the book as it is displayed: SELL | PRICE | BUY with OVER and UNDER."""
    with services.database.read() as view:
        shown = views.displayed_book(view, _rows(view, slot), query.levels)
    return BookBody(
        slot=slot,
        sells=[_level(level) for level in shown.sells],
        buys=[_level(level) for level in shown.buys],
        over_wh=shown.over,
        under_wh=shown.under,
        updated_at=shown.last_update,
    )


@router.get("/{slot}/trades", responses=describe(404, 422, 503))
def trades(slot: SlotStart, services: HubServices) -> TradesBody:
    """Return every order of a slot with its fill, and why it got nothing."""
    with services.database.read() as view:
        rows = _rows(view, slot)
    clearing = rows.clearing
    traded = clearing is not None and clearing.volume_wh > 0
    return TradesBody(
        slot=slot,
        price_sen=clearing.price_sen if clearing is not None and traded else None,
        orders=[_order(order) for order in views.order_views(rows)],
    )


@router.get("/{slot}/units", responses=describe(404, 422, 503))
def units(slot: SlotStart, services: HubServices) -> UnitsBody:
    """Return the balanced units of a slot: who delivers how much to whom."""
    with services.database.read() as view:
        found = views.units(view, slot, _rows(view, slot))
    return UnitsBody(slot=slot, units=[UnitBody(**asdict(unit)) for unit in found])


def _rows(view: View, slot: int) -> SlotRows:
    rows = views.slot_rows(view, slot)
    if not rows.stages:
        raise SlotUnknownError(slot)
    return rows


def _slot(summary: SlotSummary, product: Product) -> SlotBody:
    return SlotBody(**asdict(summary), label=product.label(DeliverySlot(summary.slot)))


def _level(level: BookLevel) -> LevelBody:
    return LevelBody(price_sen=level.price, energy_wh=level.energy)


def _order(view: OrderView) -> OrderBody:
    order = view.order
    return OrderBody(
        order_id=order.order_id,
        point=order.point,
        side=order.side,
        limit_sen=order.limit_sen,
        energy_wh=order.energy_wh,
        filled_wh=view.filled_wh,
        outcome=view.outcome,
        transaction=f"0x{view.transaction.hex()}",
    )
