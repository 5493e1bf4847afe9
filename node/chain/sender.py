"""Sends calls and waits until they are in a block: for commands, deployments, the keeper and replays.

Nothing is remembered beyond one `send_each`: who must not lose a call over a crash puts it into the outbox. Nonces
are counted here, from what the chain has mined; whether a nonce was lost to another program is found out, not assumed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from node.chain.client import ChainClient
from node.chain.errors import (
    UNKNOWN,
    Refusal,
    TransactionRefusedError,
    TransactionRevertedError,
    TransactionUnknownError,
)
from node.chain.polling import pauses
from node.chain.reverts import explain
from node.chain.signing import Signer
from node.chain.transactions import Call, SignedTransaction, sign_call
from node.chain.wire import Receipt

#: A call with the key that signs it.
SignedBy: TypeAlias = tuple[Signer, Call]

#: What became of a call: it is in a block, or it is not.
SendResult: TypeAlias = Receipt | TransactionRefusedError | TransactionUnknownError

#: Seconds to wait for a block by default.
WAIT_SECONDS = 60.0

#: Every so many attempts, what is not in a block yet is handed over again.
_RESEND_EVERY = 8

_NONCE_TAKEN = "another transaction took its nonce"


@dataclass(slots=True)
class _Sent:
    """A transaction on its way."""

    signer: Signer
    call: Call
    nonce: int
    signed: SignedTransaction
    sent_after: int
    reason: str | None = None
    result: SendResult | None = field(default=None)


class Sender:
    """Sends calls of any number of keys; `mine` makes a block where nobody else does."""

    def __init__(
        self,
        client: ChainClient,
        *,
        mine: Callable[[], None] | None = None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._client = client
        self._mine = mine
        self._wait_seconds = wait_seconds

    def send_and_wait(self, signer: Signer, call: Call) -> Receipt:
        """Send a call and return its receipt; a contract's refusal is raised with its reason."""
        return self.send_many([(signer, call)])[0]

    def send_many(self, calls: Sequence[SignedBy]) -> list[Receipt]:
        """Send calls in their order; raises for the first that a contract refused or that is in no block."""
        receipts = []
        for (_, call), result in zip(calls, self.send_each(calls), strict=True):
            if not isinstance(result, Receipt):
                raise result
            if not result.succeeded:
                raise reason_of(self._client, call.what, result)
            receipts.append(result)
        return receipts

    def send_each(self, calls: Sequence[SignedBy]) -> list[SendResult]:
        """Send calls in their order and return for each what became of it; a refusal is a result, too."""
        if not calls:
            return []
        sent = self._sign(calls)
        self._broadcast(sent)
        for attempt in pauses(self._wait_seconds):
            if self._mine is not None:
                self._mine()
            waiting = [tx for tx in sent if tx.result is None]
            self._look_up(waiting)
            waiting = [tx for tx in waiting if tx.result is None]
            if not waiting:
                break
            if attempt % _RESEND_EVERY == _RESEND_EVERY - 1:
                self._broadcast(waiting)
        return [tx.result or _unresolved(tx) for tx in sent]

    def _sign(self, calls: Sequence[SignedBy]) -> list[_Sent]:
        head = self._client.head()
        senders = sorted({signer.address for signer, _ in calls})
        nonces = dict(zip(senders, self._client.mined_counts(senders), strict=True))
        sent = []
        for signer, call in calls:
            nonce = nonces[signer.address]
            nonces[signer.address] += 1
            signed = sign_call(signer, call, nonce, self._client.chain_id)
            sent.append(_Sent(signer, call, nonce, signed, head))
        return sent

    def _broadcast(self, sent: Iterable[_Sent]) -> None:
        waiting = list(sent)
        reasons = self._client.broadcast([tx.signed.raw for tx in waiting])
        for tx, reason in zip(waiting, reasons, strict=True):
            tx.reason = None if reason is None or is_known_already(reason) else reason

    def _look_up(self, waiting: Sequence[_Sent]) -> None:
        """Read receipts; of what has none though its nonce is gone, find out who took it.

        A missing receipt alone proves nothing: some nodes count nonces before they know receipts.
        """
        senders = sorted({tx.signer.address for tx in waiting})
        counts = dict(zip(senders, self._client.mined_counts(senders), strict=True))
        receipts = self._client.receipts([tx.signed.hash for tx in waiting])
        for tx, receipt in zip(waiting, receipts, strict=True):
            if receipt is not None:
                tx.result = receipt
            elif counts[tx.signer.address] > tx.nonce and self._is_lost(tx):
                tx.result = TransactionRefusedError(tx.call.what, tx.signed.hash, _NONCE_TAKEN)

    def _is_lost(self, tx: _Sent) -> bool:
        winner = self._client.find_transaction(tx.signer.address, tx.nonce, tx.sent_after)
        return winner is not None and winner != tx.signed.hash


def reason_of(client: ChainClient, what: str, receipt: Receipt) -> TransactionRevertedError:
    """Return why a contract refused a mined transaction."""
    left = client.revert_data(receipt)
    refusal = Refusal(UNKNOWN) if left is None else explain(left)
    return TransactionRevertedError(what, refusal, receipt.tx_hash)


def is_known_already(message: str) -> bool:
    """Whether a node's refusal only says that it has the transaction."""
    return "already" in message.lower()


def _unresolved(tx: _Sent) -> TransactionRefusedError | TransactionUnknownError:
    if tx.reason is not None:
        return TransactionRefusedError(tx.call.what, tx.signed.hash, tx.reason)
    return TransactionUnknownError(tx.call.what, tx.signed.hash)
