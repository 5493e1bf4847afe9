"""What metering points traded, metered and were settled for (C-36, D-35)."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from node.domain.readings import LARGEST_POINT
from node.hub.dependencies import HubServices
from node.hub.problems import describe
from node.hub.schemas import PositionBody, PositionsPage, SpanQuery
from node.indexer import views

router = APIRouter(prefix="/points", tags=["market"])

#: Most positions of one answer.
PAGE_POSITIONS = 1000


@router.get("/{point}/positions", responses=describe(422, 503))
def positions(
    point: Annotated[int, Path(ge=1, le=LARGEST_POINT)],
    query: Annotated[SpanQuery, Query()],
    services: HubServices,
) -> PositionsPage:
    """Return the positions of a metering point slot by slot."""
    with services.database.read() as view:
        found = views.positions(view, point, range(query.since, query.until))
    more = found[PAGE_POSITIONS:]
    return PositionsPage(
        point=point,
        positions=[PositionBody(**asdict(position)) for position in found[:PAGE_POSITIONS]],
        next=more[0].slot if more else None,
    )
