"""What can be wrong with a simulated device. Raised where it is set up, never on the wire.

* SimulationError
  * RatingError       a rating or series that no device can have
  * PortTakenError    the address to answer on belongs to somebody else
  * MemoryFileError   what the devices kept is unreadable or of another run
"""

from pathlib import Path

from node.domain.errors import YuimaruError


class SimulationError(YuimaruError):
    """A simulated device cannot be built or started as asked."""


class RatingError(SimulationError):
    """A rating or a series that no device can have: names it and its value."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        super().__init__(f"{name}: {reason}, was {value!r}")
        self.name = name
        self.value = value


class PortTakenError(SimulationError):
    """Nothing can listen at `host`:`port`."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"cannot listen on {host}:{port}: taken or not allowed, port 0 picks a free one"
        )
        self.host = host
        self.port = port


class MemoryFileError(SimulationError):
    """The file at `path` is of no use; remove it to begin anew."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; remove it to begin anew")
        self.path = path
