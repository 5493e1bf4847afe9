"""Device URLs: where a device is and how to speak to it, in one line that fits a settings file.

`modbus+tcp://127.0.0.1:5020/1?role=meter&timeout=2` names protocol, host, port, place behind that port and what
the device is. IPv6 hosts stand in brackets (B-18).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from node.domain.errors import DeviceError


class DeviceUrlError(DeviceError):
    """A device URL that cannot be used; says which and why."""


@dataclass(frozen=True, slots=True)
class DeviceUrl:
    """A device URL taken apart; `text` is what the user wrote and what errors show."""

    text: str
    scheme: str
    host: str
    port: int | None
    path: str
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take `text` apart, or raise `DeviceUrlError`."""
        try:
            parts = urlsplit(text)
            port = parts.port
            pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError as error:
            raise DeviceUrlError(text, f"not a URL: {error}") from error
        if not parts.scheme or not parts.hostname:
            raise DeviceUrlError(text, "not a device URL, expected scheme://host:port/unit")
        if len(dict(pairs)) != len(pairs):
            raise DeviceUrlError(text, "an option is given twice")
        return cls(text, parts.scheme, parts.hostname, port, parts.path.strip("/"), dict(pairs))
