"""How commands speak: figures on standard output, problems on standard error, JSON where asked."""

import json
import sys
from typing import NoReturn

from node.domain.errors import YuimaruError


def fail(error: YuimaruError) -> NoReturn:
    """Say what went wrong in one sentence and leave with exit code 1."""
    sys.stderr.write(f"yuimaru: {type(error).__name__}: {error}\n")
    sys.exit(1)


def print_json(document: object) -> None:
    """Print a document as JSON, keys in the order given."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
