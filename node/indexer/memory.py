"""A chain in memory that can reorganise, for tests of everything that follows one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from node.domain.errors import YuimaruError

#: Contract, event and arguments of an event that is yet to be mined.
Said = tuple[str, str, Mapping[str, Any]]


class UnknownBlockError(YuimaruError):
    """The chain no longer has a block whose logs were asked for."""


@dataclass(frozen=True, slots=True)
class MemoryBlock:
    """A block; it has a `BlockHeader`'s fields."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class MemoryEvent:
    """An event; it has a `ChainEvent`'s fields."""

    contract: str
    name: str
    args: Mapping[str, Any]
    block_hash: bytes
    block_number: int
    tx_hash: bytes
    log_index: int


class MemoryChain:
    """Mines blocks of given events, takes blocks back and mines others in their place."""

    def __init__(self, seconds_per_block: int = 1) -> None:
        self._seconds_per_block = seconds_per_block
        self._blocks: list[MemoryBlock] = []
        self._events: dict[bytes, list[MemoryEvent]] = {}
        self._forks = 0

    def mine(self, *said: Said) -> MemoryBlock:
        """Add a block with these events, each in a transaction of its own."""
        number = len(self._blocks)
        parent = self._blocks[-1].hash if self._blocks else bytes(32)
        block_hash = sha256(parent + bytes([self._forks % 256])).digest()
        block = MemoryBlock(number, block_hash, parent, number * self._seconds_per_block)
        self._blocks.append(block)
        self._events[block_hash] = [_event(block, index, event) for index, event in enumerate(said)]
        return block

    def take_back(self, blocks: int) -> None:
        """Drop the newest blocks; whatever is mined next has other hashes."""
        for block in self._blocks[len(self._blocks) - blocks :]:
            del self._events[block.hash]
        del self._blocks[len(self._blocks) - blocks :]
        self._forks += 1

    def head(self) -> int:
        """Return the number of the newest block, -1 for none."""
        return len(self._blocks) - 1

    def block(self, number: int) -> MemoryBlock | None:
        """Return the block that has this number now."""
        return self._blocks[number] if 0 <= number < len(self._blocks) else None

    def logs(self, block_hash: bytes) -> Sequence[MemoryEvent]:
        """Return the events of a block that the chain has."""
        if block_hash not in self._events:
            raise UnknownBlockError(f"no block 0x{block_hash.hex()}")
        return self._events[block_hash]


def _event(block: MemoryBlock, log_index: int, said: Said) -> MemoryEvent:
    contract, name, args = said
    tx_hash = sha256(block.hash + bytes([log_index])).digest()
    return MemoryEvent(contract, name, args, block.hash, block.number, tx_hash, log_index)
