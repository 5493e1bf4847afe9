"""No lane of `make test` can be green over something that is broken.

Each test spoils a copy of the tree in one way and runs the very target that `make test` runs. Variables of the
Makefile keep a lane to the spoiled part where the whole would take minutes.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.house.conftest import Make

pytestmark = pytest.mark.guard

SOLIDITY_HEAD = "// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.28;\n\n"

FAILING_FORGE_TEST = SOLIDITY_HEAD + (
    'import {Test} from "../support/Test.sol";\n\n'
    "contract PoisonTest is Test {\n"
    "    function test_poison() public pure {\n"
    '        assertEq(uint256(1), uint256(2), "the poison works");\n'
    "    }\n"
    "}\n"
)


def assert_red(run: "subprocess.CompletedProcess[str]", *named: str) -> None:
    """The run failed, and it failed for the poison."""
    output = run.stdout + run.stderr
    assert run.returncode != 0, output
    for name in named:
        assert name in output


def poison(tree: Path, name: str, text: str) -> None:
    path = tree / name
    assert not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def leave_only_what_the_poison_needs(tree: Path) -> None:
    """Take the contracts and their tests away: compiling them takes a minute and is not what is tested."""
    needed = {"Vm.sol", "Assertions.sol", "Test.sol"}
    for folder in ("contracts", "tests/contracts"):
        for path in (tree / folder).rglob("*.sol"):
            if path.name not in needed:
                path.unlink()


def test_an_unused_import_turns_ruff_red(tree: Path, make: Make) -> None:
    poison(tree, "node/domain/poison.py", '"""Poison."""\n\nimport os\n')

    assert_red(make("lane-ruff"), "F401", "poison.py")


def test_an_unformatted_file_turns_ruff_red(tree: Path, make: Make) -> None:
    poison(tree, "node/domain/poison.py", '"""Poison."""\n\nPOISON  =  1\n')

    run = make("lane-ruff", RUFF_ARGS="node/domain/poison.py")

    assert_red(run, "poison.py", "1 file would be reformatted")


@pytest.mark.parametrize("package", ["node/domain", "oracle", "adapters", "scripts", "tests/unit"])
def test_a_wrong_type_turns_mypy_red(package: str, tree: Path, make: Make) -> None:
    poison(tree, f"{package}/poison.py", '"""Poison."""\n\nPOISON: int = "poison"\n')

    assert_red(
        make("lane-mypy", MYPY_ARGS=f"{package}/poison.py"), "poison.py:3", "Incompatible types"
    )


@pytest.mark.parametrize(
    ("where", "imported"),
    [
        ("node/domain/poison.py", "node.chain.compile"),
        ("node/domain/poison.py", "web3"),
        ("node/store/poison.py", "node.chain.compile"),
        ("node/store/poison.py", "fastapi"),
        ("node/poison.py", "oracle"),
        ("adapters/poison.py", "node.chain.compile"),
        ("oracle/poison.py", "adapters"),
    ],
)
def test_a_broken_import_rule_turns_the_lane_red(
    where: str, imported: str, tree: Path, make: Make
) -> None:
    poison(tree, where, f'"""Poison."""\n\nimport {imported}\n')

    assert_red(make("lane-imports"), "BROKEN", where.removesuffix(".py").replace("/", "."))


def test_an_unformatted_contract_turns_forge_fmt_red(tree: Path, make: Make) -> None:
    poison(tree, "contracts/market/Poison.sol", SOLIDITY_HEAD + "contract   Poison{}\n")

    assert_red(make("lane-forge-fmt"), "Poison.sol")


def test_a_lint_finding_turns_forge_lint_red(tree: Path, make: Make) -> None:
    rounding = "contract Poison {\n    function f(uint256 x) external pure returns (uint256) {\n"
    rounding += "        return (x / 3) * 3;\n    }\n}\n"
    leave_only_what_the_poison_needs(tree)
    poison(tree, "contracts/market/Poison.sol", SOLIDITY_HEAD + rounding)

    assert_red(make("lane-forge-lint"), "divide-before-multiply", "Poison.sol")


def test_a_failing_forge_test_turns_the_lane_red(tree: Path, make: Make) -> None:
    leave_only_what_the_poison_needs(tree)
    poison(tree, "tests/contracts/unit/Poison.t.sol", FAILING_FORGE_TEST)

    assert_red(make("lane-forge"), "[FAIL: the poison works: 1 != 2] test_poison()")


def test_a_contract_that_does_not_compile_turns_forge_red(tree: Path, make: Make) -> None:
    leave_only_what_the_poison_needs(tree)
    broken = "contract Poison { uint256 x = ; }\n"
    poison(tree, "contracts/market/Poison.sol", SOLIDITY_HEAD + broken)

    assert_red(make("lane-forge"), "Compiler run failed", "Poison.sol")


def test_a_run_without_any_test_turns_forge_red(tree: Path, make: Make) -> None:
    leave_only_what_the_poison_needs(tree)

    assert_red(make("lane-forge"), "forge ran no test")


def test_a_gas_figure_that_is_not_written_down_turns_forge_red(tree: Path, make: Make) -> None:
    leave_only_what_the_poison_needs(tree)
    spend = FAILING_FORGE_TEST.replace("pure", "").replace(
        'assertEq(uint256(1), uint256(2), "the poison works");',
        'vm.snapshotValue("Poison", "dose", 7);',
    )
    poison(tree, "tests/contracts/unit/Poison.t.sol", spend)

    assert_red(make("lane-forge"), "gas of Poison / dose: nothing is written down, 7 was measured")


def test_an_artifact_that_is_not_of_its_source_turns_the_lane_red(tree: Path, make: Make) -> None:
    small = SOLIDITY_HEAD + "contract Small {\n    uint256 public kept = 7;\n}\n"
    leave_only_what_the_poison_needs(tree)
    for path in (tree / "node/chain/artifacts").glob("*.json"):
        if path.stem != "AccessManager":
            path.unlink()
    poison(tree, "contracts/Small.sol", small)
    poison(tree, "node/chain/artifacts/Small.json", json.dumps({"contractName": "Small"}))

    run = make("lane-artifacts")

    assert_red(run, "artifact Small.json is not what the contracts give")
    assert "AccessManager.json" not in run.stderr


def test_a_failing_pytest_turns_the_lane_red(tree: Path, make: Make) -> None:
    poison(tree, "tests/unit/test_poison.py", "def test_poison() -> None:\n    assert 1 == 2\n")

    run = make("lane-pytest", PYTEST_ARGS="tests/unit/test_poison.py", PYTEST_WORKERS="0")

    assert_red(run, "tests/unit/test_poison.py::test_poison", "1 failed")


def test_a_test_that_cannot_be_collected_turns_the_lane_red(tree: Path, make: Make) -> None:
    poison(tree, "tests/unit/test_poison.py", "import nothing_of_this_name\n")

    run = make("lane-pytest", PYTEST_ARGS="tests/unit/test_poison.py", PYTEST_WORKERS="0")

    assert_red(run, "nothing_of_this_name")


def test_make_test_runs_every_lane(tree: Path, make: Make) -> None:
    targets = set(re.findall(r"^(lane-[a-z-]+):", (tree / "Makefile").read_text(), re.MULTILINE))
    (tree / "scripts" / "lanes.py").write_text("import sys\nprint(*sys.argv[2:])\n")

    assert targets
    assert set(make("test").stdout.split()) == targets


def test_one_red_lane_turns_make_test_red_and_the_others_still_run(tree: Path, make: Make) -> None:
    poison(tree, "node/domain/poison.py", '"""Poison."""\n\nimport os\n')

    # `help` stands in for a lane that is green whatever the tree holds.
    run = make("test", MAKE="make -o install", LANES="lane-ruff help")

    assert_red(run, "FAILED  lane-ruff", "passed  help", "lanes: 1 passed, 1 failed")
