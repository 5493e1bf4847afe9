// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CallAuction} from "../../../../contracts/libraries/CallAuction.sol";
import {PriceLevels} from "../../../../contracts/libraries/PriceLevels.sol";
import {Order} from "../../../../contracts/types/Order.sol";

/// @title The rules of the call auction on their own.
contract CallAuctionHarness {
    using CallAuction for CallAuction.Cursor;

    function outcome(PriceLevels.Crossing calldata found, uint256 bidTotal)
        external
        pure
        returns (CallAuction.Outcome memory)
    {
        return CallAuction.outcome(found, bidTotal);
    }

    /// @dev Walks all orders with one cursor.
    function takeAll(CallAuction.Outcome calldata cleared, Order[] calldata orders)
        external
        pure
        returns (uint256[] memory filled, uint256[] memory laidFrom)
    {
        CallAuction.Cursor memory cursor;
        CallAuction.Outcome memory outcome_ = cleared;
        filled = new uint256[](orders.length);
        laidFrom = new uint256[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            (filled[i], laidFrom[i]) = cursor.take(outcome_, orders[i]);
        }
    }

    function share(uint256 filled, uint256 total, uint256 before, uint256 energy)
        external
        pure
        returns (uint256)
    {
        return CallAuction.share(filled, total, before, energy);
    }
}
