"""Whether the process answers, and whether its chain tables are up to date."""

from fastapi import APIRouter, Response

from node.hub.dependencies import HubServices
from node.hub.schemas import HealthBody, ReadyBody

router = APIRouter(tags=["health"])


@router.get("/health")
def health() -> HealthBody:
    """Say that the process answers; nothing behind it is asked."""
    return HealthBody(status="ok")


@router.get("/ready", responses={503: {"model": ReadyBody, "description": "Not caught up."}})
def ready(services: HubServices, response: Response) -> ReadyBody:
    """Say whether the tables hold everything the chain had at the last look; 503 until then."""
    state = services.indexing.readiness
    if not state.ready:
        response.status_code = 503
    progress = state.progress
    return ReadyBody(
        ready=state.ready,
        followed=None if progress is None else progress.followed,
        head=None if progress is None else progress.head,
        problem=state.problem,
    )
