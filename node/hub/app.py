"""The web application of a hub."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, FastAPI

from node.hub import problems
from node.hub.dependencies import HubDependencies, Services
from node.hub.limits import BodyLimit
from node.hub.routes import bills, health, points, readings, registrations, slots

#: Version of the HTTP interface, in every path.
API_VERSION = "1"


def create_app(given: HubDependencies) -> FastAPI:
    """Return a hub's application; it follows the chain for as long as it is served."""
    app = _routes()
    app.state.services = Services.of(given)
    return app


def interface() -> dict[str, Any]:
    """Return the OpenAPI description of every hub."""
    return _routes().openapi()


def _routes() -> FastAPI:
    app = FastAPI(
        title="Yuimaru hub",
        version=API_VERSION,
        summary="Readings in, the market out.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_follow_the_chain,
    )
    app.add_middleware(BodyLimit)
    problems.install(app)
    api = APIRouter(prefix="/v1")
    for noun in (registrations, readings, slots, points, bills, health):
        api.include_router(noun.router)
    app.include_router(api)
    return app


@contextlib.asynccontextmanager
async def _follow_the_chain(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    following = asyncio.create_task(services.indexing.run())
    try:
        yield
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
