"""Write node/chain/artifacts anew, or with --check compile and compare what is committed.

Exit code 1 when the sources do not compile without a warning, or when a committed file is not what they give.
"""

import sys
from pathlib import Path

from node.chain.compile import CompileError, stale_artifacts, write_artifacts

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run one of the two modes and return the exit code."""
    try:
        return check() if "--check" in sys.argv[1:] else write()
    except CompileError as error:
        print(error, file=sys.stderr)
        return 1


def check() -> int:
    """Name the artifacts that are not what the sources give."""
    stale = stale_artifacts(ROOT)
    for name in stale:
        print(f"artifact {name} is not what the contracts give", file=sys.stderr)
    if stale:
        print("run `make artifacts`", file=sys.stderr)
    return 1 if stale else 0


def write() -> int:
    """Write the artifacts and name them."""
    for path in write_artifacts(ROOT):
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
