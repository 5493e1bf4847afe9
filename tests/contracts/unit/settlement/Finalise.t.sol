// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementLedger} from "../../../../contracts/interfaces/ISettlementLedger.sol";
import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {PointKind} from "../../../../contracts/types/MeteringPoint.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract FinaliseTest is MarketTest {
    int256 private constant START = int256(STARTING_YEN) * YEN;
    uint256 private constant FALLBACK = 700;

    uint256 private _silent;

    /// @dev The plant sells 300 Wh to the home and 100 Wh to a silent point of the shop at 10 yen.
    function setUp() public override {
        super.setUp();
        vm.warp(FOUNDING);
        uint256 key = gatewayKey(5);
        IParticipantRegistry.PointRegistration memory registration =
            registrationOf(SHOP, vm.addr(key), PointKind.SHOP);
        registration.fallbackImport = wh(FALLBACK);
        _silent = register(registration, key);
        vm.warp(BIDDING);
        openSlot(SLOT);
        offer(SOLAR_POINT, 1000, 400);
        bid(HOME_POINT, 2000, 300);
        bid(_silent, 2000, 100);
        clearAndBook();
    }

    function test_a_slot_that_is_not_settled_is_not_final() public {
        toFinalTime(SLOT);
        refused(KEEPER, _wrongPhase(ISettlementLedger.Phase.BOOKED));
        ledger.finalise(SLOT, 10);
    }

    /// @custom:spec G-10
    function test_a_slot_is_not_final_before_its_correction_window_ends() public {
        _settleWithout(_silent);
        uint256 end = SLOT.start() + 1800 + 604_800;
        vm.warp(end - 1);
        refused(KEEPER, abi.encodeWithSelector(ISettlementLedger.TooEarly.selector, SLOT, end));
        ledger.finalise(SLOT, 10);
    }

    function test_an_empty_and_an_oversized_pass_are_refused() public {
        _settleWithout(_silent);
        toFinalTime(SLOT);
        refused(KEEPER, abi.encodeWithSelector(ISettlementLedger.CountInvalid.selector, 0));
        ledger.finalise(SLOT, 0);
        refused(KEEPER, abi.encodeWithSelector(ISettlementLedger.CountInvalid.selector, 301));
        ledger.finalise(SLOT, 301);
    }

    function test_a_slot_is_finalised_once() public {
        _settleWithout(_silent);
        finaliseSlot(SLOT);
        refused(KEEPER, _wrongPhase(ISettlementLedger.Phase.FINAL));
        ledger.finalise(SLOT, 10);
    }

    /// @custom:spec G-11
    function test_silence_counts_as_no_export_and_the_fallback_import() public {
        _settleWithout(_silent);
        int256 shop = available(SHOP);
        finaliseSlot(SLOT);
        assertEq(shop - available(SHOP), (int256(FALLBACK) - 100) * 5000, "600 Wh more than bought");
        assertEq(balancing(), (int256(FALLBACK) - 100) * 5000, "balancing account");
        assertEq(allMoney(), bankedYen5(), "all money");
        assertFalse(ledger.positionOf(SLOT, metering(_silent)).missing, "flagged");
    }

    /// @custom:spec G-11
    function test_silence_never_pays_a_seller() public {
        _settleWithout(SOLAR_POINT);
        finaliseSlot(SLOT);
        // Nothing was delivered: the proceeds go into the imbalance, and the import limit is taken as used.
        int256 owed = 400 * 5000 + int256(RATING) * 5000 - 400 * 1000;
        assertEq(available(SOLAR), 0, "the plant");
        assertEq(debt(SOLAR), owed - START, "debt of the plant");
        assertEq(reserved(SOLAR), 0, "reserved");
        assertEq(allMoney(), bankedYen5(), "all money");
    }

    /// @custom:spec G-11
    function test_a_reading_that_came_late_counts_even_if_nobody_settled_it() public {
        _settleWithout(_silent);
        int256 shop = available(SHOP);
        metered(_silent, 110, 0);
        attest(SLOT);
        finaliseSlot(SLOT);
        assertEq(shop - available(SHOP), 10 * 5000, "10 Wh more than bought");
    }

    function test_passes_of_one_point_end_when_the_last_flag_is_gone() public {
        _settleWithout(_silent);
        toFinalTime(SLOT);
        for (uint256 i = 1; i <= 4; ++i) {
            vm.prank(STRANGER);
            ledger.finalise(SLOT, 1);
            assertEq(ledger.slotOf(SLOT).finalised, i, "cursor");
            assertEq(uint256(ledger.slotOf(SLOT).phase), uint256(ISettlementLedger.Phase.SETTLED), "phase");
        }
        vm.expectEmit(address(ledger));
        emit ISettlementLedger.SlotFinalised(SLOT);
        ledger.finalise(SLOT, 1);
        assertEq(uint256(ledger.slotOf(SLOT).phase), uint256(ISettlementLedger.Phase.FINAL), "phase");
        assertEq(ledger.slotOf(SLOT).missing, 0, "flagged points");
    }

    function test_a_slot_without_flags_is_final_in_one_call() public {
        _settleWithout(0);
        toFinalTime(SLOT);
        ledger.finalise(SLOT, 1);
        assertEq(uint256(ledger.slotOf(SLOT).phase), uint256(ISettlementLedger.Phase.FINAL), "phase");
        assertFalse(ledger.isLive(SLOT), "live");
    }

    /// @custom:spec G-27
    function test_a_slot_is_live_from_opening_until_it_is_final() public {
        assertTrue(ledger.isLive(SLOT), "booked");
        assertFalse(ledger.isLive(slotAfter(SLOT, 1)), "never opened");
        _settleWithout(_silent);
        assertTrue(ledger.isLive(SLOT), "settled");
        finaliseSlot(SLOT);
        assertFalse(ledger.isLive(SLOT), "final");
    }

    /// @dev Every point delivers what it traded, but one stays silent (0: none does).
    function _settleWithout(uint256 silent) private {
        if (silent != HOME_POINT) metered(HOME_POINT, 300, 0);
        metered(SHOP_POINT, 0, 0);
        if (silent != SOLAR_POINT) metered(SOLAR_POINT, 0, 400);
        metered(CAR_POINT, 0, 0);
        if (silent != _silent) metered(_silent, 100, 0);
        attestAndSettle();
    }

    function _wrongPhase(ISettlementLedger.Phase phase) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            ISettlementLedger.WrongPhase.selector, SLOT, phase, ISettlementLedger.Phase.SETTLED
        );
    }
}
