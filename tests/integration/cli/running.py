"""Running `yuimaru` in this process: the same entry point, arguments, output and exit code as on a terminal."""

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from typing import Any

from node.cli.main import main


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON that a successful command printed."""
        assert (self.code, self.err) == (0, ""), self.err
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """The lines that a successful command printed."""
        assert (self.code, self.err) == (0, ""), self.err
        return self.out.splitlines()

    def refused(self, name: str) -> str:
        """The sentence with which a command refused under a name; it left exit code 1 and no output."""
        assert self.code == 1, (self.code, self.out, self.err)
        assert self.out == ""
        head = f"yuimaru: {name}: "
        assert self.err.startswith(head), self.err
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1, "one sentence on one line"
        return self.err.removeprefix(head).strip()


def yuimaru(*arguments: object) -> Ran:
    """Run `yuimaru` with arguments."""
    out, err, given = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["yuimaru", *map(str, arguments)]
    code: object = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.argv = given
    assert isinstance(code, int)
    return Ran(code, out.getvalue(), err.getvalue())
