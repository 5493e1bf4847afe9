// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {PriceLevels} from "../../../../contracts/libraries/PriceLevels.sol";
import {Side} from "../../../../contracts/types/Order.sol";

/// @title The price levels on their own.
contract PriceLevelsHarness {
    using PriceLevels for PriceLevels.Tree;

    PriceLevels.Tree private _tree;

    function add(uint256 ring, uint16 lap, uint256 tick, Side side, uint256 energy) external {
        _tree.add(ring, lap, tick, side, energy);
    }

    function remove(uint256 ring, uint16 lap, uint256 tick, Side side, uint256 energy) external {
        _tree.remove(ring, lap, tick, side, energy);
    }

    function crossing(uint256 ring, uint16 lap, uint256 bidTotal)
        external
        view
        returns (PriceLevels.Crossing memory)
    {
        return _tree.crossing(ring, lap, bidTotal);
    }

    function sumAt(uint256 ring, uint16 lap, uint256 layer, uint256 tick, Side side)
        external
        view
        returns (uint256)
    {
        return _tree.sumAt(ring, lap, layer, tick, side);
    }
}
