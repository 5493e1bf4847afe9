"""From events to rows: one function per event, pure, so that a bill can be made without a database, too."""

from node.indexer.projections import auction, ledger, oracle, registry
from node.indexer.source import ChainEvent, Projection
from node.store.chain_records import ChainRecord, Logged, Origin

#: (contract, event) -> projection.
PROJECTIONS: dict[tuple[str, str], Projection] = {
    **{("ParticipantRegistry", name): made for name, made in registry.PROJECTIONS.items()},
    **{("SpotAuction", name): made for name, made in auction.PROJECTIONS.items()},
    **{("MeterOracle", name): made for name, made in oracle.PROJECTIONS.items()},
    **{("SettlementLedger", name): made for name, made in ledger.PROJECTIONS.items()},
}

#: Events of our contracts that say nothing which the other events do not say.
WITHOUT_ROWS = {
    ("ParticipantRegistry", "TransferCompleted"),
    ("SettlementLedger", "MarketAdmitted"),
    ("SettlementLedger", "TradesBooked"),
}


def project(event: ChainEvent) -> list[Logged[ChainRecord]]:
    """Return the rows of an event, none for an event that has no table."""
    projection = PROJECTIONS.get((event.contract, event.name))
    if projection is None:
        return []
    origin = Origin(
        event.block_number, bytes(event.block_hash), event.log_index, bytes(event.tx_hash)
    )
    return [Logged(origin, record) for record in projection(event.args)]
