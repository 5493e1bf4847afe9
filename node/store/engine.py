"""Opens a database so that it can be trusted: checked, durable, and never overwritten when damaged.

SQLite runs in WAL mode with `synchronous = FULL`, so that what was acknowledged survives a kill or a power
cut, and each writing transaction takes the write lock at its start (`BEGIN IMMEDIATE`), so that two writers
queue instead of failing half way.
"""

import sqlite3

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, ExceptionContext, make_url

from node.store.errors import (
    DatabaseCorruptError,
    DatabaseForeignError,
    DatabaseUnavailableError,
    StoreError,
)

#: How long a transaction waits for the write lock before it gives up.
BUSY_TIMEOUT_MS = 15_000

#: Execution option that makes a transaction take SQLite's write lock at once.
WRITING = "yuimaru_writing"

#: SQLite's primary result codes of a damaged file, and of one that cannot be used now.
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
}


def open_engine(url: str) -> Engine:
    """Return an engine on a database that was found sound; raises before anything is written to it."""
    target = make_url(url)
    engine = create_engine(target)
    event.listen(engine, "handle_error", _name_the_error)
    try:
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        _refuse_foreign(engine)
    except StoreError:
        engine.dispose()
        raise
    return engine


def shown(url: URL) -> str:
    """Return where a database is, without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    return url.render_as_string(hide_password=True)


def _prepare_sqlite(engine: Engine) -> None:
    event.listen(engine, "begin", _begin)
    with engine.connect() as connection:
        verdict = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if verdict != "ok":
            raise DatabaseCorruptError(shown(engine.url), str(verdict))
    # Only now: the pragmas of a connection read the file and would hide what is wrong with it.
    engine.dispose()
    event.listen(engine, "connect", _set_pragmas)


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    # Without an isolation level the driver begins nothing by itself; `_begin` does.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _refuse_foreign(engine: Engine) -> None:
    tables = inspect(engine).get_table_names()
    if tables and "alembic_version" not in tables:
        raise DatabaseForeignError(shown(engine.url), sorted(tables))


def _name_the_error(context: ExceptionContext) -> None:
    """Turn what the driver says of the database itself into an error that says what to do."""
    engine, cause = context.engine, context.original_exception
    named = None if engine is None else _named(shown(engine.url), cause)
    if named is not None:
        raise named from cause


def _named(path: str, cause: BaseException) -> StoreError | None:
    """Return the named error of a driver's exception, None for one that is about the statement."""
    if not isinstance(cause, sqlite3.Error):
        lost = type(cause).__name__ == "OperationalError"
        return DatabaseUnavailableError(path, str(cause)) if lost else None
    primary = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if primary in _DAMAGED:
        return DatabaseCorruptError(path, str(cause))
    return DatabaseUnavailableError(path, str(cause)) if primary in _UNAVAILABLE else None
