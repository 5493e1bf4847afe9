// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Side} from "../types/Order.sol";
import {SenPerKwh, WattHours, Yen5} from "../types/Units.sol";

/// @title What an order can cost its sender (G-12).
library Collateral {
    /// @dev A bid can cost its price, an offer the difference to the dearest energy that replaces it. `price` is the
    ///      order's limit before clearing and the clearing price after.
    function required(Side side, WattHours energy, SenPerKwh price, SenPerKwh shortCap)
        internal
        pure
        returns (uint256)
    {
        if (side == Side.BID) return uint256(Yen5.unwrap(energy.cost(price)));
        if (!(price < shortCap)) return 0;
        return uint256(Yen5.unwrap(energy.cost(shortCap) - energy.cost(price)));
    }
}
