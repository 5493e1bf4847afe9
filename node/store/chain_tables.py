"""Tables that follow the chain. All of them can be dropped and are rebuilt from block 0.

Every row is keyed by (block hash, log index, item) and belongs to a row of `blocks`; deleting a block deletes
what came with it. Columns are the fields of the record of the same table in `node.store.chain_records`.
"""

from dataclasses import fields
from types import NoneType
from typing import Any, get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from node.store import chain_records as records
from node.store.tables import metadata

blocks = Table(
    "blocks",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("parent_hash", LargeBinary(32), nullable=False),
    Column("timestamp", BigInteger, nullable=False),
)

#: One row: the last block whose events are all in the tables.
cursor = Table(
    "chain_cursor",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

_COLUMN_TYPES: dict[type, TypeEngine[Any]] = {
    int: BigInteger(),
    str: Text(),
    bytes: LargeBinary(),
    bool: Boolean(),
}


def _chain_table(name: str, record: type[records.ChainRecord], *indexes: str) -> Table:
    """Return the table of a record; each index is its columns, separated by blanks."""
    return Table(
        name,
        metadata,
        Column(
            "block_hash",
            LargeBinary(32),
            ForeignKey("blocks.hash", ondelete="CASCADE"),
            primary_key=True,
        ),
        Column("log_index", BigInteger, primary_key=True),
        Column("item", BigInteger, primary_key=True),
        Column("block_number", BigInteger, nullable=False),
        Column("tx_hash", LargeBinary(32), nullable=False),
        *(_column(field.name, field.type) for field in fields(record)),
        *(Index(None, *columns.split()) for columns in indexes),
    )


def _column(name: str, annotation: object) -> Column[Any]:
    kinds = get_args(annotation) or (annotation,)
    [kind] = [kind for kind in kinds if kind is not NoneType]
    return Column(name, _COLUMN_TYPES[kind], nullable=NoneType in kinds)


#: Record, name of its table, and the columns of each index, separated by blanks.
_CONTENTS: list[tuple[type[records.ChainRecord], str, tuple[str, ...]]] = [
    (records.PartyRecord, "party_changes", ("party",)),
    (records.GatewayListingRecord, "gateway_listings", ("key_hash",)),
    (records.PointRecord, "points", ("point",)),
    (records.OwnerRecord, "point_owners", ("point", "owner")),
    (records.GatewayRecord, "point_gateways", ("point",)),
    (records.SlotRecord, "slot_stages", ("slot",)),
    (records.OrderRecord, "orders", ("slot order_id", "point slot")),
    (records.CancellationRecord, "cancellations", ("slot order_id",)),
    (records.ClearingRecord, "clearings", ("slot",)),
    (records.FillRecord, "fills", ("slot order_id", "point slot")),
    (records.ImbalancePriceRecord, "imbalance_prices", ("first_slot",)),
    (records.SettlementRecord, "settlements", ("slot",)),
    (records.PointResultRecord, "point_results", ("slot point", "point slot")),
    (records.OracleSetRecord, "oracle_sets", ("version",)),
    (records.BatchRecord, "batches", ("slot",)),
    (records.AttestedRecord, "attested_values", ("slot point", "point slot")),
    (records.SkippedRecord, "skipped_values", ("slot point",)),
    (records.CreditRecord, "credits", ("account",)),
    (records.WithdrawalRecord, "withdrawals", ("account",)),
    (records.PayoutRecord, "payouts", ("withdrawal_id",)),
    (records.DebtRecord, "debts", ("account",)),
]

#: The table of each record.
TABLE_OF: dict[type[records.ChainRecord], Table] = {
    record: _chain_table(name, record, *indexes) for record, name, indexes in _CONTENTS
}
