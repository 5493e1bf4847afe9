"""Loads the compiled contracts that ship with the program.

An artifact is `artifacts/<Name>.json`: name, ABI, creation code, runtime code and where the compiler left holes in
the runtime code for values that only the deployment knows (immutables).
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from node.chain.abi import Abi
from node.chain.errors import ArtifactError

#: The contracts of the market and the access manager that they obey.
CONTRACTS = (
    "AccessManager",
    "ParticipantRegistry",
    "SpotAuction",
    "MeterOracle",
    "SettlementLedger",
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract."""

    name: str
    abi: Abi
    creation_code: bytes
    runtime_code: bytes


@cache
def load_artifact(name: str) -> Artifact:
    """Return a compiled contract by name."""
    file = resources.files("node.chain") / "artifacts" / f"{name}.json"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ArtifactError(name, "is missing") from None
    return parse_artifact(name, text)


def parse_artifact(name: str, text: str) -> Artifact:
    """Read a compiled contract."""
    try:
        content = json.loads(text)
        return Artifact(
            name=name,
            abi=Abi.parse(name, content["abi"]),
            creation_code=bytes.fromhex(content["bytecode"].removeprefix("0x")),
            runtime_code=bytes.fromhex(content["deployedBytecode"].removeprefix("0x")),
        )
    except (ValueError, KeyError, TypeError) as broken:
        raise ArtifactError(name, f"is damaged: {broken!r}") from broken
