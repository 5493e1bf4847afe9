// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev A delivery slot, named by its start in Unix seconds, UTC (G-02).
type DeliverySlot is uint64;

using {start, equalSlot as ==} for DeliverySlot global;

/// @dev First second of delivery.
function start(DeliverySlot slot) pure returns (uint256) {
    return DeliverySlot.unwrap(slot);
}

function equalSlot(DeliverySlot a, DeliverySlot b) pure returns (bool) {
    return DeliverySlot.unwrap(a) == DeliverySlot.unwrap(b);
}
