"""Events of the ParticipantRegistry."""

from node.indexer.source import Args, Projection
from node.store.chain_records import (
    GatewayListingRecord,
    GatewayRecord,
    OwnerRecord,
    PartyRecord,
    PointRecord,
)


def party_admitted(args: Args) -> list[PartyRecord]:
    return [
        PartyRecord(_address(args["party"]), "admitted", args["roles"], bytes(args["detailsHash"]))
    ]


def roles_changed(args: Args) -> list[PartyRecord]:
    return [PartyRecord(_address(args["party"]), "roles", args["roles"], None)]


def party_suspended(args: Args) -> list[PartyRecord]:
    return [PartyRecord(_address(args["party"]), "suspended", None, bytes(args["reason"]))]


def party_reinstated(args: Args) -> list[PartyRecord]:
    return [PartyRecord(_address(args["party"]), "reinstated", None, None)]


def gateway_key_listed(args: Args) -> list[GatewayListingRecord]:
    return [GatewayListingRecord(bytes(args["keyHash"]))]


def point_registered(args: Args) -> list[PointRecord | OwnerRecord | GatewayRecord]:
    """Split the registration: what a point is stays, its owner and its key change on their own."""
    point, said, active_from = args["point"], args["registration"], args["activeFrom"]
    return [
        PointRecord(
            point=point,
            kind=said["kind"],
            source=said["source"],
            cell=said["cell"],
            import_limit=said["importLimit"],
            export_limit=said["exportLimit"],
            fallback_import=said["fallbackImport"] or said["importLimit"],
            active_from=active_from,
            details_hash=bytes(said["detailsHash"]),
        ),
        OwnerRecord(point, _address(args["owner"]), active_from),
        GatewayRecord(point, _address(said["gateway"]), active_from),
    ]


def gateway_rotated(args: Args) -> list[GatewayRecord]:
    return [GatewayRecord(args["point"], _address(args["gateway"]), args["fromSlot"])]


def point_transferred(args: Args) -> list[OwnerRecord]:
    return [OwnerRecord(args["point"], _address(args["owner"]), args["fromSlot"])]


def _address(given: str) -> str:
    return given.lower()


PROJECTIONS: dict[str, Projection] = {
    "PartyAdmitted": party_admitted,
    "RolesChanged": roles_changed,
    "PartySuspended": party_suspended,
    "PartyReinstated": party_reinstated,
    "GatewayKeyListed": gateway_key_listed,
    "PointRegistered": point_registered,
    "GatewayRotated": gateway_rotated,
    "PointTransferred": point_transferred,
}
