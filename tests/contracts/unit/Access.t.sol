// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IMeterOracle} from "../../../contracts/interfaces/IMeterOracle.sol";
import {IParticipantRegistry} from "../../../contracts/interfaces/IParticipantRegistry.sol";
import {ISettlementLedger} from "../../../contracts/interfaces/ISettlementLedger.sol";
import {MarketTest} from "../support/MarketTest.sol";

/// @dev Every function of an institution against everybody who is not that institution.
contract AccessTest is MarketTest {
    struct Restricted {
        address target;
        bytes4 selector;
        address institution;
    }

    Restricted[] private _restricted;

    function setUp() public override {
        super.setUp();
        _list(address(registry), operatorSelectors(), OPERATOR);
        _list(address(ledger), dsoSelectors(), DSO);
        _list(address(ledger), bankSelectors(), BANK);
        _restricted.push(Restricted(address(ledger), ISettlementLedger.admitMarket.selector, ADMIN));
        _restricted.push(Restricted(address(meterOracle), IMeterOracle.configure.selector, ADMIN));
    }

    /// @custom:spec F-49 G-33
    function test_nobody_does_what_is_another_institutions() public {
        address[9] memory callers =
            [ADMIN, OPERATOR, DSO, BANK, KEEPER, STRANGER, HOME, vm.addr(oracleKeys[0]), address(auction)];
        for (uint256 i = 0; i < _restricted.length; ++i) {
            for (uint256 j = 0; j < callers.length; ++j) {
                if (callers[j] == _restricted[i].institution) continue;
                _assertUnauthorised(_restricted[i], callers[j]);
            }
        }
    }

    /// @custom:spec G-33
    function test_each_institution_gets_through_to_its_own() public {
        for (uint256 i = 0; i < _restricted.length; ++i) {
            (, bytes memory answer) = _call(_restricted[i], _restricted[i].institution);
            assertTrue(bytes4(answer) != IAccessManaged.AccessManagedUnauthorized.selector, "let through");
        }
    }

    function test_a_role_that_is_taken_away_is_gone() public {
        vm.prank(ADMIN);
        access.revokeRole(OPERATOR_ROLE, OPERATOR);
        forbidden(OPERATOR);
        registry.suspend(HOME, 0);
    }

    function _list(address target, bytes4[] memory selectors, address institution) private {
        for (uint256 i = 0; i < selectors.length; ++i) {
            _restricted.push(Restricted(target, selectors[i], institution));
        }
    }

    /// @dev The arguments do not matter: the check stands before anything else is read.
    function _call(Restricted memory what, address caller) private returns (bool done, bytes memory answer) {
        vm.prank(caller);
        return what.target.call(_callData(what.selector));
    }

    function _assertUnauthorised(Restricted memory what, address caller) private {
        (bool done, bytes memory answer) = _call(what, caller);
        assertFalse(done, "done");
        assertEq(
            answer,
            abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller),
            "reason"
        );
    }

    /// @dev Well-formed arguments for a selector: zeros, and for the two functions with dynamic parts an empty one.
    function _callData(bytes4 selector) private pure returns (bytes memory) {
        IParticipantRegistry.PointRegistration memory registration;
        if (selector == IParticipantRegistry.registerPoint.selector) {
            return abi.encodeWithSelector(selector, registration, bytes(""));
        }
        if (selector == IParticipantRegistry.rotateGateway.selector) {
            return abi.encodeWithSelector(selector, 0, address(0), bytes(""));
        }
        if (selector == IMeterOracle.configure.selector) {
            return abi.encodeWithSelector(selector, new address[](0), new uint64[](0));
        }
        return abi.encodeWithSelector(selector, 0, 0, 0, 0);
    }
}
