"""Every refusal of the contracts that a wallet can meet has a name and a sentence of its own."""

import inspect
from typing import Any

import pytest

from node.chain.errors import Refusal, TransactionRevertedError
from node.chain.loading import load_artifact
from node.chain.reverts import known_errors
from node.cli import wallet_refusals
from node.cli.wallet_errors import MarketRefusalError
from node.cli.wallet_refusals import explained
from node.domain.slots import HALF_HOURS

SLOT = 1_660_800_600
WHO = "0x" + "ab" * 20

#: What each error carries, and what its sentence has to say: the wrong value, and what to do.
REFUSALS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "CallTimePassed": (
        {"slot": SLOT, "callTime": SLOT - 3600},
        (f"slot {SLOT} (2022-08-18 14:30-15:00)", str(SLOT - 3600), "--slot next"),
    ),
    "WrongPhase": (
        {"slot": SLOT, "phase": 0, "needed": 1},
        (f"slot {SLOT}", "is not open yet", "172800 s ahead", "--slot next"),
    ),
    "PriceOffGrid": (
        {"price": 40_000, "lowest": 100, "highest": 32_867},
        ("400.00 JPY/kWh", "from 1.00 to 328.67", "steps of 0.01"),
    ),
    "EnergyInvalid": ({"energy": 0, "largest": 100}, ("energy 0 Wh", "1 to 100 Wh")),
    "RatingExceeded": (
        {"point": 3, "ordered": 600, "rating": 500},
        ("metering point 3", "600 Wh", "500 Wh", "order less"),
    ),
    "NotTheOwner": ({"point": 3, "caller": WHO}, ("metering point 3", WHO, "--account")),
    "BookFull": ({"slot": SLOT}, (f"slot {SLOT}", "is full", "another slot")),
    "OrderUnknown": ({"slot": SLOT, "orderId": 9}, ("no order 9", "yuimaru wallet list")),
    "OrderAlreadyCancelled": ({"slot": SLOT, "orderId": 9}, ("order 9", "is free again")),
    "PartyIsSuspended": ({"party": WHO}, (WHO, "suspended", "market operator")),
    "MeteringPointUnknown": ({"point": 3}, ("metering point 3", "not registered")),
    "Uncovered": (
        {"account": WHO, "free": -1, "needed": 250_000},
        (WHO, "-0.00001 JPY free", "2.50000 JPY", "yuimaru wallet deposit"),
    ),
    "DebtOutstanding": (
        {"account": WHO, "debt": 100_001},
        (WHO, "1.00001 JPY", "yuimaru wallet deposit"),
    ),
    "AmountInvalid": ({"yen": 0}, ("0 JPY",)),
}


def refused(name: str, args: dict[str, Any]) -> TransactionRevertedError:
    return TransactionRevertedError("SpotAuction.submit", Refusal(name, args))


@pytest.mark.spec("G-07", "G-12", "G-28")
@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_says_what_was_wrong_and_what_to_do(name: str) -> None:
    args, parts = REFUSALS[name]
    worded = explained(refused(name, args), HALF_HOURS)
    assert isinstance(worded, MarketRefusalError)
    for part in parts:
        assert part in str(worded)


@pytest.mark.parametrize("name", REFUSALS)
def test_the_values_are_those_that_the_contract_sends(name: str) -> None:
    [error] = {e.signature: e for e in known_errors().values() if e.name == name}.values()
    assert set(REFUSALS[name][0]) == {parameter.name for parameter in error.inputs}


@pytest.mark.parametrize(
    ("phase", "said"), [(0, "is not open yet"), (5, "has lapsed"), (6, "was voided by the DSO")]
)
def test_a_slot_that_is_not_open_says_why(phase: int, said: str) -> None:
    worded = explained(refused("WrongPhase", {"slot": SLOT, "phase": phase}), HALF_HOURS)
    assert said in str(worded)


def test_every_class_is_the_word_for_some_refusal() -> None:
    classes = {
        name
        for name, found in inspect.getmembers(wallet_refusals, inspect.isclass)
        if issubclass(found, MarketRefusalError) and found.__module__ == wallet_refusals.__name__
    }
    worded = {
        type(explained(refused(name, args), HALF_HOURS)).__name__
        for name, (args, _) in REFUSALS.items()
    }
    assert classes - worded == {"NoSlotOpenError"}


def test_every_error_of_the_auction_is_worded_or_nobodys_order_can_meet_it() -> None:
    """A new error in the auction has to be decided on here."""
    not_met = {"CallTimeAhead", "BeyondHorizon", "OwnerNotSuspended", "CountInvalid"}
    calendar = {"SlotMisaligned", "ProductInvalid"}
    thrown = {error.name for error in load_artifact("SpotAuction").abi.errors.values()}
    library = {name for name in thrown if name.startswith(("SafeCast", "Reentrancy", "Math"))}
    assert thrown - set(REFUSALS) - not_met - calendar - library == set()


def test_what_no_wallet_should_meet_stays_as_the_contract_said_it() -> None:
    strange = refused("RingOccupied", {"slot": SLOT, "tenant": SLOT - 1})
    assert explained(strange, HALF_HOURS) is strange
