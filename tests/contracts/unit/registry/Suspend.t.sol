// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {Role} from "../../../../contracts/types/Role.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract SuspendTest is MarketTest {
    function test_only_the_market_operator_suspends_and_reinstates() public {
        forbidden(ADMIN);
        registry.suspend(HOME, 0);
        forbidden(HOME);
        registry.reinstate(HOME);
    }

    function test_a_stranger_cannot_be_suspended_or_reinstated() public {
        bytes memory unknown = abi.encodeWithSelector(IParticipantRegistry.PartyUnknown.selector, STRANGER);
        refused(OPERATOR, unknown);
        registry.suspend(STRANGER, 0);
        refused(OPERATOR, unknown);
        registry.reinstate(STRANGER);
    }

    function test_a_suspended_party_is_not_suspended_again() public {
        suspend(HOME);
        refused(OPERATOR, abi.encodeWithSelector(IParticipantRegistry.PartyIsSuspended.selector, HOME));
        registry.suspend(HOME, 0);
    }

    function test_a_party_in_good_standing_is_not_reinstated() public {
        refused(OPERATOR, abi.encodeWithSelector(IParticipantRegistry.PartyNotSuspended.selector, HOME));
        registry.reinstate(HOME);
    }

    /// @custom:spec G-28
    function test_a_suspension_holds_from_the_next_block() public {
        vm.expectEmit(address(registry));
        emit IParticipantRegistry.PartySuspended(HOME, "unpaid");
        vm.prank(OPERATOR);
        registry.suspend(HOME, "unpaid");

        assertEq(registry.partyOf(HOME).suspendedAt, vm.getBlockNumber(), "block of the suspension");
        assertFalse(registry.isSuspended(HOME), "suspended in the same block");
        assertTrue(registry.isActive(HOME), "active in the same block");
        vm.roll(vm.getBlockNumber() + 1);
        assertTrue(registry.isSuspended(HOME), "suspended in the next block");
        assertFalse(registry.isActive(HOME), "active in the next block");
        assertFalse(registry.isActiveAs(HOME, Role.PROSUMER), "its role in the next block");
    }

    /// @custom:spec G-28
    function test_a_suspended_party_is_reinstated_at_once() public {
        suspend(HOME);
        vm.roll(vm.getBlockNumber() + 5);
        vm.expectEmit(address(registry));
        emit IParticipantRegistry.PartyReinstated(HOME);
        vm.prank(OPERATOR);
        registry.reinstate(HOME);

        assertTrue(registry.isActive(HOME), "active");
        assertTrue(registry.isActiveAs(HOME, Role.PROSUMER), "its role");
    }
}
