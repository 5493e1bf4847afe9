// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {PointKind} from "../../../../contracts/types/MeteringPoint.sol";
import {WattHours} from "../../../../contracts/types/Units.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract RegistryViewsTest is MarketTest {
    /// @custom:spec G-29
    function test_a_point_takes_no_part_in_a_slot_that_may_be_open_already() public {
        uint256 late = registerPoint(CAR, PointKind.EV);
        vm.expectRevert(
            abi.encodeWithSelector(IParticipantRegistry.MeteringPointUnknown.selector, metering(late))
        );
        registry.orderContext(metering(late), SLOT);
    }

    /// @custom:spec G-28
    function test_a_suspended_owner_has_no_context_for_an_order() public {
        suspend(HOME);
        vm.roll(vm.getBlockNumber() + 1);
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.PartyIsSuspended.selector, HOME));
        registry.orderContext(metering(HOME_POINT), SLOT);
    }

    function test_the_context_of_an_order_names_who_pays_and_what_the_point_can_take() public view {
        (address owner, uint256 ownerPoints, WattHours importLimit, WattHours exportLimit) =
            registry.orderContext(metering(SOLAR_POINT), SLOT);
        assertEq(owner, SOLAR, "owner");
        assertEq(ownerPoints, 1, "minimum deposits");
        assertEq(importLimit, RATING, "import limit");
        assertEq(exportLimit, RATING, "export limit");
    }

    function test_the_owners_of_neighbouring_points_come_in_one_call() public {
        registerPoint(CAR, PointKind.EV);
        address[] memory owners = registry.ownersOf(SLOT, 1, 6);
        assertEq(owners[0], HOME, "point 1");
        assertEq(owners[1], SHOP, "point 2");
        assertEq(owners[2], SOLAR, "point 3");
        assertEq(owners[3], CAR, "point 4");
        assertEq(owners[4], address(0), "point 5 does not take part yet");
        assertEq(owners[5], address(0), "point 6 does not exist");
    }
}
