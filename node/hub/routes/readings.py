"""Readings in and out (D-14, D-16, D-49 to D-60)."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Response

from node.domain.readings import Reading
from node.hub.dependencies import Credentials, HubServices
from node.hub.problems import describe
from node.hub.schemas import ReadingAnswer, ReadingsPage, ReadingsQuery, SignedReadingBody
from node.store.readings import Conditions
from node.store.records import SignedReading, StoredReading

router = APIRouter(prefix="/readings", tags=["readings"])


@router.post(
    "",
    status_code=201,
    responses={
        200: {"model": ReadingAnswer, "description": "The same reading was stored before."},
        **describe(400, 401, 403, 409, 413, 422, 503),
    },
)
def send(
    body: SignedReadingBody, services: HubServices, sender: Credentials, response: Response
) -> ReadingAnswer:
    """Store a signed reading of a registered device; a contradicting one is refused and kept as evidence."""
    receipt = services.intake.take(sender.username, sender.password, _signed(body))
    if receipt.repeated:
        response.status_code = 200
    return ReadingAnswer(status="repeated" if receipt.repeated else "stored", number=receipt.number)


@router.get("", responses=describe(401, 422, 503))
def ask(
    query: Annotated[ReadingsQuery, Query()],
    services: HubServices,
    system: Credentials,
    after_sending: BackgroundTasks,
) -> ReadingsPage:
    """Answer an upper system or an oracle with exactly the readings that meet its conditions."""
    extract = services.extraction.extract(system.username, system.password, _conditions(query))
    after_sending.add_task(services.extraction.sent, system.username, extract)
    return ReadingsPage(
        readings=[_body(stored) for stored in extract.readings],
        next=_place(extract.readings[-1]) if extract.more else None,
    )


def _signed(body: SignedReadingBody) -> SignedReading:
    said = body.model_dump(exclude={"signature"})
    return SignedReading(Reading(**said), bytes.fromhex(body.signature[2:]))


def _body(stored: StoredReading) -> SignedReadingBody:
    signature = f"0x{stored.signed.signature.hex()}"
    return SignedReadingBody(**asdict(stored.signed.reading), signature=signature)


def _conditions(query: ReadingsQuery) -> Conditions:
    after = None if query.after is None else tuple(int(part) for part in query.after.split("-"))
    return Conditions(
        slot=query.slot,
        since=query.since,
        until=query.until,
        kind=query.kind,
        point=query.point,
        after=None if after is None else (after[0], after[1], after[2]),
    )


def _place(stored: StoredReading) -> str:
    reading = stored.signed.reading
    return f"{reading.slot}-{reading.point}-{reading.version}"
