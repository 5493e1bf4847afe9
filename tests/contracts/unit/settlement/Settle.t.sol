// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementLedger} from "../../../../contracts/interfaces/ISettlementLedger.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {PointKind} from "../../../../contracts/types/MeteringPoint.sol";
import {Side} from "../../../../contracts/types/Order.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {readResult, SettledResult, STATUS_MISSING, STATUS_SETTLED} from "../../support/SettledResult.sol";
import {Vm} from "../../support/Vm.sol";

contract SettleTest is MarketTest {
    int256 private constant START = int256(STARTING_YEN) * YEN;
    int256 private constant PRICE = 1000;
    int256 private constant LONG = 500;
    int256 private constant SHORT = 3000;

    /// @dev The plant sells 400 Wh to the home and 100 Wh to the shop at 10 yen; the car stays out.
    function setUp() public override {
        super.setUp();
        vm.prank(DSO);
        ledger.publishImbalancePrices(SLOT, 1, sen(uint256(LONG)), sen(uint256(SHORT)));
        openSlot(SLOT);
        offer(SOLAR_POINT, uint256(PRICE), 600);
        bid(HOME_POINT, 2000, 400);
        bid(SHOP_POINT, 2000, 100);
        clearAndBook();
    }

    /* REFUSALS */

    function test_a_slot_that_is_not_booked_is_not_settled() public {
        openSlot(slotAfter(SLOT, 90));
        toReadingDeadline(SLOT);
        _refuseIn(slotAfter(SLOT, 1).start(), ISettlementLedger.Phase.NONE);
        _refuseIn(slotAfter(SLOT, 90).start(), ISettlementLedger.Phase.OPEN);
    }

    /// @custom:spec G-10
    function test_a_slot_is_not_settled_before_its_reading_window_ends() public {
        vm.warp(SLOT.start() + 1800 + 3599);
        refused(
            KEEPER,
            abi.encodeWithSelector(ISettlementLedger.TooEarly.selector, SLOT, SLOT.start() + 1800 + 3600)
        );
        ledger.settle(SLOT, 4);
    }

    function test_an_empty_and_an_oversized_pass_are_refused() public {
        toReadingDeadline(SLOT);
        refused(KEEPER, abi.encodeWithSelector(ISettlementLedger.CountInvalid.selector, 0));
        ledger.settle(SLOT, 0);
        refused(KEEPER, abi.encodeWithSelector(ISettlementLedger.CountInvalid.selector, 301));
        ledger.settle(SLOT, 301);
    }

    /// @custom:spec G-10
    function test_a_slot_is_settled_once() public {
        _deliver(400, 100, 500);
        attestAndSettle();
        _refuseIn(SLOT.start(), ISettlementLedger.Phase.SETTLED);
        assertEq(available(SOLAR), START + 500 * PRICE, "paid once");
    }

    /* CASH */

    /// @custom:spec C-36 G-10 G-01
    function test_who_delivers_what_was_traded_is_paid_the_price_and_nothing_else() public {
        _deliver(400, 100, 500);
        attestAndSettle();
        assertEq(available(HOME), START - 400 * PRICE, "the home");
        assertEq(available(SHOP), START - 100 * PRICE, "the shop");
        assertEq(available(SOLAR), START + 500 * PRICE, "the plant");
        assertEq(available(CAR), START, "the car");
        assertEq(balancing(), 0, "balancing account");
        assertEq(reserved(HOME) + reserved(SHOP) + reserved(SOLAR), 0, "reserved");
    }

    /// @custom:spec G-10
    function test_a_surplus_earns_the_long_price_and_a_deficit_costs_the_short_price() public {
        _deliver(370, 150, 480);
        attestAndSettle();
        assertEq(available(HOME), START - 400 * PRICE + 30 * LONG, "the home used 30 Wh less");
        assertEq(available(SHOP), START - 100 * PRICE - 50 * SHORT, "the shop used 50 Wh more");
        assertEq(available(SOLAR), START + 500 * PRICE - 20 * SHORT, "the plant gave 20 Wh less");
        assertEq(balancing(), -30 * LONG + 50 * SHORT + 20 * SHORT, "balancing account");
        assertEq(allMoney(), bankedYen5(), "all cash of the slot adds to zero");
    }

    /// @custom:spec B-12 G-10
    function test_net_export_is_export_less_import() public {
        metered(HOME_POINT, 450, 50);
        metered(SHOP_POINT, 100, 0);
        metered(SOLAR_POINT, 20, 520);
        metered(CAR_POINT, 10, 30);
        attestAndSettle();
        assertEq(available(HOME), START - 400 * PRICE, "the home: no imbalance");
        assertEq(available(SOLAR), START + 500 * PRICE, "the plant: no imbalance");
        assertEq(available(CAR), START + 20 * LONG, "the car: 20 Wh for which it had no trade");
    }

    /// @custom:spec G-10
    function test_the_clearing_price_holds_where_it_is_worse_for_who_strays() public {
        vm.warp(BIDDING);
        vm.prank(DSO);
        ledger.publishImbalancePrices(slotAfter(SLOT, 1), 1, sen(1200), sen(1300));
        openSlot(slotAfter(SLOT, 1));
        offerIn(slotAfter(SLOT, 1), SOLAR_POINT, 2000, 100);
        bidIn(slotAfter(SLOT, 1), HOME_POINT, 2000, 100);
        clearSlot(slotAfter(SLOT, 1));
        bookSlot(slotAfter(SLOT, 1));
        int256 before = available(SOLAR);
        toSlotEnd(slotAfter(SLOT, 1));
        metered(HOME_POINT, 100, 0);
        metered(SHOP_POINT, 0, 0);
        metered(SOLAR_POINT, 0, 0);
        metered(CAR_POINT, 0, 0);
        attest(slotAfter(SLOT, 1));
        settleSlot(slotAfter(SLOT, 1));
        // Short is 20 yen, not the published 13: withholding what was sold at 20 earns nothing.
        assertEq(available(SOLAR) - before, 3000 * 100 + 2000 * 100 - 2000 * 100, "only its reserve returned");
    }

    /// @custom:spec G-10
    function test_imbalances_of_one_owners_points_are_not_netted() public {
        vm.warp(FOUNDING);
        uint256 second = registerPoint(HOME, PointKind.CONSUMER);
        _deliver(350, 100, 500);
        metered(second, 50, 0);
        attestAndSettle();
        assertEq(available(HOME), START - 400 * PRICE + 50 * LONG - 50 * SHORT, "the home");
    }

    /// @custom:spec G-06 G-10
    function test_a_trade_with_itself_costs_an_account_nothing() public {
        vm.warp(BIDDING);
        openSlot(slotAfter(SLOT, 1));
        offerIn(slotAfter(SLOT, 1), CAR_POINT, 1000, 70);
        bidIn(slotAfter(SLOT, 1), CAR_POINT, 1500, 70);
        clearSlot(slotAfter(SLOT, 1));
        bookSlot(slotAfter(SLOT, 1));
        toSlotEnd(slotAfter(SLOT, 1));
        metered(CAR_POINT, 0, 0);
        attest(slotAfter(SLOT, 1));
        settleSlot(slotAfter(SLOT, 1));
        assertEq(available(CAR), START, "available");
        assertEq(reserved(CAR), 0, "reserved");
    }

    /* DEBT */

    /// @custom:spec G-12
    function test_what_an_account_cannot_pay_becomes_a_debt_advanced_by_the_balancing_account() public {
        _withdrawAllFree(CAR);
        int256 imbalance = 100_000 * SHORT;
        _deliver(400, 100, 500);
        toSlotEnd(SLOT);
        metered(CAR_POINT, 100_000, 0);
        attest(SLOT);
        toReadingDeadline(SLOT);
        vm.expectEmit(address(ledger));
        emit ISettlementLedger.DebtChanged(
            CAR, yen5(imbalance - MINIMUM_DEPOSIT), yen5(imbalance - MINIMUM_DEPOSIT)
        );
        ledger.settle(SLOT, 300);

        assertEq(available(CAR), 0, "available never falls below zero");
        assertEq(debt(CAR), imbalance - MINIMUM_DEPOSIT, "debt");
        assertEq(balancing(), MINIMUM_DEPOSIT, "balancing account: what the car could pay");
        assertEq(allMoney(), bankedYen5() - (START - MINIMUM_DEPOSIT), "all money");
    }

    /// @custom:spec G-12
    function test_a_debt_blocks_orders_and_withdrawals_until_it_is_paid() public {
        _runIntoDebt();
        int256 owed = debt(CAR);
        bytes memory outstanding =
            abi.encodeWithSelector(ISettlementLedger.DebtOutstanding.selector, CAR, yen5(owed));
        refused(CAR, outstanding);
        ledger.withdraw(1);
        openSlot(slotAfter(SLOT, 90));
        refused(CAR, outstanding);
        auction.submit(slotAfter(SLOT, 90), metering(CAR_POINT), Side.BID, sen(1000), wh(100));

        vm.expectEmit(address(ledger));
        emit ISettlementLedger.DebtChanged(CAR, yen5(-500 * YEN), yen5(owed - 500 * YEN));
        credit(CAR, 500);
        assertEq(debt(CAR), owed - 500 * YEN, "a credit pays debt first");
        assertEq(available(CAR), 0, "available");
        credit(CAR, uint256(owed / YEN) + 2000);
        assertEq(debt(CAR), 0, "debt");
        assertEq(available(CAR), 2500 * YEN, "what is left");
        bidIn(slotAfter(SLOT, 90), CAR_POINT, 1000, 100);
    }

    /// @custom:spec G-12 G-28
    function test_a_debt_is_paid_from_money_that_comes_free() public {
        DeliverySlot later = slotAfter(SLOT, 90);
        openSlot(later);
        bidIn(later, CAR_POINT, 2000, 500);
        _runIntoDebt();
        int256 owed = debt(CAR);
        int256 money = allMoney();
        vm.prank(CAR);
        auction.cancel(later, 0);
        assertEq(available(CAR), 1_000_000, "available beside a debt");

        vm.expectEmit(address(ledger));
        emit ISettlementLedger.DebtChanged(CAR, yen5(-1_000_000), yen5(owed - 1_000_000));
        vm.prank(KEEPER);
        ledger.payDebt(CAR);
        assertEq(debt(CAR), owed - 1_000_000, "debt");
        assertEq(available(CAR), 0, "available");
        assertEq(allMoney(), money, "all money");
        ledger.payDebt(CAR);
        assertEq(debt(CAR), owed - 1_000_000, "debt when there is nothing to pay it from");
    }

    /// @custom:spec G-12
    function test_proceeds_pay_debt_first() public {
        _runIntoDebt();
        int256 owed = debt(CAR);
        int256 before = balancing();
        DeliverySlot later = slotAfter(SLOT, 90);
        vm.prank(DSO);
        ledger.publishImbalancePrices(later, 1, sen(uint256(LONG)), sen(uint256(SHORT)));
        openSlot(later);
        clearSlot(later);
        bookSlot(later);
        toSlotEnd(later);
        metered(CAR_POINT, 0, 1_000_000);
        attest(later);
        settleSlot(later);
        assertEq(debt(CAR), 0, "debt");
        assertEq(available(CAR), 1_000_000 * LONG - owed, "what is left");
        assertEq(balancing(), before - 1_000_000 * LONG + owed, "balancing account");
    }

    /// @custom:spec G-12
    function test_the_minimum_deposit_is_no_cover_for_orders() public {
        _withdrawAllFree(CAR);
        openSlot(slotAfter(SLOT, 1));
        refused(CAR, abi.encodeWithSelector(ISettlementLedger.Uncovered.selector, CAR, yen5(0), yen5(1000)));
        auction.submit(slotAfter(SLOT, 1), metering(CAR_POINT), Side.BID, sen(1000), wh(1));
    }

    /* MISSING READINGS */

    /// @custom:spec G-11
    function test_a_silent_point_is_flagged_its_purchases_paid_and_its_proceeds_held() public {
        metered(SHOP_POINT, 100, 0);
        metered(CAR_POINT, 0, 0);
        attestAndSettle();
        assertEq(available(HOME), START - 400 * PRICE, "the purchases of the home are paid");
        assertEq(reserved(HOME), 0, "reserved by the home");
        assertEq(available(SOLAR), START - 500 * 4000, "the plant got nothing yet");
        assertEq(reserved(SOLAR), 500 * 4000 + 500 * PRICE, "its proceeds are held with its reserve");
        assertTrue(ledger.positionOf(SLOT, metering(HOME_POINT)).missing, "the home is flagged");
        assertTrue(ledger.positionOf(SLOT, metering(SOLAR_POINT)).missing, "the plant is flagged");
        assertEq(ledger.slotOf(SLOT).missing, 2, "flagged points");
        assertEq(allMoney(), bankedYen5(), "all money");
    }

    /* EVENTS, CHUNKS, VIEWS */

    /// @custom:spec C-36 G-10
    function test_the_event_tells_each_points_imbalance_and_cash() public {
        metered(HOME_POINT, 450, 0);
        metered(SOLAR_POINT, 0, 510);
        metered(CAR_POINT, 0, 0);
        toSlotEnd(SLOT);
        attest(SLOT);
        vm.recordLogs();
        settleSlot(SLOT);
        uint256[] memory results = _resultsOf(vm.getRecordedLogs());
        assertEq(results.length, 4, "results");
        _assertResult(results[0], SettledResult(HOME_POINT, STATUS_SETTLED, -50, -400 * PRICE, -50 * SHORT));
        _assertResult(results[1], SettledResult(SHOP_POINT, STATUS_MISSING, 0, -100 * PRICE, 0));
        _assertResult(results[2], SettledResult(SOLAR_POINT, STATUS_SETTLED, 10, 500 * PRICE, 10 * LONG));
        _assertResult(results[3], SettledResult(CAR_POINT, STATUS_SETTLED, 0, 0, 0));
    }

    function test_the_end_of_settlement_tells_the_prices_that_held() public {
        _deliver(400, 100, 500);
        toSlotEnd(SLOT);
        attest(SLOT);
        toReadingDeadline(SLOT);
        vm.expectEmit(address(ledger));
        emit ISettlementLedger.SlotSettled(SLOT, sen(uint256(LONG)), sen(uint256(SHORT)), 0);
        vm.prank(STRANGER);
        ledger.settle(SLOT, 4);
        ISettlementLedger.SlotAccount memory slot = ledger.slotOf(SLOT);
        assertEq(uint256(slot.phase), uint256(ISettlementLedger.Phase.SETTLED), "phase");
        assertEq(slot.settled, 4, "walked");
        assertEq(slot.clearingPrice, uint256(PRICE), "clearing price");
        assertTrue(slot.traded, "traded");
    }

    /// @custom:spec G-10
    function test_passes_of_one_point_settle_the_same_as_one_pass() public {
        _deliver(370, 150, 480);
        toSlotEnd(SLOT);
        attest(SLOT);
        toReadingDeadline(SLOT);
        for (uint256 i = 1; i <= 4; ++i) {
            vm.prank(STRANGER);
            ledger.settle(SLOT, 1);
            assertEq(ledger.slotOf(SLOT).settled, i, "cursor");
        }
        assertEq(available(HOME), START - 400 * PRICE + 30 * LONG, "the home");
        assertEq(available(SHOP), START - 100 * PRICE - 50 * SHORT, "the shop");
        assertEq(available(SOLAR), START + 500 * PRICE - 20 * SHORT, "the plant");
        assertEq(allMoney(), bankedYen5(), "all money");
        assertEq(uint256(ledger.slotOf(SLOT).phase), uint256(ISettlementLedger.Phase.SETTLED), "phase");
    }

    function test_a_settled_position_keeps_its_trades_and_reserves_nothing() public {
        _deliver(400, 100, 500);
        attestAndSettle();
        ISettlementLedger.Position memory position = ledger.positionOf(SLOT, metering(SOLAR_POINT));
        assertEq(position.sold, 500, "sold");
        assertEq(position.earned, 500 * PRICE, "earned");
        assertEq(position.reserved, 0, "reserved for the slot");
    }

    /// @custom:spec G-08 G-10
    function test_a_lapsed_slot_is_settled_on_what_was_metered() public {
        vm.warp(BIDDING);
        openSlot(slotAfter(SLOT, 1));
        bidIn(slotAfter(SLOT, 1), HOME_POINT, 2000, 100);
        vm.warp(slotAfter(SLOT, 1).start());
        bookSlot(slotAfter(SLOT, 1));
        toSlotEnd(slotAfter(SLOT, 1));
        metered(HOME_POINT, 100, 0);
        attest(slotAfter(SLOT, 1));
        settleSlot(slotAfter(SLOT, 1));
        assertEq(available(HOME), START - 400 * PRICE - 100 * 5000, "the home paid the highest short price");
    }

    function test_a_point_that_does_not_take_part_is_passed_over() public {
        registerPoint(CAR, PointKind.CONSUMER);
        _deliver(400, 100, 500);
        attestAndSettle();
        assertEq(ledger.slotOf(SLOT).settled, 5, "walked");
        assertEq(ledger.slotOf(SLOT).missing, 0, "flagged points");
    }

    /* HELPERS */

    /// @dev What the home and the shop import and the plant exports; the car stands still.
    function _deliver(uint256 home, uint256 shop, uint256 solar) private {
        metered(HOME_POINT, home, 0);
        metered(SHOP_POINT, shop, 0);
        metered(SOLAR_POINT, 0, solar);
        metered(CAR_POINT, 0, 0);
    }

    function _withdrawAllFree(address party) private {
        uint256 free = uint256((available(party) - MINIMUM_DEPOSIT) / YEN);
        vm.prank(party);
        ledger.withdraw(free);
    }

    function _runIntoDebt() private {
        _withdrawAllFree(CAR);
        _deliver(400, 100, 500);
        metered(CAR_POINT, 100_000, 0);
        attestAndSettle();
        assertGe(debt(CAR), 1, "in debt");
    }

    function _refuseIn(uint256 start, ISettlementLedger.Phase phase) private {
        refused(
            KEEPER,
            abi.encodeWithSelector(
                ISettlementLedger.WrongPhase.selector, slotAt(start), phase, ISettlementLedger.Phase.BOOKED
            )
        );
        ledger.settle(slotAt(start), 1);
    }

    function _resultsOf(Vm.Log[] memory logs) private pure returns (uint256[] memory) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == ISettlementLedger.PointsSettled.selector) {
                return abi.decode(logs[i].data, (uint256[]));
            }
        }
        revert("no PointsSettled event");
    }

    function _assertResult(uint256 word, SettledResult memory expected) private pure {
        SettledResult memory result = readResult(word);
        assertEq(result.point, expected.point, "point");
        assertEq(result.status, expected.status, "status");
        assertEq(result.imbalanceWh, expected.imbalanceWh, "imbalance");
        assertEq(result.contractCash, expected.contractCash, "contract cash");
        assertEq(result.imbalanceCash, expected.imbalanceCash, "imbalance cash");
    }
}
