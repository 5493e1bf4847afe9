"""Reading the files that commands are given."""

from pathlib import Path

from node.domain.errors import YuimaruError


class FileUnreadableError(YuimaruError):
    """A file that a command was given cannot be read; the message names it and the reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}")


class FileUnwritableError(YuimaruError):
    """A file that a command is to write cannot be written; the message names it and the reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be written: {reason}")


def check_writable(path: Path) -> None:
    """Refuse a path that cannot be written before long work is done for it; leaves what is there."""
    try:
        path.open("a").close()
    except OSError as error:
        raise FileUnwritableError(path, error.strerror or str(error)) from error


def read_bytes(path: Path) -> bytes:
    """Return a file's content or raise `FileUnreadableError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadableError(path, error.strerror or str(error)) from error
