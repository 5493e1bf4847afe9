// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Positions} from "./Positions.sol";

/// @title The cash of a metering point in a slot (G-10). Exact: nothing rounds.
library SettlementMath {
    /// @dev How a point was settled.
    enum Status {
        SETTLED, // with its reading, in time
        MISSING, // flagged: purchases paid, proceeds held
        LATE, // with a reading that came in the correction window
        FALLBACK // without any reading: no export, fallback import
    }

    /// @dev What the trades bring (positive) or cost.
    function contractCash(Positions.Packed memory position) internal pure returns (int256) {
        return int256(uint256(position.earned)) - int256(uint256(position.paid));
    }

    /// @dev Imbalance = metered net export - contracted net export. A surplus earns the long price, a deficit costs the
    ///      short price.
    function imbalance(
        int256 netExport,
        Positions.Packed memory position,
        uint256 longPrice,
        uint256 shortPrice
    ) internal pure returns (int256 energy, int256 cash) {
        energy =
            netExport - (int256(uint256(position.sold)) - int256(uint256(position.bought)));
        cash = energy * int256(energy > 0 ? longPrice : shortPrice);
    }

    /// @dev Packs what a pass reports of a point; the layout stands at the event `PointsSettled`.
    function packResult(
        uint256 point,
        Status status,
        int256 energy,
        int256 contractCash_,
        int256 imbalanceCash
    ) internal pure returns (uint256) {
        return (uint256(uint96(uint256(imbalanceCash))) << 160)
            | (uint256(uint80(uint256(contractCash_))) << 80) | (uint256(uint48(uint256(energy))) << 32)
            | (uint256(status) << 24) | point;
    }
}
