"""Readiness, errors and the interface as a whole."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from node.domain.clock import VirtualClock
from node.hub.dependencies import Services
from node.hub.errors import AddressTakenError, HubError
from node.hub.indexing import Indexing
from node.hub.problems import STATUS_OF
from node.indexer.follower import Follower
from node.indexer.memory import MemoryBlock, MemoryChain, UnknownBlockError
from node.metering.errors import MeteringError
from node.store.database import Database


def leaves(kind: type[Exception]) -> set[type[Exception]]:
    below = kind.__subclasses__()
    return {leaf for sub in below for leaf in leaves(sub)} if below else {kind}


def test_every_refusal_has_a_status() -> None:
    at_the_start_only = {AddressTakenError}
    assert leaves(MeteringError) | leaves(HubError) == STATUS_OF.keys() | at_the_start_only


def test_the_interface_is_the_one_of_the_snapshot(app: FastAPI, repo_root: Path) -> None:
    """After a wanted change: `python -m scripts.gen_openapi`."""
    snapshot = json.loads((repo_root / "tests" / "snapshots" / "openapi.json").read_text())
    assert json.loads(json.dumps(app.openapi())) == snapshot


def test_every_route_documents_its_errors_in_our_form(app: FastAPI) -> None:
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            refused = {s: r for s, r in operation["responses"].items() if int(s) >= 400}
            if path in {"/v1/health", "/v1/ready"}:
                continue
            assert {"422", "503"} <= refused.keys(), (method, path)
            for answer in refused.values():
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorBody"}, (method, path)


async def test_health_asks_nothing_behind_it(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health")).json() == {"status": "ok"}


async def test_a_hub_that_has_not_looked_at_the_chain_is_not_ready(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "followed": None, "head": None, "problem": None}


async def eventually(reached: Callable[[], bool]) -> None:
    """Let the other tasks run until something holds."""
    for _ in range(1000):
        if reached():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")


@contextlib.asynccontextmanager
async def running(indexing: Indexing) -> AsyncIterator[None]:
    """Run the task; the clock stands, so it looks once and waits."""
    task = asyncio.create_task(indexing.run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_hub_that_has_caught_up_is_ready(
    client: httpx.AsyncClient, services: Services, chain: MemoryChain
) -> None:
    chain.mine()
    async with running(services.indexing):
        await eventually(lambda: services.indexing.readiness.ready)
    answer = await client.get("/ready")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "followed": 8, "head": 8, "problem": None}


class Away(MemoryChain):
    """A chain that does not answer until it is back."""

    away = True

    def head(self) -> int:
        if self.away:
            raise UnknownBlockError("the chain does not answer")
        return super().head()


async def test_while_the_chain_is_away_the_hub_says_so_and_recovers(
    database: Database, clock: VirtualClock
) -> None:
    chain = Away()
    chain.mine()
    indexing = Indexing(Follower(database, chain, finality_depth=4), clock, poll_seconds=1)

    def recovered() -> bool:
        clock.advance_to(clock.now() + 1)
        return indexing.readiness.ready

    async with running(indexing):
        await eventually(lambda: indexing.readiness.problem is not None)
        assert "does not answer" in str(indexing.readiness.problem)
        assert not indexing.readiness.ready
        chain.away = False
        await eventually(recovered)
    assert indexing.readiness.problem is None


async def test_deeper_than_final_the_hub_halts_and_stays_not_ready(
    client: httpx.AsyncClient, services: Services, chain: MemoryChain
) -> None:
    chain.take_back(7)
    for _ in range(9):
        chain.mine()
    async with running(services.indexing):
        await eventually(lambda: services.indexing.readiness.problem is not None)

    answer = await client.get("/ready")
    assert answer.status_code == 503
    assert "DeepReorganisationError" in answer.json()["problem"]
    assert (await client.get("/slots/180000")).status_code == 200
    await asyncio.wait_for(services.indexing.run(), timeout=1)


class Nonsense(MemoryChain):
    """A chain whose client has a bug."""

    def block(self, number: int) -> MemoryBlock | None:
        raise ZeroDivisionError(str(number))


async def test_a_bug_ends_the_task_and_shows_in_the_readiness(
    database: Database, clock: VirtualClock
) -> None:
    chain = Nonsense()
    chain.mine()
    indexing = Indexing(Follower(database, chain, finality_depth=4), clock, poll_seconds=1)
    with pytest.raises(ZeroDivisionError):
        await indexing.run()
    assert indexing.readiness.problem == "ZeroDivisionError: 0"


def damage(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


async def test_a_database_that_is_damaged_while_the_hub_runs_is_named(
    client: httpx.AsyncClient, database: Database
) -> None:
    database.close()
    damage(Path(database.path))

    answer = await client.get("/slots")

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "database_unavailable"
    assert database.path in answer.json()["error"]["message"]
