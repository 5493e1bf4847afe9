// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeliverySlot} from "../types/DeliverySlot.sol";
import {MeteringPoint} from "../types/MeteringPoint.sol";
import {Side} from "../types/Order.sol";
import {SenPerKwh, WattHours} from "../types/Units.sol";

/// @title One call auction per delivery slot (itayose; C-04, C-14 to C-20, C-24 to C-27, G-03 to G-08, G-23).
interface ISpotAuction {
    /// @notice Where the auction of a slot stands. CLOSED and LAPSED are warm: time alone leads to them. The others are cold.
    enum Phase {
        NONE, // not opened
        OPEN, // takes orders
        CLOSED, // call time has come, waits for `clear`
        CLEARED, // price is known, waits for `book`
        BOOKED, // every order is booked
        LAPSED, // was not cleared before the slot started; `book` returns the reserves
        VOIDED // the DSO voided the slot; `book` returns the reserves
    }

    /// @notice What became of an order, with the reason when it got nothing.
    enum Outcome {
        PENDING, // not cleared yet
        FILLED,
        PARTLY_FILLED,
        NOTHING_TRADED, // no bid met an offer
        LIMIT_NOT_REACHED, // the clearing price is beyond the order's limit
        ROUNDED_TO_ZERO, // its share of the marginal level is below 1 Wh
        CANCELLED,
        LAPSED,
        VOIDED
    }

    /// @notice The auction of a slot. Energies of the book count what is not cancelled.
    struct Auction {
        Phase phase;
        WattHours bidEnergy;
        WattHours offerEnergy;
        uint32 orders;
        uint32 booked;
        uint64 updatedAt;
    }

    /// @notice The result of a call auction: bids above and offers below `price` are filled whole; at `price` each side
    ///         is filled to `...Filled` of `...Total`. Nothing traded when `volume` is zero.
    struct Result {
        SenPerKwh price;
        WattHours volume;
        WattHours bidFilled;
        WattHours bidTotal;
        WattHours offerFilled;
        WattHours offerTotal;
    }

    /// @notice An order and what became of it.
    struct OrderState {
        MeteringPoint point;
        Side side;
        SenPerKwh limit;
        WattHours energy;
        WattHours filled;
        Outcome outcome;
    }

    /// @notice A price level of the displayed book.
    struct Level {
        SenPerKwh price;
        WattHours energy;
    }

    /// @notice The book as it is displayed (C-15 to C-20): the best levels of each side, best first, and what lies beyond.
    struct Display {
        Level[] offers;
        Level[] bids;
        WattHours over;
        WattHours under;
        uint64 updatedAt;
    }

    /// @notice Emitted when a slot was opened for orders.
    event SlotOpened(DeliverySlot indexed slot);

    /// @notice Emitted when an order was accepted. `orderId` counts from 0 in its slot and is its sequence.
    event OrderSubmitted(
        DeliverySlot indexed slot,
        MeteringPoint indexed point,
        uint32 orderId,
        Side side,
        SenPerKwh limit,
        WattHours energy
    );

    /// @notice Emitted when an order left the book before call time. `lapsed`: because its owner is suspended (G-28).
    event OrderCancelled(DeliverySlot indexed slot, MeteringPoint indexed point, uint32 orderId, bool lapsed);

    /// @notice Emitted when a slot was cleared.
    event SlotCleared(DeliverySlot indexed slot, Result result);

    /// @notice Emitted for each chunk of booked orders.
    /// @param slot The slot.
    /// @param firstOrder First order of the chunk.
    /// @param fills One packed `Fill` per order of the chunk that got energy, in order of sequence.
    event FillsBooked(DeliverySlot indexed slot, uint32 firstOrder, uint256[] fills);

    /// @notice Emitted when every order of a slot is booked; `phase` is BOOKED, LAPSED or VOIDED.
    event SlotBooked(DeliverySlot indexed slot, Phase phase);

    /// @notice Thrown when a slot is not in the phase that a call needs.
    error WrongPhase(DeliverySlot slot, Phase phase, Phase needed);

    /// @notice Thrown when an order or cancel comes at or after call time.
    error CallTimePassed(DeliverySlot slot, uint256 callTime);

    /// @notice Thrown when a slot is cleared before its call time.
    error CallTimeAhead(DeliverySlot slot, uint256 callTime);

    /// @notice Thrown when a slot is opened earlier than the product's horizon allows.
    error BeyondHorizon(DeliverySlot slot, uint256 opensAt);

    /// @notice Thrown when a limit is not on the product's price grid.
    error PriceOffGrid(SenPerKwh price, uint256 lowest, uint256 highest);

    /// @notice Thrown when an order is zero or larger than 100 MWh.
    error EnergyInvalid(WattHours energy, uint256 largest);

    /// @notice Thrown when the open orders of a point would exceed what it can take or give in a slot (G-07).
    error RatingExceeded(MeteringPoint point, WattHours ordered, WattHours rating);

    /// @notice Thrown when somebody else than the owner of a metering point orders or cancels for it.
    error NotTheOwner(MeteringPoint point, address caller);

    /// @notice Thrown when a slot has no more room.
    error BookFull(DeliverySlot slot);

    /// @notice Thrown when an order id was never given out in a slot.
    error OrderUnknown(DeliverySlot slot, uint256 orderId);

    /// @notice Thrown when an order was cancelled before.
    error OrderAlreadyCancelled(DeliverySlot slot, uint256 orderId);

    /// @notice Thrown when an order is lapsed whose owner is not suspended.
    error OwnerNotSuspended(DeliverySlot slot, uint256 orderId);

    /// @notice Thrown when a chunk is empty or larger than one call takes.
    error CountInvalid(uint256 count);

    /// @notice Opens a slot for orders, from `horizon` before it starts until its call time. Anyone.
    function open(DeliverySlot slot) external;

    /// @notice Places an order, good until the call auction of its slot. Only the owner of the point.
    /// @param slot An open slot.
    /// @param point The metering point that takes or gives the energy.
    /// @param side Bid or offer.
    /// @param limit Worst price accepted; 0 is valid (C-11).
    /// @param energy 1 Wh to 100 MWh.
    /// @return orderId Number of the order in its slot.
    function submit(DeliverySlot slot, MeteringPoint point, Side side, SenPerKwh limit, WattHours energy)
        external
        returns (uint32 orderId);

    /// @notice Cancels an order before call time and returns its reserve. Only the owner, suspended or not (G-28).
    function cancel(DeliverySlot slot, uint32 orderId) external;

    /// @notice Takes orders of suspended owners out of the book before call time (G-28); skips cancelled ones. Anyone.
    function lapse(DeliverySlot slot, uint32[] calldata orderIds) external;

    /// @notice Clears a slot once, from call time until it starts. Anyone. Costs the same whatever the number of orders.
    function clear(DeliverySlot slot) external;

    /// @notice Books the next `count` orders of a slot that was cleared, has lapsed or was voided. Anyone.
    function book(DeliverySlot slot, uint256 count) external;

    /// @notice Returns the auction of a slot.
    function auctionOf(DeliverySlot slot) external view returns (Auction memory);

    /// @notice Returns the result of a cleared slot; all zero before.
    function resultOf(DeliverySlot slot) external view returns (Result memory);

    /// @notice Returns an order and what became of it.
    /// @dev For calls from outside: reads the orders that stand before it at the marginal level.
    function orderOf(DeliverySlot slot, uint32 orderId) external view returns (OrderState memory);

    /// @notice Returns the displayed book with at most `levels` levels a side (C-19).
    function displayOf(DeliverySlot slot, uint256 levels) external view returns (Display memory);
}
