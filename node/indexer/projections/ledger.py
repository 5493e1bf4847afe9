"""Events of the SettlementLedger."""

from node.domain.words import unpack_result
from node.indexer.source import Args, Projection
from node.store.chain_records import (
    CreditRecord,
    DebtRecord,
    ImbalancePriceRecord,
    PayoutRecord,
    PointResultRecord,
    SettlementRecord,
    SlotRecord,
    WithdrawalRecord,
)


def credited(args: Args) -> list[CreditRecord]:
    return [CreditRecord(args["account"].lower(), args["yen"], bytes(args["bankReference"]))]


def withdrawal_requested(args: Args) -> list[WithdrawalRecord]:
    return [WithdrawalRecord(args["id"], args["account"].lower(), args["yen"])]


def withdrawal_confirmed(args: Args) -> list[PayoutRecord]:
    return [PayoutRecord(args["id"], bytes(args["bankReference"]))]


def debt_changed(args: Args) -> list[DebtRecord]:
    return [DebtRecord(args["account"].lower(), args["change"], args["debt"])]


def imbalance_prices_published(args: Args) -> list[ImbalancePriceRecord]:
    return [
        ImbalancePriceRecord(
            args["firstSlot"], args["count"], args["longPrice"], args["shortPrice"]
        )
    ]


def slot_voided(args: Args) -> list[SlotRecord]:
    return [SlotRecord(args["slot"], "voided")]


def points_settled(args: Args) -> list[PointResultRecord]:
    results = [unpack_result(word) for word in args["results"]]
    return [
        PointResultRecord(
            slot=args["slot"],
            point=result.point,
            status=result.status,
            imbalance_wh=result.imbalance_wh,
            contract_yen5=result.contract_cash,
            imbalance_yen5=result.imbalance_cash,
        )
        for result in results
    ]


def slot_settled(args: Args) -> list[SettlementRecord]:
    return [SettlementRecord(args["slot"], args["longPrice"], args["shortPrice"], args["missing"])]


def slot_finalised(args: Args) -> list[SlotRecord]:
    return [SlotRecord(args["slot"], "final")]


PROJECTIONS: dict[str, Projection] = {
    "Credited": credited,
    "WithdrawalRequested": withdrawal_requested,
    "WithdrawalConfirmed": withdrawal_confirmed,
    "DebtChanged": debt_changed,
    "ImbalancePricesPublished": imbalance_prices_published,
    "SlotVoided": slot_voided,
    "PointsSettled": points_settled,
    "SlotSettled": slot_settled,
    "SlotFinalised": slot_finalised,
}
