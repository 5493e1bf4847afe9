"""Reading a neighbourhood from a folder of CSV files."""

from pathlib import Path

from node.cli.files import FileUnreadableError
from node.domain.neighbourhood import FILES, Neighbourhood, parse_neighbourhood


def read_neighbourhood(folder: Path) -> Neighbourhood:
    """Return the neighbourhood in a folder; a missing or wrong file is named with line and column."""
    return parse_neighbourhood({name: _lines(folder / name) for name in FILES})


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadableError(path, str(error)) from error
