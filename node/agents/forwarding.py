"""Sends signed readings to the hub until it has taken them (store and forward)."""

from dataclasses import dataclass, field
from typing import Final, Protocol

from node.agents.errors import HomeSetupError, HubRefusedError
from node.agents.hub_client import Registration
from node.agents.journal import Journal, ReadingState, SignedReading
from node.agents.site import Notes
from node.domain.clock import Clock
from node.domain.slots import Product

#: Readings that are looked at in one round.
AT_ONCE: Final = 100

#: Longest pause after a hub that did not answer.
LONGEST_PAUSE_SECONDS: Final = 60

#: The hub does not know this home or its password.
UNAUTHORIZED: Final = 401

#: Refusals that no later attempt can change; all others are tried again until the slot is final.
_FOR_GOOD: Final = frozenset(
    {
        "contradicting_reading",
        "reading_implausible",
        "correction_unsupported",
        "invalid_request",
    }
)


class Hub(Protocol):
    """Takes registrations and readings."""

    async def register(self, registration: Registration) -> str:
        """Return the password of the home; raises `HubError`."""
        ...

    async def send(self, device_id: str, password: str, signed: SignedReading) -> bool:
        """Take a reading and say whether it was new; raises `HubError`."""
        ...


@dataclass(slots=True)
class Forwarding:
    """The way of one home's readings to its hub.

    `password` is the home's own one if it has it; else it registers with `registration` and keeps
    what it is given.
    """

    device_id: str
    password: str | None = field(repr=False)
    registration: Registration | None
    hub: Hub
    journal: Journal
    product: Product
    clock: Clock
    notes: Notes
    _pause: int = field(init=False, default=1)

    async def run(self) -> None:
        """Send what waits until cancelled."""
        while True:
            await self.round()
            await self.clock.wait_until(self.clock.now() + self._pause)

    async def round(self) -> None:
        """Send every waiting reading once.

        Pause longer after each round in which the hub was of no use.
        """
        reached = False
        with self.notes.trying("hub"):
            password = await self._own_password()
            for signed in self.journal.waiting(AT_ONCE):
                await self._send(password, signed)
            reached = True
        self._pause = 1 if reached else min(self._pause * 2, self._longest_pause())

    async def _send(self, password: str, signed: SignedReading) -> None:
        slot = signed.reading.slot
        if self.clock.now() >= self.product.final_time(slot):
            self.journal.settle(
                slot, ReadingState.EXPIRED, "was not taken before the slot was final"
            )
            return
        try:
            await self.hub.send(self.device_id, password, signed)
        except HubRefusedError as error:
            if error.status == UNAUTHORIZED:
                raise  # not this reading's fault, and no better for the next one
            if error.code in _FOR_GOOD:
                self.journal.settle(slot, ReadingState.REFUSED, str(error))
            else:
                self.journal.remark(slot, str(error))
                self.notes.problems["last refused reading"] = str(error)
        else:
            self.journal.settle(slot, ReadingState.TAKEN)

    async def _own_password(self) -> str:
        password = self.password or self.journal.password()
        if password is not None:
            return password
        if self.registration is None:
            raise HomeSetupError("the home has neither a password of its own nor an initial one")
        password = await self.hub.register(self.registration)
        self.journal.keep_password(password)
        return password

    def _longest_pause(self) -> int:
        """Return a pause short enough to find a hub that comes back within the reading window."""
        return max(1, min(LONGEST_PAUSE_SECONDS, self.product.reading_window // 5))
