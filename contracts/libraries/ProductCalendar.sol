// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IProductCalendar} from "../interfaces/IProductCalendar.sol";
import {DeliverySlot} from "../types/DeliverySlot.sol";
import {Product} from "../types/Product.sol";

/// @title The calendar of a product, held in immutables so that no call pays for storage.
/// @dev Every contract of one deployment is given the same product; the deployment manifest proves it.
abstract contract ProductCalendar is IProductCalendar {
    /// @dev Largest price of a product, 671,088 yen/kWh: the largest energy of a point in a slot (2^29 Wh) bought and sold
    ///      at it fits the 56 bits of a position, so that no booking can fail for its size.
    uint256 private constant LARGEST_PRICE = (1 << 26) - 1;

    /// @dev Largest ring: all its places can be read in one transaction.
    uint256 private constant LARGEST_RING = 5000;

    uint256 internal immutable SLOT_SECONDS;
    uint256 internal immutable CALL_LEAD;
    uint256 internal immutable GATE_LEAD;
    uint256 internal immutable HORIZON;
    uint256 internal immutable READING_WINDOW;
    uint256 internal immutable CORRECTION_WINDOW;
    uint256 internal immutable PRICE_OFFSET;
    uint256 internal immutable LONG_FLOOR;
    uint256 internal immutable SHORT_CAP;
    uint256 internal immutable RING_SIZE;

    constructor(Product memory given) {
        if (given.slotSeconds == 0) revert ProductInvalid("slotSeconds");
        if (given.gateLead > given.callLead) revert ProductInvalid("gateLead");
        if (given.callLead >= given.horizon) revert ProductInvalid("callLead");
        if (given.readingWindow > given.correctionWindow) revert ProductInvalid("readingWindow");
        if (given.priceOffset > LARGEST_PRICE - 32_767) revert ProductInvalid("priceOffset");
        if (given.longFloor > given.shortCap) revert ProductInvalid("longFloor");
        if (given.shortCap > LARGEST_PRICE) revert ProductInvalid("shortCap");
        // The ring covers the horizon, the slot itself and its correction window, so that a slot finds its storage free (G-30).
        uint256 covered = uint256(given.ringSize) * given.slotSeconds;
        uint256 needed = uint256(given.horizon) + given.slotSeconds + given.correctionWindow;
        if (covered < needed || given.ringSize > LARGEST_RING) revert ProductInvalid("ringSize");

        SLOT_SECONDS = given.slotSeconds;
        CALL_LEAD = given.callLead;
        GATE_LEAD = given.gateLead;
        HORIZON = given.horizon;
        READING_WINDOW = given.readingWindow;
        CORRECTION_WINDOW = given.correctionWindow;
        PRICE_OFFSET = given.priceOffset;
        LONG_FLOOR = given.longFloor;
        SHORT_CAP = given.shortCap;
        RING_SIZE = given.ringSize;
    }

    /// @inheritdoc IProductCalendar
    function product() external view returns (Product memory) {
        return Product({
            slotSeconds: uint32(SLOT_SECONDS),
            callLead: uint32(CALL_LEAD),
            gateLead: uint32(GATE_LEAD),
            horizon: uint32(HORIZON),
            readingWindow: uint32(READING_WINDOW),
            correctionWindow: uint32(CORRECTION_WINDOW),
            priceOffset: uint32(PRICE_OFFSET),
            longFloor: uint32(LONG_FLOOR),
            shortCap: uint32(SHORT_CAP),
            ringSize: uint32(RING_SIZE)
        });
    }

    /// @inheritdoc IProductCalendar
    function callTime(DeliverySlot slot) public view returns (uint256) {
        // The first slots of all time have no call time; it has passed.
        return slot.start() < CALL_LEAD ? 0 : slot.start() - CALL_LEAD;
    }

    /// @inheritdoc IProductCalendar
    function slotEnd(DeliverySlot slot) public view returns (uint256) {
        return slot.start() + SLOT_SECONDS;
    }

    /// @inheritdoc IProductCalendar
    function readingDeadline(DeliverySlot slot) public view returns (uint256) {
        return slotEnd(slot) + READING_WINDOW;
    }

    /// @inheritdoc IProductCalendar
    function finalTime(DeliverySlot slot) public view returns (uint256) {
        return slotEnd(slot) + CORRECTION_WINDOW;
    }

    /// @inheritdoc IProductCalendar
    function firstUnopenedSlot() public view returns (DeliverySlot) {
        uint256 afterHorizon = block.timestamp + HORIZON;
        return DeliverySlot.wrap(uint64((afterHorizon / SLOT_SECONDS + 1) * SLOT_SECONDS));
    }

    /// @dev Place of a slot in the ring.
    function _ringIndex(DeliverySlot slot) internal view returns (uint256) {
        return (slot.start() / SLOT_SECONDS) % RING_SIZE;
    }

    /// @dev Which turn of the ring a slot belongs to. Words of storage carry it, so that those of an earlier turn read as
    ///      empty and nothing is ever wiped. It repeats after 65,536 turns: 1,795 years at 480 half hours.
    function _lap(DeliverySlot slot) internal view returns (uint16) {
        return uint16((slot.start() / SLOT_SECONDS) / RING_SIZE);
    }

    function _requireAligned(DeliverySlot slot) internal view {
        if (slot.start() % SLOT_SECONDS != 0) revert SlotMisaligned(slot, SLOT_SECONDS);
    }
}
