"""The processes of a demonstration: started, watched, restarted when they die, stopped together."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from node.cli.workspace import Workspace
from node.domain.errors import YuimaruError

#: How often a process may die before the demonstration gives up.
MOST_RESTARTS = 5

#: How long a process has to end after it was asked to.
GRACE_SECONDS = 10.0


class ProcessFailedError(YuimaruError):
    """A process of the demonstration cannot be kept alive; the message names its log."""

    def __init__(self, name: str, code: int | None, log: Path) -> None:
        tail = "".join(log.read_text(errors="replace").splitlines(keepends=True)[-8:])
        super().__init__(f"{name} ended with code {code}; the end of its log {log}:\n{tail}")


@dataclass(slots=True)
class _Watched:
    arguments: Sequence[str]
    settings: Mapping[str, str]
    process: asyncio.subprocess.Process
    watcher: asyncio.Task[None] | None = None
    restarts: int = 0


@dataclass(slots=True)
class Supervisor:
    """Starts `yuimaru` subcommands as processes of their own.

    `announce` is told when one died and was restarted. `failure` holds the first process that could not be kept.
    """

    workspace: Workspace
    environment: Mapping[str, str]
    announce: Callable[[str], None]
    failure: ProcessFailedError | None = None
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _stopping: bool = False

    async def start(
        self, name: str, *arguments: str, settings: Mapping[str, str] | None = None
    ) -> None:
        """Start `yuimaru <arguments>` under a name, with settings of its own, and keep it alive until `stop`."""
        own = settings or {}
        watched = _Watched(arguments, own, await self._spawn(name, arguments, own))
        self._watched[name] = watched
        watched.watcher = asyncio.create_task(self._watch(name, watched))
        self._record()

    async def wait_until(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something is so; raises early when a process cannot be kept alive."""
        async with asyncio.timeout(seconds):
            while not ready():
                self.check()
                await asyncio.sleep(0.05)

    def check(self) -> None:
        """Raise what went wrong with a process that could not be kept alive."""
        if self.failure is not None:
            raise self.failure

    @property
    def restarts(self) -> int:
        """Return how often a process died and was started again."""
        return sum(watched.restarts for watched in self._watched.values())

    @property
    def pids(self) -> dict[str, int]:
        """Return the process ids by name."""
        return {name: watched.process.pid for name, watched in self._watched.items()}

    async def stop(self) -> None:
        """Ask every process to end, last started first, and kill what does not."""
        self._stopping = True
        for watched in reversed(self._watched.values()):
            with contextlib.suppress(ProcessLookupError):
                watched.process.send_signal(signal.SIGTERM)
        for watched in reversed(self._watched.values()):
            try:
                async with asyncio.timeout(GRACE_SECONDS):
                    await watched.process.wait()
            except TimeoutError:
                watched.process.kill()
                await watched.process.wait()
            if watched.watcher is not None:
                await watched.watcher

    async def _spawn(
        self, name: str, arguments: Sequence[str], settings: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        log = self.workspace.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "node.cli",
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment, **settings},
                start_new_session=True,  # Ctrl-C reaches the demonstration, which stops its processes in order
            )

    async def _watch(self, name: str, watched: _Watched) -> None:
        while True:
            code = await watched.process.wait()
            if self._stopping:
                return
            if watched.restarts >= MOST_RESTARTS or code == 1:
                self.failure = ProcessFailedError(name, code, self.workspace.log(name))
                return
            watched.restarts += 1
            watched.process = await self._spawn(name, watched.arguments, watched.settings)
            self._record()
            self.announce(f"{name} died (code {code}) and was started again")

    def _record(self) -> None:
        self.workspace.write_json(self.workspace.root / "processes.json", self.pids)


def memory_bytes(pids: Sequence[int]) -> int | None:
    """Return the memory of processes, shared pages divided among them; None where the system does not tell."""
    total = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            return None
        lines = [line.split() for line in rollup.splitlines() if line.startswith("Pss:")]
        total += int(lines[0][1]) * 1024
    return total
