"""The keeper's pace."""

import threading

from node.chain.errors import ChainUnavailableError
from node.domain.clock import SystemClock, VirtualClock
from node.settlement.rounds import Round
from node.settlement.service import KeeperService


class CountingKeeper:
    """Counts its rounds; lets a test wait for one."""

    def __init__(self, wanted: int) -> None:
        self.instants: list[int] = []
        self.enough = threading.Event()
        self.together = 0
        self.most_together = 0
        self._wanted = wanted

    def round(self, now: int) -> Round:
        """Take note of the time."""
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        self.instants.append(now)
        if len(self.instants) >= self._wanted:
            self.enough.set()
        self.together -= 1
        return Round(problem=ChainUnavailableError({"a": "down"}))


def test_rounds_come_one_after_another_and_are_reported() -> None:
    keeper, reported = CountingKeeper(wanted=3), list[Round]()
    service = KeeperService(keeper, SystemClock(), 0.02, reported.append)

    service.start()
    assert keeper.enough.wait(10)
    service.stop()

    assert keeper.most_together == 1
    assert len(reported) == len(keeper.instants) >= 3
    assert all(round_.problem is not None for round_ in reported), "and it goes on when cut short"


def test_after_the_stop_no_round_comes() -> None:
    keeper = CountingKeeper(wanted=1)
    service = KeeperService(keeper, SystemClock(), 0.01, lambda _: None)
    service.start()
    assert keeper.enough.wait(10)
    service.stop()
    rounds = len(keeper.instants)

    assert not threading.Event().wait(0.05)
    assert len(keeper.instants) == rounds


def test_the_time_is_that_of_the_clock() -> None:
    keeper = CountingKeeper(wanted=1)
    service = KeeperService(keeper, VirtualClock(1000), 0.01, lambda _: None)

    service.start()
    assert keeper.enough.wait(10)
    service.stop()

    assert set(keeper.instants) == {1000}
