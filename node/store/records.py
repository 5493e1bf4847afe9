"""What the hub's own tables hold, as frozen records."""

from dataclasses import dataclass, field
from enum import StrEnum

from node.domain.readings import Reading


@dataclass(frozen=True, slots=True)
class Registration:
    """What a device says of itself when it registers (D-46), with the proof that it holds its gateway key."""

    kind: str
    name: str
    maker: str
    location: str
    point: int
    gateway: str
    possession: bytes


@dataclass(frozen=True, slots=True)
class Device:
    """A device whose id was listed; it may send only once it is registered."""

    device_id: str
    listed_at: int
    registered_at: int | None = None
    verifier: str | None = field(default=None, repr=False)
    registration: Registration | None = None


class SystemRole(StrEnum):
    """Who asks the hub for data: an upper system (D-15) or an oracle."""

    UPPER = "upper"
    ORACLE = "oracle"


@dataclass(frozen=True, slots=True)
class System:
    """A system that may ask for readings."""

    name: str
    role: SystemRole
    added_at: int
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedReading:
    """A reading as it was sent, with the gateway's signature."""

    reading: Reading
    signature: bytes


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A reading in the database: `number` is its place in the order of arrival, `source` the sender's id."""

    number: int
    signed: SignedReading
    source: str
    received_at: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """A signed reading that contradicts the stored one numbered `contradicts`."""

    number: int
    signed: SignedReading
    source: str
    received_at: int
    contradicts: int


class Event(StrEnum):
    """What the event log records (D-22 to D-28)."""

    DEVICE_LISTED = "device listed"
    DEVICE_FREED = "device freed"
    REGISTRATION_REQUESTED = "registration requested"
    REGISTRATION_REFUSED = "registration refused"
    DEVICE_REGISTERED = "device registered"
    PASSWORD_SENT = "password sent"  # noqa: S105 - the name of an event
    DATA_RECEIVED = "data received"
    AUTHENTICATED = "authenticated"
    AUTHENTICATION_FAILED = "authentication failed"
    DATA_STORED = "data stored"
    DATA_REPEATED = "data repeated"
    DATA_REFUSED = "data refused"
    CONFLICT_KEPT = "conflict kept"
    SYSTEM_ADDED = "system added"
    REQUEST_RECEIVED = "request received"
    EXTRACTED = "extracted"
    DATA_SENT = "data sent"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the event log.

    `peer` is who sent, asked or received; `items` how many records it was about; `content` what was asked,
    why something was refused or which records it was about, as JSON values.
    """

    number: int
    at: int
    event: Event
    peer: str
    items: int | None
    content: dict[str, object]
