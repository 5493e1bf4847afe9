"""A program that sends one call through an outbox and dies at a given point; started by the crash test.

Arguments: URL, chain id, folder, point. Prints nothing; ends by SIGKILL at the point, or with 0.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from node.chain.client import ChainClient
from node.chain.manifest import genesis_hash
from node.chain.outbox import Outbox, Owner
from node.chain.outbox_sender import OutboxSender
from node.chain.rpc import HttpProvider, Request
from node.chain.signing import LocalSigner
from node.chain.transactions import Call

SECRET = b"\x07" * 32

#: Creates a contract whose code is one STOP.
CALL = Call("creation", None, bytes.fromhex("600160005360016000f3"), 100_000)

#: Where the program can die, in the order in which it comes by.
POINTS = (
    "before it was queued",
    "queued",
    "signing",
    "before going out",
    "gone out",
    "mined",
    "answer read",
)


def die() -> None:
    """End as by kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)


class MortalSigner(LocalSigner):
    """Dies while it signs."""

    def __init__(self, point: str) -> None:
        super().__init__(SECRET)
        self._point = point

    def sign(self, digest: bytes) -> bytes:
        """Sign, or die."""
        if self._point == "signing":
            die()
        return super().sign(digest)


class MortalProvider(HttpProvider):
    """Dies before or after it hands a transaction over, or when its receipt has come."""

    def __init__(self, url: str, point: str) -> None:
        super().__init__(url)
        self._point = point

    def make_batch_request(self, batch_requests: Sequence[Request]) -> object:
        """Ask the node, or die."""
        methods = {method for method, _ in batch_requests}
        if self._point == "before going out" and "eth_sendRawTransaction" in methods:
            die()
        answers = super().make_batch_request(batch_requests)
        if self._point == "gone out" and "eth_sendRawTransaction" in methods:
            die()
        if self._point == "mined" and "eth_getTransactionReceipt" in methods:
            answered = cast("list[dict[str, object]]", answers)
            if any(answer.get("result") for answer in answered):
                die()
        return answers


def main(url: str, chain_id: int, folder: Path, point: str) -> None:
    """Send the call, or die."""
    client = ChainClient([MortalProvider(url, point)], chain_id)
    signer = MortalSigner(point)
    owner = Owner(chain_id, genesis_hash(client), signer.address)
    sender = OutboxSender(client, signer, Outbox(folder / "outbox.sqlite3", owner))
    if point == "before it was queued":
        die()
    sender.submit("the one order", CALL)
    if point == "queued":
        die()
    sender.send("the one order", CALL, wait_seconds=20)
    if point == "answer read":
        die()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
