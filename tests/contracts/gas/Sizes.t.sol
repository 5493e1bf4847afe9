// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MarketTest} from "../support/MarketTest.sol";

/// @dev Bytes of deployed code.
contract SizesTest is MarketTest {
    /// @dev EIP-170.
    uint256 private constant LARGEST_CODE = 24_576;

    function test_each_contract_fits_the_largest_code_size() public {
        _note("ParticipantRegistry", address(registry));
        _note("SpotAuction", address(auction));
        _note("MeterOracle", address(meterOracle));
        _note("SettlementLedger", address(ledger));
    }

    function _note(string memory name, address deployed) private {
        assertLe(deployed.code.length, LARGEST_CODE, name);
        vm.snapshotValue("sizes", name, deployed.code.length);
    }
}
