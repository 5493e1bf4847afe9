"""Registration over HTTP."""

from collections.abc import Callable

import httpx
import pytest

from node.hub.dependencies import Services
from node.store.records import Event

Body = dict[str, object]
Make = Callable[..., Body]


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    error = answer.json()["error"]
    assert error["message"]
    return answer.status_code, error["code"], error.get("field")


@pytest.mark.spec("D-26", "D-45", "D-47", "G-29")
async def test_a_listed_device_registers_and_the_sending_of_its_password_is_logged(
    client: httpx.AsyncClient, registration: Make, services: Services
) -> None:
    answer = await client.post("/registrations", json=registration())

    assert answer.status_code == 201
    assert answer.json().keys() == {"device_id", "password"}
    with services.database.read() as view:
        events = [entry.event for entry in view.events.entries(peer="meter-1")]
    assert events[-1] is Event.PASSWORD_SENT


async def test_the_case_of_a_gateway_address_does_not_matter(
    client: httpx.AsyncClient, registration: Make
) -> None:
    body = registration()
    body["gateway"] = "0x" + str(body["gateway"])[2:].upper()
    assert (await client.post("/registrations", json=body)).status_code == 201


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"initial_password": "a guess"}, (401, "wrong_password", None)),
        ({"device_id": "meter-9"}, (403, "device_not_listed", "device_id")),
        ({"metering_point": 77}, (409, "point_unknown", "metering_point")),
        ({"metering_point": 2}, (409, "gateway_mismatch", "gateway")),
        ({"possession": "0x" + "11" * 65}, (403, "possession_invalid", "possession")),
    ],
)
async def test_a_refused_registration_says_why(
    client: httpx.AsyncClient,
    registration: Make,
    changed: Body,
    expected: tuple[int, str, str | None],
) -> None:
    answer = await client.post("/registrations", json=registration(**changed))
    assert refusal(answer) == expected


async def test_a_second_registration_is_refused(
    client: httpx.AsyncClient, registration: Make
) -> None:
    body = registration()
    assert (await client.post("/registrations", json=body)).status_code == 201
    answer = await client.post("/registrations", json=body)
    assert refusal(answer) == (409, "already_registered", "device_id")


async def test_a_point_that_is_read_already_is_refused(
    client: httpx.AsyncClient, registration: Make, services: Services
) -> None:
    await client.post("/registrations", json=registration())
    services.registrar.list_device("meter-5")
    answer = await client.post("/registrations", json=registration(device_id="meter-5"))
    assert refusal(answer) == (409, "point_taken", "metering_point")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"metering_point": 0}, "metering_point"),
        ({"metering_point": "1"}, "metering_point"),
        ({"metering_point": True}, "metering_point"),
        ({"metering_point": 1.0}, "metering_point"),
        ({"gateway": "0x12"}, "gateway"),
        ({"possession": "11" * 65}, "possession"),
        ({"device_id": "with:colon"}, "device_id"),
        ({"device_id": ""}, "device_id"),
        ({"kind": "PV!"}, "kind"),
        ({"name": "x" * 201}, "name"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
async def test_a_wrong_field_is_refused_by_name(
    client: httpx.AsyncClient, registration: Make, changed: Body, field: str
) -> None:
    answer = await client.post("/registrations", json=registration(**changed))
    assert refusal(answer) == (422, "invalid_request", field)


async def test_a_missing_field_is_refused_by_name(
    client: httpx.AsyncClient, registration: Make
) -> None:
    body = registration()
    del body["maker"]
    answer = await client.post("/registrations", json=body)
    assert refusal(answer) == (422, "invalid_request", "maker")
