"""The SettlementLedger: balances, collateral and the settlement of slots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from node.chain.abi import Value, flag, integer
from node.chain.client import Query
from node.chain.contracts.auction import SIDES
from node.chain.contracts.facade import MarketFacade, as_flag, as_integer, as_struct
from node.chain.transactions import Call
from node.domain.orders import Side
from node.domain.slots import DeliverySlot
from node.domain.units import SenPerKwh, WattHours, Yen5

#: Most metering points that one call settles, and most slots whose prices one call publishes: the contract's own caps.
LARGEST_PASS = 300
LARGEST_PUBLICATION = 500

ADMIT_MARKET_GAS = 75_000
CREDIT_GAS = 110_000
WITHDRAW_GAS = 110_000
PAY_DEBT_GAS = 80_000
CONFIRM_GAS = 80_000
VOID_GAS = 60_000
PUBLISH_BASE_GAS = 50_000
PUBLISH_SLOT_GAS = 27_000
SETTLE_BASE_GAS = 150_000
SETTLE_POINT_GAS = 43_000
LATE_POINT_GAS = 49_000
FINALISE_POINT_GAS = 55_000


class LedgerPhase(IntEnum):
    """Where a slot stands in the ledger; only a transaction changes it."""

    NONE = 0
    OPEN = 1
    BOOKED = 2
    SETTLED = 3
    FINAL = 4


@dataclass(frozen=True, slots=True)
class SlotAccount:
    """What the ledger knows of a slot; the prices are those that settle it, as known now."""

    phase: LedgerPhase
    voided: bool
    traded: bool
    clearing_price: SenPerKwh
    long_price: SenPerKwh
    short_price: SenPerKwh
    settled: int
    finalised: int
    missing: int


@dataclass(frozen=True, slots=True)
class Position:
    """What the trades of a metering point in a slot add up to, and what is still held back for it."""

    bought: WattHours
    sold: WattHours
    paid: Yen5
    earned: Yen5
    reserved: Yen5
    missing: bool


@dataclass(frozen=True, slots=True)
class Account:
    """A party's account."""

    available: Yen5
    reserved: Yen5
    debt: Yen5


class SettlementLedger(MarketFacade):
    """Holds money and settles."""

    NAME: ClassVar[str] = "SettlementLedger"

    def admit_market(self, market: str) -> Call:
        """Admit a market contract. Administrator."""
        return self.call("admitMarket", ADMIT_MARKET_GAS, market)

    def credit(self, account: str, whole_yen: int, bank_reference: bytes) -> Call:
        """Book money that came in. Settlement bank; each reference once."""
        return self.call("credit", CREDIT_GAS, account, whole_yen, bank_reference)

    def withdraw(self, whole_yen: int) -> Call:
        """Take free money out of the sender's account."""
        return self.call("withdraw", WITHDRAW_GAS, whole_yen)

    def pay_debt(self, account: str) -> Call:
        """Pay the debt of an account from what it has available (G-12). Anyone."""
        return self.call("payDebt", PAY_DEBT_GAS, account)

    def confirm_withdrawal(self, withdrawal: int, bank_reference: bytes) -> Call:
        """Confirm that a withdrawal was paid out. Settlement bank."""
        return self.call("confirmWithdrawal", CONFIRM_GAS, withdrawal, bank_reference)

    def publish_imbalance_prices(
        self, first_slot: DeliverySlot, count: int, long: SenPerKwh, short: SenPerKwh
    ) -> Call:
        """Publish the imbalance prices of neighbouring slots before their call times. DSO."""
        gas = PUBLISH_BASE_GAS + PUBLISH_SLOT_GAS * count
        return self.call("publishImbalancePrices", gas, first_slot, count, long, short)

    def void_slot(self, slot: DeliverySlot, reason: bytes) -> Call:
        """Void a slot before it starts (G-08). DSO."""
        return self.call("voidSlot", VOID_GAS, slot, reason)

    def settle(self, slot: DeliverySlot, count: int) -> Call:
        """Settle the next metering points of a slot after its reading window. Anyone."""
        return self.call("settle", SETTLE_BASE_GAS + SETTLE_POINT_GAS * count, slot, count)

    def settle_late(self, slot: DeliverySlot, points: Sequence[int]) -> Call:
        """Settle flagged points whose readings came in the correction window (G-11). Anyone."""
        gas = SETTLE_BASE_GAS + LATE_POINT_GAS * len(points)
        return self.call("settleLate", gas, slot, list(points))

    def finalise(self, slot: DeliverySlot, count: int) -> Call:
        """Walk the next metering points after the correction window; then the slot is final. Anyone."""
        return self.call("finalise", SETTLE_BASE_GAS + FINALISE_POINT_GAS * count, slot, count)

    def account_of(self, account: str) -> Query[Account]:
        """Ask for an account."""
        return self.query("accountOf", lambda answer: _account(as_struct(answer)), account)

    def free_of(self, account: str) -> Query[Yen5]:
        """Ask what an account may use; negative when its deposits are not kept."""
        return self.query("freeOf", _money, account)

    def balancing_account(self) -> Query[Yen5]:
        """Ask for the balancing account, the only one that may be negative."""
        return self.query("balancingAccount", _money)

    def minimum_deposit(self) -> Query[Yen5]:
        """Ask what one metering point has to keep."""
        return self.query("minimumDeposit", _money)

    def collateral_of(self, side: Side, energy: WattHours, limit: SenPerKwh) -> Query[Yen5]:
        """Ask what an order reserves (G-12)."""
        return self.query("collateralOf", _money, SIDES.index(side), energy, limit)

    def position_of(self, slot: DeliverySlot, point: int) -> Query[Position]:
        """Ask for the position of a metering point in a slot."""
        return self.query("positionOf", lambda answer: _position(as_struct(answer)), slot, point)

    def slot_of(self, slot: DeliverySlot) -> Query[SlotAccount]:
        """Ask where a slot stands."""
        return self.query("slotOf", lambda answer: _slot(as_struct(answer)), slot)

    def is_live(self, slot: DeliverySlot) -> Query[bool]:
        """Ask whether the storage of a slot belongs to it and it is not final."""
        return self.query("isLive", as_flag, slot)


def _money(answer: tuple[Value, ...]) -> Yen5:
    return Yen5(as_integer(answer))


def _account(fields: Mapping[str, Value]) -> Account:
    return Account(
        available=Yen5(integer(fields, "available")),
        reserved=Yen5(integer(fields, "reserved")),
        debt=Yen5(integer(fields, "debt")),
    )


def _position(fields: Mapping[str, Value]) -> Position:
    return Position(
        bought=WattHours(integer(fields, "bought")),
        sold=WattHours(integer(fields, "sold")),
        paid=Yen5(integer(fields, "paid")),
        earned=Yen5(integer(fields, "earned")),
        reserved=Yen5(integer(fields, "reserved")),
        missing=flag(fields, "missing"),
    )


def _slot(fields: Mapping[str, Value]) -> SlotAccount:
    return SlotAccount(
        phase=LedgerPhase(integer(fields, "phase")),
        voided=flag(fields, "voided"),
        traded=flag(fields, "traded"),
        clearing_price=SenPerKwh(integer(fields, "clearingPrice")),
        long_price=SenPerKwh(integer(fields, "longPrice")),
        short_price=SenPerKwh(integer(fields, "shortPrice")),
        settled=integer(fields, "settled"),
        finalised=integer(fields, "finalised"),
        missing=integer(fields, "missing"),
    )
