// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Side} from "../types/Order.sol";
import {SenPerKwh, WattHours, Yen5} from "../types/Units.sol";

/// @title What the trades of a metering point in a slot add up to: one word per point and ring place.
library Positions {
    using SafeCast for uint256;

    /// @dev 256 bits. Money in 1e-5 JPY fits 56 bits: 720 billion JPY in one slot.
    struct Packed {
        uint16 lap;
        bool missing;
        uint32 bought;
        uint32 sold;
        uint56 paid;
        uint56 earned;
        uint56 reserved;
    }

    /// @dev Positions of all slots of the ring.
    struct Store {
        mapping(uint256 key => Packed) packed;
    }

    /// @dev Reads the position of a point, empty if an earlier lap wrote it.
    function load(Store storage store, uint256 ring, uint16 lap, uint256 point)
        internal
        view
        returns (Packed memory)
    {
        Packed memory held = store.packed[_key(ring, point)];
        if (held.lap == lap) return held;
        return Packed({lap: lap, missing: false, bought: 0, sold: 0, paid: 0, earned: 0, reserved: 0});
    }

    /// @dev Writes a position back.
    function save(Store storage store, uint256 ring, uint256 point, Packed memory position) internal {
        store.packed[_key(ring, point)] = position;
    }

    /// @dev Adds a fill and what stays reserved for it.
    function grow(Packed memory position, Side side, WattHours filled, SenPerKwh price, uint256 reserved)
        internal
        pure
    {
        uint256 energy = WattHours.unwrap(filled);
        uint56 cash = uint256(Yen5.unwrap(filled.cost(price))).toUint56();
        if (side == Side.BID) {
            position.bought = (position.bought + energy).toUint32();
            position.paid += cash;
        } else {
            position.sold = (position.sold + energy).toUint32();
            position.earned += cash;
        }
        position.reserved += reserved.toUint56();
    }

    function _key(uint256 ring, uint256 point) private pure returns (uint256) {
        return (ring << 32) | point;
    }
}
