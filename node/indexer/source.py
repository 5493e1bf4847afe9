"""What the indexer needs from a chain; `node.chain` fulfils it, tests fulfil it in memory."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from node.store.chain_records import ChainRecord

#: Arguments of an event under the names of the ABI.
Args = Mapping[str, Any]

#: What an event says, as records.
Projection = Callable[[Args], Sequence[ChainRecord]]


class BlockHeader(Protocol):
    """A block as the chain names it now."""

    @property
    def number(self) -> int: ...
    @property
    def hash(self) -> bytes: ...
    @property
    def parent_hash(self) -> bytes: ...
    @property
    def timestamp(self) -> int: ...


class ChainEvent(Protocol):
    """A decoded event: `name` of `contract` with its arguments under the names of the ABI.

    Integers are int, addresses hex strings, bytes are bytes, arrays are sequences and structs mappings.
    """

    @property
    def contract(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def args(self) -> Args: ...
    @property
    def block_hash(self) -> bytes: ...
    @property
    def block_number(self) -> int: ...
    @property
    def tx_hash(self) -> bytes: ...
    @property
    def log_index(self) -> int: ...


class ChainSource(Protocol):
    """The chain, read by block number and block hash only: filters lose events in a reorganisation."""

    def head(self) -> int:
        """Return the number of the newest block."""
        ...

    def block(self, number: int) -> BlockHeader | None:
        """Return the block that has this number now, None when there is none."""
        ...

    def logs(self, block_hash: bytes) -> Sequence[ChainEvent]:
        """Return the decoded events of our contracts in a block; raises when the chain no longer has it."""
        ...
