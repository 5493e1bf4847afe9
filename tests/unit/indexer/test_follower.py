"""The tables equal the chain, whatever it takes back and whenever the follower dies."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.indexer.errors import ChainInconsistentError, DeepReorganisationError
from node.indexer.follower import Follower, Progress
from node.indexer.memory import MemoryBlock, MemoryChain, MemoryEvent, Said, UnknownBlockError
from node.store.chain_records import CreditRecord
from node.store.database import Database
from node.store.errors import ConcurrentWriterError

ALICE = "0x" + "Aa" * 20


def credit(yen: int) -> Said:
    args = {"account": ALICE, "yen": yen, "bankReference": bytes(32)}
    return ("SettlementLedger", "Credited", args)


def credited(database: Database) -> list[int]:
    with database.read() as view:
        return [row.record.yen for row in view.chain.find(CreditRecord)]


def on_chain(chain: MemoryChain) -> list[int]:
    blocks = [chain.block(number) for number in range(chain.head() + 1)]
    return [
        event.args["yen"]
        for block in blocks
        if block is not None
        for event in chain.logs(block.hash)
    ]


def follow(database: Database, chain: MemoryChain, finality_depth: int = 4) -> Follower:
    return Follower(database, chain, finality_depth)


def test_following_brings_every_event_into_the_tables(
    database: Database, chain: MemoryChain
) -> None:
    chain.mine(credit(1), credit(2))
    chain.mine()
    chain.mine(credit(3))

    progress = follow(database, chain).catch_up()

    assert progress == Progress(followed=2, head=2)
    assert progress.caught_up
    assert credited(database) == [1, 2, 3]


def test_an_empty_chain_is_followed(database: Database, chain: MemoryChain) -> None:
    assert follow(database, chain).step() == Progress(followed=-1, head=-1)


def test_a_step_follows_no_more_than_its_batch(database: Database, chain: MemoryChain) -> None:
    for yen in range(5):
        chain.mine(credit(yen))
    follower = Follower(database, chain, finality_depth=4, batch_blocks=2)

    assert follower.step() == Progress(followed=1, head=4)
    assert not follower.step().caught_up
    assert follower.step().caught_up
    assert credited(database) == [0, 1, 2, 3, 4]


def test_following_again_changes_nothing(database: Database, chain: MemoryChain) -> None:
    chain.mine(credit(1))
    follower = follow(database, chain)
    follower.catch_up()
    follower.catch_up()
    assert credited(database) == [1]


def test_following_starts_at_the_block_of_the_deployment(
    database: Database, chain: MemoryChain
) -> None:
    chain.mine(credit(1))
    chain.mine(credit(2))
    Follower(database, chain, finality_depth=4, start_block=1).catch_up()
    assert credited(database) == [2]


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_what_the_chain_takes_back_leaves_the_tables(
    database: Database, chain: MemoryChain, depth: int
) -> None:
    for yen in range(6):
        chain.mine(credit(yen))
    follower = follow(database, chain)
    follower.catch_up()

    chain.take_back(depth)
    for yen in range(depth + 1):
        chain.mine(credit(100 + yen))
    follower.catch_up()

    assert credited(database) == on_chain(chain)


def test_a_block_replaced_at_the_same_height_is_noticed(
    database: Database, chain: MemoryChain
) -> None:
    chain.mine(credit(1))
    chain.mine(credit(2))
    follower = follow(database, chain)
    follower.catch_up()

    chain.take_back(1)
    chain.mine(credit(3))
    follower.catch_up()

    assert credited(database) == [1, 3]


def test_a_chain_that_got_shorter_is_followed_back(database: Database, chain: MemoryChain) -> None:
    for yen in range(4):
        chain.mine(credit(yen))
    follower = follow(database, chain)
    follower.catch_up()

    chain.take_back(2)

    assert follower.step() == Progress(followed=1, head=1)
    assert credited(database) == [0, 1]


def test_a_young_chain_may_be_replaced_as_a_whole(database: Database, chain: MemoryChain) -> None:
    chain.mine(credit(1))
    chain.mine(credit(2))
    follower = follow(database, chain)
    follower.catch_up()

    chain.take_back(2)
    chain.mine(credit(3))
    follower.catch_up()

    assert credited(database) == [3]


def test_deeper_than_final_nothing_is_guessed_and_nothing_written(
    database: Database, chain: MemoryChain
) -> None:
    for yen in range(8):
        chain.mine(credit(yen))
    follower = follow(database, chain)
    follower.catch_up()

    chain.take_back(5)
    for _ in range(9):
        chain.mine(credit(100))

    with pytest.raises(DeepReorganisationError, match="rebuild"):
        follower.step()
    assert credited(database) == [0, 1, 2, 3, 4, 5, 6, 7]


def test_without_any_reorganisation_allowed_the_first_one_halts(
    database: Database, chain: MemoryChain
) -> None:
    chain.mine(credit(1))
    chain.mine(credit(2))
    follower = follow(database, chain, finality_depth=0)
    follower.catch_up()
    chain.take_back(1)
    chain.mine(credit(3))
    with pytest.raises(DeepReorganisationError):
        follower.step()


def test_a_rebuild_gives_the_same_tables(database: Database, chain: MemoryChain) -> None:
    for yen in range(6):
        chain.mine(credit(yen), credit(yen + 100))
    follower = follow(database, chain)
    follower.catch_up()
    with database.read() as view:
        before = view.chain.content()

    follower.rebuild()
    assert credited(database) == []
    follower.catch_up()

    with database.read() as view:
        assert view.chain.content() == before


def test_a_rebuild_of_empty_tables_is_harmless(database: Database, chain: MemoryChain) -> None:
    follow(database, chain).rebuild()
    assert credited(database) == []


class LateReorganisation(MemoryChain):
    """Takes a block back between the reading of its header and of its logs."""

    def logs(self, block_hash: bytes) -> Sequence[MemoryEvent]:
        if self.head() == 2:
            self.take_back(1)
            self.mine(credit(7))
        return super().logs(block_hash)


def test_a_block_taken_back_while_it_is_read_leaves_the_tables_as_they_were(
    database: Database,
) -> None:
    chain = LateReorganisation()
    chain.mine(credit(0))
    chain.mine(credit(1))
    follower = follow(database, chain)
    follower.catch_up()
    chain.mine(credit(2))

    with pytest.raises(UnknownBlockError):
        follower.step()
    assert credited(database) == [0, 1]


class Confused(MemoryChain):
    """Answers with the logs of another block, as a load-balanced node may."""

    def logs(self, block_hash: bytes) -> Sequence[MemoryEvent]:
        first = self.block(0)
        assert first is not None
        return super().logs(first.hash) if block_hash != first.hash else []


def test_logs_of_another_block_are_refused(database: Database) -> None:
    chain = Confused()
    chain.mine(credit(1))
    chain.mine()
    with pytest.raises(ChainInconsistentError, match="Credited"):
        follow(database, chain).step()
    assert credited(database) == []


class Broken(MemoryChain):
    """Names a parent that does not exist."""

    def block(self, number: int) -> MemoryBlock | None:
        found = super().block(number)
        if found is None or number == 0:
            return found
        return MemoryBlock(number, found.hash, b"?" * 32, found.timestamp)


def test_a_block_that_does_not_follow_is_refused(database: Database) -> None:
    chain = Broken()
    chain.mine(credit(1))
    follower = follow(database, chain)
    follower.catch_up()
    chain.mine(credit(2))
    with pytest.raises(ChainInconsistentError, match="does not follow"):
        follower.step()
    assert credited(database) == [1]


class Interfering(MemoryChain):
    """Lets another follower write while this one reads."""

    other: Follower | None = None

    def logs(self, block_hash: bytes) -> Sequence[MemoryEvent]:
        other, self.other = self.other, None
        if other is not None:
            other.catch_up()
        return super().logs(block_hash)


def test_of_two_followers_of_one_database_one_is_refused(database: Database) -> None:
    chain = Interfering()
    chain.mine(credit(1))
    chain.other = follow(database, chain)

    with pytest.raises(ConcurrentWriterError):
        follow(database, chain).step()
    assert credited(database) == [1]


class Flaky(MemoryChain):
    """Fails some of the calls."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random

    def logs(self, block_hash: bytes) -> Sequence[MemoryEvent]:
        if self._random.random() < 0.2:
            raise ConnectionError("the node went away")
        return super().logs(block_hash)


@given(seed=st.integers(0, 2**32), steps=st.integers(1, 25))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_under_reorganisations_and_failures_the_tables_equal_the_chain(
    tmp_path: Path, seed: int, steps: int
) -> None:
    random = Random(seed)
    database = Database.open(f"sqlite:///{tmp_path / f'{seed}-{steps}.db'}")
    chain = Flaky(random)
    follower = Follower(database, chain, finality_depth=3, batch_blocks=2)
    for step in range(steps):
        if random.random() < 0.3:
            chain.take_back(min(random.randint(1, 3), chain.head() + 1))
        for extra in range(random.randint(0, 3)):
            chain.mine(credit(100 * step + extra))
        try:
            follower.step()
        except ConnectionError:
            continue
    _settle(follower)
    assert credited(database) == [
        event.args["yen"]
        for number in range(chain.head() + 1)
        if (block := chain.block(number)) is not None
        for event in MemoryChain.logs(chain, block.hash)
    ]
    database.close()


def _settle(follower: Follower) -> None:
    while True:
        try:
            follower.catch_up()
        except ConnectionError:
            continue
        return
