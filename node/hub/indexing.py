"""Keeps the chain tables up to date while the hub runs, and says whether they are."""

import asyncio
from dataclasses import dataclass

from node.domain.clock import Clock
from node.domain.errors import YuimaruError
from node.indexer.errors import DeepReorganisationError
from node.indexer.follower import Follower, Progress


@dataclass(frozen=True, slots=True)
class Readiness:
    """How far the tables follow, and what is in the way; both are None before the first look at the chain."""

    progress: Progress | None = None
    problem: str | None = None

    @property
    def ready(self) -> bool:
        """Whether the tables hold everything the chain had at the last look."""
        return self.problem is None and self.progress is not None and self.progress.caught_up


class Indexing:
    """The background task that follows the chain.

    A chain or database that is away is asked again at the next look. A reorganisation deeper than blocks are
    final ends the task: `readiness` says so and stays like that until a person has looked.
    """

    def __init__(self, follower: Follower, clock: Clock, poll_seconds: int) -> None:
        self.follower = follower
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._halted = False
        self.readiness = Readiness()

    async def run(self) -> None:
        """Follow until the task is cancelled or the chain cannot be followed any more."""
        while not self._halted:
            await self._look()
            if self.readiness.ready or self.readiness.problem is not None:
                await self._clock.wait_until(self._clock.now() + self._poll_seconds)

    async def _look(self) -> None:
        try:
            self.readiness = Readiness(await _in_thread(self.follower))
        except DeepReorganisationError as halt:
            self._halted = True
            self._fail(halt)
        except YuimaruError as problem:
            self._fail(problem)
        except Exception as bug:
            self._fail(bug)
            raise

    def _fail(self, problem: Exception) -> None:
        said = f"{type(problem).__name__}: {problem}"
        self.readiness = Readiness(self.readiness.progress, said)


async def _in_thread(follower: Follower) -> Progress:
    """Make one step beside the event loop; a cancelled task still waits for the step's transaction to end."""
    step = asyncio.create_task(asyncio.to_thread(follower.step))
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        await asyncio.wait([step])
        raise
