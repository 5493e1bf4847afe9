"""Run `forge test` and believe it only when it ran every test file and spent the gas that is written down.

Forge exits with 0 when it finds no test at all (it happens: a cache that another forge command wrote can hide the
tests), so its exit code alone is not enough. Arguments are passed on to forge; with any given, only part of the
tests is meant to run, so completeness and gas are not compared. `--write-snapshots` writes the gas down anew.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORGE = ROOT / "node_modules" / ".bin" / "forge"
TESTS = ROOT / "tests" / "contracts"
SNAPSHOTS = ROOT / "tests" / "snapshots" / "gas"
WRITE = "--write-snapshots"

#: "Ran 6 tests for tests/contracts/support/Support.t.sol:SupportTest"
SUITE = re.compile(r"^Ran \d+ tests? for (?P<path>[^:]+):", re.MULTILINE)

Gas = dict[str, dict[str, str]]


def main(arguments: list[str]) -> int:
    """Run forge, then the checks that its exit code leaves out."""
    selection = [argument for argument in arguments if argument != WRITE]
    measured = ROOT / "build" / "forge" / "snapshots"
    shutil.rmtree(measured, ignore_errors=True)
    code, output = run_forge(selection, measured)
    if code:
        return code
    ran = set(SUITE.findall(output))
    if not ran:
        return fail("forge ran no test; remove build/forge and try again")
    if selection:
        return 0
    missing = {path.relative_to(ROOT).as_posix() for path in TESTS.rglob("*.t.sol")} - ran
    if missing:
        return fail(f"forge ran no test of {', '.join(sorted(missing))}")
    return write_gas(measured) if WRITE in arguments else compare_gas(measured)


def run_forge(selection: list[str], measured: Path) -> tuple[int, str]:
    """Run `forge test`, show its output while it comes, and return exit code and output."""
    environment = os.environ | {"FOUNDRY_SNAPSHOTS": str(measured)}
    lines = []
    with subprocess.Popen(
        [FORGE, "test", *selection],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as forge:
        for line in forge.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    return forge.returncode, "".join(lines)


def compare_gas(measured: Path) -> int:
    """Name every figure that is not what tests/snapshots/gas says."""
    now, written = read_gas(measured), read_gas(SNAPSHOTS)
    changes = [
        f"gas of {group} / {name}: {before} is written down, {after} was measured"
        for group in sorted(now | written)
        for name in sorted(now.get(group, {}) | written.get(group, {}))
        if (before := written.get(group, {}).get(name, "nothing"))
        != (after := now.get(group, {}).get(name, "nothing"))
    ]
    return fail("\n".join([*changes, "run `make snapshots` if it is meant"])) if changes else 0


def write_gas(measured: Path) -> int:
    """Write what was measured to tests/snapshots/gas."""
    shutil.rmtree(SNAPSHOTS, ignore_errors=True)
    if measured.is_dir():
        shutil.copytree(measured, SNAPSHOTS)
    return 0


def read_gas(folder: Path) -> Gas:
    """Return the figures by group and name."""
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


def fail(reason: str) -> int:
    """Say why, and return the exit code for it."""
    print(reason, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
