"""What can go wrong between a process and its database.

* StoreError
  * DatabaseCorruptError      the file is damaged or no database at all; nothing was written to it
  * DatabaseForeignError      a sound database, but not one of ours
  * DatabaseVersionError      written by a newer version of this program
  * DatabaseUnavailableError  cannot be opened, or is locked for too long: safe to retry
  * ConcurrentWriterError     another process moved the cursor of the chain tables
"""

from node.domain.errors import YuimaruError


class StoreError(YuimaruError):
    """Base of everything the store raises."""


class DatabaseCorruptError(StoreError):
    """The database file is damaged. It is left as it is, so that it can be looked at and restored."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"database {path} is damaged ({problem}). Nothing was written to it. Move it away and restore "
            "a backup. Without one start with an empty database: the chain tables are rebuilt from "
            "block 0, while devices have to register again and readings that are not on chain are lost."
        )
        self.path = path
        self.problem = problem


class DatabaseForeignError(StoreError):
    """The file is a sound database of something else."""

    def __init__(self, path: str, tables: list[str]) -> None:
        super().__init__(
            f"database {path} was not made by this program (it holds {', '.join(tables[:5])}): "
            "name another file"
        )
        self.path = path


class DatabaseVersionError(StoreError):
    """The tables were made by a newer version of this program."""

    def __init__(self, path: str, revision: str) -> None:
        super().__init__(
            f"database {path} has the unknown schema revision {revision!r}: it was written by a newer "
            "version of this program; use that version or another database"
        )
        self.path = path
        self.revision = revision


class DatabaseUnavailableError(StoreError):
    """The database cannot be opened or answered too late: nothing is known to have changed."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"database {path} is not available: {problem}")
        self.path = path
        self.problem = problem


class ConcurrentWriterError(StoreError):
    """Another process follows the same chain into the same tables; this one wrote nothing."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"the cursor of the chain tables is at {found}, expected {expected}: another indexer writes "
            "to this database; stop one of the two"
        )
        self.expected = expected
        self.found = found
