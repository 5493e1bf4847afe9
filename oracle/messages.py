"""What oracles say to each other, signed with their oracle keys (G-27).

A message is canonical JSON: keys sorted, no blanks, integers only. What is signed is the SHA-256 of
a prefix and of the message without its signature; transactions, readings and batches are hashed
with keccak, so that no signature of one kind is ever one of the other. An answer names the digest
of its question, so that it fits no other.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from node.chain.errors import SigningError
from node.chain.signing import Signer, recover
from node.domain.documents import Node, decode_json
from node.domain.errors import FieldError
from node.domain.slots import DeliverySlot
from oracle.errors import (
    MessageForgedError,
    MessageMalformedError,
    MessageStaleError,
    SenderUnknownError,
    WrongRecipientError,
)
from oracle.quorum import Answer, Dispute, Entry, Objection, Proposal

PREFIX: Final = b"Yuimaru oracle message 1\n"

#: How far the clocks of two oracles and the way between them may be apart.
FRESH_SECONDS: Final = 60

LARGEST_INTEGER: Final = 2**63 - 1
SIGNATURE_BYTES: Final = 65
DIGEST_BYTES: Final = 32

PROPOSAL: Final = "proposal"
ANSWER: Final = "answer"

#: What a letter is about that answers nothing.
NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on its way: from whom to whom, for which deployment, when, and what it answers."""

    sender: str
    recipient: str
    market: str
    sent_at: int
    kind: str
    about: str
    body: Mapping[str, object]

    def digest(self) -> bytes:
        """Return what is signed."""
        return sha256(PREFIX + _dump(self._fields())).digest()

    def sealed(self, signature: bytes) -> bytes:
        """Return the bytes that travel."""
        return _dump(self._fields() | {"signature": _hex(signature)})

    def _fields(self) -> dict[str, object]:
        return {
            "sender": self.sender,
            "recipient": self.recipient,
            "market": self.market,
            "sent_at": self.sent_at,
            "kind": self.kind,
            "about": self.about,
            "body": self.body,
        }


@dataclass(frozen=True, slots=True)
class Post:
    """Opens and seals the letters of one oracle; `market` names chain and contract."""

    signer: Signer
    market: str

    def seal(
        self, recipient: str, kind: str, body: Mapping[str, object], now: int, about: str = NOTHING
    ) -> tuple[bytes, str]:
        """Return a signed letter and its digest, which an answer has to name."""
        letter = Letter(self.signer.address, recipient, self.market, now, kind, about, body)
        digest = letter.digest()
        return letter.sealed(self.signer.sign(digest)), _hex(digest)

    def open(
        self, sealed: bytes, senders: Collection[str], kind: str, now: int, about: str = NOTHING
    ) -> tuple[str, Node, str]:
        """Return who sent a letter, its body and its digest; raises what is wrong with it."""
        letter, signature = _unpack(sealed)
        digest = letter.digest()
        if letter.sender not in senders:
            raise SenderUnknownError(letter.sender)
        _require_signed(letter.sender, digest, signature)
        expected = (self.signer.address, self.market, kind, about)
        given = (letter.recipient, letter.market, letter.kind, letter.about)
        if given != expected:
            raise WrongRecipientError(f"the message is for {given}, expected {expected}")
        if abs(now - letter.sent_at) > FRESH_SECONDS:
            raise MessageStaleError(letter.sent_at, now)
        return letter.sender, Node("body", letter.body), _hex(digest)


# -- proposals and answers as JSON


def proposal_body(proposal: Proposal) -> dict[str, object]:
    """Return a proposal as the body of a letter."""
    entries = [
        [entry.point, entry.version, _hex(entry.digest), _hex(entry.signature)]
        for entry in proposal.entries
    ]
    return {
        "slot": proposal.slot,
        "config_version": proposal.config_version,
        "entries": entries,
    }


def read_proposal(body: Node) -> Proposal:
    """Return the proposal in a body, or raise `MessageMalformedError` or `ProposalError`."""
    try:
        fields = body.fields("slot", "config_version", "entries")
        slot = fields["slot"].integer(0, LARGEST_INTEGER)
        version = fields["config_version"].integer(0, LARGEST_INTEGER)
        entries = tuple(_entry(item) for item in fields["entries"].items())
    except FieldError as error:
        raise MessageMalformedError(str(error)) from error
    return Proposal(DeliverySlot(slot), version, entries)


def answer_body(answer: Answer) -> dict[str, object]:
    """Return an answer as the body of a letter."""
    return {
        "signature": None if answer.signature is None else _hex(answer.signature),
        "disputes": [[one.point, one.objection.name.lower()] for one in answer.disputes],
    }


def read_answer(body: Node) -> Answer:
    """Return the answer in a body, or raise `MessageMalformedError`."""
    try:
        fields = body.fields("signature", "disputes")
        given = fields["signature"]
        signature = None if given.value is None else _bytes(given, SIGNATURE_BYTES)
        disputes = tuple(_dispute(item) for item in fields["disputes"].items())
    except FieldError as error:
        raise MessageMalformedError(str(error)) from error
    return Answer(signature, disputes)


def _entry(node: Node) -> Entry:
    point, version, digest, signature = _row(node, 4)
    return Entry(
        point.integer(1, LARGEST_INTEGER),
        version.integer(1, LARGEST_INTEGER),
        _bytes(digest, DIGEST_BYTES),
        _bytes(signature, SIGNATURE_BYTES),
    )


def _dispute(node: Node) -> Dispute:
    point, objection = _row(node, 2)
    names = {one.name.lower(): one for one in Objection}
    return Dispute(point.integer(1, LARGEST_INTEGER), names[objection.one_of(names)])


def _row(node: Node, length: int) -> list[Node]:
    items = list(node.items())
    if len(items) != length:
        raise FieldError(node.path, node.value, f"expected {length} items")
    return items


def _bytes(node: Node, length: int) -> bytes:
    text = node.name()
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != length or not text.startswith("0x"):
        raise FieldError(node.path, text, f"expected 0x and {length} bytes in hexadecimal digits")
    return found


def _require_signed(sender: str, digest: bytes, signature: bytes) -> None:
    try:
        recovered = recover(digest, signature)
    except SigningError as error:
        raise MessageForgedError(sender, None) from error
    if recovered != sender:
        raise MessageForgedError(sender, recovered)


def _unpack(sealed: bytes) -> tuple[Letter, bytes]:
    names = ("sender", "recipient", "market", "sent_at", "kind", "about", "body", "signature")
    try:
        fields = Node("", decode_json(sealed)).fields(*names)
        letter = Letter(
            sender=fields["sender"].name(),
            recipient=fields["recipient"].name(),
            market=fields["market"].name(),
            sent_at=fields["sent_at"].integer(0, LARGEST_INTEGER),
            kind=fields["kind"].name(),
            about=fields["about"].name(),
            body=_object(fields["body"]),
        )
        return letter, _bytes(fields["signature"], SIGNATURE_BYTES)
    except FieldError as error:
        raise MessageMalformedError(str(error)) from error


def _object(node: Node) -> Mapping[str, object]:
    if not isinstance(node.value, dict):
        raise FieldError(node.path, node.value, "expected an object")
    return node.value


def _dump(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"
