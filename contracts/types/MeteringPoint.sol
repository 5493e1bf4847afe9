// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev A metering point: a dense index from 1, never given out twice (G-22, G-29). 0 is no metering point.
type MeteringPoint is uint32;

using {index, equalPoint as ==} for MeteringPoint global;

/// @dev What a metering point stands for in the market (G-33).
enum PointKind {
    CONSUMER,
    PROSUMER,
    GENERATOR,
    SHOP,
    BUSINESS_SITE,
    EV
}

/// @dev Where the energy that a metering point exports comes from (C-09, G-25).
enum Source {
    OTHER,
    RENEWABLE
}

function index(MeteringPoint point) pure returns (uint256) {
    return MeteringPoint.unwrap(point);
}

function equalPoint(MeteringPoint a, MeteringPoint b) pure returns (bool) {
    return MeteringPoint.unwrap(a) == MeteringPoint.unwrap(b);
}
