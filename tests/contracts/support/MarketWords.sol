// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeliverySlot} from "../../../contracts/types/DeliverySlot.sol";
import {MeteringPoint} from "../../../contracts/types/MeteringPoint.sol";
import {SenPerKwh, WattHours, Yen5} from "../../../contracts/types/Units.sol";
import {Test} from "./Test.sol";

/// @title Short words for the market's units, and comparisons of them.
abstract contract MarketWords is Test {
    /// @dev 1 JPY in 1e-5 JPY.
    int256 internal constant YEN = 100_000;

    function wh(uint256 energy) internal pure returns (WattHours) {
        return WattHours.wrap(uint64(energy));
    }

    function sen(uint256 price) internal pure returns (SenPerKwh) {
        return SenPerKwh.wrap(uint32(price));
    }

    function yen5(int256 amount) internal pure returns (Yen5) {
        return Yen5.wrap(amount);
    }

    function metering(uint256 index) internal pure returns (MeteringPoint) {
        return MeteringPoint.wrap(uint32(index));
    }

    function slotAt(uint256 start) internal pure returns (DeliverySlot) {
        return DeliverySlot.wrap(uint64(start));
    }

    function assertEq(WattHours left, uint256 right, string memory message) internal pure {
        assertEq(uint256(WattHours.unwrap(left)), right, message);
    }

    function assertEq(SenPerKwh left, uint256 right, string memory message) internal pure {
        assertEq(uint256(SenPerKwh.unwrap(left)), right, message);
    }

    function assertEq(Yen5 left, int256 right, string memory message) internal pure {
        assertEq(Yen5.unwrap(left), right, message);
    }
}
