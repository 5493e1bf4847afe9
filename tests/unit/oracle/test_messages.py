"""What oracles say to each other cannot be forged, replayed or bent."""

import json
from dataclasses import dataclass

import pytest

from node.chain.signing import LocalSigner
from node.domain.documents import Node
from node.domain.slots import DeliverySlot
from oracle.errors import (
    MessageError,
    MessageForgedError,
    MessageMalformedError,
    MessageStaleError,
    ProposalError,
    SenderUnknownError,
    WrongRecipientError,
)
from oracle.messages import (
    ANSWER,
    FRESH_SECONDS,
    PROPOSAL,
    Post,
    answer_body,
    proposal_body,
    read_answer,
    read_proposal,
)
from oracle.quorum import Answer, Dispute, Entry, Objection, Proposal

ALICE, BOB, EVE = (LocalSigner(bytes([n]) * 32) for n in (1, 2, 3))
MEMBERS = (ALICE.address, BOB.address)
NOW = 1_000_012
LIST = Proposal(DeliverySlot(1_000_000), 3, (Entry(7, 1, b"\x11" * 32, b"\x22" * 65),))


def post(signer: LocalSigner, market: str = "31337/0xab") -> Post:
    return Post(signer, market)


@dataclass(frozen=True)
class Sealed:
    letter: bytes
    digest: str


def sealed(by: LocalSigner = ALICE, to: str = BOB.address, market: str = "31337/0xab") -> Sealed:
    return Sealed(*post(by, market).seal(to, PROPOSAL, proposal_body(LIST), NOW))


def bent(letter: bytes, **changes: object) -> bytes:
    return json.dumps(json.loads(letter) | changes).encode()


@pytest.mark.spec("G-27")
def test_a_proposal_arrives_as_it_was_sent() -> None:
    letter = sealed()

    sender, body, digest = post(BOB).open(letter.letter, MEMBERS, PROPOSAL, NOW)

    assert (sender, read_proposal(body), digest) == (ALICE.address, LIST, letter.digest)


@pytest.mark.spec("G-27")
@pytest.mark.parametrize(
    "answer",
    [
        Answer(signature=b"\x33" * 65),
        Answer(disputes=(Dispute(1, Objection.UNKNOWN), Dispute(4, Objection.SIGNED_OTHERWISE))),
    ],
)
def test_an_answer_arrives_as_it_was_sent_and_fits_its_question_alone(answer: Answer) -> None:
    question = sealed()
    reply, _ = post(BOB).seal(ALICE.address, ANSWER, answer_body(answer), NOW, question.digest)

    _, body, _ = post(ALICE).open(reply, MEMBERS, ANSWER, NOW, question.digest)

    assert read_answer(body) == answer
    with pytest.raises(WrongRecipientError):
        post(ALICE).open(reply, MEMBERS, ANSWER, NOW, "0x" + "00" * 32)


@pytest.mark.spec("G-27")
def test_a_stranger_is_not_heard() -> None:
    with pytest.raises(SenderUnknownError, match=EVE.address):
        post(BOB).open(sealed(by=EVE).letter, MEMBERS, PROPOSAL, NOW)


@pytest.mark.spec("G-27")
@pytest.mark.parametrize(
    "changes",
    [
        {"sent_at": NOW + 1},
        {"recipient": EVE.address},
        {"body": proposal_body(LIST) | {"slot": 1_000_010}},
        {"signature": "0x" + "00" * 65},
        {"sender": BOB.address},
    ],
)
def test_a_changed_letter_is_a_forged_one(changes: dict[str, object]) -> None:
    with pytest.raises(MessageForgedError):
        post(BOB).open(bent(sealed().letter, **changes), MEMBERS, PROPOSAL, NOW)


@pytest.mark.parametrize(
    ("letter", "kind"),
    [
        (sealed(to=EVE.address), PROPOSAL),
        (sealed(market="1/0xab"), PROPOSAL),
        (sealed(), ANSWER),
    ],
)
def test_a_letter_for_somebody_else_or_another_market_is_refused(letter: Sealed, kind: str) -> None:
    with pytest.raises(WrongRecipientError):
        post(BOB).open(letter.letter, MEMBERS, kind, NOW)


@pytest.mark.spec("G-27")
@pytest.mark.parametrize("late", [-FRESH_SECONDS - 1, FRESH_SECONDS + 1])
def test_a_letter_of_another_time_is_refused(late: int) -> None:
    with pytest.raises(MessageStaleError, match=str(NOW + late)):
        post(BOB).open(sealed().letter, MEMBERS, PROPOSAL, NOW + late)

    assert post(BOB).open(sealed().letter, MEMBERS, PROPOSAL, NOW + FRESH_SECONDS)


@pytest.mark.parametrize(
    "letter",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        bent(sealed().letter, more=1),
        bent(sealed().letter, sent_at="1"),
        bent(sealed().letter, body=[]),
        bent(sealed().letter, signature="0x12"),
        bent(sealed().letter, signature="zz" * 65),
    ],
)
def test_what_is_no_letter_is_refused_by_name(letter: bytes) -> None:
    with pytest.raises(MessageMalformedError):
        post(BOB).open(letter, MEMBERS, PROPOSAL, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"slot": -1},
        {"entries": [[7, 1, "0x11"]]},
        {"entries": [[7, 1, "0x11", "0x22"]]},
        {"entries": [[True, 1, "0x" + "11" * 32, "0x" + "22" * 65]]},
        {"entries": 5},
    ],
)
def test_what_is_no_proposal_is_refused_by_name(changes: dict[str, object]) -> None:
    with pytest.raises(MessageMalformedError):
        read_proposal(Node("body", proposal_body(LIST) | changes))


def test_an_empty_proposal_is_refused_by_name() -> None:
    with pytest.raises(ProposalError):
        read_proposal(Node("body", proposal_body(LIST) | {"entries": []}))


@pytest.mark.parametrize(
    "body",
    [
        {"signature": None},
        {"signature": None, "disputes": [[1, "because"]]},
        {"signature": 5, "disputes": []},
    ],
)
def test_what_is_no_answer_is_refused_by_name(body: dict[str, object]) -> None:
    with pytest.raises(MessageMalformedError):
        read_answer(Node("body", body))


def test_every_refusal_of_a_message_has_a_code_of_its_own() -> None:
    kinds = MessageError.__subclasses__()

    assert len({kind.code for kind in kinds}) == len(kinds)
