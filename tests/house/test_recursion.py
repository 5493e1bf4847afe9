"""A hostile message must raise an error and not end the process."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
limit = sys.getrecursionlimit()
import node.chain
import eth_account, web3
assert sys.getrecursionlimit() == limit, sys.getrecursionlimit()

from node.domain.documents import decode_json
from node.domain.errors import FieldError
try:
    decode_json("[" * 100_000 + "]" * 100_000)
except FieldError as error:
    print(error)
"""


def test_a_deeply_nested_message_is_refused_also_after_the_chain_libraries_are_loaded(
    repo_root: Path,
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=repo_root, capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert "nested too deeply" in run.stdout
