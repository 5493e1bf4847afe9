"""The rows that bills are made of, out of the database."""

from node.indexer.bills import ALL_SLOTS, BillRows
from node.store.chain_records import (
    AttestedRecord,
    ClearingRecord,
    CreditRecord,
    FillRecord,
    OwnerRecord,
    PointResultRecord,
    SlotRecord,
    WithdrawalRecord,
)
from node.store.database import View


def bill_rows(view: View, party: str, slots: range = ALL_SLOTS) -> BillRows:
    """Return what the bill of a party over a range of slots needs, and no more."""
    account, find = party.lower(), view.chain.find
    points = view.points.ever_owned_by(account)
    return BillRows(
        owners=find(OwnerRecord, point=points),
        stages=find(SlotRecord, slot=slots),
        clearings=find(ClearingRecord, slot=slots),
        fills=find(FillRecord, slot=slots, point=points),
        attested=find(AttestedRecord, slot=slots, point=points),
        results=find(PointResultRecord, slot=slots, point=points),
        credits=find(CreditRecord, account=account),
        withdrawals=find(WithdrawalRecord, account=account),
    )


def all_bill_rows(view: View) -> BillRows:
    """Return what the bills of everybody need, to check the ledger as a whole."""
    find = view.chain.find
    return BillRows(
        owners=find(OwnerRecord),
        stages=find(SlotRecord),
        clearings=find(ClearingRecord),
        fills=find(FillRecord),
        attested=find(AttestedRecord),
        results=find(PointResultRecord),
        credits=find(CreditRecord),
        withdrawals=find(WithdrawalRecord),
    )
