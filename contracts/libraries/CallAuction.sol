// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Order, Side} from "../types/Order.sol";
import {WattHours} from "../types/Units.sol";
import {PriceLevels} from "./PriceLevels.sol";

/// @title The rules of the call auction: price, volume and shares (G-04, G-05).
library CallAuction {
    /// @dev What clearing found, 217 bits. Bids above and offers below `tick` are filled whole; at `tick` each side is
    ///      filled to `...Filled` of `...Total`.
    struct Outcome {
        uint16 tick;
        uint40 volume;
        uint40 bidFilled;
        uint40 bidTotal;
        uint40 offerFilled;
        uint40 offerTotal;
    }

    /// @dev How far booking has come: next order, what stood at the marginal level before it, what was laid end to end.
    struct Cursor {
        uint24 next;
        uint40 bidsBefore;
        uint40 offersBefore;
        uint40 bidsLaid;
        uint40 offersLaid;
    }

    /// @dev Price and volume from where demand and supply cross. The price is the lowest equilibrium price.
    function outcome(PriceLevels.Crossing memory found, uint256 bidTotal)
        internal
        pure
        returns (Outcome memory)
    {
        uint256 bidsAbove = bidTotal - found.bidsBelow - found.bidsAt;
        uint256 demand = bidTotal - found.bidsBelow;
        uint256 supply = found.offersBelow + found.offersAt;
        uint256 volume = demand < supply ? demand : supply;
        return Outcome({
            tick: uint16(found.tick),
            volume: uint40(volume),
            bidFilled: uint40(volume - bidsAbove),
            bidTotal: uint40(found.bidsAt),
            offerFilled: uint40(volume - found.offersBelow),
            offerTotal: uint40(found.offersAt)
        });
    }

    /// @dev Fills one order and moves the cursor on (architecture: pro-rata by running sums).
    ///      A cancelled order, or any order where nothing traded, moves nothing.
    function take(Cursor memory cursor, Outcome memory cleared, Order order)
        internal
        pure
        returns (uint256 filled, uint256 laidFrom)
    {
        if (order.isCancelled() || cleared.volume == 0) return (0, 0);

        bool isBid = order.side() == Side.BID;
        uint256 energy = WattHours.unwrap(order.energy());
        uint256 tick = order.tick();
        if (tick == cleared.tick) {
            if (isBid) {
                filled = share(cleared.bidFilled, cleared.bidTotal, cursor.bidsBefore, energy);
                cursor.bidsBefore += uint40(energy);
            } else {
                filled = share(cleared.offerFilled, cleared.offerTotal, cursor.offersBefore, energy);
                cursor.offersBefore += uint40(energy);
            }
        } else if (isBid == (tick > cleared.tick)) {
            filled = energy;
        }

        if (isBid) {
            laidFrom = cursor.bidsLaid;
            cursor.bidsLaid += uint40(filled);
        } else {
            laidFrom = cursor.offersLaid;
            cursor.offersLaid += uint40(filled);
        }
    }

    /// @dev The part of `filled` out of `total` that falls to `energy` standing behind `before`. Adds up to `filled`
    ///      over a level and is within 1 Wh of the exact share, because each boundary is floored once.
    function share(uint256 filled, uint256 total, uint256 before, uint256 energy)
        internal
        pure
        returns (uint256)
    {
        return filled * (before + energy) / total - filled * before / total;
    }
}
