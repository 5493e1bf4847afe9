// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementLedger} from "../../../../contracts/interfaces/ISettlementLedger.sol";
import {MeteringPoint} from "../../../../contracts/types/MeteringPoint.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {readResult, SettledResult, STATUS_LATE} from "../../support/SettledResult.sol";

contract SettleLateTest is MarketTest {
    int256 private constant START = int256(STARTING_YEN) * YEN;

    /// @dev The plant sells 400 Wh to the home at 10 yen; plant and car stay silent, long is 0 and short 50 yen.
    function setUp() public override {
        super.setUp();
        openSlot(SLOT);
        offer(SOLAR_POINT, 1000, 400);
        bid(HOME_POINT, 2000, 400);
        clearAndBook();
        metered(HOME_POINT, 400, 0);
        metered(SHOP_POINT, 0, 0);
        toSlotEnd(SLOT);
        attest(SLOT);
    }

    function test_a_slot_that_is_not_settled_has_nothing_late() public {
        refused(
            KEEPER,
            abi.encodeWithSelector(
                ISettlementLedger.WrongPhase.selector,
                SLOT,
                ISettlementLedger.Phase.BOOKED,
                ISettlementLedger.Phase.SETTLED
            )
        );
        ledger.settleLate(SLOT, _points(SOLAR_POINT));
    }

    function test_no_points_and_too_many_are_refused() public {
        settleSlot(SLOT);
        refused(KEEPER, abi.encodeWithSelector(ISettlementLedger.CountInvalid.selector, 0));
        ledger.settleLate(SLOT, new MeteringPoint[](0));
        refused(KEEPER, abi.encodeWithSelector(ISettlementLedger.CountInvalid.selector, 301));
        ledger.settleLate(SLOT, new MeteringPoint[](301));
    }

    function test_a_point_without_a_reading_is_not_late() public {
        settleSlot(SLOT);
        _refuse(SOLAR_POINT);
    }

    function test_a_point_that_was_settled_in_time_is_not_late() public {
        settleSlot(SLOT);
        _refuse(HOME_POINT);
    }

    function test_a_point_that_does_not_exist_is_not_late() public {
        settleSlot(SLOT);
        _refuse(0);
        _refuse(99);
    }

    /// @custom:spec G-10
    function test_a_point_is_settled_late_once() public {
        settleSlot(SLOT);
        _attestLate(SOLAR_POINT, 400);
        ledger.settleLate(SLOT, _points(SOLAR_POINT));
        _refuse(SOLAR_POINT);

        _attestLate(CAR_POINT, 0);
        MeteringPoint[] memory twice = new MeteringPoint[](2);
        twice[0] = metering(CAR_POINT);
        twice[1] = metering(CAR_POINT);
        refused(KEEPER, abi.encodeWithSelector(ISettlementLedger.NotLate.selector, SLOT, metering(CAR_POINT)));
        ledger.settleLate(SLOT, twice);
    }

    /// @custom:spec G-11
    function test_a_reading_in_the_correction_window_frees_the_held_proceeds() public {
        settleSlot(SLOT);
        assertEq(reserved(SOLAR), 400 * 4000 + 400 * 1000, "reserve and proceeds are held");
        _attestLate(SOLAR_POINT, 400);

        uint256[] memory results = new uint256[](1);
        results[0] = SOLAR_POINT | (STATUS_LATE << 24) | (uint256(400 * 1000) << 80);
        SettledResult memory result = readResult(results[0]);
        assertEq(result.contractCash, 400 * 1000, "the word that is expected");
        vm.expectEmit(address(ledger));
        emit ISettlementLedger.PointsSettled(SLOT, results);
        vm.prank(STRANGER);
        ledger.settleLate(SLOT, _points(SOLAR_POINT));

        assertEq(available(SOLAR), START + 400 * 1000, "as if it had come in time");
        assertEq(reserved(SOLAR), 0, "reserved");
        assertEq(ledger.slotOf(SLOT).missing, 1, "still flagged: the car");
        assertFalse(ledger.positionOf(SLOT, metering(SOLAR_POINT)).missing, "flagged");
        assertEq(allMoney(), bankedYen5(), "all money");
    }

    /// @custom:spec G-11
    function test_a_late_reading_settles_its_imbalance_as_usual() public {
        settleSlot(SLOT);
        _attestLate(SOLAR_POINT, 390);
        ledger.settleLate(SLOT, _points(SOLAR_POINT));
        assertEq(available(SOLAR), START + 400 * 1000 - 10 * 5000, "the plant");
        assertEq(balancing(), 10 * 5000, "balancing account");
        assertEq(allMoney(), bankedYen5(), "all money");
    }

    function test_late_points_may_be_settled_after_the_correction_window_if_their_reading_came_inside()
        public
    {
        settleSlot(SLOT);
        _attestLate(SOLAR_POINT, 400);
        toFinalTime(SLOT);
        ledger.settleLate(SLOT, _points(SOLAR_POINT));
        assertEq(available(SOLAR), START + 400 * 1000, "the plant");
    }

    function _attestLate(uint256 point, uint256 exported) private {
        metered(point, 0, exported);
        attest(SLOT);
    }

    function _points(uint256 point) private pure returns (MeteringPoint[] memory points) {
        points = new MeteringPoint[](1);
        points[0] = metering(point);
    }

    function _refuse(uint256 point) private {
        refused(KEEPER, abi.encodeWithSelector(ISettlementLedger.NotLate.selector, SLOT, metering(point)));
        ledger.settleLate(SLOT, _points(point));
    }
}
