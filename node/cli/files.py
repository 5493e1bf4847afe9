"""Reading the files that commands are given."""

from pathlib import Path

from node.domain.errors import YuimaruError


class FileUnreadableError(YuimaruError):
    """A file that a command was given cannot be read; the message names it and the reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}")


def read_bytes(path: Path) -> bytes:
    """Return a file's content or raise `FileUnreadableError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadableError(path, error.strerror or str(error)) from error
