"""The compile step: what becomes an artifact, and what is refused by name."""

import json
import shutil
from pathlib import Path

import pytest

from node.chain.compile import (
    ARTIFACTS,
    CompilerMissingError,
    ContractUnfitError,
    SourceError,
    compile_contracts,
    stale_artifacts,
    write_artifacts,
)

HEAD = "// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.28;\n\n"

COUNTER = """
interface ICounter { function counted() external view returns (uint256); }
abstract contract Base is ICounter { error TooFar(uint256 limit); }
library Steps { function next(uint256 x) internal pure returns (uint256) { return x + 1; } }
contract Counter is Base {
    uint256 public immutable LIMIT;
    uint256 public counted;
    constructor(uint256 limit) { LIMIT = limit; }
    function count() external {
        if (counted == LIMIT) revert TooFar(LIMIT);
        counted = Steps.next(counted);
    }
}
"""


@pytest.fixture
def project(tmp_path: Path, repo_root: Path) -> Path:
    """A project with the settings and the compiler of ours and no contract yet."""
    return lay_project(tmp_path / "project", repo_root)


def lay_project(root: Path, repo_root: Path) -> Path:
    (root / "contracts").mkdir(parents=True)
    (root / "scripts").mkdir()
    shutil.copy2(repo_root / "foundry.toml", root)
    shutil.copy2(repo_root / "scripts" / "solc-wasm", root / "scripts")
    (root / "node_modules").symlink_to(repo_root / "node_modules")
    return root


def add(project: Path, name: str, source: str) -> None:
    (project / "contracts" / name).write_text(HEAD + source)


def test_only_what_can_be_deployed_becomes_an_artifact(project: Path) -> None:
    add(project, "Counter.sol", COUNTER)

    (counter,) = compile_contracts(project, ())

    assert counter.name == "Counter"
    assert {entry.get("name") for entry in counter.abi} == {
        None,  # the constructor
        "LIMIT",
        "TooFar",
        "count",
        "counted",
    }
    assert counter.deployed_bytecode in counter.bytecode
    assert counter.immutables


def test_the_artifact_is_the_same_wherever_the_project_lies(
    project: Path, tmp_path: Path, repo_root: Path
) -> None:
    moved = lay_project(tmp_path / "some" / "other place", repo_root)
    add(project, "Counter.sol", COUNTER)
    add(moved, "Counter.sol", COUNTER.replace("contract Counter", "// A remark.\ncontract Counter"))

    (here,), (there,) = compile_contracts(project, ()), compile_contracts(moved, ())

    assert here.bytecode == there.bytecode
    assert here.render() == there.render()


def test_files_of_contracts_that_are_gone_are_removed(project: Path) -> None:
    add(project, "Counter.sol", COUNTER)
    folder = project / ARTIFACTS
    folder.mkdir(parents=True)
    (folder / "Gone.json").write_text("{}")

    assert stale_artifacts(project, ()) == ("Counter.json", "Gone.json")
    write_artifacts(project, ())

    assert [path.name for path in folder.iterdir()] == ["Counter.json"]
    assert json.loads((folder / "Counter.json").read_text())["contractName"] == "Counter"
    assert stale_artifacts(project, ()) == ()


def test_an_error_is_told_in_the_compilers_words(project: Path) -> None:
    add(project, "Broken.sol", "contract Broken { uint256 x = ; }")

    with pytest.raises(SourceError, match=r"ParserError.*\n.*contracts/Broken\.sol:4"):
        compile_contracts(project, ())


def test_a_warning_about_our_own_sources_is_refused(project: Path) -> None:
    add(project, "Sloppy.sol", "contract Sloppy { function f() external pure { uint256 x; } }")

    with pytest.raises(SourceError, match="Unused local variable"):
        compile_contracts(project, ())


def test_two_contracts_of_one_name_are_refused(project: Path) -> None:
    add(project, "One.sol", "contract Twin { uint256 public x; }")
    add(project, "Two.sol", "contract Twin { uint256 public y; }")

    with pytest.raises(ContractUnfitError, match="Twin: two contracts have this name"):
        compile_contracts(project, ())


def test_a_contract_that_needs_linking_is_refused(project: Path) -> None:
    library = "library Far { function f() external pure returns (uint256) { return 1; } }\n"
    user = "contract Near { function g() external pure returns (uint256) { return Far.f(); } }"
    add(project, "Linked.sol", library + user)

    with pytest.raises(ContractUnfitError, match="Near: needs linking"):
        compile_contracts(project, ())


def test_a_contract_that_no_chain_takes_is_refused(project: Path) -> None:
    settings = project / "foundry.toml"  # the short way through the compiler, for this much code
    settings.write_text(settings.read_text().replace("via_ir = true", "via_ir = false"))
    big = 'contract Big { function f() external pure returns (bytes memory) { return hex"'
    add(project, "Big.sol", big + "ab" * 24_600 + '"; } }')

    with pytest.raises(SourceError, match="exceeds 24576 bytes"):
        compile_contracts(project, ())


def test_a_missing_compiler_is_named(project: Path) -> None:
    (project / "scripts" / "solc-wasm").unlink()

    with pytest.raises(CompilerMissingError, match="is `make install` done"):
        compile_contracts(project, ())


def test_a_compiler_without_its_package_is_named(project: Path) -> None:
    (project / "node_modules").unlink()

    with pytest.raises(CompilerMissingError, match="Cannot find module"):
        compile_contracts(project, ())
