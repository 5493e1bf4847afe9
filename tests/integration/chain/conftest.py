"""A market on a chain of its own for each module."""

from collections.abc import Iterator

import pytest

from tests.integration.chain.world import World, new_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A deployed market without parties, under a clock that the test moves."""
    with new_world(tmp_path_factory.mktemp("world")) as world:
        yield world
