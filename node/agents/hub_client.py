"""The hub as a home sees it: register once, send readings (D-43 to D-53)."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Final, TypeVar

import httpx

from node.agents.errors import HubAnswerError, HubRefusedError, HubUnavailableError
from node.agents.journal import SignedReading
from node.domain.documents import Node, decode_json
from node.domain.errors import FieldError

T = TypeVar("T")

#: How long the hub may take for an answer.
TIMEOUT_SECONDS: Final = 5.0

#: Longest answer that is looked at.
LARGEST_ANSWER_BYTES: Final = 64 * 1024

SHOWN_LENGTH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a home says of itself to get its own password (D-44, D-46)."""

    device_id: str
    kind: str
    name: str
    maker: str
    location: str
    metering_point: int
    gateway: str
    possession: bytes
    initial_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HubClient:
    """A hub at an address. The HTTP client is shared and closed by who made it."""

    url: str
    client: httpx.AsyncClient

    async def register(self, registration: Registration) -> str:
        """Register and return the password of this home, which the hub shows once."""
        body = asdict(registration) | {"possession": f"0x{registration.possession.hex()}"}
        answer = await self._post("/v1/registrations", body, None)
        return self._read(answer, _password)

    async def send(self, device_id: str, password: str, signed: SignedReading) -> bool:
        """Send a reading; return whether it was new to the hub. Raises `HubError`."""
        body = asdict(signed.reading) | {"signature": f"0x{signed.signature.hex()}"}
        answer = await self._post("/v1/readings", body, (device_id, password))
        return self._read(answer, _is_new)

    async def _post(
        self, path: str, body: dict[str, object], auth: tuple[str, str] | None
    ) -> bytes:
        try:
            response = await self.client.post(
                f"{self.url.rstrip('/')}{path}",
                json=body,
                auth=auth or httpx.USE_CLIENT_DEFAULT,
                timeout=TIMEOUT_SECONDS,
            )
        except httpx.HTTPError as error:
            problem = f"{type(error).__name__} {error}".strip()
            raise HubUnavailableError(self.url, problem) from error
        if response.status_code in (httpx.codes.OK, httpx.codes.CREATED):
            return response.content[:LARGEST_ANSWER_BYTES]
        raise self._refusal(response)

    def _refusal(self, response: httpx.Response) -> HubRefusedError | HubUnavailableError:
        status = response.status_code
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS:
            return HubUnavailableError(self.url, f"status {status}")
        try:
            said = Node("", decode_json(response.content[:LARGEST_ANSWER_BYTES]))
            error = dict(dict(said.members())["error"].members())
            return HubRefusedError(
                self.url, status, error["code"].name(), str(error["message"].value)
            )
        except (FieldError, KeyError):
            shown = response.text[:SHOWN_LENGTH]
            return HubRefusedError(self.url, status, "unnamed", shown)

    def _read(self, answer: bytes, take: Callable[[Node], T]) -> T:
        try:
            return take(Node("", decode_json(answer)))
        except FieldError as error:
            raise HubAnswerError(self.url, str(error)) from error


def _password(answer: Node) -> str:
    return answer.fields("device_id", "password")["password"].name()


def _is_new(answer: Node) -> bool:
    status = answer.fields("status", "number")["status"]
    return status.one_of(("stored", "repeated")) == "stored"
