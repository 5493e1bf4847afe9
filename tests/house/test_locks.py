"""The locks pin everything by hash, serve every platform and name no index."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

LOCKS = ("run", "dev", "brownie", "tools")

#: "fastapi==0.165.0 \", with the hashes and where it comes from below it.
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==(?P<version>\S+)", re.IGNORECASE)

#: "web3>=8,<9" in an .in file.
WISH = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)", re.IGNORECASE)


def blocks(lock: Path) -> list[str]:
    """Return the lock's entries, each with the indented lines below it."""
    return re.split(r"\n(?=\S)", lock.read_text().rstrip())


def pins(lock: Path) -> dict[str, str]:
    found = (PIN.match(block) for block in blocks(lock))
    return {pin["name"]: pin["version"] for pin in found if pin}


def wishes(path: Path) -> set[str]:
    lines = (line.strip() for line in path.read_text().splitlines())
    return {wish["name"] for line in lines if (wish := WISH.match(line))}


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_hashed(name: str, repo_root: Path) -> None:
    first, *entries = blocks(repo_root / "requirements" / f"{name}.txt")

    assert first == f"# Made by `make lock` from {name}.in; do not edit."
    assert entries
    assert [
        entry for entry in entries if not PIN.match(entry) or "--hash=sha256:" not in entry
    ] == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_index(name: str, repo_root: Path) -> None:
    text = (repo_root / "requirements" / f"{name}.txt").read_text()

    assert not re.search(r"://|--(extra-)?index-url|--find-links", text)


@pytest.mark.parametrize("name", LOCKS)
def test_every_wish_is_locked(name: str, repo_root: Path) -> None:
    folder = repo_root / "requirements"

    assert wishes(folder / f"{name}.in") <= set(pins(folder / f"{name}.txt"))


def test_the_program_runs_on_what_it_is_tested_with(repo_root: Path) -> None:
    folder = repo_root / "requirements"

    assert pins(folder / "run.txt").items() <= pins(folder / "dev.txt").items()


@pytest.fixture(scope="module")
def npm_packages(repo_root: Path) -> dict[str, dict[str, Any]]:
    packages: dict[str, dict[str, Any]] = json.loads((repo_root / "package-lock.json").read_text())[
        "packages"
    ]
    return packages


def test_npm_lock_names_no_address(npm_packages: dict[str, dict[str, Any]]) -> None:
    assert [name for name, package in npm_packages.items() if "resolved" in package] == []


def test_npm_lock_serves_every_platform(npm_packages: dict[str, dict[str, Any]]) -> None:
    """npm drops an optional package that it could not look up, and then nobody can install it."""
    for tool in ("anvil", "forge"):
        for system in ("darwin", "linux"):
            for machine, cpu in (("amd64", "x64"), ("arm64", "arm64")):
                package = npm_packages[f"node_modules/@foundry-rs/{tool}-{system}-{machine}"]
                assert (package["os"], package["cpu"]) == ([system], [cpu])
                assert package["optional"]


def test_npm_lock_is_of_this_package_file(
    repo_root: Path, npm_packages: dict[str, dict[str, Any]]
) -> None:
    package = json.loads((repo_root / "package.json").read_text())
    wished = package["dependencies"] | package["optionalDependencies"]

    assert npm_packages[""]["dependencies"] == package["dependencies"]
    assert npm_packages[""]["optionalDependencies"] == package["optionalDependencies"]
    assert {name: npm_packages[f"node_modules/{name}"]["version"] for name in wished} == wished


def test_what_is_installed_by_everybody_is_hashed(npm_packages: dict[str, dict[str, Any]]) -> None:
    plain = {name: p for name, p in npm_packages.items() if name and not p.get("optional")}

    assert plain
    assert [name for name, package in plain.items() if "integrity" not in package] == []
