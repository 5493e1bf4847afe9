"""What the devices of a simulated home keep when their process dies, as real ones keep their counters.

The physics is a function of its commands and their seconds, so the state at any one moment is enough: a home that
was away for a while makes up for it and ends exactly where it would have been.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from adapters.simulated.control import Command
from adapters.simulated.errors import MemoryFileError
from adapters.simulated.registers import Latch


@dataclass(slots=True)
class Totals:
    """What has flowed since the start, in mJ; the accounts that the conservation of energy is checked on."""

    pv: int = 0
    load: int = 0
    charge: int = 0
    discharge: int = 0
    curtailed: int = 0
    exported: int = 0
    imported: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """The state of a home at `now`; `time` names the run that it belongs to."""

    time: str
    now: int
    stored_mj: int
    import_mj: int
    export_mj: int
    command: Command
    expires_at: int | None
    totals: Totals
    latches: tuple[Latch, ...]


class MemoryFile:
    """A file that holds the last `Memory` saved; a process killed while saving leaves the one before."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, memory: Memory) -> None:
        """Replace what is kept."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps(asdict(memory)), encoding="utf-8")
        os.replace(beside, self._path)

    def load(self, time: str) -> Memory | None:
        """Return what is kept, None if nothing is; raises `MemoryFileError` if it is of no use in the run `time`."""
        try:
            memory = _memory(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise MemoryFileError(self._path, f"unreadable: {error!r}") from error
        if memory.time != time:
            raise MemoryFileError(
                self._path, f"kept in a run with {memory.time}, this one has {time}"
            )
        return memory


def _memory(kept: Any) -> Memory:
    return Memory(
        time=kept["time"],
        **{name: int(kept[name]) for name in ("now", "stored_mj", "import_mj", "export_mj")},
        command=Command(**kept["command"]),
        expires_at=kept["expires_at"],
        totals=Totals(**kept["totals"]),
        latches=tuple(Latch(**latch) for latch in kept["latches"]),
    )
