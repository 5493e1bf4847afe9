// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementLedger} from "../../../../contracts/interfaces/ISettlementLedger.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract VoidSlotTest is MarketTest {
    bytes32 private constant REASON = "line down";

    function test_only_the_dso_voids() public {
        openSlot(SLOT);
        forbidden(OPERATOR);
        ledger.voidSlot(SLOT, REASON);
    }

    function test_a_slot_that_is_not_open_is_not_voided() public {
        refused(
            DSO,
            abi.encodeWithSelector(
                ISettlementLedger.WrongPhase.selector,
                SLOT,
                ISettlementLedger.Phase.NONE,
                ISettlementLedger.Phase.OPEN
            )
        );
        ledger.voidSlot(SLOT, REASON);
    }

    /// @custom:spec G-08
    function test_a_slot_that_has_started_is_not_voided() public {
        openSlot(SLOT);
        vm.warp(SLOT.start());
        refused(DSO, abi.encodeWithSelector(ISettlementLedger.TooLate.selector, SLOT, SLOT.start()));
        ledger.voidSlot(SLOT, REASON);
    }

    /// @custom:spec G-08
    function test_the_dso_voids_with_a_reason() public {
        openSlot(SLOT);
        vm.expectEmit(address(ledger));
        emit ISettlementLedger.SlotVoided(SLOT, REASON);
        vm.prank(DSO);
        ledger.voidSlot(SLOT, REASON);
        (bool isOpen, bool voided) = ledger.isOpen(SLOT);
        assertTrue(isOpen, "open for booking the reserves back");
        assertTrue(voided, "voided");
    }

    /// @custom:spec G-08 G-10
    function test_in_a_slot_voided_after_booking_no_trade_counts_and_all_reserves_return() public {
        _trade();
        vm.warp(SLOT.start() - 1);
        vm.prank(DSO);
        ledger.voidSlot(SLOT, REASON);
        ISettlementLedger.Position memory position = ledger.positionOf(SLOT, metering(HOME_POINT));
        assertEq(position.bought, 0, "no trade counts");
        assertEq(position.reserved, 1000 * 400, "its reserve returns at settlement");

        metered(HOME_POINT, 400, 0);
        metered(SHOP_POINT, 0, 0);
        metered(SOLAR_POINT, 0, 400);
        metered(CAR_POINT, 0, 0);
        attestAndSettle();
        // The home took 400 Wh at the short price, the plant gave 400 Wh at the long price.
        assertEq(available(HOME), int256(STARTING_YEN) * YEN - 400 * 5000, "the home");
        assertEq(available(SOLAR), int256(STARTING_YEN) * YEN, "the plant");
        assertEq(reserved(HOME) + reserved(SOLAR), 0, "reserved");
        assertEq(balancing(), 400 * 5000, "balancing account");
        assertEq(allMoney(), bankedYen5(), "all money");
    }

    /// @custom:spec G-08 G-11
    function test_a_silent_point_of_a_voided_slot_gets_its_reserve_back_and_pays_the_fallback() public {
        _trade();
        vm.prank(DSO);
        ledger.voidSlot(SLOT, REASON);
        metered(SHOP_POINT, 0, 0);
        metered(CAR_POINT, 0, 0);
        metered(SOLAR_POINT, 0, 0);
        attestAndSettle();
        assertEq(available(HOME), int256(STARTING_YEN) * YEN, "nothing paid yet");
        assertEq(reserved(HOME), 0, "reserved");
        finaliseSlot(SLOT);
        int256 fallbackCost = int256(RATING) * 5000;
        assertEq(debt(HOME), fallbackCost - int256(STARTING_YEN) * YEN, "debt");
        assertEq(allMoney(), bankedYen5(), "all money");
    }

    function _trade() private {
        openSlot(SLOT);
        offer(SOLAR_POINT, 1000, 500);
        bid(HOME_POINT, 2000, 400);
        clearAndBook();
    }
}
