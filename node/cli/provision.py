"""Bringing a neighbourhood onto a fresh deployment: parties, gateways, metering points, deposits, oracles."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from node.chain.contracts.market import MarketContracts
from node.chain.contracts.registry import PointRegistration
from node.chain.deploy import Authorities
from node.chain.sender import Sender, SignedBy
from node.chain.signing import Signer, SigningDomain, gateway_key_hash
from node.domain.participants import PointKind, Role, Source
from node.domain.readings import PointLimits

#: Until when the oracles of a demonstration may sign: the year 2100.
ORACLES_VALID_UNTIL = 4_102_444_800


@dataclass(frozen=True, slots=True)
class Institutions:
    """The keys of those who run the market."""

    administrator: Signer
    market_operator: Signer
    dso: Signer
    settlement_bank: Signer
    oracles: tuple[Signer, ...]

    @property
    def authorities(self) -> Authorities:
        """Who holds which role of the access manager."""
        return Authorities(
            market_operator=[self.market_operator.address],
            dso=[self.dso.address],
            settlement_bank=[self.settlement_bank.address],
        )


@dataclass(frozen=True, slots=True)
class Member:
    """A participant with one metering point: who pays, whose key signs its readings, what stands there."""

    name: str
    account: Signer
    gateway: Signer
    kind: PointKind
    source: Source
    limits: PointLimits
    cell: int = 1


def provision(
    sender: Sender,
    contracts: MarketContracts,
    chain_id: int,
    institutions: Institutions,
    members: Sequence[Member],
    deposit_yen: int,
) -> dict[str, int]:
    """Admit everybody to a fresh deployment and return the metering point of each member by name."""
    sender.send_many(_admissions(contracts, chain_id, institutions, members))
    sender.send_many(_endowments(contracts, institutions, members, deposit_yen))
    return {member.name: number for number, member in enumerate(members, start=1)}


def deposit_reference(name: str) -> bytes:
    """Return the bank reference of a member's first deposit."""
    return hashlib.sha256(f"first deposit of {name}".encode()).digest()


def _admissions(
    contracts: MarketContracts,
    chain_id: int,
    institutions: Institutions,
    members: Sequence[Member],
) -> list[SignedBy]:
    registry, operator = contracts.registry, institutions.market_operator
    domain = SigningDomain.of_registry(chain_id, registry.address)
    roles: Mapping[str, Role] = {
        institutions.market_operator.address: Role.MARKET_OPERATOR,
        institutions.dso.address: Role.DSO,
        institutions.settlement_bank.address: Role.SETTLEMENT_BANK,
        **{oracle.address: Role.ORACLE for oracle in institutions.oracles},
        **{member.account.address: member.kind.role for member in members},
    }
    calls = [registry.admit(party, role) for party, role in roles.items()]
    for member in members:
        gateway = member.gateway.address
        registration = PointRegistration(
            owner=member.account.address,
            gateway=gateway,
            kind=member.kind,
            source=member.source,
            cell=member.cell,
            import_limit=member.limits.import_wh,
            export_limit=member.limits.export_wh,
        )
        possession = member.gateway.sign(domain.possession_digest(registration.owner, gateway))
        calls.append(registry.list_gateway_key(gateway_key_hash(gateway)))
        calls.append(registry.register_point(registration, possession))
    return [(operator, call) for call in calls]


def _endowments(
    contracts: MarketContracts,
    institutions: Institutions,
    members: Sequence[Member],
    deposit_yen: int,
) -> list[SignedBy]:
    deposits: list[SignedBy] = [
        (
            institutions.settlement_bank,
            contracts.ledger.credit(
                member.account.address, deposit_yen, deposit_reference(member.name)
            ),
        )
        for member in members
    ]
    expiry = {oracle.address: ORACLES_VALID_UNTIL for oracle in institutions.oracles}
    return [*deposits, (institutions.administrator, contracts.oracle.configure(expiry))]
