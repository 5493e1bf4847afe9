"""Follows the chain block by block, by parent hash, and undoes what a reorganisation took back.

Blocks are read first and written then, in one transaction with the cursor: a crash at any point leaves the
tables as of some block. A block that was taken back is deleted with everything that came in it, down to the
last block that both sides know; deeper than `finality_depth` nothing is guessed, the follower halts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from node.indexer.errors import ChainInconsistentError, DeepReorganisationError
from node.indexer.projections import project
from node.indexer.source import BlockHeader, ChainSource
from node.store.chain_records import Block, ChainRecord, Logged
from node.store.database import Database

#: Most blocks of one transaction: a backfill commits often enough to be killed at any time.
BATCH_BLOCKS = 200

#: A block with its rows, not written yet.
_Read = tuple[Block, list[Logged[ChainRecord]]]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the tables follow: up to block `followed` (-1 = none) of a chain whose newest is `head`."""

    followed: int
    head: int

    @property
    def caught_up(self) -> bool:
        """Whether the tables hold everything the chain had when it was asked."""
        return self.followed >= self.head


@dataclass(frozen=True, slots=True)
class Follower:
    """The one writer of the chain tables."""

    database: Database
    chain: ChainSource
    finality_depth: int
    start_block: int = 0
    batch_blocks: int = BATCH_BLOCKS

    def step(self) -> Progress:
        """Undo what was taken back, follow up to `batch_blocks` more blocks, and tell how far that leads."""
        head = self.chain.head()
        known = self._undo_reorganisation(self._cursor())
        read = list(self._read_blocks(known, head))
        if not read and known is not None and head > known.number:
            raise ChainInconsistentError(
                f"block {known.number + 1} does not follow block {known.number}"
            )
        if read:
            self._write(known, read)
            known = read[-1][0]
        return Progress(self.start_block - 1 if known is None else known.number, head)

    def catch_up(self) -> Progress:
        """Follow until the tables hold everything that the chain has."""
        progress = self.step()
        while not progress.caught_up:
            progress = self.step()
        return progress

    def rebuild(self) -> None:
        """Empty the chain tables; following then starts from the first block again."""
        known = self._cursor()
        if known is not None:
            self._rewind(None, known)

    def _cursor(self) -> Block | None:
        with self.database.read() as view:
            return view.chain.head()

    def _undo_reorganisation(self, known: Block | None) -> Block | None:
        """Return the last block that the chain still has, after taking back those above it."""
        if known is None:
            return None
        ancestor = self._common_ancestor(known)
        if ancestor != known:
            self._rewind(ancestor, known)
        return ancestor

    def _common_ancestor(self, known: Block) -> Block | None:
        lowest = max(self.start_block, known.number - self.finality_depth)
        for number in range(known.number, lowest - 1, -1):
            ours, theirs = self._followed(number), self.chain.block(number)
            if theirs is not None and ours is not None and ours.hash == bytes(theirs.hash):
                return ours
        if lowest == known.number - self.finality_depth:
            raise DeepReorganisationError(known.number, self.finality_depth)
        return None

    def _followed(self, number: int) -> Block | None:
        with self.database.read() as view:
            return view.chain.block(number)

    def _read_blocks(self, known: Block | None, head: int) -> Iterator[_Read]:
        """Yield the blocks after `known` as far as each names the one before it as its parent."""
        first = self.start_block if known is None else known.number + 1
        last = min(head, first + self.batch_blocks - 1)
        for number in range(first, last + 1):
            header = self.chain.block(number)
            if header is None or not _follows(header, known):
                return  # taken back while we read; the next step finds the common ancestor
            known = _block(header)
            yield known, self._rows(known)

    def _rows(self, block: Block) -> list[Logged[ChainRecord]]:
        events = self.chain.logs(block.hash)
        strange = next((event for event in events if bytes(event.block_hash) != block.hash), None)
        if strange is not None:
            raise ChainInconsistentError(
                f"asked for the logs of block {block.number} (0x{block.hash.hex()}), got {strange.name} "
                f"of block {strange.block_number} (0x{bytes(strange.block_hash).hex()})"
            )
        return [row for event in events for row in project(event)]

    def _write(self, known: Block | None, read: list[_Read]) -> None:
        with self.database.write() as work:
            for block, rows in read:
                work.chain.append(block, rows, after=known)
                known = block
            work.commit()

    def _rewind(self, to: Block | None, known: Block) -> None:
        with self.database.write() as work:
            work.chain.rewind(to, after=known)
            work.commit()


def _follows(header: BlockHeader, known: Block | None) -> bool:
    return known is None or bytes(header.parent_hash) == known.hash


def _block(header: BlockHeader) -> Block:
    return Block(header.number, bytes(header.hash), bytes(header.parent_hash), header.timestamp)
