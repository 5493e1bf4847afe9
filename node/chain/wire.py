"""Blocks, logs and receipts as a node's JSON turns into them."""

from collections.abc import Mapping
from dataclasses import dataclass

from node.chain.errors import NodeError
from node.chain.rpc import Json


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header, as far as anybody asks."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Log:
    """An event as a contract left it, packed."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_hash: bytes
    block_number: int
    tx_hash: bytes
    log_index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction that is in a block; `succeeded` is False when a contract refused it."""

    tx_hash: bytes
    succeeded: bool
    block_number: int
    block_hash: bytes
    gas_used: int
    contract: str | None
    logs: tuple[Log, ...]


def block_of(answer: Json) -> Block:
    """Read a header."""
    fields = mapping(answer)
    return Block(
        number=number(fields["number"]),
        hash=octets(fields["hash"]),
        parent_hash=octets(fields["parentHash"]),
        timestamp=number(fields["timestamp"]),
    )


def log_of(answer: Json) -> Log:
    """Read an event."""
    fields = mapping(answer)
    topics = fields["topics"]
    return Log(
        address=text(fields["address"]).lower(),
        topics=tuple(octets(topic) for topic in topics) if isinstance(topics, list) else (),
        data=octets(fields["data"]),
        block_hash=octets(fields["blockHash"]),
        block_number=number(fields["blockNumber"]),
        tx_hash=octets(fields["transactionHash"]),
        log_index=number(fields["logIndex"]),
    )


def logs_of(answer: Json) -> list[Log]:
    """Read events in the order of the chain."""
    if not isinstance(answer, list):
        raise misread(answer, "a list of events")
    logs = [log_of(item) for item in answer]
    return sorted(logs, key=lambda log: (log.block_number, log.log_index))


def receipt_of(answer: Json) -> Receipt:
    """Read a receipt."""
    fields = mapping(answer)
    created = fields.get("contractAddress")
    return Receipt(
        tx_hash=octets(fields["transactionHash"]),
        succeeded=number(fields["status"]) == 1,
        block_number=number(fields["blockNumber"]),
        block_hash=octets(fields["blockHash"]),
        gas_used=number(fields["gasUsed"]),
        contract=None if created is None else text(created).lower(),
        logs=tuple(logs_of(fields["logs"])),
    )


def transaction_in(block: Json, sender: str, nonce: int) -> bytes | None:
    """Return the hash of a sender's transaction in a block that was read with its transactions."""
    transactions = mapping(block)["transactions"]
    if not isinstance(transactions, list):
        raise misread(transactions, "a list of transactions")
    for transaction in map(mapping, transactions):
        if text(transaction["from"]).lower() == sender and number(transaction["nonce"]) == nonce:
            return octets(transaction["hash"])
    return None


# -- the parts that all of these are made of


def mapping(answer: Json) -> Mapping[str, Json]:
    """Read an object."""
    if isinstance(answer, dict):
        return answer
    raise misread(answer, "an object")


def number(answer: Json) -> int:
    """Read a number, which JSON-RPC writes in hex."""
    try:
        return int(text(answer), 16)
    except ValueError:
        raise misread(answer, "a hex number") from None


def octets(answer: Json) -> bytes:
    """Read bytes, which JSON-RPC writes in hex."""
    try:
        return bytes.fromhex(text(answer).removeprefix("0x"))
    except ValueError:
        raise misread(answer, "hex bytes") from None


def text(answer: Json) -> str:
    """Read a text."""
    if isinstance(answer, str):
        return answer
    raise misread(answer, "a text")


def misread(answer: Json, expected: str) -> NodeError:
    """Return the error for an answer that JSON-RPC does not allow."""
    return NodeError("answer", 0, f"expected {expected}, got {answer!r:.80}")
