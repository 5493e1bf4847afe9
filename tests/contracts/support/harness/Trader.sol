// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISpotAuction} from "../../../../contracts/interfaces/ISpotAuction.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {MeteringPoint} from "../../../../contracts/types/MeteringPoint.sol";
import {Side} from "../../../../contracts/types/Order.sol";
import {SenPerKwh, WattHours} from "../../../../contracts/types/Units.sol";

/// @title A party that fills a book with orders of the *round* distribution: prices N(18, 5) JPY in steps of 0.25 JPY,
///        both sides alike, 1 to 2,000 Wh. Its orders come from a seed, so a book is the same in every run.
contract Trader {
    ISpotAuction private immutable AUCTION;

    constructor(ISpotAuction auction) {
        AUCTION = auction;
    }

    /// @dev Places orders `first` to `first + count - 1` of the book, spread over its metering points.
    function trade(DeliverySlot slot, uint256 firstPoint, uint256 points, uint256 first, uint256 count)
        external
    {
        for (uint256 i = first; i < first + count; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("round", i)));
            AUCTION.submit(
                slot,
                MeteringPoint.wrap(uint32(firstPoint + i % points)),
                Side(seed & 1),
                SenPerKwh.wrap(uint32(roundPrice(seed))),
                WattHours.wrap(uint64(1 + (seed >> 240) % 2000))
            );
        }
    }

    /// @dev The sum of twelve uniform numbers less six is close to a standard normal one.
    function roundPrice(uint256 seed) public pure returns (uint256) {
        uint256 sum;
        for (uint256 i = 0; i < 12; ++i) {
            sum += (seed >> (8 + 16 * i)) & 0xFFFF;
        }
        uint256 quarters = (sum * 20 + 32_768) / 65_536; // 500 sen are 20 steps of 25 sen
        return quarters < 120 - 72 ? 0 : (quarters + 72 - 120) * 25;
    }
}
