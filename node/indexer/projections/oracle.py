"""Events of the MeterOracle."""

import json

from node.domain.readings import unpack_values
from node.indexer.source import Args, Projection
from node.store.chain_records import AttestedRecord, BatchRecord, OracleSetRecord, SkippedRecord


def oracle_set_configured(args: Args) -> list[OracleSetRecord]:
    return [OracleSetRecord(args["version"], args["quorum"], _addresses(args["signers"]))]


def batch_attested(args: Args) -> list[BatchRecord | AttestedRecord]:
    """Unpack the batch; a point that held a value before keeps it, because the first row counts."""
    slot, first_point = args["slot"], args["firstPoint"]
    batch = BatchRecord(
        slot=slot,
        first_point=first_point,
        root=bytes(args["root"]),
        measured_from=args["measuredFrom"],
        measured_until=args["measuredUntil"],
        signers=_addresses(args["signers"]),
    )
    energies = unpack_values(first_point, args["values"])
    values = [
        AttestedRecord(slot, point, energy.import_wh, energy.export_wh)
        for point, energy in energies.items()
    ]
    return [batch, *values]


def reading_skipped(args: Args) -> list[SkippedRecord]:
    return [SkippedRecord(args["slot"], args["point"], args["imported"], args["exported"])]


def _addresses(given: list[str]) -> str:
    return json.dumps([address.lower() for address in given])


PROJECTIONS: dict[str, Projection] = {
    "OracleSetConfigured": oracle_set_configured,
    "BatchAttested": batch_attested,
    "ReadingSkipped": reading_skipped,
}
