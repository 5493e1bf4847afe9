// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {Role} from "../../../../contracts/types/Role.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract SetRolesTest is MarketTest {
    function test_only_the_market_operator_sets_roles() public {
        forbidden(BANK);
        registry.setRoles(HOME, 1);
    }

    function test_a_stranger_has_no_roles_to_set() public {
        refused(OPERATOR, abi.encodeWithSelector(IParticipantRegistry.PartyUnknown.selector, STRANGER));
        registry.setRoles(STRANGER, 1);
    }

    function test_no_role_at_all_is_refused() public {
        refused(OPERATOR, abi.encodeWithSelector(IParticipantRegistry.RolesInvalid.selector, 0));
        registry.setRoles(HOME, 0);
    }

    /// @custom:spec G-33
    function test_roles_are_replaced() public {
        uint16 roles = role(Role.CONSUMER) | role(Role.AGGREGATOR);
        vm.expectEmit(address(registry));
        emit IParticipantRegistry.RolesChanged(HOME, roles);
        vm.prank(OPERATOR);
        registry.setRoles(HOME, roles);

        assertTrue(registry.isActiveAs(HOME, Role.CONSUMER), "consumer");
        assertTrue(registry.isActiveAs(HOME, Role.AGGREGATOR), "aggregator");
        assertFalse(registry.isActiveAs(HOME, Role.PROSUMER), "no longer a prosumer");
    }
}
