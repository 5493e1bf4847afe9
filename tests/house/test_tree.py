"""Rules that hold for every file of the project."""

import ast
import re
from pathlib import Path

import pytest

LONGEST_FILE = 600
LONGEST_FUNCTION = 50

#: Written by tools and read by tools: locks, compiled contracts, tables, licence.
NOT_WRITTEN_BY_HAND = (".txt", ".json", ".csv", ".lock", ".svg")

#: Where the work happens to be done, and where packages happen to come from, is nobody else's business.
MACHINE_PATH = re.compile(r"(?<![\w./~$}{-])/(?:home|Users|root|work|tmp)/\w")
REGISTRY_HOST = re.compile(r"registry\.npmjs|registry\.yarnpkg|pypi\.org|pythonhosted\.org")


def text_of(path: Path) -> str | None:
    """Return the text of a file, or nothing for one that holds none."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return None


@pytest.fixture(scope="module")
def texts(repo_root: Path, tracked: list[Path]) -> dict[Path, str]:
    found = {name: text_of(repo_root / name) for name in tracked}
    return {name: text for name, text in found.items() if text is not None}


@pytest.fixture(scope="module")
def modules(texts: dict[Path, str]) -> dict[Path, ast.Module]:
    return {name: ast.parse(text) for name, text in texts.items() if name.suffix == ".py"}


def test_no_file_names_a_machine_or_an_index(texts: dict[Path, str]) -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if name != Path("tests/house/test_tree.py")
        and (MACHINE_PATH.search(line) or REGISTRY_HOST.search(line))
    ]

    assert found == []


def test_no_file_is_too_long_to_be_read(texts: dict[Path, str]) -> None:
    long = {
        str(name): lines
        for name, text in texts.items()
        if name.suffix not in NOT_WRITTEN_BY_HAND and (lines := text.count("\n")) > LONGEST_FILE
    }

    assert long == {}


def test_no_function_is_too_long_to_be_read(modules: dict[Path, ast.Module]) -> None:
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, module in modules.items()
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]

    assert long == []


def test_every_module_says_what_it_is_for(modules: dict[Path, ast.Module]) -> None:
    silent = [str(name) for name, module in modules.items() if not ast.get_docstring(module)]

    assert silent == []


def test_nobody_patches_or_sleeps(modules: dict[Path, ast.Module]) -> None:
    """A test that patches has found a missing seam; one that sleeps hopes."""
    forbidden = {"mock.patch", "unittest.mock.patch", "monkeypatch.setattr", "time.sleep"}
    found = [
        f"{name}:{node.lineno} {ast.unparse(node.func)}"
        for name, module in modules.items()
        if name.parts[0] == "tests"
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in forbidden
    ]

    assert found == []


def test_only_the_clock_reads_the_wall_clock(modules: dict[Path, ast.Module]) -> None:
    wall = {"time.time", "time.time_ns", "datetime.now", "datetime.datetime.now", "datetime.utcnow"}
    found = [
        f"{name}:{node.lineno} {ast.unparse(node.func)}"
        for name, module in modules.items()
        if name.parts[0] in ("node", "oracle", "adapters") and name != Path("node/domain/clock.py")
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and (ast.unparse(node.func) in wall or ast.unparse(node.func) == "time.sleep")
    ]

    assert found == []


def test_the_notice_tells_the_state_of_the_patents(repo_root: Path) -> None:
    notice = (repo_root / "NOTICE").read_text()

    assert re.search(r"JP7617874B2 is IN FORCE", notice)
    assert re.search(r"JP5300899B2.*LAPSED", notice, re.DOTALL)
