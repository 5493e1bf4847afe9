"""The set-point of an inverter with its reversion timer, as SunSpec model 704 has it.

The timer is the fail-safe: whoever commands the inverter and then dies, loses it after the revert time. It runs on
the clock of the one who commands, not on simulated time.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """What the set-point registers of model 704 hold; `revert_seconds` 0 means that it never reverts."""

    enabled: bool = False
    setpoint_w: int = 0
    revert_enabled: bool = False
    revert_setpoint_w: int = 0
    revert_seconds: int = 0


class SetpointControl:
    """Holds the last command and lets go of it when its time is up."""

    def __init__(self, command: Command | None = None, expires_at: int | None = None) -> None:
        self.command = command or Command()
        self.expires_at = expires_at

    def give(self, command: Command, now: int) -> None:
        """Take a command; its timer starts anew."""
        self.command = command
        timed = command.enabled and command.revert_seconds > 0
        self.expires_at = now + command.revert_seconds if timed else None

    def setpoint_at(self, now: int) -> int | None:
        """Return the set-point in W that holds at `now`, None when there is none."""
        if self.expires_at is not None and now >= self.expires_at:
            last = self.command
            self.command = Command(
                enabled=last.revert_enabled,
                setpoint_w=last.revert_setpoint_w,
                revert_setpoint_w=last.revert_setpoint_w,
                revert_seconds=last.revert_seconds,
            )
            self.expires_at = None
        return self.command.setpoint_w if self.command.enabled else None

    def seconds_left(self, now: int) -> int:
        """Return how long the set-point still holds, 0 when no timer runs."""
        return 0 if self.expires_at is None else max(0, self.expires_at - now)
