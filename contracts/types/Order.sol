// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MeteringPoint} from "./MeteringPoint.sol";
import {WattHours} from "./Units.sol";

/// @dev Order to buy or to sell.
enum Side {
    BID,
    OFFER
}

/// @dev An order as it lies in the order log, 68 bits:
///      `cancelled (1) | energy (27) | tick (15) | side (1) | metering point (24)`, least significant last.
type Order is uint256;

using {point, side, tick, energy, isCancelled, cancelled} for Order global;

/// @dev Bits of one packed order.
uint256 constant ORDER_BITS = 68;

/// @dev Largest order: 100 MWh (G-07), which fits 27 bits.
uint64 constant LARGEST_ORDER_WH = 100_000_000;

/// @dev Largest metering-point index that an order can name.
uint32 constant LARGEST_POINT = (1 << 24) - 1;

uint256 constant CANCELLED_BIT = 1 << 67;

/// @dev Packs an order. The caller has checked the ranges: point < 2^24, tick < 2^15, energy <= 100 MWh.
function packOrder(MeteringPoint point_, Side side_, uint256 tick_, WattHours energy_) pure returns (Order) {
    return Order.wrap(
        (uint256(WattHours.unwrap(energy_)) << 40) | (tick_ << 25) | (uint256(side_) << 24)
            | MeteringPoint.unwrap(point_)
    );
}

function point(Order order) pure returns (MeteringPoint) {
    return MeteringPoint.wrap(uint32(Order.unwrap(order) & 0xFFFFFF));
}

function side(Order order) pure returns (Side) {
    return Side((Order.unwrap(order) >> 24) & 1);
}

function tick(Order order) pure returns (uint256) {
    return (Order.unwrap(order) >> 25) & 0x7FFF;
}

function energy(Order order) pure returns (WattHours) {
    return WattHours.wrap(uint64((Order.unwrap(order) >> 40) & 0x7FFFFFF));
}

function isCancelled(Order order) pure returns (bool) {
    return Order.unwrap(order) & CANCELLED_BIT != 0;
}

function cancelled(Order order) pure returns (Order) {
    return Order.wrap(Order.unwrap(order) | CANCELLED_BIT);
}
