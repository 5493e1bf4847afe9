"""Readings out: an upper system or an oracle asks with conditions and gets exactly what meets them (D-14, D-21, D-28)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from node.domain.clock import Clock
from node.metering.errors import AuthenticationError, SystemUnknownError, WrongPasswordError
from node.metering.passwords import Passwords
from node.store.database import Database
from node.store.readings import PAGE_SIZE, Conditions
from node.store.records import Event, StoredReading


@dataclass(frozen=True, slots=True)
class Extract:
    """What meets the conditions, by measurement time; `more` when the page is full and others may follow."""

    readings: Sequence[StoredReading]
    more: bool


@dataclass(frozen=True, slots=True)
class Extraction:
    """Answers requests of the systems that the hub operator has added."""

    database: Database
    clock: Clock
    passwords: Passwords
    page_size: int = PAGE_SIZE

    def extract(self, name: str, password: str, conditions: Conditions) -> Extract:
        """Return what meets the conditions; every step is in the event log."""
        at = self.clock.now()
        try:
            self._authenticate(name, password)
        except AuthenticationError as refusal:
            with self.database.write() as work:
                work.events.add(at, Event.REQUEST_RECEIVED, name, content=conditions.asked())
                work.events.add(
                    at, Event.AUTHENTICATION_FAILED, name, content={"reason": refusal.code}
                )
                work.commit()
            raise
        with self.database.write() as work:
            work.events.add(at, Event.REQUEST_RECEIVED, name, content=conditions.asked())
            work.events.add(at, Event.AUTHENTICATED, name)
            found = work.readings.select(conditions, self.page_size + 1)
            extract = Extract(found[: self.page_size], more=len(found) > self.page_size)
            work.events.add(at, Event.EXTRACTED, name, items=len(extract.readings))
            work.commit()
        return extract

    def sent(self, name: str, extract: Extract) -> None:
        """Note that an answer has gone out and which records were in it (D-25, D-29)."""
        numbers = ranges(stored.number for stored in extract.readings)
        with self.database.write() as work:
            work.events.add(
                self.clock.now(),
                Event.DATA_SENT,
                name,
                items=len(extract.readings),
                content={"numbers": numbers},
            )
            work.commit()

    def _authenticate(self, name: str, password: str) -> None:
        with self.database.read() as view:
            system = view.systems.find(name)
        if system is None:
            raise SystemUnknownError(name)
        if not self.passwords.proves(password, system.verifier):
            raise WrongPasswordError(name)


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Return numbers as [first, last] of each unbroken run: what a log line has room for."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs
