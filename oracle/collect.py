"""A slot's signed readings from a hub, over HTTP as a registered system (C-29, D-57).

A hub is believed in nothing: what it gives is bounded in size and number, taken apart field by
field, and each reading is checked against the chain afterwards. One reading that cannot be read
does not keep the others out.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Final, Protocol

import httpx

from node.domain.documents import Node, decode_json
from node.domain.errors import FieldError
from node.domain.readings import LARGEST_POINT, Reading
from node.domain.slots import DeliverySlot
from oracle.errors import HubAnswerError, HubRefusedError, HubUnavailableError
from oracle.plausibility import SignedReading

#: How long a hub may take for one page.
TIMEOUT_SECONDS: Final = 5.0

#: Bounds of what one hub may send for one slot.
LARGEST_PAGE_BYTES: Final = 16 * 1024 * 1024
MOST_PAGES: Final = 64

#: Largest numbers in a reading: SQLite's integers, half of what the contract could take, and its 32
#: bits for a version.
LARGEST_INTEGER: Final = 2**63 - 1
LARGEST_VERSION: Final = 2**32 - 1

#: How much of a refusal is repeated.
SHOWN_LENGTH: Final = 200

_NUMBERS = tuple(one.name for one in fields(Reading))


@dataclass(frozen=True, slots=True)
class Collected:
    """What a hub gave for a slot.

    Readings in order of their points, and why others could not be read.
    """

    readings: Sequence[SignedReading] = ()
    malformed: Sequence[str] = ()


class ReadingSource(Protocol):
    """Gives the signed readings of a slot; `name` says which hub it is."""

    @property
    def name(self) -> str:
        """How the hub is called in status and errors."""
        ...

    async def readings(self, slot: DeliverySlot) -> Collected:
        """Return what there is now; raises `HubError`."""
        ...


@dataclass(frozen=True, slots=True)
class HubSource:
    """A hub behind its address, such as https://hub.example.

    The client is shared and closed by who made it.
    """

    url: str
    system: str
    password: str = field(repr=False)
    client: httpx.AsyncClient

    @property
    def name(self) -> str:
        """The address of the hub."""
        return self.url

    async def readings(self, slot: DeliverySlot) -> Collected:
        """Return the readings that the hub has of a slot, page by page."""
        found: list[SignedReading] = []
        malformed: list[str] = []
        async for item in self._items(slot):
            try:
                found.append(read_signed(item))
            except FieldError as error:
                malformed.append(str(error))
        return Collected(found, malformed)

    async def _items(self, slot: DeliverySlot) -> AsyncIterator[Node]:
        after: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._page(slot, after)
            try:
                said = page.fields("readings", "next")
                for item in said["readings"].items():
                    yield item
                after = None if said["next"].value is None else said["next"].name()
            except FieldError as error:
                raise HubAnswerError(self.url, str(error)) from error
            if after is None:
                return
        raise HubAnswerError(self.url, f"slot {slot} has more than {MOST_PAGES} pages")

    async def _page(self, slot: DeliverySlot, after: str | None) -> Node:
        asked = {"slot": str(slot)} | ({} if after is None else {"after": after})
        try:
            async with self.client.stream(
                "GET",
                f"{self.url.rstrip('/')}/v1/readings",
                params=asked,
                auth=(self.system, self.password),
                timeout=TIMEOUT_SECONDS,
            ) as response:
                body = await self._bounded(response)
        except httpx.HTTPError as error:
            raise HubUnavailableError(
                self.url, f"{type(error).__name__} {error}".strip()
            ) from error
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise HubUnavailableError(self.url, f"status {response.status_code}")
        if response.status_code != httpx.codes.OK:
            said = body[:SHOWN_LENGTH].decode(errors="replace")
            raise HubRefusedError(self.url, response.status_code, said)
        try:
            return Node("", decode_json(body))
        except FieldError as error:
            raise HubAnswerError(self.url, str(error)) from error

    async def _bounded(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > LARGEST_PAGE_BYTES:
                raise HubAnswerError(self.url, f"a page of more than {LARGEST_PAGE_BYTES} bytes")
        return bytes(body)


def read_signed(node: Node) -> SignedReading:
    """Return the signed reading in a JSON object, or raise `FieldError`."""
    said = node.fields(*_NUMBERS, "signature")
    numbers = {name: said[name].integer(0, LARGEST_INTEGER) for name in _NUMBERS}
    said["point"].integer(1, LARGEST_POINT)
    said["version"].integer(1, LARGEST_VERSION)
    text = said["signature"].name()
    try:
        signature = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise FieldError(said["signature"].path, text, "expected hexadecimal digits") from None
    return SignedReading(_reading(numbers), signature)


def _reading(numbers: dict[str, int]) -> Reading:
    return Reading(**numbers)  # type: ignore[arg-type]  # the fields are integers with names of their own
