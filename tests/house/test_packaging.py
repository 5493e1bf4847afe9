"""The distribution holds what it should, under names that are ours alone, and works from elsewhere."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["node", "oracle", "adapters"])
def test_import_name_is_ours_alone(name: str) -> None:
    """Packages of these general names exist on the index: installed beside ours they would win."""
    assert set(packages_distributions()[name]) == {"yuimaru"}


def test_python_and_npm_packages_carry_one_version(repo_root: Path) -> None:
    project = tomllib.loads((repo_root / "pyproject.toml").read_text())["project"]
    package = json.loads((repo_root / "package.json").read_text())
    lock = json.loads((repo_root / "package-lock.json").read_text())

    assert {project["version"], package["version"], lock["version"]} == {project["version"]}


def test_the_wheel_holds_the_program_and_runs_from_elsewhere(tree: Path, tmp_path: Path) -> None:
    wheel = build_wheel(tree, tmp_path / "dist")

    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"node", "oracle", "adapters", f"{wheel.name.split('-py3')[0]}.dist-info"}
    assert not [name for name in names if "node_modules" in name or name.startswith("tests")]
    for shipped in shipped_data(tree):
        assert shipped in names
    assert any(name.endswith("licenses/NOTICE") for name in names)

    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--target", str(site), str(wheel)], check=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run = subprocess.run(
        [sys.executable, site / "bin" / "yuimaru", "--help"],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "replay" in run.stdout


def build_wheel(tree: Path, target: Path) -> Path:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target)]
    subprocess.run(build, cwd=tree, check=True, capture_output=True)
    (wheel,) = target.glob("*.whl")
    return wheel


def shipped_data(tree: Path) -> list[str]:
    """Name every file below the three packages that is not documentation."""
    return [
        path.relative_to(tree).as_posix()
        for package in ("node", "oracle", "adapters")
        for path in (tree / package).rglob("*")
        if path.is_file() and path.suffix not in (".md", ".pyc")
    ]
