"""What `make install` and `.ci/run` promise."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.house.conftest import Make


def test_a_second_install_does_nothing(repo_root: Path) -> None:
    dry = subprocess.run(
        ["make", "--dry-run", "install"], cwd=repo_root, capture_output=True, text=True, check=True
    )

    assert "pip" not in dry.stdout
    assert "npm" not in dry.stdout


def test_make_alone_lists_the_commands(make: Make) -> None:
    listed = make("help").stdout

    for command in ("install", "run", "test", "test-long", "spec", "artifacts"):
        assert f"make {command} " in listed


def test_forge_and_anvil_are_the_native_binaries(repo_root: Path) -> None:
    """The wrapper packages of the same tools end with exit code 0 whatever happened."""
    for name in ("forge", "anvil"):
        tool = repo_root / "node_modules" / ".bin" / name
        assert tool.resolve().read_bytes()[:4] in (b"\x7fELF", b"\xcf\xfa\xed\xfe")
        refused = subprocess.run([tool, "--no-such-option"], capture_output=True, check=False)
        assert refused.returncode != 0


def test_the_command_runs_from_anywhere(repo_root: Path, tmp_path: Path) -> None:
    command = repo_root / ".venv" / "bin" / "yuimaru"

    run = subprocess.run(
        [command, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert "replay" in run.stdout


@pytest.mark.parametrize("code", [0, 2])
def test_ci_runs_make_test_and_forwards_its_exit_code(
    code: int, tree: Path, tmp_path: Path
) -> None:
    stub = tmp_path / "bin" / "make"
    stub.parent.mkdir()
    stub.write_text(f'#!/bin/sh\necho "called: make $*"\ncase $1 in test) exit {code};; esac\n')
    stub.chmod(0o755)

    run = subprocess.run(
        ["bash", tree / ".ci" / "run"],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{stub.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "called: make test" in run.stdout
    assert run.returncode == code
