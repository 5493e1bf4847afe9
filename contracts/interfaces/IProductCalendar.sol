// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeliverySlot} from "../types/DeliverySlot.sol";
import {Product} from "../types/Product.sol";

/// @title The calendar of a product: when a slot opens, is called, delivered, settled and final (G-08, G-10).
interface IProductCalendar {
    /// @notice Thrown at deployment when the product's parameters contradict each other.
    /// @param parameter Name of the first parameter that is wrong.
    error ProductInvalid(bytes32 parameter);

    /// @notice Thrown when a slot does not start at a multiple of the slot length.
    /// @param slot The slot that was named.
    /// @param slotSeconds The slot length.
    error SlotMisaligned(DeliverySlot slot, uint256 slotSeconds);

    /// @notice Returns the parameters of the product.
    function product() external view returns (Product memory);

    /// @notice Returns the first instant at which orders of the call auction are refused and `clear` may run.
    /// @param slot Any slot.
    function callTime(DeliverySlot slot) external view returns (uint256);

    /// @notice Returns the first second after the delivery of a slot.
    /// @param slot Any slot.
    function slotEnd(DeliverySlot slot) external view returns (uint256);

    /// @notice Returns the end of the reading window of a slot, when it may be settled.
    /// @param slot Any slot.
    function readingDeadline(DeliverySlot slot) external view returns (uint256);

    /// @notice Returns the end of the correction window of a slot, when it may be made final.
    /// @param slot Any slot.
    function finalTime(DeliverySlot slot) external view returns (uint256);

    /// @notice Returns the first slot that cannot be open yet: the one from which changes of a metering point hold (G-29).
    function firstUnopenedSlot() external view returns (DeliverySlot);
}
