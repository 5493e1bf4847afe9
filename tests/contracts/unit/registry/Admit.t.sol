// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {Role} from "../../../../contracts/types/Role.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract AdmitTest is MarketTest {
    uint16 private constant ALL_ROLES = (1 << 12) - 1;

    address private _newcomer;

    function setUp() public override {
        super.setUp();
        _newcomer = makeAddr("newcomer");
    }

    function test_only_the_market_operator_admits() public {
        forbidden(DSO);
        registry.admit(_newcomer, 1, 0);
    }

    function test_a_party_is_not_admitted_twice() public {
        refused(OPERATOR, abi.encodeWithSelector(IParticipantRegistry.PartyAlreadyAdmitted.selector, HOME));
        registry.admit(HOME, 1, 0);
    }

    function test_a_party_needs_a_role() public {
        refused(OPERATOR, abi.encodeWithSelector(IParticipantRegistry.RolesInvalid.selector, 0));
        registry.admit(_newcomer, 0, 0);
    }

    /// @custom:spec G-33
    function test_a_bit_that_stands_for_no_role_is_refused() public {
        uint16 thirteenth = ALL_ROLES + 1;
        refused(OPERATOR, abi.encodeWithSelector(IParticipantRegistry.RolesInvalid.selector, thirteenth));
        registry.admit(_newcomer, thirteenth, 0);
    }

    /// @custom:spec G-22 G-33
    function test_an_admitted_party_is_an_account_with_roles_and_a_hash() public {
        bytes32 details = keccak256("what the hub knows");
        vm.expectEmit(address(registry));
        emit IParticipantRegistry.PartyAdmitted(_newcomer, ALL_ROLES, details);
        vm.prank(OPERATOR);
        registry.admit(_newcomer, ALL_ROLES, details);

        IParticipantRegistry.Party memory party = registry.partyOf(_newcomer);
        assertEq(party.roles, ALL_ROLES, "roles");
        assertEq(party.admittedAt, vm.getBlockNumber(), "block of admission");
        assertEq(party.suspendedAt, 0, "never suspended");
        assertEq(party.points, 0, "metering points");
        assertEq(party.detailsHash, details, "hash of the details");
        for (uint256 i = 0; i < 12; ++i) {
            assertTrue(registry.isActiveAs(_newcomer, Role(i)), "each role");
        }
    }

    function test_a_stranger_is_no_party_and_has_no_role() public view {
        assertEq(registry.partyOf(STRANGER).admittedAt, 0, "admitted");
        assertFalse(registry.isActive(STRANGER), "active");
        assertFalse(registry.isSuspended(STRANGER), "suspended");
        assertFalse(registry.isActiveAs(STRANGER, Role.ORACLE), "oracle");
    }
}
