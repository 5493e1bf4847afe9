"""Who owns a metering point in a slot and whose key signs its readings, from the chain tables."""

from collections.abc import Sequence
from typing import TypeVar

from node.store.chain import ChainTables
from node.store.chain_records import GatewayRecord, Logged, OwnerRecord

ChangeT = TypeVar("ChangeT", OwnerRecord, GatewayRecord)


class Points:
    """Answers about metering points; every one is None for a point the chain does not name."""

    def __init__(self, chain: ChainTables) -> None:
        self._chain = chain

    def owner(self, point: int, slot: int | None = None) -> str | None:
        """Return the owner in a slot, without one the owner who comes last."""
        found = _in_force(self._chain.find(OwnerRecord, point=point), slot)
        return None if found is None else found.owner

    def gateway(self, point: int, slot: int | None = None) -> str | None:
        """Return whose signature a reading for a slot carries, without one the key that comes last."""
        found = _in_force(self._chain.find(GatewayRecord, point=point), slot)
        return None if found is None else found.gateway

    def ever_owned_by(self, party: str) -> list[int]:
        """Return the points that belong or belonged to a party, in order."""
        owned = self._chain.find(OwnerRecord, owner=party.lower())
        return sorted({logged.record.point for logged in owned})


def _in_force(changes: Sequence[Logged[ChangeT]], slot: int | None) -> ChangeT | None:
    """Return the change that holds in a slot: of those that reach it the one made last."""
    records = [change.record for change in changes]
    reached = [record for record in records if slot is None or record.from_slot <= slot]
    return reached[-1] if reached else None
