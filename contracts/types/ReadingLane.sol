// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {WattHours} from "./Units.sol";

/// @dev The interval energies of one metering point and slot, 60 bits:
///      `present (1) | unused (1) | import Wh (29) | export Wh (29)`, least significant last. 0 = no reading.
type ReadingLane is uint256;

using {isPresent, imported, exported} for ReadingLane global;

uint256 constant LANE_BITS = 60;
uint256 constant LANES_PER_WORD = 4;
uint256 constant LANE_MASK = (1 << 60) - 1;
uint256 constant LANE_PRESENT = 1 << 59;
uint256 constant LANE_ENERGY_MASK = (1 << 29) - 1;
/// @dev Bits that a lane may use: the flag and two energies below 2^29.
uint256 constant LANE_USED = LANE_PRESENT | (LANE_ENERGY_MASK << 29) | LANE_ENERGY_MASK;

function isPresent(ReadingLane lane) pure returns (bool) {
    return ReadingLane.unwrap(lane) & LANE_PRESENT != 0;
}

function imported(ReadingLane lane) pure returns (WattHours) {
    return WattHours.wrap(uint64((ReadingLane.unwrap(lane) >> 29) & LANE_ENERGY_MASK));
}

function exported(ReadingLane lane) pure returns (WattHours) {
    return WattHours.wrap(uint64(ReadingLane.unwrap(lane) & LANE_ENERGY_MASK));
}
