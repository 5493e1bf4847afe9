// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IProductCalendar} from "../../../../contracts/interfaces/IProductCalendar.sol";
import {ISettlementLedger} from "../../../../contracts/interfaces/ISettlementLedger.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {Product} from "../../../../contracts/types/Product.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract PublishImbalancePricesTest is MarketTest {
    function test_only_the_dso_publishes() public {
        forbidden(OPERATOR);
        ledger.publishImbalancePrices(SLOT, 1, sen(500), sen(3000));
    }

    function test_a_slot_starts_at_a_multiple_of_its_length() public {
        refused(
            DSO,
            abi.encodeWithSelector(IProductCalendar.SlotMisaligned.selector, slotAt(SLOT.start() + 7), 1800)
        );
        ledger.publishImbalancePrices(slotAt(SLOT.start() + 7), 1, sen(500), sen(3000));
    }

    function test_no_slot_and_more_slots_than_the_ring_holds_are_refused() public {
        refused(DSO, abi.encodeWithSelector(ISettlementLedger.CountInvalid.selector, 0));
        ledger.publishImbalancePrices(SLOT, 0, sen(500), sen(3000));
        refused(DSO, abi.encodeWithSelector(ISettlementLedger.CountInvalid.selector, 481));
        ledger.publishImbalancePrices(SLOT, 481, sen(500), sen(3000));
        refused(DSO, abi.encodeWithSelector(ISettlementLedger.CountInvalid.selector, 501));
        ledger.publishImbalancePrices(SLOT, 501, sen(500), sen(3000));
    }

    /// @custom:spec G-10
    function test_prices_come_before_call_time() public {
        toCallTime(SLOT);
        refused(DSO, abi.encodeWithSelector(ISettlementLedger.TooLate.selector, SLOT, SLOT.start() - 3600));
        ledger.publishImbalancePrices(SLOT, 1, sen(500), sen(3000));
    }

    function test_the_first_slot_of_time_was_called_long_ago() public {
        refused(DSO, abi.encodeWithSelector(ISettlementLedger.TooLate.selector, slotAt(0), 0));
        ledger.publishImbalancePrices(slotAt(0), 1, sen(500), sen(3000));
    }

    /// @custom:spec G-10
    function test_long_is_not_above_short() public {
        refused(
            DSO,
            abi.encodeWithSelector(ISettlementLedger.ImbalancePricesInvalid.selector, sen(3001), sen(3000))
        );
        ledger.publishImbalancePrices(SLOT, 1, sen(3001), sen(3000));
    }

    /// @custom:spec G-10
    function test_both_prices_stay_inside_the_products_bounds() public {
        Product memory product = halfHours();
        product.longFloor = 100;
        deployMarket(product);
        vm.warp(BIDDING);
        refused(
            DSO, abi.encodeWithSelector(ISettlementLedger.ImbalancePricesInvalid.selector, sen(99), sen(3000))
        );
        ledger.publishImbalancePrices(SLOT, 1, sen(99), sen(3000));
        refused(
            DSO,
            abi.encodeWithSelector(ISettlementLedger.ImbalancePricesInvalid.selector, sen(100), sen(5001))
        );
        ledger.publishImbalancePrices(SLOT, 1, sen(100), sen(5001));
        vm.prank(DSO);
        ledger.publishImbalancePrices(SLOT, 1, sen(100), sen(5000));
    }

    /// @custom:spec G-30
    function test_prices_come_at_most_one_turn_of_the_ring_ahead() public {
        uint256 turn = 480 * 1800;
        DeliverySlot beyond = slotAt(SLOT.start() + turn);
        vm.warp(SLOT.start());
        refused(
            DSO,
            abi.encodeWithSelector(ISettlementLedger.TooEarly.selector, beyond, beyond.start() - turn + 1)
        );
        ledger.publishImbalancePrices(slotAfter(SLOT, 470), 11, sen(500), sen(3000));

        vm.warp(SLOT.start() + 1);
        vm.prank(DSO);
        ledger.publishImbalancePrices(slotAfter(SLOT, 470), 11, sen(500), sen(3000));
    }

    /// @custom:spec G-30
    function test_prices_do_not_come_for_a_place_that_is_held() public {
        openSlot(SLOT);
        vm.warp(SLOT.start() + 1);
        bytes memory occupied =
            abi.encodeWithSelector(ISettlementLedger.RingOccupied.selector, slotAfter(SLOT, 480), SLOT);
        refused(DSO, occupied);
        ledger.publishImbalancePrices(slotAfter(SLOT, 480), 1, sen(500), sen(3000));
        refused(DSO, occupied);
        ledger.publishImbalancePrices(slotAfter(SLOT, 470), 11, sen(500), sen(3000));
    }

    /// @custom:spec G-10
    function test_published_prices_hold_for_their_slots_and_no_others() public {
        vm.expectEmit(address(ledger));
        emit ISettlementLedger.ImbalancePricesPublished(SLOT, 3, sen(500), sen(3000));
        vm.prank(DSO);
        ledger.publishImbalancePrices(SLOT, 3, sen(500), sen(3000));
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(ledger.slotOf(slotAfter(SLOT, i)).longPrice, 500, "long");
            assertEq(ledger.slotOf(slotAfter(SLOT, i)).shortPrice, 3000, "short");
        }
        assertEq(ledger.slotOf(slotAfter(SLOT, 3)).longPrice, 0, "long of the next slot");
        assertEq(ledger.slotOf(slotAfter(SLOT, 3)).shortPrice, 5000, "short of the next slot");
    }

    /// @custom:spec G-10
    function test_prices_may_change_until_call_time() public {
        openSlot(SLOT);
        vm.prank(DSO);
        ledger.publishImbalancePrices(SLOT, 1, sen(500), sen(3000));
        vm.warp(SLOT.start() - 3601);
        vm.prank(DSO);
        ledger.publishImbalancePrices(SLOT, 1, sen(600), sen(2000));
        assertEq(ledger.slotOf(SLOT).longPrice, 600, "long");
        assertEq(ledger.slotOf(SLOT).shortPrice, 2000, "short");
    }

    /// @custom:spec G-10
    function test_without_a_publication_the_bounds_hold() public {
        openSlot(SLOT);
        assertEq(ledger.slotOf(SLOT).longPrice, 0, "lowest long price");
        assertEq(ledger.slotOf(SLOT).shortPrice, 5000, "highest short price");
    }

    /// @custom:spec G-10
    function test_the_clearing_price_bounds_both_prices_so_that_withholding_never_pays() public {
        vm.prank(DSO);
        ledger.publishImbalancePrices(SLOT, 2, sen(1500), sen(1600));
        openSlot(SLOT);
        offer(SOLAR_POINT, 1000, 500);
        bid(HOME_POINT, 1000, 500);
        openSlot(slotAfter(SLOT, 1));
        offerIn(slotAfter(SLOT, 1), SOLAR_POINT, 2000, 500);
        bidIn(slotAfter(SLOT, 1), HOME_POINT, 2000, 500);
        clearAndBook();
        clearSlot(slotAfter(SLOT, 1));
        bookSlot(slotAfter(SLOT, 1));

        assertEq(ledger.slotOf(SLOT).longPrice, 1000, "long = min(published, clearing)");
        assertEq(ledger.slotOf(SLOT).shortPrice, 1600, "short stays");
        assertEq(ledger.slotOf(slotAfter(SLOT, 1)).longPrice, 1500, "long stays");
        assertEq(ledger.slotOf(slotAfter(SLOT, 1)).shortPrice, 2000, "short = max(published, clearing)");
    }
}
