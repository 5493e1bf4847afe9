"""A small neighbourhood whose slots somebody has to keep."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from node.chain.signing import LocalSigner
from node.settlement.keeper import Limits
from node.settlement.rounds import Keeper
from tests.integration.chain.world import BEGINNING, WARM_UP, World, key, new_world

PARTIES = 6


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A market with six parties; party n owns metering point n, counted from 1."""

    world: World
    parties: dict[int, LocalSigner]

    def keeper(self, name: str = "keeper", **limits: int) -> Keeper:
        """Return a keeper with a key of its own."""
        return Keeper(
            self.world.client,
            self.world.contracts,
            self.world.product,
            key(name),
            self.world.sender,
            Limits(**({"slots_ahead": 3} | limits)),
            first_block=self.world.manifest.block,
        )


@pytest.fixture
def neighbourhood(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbourhood]:
    """The neighbourhood at the time at which its points have become active."""
    with new_world(tmp_path_factory.mktemp("neighbourhood")) as world:
        world.install_oracles()
        parties = {}
        for number in range(1, PARTIES + 1):
            party = world.admit(f"party {number}", yen=100_000)
            parties[world.add_point(party, key(f"gateway {number}"), fallback=500)] = party
        world.at(BEGINNING + WARM_UP)
        yield Neighbourhood(world, parties)
