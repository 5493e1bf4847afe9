"""The ParticipantRegistry: parties, roles, metering points and gateway keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from node.chain.abi import Value, address, addresses, data, flag, integer
from node.chain.client import Query
from node.chain.contracts.facade import (
    MarketFacade,
    as_address,
    as_bytes,
    as_flag,
    as_integer,
    as_struct,
)
from node.chain.transactions import Call
from node.domain.participants import PointKind, Role, Source
from node.domain.readings import PointLimits
from node.domain.slots import DeliverySlot
from node.domain.units import NO_ENERGY, WattHours

ADMIT_GAS = 100_000
ROLE_GAS = 60_000
KEY_GAS = 70_000
REGISTER_GAS = 180_000
CHANGE_GAS = 110_000
#: Reads every place of the largest ring.
COMPLETE_GAS = 14_000_000

#: For a party or point of which nothing is kept off chain.
NO_DETAILS = bytes(32)


@dataclass(frozen=True, slots=True)
class Party:
    """An admitted party. `admitted_at` and `suspended_at` are block numbers, 0 = never."""

    roles: Role
    points: int
    admitted_at: int
    suspended_at: int
    details_hash: bytes

    @property
    def is_admitted(self) -> bool:
        """Whether the party was ever admitted."""
        return self.admitted_at != 0


@dataclass(frozen=True, slots=True)
class PointRegistration:
    """What is said of a metering point when it is registered; limits in Wh per slot.

    `fallback_import` is what the point is taken to have used when it stays silent (G-11); 0 = its import limit.
    """

    owner: str
    gateway: str
    kind: PointKind
    source: Source
    cell: int
    import_limit: WattHours
    export_limit: WattHours
    fallback_import: WattHours = NO_ENERGY
    details_hash: bytes = NO_DETAILS


@dataclass(frozen=True, slots=True)
class RegisteredPoint:
    """A metering point; `next_owner` and `next_gateway` hold from the slots named beside them."""

    owner: str
    kind: PointKind
    source: Source
    cell: int
    import_limit: WattHours
    export_limit: WattHours
    fallback_import: WattHours
    active_from: DeliverySlot
    gateway: str
    next_owner: str | None
    next_owner_from: DeliverySlot
    transfer_completed: bool
    next_gateway: str | None
    next_gateway_from: DeliverySlot
    details_hash: bytes

    @property
    def limits(self) -> PointLimits:
        """The most that the point can take and give in a slot."""
        return PointLimits(self.import_limit, self.export_limit)

    def gateway_in(self, slot: DeliverySlot) -> str:
        """Return whose signature a reading for a slot carries."""
        if self.next_gateway is not None and slot >= self.next_gateway_from:
            return self.next_gateway
        return self.gateway

    def owner_in(self, slot: DeliverySlot) -> str | None:
        """Return who owns the point in a slot, None while it does not take part."""
        if slot < self.active_from:
            return None
        if self.next_owner is not None and slot >= self.next_owner_from:
            return self.next_owner
        return self.owner


class ParticipantRegistry(MarketFacade):
    """Who takes part."""

    NAME: ClassVar[str] = "ParticipantRegistry"

    def admit(self, party: str, roles: Role, details_hash: bytes = NO_DETAILS) -> Call:
        """Admit a party. Market operator."""
        return self.call("admit", ADMIT_GAS, party, int(roles), details_hash)

    def set_roles(self, party: str, roles: Role) -> Call:
        """Replace the roles of a party. Market operator."""
        return self.call("setRoles", ROLE_GAS, party, int(roles))

    def suspend(self, party: str, reason: bytes) -> Call:
        """Suspend a party from the next block on (G-28). Market operator."""
        return self.call("suspend", ROLE_GAS, party, reason)

    def reinstate(self, party: str) -> Call:
        """Lift a suspension. Market operator."""
        return self.call("reinstate", ROLE_GAS, party)

    def list_gateway_key(self, key_hash: bytes) -> Call:
        """List the hash of a gateway key before its device registers (G-29). Market operator."""
        return self.call("listGatewayKey", KEY_GAS, key_hash)

    def register_point(self, registration: PointRegistration, possession: bytes) -> Call:
        """Register a metering point. Market operator; `possession` is signed by the gateway key."""
        return self.call("registerPoint", REGISTER_GAS, _registration(registration), possession)

    def rotate_gateway(self, point: int, gateway: str, possession: bytes) -> Call:
        """Replace the gateway key of a point from the first slot that cannot be open yet (G-29). Market operator."""
        return self.call("rotateGateway", CHANGE_GAS, point, gateway, possession)

    def transfer_point(self, point: int, owner: str) -> Call:
        """Give a point to another party from the first slot that cannot be open yet (G-29). Market operator."""
        return self.call("transferPoint", CHANGE_GAS, point, owner)

    def complete_transfer(self, point: int) -> Call:
        """Free the previous owner of a point of its minimum deposit. Anyone."""
        return self.call("completeTransfer", COMPLETE_GAS, point)

    def party_of(self, party: str) -> Query[Party]:
        """Ask for a party; all zero for an address that was never admitted."""
        return self.query("partyOf", lambda answer: _party(as_struct(answer)), party)

    def is_active(self, party: str) -> Query[bool]:
        """Ask whether a party is admitted and not suspended."""
        return self.query("isActive", as_flag, party)

    def is_suspended(self, party: str) -> Query[bool]:
        """Ask whether a party is suspended, counted from the block after the suspension."""
        return self.query("isSuspended", as_flag, party)

    def is_active_as(self, party: str, role: Role) -> Query[bool]:
        """Ask whether a party is admitted, not suspended and has a role."""
        return self.query("isActiveAs", as_flag, party, role.bit_length() - 1)

    def point_count(self) -> Query[int]:
        """Ask for the number of metering points, which is the highest index."""
        return self.query("pointCount", as_integer)

    def point_of(self, point: int) -> Query[RegisteredPoint]:
        """Ask for a metering point."""
        return self.query("pointOf", lambda answer: _point(as_struct(answer)), point)

    def owner_of(self, point: int, slot: DeliverySlot) -> Query[str]:
        """Ask who owns a point in a slot; the zero address when it does not take part."""
        return self.query("ownerOf", as_address, point, slot)

    def owners_of(self, slot: DeliverySlot, first_point: int, count: int) -> Query[tuple[str, ...]]:
        """Ask who owns neighbouring points in a slot."""
        return self.query("ownersOf", lambda answer: addresses(answer[0]), slot, first_point, count)

    def gateway_of(self, point: int, slot: DeliverySlot) -> Query[str]:
        """Ask whose signature a reading of a point for a slot has to carry."""
        return self.query("gatewayOf", as_address, point, slot)

    def possession_digest(self, owner: str, gateway: str) -> Query[bytes]:
        """Ask for the digest that a gateway signs to prove that it holds its key."""
        return self.query("possessionDigest", as_bytes, owner, gateway)


def _registration(given: PointRegistration) -> tuple[object, ...]:
    return (
        given.owner,
        given.gateway,
        int(given.kind),
        int(given.source),
        given.cell,
        given.import_limit,
        given.export_limit,
        given.fallback_import,
        given.details_hash,
    )


def _party(fields: Mapping[str, Value]) -> Party:
    return Party(
        roles=Role(integer(fields, "roles")),
        points=integer(fields, "points"),
        admitted_at=integer(fields, "admittedAt"),
        suspended_at=integer(fields, "suspendedAt"),
        details_hash=data(fields, "detailsHash"),
    )


def _point(fields: Mapping[str, Value]) -> RegisteredPoint:
    return RegisteredPoint(
        owner=address(fields, "owner"),
        kind=PointKind(integer(fields, "kind")),
        source=Source(integer(fields, "source")),
        cell=integer(fields, "cell"),
        import_limit=WattHours(integer(fields, "importLimit")),
        export_limit=WattHours(integer(fields, "exportLimit")),
        fallback_import=WattHours(integer(fields, "fallbackImport")),
        active_from=DeliverySlot(integer(fields, "activeFrom")),
        gateway=address(fields, "gateway"),
        next_owner=_address_or_none(fields, "nextOwner"),
        next_owner_from=DeliverySlot(integer(fields, "nextOwnerFrom")),
        transfer_completed=flag(fields, "transferCompleted"),
        next_gateway=_address_or_none(fields, "nextGateway"),
        next_gateway_from=DeliverySlot(integer(fields, "nextGatewayFrom")),
        details_hash=data(fields, "detailsHash"),
    )


def _address_or_none(fields: Mapping[str, Value], name: str) -> str | None:
    found = address(fields, name)
    return found if int(found, 16) else None
