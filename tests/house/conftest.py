"""A copy of the tracked tree that a test may spoil, and a way to run the Makefile in it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Make = Callable[..., "subprocess.CompletedProcess[str]"]


def tracked_files(root: Path) -> list[Path]:
    """Return what git tracks and what exists, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True
    )
    names = (Path(name) for name in listing.stdout.split("\0") if name)
    return [name for name in names if (root / name).is_file()]


@pytest.fixture(scope="session")
def tracked(repo_root: Path) -> list[Path]:
    """What git tracks, relative to the root; skips where this is no git checkout."""
    if not (repo_root / ".git").exists():
        pytest.skip("not a git checkout: which files belong to the project is not known")
    return tracked_files(repo_root)


@pytest.fixture
def tree(repo_root: Path, tracked: list[Path], tmp_path: Path) -> Path:
    """A copy of the tracked files with the environments of this checkout."""
    copy = tmp_path / "tree"
    for name in tracked:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repo_root / name, copy / name)
    for environment in (".venv", "node_modules"):
        (copy / environment).symlink_to(repo_root / environment)
    return copy


@pytest.fixture
def make(tree: Path) -> Make:
    """Run a target in the copy with the guards off, so that no guard runs a guard."""

    def run(target: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        # `-o install`: the copy borrows the environments, it must never install into them.
        command = ["make", "--no-print-directory", "-o", "install", target]
        return subprocess.run(
            [*command, *(f"{name}={value}" for name, value in variables.items())],
            cwd=tree,
            env=os.environ | {"YUIMARU_GUARDS": "off"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
