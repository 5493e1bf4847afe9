"""Runs the keeper's rounds at a steady pace in a process of its own."""

from collections.abc import Callable
from datetime import UTC
from typing import Protocol

from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]

from node.domain.clock import Clock
from node.settlement.rounds import Round


class Rounds(Protocol):
    """What is run: `node.settlement.rounds.Keeper`, or a stand-in."""

    def round(self, now: int) -> Round:
        """Do what is due now."""
        ...


class KeeperService:
    """Does a round every so many seconds, never two at a time; a round that takes long swallows those it delays."""

    def __init__(
        self,
        keeper: Rounds,
        clock: Clock,
        every_seconds: float,
        report: Callable[[Round], None],
    ) -> None:
        self._keeper = keeper
        self._clock = clock
        self._report = report
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_job(
            self._round,
            "interval",
            seconds=every_seconds,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def start(self) -> None:
        """Begin; the first round comes after one interval."""
        self._scheduler.start()

    def stop(self) -> None:
        """Let a round that is running end, and begin no other."""
        self._scheduler.shutdown(wait=True)

    def _round(self) -> None:
        self._report(self._keeper.round(self._clock.now()))
