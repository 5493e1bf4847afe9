"""The checks with which a demonstration and a replay end: everything recomputed from the chain's events alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from node.chain.client import ChainClient
from node.chain.contracts.ledger import Account
from node.chain.contracts.market import DecodedEvent, MarketContracts
from node.domain.slots import DeliverySlot, Product
from node.domain.units import Yen5
from node.indexer.audit import MarketAudit, audit


@dataclass(frozen=True, slots=True)
class Check:
    """A statement that has to hold, with what was found."""

    statement: str
    holds: bool
    found: str


def events_between(
    client: ChainClient, contracts: MarketContracts, first_block: int, last_block: int
) -> list[DecodedEvent]:
    """Return the events of the market in blocks, in chain order."""
    return contracts.decode_all(client.logs_between(first_block, last_block, contracts.addresses))


def all_events(
    client: ChainClient, contracts: MarketContracts, first_block: int
) -> list[DecodedEvent]:
    """Return every event of the market in chain order."""
    return events_between(client, contracts, first_block, client.head())


def audit_chain(
    client: ChainClient, contracts: MarketContracts, product: Product, first_block: int
) -> MarketAudit:
    """Recompute the market of a deployment."""
    return audit(all_events(client, contracts, first_block), product)


def check_market(
    client: ChainClient,
    contracts: MarketContracts,
    market: MarketAudit,
    slots: Sequence[DeliverySlot],
    accounts: Mapping[str, str],
    block: int | None = None,
) -> list[Check]:
    """Compare what was recomputed with what the contracts held at a block; `accounts` are addresses by name."""
    held = dict(
        zip(
            accounts,
            client.read_many([contracts.ledger.account_of(a) for a in accounts.values()], at=block),
            strict=True,
        )
    )
    balancing = client.read(contracts.ledger.balancing_account(), at=block)
    return [
        _check_phases(market, slots),
        _check_differences(market),
        _check_energy(market, slots),
        _check_cash(market, slots),
        _check_balances(market, accounts, held),
        _check_money(market, held, balancing),
    ]


def _check_phases(market: MarketAudit, slots: Sequence[DeliverySlot]) -> Check:
    final = [slot for slot in slots if slot in market.slots and market.slots[slot].final]
    return Check(
        "every slot is settled and final",
        len(final) == len(slots),
        f"{len(final)} of {len(slots)} slots",
    )


def _check_differences(market: MarketAudit) -> Check:
    return Check(
        "prices, fills, units and settlements recomputed from events equal the chain's",
        not market.differences,
        "; ".join(market.differences[:3]) or f"{len(market.slots)} slots without a difference",
    )


def _check_energy(market: MarketAudit, slots: Sequence[DeliverySlot]) -> Check:
    sold = bought = units = 0
    for slot in slots:
        contracts = market.slots[slot].contracts.values() if slot in market.slots else ()
        sold += sum(contract.sold for contract in contracts)
        bought += sum(contract.bought for contract in contracts)
        units += market.slots[slot].energy_sold if slot in market.slots else 0
    return Check(
        "energy is conserved: sold = bought = balanced units",
        sold == bought == units,
        f"sold {sold} Wh, bought {bought} Wh, units {units} Wh",
    )


def _check_cash(market: MarketAudit, slots: Sequence[DeliverySlot]) -> Check:
    books = [market.slots[slot] for slot in slots if slot in market.slots]
    sums = [sum(book.cash.values()) - book.imbalance_cash for book in books]
    return Check(
        "all cash of each slot adds to zero, the balancing account included",
        not any(sums),
        f"sums {sorted(set(sums))} in 1e-5 JPY",
    )


def _check_balances(
    market: MarketAudit, accounts: Mapping[str, str], held: Mapping[str, Account]
) -> Check:
    recomputed = {party.lower(): cash for party, cash in market.net_worth.items()}
    wrong = []
    for name, account in held.items():
        worth = account.available + account.reserved - account.debt
        expected = recomputed.get(accounts[name].lower(), 0)
        if worth != expected:
            wrong.append(f"{name} holds {worth}, recomputed {expected}")
    return Check(
        "every account recomputed from events equals the ledger's",
        not wrong,
        "; ".join(wrong[:3]) or f"{len(accounts)} accounts equal to 1e-5 JPY",
    )


def _check_money(market: MarketAudit, held: Mapping[str, Account], balancing: Yen5) -> Check:
    total = sum(account.available + account.reserved for account in held.values()) + balancing
    return Check(
        "all balances with the balancing account add to what was paid in",
        total == market.deposited,
        f"{total} of {market.deposited} in 1e-5 JPY",
    )
