"""Every event of our contracts has its rows, under the names that the ABI gives its arguments."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from node.domain.readings import IntervalEnergy, pack_values
from node.domain.units import WattHours
from node.indexer.memory import MemoryEvent
from node.indexer.projections import PROJECTIONS, WITHOUT_ROWS, project
from node.store.chain_records import (
    AttestedRecord,
    BatchRecord,
    CancellationRecord,
    ChainRecord,
    ClearingRecord,
    CreditRecord,
    DebtRecord,
    FillRecord,
    GatewayListingRecord,
    GatewayRecord,
    ImbalancePriceRecord,
    OracleSetRecord,
    OrderRecord,
    Origin,
    OwnerRecord,
    PartyRecord,
    PayoutRecord,
    PointRecord,
    PointResultRecord,
    SettlementRecord,
    SkippedRecord,
    SlotRecord,
    WithdrawalRecord,
)

ARTIFACTS = Path(__file__).parents[3] / "node" / "chain" / "artifacts"
OURS = ("ParticipantRegistry", "SpotAuction", "MeterOracle", "SettlementLedger")

ALICE = "0x" + "Aa" * 20
GATEWAY = "0x" + "Bb" * 20
HASH = b"\x07" * 32
SLOT = 1_800


def records(contract: str, name: str, **args: object) -> list[ChainRecord]:
    event = MemoryEvent(contract, name, args, b"\x01" * 32, 5, b"\x02" * 32, 3)
    rows = project(event)
    assert all(row.origin == Origin(5, b"\x01" * 32, 3, b"\x02" * 32) for row in rows)
    return [row.record for row in rows]


def events_of(contract: str) -> dict[str, list[dict[str, Any]]]:
    abi = json.loads((ARTIFACTS / f"{contract}.json").read_text())["abi"]
    return {entry["name"]: entry["inputs"] for entry in abi if entry["type"] == "event"}


def sample(parameter: Mapping[str, Any]) -> object:
    """Return a value of a parameter's type as the chain client decodes it."""
    kind: str = parameter["type"]
    if kind.endswith("[]"):
        return ()
    if kind == "tuple":
        return {part["name"]: sample(part) for part in parameter["components"]}
    if kind.startswith("bytes"):
        return HASH
    if parameter["name"] == "side":
        return 1
    return {"address": ALICE, "bool": True}.get(kind, 4)


@pytest.mark.parametrize("contract", OURS)
def test_every_event_of_the_contract_is_projected_or_known_to_need_no_rows(contract: str) -> None:
    described = {
        (contract, name)
        for name in events_of(contract)
        if name not in {"AuthorityUpdated", "EIP712DomainChanged", "Initialized"}
    }
    ours = {key for key in PROJECTIONS.keys() | WITHOUT_ROWS if key[0] == contract}
    assert described == ours


@pytest.mark.parametrize(("contract", "name"), sorted(PROJECTIONS))
def test_a_projection_reads_the_arguments_that_the_abi_names(contract: str, name: str) -> None:
    args = {parameter["name"]: sample(parameter) for parameter in events_of(contract)[name]}
    arrays = {"fills", "results"} & args.keys()
    assert bool(records(contract, name, **args)) == (not arrays)


def test_an_event_of_somebody_else_has_no_rows() -> None:
    assert records("AccessManager", "RoleGranted", roleId=1) == []


REGISTRATION = {
    "owner": ALICE,
    "gateway": GATEWAY,
    "kind": 1,
    "source": 1,
    "cell": 9,
    "importLimit": 5000,
    "exportLimit": 3000,
    "fallbackImport": 0,
    "detailsHash": HASH,
}


@pytest.mark.spec("G-11", "G-29")
def test_a_registered_point_gets_its_owner_and_key_and_the_default_fallback() -> None:
    said = records(
        "ParticipantRegistry",
        "PointRegistered",
        point=7,
        owner=ALICE,
        registration=REGISTRATION,
        activeFrom=SLOT,
    )
    assert said == [
        PointRecord(7, 1, 1, 9, 5000, 3000, 5000, SLOT, HASH),
        OwnerRecord(7, ALICE.lower(), SLOT),
        GatewayRecord(7, GATEWAY.lower(), SLOT),
    ]


def test_changes_of_points_and_parties_are_rows_of_their_own() -> None:
    registry = "ParticipantRegistry"
    alice = ALICE.lower()
    assert records(registry, "GatewayRotated", point=7, gateway=GATEWAY, fromSlot=SLOT) == [
        GatewayRecord(7, GATEWAY.lower(), SLOT)
    ]
    assert records(registry, "PointTransferred", point=7, owner=ALICE, fromSlot=SLOT) == [
        OwnerRecord(7, alice, SLOT)
    ]
    assert records(registry, "PartyAdmitted", party=ALICE, roles=32, detailsHash=HASH) == [
        PartyRecord(alice, "admitted", 32, HASH)
    ]
    assert records(registry, "RolesChanged", party=ALICE, roles=64) == [
        PartyRecord(alice, "roles", 64, None)
    ]
    assert records(registry, "PartySuspended", party=ALICE, reason=HASH) == [
        PartyRecord(alice, "suspended", None, HASH)
    ]
    assert records(registry, "PartyReinstated", party=ALICE) == [
        PartyRecord(alice, "reinstated", None, None)
    ]
    assert records(registry, "GatewayKeyListed", keyHash=HASH) == [GatewayListingRecord(HASH)]


def test_the_auction_of_a_slot_becomes_orders_a_clearing_and_fills() -> None:
    auction = "SpotAuction"
    result = {
        "price": 2010,
        "volume": 500,
        "bidFilled": 100,
        "bidTotal": 200,
        "offerFilled": 300,
        "offerTotal": 300,
    }
    sold = 400 << 89 | 100 << 49 | 1 << 48 | 7 << 24 | 12
    bought = 0 << 89 | 500 << 49 | 0 << 48 | 8 << 24 | 13
    assert records(auction, "SlotOpened", slot=SLOT) == [SlotRecord(SLOT, "opened")]
    assert records(
        auction, "OrderSubmitted", slot=SLOT, point=7, orderId=3, side=1, limit=0, energy=500
    ) == [OrderRecord(SLOT, 3, 7, "sell", 0, 500)]
    assert records(auction, "OrderCancelled", slot=SLOT, point=7, orderId=3, lapsed=False) == [
        CancellationRecord(SLOT, 3, 7, lapsed=False)
    ]
    assert records(auction, "SlotCleared", slot=SLOT, result=result) == [
        ClearingRecord(SLOT, 2010, 500, 100, 200, 300, 300)
    ]
    assert records(auction, "FillsBooked", slot=SLOT, firstOrder=12, fills=(sold, bought)) == [
        FillRecord(SLOT, 12, 7, "sell", 100, 400),
        FillRecord(SLOT, 13, 8, "buy", 500, 0),
    ]


@pytest.mark.parametrize(("phase", "stage"), [(4, "booked"), (5, "lapsed"), (6, "voided")])
def test_the_end_of_booking_says_what_became_of_the_slot(phase: int, stage: str) -> None:
    assert records("SpotAuction", "SlotBooked", slot=SLOT, phase=phase) == [SlotRecord(SLOT, stage)]


def test_a_batch_becomes_one_value_per_point_that_it_holds() -> None:
    energies = {
        5: IntervalEnergy(WattHours(10), WattHours(0)),
        8: IntervalEnergy(WattHours(0), WattHours(20)),
    }
    said = records(
        "MeterOracle",
        "BatchAttested",
        slot=SLOT,
        firstPoint=4,
        root=HASH,
        measuredFrom=3600,
        measuredUntil=3605,
        signers=(ALICE, GATEWAY),
        values=pack_values(4, energies),
    )
    assert said == [
        BatchRecord(SLOT, 4, HASH, 3600, 3605, json.dumps([ALICE.lower(), GATEWAY.lower()])),
        AttestedRecord(SLOT, 5, 10, 0),
        AttestedRecord(SLOT, 8, 0, 20),
    ]
    assert records(
        "MeterOracle", "ReadingSkipped", slot=SLOT, point=5, imported=11, exported=0
    ) == [SkippedRecord(SLOT, 5, 11, 0)]
    assert records(
        "MeterOracle",
        "OracleSetConfigured",
        version=2,
        signers=(ALICE,),
        validUntil=(9,),
        quorum=3,
    ) == [OracleSetRecord(2, 3, json.dumps([ALICE.lower()]))]


def result_word(*parts: Sequence[int]) -> int:
    """Pack (value, lowest bit, bits) as the ledger does, negative values in two's complement."""
    return sum((value & (1 << bits) - 1) << lowest for value, lowest, bits in parts)


def test_a_settlement_pass_becomes_one_signed_result_per_point() -> None:
    word = result_word((7, 0, 24), (2, 24, 8), (-300, 32, 48), (-5, 80, 80), (-900_000, 160, 96))
    assert records("SettlementLedger", "PointsSettled", slot=SLOT, results=(word,)) == [
        PointResultRecord(SLOT, 7, 2, -300, -5, -900_000)
    ]


def test_money_and_stages_of_the_ledger_become_rows() -> None:
    ledger, alice = "SettlementLedger", ALICE.lower()
    assert records(ledger, "Credited", account=ALICE, yen=5, bankReference=HASH) == [
        CreditRecord(alice, 5, HASH)
    ]
    assert records(ledger, "WithdrawalRequested", id=1, account=ALICE, yen=5) == [
        WithdrawalRecord(1, alice, 5)
    ]
    assert records(ledger, "WithdrawalConfirmed", id=1, bankReference=HASH) == [
        PayoutRecord(1, HASH)
    ]
    assert records(ledger, "DebtChanged", account=ALICE, change=-5, debt=10) == [
        DebtRecord(alice, -5, 10)
    ]
    assert records(
        ledger, "ImbalancePricesPublished", firstSlot=SLOT, count=3, longPrice=500, shortPrice=3000
    ) == [ImbalancePriceRecord(SLOT, 3, 500, 3000)]
    assert records(ledger, "SlotSettled", slot=SLOT, longPrice=500, shortPrice=3000, missing=1) == [
        SettlementRecord(SLOT, 500, 3000, 1)
    ]
    assert records(ledger, "SlotVoided", slot=SLOT, reason=HASH) == [SlotRecord(SLOT, "voided")]
    assert records(ledger, "SlotFinalised", slot=SLOT) == [SlotRecord(SLOT, "final")]
