"""What a hub may send, and what happens when it sends something else."""

from collections.abc import Callable
from dataclasses import asdict

import httpx
import pytest

from node.domain.readings import Reading
from node.domain.slots import DeliverySlot
from oracle import collect
from oracle.collect import HubSource
from oracle.errors import HubAnswerError, HubRefusedError, HubUnavailableError
from oracle.plausibility import SignedReading

SLOT = DeliverySlot(1_000_000)

MakeReading = Callable[..., Reading]
SignReading = Callable[..., SignedReading]
Handler = Callable[[httpx.Request], httpx.Response]


def source(handler: Handler) -> HubSource:
    client = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return HubSource("http://hub.example/", "oracle-1", "secret", client)


def body(signed: SignedReading, **changes: object) -> dict[str, object]:
    return asdict(signed.reading) | {"signature": f"0x{signed.signature.hex()}"} | changes


def page(*readings: object, following: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"readings": list(readings), "next": following})


@pytest.mark.spec("D-57", "C-29")
async def test_readings_are_asked_for_by_slot_with_the_systems_own_password(
    make_reading: MakeReading, sign_reading: SignReading
) -> None:
    signed = sign_reading(make_reading())
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return page(body(signed))

    collected = await source(handler).readings(SLOT)

    assert list(collected.readings) == [signed]
    assert str(asked[0].url) == "http://hub.example/v1/readings?slot=1000000"
    assert asked[0].headers["authorization"] == httpx.BasicAuth("oracle-1", "secret")._auth_header


async def test_pages_are_followed_to_the_last(
    make_reading: MakeReading, sign_reading: SignReading
) -> None:
    first, second = (sign_reading(make_reading(point=point)) for point in (1, 2))

    def handler(request: httpx.Request) -> httpx.Response:
        if "after" not in request.url.params:
            return page(body(first), following="1000000-1-1")
        assert request.url.params["after"] == "1000000-1-1"
        return page(body(second))

    collected = await source(handler).readings(SLOT)

    assert list(collected.readings) == [first, second]


@pytest.mark.parametrize(
    "wrong",
    [
        {"point": 0},
        {"point": "7"},
        {"import_wh": -1},
        {"import_wh": True},
        {"sequence": 2**63},
        {"version": 2**32},
        {"signature": "0xzz"},
        {"more": 1},
    ],
)
async def test_one_reading_that_cannot_be_read_keeps_no_other_out(
    make_reading: MakeReading, sign_reading: SignReading, wrong: dict[str, object]
) -> None:
    good = sign_reading(make_reading())

    collected = await source(lambda _: page(body(good, **wrong), body(good))).readings(SLOT)

    assert list(collected.readings) == [good]
    assert len(collected.malformed) == 1
    assert next(iter(wrong)) in collected.malformed[0]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="{"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"readings": []}),
        httpx.Response(200, json={"readings": {}, "next": None}),
        httpx.Response(200, json={"readings": [], "next": 5}),
    ],
)
async def test_what_is_no_page_of_readings_is_an_error_with_the_hubs_address(
    answer: httpx.Response,
) -> None:
    with pytest.raises(HubAnswerError, match=r"hub\.example"):
        await source(lambda _: answer).readings(SLOT)


async def test_a_hub_cannot_keep_an_oracle_busy_with_endless_pages() -> None:
    with pytest.raises(HubAnswerError, match=f"more than {collect.MOST_PAGES} pages"):
        await source(lambda _: page(following="1-1-1")).readings(SLOT)


async def test_a_hub_cannot_fill_the_memory_of_an_oracle() -> None:
    flood = b"[" * (collect.LARGEST_PAGE_BYTES + 1)

    with pytest.raises(HubAnswerError, match="bytes"):
        await source(lambda _: httpx.Response(200, content=flood)).readings(SLOT)


async def test_a_hub_that_refuses_the_system_says_what_it_said() -> None:
    said = {"error": {"code": "wrong_password", "message": "no"}}

    with pytest.raises(HubRefusedError, match=r"401.*wrong_password"):
        await source(lambda _: httpx.Response(401, json=said)).readings(SLOT)


async def test_a_hub_in_trouble_is_asked_again_later() -> None:
    def fails(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(HubUnavailableError, match="503"):
        await source(lambda _: httpx.Response(503)).readings(SLOT)
    with pytest.raises(HubUnavailableError, match="refused"):
        await source(fails).readings(SLOT)


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(source(lambda _: page()))
