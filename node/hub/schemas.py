"""Messages of the hub. Requests are strict: integers are integers, and an unknown field is refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from node.domain.readings import LARGEST_POINT

#: Largest integer that every database holds.
LARGEST_INTEGER = 2**63 - 1

Count = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
Point = Annotated[int, Field(ge=1, le=LARGEST_POINT)]
Version = Annotated[int, Field(ge=1, le=2**32 - 1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Kind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Line = Annotated[str, Field(min_length=1, max_length=200)]
AddressHex = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
SignatureHex = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{130}$")]
HashHex = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]


class Message(BaseModel):
    """Base of every message."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


# -- errors


class Problem(Message):
    """What was wrong: a code for programs, a sentence for people, the field if it was one."""

    code: str
    message: str
    field: str | None = None


class ErrorBody(Message):
    """The body of every answer that refuses something."""

    error: Problem


# -- devices


class RegistrationRequest(Message):
    """A listed device asks for its password (D-44, D-46); `possession` proves that it holds its gateway key."""

    device_id: Name
    initial_password: Line
    kind: Kind
    name: Line
    maker: Line
    location: Line
    metering_point: Point
    gateway: AddressHex
    possession: SignatureHex


class RegistrationAnswer(Message):
    """The device's own password, shown this once."""

    device_id: str
    password: str


class SignedReadingBody(Message):
    """A reading with its gateway's EIP-712 signature; energies in Wh, instants in Unix seconds."""

    point: Point
    slot: Count
    import_wh: Count
    export_wh: Count
    import_start: Count
    import_end: Count
    export_start: Count
    export_end: Count
    measured_at: Count
    sequence: Count
    version: Version
    signature: SignatureHex


class ReadingAnswer(Message):
    """The reading is in the database under `number`; `repeated` when it was there before."""

    status: Literal["stored", "repeated"]
    number: int


class ReadingsPage(Message):
    """Readings by slot, point and version; `next` is what to send as `after` for the rest, null for the last page."""

    readings: list[SignedReadingBody]
    next: str | None


class ReadingsQuery(BaseModel):
    """Conditions of an extraction (D-58); `from` and `to` bound the start of the measured interval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slot: Count | None = None
    since: Count | None = Field(default=None, alias="from")
    until: Count | None = Field(default=None, alias="to", description="Excluded.")
    kind: Kind | None = None
    point: Point | None = None
    after: str | None = Field(default=None, pattern=r"^\d{1,18}-\d{1,8}-\d{1,10}$")


# -- the market


class SpanQuery(BaseModel):
    """Slots that start from `from` on and before `to`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Count = Field(default=0, alias="from")
    until: Count = Field(default=LARGEST_INTEGER, alias="to", description="Excluded.")


class LevelsQuery(BaseModel):
    """How many price levels a side the book shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    levels: Annotated[int, Field(ge=1, le=1000)] = 8


class SlotBody(Message):
    """A slot and its result; null while a value is not known. Prices in sen per kWh."""

    slot: int
    label: str
    phase: str
    orders: int
    bid_wh: int
    offer_wh: int
    price_sen: int | None
    volume_wh: int | None
    long_sen: int | None
    short_sen: int | None
    missing: int | None


class SlotsPage(Message):
    """Slots in order; `next` is what to send as `from` for the rest, null for the last page."""

    slots: list[SlotBody]
    next: int | None


class LevelBody(Message):
    """The energy of all open orders of one side at one price."""

    price_sen: int
    energy_wh: int


class BookBody(Message):
    """The book as it is displayed (C-15 to C-20): best levels first, what lies beyond them summed up."""

    slot: int
    sells: list[LevelBody]
    buys: list[LevelBody]
    over_wh: int
    under_wh: int
    updated_at: int | None


class OrderBody(Message):
    """An order and what became of it; `order_id` is its sequence in the slot."""

    order_id: int
    point: int
    side: str
    limit_sen: int
    energy_wh: int
    filled_wh: int
    outcome: str
    transaction: HashHex


class TradesBody(Message):
    """Every order of a slot with its fill."""

    slot: int
    price_sen: int | None
    orders: list[OrderBody]


class UnitBody(Message):
    """A balanced unit: who delivers how much to whom (C-24)."""

    seller_point: int
    buyer_point: int
    seller: str | None
    buyer: str | None
    energy_wh: int


class UnitsBody(Message):
    """The balanced units of a slot in the order in which they lie; none before all orders are booked."""

    slot: int
    units: list[UnitBody]


class PositionBody(Message):
    """What a metering point traded in a slot, what was metered and how it was settled."""

    slot: int
    sold_wh: int
    bought_wh: int
    import_wh: int | None
    export_wh: int | None
    imbalance_wh: int | None
    status: str | None


class PositionsPage(Message):
    """Positions by slot; `next` is what to send as `from` for the rest, null for the last page."""

    point: int
    positions: list[PositionBody]
    next: int | None


class BillLineBody(Message):
    """A line of a bill; cash in 1e-5 JPY, positive = received. `reason` says why there was an imbalance."""

    slot: int
    label: str
    point: int
    kind: str
    energy_wh: int
    price_sen: int
    cash_yen5: int
    state: str
    transaction: HashHex
    reason: str | None
    import_wh: int | None
    export_wh: int | None


class BillTotalsBody(Message):
    """Sums of a bill; `cash_yen5` has moved, `held_yen5` and `pending_yen5` are still to come."""

    bought_wh: int
    sold_wh: int
    trade_yen5: int
    imbalance_yen5: int
    cash_yen5: int
    held_yen5: int
    pending_yen5: int


class BillBody(Message):
    """The bill of a party."""

    party: str
    lines: list[BillLineBody]
    totals: BillTotalsBody


# -- health


class HealthBody(Message):
    """The process answers."""

    status: Literal["ok"]


class ReadyBody(Message):
    """Whether the chain tables are up to date; `followed` is the last block in them, `head` the chain's newest."""

    ready: bool
    followed: int | None
    head: int | None
    problem: str | None
