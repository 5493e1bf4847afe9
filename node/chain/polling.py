"""Pauses between questions to a node.

They are the patience of a connection, not market time: a virtual clock must not move while we wait for an answer,
so they do not go through the `Clock`.
"""

from collections.abc import Iterator
from threading import Event

_SHORTEST = 0.01
_LONGEST = 0.25
_GROWTH = 1.4


def pauses(seconds: float) -> Iterator[int]:
    """Yield the number of an attempt, the first at once, the next after growing pauses, until time is up."""
    waited, pause, attempt = 0.0, _SHORTEST, 0
    yield attempt
    while waited < seconds:
        rest(pause)
        waited += pause
        pause = min(pause * _GROWTH, _LONGEST)
        attempt += 1
        yield attempt


def rest(seconds: float) -> None:
    """Do nothing for a moment."""
    Event().wait(seconds)
