"""The one seam to time: everything that asks what time it is, or waits, is handed a `Clock`.

`SystemClock` is the only reader of the wall clock in the whole project.
"""

import asyncio
import heapq
import time
from itertools import count
from typing import Protocol


class Clock(Protocol):
    """Tells the time in whole Unix seconds and waits for an instant."""

    def now(self) -> int:
        """Return the current Unix second."""
        ...

    async def wait_until(self, instant: int) -> None:
        """Return once `now()` is `instant` or later, letting other tasks run meanwhile."""
        ...

    def sleep_until(self, instant: int) -> None:
        """Return once `now()` is `instant` or later, holding the thread."""
        ...


#: Longest nap of the system clock: a wall clock that is set forward is noticed after this time at
#: the latest.
LONGEST_NAP_SECONDS = 5.0


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> int:
        """Return the current Unix second."""
        return int(time.time())

    async def wait_until(self, instant: int) -> None:
        """Sleep until `instant`; returns at once when it is past."""
        while True:
            nap = self._nap(instant)
            if nap <= 0:
                return
            await asyncio.sleep(nap)

    def sleep_until(self, instant: int) -> None:
        """Hold the thread until `instant`; returns at once when it is past."""
        while (nap := self._nap(instant)) > 0:
            time.sleep(nap)

    def _nap(self, instant: int) -> float:
        return min(instant - time.time(), LONGEST_NAP_SECONDS)


class VirtualClock:
    """A clock that stands still until it is moved: replays and tests.

    `advance_to` moves it and wakes the tasks that wait for an instant up to the new one. A
    synchronous sleeper is alone in its thread, so its sleep moves the clock itself. The clock never
    goes back.
    """

    def __init__(self, start: int) -> None:
        self._now = start
        self._arrivals = count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        """Return the instant at which the clock stands."""
        return self._now

    def advance_to(self, instant: int) -> None:
        """Move the clock to `instant` and wake whoever waits for it; an earlier instant changes nothing."""
        self._now = max(self._now, instant)
        while self._waiting and self._waiting[0][0] <= self._now:
            waiter = heapq.heappop(self._waiting)[2]
            if not waiter.done():
                waiter.set_result(None)

    def next_wake(self) -> int | None:
        """Return the earliest instant that a task waits for, or None when nobody waits."""
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        return self._waiting[0][0] if self._waiting else None

    async def wait_until(self, instant: int) -> None:
        """Wait until somebody moves the clock to `instant` or beyond."""
        if instant <= self._now:
            await asyncio.sleep(
                0
            )  # a loop of waits for past instants must still let other tasks run
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (instant, next(self._arrivals), waiter))
        await waiter

    def sleep_until(self, instant: int) -> None:
        """Move the clock to `instant`."""
        self.advance_to(instant)
