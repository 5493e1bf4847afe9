"""A node in memory that takes raw transactions of one key and mines them when told, for what no real node does on demand."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from eth_hash.auto import keccak

from node.chain.rpc import Json, Request

CHAIN_ID = 7411


@dataclass(slots=True)
class FakeNode:
    """Takes transactions and mines them in order of nonce."""

    chain_id: int = CHAIN_ID
    endpoint_uri: str | None = "memory"
    sender: str = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
    pool: dict[int, bytes] = field(default_factory=dict)
    mined: list[bytes] = field(default_factory=list)
    failing: set[bytes] = field(default_factory=set)
    refusing: str | None = None
    hidden_receipts: bool = False
    requests: list[Request] = field(default_factory=list)

    def make_batch_request(self, batch_requests: Sequence[Request]) -> list[dict[str, Json]]:
        """Answer like a node."""
        self.requests += batch_requests
        return [self._answer(method, list(params)) for method, params in batch_requests]

    def mine(self) -> None:
        """Mine what follows on what is mined."""
        while len(self.mined) in self.pool:
            self.mined.append(self.pool.pop(len(self.mined)))

    def sent(self) -> list[bytes]:
        """Return every raw transaction that came in, repetitions included."""
        return [
            bytes.fromhex(str(params[0]).removeprefix("0x"))
            for method, params in self.requests
            if method == "eth_sendRawTransaction"
        ]

    def _answer(self, method: str, params: list[Json]) -> dict[str, Json]:
        match method:
            case "eth_chainId":
                return {"id": 0, "result": hex(self.chain_id)}
            case "eth_getTransactionCount":
                return {"id": 0, "result": hex(len(self.mined))}
            case "eth_sendRawTransaction":
                return self._take(bytes.fromhex(str(params[0]).removeprefix("0x")))
            case "eth_getTransactionReceipt":
                return {"id": 0, "result": self._receipt(str(params[0]))}
            case "eth_blockNumber":
                return {"id": 0, "result": hex(len(self.mined))}
            case "eth_getBlockByNumber":
                return {"id": 0, "result": self._block(int(str(params[0]), 16))}
            case "eth_getTransactionByHash":
                return {"id": 0, "result": None}
            case _:
                return {"id": 0, "error": {"code": -32601, "message": f"no {method} here"}}

    def _block(self, height: int) -> Json:
        """Return a block, which holds one transaction."""
        if not 0 < height <= len(self.mined):
            return {"transactions": []}
        raw = self.mined[height - 1]
        tx: Json = {
            "from": self.sender,
            "nonce": hex(height - 1),
            "hash": f"0x{keccak(raw).hex()}",
        }
        return {"transactions": [tx]}

    def _take(self, raw: bytes) -> dict[str, Json]:
        nonce = _nonce(raw)
        problem = self.refusing
        if nonce < len(self.mined):
            problem = "nonce too low"
        elif self.pool.get(nonce) == raw:
            problem = "transaction already imported"
        elif nonce in self.pool:
            problem = "replacement transaction underpriced"
        if problem is not None:
            return {"id": 0, "error": {"code": -32000, "message": problem}}
        self.pool[nonce] = raw
        return {"id": 0, "result": f"0x{keccak(raw).hex()}"}

    def _receipt(self, tx_hash: str) -> Json:
        hashes = [f"0x{keccak(raw).hex()}" for raw in self.mined]
        if tx_hash not in hashes or self.hidden_receipts:
            return None
        place = hashes.index(tx_hash)
        return {
            "transactionHash": tx_hash,
            "status": "0x0" if self.mined[place] in self.failing else "0x1",
            "blockNumber": hex(place + 1),
            "blockHash": f"0x{place + 1:064x}",
            "gasUsed": "0x5208",
            "contractAddress": None,
            "logs": [],
        }


def _nonce(raw: bytes) -> int:
    """Read the first field of a transaction of less than 64 KiB."""
    start = 1 if raw[0] < 0xF8 else raw[0] - 0xF7 + 1
    first = raw[start]
    if first < 0x80:
        return first
    return int.from_bytes(raw[start + 1 : start + 1 + first - 0x80], "big")
