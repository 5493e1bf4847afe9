"""Making a bill from the chain's events alone, and proving it against the ledger and against the referee."""

from dataclasses import dataclass

from node.chain.contracts.ledger import Account
from node.cli.checks import events_between
from node.cli.deployment import Deployment
from node.cli.wallet_errors import UnknownPartyError
from node.cli.wallet_keys import account_names, find_account
from node.cli.wallet_market import members
from node.cli.workspace import Workspace
from node.domain.units import Yen5, format_yen, yen
from node.indexer.audit import audit
from node.indexer.bills import ALL_SLOTS, Bill, BillRows, bill
from node.indexer.projections import project


@dataclass(frozen=True, slots=True)
class Proof:
    """An account three times: added up by the bill of all slots, held by the ledger, recomputed by the referee.

    `account` is as of `block`. `differences` are what the referee found wrong in the whole market.
    """

    block: int
    paid_in: Yen5
    withdrawn: Yen5
    settled: Yen5
    held: Yen5
    account: Account
    referee: Yen5
    differences: tuple[str, ...]

    @property
    def billed(self) -> Yen5:
        """Return what the account comes to by the bill of all slots."""
        return Yen5(self.paid_in - self.withdrawn + self.settled + self.held)

    @property
    def ledger(self) -> Yen5:
        """Return what the ledger holds for the account; what is reserved is the party's, too."""
        return Yen5(self.account.available + self.account.reserved - self.account.debt)

    @property
    def problem(self) -> str | None:
        """Return what does not match, None when all does."""
        if not self.billed == self.ledger == self.referee:
            return (
                f"the bill comes to {format_yen(self.billed)} JPY, the ledger holds {format_yen(self.ledger)} JPY "
                f"and the referee makes it {format_yen(self.referee)} JPY at block {self.block}"
            )
        if self.differences:
            return f"the chain differs from the referee: {'; '.join(self.differences[:3])}"
        return None


@dataclass(frozen=True, slots=True)
class ProvenBill:
    """A bill over a span, and the proof over everything."""

    name: str
    bill: Bill
    proof: Proof


def make_bill(workspace: Workspace, deployment: Deployment, party: str, span: range) -> ProvenBill:
    """Return the bill of a party over the slots that start in a span; everything as of one block."""
    client, contracts = deployment.client, deployment.contracts
    block = client.head()
    address = _address_of(workspace, party)
    registered = client.read(contracts.registry.party_of(address), at=block)
    if not registered.is_admitted:
        raise UnknownPartyError(party, _known(workspace))
    events = events_between(client, contracts, deployment.manifest.block, block)
    rows = BillRows.of(row for event in events for row in project(event))
    market = audit(events, deployment.product)
    everything = bill(address, rows, ALL_SLOTS).totals
    proof = Proof(
        block=block,
        paid_in=yen(sum(row.record.yen for row in rows.credits if row.record.account == address)),
        withdrawn=yen(
            sum(row.record.yen for row in rows.withdrawals if row.record.account == address)
        ),
        settled=Yen5(everything.cash_yen5),
        held=Yen5(everything.held_yen5),
        account=client.read(contracts.ledger.account_of(address), at=block),
        referee=Yen5(market.net_worth.get(address, 0)),
        differences=tuple(market.differences),
    )
    return ProvenBill(party, bill(address, rows, span), proof)


def _address_of(workspace: Workspace, party: str) -> str:
    """Return the address of a member by name, of an account of the data folder, or the address that was given."""
    if party[:2].lower() == "0x":
        return _checked_address(workspace, party)
    for member in members(workspace):
        if member.name == party:
            return member.account
    if party in account_names(workspace):
        return find_account(workspace, party).address
    raise UnknownPartyError(party, _known(workspace))


def _checked_address(workspace: Workspace, given: str) -> str:
    digits = given[2:].lower()
    if len(digits) != 40 or not set(digits) <= set("0123456789abcdef"):
        raise UnknownPartyError(given, _known(workspace))
    return f"0x{digits}"


def _known(workspace: Workspace) -> list[str]:
    return [member.name for member in members(workspace)] or account_names(workspace)
