"""Brings the calls of an outbox into blocks, whatever happens in between.

`pump` is one round: ask what became of what was sent, send what waits, send again what is not in a block yet. It may
be cut off at any point and repeated from any; the next round finds in the file and on the chain all it needs.

There is no fee here, so no transaction can outbid another: a stuck nonce heals by sending the same again, by looking
up who took it, or by filling a gap.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import RLock

from node.chain.client import ChainClient
from node.chain.errors import (
    TransactionRefusedError,
    TransactionRevertedError,
    TransactionUnknownError,
)
from node.chain.outbox import Entry, EntryState, Outbox
from node.chain.polling import pauses
from node.chain.sender import WAIT_SECONDS, is_known_already, reason_of
from node.chain.signing import Signer
from node.chain.transactions import Call, SignedTransaction, sign_call
from node.chain.wire import Receipt

#: Most transactions that wait for a block at once.
MAX_IN_FLIGHT = 16

#: Gas of a call that does nothing but use a nonce up.
FILLER_GAS = 21_000

#: Rounds after which a transaction goes out again, and a gap counts as lasting.
_RESEND_AFTER = 4
_GAP_AFTER = 8


@dataclass(frozen=True, slots=True)
class Progress:
    """What a round left behind: how many wait, how many are on their way, and what a node did not take and why."""

    queued: int
    in_flight: int
    problems: dict[str, str]

    @property
    def is_idle(self) -> bool:
        """Whether everything has been answered."""
        return self.queued == self.in_flight == 0


class OutboxSender:
    """The one sender of a key."""

    def __init__(
        self,
        client: ChainClient,
        signer: Signer,
        outbox: Outbox,
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        self._client = client
        self._signer = signer
        self._outbox = outbox
        self._max_in_flight = max_in_flight
        self._lock = RLock()
        #: Rounds since a transaction last went out; absent = not since this program started.
        self._since_sent: Counter[bytes] = Counter()
        self._gap_rounds = 0
        self._problems: dict[str, str] = {}

    @property
    def outbox(self) -> Outbox:
        """The outbox that is sent from."""
        return self._outbox

    def submit(self, key: str, call: Call) -> Entry:
        """Queue a call; it is sent by the next round, even if that happens in another life of this program."""
        return self._outbox.put(key, call)

    def pump(self) -> Progress:
        """Do one round; raises `ChainUnavailableError` when no node answers, and nothing is lost."""
        with self._lock:
            head = self._client.head()
            mined = self._client.mined_counts([self._signer.address])[0]
            self._outbox.reopen_above(mined)
            self._settle(self._outbox.in_state(EntryState.SENT), mined)
            self._promote(mined, head)
            in_flight = self._outbox.in_state(EntryState.SENT)
            self._send(in_flight)
            self._close_gap(in_flight, mined)
            queued = len(self._outbox.in_state(EntryState.QUEUED))
            return Progress(queued, len(in_flight), dict(self._problems))

    def send(self, key: str, call: Call, wait_seconds: float = WAIT_SECONDS) -> Entry:
        """Queue a call and pump until the chain has answered; a contract's refusal is raised.

        When time is up first, the call stays in the outbox.
        """
        entry = self.submit(key, call)
        progress = None
        for _ in pauses(wait_seconds):
            if entry.state.is_settled:
                break
            progress = self.pump()
            entry = self._outbox.get(key) or entry
        if entry.state is EntryState.REVERTED and entry.refusal is not None:
            raise TransactionRevertedError(call.what, entry.refusal, _hash_of(entry))
        if not entry.state.is_settled:
            problem = None if progress is None else progress.problems.get(key)
            raise _unanswered(entry, problem)
        return entry

    def _settle(self, sent: Sequence[Entry], mined: int) -> None:
        """Keep the answers of the chain; queue again what lost its nonce to another program."""
        receipts = self._client.receipts([_hash_of(entry) for entry in sent]) if sent else []
        for entry, receipt in zip(sent, receipts, strict=True):
            if receipt is not None:
                self._keep_answer(entry, receipt)
            elif entry.nonce is not None and entry.nonce < mined:
                self._requeue_if_lost(entry, entry.nonce)

    def _keep_answer(self, entry: Entry, receipt: Receipt) -> None:
        refusal = None
        if not receipt.succeeded:
            refusal = reason_of(self._client, entry.call.what, receipt).refusal
        self._outbox.mark_settled(entry.key, receipt.block_number, refusal)
        self._forget(entry.key, receipt.tx_hash)

    def _requeue_if_lost(self, entry: Entry, nonce: int) -> None:
        """Queue a call again when another transaction is seen to have its nonce.

        A missing receipt alone proves nothing: some nodes count nonces before they know receipts.
        """
        winner = self._client.find_transaction(self._signer.address, nonce, entry.sent_after)
        tx_hash = _hash_of(entry)
        if winner is not None and winner != tx_hash:
            self._outbox.requeue(entry.key, tx_hash)
            self._forget(entry.key, tx_hash)

    def _promote(self, mined: int, head: int) -> None:
        """Give waiting calls their nonces and keep their transactions, as many as may be in flight."""
        room = self._max_in_flight - len(self._outbox.in_state(EntryState.SENT))
        waiting = self._outbox.in_state(EntryState.QUEUED, max(room, 0))
        for entry in waiting:
            with self._outbox.numbering(mined) as nonce:
                signed = self._signed(entry.call, nonce)
                self._outbox.mark_sent(entry.key, nonce, signed, head)

    def _send(self, in_flight: Sequence[Entry]) -> None:
        """Hand over what is new or was not mined for a while; keep what the node did not take and why."""
        due = [entry for entry in in_flight if self._is_due(_hash_of(entry))]
        raws = [entry.transaction.raw for entry in due if entry.transaction is not None]
        reasons = self._client.broadcast(raws) if raws else []
        for entry, reason in zip(due, reasons, strict=True):
            self._since_sent[_hash_of(entry)] = 1
            self._problems.pop(entry.key, None)
            if reason is not None and not is_known_already(reason):
                self._problems[entry.key] = reason

    def _is_due(self, tx_hash: bytes) -> bool:
        rounds = self._since_sent[tx_hash]
        self._since_sent[tx_hash] += 1
        return rounds == 0 or rounds >= _RESEND_AFTER

    def _close_gap(self, in_flight: Sequence[Entry], mined: int) -> None:
        """Use up a nonce that nobody has, after which the chain would wait for ever.

        Such a gap is left when a chain forgets the transaction of another program of the same key.
        """
        lowest = min((entry.nonce for entry in in_flight if entry.nonce is not None), default=mined)
        self._gap_rounds = self._gap_rounds + 1 if lowest > mined else 0
        if self._gap_rounds >= _GAP_AFTER:
            filler = Call("filler", self._signer.address, b"", FILLER_GAS)
            self._client.broadcast(
                [self._signed(filler, nonce).raw for nonce in range(mined, lowest)]
            )
            self._gap_rounds = 0

    def _signed(self, call: Call, nonce: int) -> SignedTransaction:
        return sign_call(self._signer, call, nonce, self._client.chain_id)

    def _forget(self, key: str, tx_hash: bytes) -> None:
        self._problems.pop(key, None)
        self._since_sent.pop(tx_hash, None)


def _hash_of(entry: Entry) -> bytes:
    return b"" if entry.transaction is None else entry.transaction.hash


def _unanswered(
    entry: Entry, problem: str | None
) -> TransactionRefusedError | TransactionUnknownError:
    if problem is not None:
        return TransactionRefusedError(entry.call.what, _hash_of(entry), problem)
    return TransactionUnknownError(entry.call.what, _hash_of(entry))
