"""What one event of the chain says, as rows: one frozen record per table, never updated.

A record is an event that happened; what holds now (who owns a point, where a slot stands) is read from the
records in chain order. So undoing a block is deleting its records, and nothing needs an undo log.

Addresses are lower-case hex with 0x, hashes bytes, energies Wh, prices sen per kWh, money 1e-5 JPY.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True)
class Block:
    """A block that was followed; its hash and its parent's are how a reorganisation is seen."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where on the chain a record comes from."""

    block_number: int
    block_hash: bytes
    log_index: int
    tx_hash: bytes


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """Base of every record that an event turns into."""


@dataclass(frozen=True, slots=True)
class PartyRecord(ChainRecord):
    """A party was admitted, got other roles, was suspended or reinstated (`change` says which)."""

    party: str
    change: str
    roles: int | None
    note: bytes | None


@dataclass(frozen=True, slots=True)
class GatewayListingRecord(ChainRecord):
    """The hash of a gateway key was listed before its device registers (G-29)."""

    key_hash: bytes


@dataclass(frozen=True, slots=True)
class PointRecord(ChainRecord):
    """A metering point was registered."""

    point: int
    kind: int
    source: int
    cell: int
    import_limit: int
    export_limit: int
    fallback_import: int
    active_from: int
    details_hash: bytes


@dataclass(frozen=True, slots=True)
class OwnerRecord(ChainRecord):
    """A metering point belongs to a party from a slot on."""

    point: int
    owner: str
    from_slot: int


@dataclass(frozen=True, slots=True)
class GatewayRecord(ChainRecord):
    """Readings of a metering point carry a gateway's signature from a slot on."""

    point: int
    gateway: str
    from_slot: int


@dataclass(frozen=True, slots=True)
class SlotRecord(ChainRecord):
    """A slot reached a stage: opened, booked, lapsed, voided or final."""

    slot: int
    stage: str


@dataclass(frozen=True, slots=True)
class OrderRecord(ChainRecord):
    """An order was accepted; `order_id` counts in its slot and is its sequence."""

    slot: int
    order_id: int
    point: int
    side: str
    limit_sen: int
    energy_wh: int


@dataclass(frozen=True, slots=True)
class CancellationRecord(ChainRecord):
    """An order left the book before call time; `lapsed`: because its owner is suspended (G-28)."""

    slot: int
    order_id: int
    point: int
    lapsed: bool


@dataclass(frozen=True, slots=True)
class ClearingRecord(ChainRecord):
    """A slot was cleared: price, volume and how far each side is filled at the price."""

    slot: int
    price_sen: int
    volume_wh: int
    bid_filled_wh: int
    bid_total_wh: int
    offer_filled_wh: int
    offer_total_wh: int


@dataclass(frozen=True, slots=True)
class FillRecord(ChainRecord):
    """An order got energy; `laid_from` is where it begins when its side's fills are laid end to end."""

    slot: int
    order_id: int
    point: int
    side: str
    energy_wh: int
    laid_from: int


@dataclass(frozen=True, slots=True)
class ImbalancePriceRecord(ChainRecord):
    """The DSO published the imbalance prices of `count` neighbouring slots."""

    first_slot: int
    count: int
    long_sen: int
    short_sen: int


@dataclass(frozen=True, slots=True)
class SettlementRecord(ChainRecord):
    """Every metering point of a slot was settled or flagged, at these prices."""

    slot: int
    long_sen: int
    short_sen: int
    missing: int


@dataclass(frozen=True, slots=True)
class PointResultRecord(ChainRecord):
    """What a settlement pass moved for a metering point; `status` as the ledger's `PointsSettled`."""

    slot: int
    point: int
    status: int
    imbalance_wh: int
    contract_yen5: int
    imbalance_yen5: int


@dataclass(frozen=True, slots=True)
class OracleSetRecord(ChainRecord):
    """The oracle set was replaced."""

    version: int
    quorum: int
    signers: str


@dataclass(frozen=True, slots=True)
class BatchRecord(ChainRecord):
    """A batch of readings was attested; `signers` is a JSON list."""

    slot: int
    first_point: int
    root: bytes
    measured_from: int
    measured_until: int
    signers: str


@dataclass(frozen=True, slots=True)
class AttestedRecord(ChainRecord):
    """A batch held a value for a point; the first one of a point and slot is the one that counts."""

    slot: int
    point: int
    import_wh: int
    export_wh: int


@dataclass(frozen=True, slots=True)
class SkippedRecord(ChainRecord):
    """A value was left out because the point already held one, which stays (G-27)."""

    slot: int
    point: int
    import_wh: int
    export_wh: int


@dataclass(frozen=True, slots=True)
class CreditRecord(ChainRecord):
    """Money came in by the bank, in whole yen."""

    account: str
    yen: int
    bank_reference: bytes


@dataclass(frozen=True, slots=True)
class WithdrawalRecord(ChainRecord):
    """A party took whole yen out of its account."""

    withdrawal_id: int
    account: str
    yen: int


@dataclass(frozen=True, slots=True)
class PayoutRecord(ChainRecord):
    """The bank paid a withdrawal out."""

    withdrawal_id: int
    bank_reference: bytes


@dataclass(frozen=True, slots=True)
class DebtRecord(ChainRecord):
    """A debt grew (positive) or was paid (negative); `debt_yen5` is what is owed now."""

    account: str
    change_yen5: int
    debt_yen5: int


RecordT = TypeVar("RecordT", bound=ChainRecord, covariant=True)


@dataclass(frozen=True, slots=True)
class Logged(Generic[RecordT]):
    """A record with its place on the chain."""

    origin: Origin
    record: RecordT
