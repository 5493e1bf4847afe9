"""A real SQLite file for each test, and a chain in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.indexer.memory import MemoryChain
from node.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'hub.db'}")
    yield opened
    opened.close()


@pytest.fixture
def chain() -> MemoryChain:
    return MemoryChain()
