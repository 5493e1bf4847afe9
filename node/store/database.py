"""One database, opened once per process, and the units of work on it."""

from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine

from node.store.chain import ChainTables
from node.store.devices import Devices, Systems
from node.store.engine import WRITING, open_engine, shown
from node.store.event_log import EventLog
from node.store.points import Points
from node.store.readings import Readings
from node.store.schema import migrate


class View:
    """What can be read, all of it as of one instant."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Self:
        self._connection = self._open()
        self.devices = Devices(self._connection)
        self.systems = Systems(self._connection)
        self.readings = Readings(self._connection)
        self.events = EventLog(self._connection)
        self.chain = ChainTables(self._connection)
        self.points = Points(self.chain)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def _open(self) -> Connection:
        return self._engine.connect()


class UnitOfWork(View):
    """Changes that happen together: what is not committed when the block is left never happened."""

    def commit(self) -> None:
        """Make everything since the start of the block durable."""
        self._connection.commit()

    def _open(self) -> Connection:
        return self._engine.connect().execution_options(**{WRITING: True})


class Database:
    """A sound, migrated database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the database at an SQLAlchemy URL, make it if it does not exist, bring its tables up to date."""
        engine = open_engine(url)
        migrate(engine)
        return cls(engine)

    @property
    def path(self) -> str:
        """Where the database is, without a password."""
        return shown(self._engine.url)

    def write(self) -> UnitOfWork:
        """Start a unit of work; it has the write lock from its first statement on."""
        return UnitOfWork(self._engine)

    def read(self) -> View:
        """Start reading from one snapshot."""
        return View(self._engine)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()
