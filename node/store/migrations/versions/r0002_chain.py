"""The tables that follow the chain: blocks, their cursor and one table per record.

Undoing this revision loses nothing: the tables are rebuilt from block 0.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TYPES = {"int": sa.BigInteger, "text": sa.Text, "bytes": sa.LargeBinary, "bool": sa.Boolean}

#: Table -> its own columns as "name:type", a question mark for a nullable one.
TABLES = {
    "party_changes": "party:text change:text roles:int? note:bytes?",
    "gateway_listings": "key_hash:bytes",
    "points": "point:int kind:int source:int cell:int import_limit:int export_limit:int "
    "fallback_import:int active_from:int details_hash:bytes",
    "point_owners": "point:int owner:text from_slot:int",
    "point_gateways": "point:int gateway:text from_slot:int",
    "slot_stages": "slot:int stage:text",
    "orders": "slot:int order_id:int point:int side:text limit_sen:int energy_wh:int",
    "cancellations": "slot:int order_id:int point:int lapsed:bool",
    "clearings": "slot:int price_sen:int volume_wh:int bid_filled_wh:int bid_total_wh:int "
    "offer_filled_wh:int offer_total_wh:int",
    "fills": "slot:int order_id:int point:int side:text energy_wh:int laid_from:int",
    "imbalance_prices": "first_slot:int count:int long_sen:int short_sen:int",
    "settlements": "slot:int long_sen:int short_sen:int missing:int",
    "point_results": "slot:int point:int status:int imbalance_wh:int contract_yen5:int "
    "imbalance_yen5:int",
    "oracle_sets": "version:int quorum:int signers:text",
    "batches": "slot:int first_point:int root:bytes measured_from:int measured_until:int signers:text",
    "attested_values": "slot:int point:int import_wh:int export_wh:int",
    "skipped_values": "slot:int point:int import_wh:int export_wh:int",
    "credits": "account:text yen:int bank_reference:bytes",
    "withdrawals": "withdrawal_id:int account:text yen:int",
    "payouts": "withdrawal_id:int bank_reference:bytes",
    "debts": "account:text change_yen5:int debt_yen5:int",
}

#: Table -> its indexes, each as columns separated by blanks.
INDEXES = {
    "party_changes": ["party"],
    "gateway_listings": ["key_hash"],
    "points": ["point"],
    "point_owners": ["point", "owner"],
    "point_gateways": ["point"],
    "slot_stages": ["slot"],
    "orders": ["slot order_id", "point slot"],
    "cancellations": ["slot order_id"],
    "clearings": ["slot"],
    "fills": ["slot order_id", "point slot"],
    "imbalance_prices": ["first_slot"],
    "settlements": ["slot"],
    "point_results": ["slot point", "point slot"],
    "oracle_sets": ["version"],
    "batches": ["slot"],
    "attested_values": ["slot point", "point slot"],
    "skipped_values": ["slot point"],
    "credits": ["account"],
    "withdrawals": ["account"],
    "payouts": ["withdrawal_id"],
    "debts": ["account"],
}


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("parent_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_blocks"),
        sa.UniqueConstraint("number", name="uq_blocks_number"),
    )
    op.create_table(
        "chain_cursor",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chain_cursor"),
    )
    for table, columns in TABLES.items():
        _create_chain_table(table, columns.split())


def downgrade() -> None:
    for table in (*reversed(TABLES), "chain_cursor", "blocks"):
        op.drop_table(table)


def _create_chain_table(table: str, columns: list[str]) -> None:
    op.create_table(
        table,
        sa.Column("block_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("log_index", sa.BigInteger, nullable=False),
        sa.Column("item", sa.BigInteger, nullable=False),
        sa.Column("block_number", sa.BigInteger, nullable=False),
        sa.Column("tx_hash", sa.LargeBinary(32), nullable=False),
        *(_column(column) for column in columns),
        sa.PrimaryKeyConstraint("block_hash", "log_index", "item", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["block_hash"], ["blocks.hash"], name=f"fk_{table}_block_hash", ondelete="CASCADE"
        ),
    )
    for index in INDEXES[table]:
        op.create_index(f"ix_{table}_{index.replace(' ', '_')}", table, index.split())


def _column(described: str) -> "sa.Column[Any]":
    name, _, kind = described.partition(":")
    return sa.Column(name, TYPES[kind.rstrip("?")](), nullable=kind.endswith("?"))
