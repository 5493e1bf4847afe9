"""The whole market as processes: it ends green, also when parts of it are killed in the middle."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.chain

#: A demonstration that takes longer hangs.
PATIENCE_SECONDS = 420

VICTIMS = ("operator", "oracle-2", "hub", "h01")


@dataclass
class Running:
    """A demonstration under way; `lines` is what it has printed so far."""

    process: subprocess.Popen[str]
    data: Path
    lines: list[str] = field(default_factory=list)

    def read_until(self, pattern: str) -> str:
        """Return the first line that matches, or fail when the demonstration ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if re.search(pattern, line):
                return self.lines[-1]
        pytest.fail(f"no line matches {pattern!r}:\n" + "\n".join(self.lines))

    def kill(self, name: str) -> None:
        """Kill a process of the demonstration with a signal that it cannot catch."""
        pids = json.loads((self.data / "processes.json").read_text(encoding="utf-8"))
        os.kill(pids[name], signal.SIGKILL)

    def finish(self) -> int:
        """Read on to the end and return the exit code."""
        assert self.process.stdout is not None
        self.lines += [line.rstrip("\n") for line in self.process.stdout]
        return self.process.wait()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Running]:
    """A demonstration of four homes and six slots, while the usual port of the chain is taken."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8545))
            taken.listen()
        except OSError:
            pass  # somebody else has it, which is what is wanted
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "node.cli", "demo"),
                *("--homes", "4", "--slot-seconds", "10", "--slots", "6"),
                *("--data-dir", str(tmp_path / "demo")),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "COLUMNS": "200"},
        )
        alarm = threading.Timer(PATIENCE_SECONDS, process.terminate)
        alarm.start()
        yield Running(process, tmp_path / "demo")
        alarm.cancel()
        if process.poll() is None:
            process.terminate()
        process.communicate()


@pytest.mark.spec(
    "C-01", "C-03", "C-05", "C-29", "C-32", "C-33", "C-34", "C-35", "C-36", "C-37", "F-36", "G-27"
)
def test_nothing_is_lost_or_doubled_when_processes_are_killed_and_restarted(demo: Running) -> None:
    demo.read_until(r"settled")
    for victim in VICTIMS:
        demo.kill(victim)
        demo.read_until(rf"{victim} died .* was started again")

    code = demo.finish()

    printed = "\n".join(demo.lines)
    assert code == 0, printed
    assert "FAILED" not in printed
    assert re.search(r"every metering point has its reading in every slot", printed)
    assert re.search(rf"processes: \d+, {len(VICTIMS)} started again", printed)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("keep me", encoding="utf-8")
    command = [sys.executable, "-m", "node.cli", "demo", "--data-dir", str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "WorkspaceError" in done.stderr
    assert precious.read_text(encoding="utf-8") == "keep me"
