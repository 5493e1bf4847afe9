// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISpotAuction} from "../interfaces/ISpotAuction.sol";
import {Side} from "../types/Order.sol";
import {SenPerKwh, WattHours} from "../types/Units.sol";
import {PriceLevels} from "./PriceLevels.sol";

/// @title The book as it is displayed: the best levels of a side and what lies beyond (C-15 to C-20).
library BookDisplay {
    using PriceLevels for PriceLevels.Tree;

    /// @dev Levels that one call shows at most.
    uint256 internal constant LARGEST_DISPLAY = 64;

    /// @dev Ticks per node of the upper two layers of the tree.
    uint256 private constant TOP_SPAN = 1024;
    uint256 private constant MIDDLE_SPAN = 32;

    /// @dev What was asked for and where it lies.
    struct Query {
        uint256 ring;
        uint16 lap;
        Side side;
    }

    /// @dev Collects the best `count` levels of a side, best first, skipping prices without orders, and the energy of
    ///      all others. Reads only nodes that hold energy; for views.
    function side(
        PriceLevels.Tree storage levels,
        uint256 ring,
        uint16 lap,
        Side side_,
        uint256 total,
        uint256 count,
        uint256 priceOffset
    ) internal view returns (ISpotAuction.Level[] memory shown, WattHours beyond) {
        if (count > LARGEST_DISPLAY) count = LARGEST_DISPLAY;
        Query memory query = Query({ring: ring, lap: lap, side: side_});
        ISpotAuction.Level[] memory found = new ISpotAuction.Level[](count);
        uint256 length;
        uint256 left = total;
        uint256 step = 0;
        while (left > 0 && length < count && step < PriceLevels.TICKS) {
            uint256 tick = side_ == Side.OFFER ? step : PriceLevels.TICKS - 1 - step;
            uint256 span = _emptySpan(levels, query, tick);
            if (span == 0) {
                uint256 energy = levels.sumAt(ring, lap, 2, tick, side_);
                found[length++] = ISpotAuction.Level(
                    SenPerKwh.wrap(uint32(priceOffset + tick)), WattHours.wrap(uint64(energy))
                );
                left -= energy;
                span = 1;
            }
            step += span;
        }
        shown = new ISpotAuction.Level[](length);
        for (uint256 i = 0; i < length; ++i) {
            shown[i] = found[i];
        }
        beyond = WattHours.wrap(uint64(left));
    }

    /// @dev How many ticks can be skipped because the largest node that begins at this step holds nothing; 0 when the
    ///      tick itself holds energy. Both directions meet nodes at their edge because spans divide the grid.
    function _emptySpan(PriceLevels.Tree storage levels, Query memory query, uint256 tick)
        private
        view
        returns (uint256)
    {
        uint256 edge = query.side == Side.OFFER ? tick : PriceLevels.TICKS - 1 - tick;
        if (edge % TOP_SPAN == 0 && levels.sumAt(query.ring, query.lap, 0, tick, query.side) == 0) {
            return TOP_SPAN;
        }
        if (edge % MIDDLE_SPAN == 0 && levels.sumAt(query.ring, query.lap, 1, tick, query.side) == 0) {
            return MIDDLE_SPAN;
        }
        return levels.sumAt(query.ring, query.lap, 2, tick, query.side) == 0 ? 1 : 0;
    }
}
