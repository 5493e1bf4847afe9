// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A word of `PointsSettled` as its reader takes it apart:
///        `imbalance cash (96) | contract cash (80) | imbalance Wh (48) | status (8) | point (24)`.
struct SettledResult {
    uint256 point;
    uint256 status;
    int256 imbalanceWh;
    int256 contractCash;
    int256 imbalanceCash;
}

uint256 constant STATUS_SETTLED = 0;
uint256 constant STATUS_MISSING = 1;
uint256 constant STATUS_LATE = 2;
uint256 constant STATUS_FALLBACK = 3;

/// @dev Reads a word back, signs extended.
function readResult(uint256 word) pure returns (SettledResult memory) {
    return SettledResult({
        point: word & 0xFFFFFF,
        status: (word >> 24) & 0xFF,
        imbalanceWh: int48(uint48(word >> 32)),
        contractCash: int80(uint80(word >> 80)),
        imbalanceCash: int96(uint96(word >> 160))
    });
}
