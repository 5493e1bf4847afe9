"""The virtual machine in this process: blocks, calls, refusals, events."""

import pytest

from node.chain.client import Query
from node.chain.contracts.access import AccessManager
from node.chain.errors import TransactionRevertedError
from node.chain.evm_machine import Machine
from node.chain.evm_market import EvmMarket, account_of
from node.chain.transactions import Call
from node.domain.orders import Side
from node.domain.participants import Role
from node.domain.slots import HALF_HOURS, DeliverySlot
from node.domain.units import SenPerKwh, WattHours

START = 1_800_000_000
RATED = WattHours(10_000)


@pytest.fixture
def market() -> EvmMarket:
    return EvmMarket(HALF_HOURS, now=START)


@pytest.fixture
def open_slot(market: EvmMarket) -> DeliverySlot:
    market.admit(account_of("household"))
    market.add_point(account_of("household"), import_limit=RATED, export_limit=RATED)
    slot = HALF_HOURS.first_unopened_slot(market.now)
    market.go_to(slot - HALF_HOURS.horizon)
    market.open(slot)
    return slot


def test_a_contract_stands_where_its_address_was_foretold() -> None:
    machine = Machine(chain_id=1, now=START)
    deployer = account_of("deployer")
    foretold = [machine.next_address(deployer, ahead=ahead) for ahead in range(3)]
    deployed = [machine.deploy(deployer, AccessManager.NAME, deployer) for _ in range(3)]
    assert deployed == foretold


def test_time_stands_still_until_a_block_begins(market: EvmMarket) -> None:
    before = market.machine.block_number
    assert market.now == START
    market.go_to(START + 5)
    assert (market.now, market.machine.block_number) == (START + 5, before + 1)


@pytest.mark.spec("G-12")
def test_a_refused_call_names_its_error_and_changes_nothing(
    market: EvmMarket, open_slot: DeliverySlot
) -> None:
    terms = (1, Side.BUY, SenPerKwh(2_000), WattHours(1_000))
    with pytest.raises(TransactionRevertedError) as caught:
        market.submit(account_of("household"), open_slot, *terms)
    refusal = caught.value.refusal
    assert (caught.value.what, refusal.name) == ("SpotAuction.submit", "Uncovered")
    assert refusal.args["needed"] == 2_000_000
    # The book had taken the order in before the ledger refused it.
    auction = market.machine.read(market.auction.auction_of(open_slot))
    assert (auction.orders, auction.bid_energy) == (0, 0)
    assert market.machine.read(market.auction.display_of(open_slot)).buys == ()


def test_a_refused_creation_names_its_error() -> None:
    machine = Machine(chain_id=1, now=START)
    with pytest.raises(TransactionRevertedError) as caught:
        machine.deploy(account_of("deployer"), AccessManager.NAME, f"0x{bytes(20).hex()}")
    assert caught.value.refusal.name == "AccessManagerInvalidInitialAdmin"


def test_a_call_that_runs_out_of_gas_is_refused_without_a_word(market: EvmMarket) -> None:
    call = market.registry.admit(account_of("somebody"), Role.CONSUMER)
    starved = Call(call.what, call.to, call.data, 22_000)
    with pytest.raises(TransactionRevertedError) as caught:
        market.send(market.operator, starved)
    assert caught.value.refusal.name == "Silent"


def test_a_question_cannot_change_anything(market: EvmMarket) -> None:
    somebody = account_of("somebody")
    admission = market.registry.admit(somebody, Role.CONSUMER)
    question = Query(admission.what, market.registry.address, admission.data, lambda answer: answer)
    with pytest.raises(TransactionRevertedError):
        market.machine.read(question)
    assert not market.machine.read(market.registry.is_active(somebody))


def test_events_are_read_from_the_contract_that_left_them(
    market: EvmMarket, open_slot: DeliverySlot
) -> None:
    market.credit(account_of("household"), 1_000)
    call = market.auction.submit(open_slot, 1, Side.BUY, SenPerKwh(2_000), WattHours(1_000))
    done = market.send(account_of("household"), call)
    submitted = list(done.events(market.auction, "OrderSubmitted"))
    assert [event["energy"] for event in submitted] == [1_000]
    assert list(done.events(market.ledger, "OrderSubmitted")) == []
    assert list(done.events(market.auction, "SlotOpened")) == []
