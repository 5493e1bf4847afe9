"""Compile the contracts to the artifacts that are committed beside this module.

Nothing at run time needs a compiler: `make artifacts` writes the files, a lane of `make test` compiles again and
compares them byte for byte. The settings come from foundry.toml, so the tests of the contracts and the artifacts
are made from the same ones. A warning of the compiler about our own sources is refused like an error.
"""

import itertools
import json
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.domain.errors import YuimaruError

#: Folder of the artifacts, below the root of the project.
ARTIFACTS = Path("node", "chain", "artifacts")

#: Contracts of others that a deployment needs as well.
LIBRARY_SOURCES = ("node_modules/@openzeppelin/contracts/access/manager/AccessManager.sol",)

_OUTPUTS = (
    "abi",
    "evm.bytecode.object",
    "evm.bytecode.linkReferences",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "evm.methodIdentifiers",
)


class CompileError(YuimaruError):
    """The contracts cannot be made into artifacts."""


class CompilerMissingError(CompileError):
    """The compiler did not answer."""

    def __init__(self, compiler: Path, reason: str) -> None:
        super().__init__(f"{compiler} did not compile anything: {reason}; is `make install` done?")


class SourceError(CompileError):
    """The compiler refused the sources; `messages` are its own."""

    def __init__(self, messages: tuple[str, ...]) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


class ContractUnfitError(CompileError):
    """A contract compiles but cannot be deployed."""

    def __init__(self, contract: str, reason: str) -> None:
        super().__init__(f"{contract}: {reason}")
        self.contract = contract


@dataclass(frozen=True)
class Artifact:
    """What the program knows about a contract: its interface and its code, both as hexadecimal text."""

    name: str
    abi: tuple[Mapping[str, Any], ...]
    bytecode: str
    deployed_bytecode: str
    immutables: Mapping[str, Any]
    """Where the deployed code differs from `deployed_bytecode`: per variable, start and length in bytes."""

    def render(self) -> str:
        """Return the text of the artifact's file, the same on every machine."""
        document = {
            "contractName": self.name,
            "abi": self.abi,
            "bytecode": f"0x{self.bytecode}",
            "deployedBytecode": f"0x{self.deployed_bytecode}",
            "immutableReferences": self.immutables,
        }
        return json.dumps(document, indent=1) + "\n"


def compile_contracts(
    root: Path, libraries: Sequence[str] = LIBRARY_SOURCES
) -> tuple[Artifact, ...]:
    """Compile every contract below `root` that can be deployed and those of `libraries`, ordered by name."""
    output = _run(root, _standard_input(root, libraries))
    _refuse_messages(output.get("errors", []))
    wanted = {
        source: contracts
        for source, contracts in output["contracts"].items()
        if source in libraries or not source.startswith("node_modules/")
    }
    artifacts = sorted(_artifacts(wanted), key=lambda artifact: artifact.name)
    for former, latter in itertools.pairwise(artifacts):
        if former.name == latter.name:
            raise ContractUnfitError(former.name, "two contracts have this name")
    return tuple(artifacts)


def write_artifacts(root: Path, libraries: Sequence[str] = LIBRARY_SOURCES) -> tuple[Path, ...]:
    """Compile, write one file per contract and remove the files of contracts that are gone."""
    texts = _texts(root, libraries)
    folder = root / ARTIFACTS
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.glob("*.json")) - set(texts):
        stale.unlink()
    for path, text in texts.items():
        path.write_text(text)
    return tuple(texts)


def stale_artifacts(root: Path, libraries: Sequence[str] = LIBRARY_SOURCES) -> tuple[str, ...]:
    """Compile and return the names of the files that are missing, different or of no contract."""
    texts = _texts(root, libraries)
    committed = {path: path.read_text() for path in (root / ARTIFACTS).glob("*.json")}
    different = {path for path in texts | committed if texts.get(path) != committed.get(path)}
    return tuple(sorted(path.name for path in different))


def _texts(root: Path, libraries: Sequence[str]) -> dict[Path, str]:
    folder = root / ARTIFACTS
    return {folder / f"{a.name}.json": a.render() for a in compile_contracts(root, libraries)}


def _standard_input(root: Path, libraries: Sequence[str]) -> dict[str, Any]:
    with (root / "foundry.toml").open("rb") as file:
        profile = tomllib.load(file)["profile"]["default"]
    ours = sorted((root / profile["src"]).rglob("*.sol"))
    names = [path.relative_to(root).as_posix() for path in ours] + list(libraries)
    return {
        "language": "Solidity",
        "sources": {name: {"content": (root / name).read_text()} for name in names},
        "settings": {
            "remappings": profile["remappings"],
            "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
            "viaIR": profile["via_ir"],
            "evmVersion": profile["evm_version"],
            "metadata": {
                "bytecodeHash": profile["bytecode_hash"],
                "appendCBOR": profile["cbor_metadata"],
            },
            "outputSelection": {"*": {"*": list(_OUTPUTS)}},
        },
    }


def _run(root: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    compiler = root / "scripts" / "solc-wasm"
    try:
        done = subprocess.run(
            [compiler, "--standard-json"],
            input=json.dumps(document),
            capture_output=True,
            text=True,
            cwd=root,
            check=True,
        )
    except OSError as error:
        raise CompilerMissingError(compiler, str(error)) from error
    except subprocess.CalledProcessError as error:
        raise CompilerMissingError(compiler, error.stderr.strip()) from error
    output: dict[str, Any] = json.loads(done.stdout)
    return output


def _refuse_messages(messages: list[dict[str, Any]]) -> None:
    refused = tuple(
        str(message["formattedMessage"]).rstrip()
        for message in messages
        if message["severity"] == "error"
        or (message["severity"] == "warning" and _is_ours(message))
    )
    if refused:
        raise SourceError(refused)


def _is_ours(message: Mapping[str, Any]) -> bool:
    source = message.get("sourceLocation", {}).get("file", "")
    return not source.startswith("node_modules/")


def _artifacts(contracts: Mapping[str, Mapping[str, Any]]) -> Iterator[Artifact]:
    for found in contracts.values():
        for name, contract in found.items():
            if _is_deployable(contract):
                yield _artifact(name, contract)


def _is_deployable(contract: Mapping[str, Any]) -> bool:
    """Tell a contract from an interface or abstract contract (no code) and an internal library (no entry)."""
    evm = contract["evm"]
    return bool(evm["bytecode"]["object"]) and bool(evm["methodIdentifiers"])


def _artifact(name: str, contract: Mapping[str, Any]) -> Artifact:
    code, deployed = contract["evm"]["bytecode"], contract["evm"]["deployedBytecode"]
    if code["linkReferences"]:
        raise ContractUnfitError(name, f"needs linking with {sorted(code['linkReferences'])}")
    return Artifact(
        name=name,
        abi=tuple(contract["abi"]),
        bytecode=code["object"],
        deployed_bytecode=deployed["object"],
        immutables=deployed["immutableReferences"],
    )
