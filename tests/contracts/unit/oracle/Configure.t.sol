// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterOracle} from "../../../../contracts/interfaces/IMeterOracle.sol";
import {Role} from "../../../../contracts/types/Role.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract ConfigureTest is MarketTest {
    function test_only_the_administrator_configures() public {
        address[] memory signers = oracleAddresses();
        forbidden(OPERATOR);
        meterOracle.configure(signers, new uint64[](4));
    }

    /// @custom:spec G-27
    function test_a_set_has_3f_plus_1_oracles_4_to_31_of_them() public {
        uint256[7] memory sizes = [uint256(0), 1, 3, 5, 6, 32, 34];
        for (uint256 i = 0; i < sizes.length; ++i) {
            refused(ADMIN, abi.encodeWithSelector(IMeterOracle.OracleSetInvalid.selector, sizes[i]));
            meterOracle.configure(new address[](sizes[i]), new uint64[](sizes[i]));
        }
    }

    function test_each_oracle_needs_its_expiry() public {
        address[] memory signers = oracleAddresses();
        refused(ADMIN, abi.encodeWithSelector(IMeterOracle.OracleSetInvalid.selector, 4));
        meterOracle.configure(signers, new uint64[](3));
    }

    function test_the_signers_are_in_ascending_order_each_once() public {
        address[] memory signers = oracleAddresses();
        (signers[1], signers[2]) = (signers[2], signers[1]);
        refused(
            ADMIN, abi.encodeWithSelector(IMeterOracle.SignaturesUnsorted.selector, signers[2], signers[1])
        );
        meterOracle.configure(signers, new uint64[](4));

        signers = oracleAddresses();
        signers[3] = signers[2];
        refused(
            ADMIN, abi.encodeWithSelector(IMeterOracle.SignaturesUnsorted.selector, signers[2], signers[2])
        );
        meterOracle.configure(signers, new uint64[](4));
    }

    /// @custom:spec G-28
    function test_a_signer_has_to_be_an_oracle_in_good_standing() public {
        address[] memory signers = oracleAddresses();
        vm.prank(OPERATOR);
        registry.setRoles(signers[1], role(Role.REGULATOR));
        refused(ADMIN, abi.encodeWithSelector(IMeterOracle.SignerSuspended.selector, signers[1]));
        meterOracle.configure(signers, new uint64[](4));

        vm.prank(OPERATOR);
        registry.setRoles(signers[1], role(Role.ORACLE));
        suspend(signers[2]);
        vm.roll(vm.getBlockNumber() + 1);
        refused(ADMIN, abi.encodeWithSelector(IMeterOracle.SignerSuspended.selector, signers[2]));
        meterOracle.configure(signers, new uint64[](4));
    }

    /// @custom:spec G-27
    function test_a_new_set_gets_the_next_version_and_its_quorum() public {
        address[] memory signers = oracleAddresses();
        uint64[] memory validUntil = new uint64[](4);
        validUntil[0] = 12;
        vm.expectEmit(address(meterOracle));
        emit IMeterOracle.OracleSetConfigured(2, signers, validUntil, 3);
        vm.prank(ADMIN);
        meterOracle.configure(signers, validUntil);

        (uint32 version, uint256 quorum, address[] memory members) = meterOracle.oracleSet();
        assertEq(version, 2, "version");
        assertEq(quorum, 3, "quorum");
        assertEq(members.length, 4, "members");
        assertEq(members[3], signers[3], "last member");
    }

    /// @custom:spec G-27
    function test_the_quorum_is_2f_plus_1() public {
        uint256[5] memory sizes = [uint256(4), 7, 10, 13, 31];
        uint256[5] memory quorums = [uint256(3), 5, 7, 9, 21];
        for (uint256 i = 0; i < sizes.length; ++i) {
            configureOracles(sizes[i]);
            (, uint256 quorum,) = meterOracle.oracleSet();
            assertEq(quorum, quorums[i], "quorum");
        }
    }
}
