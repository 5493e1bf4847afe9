"""Print the requirement numbers that no test carries, and those that tests carry but nobody wrote down.

tests/requirements.csv says what the project meets. A pytest names its numbers with `@pytest.mark.spec("C-24")`, a
forge test in its NatSpec with `@custom:spec C-24 G-05`. Exit code 1 when the two do not agree.
"""

import ast
import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NUMBER = re.compile(r"[A-G]-\d{2}")
NATSPEC = re.compile(r"@custom:spec\s+(.*)")


def main() -> int:
    """Compare the two lists and return the exit code."""
    meant = requirements(ROOT)
    carried = set(numbers_in_python(ROOT)) | set(numbers_in_solidity(ROOT))
    untested = sorted(set(meant) - carried)
    unwritten = sorted(carried - set(meant))
    for number in untested:
        print(f"{number} has no test: {meant[number]}")
    for number in unwritten:
        print(f"{number} has a test but no line in tests/requirements.csv")
    print(
        f"{len(meant)} requirements, {len(untested)} without a test, {len(unwritten)} not written down"
    )
    return 1 if untested or unwritten else 0


def requirements(root: Path) -> dict[str, str]:
    """Return what tests/requirements.csv says, by number."""
    with (root / "tests" / "requirements.csv").open(newline="") as file:
        return {row["requirement"]: row["meaning"] for row in csv.DictReader(file)}


def numbers_in_python(root: Path) -> Iterator[str]:
    """Yield the arguments of every `pytest.mark.spec(...)` in the tests."""
    for path in (root / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.spec":
                yield from (str(ast.literal_eval(argument)) for argument in node.args)


def numbers_in_solidity(root: Path) -> Iterator[str]:
    """Yield the numbers that the NatSpec of the forge tests names."""
    for path in (root / "tests" / "contracts").rglob("*.sol"):
        for named in NATSPEC.findall(path.read_text()):
            yield from NUMBER.findall(named)


if __name__ == "__main__":
    sys.exit(main())
