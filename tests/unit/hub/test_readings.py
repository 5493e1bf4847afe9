"""Readings over HTTP: in by devices, out to systems."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from node.domain.clock import VirtualClock
from node.domain.slots import HALF_HOURS
from node.hub.dependencies import Services
from node.store.readings import Conditions
from node.store.records import Event

Body = dict[str, object]
Make = Callable[..., Body]
Credentials = tuple[str, str]
Register = Callable[..., Awaitable[Credentials]]
SLOT = 180_000


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def count(services: Services) -> int:
    with services.database.read() as view:
        return len(view.readings.select(Conditions()))


@pytest.mark.spec("D-49", "D-50", "D-51")
async def test_a_reading_is_stored_once_however_often_it_is_sent(
    client: httpx.AsyncClient, register: Register, reading: Make, services: Services
) -> None:
    device = await register()
    first = await client.post("/readings", json=reading(), auth=device)
    second = await client.post("/readings", json=reading(), auth=device)

    assert (first.status_code, first.json()["status"]) == (201, "stored")
    assert (second.status_code, second.json()["status"]) == (200, "repeated")
    assert first.json()["number"] == second.json()["number"]
    assert count(services) == 1


async def test_a_contradicting_reading_is_refused_and_kept_as_evidence(
    client: httpx.AsyncClient, register: Register, reading: Make, services: Services
) -> None:
    device = await register()
    await client.post("/readings", json=reading(), auth=device)
    answer = await client.post("/readings", json=reading(import_wh=401), auth=device)

    assert refusal(answer) == (409, "contradicting_reading")
    with services.database.read() as view:
        [kept] = view.readings.conflicts()
    assert kept.signed.reading.import_wh == 401


@pytest.mark.spec("D-55")
async def test_who_does_not_prove_who_it_is_stores_nothing(
    client: httpx.AsyncClient, register: Register, reading: Make, services: Services
) -> None:
    device, _ = await register()
    attempts: dict[tuple[int, str], Credentials | httpx.Auth] = {
        (401, "credentials_missing"): httpx.Auth(),
        (401, "wrong_password"): (device, "a guess"),
        (401, "device_not_registered"): ("meter-9", "a guess"),
    }
    for expected, credentials in attempts.items():
        answer = await client.post("/readings", json=reading(), auth=credentials)
        assert refusal(answer) == expected
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert count(services) == 0


async def test_credentials_that_are_no_base64_are_refused(
    client: httpx.AsyncClient, reading: Make
) -> None:
    answer = await client.post("/readings", json=reading(), headers={"Authorization": "Basic %%%"})
    assert refusal(answer) == (401, "credentials_missing")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"point": 2, "signer": 1}, (403, "foreign_point")),
        ({"signer": 2}, (403, "signature_mismatch")),
        ({"measured_at": SLOT}, (422, "reading_implausible")),
        ({"measured_at": 10**10}, (422, "future_dated")),
        ({"slot": SLOT + HALF_HOURS.slot_seconds}, (422, "slot_not_over")),
        ({"version": 2}, (422, "correction_unsupported")),
    ],
)
async def test_a_refused_reading_says_why_and_changes_nothing(
    client: httpx.AsyncClient,
    register: Register,
    reading: Make,
    services: Services,
    changed: dict[str, int],
    expected: tuple[int, str],
) -> None:
    device = await register()
    answer = await client.post("/readings", json=reading(**changed), auth=device)
    assert refusal(answer) == expected
    assert count(services) == 0


async def test_a_signature_that_no_key_made_is_refused(
    client: httpx.AsyncClient, register: Register, reading: Make
) -> None:
    device = await register()
    body = reading() | {"signature": "0x" + "00" * 65}
    assert refusal(await client.post("/readings", json=body, auth=device)) == (
        403,
        "signature_mismatch",
    )


@pytest.mark.parametrize(
    "content", [b"", b"{", b"not json", b'{"point": }', b"\xff\xfe", b'{"point": NaN}']
)
async def test_malformed_json_is_named(
    client: httpx.AsyncClient, register: Register, content: bytes
) -> None:
    answer = await client.post(
        "/readings",
        content=content,
        auth=await register(),
        headers={"Content-Type": "application/json"},
    )
    assert refusal(answer) in {(400, "malformed_json"), (422, "invalid_request")}
    if content in {b"{", b"not json", b'{"point": }'}:
        assert refusal(answer) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("import_wh", False),
        ("import_wh", 1.5),
        ("import_wh", "400"),
        ("import_wh", -1),
        ("import_wh", 2**63),
        ("import_wh", None),
        ("point", 2**24),
        ("signature", "0x12"),
        ("extra", 1),
    ],
)
async def test_a_field_that_is_no_number_of_ours_is_refused_by_name(
    client: httpx.AsyncClient, register: Register, reading: Make, field: str, value: object
) -> None:
    answer = await client.post("/readings", json=reading() | {field: value}, auth=await register())
    assert refusal(answer) == (422, "invalid_request")
    assert answer.json()["error"]["field"] == field


async def test_a_body_above_the_limit_is_refused_declared_or_not(
    client: httpx.AsyncClient, register: Register
) -> None:
    device = await register()
    declared = await client.post("/readings", content=b"x" * 65_537, auth=device)
    assert refusal(declared) == (413, "request_too_large")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    streamed = await client.post("/readings", content=endless(), auth=device)
    assert refusal(streamed) == (413, "request_too_large")


@pytest.mark.spec("D-14", "D-21", "D-57")
async def test_a_system_gets_the_readings_as_they_were_signed(
    client: httpx.AsyncClient, register: Register, reading: Make, upper_system: Credentials
) -> None:
    for point in (2, 1):
        await client.post("/readings", json=reading(point), auth=await register(point))

    async def asked(**query: int | str) -> list[Body]:
        answer = await client.get("/readings", params=query, auth=upper_system)
        assert (answer.status_code, answer.json()["next"]) == (200, None)
        found: list[Body] = answer.json()["readings"]
        return found

    both = [reading(1), reading(2)]
    assert await asked(slot=SLOT) == both
    assert await asked(**{"from": SLOT, "to": SLOT + 1}) == both
    assert await asked(**{"from": SLOT + 1}) == []
    assert await asked(point=2) == both[1:]
    assert await asked(kind="meter") == both
    assert await asked(kind="ev") == []
    assert await asked(after=f"{SLOT}-1-1") == both[1:]


@pytest.mark.spec("D-24", "D-25", "D-28")
async def test_each_answer_is_in_the_event_log_after_it_was_sent(
    client: httpx.AsyncClient,
    register: Register,
    reading: Make,
    upper_system: Credentials,
    services: Services,
    clock: VirtualClock,
) -> None:
    await client.post("/readings", json=reading(), auth=await register())
    await client.get("/readings", params={"slot": SLOT}, auth=upper_system)
    with services.database.read() as view:
        entries = view.events.entries(peer="dmo")
    assert [entry.event for entry in entries[1:]] == [
        Event.REQUEST_RECEIVED,
        Event.AUTHENTICATED,
        Event.EXTRACTED,
        Event.DATA_SENT,
    ]
    assert entries[1].content == {"slot": SLOT}
    assert (entries[-1].items, entries[-1].at) == (1, clock.now())
    assert entries[-1].content == {"numbers": [[1, 1]]}


async def test_a_device_may_not_ask_and_a_system_may_not_send(
    client: httpx.AsyncClient, register: Register, reading: Make, upper_system: Credentials
) -> None:
    device = await register()
    assert refusal(await client.get("/readings", auth=device)) == (401, "system_unknown")
    sent = await client.post("/readings", json=reading(), auth=upper_system)
    assert refusal(sent) == (401, "device_not_registered")


@pytest.mark.parametrize(
    "query",
    [{"slot": "x"}, {"slot": -1}, {"point": 0}, {"after": "1"}, {"since": 1}, {"kind": "a b"}],
)
async def test_a_condition_that_is_none_of_ours_is_refused(
    client: httpx.AsyncClient, upper_system: Credentials, query: dict[str, str | int]
) -> None:
    answer = await client.get("/readings", params=query, auth=upper_system)
    assert refusal(answer) == (422, "invalid_request")
    assert answer.json()["error"]["field"] == next(iter(query))
