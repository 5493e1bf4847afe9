"""A party's money: what the ledger holds for it, and how more of it comes in."""

import hashlib
from dataclasses import dataclass

from node.cli.deployment import Deployment
from node.domain.units import Yen5, format_yen, wei

#: The note under every amount: the field trial's screens count one yen as one wei (C-10).
SCALE = "1 yen per wei"


@dataclass(frozen=True, slots=True)
class Balance:
    """A party's account as of a block; `free` is what orders and withdrawals may use, negative when deposits lack."""

    account: str
    block: int
    admitted: bool
    points: int
    available: Yen5
    reserved: Yen5
    debt: Yen5
    free: Yen5
    minimum_deposit: Yen5

    def document(self) -> dict[str, object]:
        """Return the balance ready to be written as JSON."""
        return {
            "account": self.account,
            "block": self.block,
            "admitted": self.admitted,
            "points": self.points,
            **{f"{name.replace(' ', '_')}_yen5": money for name, money in self.amounts().items()},
            "scale": SCALE,
        }

    def amounts(self) -> dict[str, Yen5]:
        """Return the amounts by name."""
        return {
            "available": self.available,
            "reserved": self.reserved,
            "debt": self.debt,
            "free": self.free,
            "minimum deposit": self.minimum_deposit,
        }

    def lines(self) -> list[str]:
        """Return the balance for people, exact to the last 1e-5 JPY."""
        lines = [f"account {self.account} at block {self.block}"]
        if not self.admitted:
            lines.append("not admitted to this market: ask the market operator")
        lines += [
            f"{name:<16}{format_yen(money):>20} JPY {wei(money):>24}"
            for name, money in self.amounts().items()
        ]
        return [*lines, f"calculated at {SCALE}; metering points: {self.points}"]


@dataclass(frozen=True, slots=True)
class DepositAdvice:
    """How a party pays in: `reference` goes on the bank transfer, `bank_reference` is what the bank books it under."""

    account: str
    number: int
    missing: Yen5

    @property
    def reference(self) -> str:
        """Return what to write on the bank transfer; another one for each, because each is booked once."""
        return f"YUIMARU {self.account} {self.number}"

    @property
    def bank_reference(self) -> bytes:
        """Return the reference on chain: the hash of the written one."""
        return hashlib.sha256(self.reference.encode()).digest()

    def document(self) -> dict[str, object]:
        """Return the advice ready to be written as JSON."""
        return {
            "account": self.account,
            "reference": self.reference,
            "bank_reference": f"0x{self.bank_reference.hex()}",
            "missing_yen5": self.missing,
        }

    def lines(self) -> list[str]:
        """Return the advice for people."""
        lines = [
            "Money comes in through the market operator's bank: transfer whole yen and write as reference",
            f"    {self.reference}",
            f"The settlement bank credits {self.account} under",
            f"    0x{self.bank_reference.hex()}",
            "once the transfer has arrived. Each reference counts once; ask for a new one for the next transfer.",
        ]
        if self.missing:
            lines.append(
                f"At least {format_yen(self.missing)} JPY are needed: a debt is paid first, and each metering "
                "point keeps its minimum deposit."
            )
        return lines


def read_balance(deployment: Deployment, address: str) -> Balance:
    """Return a party's account, everything as of one block."""
    client, contracts = deployment.client, deployment.contracts
    block = client.head()
    account = client.read(contracts.ledger.account_of(address), at=block)
    party = client.read(contracts.registry.party_of(address), at=block)
    free, deposit = client.read_many(
        [contracts.ledger.free_of(address), contracts.ledger.minimum_deposit()], at=block
    )
    return Balance(
        account=address,
        block=block,
        admitted=party.is_admitted,
        points=party.points,
        available=account.available,
        reserved=account.reserved,
        debt=account.debt,
        free=free,
        minimum_deposit=Yen5(deposit * party.points),
    )


def advise_deposit(deployment: Deployment, address: str) -> DepositAdvice:
    """Return how a party pays in next; what was credited before numbers the reference."""
    client, ledger = deployment.client, deployment.contracts.ledger
    topics = [ledger.abi.event("Credited").digest, bytes.fromhex(address[2:]).rjust(32, b"\0")]
    credited = client.logs_between(
        deployment.manifest.block, client.head(), [ledger.address], topics
    )
    balance = read_balance(deployment, address)
    lacking = max(0, balance.debt - min(0, balance.free))
    return DepositAdvice(address, len(credited) + 1, Yen5(lacking))
