"""Run the lanes of `make test` one after the other: lanes.py MAKE LANE...

Every lane runs even when one before it failed, so that one run shows all that is wrong. The exit code is 1 when
any lane failed.
"""

import shlex
import subprocess
import sys
import time


def main(make: str, lanes: list[str]) -> int:
    """Run the lanes, print what each took, and return the exit code."""
    results = [run(make, lane) for lane in lanes]
    print("\n--- lanes")
    for lane, code, seconds in results:
        print(f"{'passed' if code == 0 else 'FAILED'}  {lane:<18} {seconds:7.1f} s")
    failed = sum(code != 0 for _, code, _ in results)
    print(f"lanes: {len(results) - failed} passed, {failed} failed")
    return 1 if failed or not results else 0


def run(make: str, lane: str) -> tuple[str, int, float]:
    """Run one lane and return its name, exit code and seconds."""
    print(f"\n--- {lane}", flush=True)
    start = time.monotonic()
    code = subprocess.run(
        [*shlex.split(make), "--no-print-directory", lane], check=False
    ).returncode
    return lane, code, time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
