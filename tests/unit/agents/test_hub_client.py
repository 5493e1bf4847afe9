"""How a home reads what its hub says."""

import json
from collections.abc import Callable

import httpx
import pytest

from node.agents.errors import HubAnswerError, HubRefusedError, HubUnavailableError
from node.agents.hub_client import HubClient, Registration
from node.agents.journal import SignedReading
from node.domain.readings import Reading
from node.domain.slots import DeliverySlot
from node.domain.units import WattHours

Handler = Callable[[httpx.Request], httpx.Response]

SIGNED = SignedReading(
    Reading(
        point=7,
        slot=DeliverySlot(1_000_000),
        import_wh=WattHours(1),
        export_wh=WattHours(2),
        import_start=WattHours(3),
        import_end=WattHours(4),
        export_start=WattHours(5),
        export_end=WattHours(7),
        measured_at=1_000_010,
        sequence=8,
        version=1,
    ),
    b"\x11" * 65,
)

REGISTRATION = Registration(
    device_id="home-7",
    initial_password="common",
    kind="home",
    name="Home 7",
    maker="Maker",
    location="Place",
    metering_point=7,
    gateway="0x" + "ab" * 20,
    possession=b"\x22" * 65,
)


def hub(handler: Handler) -> HubClient:
    client = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return HubClient("http://hub.example/", client)


def says(status: int, **body: object) -> HubClient:
    return hub(lambda _: httpx.Response(status, json=body))


@pytest.mark.spec("D-44", "D-46", "D-47", "G-29")
async def test_a_home_registers_with_its_data_and_the_proof_of_its_key() -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(201, json={"device_id": "home-7", "password": "own"})

    assert await hub(handler).register(REGISTRATION) == "own"

    assert asked[0].url.path == "/v1/registrations"
    assert "authorization" not in asked[0].headers
    assert json.loads(asked[0].content) == {
        "device_id": "home-7",
        "initial_password": "common",
        "kind": "home",
        "name": "Home 7",
        "maker": "Maker",
        "location": "Place",
        "metering_point": 7,
        "gateway": "0x" + "ab" * 20,
        "possession": "0x" + "22" * 65,
    }


@pytest.mark.spec("D-49", "D-53")
@pytest.mark.parametrize(("status", "is_new"), [("stored", True), ("repeated", False)])
async def test_a_reading_goes_out_with_all_its_fields_and_the_homes_own_password(
    status: str, is_new: bool
) -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(201 if is_new else 200, json={"status": status, "number": 5})

    assert await hub(handler).send("home-7", "own", SIGNED) is is_new

    body = json.loads(asked[0].content)
    assert body["import_start"] == 3
    assert body["signature"] == "0x" + "11" * 65
    assert len(body) == 12
    assert asked[0].headers["authorization"] == httpx.BasicAuth("home-7", "own")._auth_header


@pytest.mark.spec("D-50", "D-55")
@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "wrong_password"), (403, "signature_mismatch"), (409, "contradicting_reading")],
)
async def test_a_refusal_carries_the_hubs_own_name_for_it(status: int, code: str) -> None:
    with pytest.raises(HubRefusedError, match="because") as refused:
        await says(status, error={"code": code, "message": "because", "field": "x"}).send(
            "home-7", "own", SIGNED
        )

    assert (refused.value.status, refused.value.code) == (status, code)


async def test_a_refusal_in_no_known_form_is_shown_as_it_came() -> None:
    with pytest.raises(HubRefusedError, match=r"unnamed.*teapot"):
        await hub(lambda _: httpx.Response(418, text="teapot")).send("h", "p", SIGNED)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_hub_in_trouble_is_sent_to_again(status: int) -> None:
    with pytest.raises(HubUnavailableError, match=str(status)):
        await says(status).send("h", "p", SIGNED)


async def test_a_hub_that_does_not_answer_is_unavailable() -> None:
    def fails(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too slow", request=request)

    with pytest.raises(HubUnavailableError, match=r"hub\.example.*too slow"):
        await hub(fails).send("h", "p", SIGNED)


@pytest.mark.parametrize("text", ["", "{", "{}", '{"status": "eaten", "number": 1}'])
async def test_an_answer_that_no_hub_gives_is_refused(text: str) -> None:
    with pytest.raises(HubAnswerError):
        await hub(lambda _: httpx.Response(201, text=text)).send("h", "p", SIGNED)


def test_passwords_are_not_shown() -> None:
    assert "common" not in repr(REGISTRATION)
