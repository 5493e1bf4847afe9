// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IParticipantRegistry} from "../interfaces/IParticipantRegistry.sol";
import {ISettlementLedger} from "../interfaces/ISettlementLedger.sol";
import {ISpotAuction} from "../interfaces/ISpotAuction.sol";
import {BookDisplay} from "../libraries/BookDisplay.sol";
import {CallAuction} from "../libraries/CallAuction.sol";
import {OrderLog} from "../libraries/OrderLog.sol";
import {PriceLevels} from "../libraries/PriceLevels.sol";
import {ProductCalendar} from "../libraries/ProductCalendar.sol";
import {DeliverySlot} from "../types/DeliverySlot.sol";
import {Fill, packFill} from "../types/Fill.sol";
import {MeteringPoint} from "../types/MeteringPoint.sol";
import {LARGEST_ORDER_WH, Order, Side, packOrder} from "../types/Order.sol";
import {Product} from "../types/Product.sol";
import {SenPerKwh, WattHours} from "../types/Units.sol";

/// @title One call auction per delivery slot.
contract SpotAuction is ISpotAuction, ProductCalendar {
    using CallAuction for CallAuction.Cursor;
    using OrderLog for OrderLog.Log;
    using PriceLevels for PriceLevels.Tree;

    /// @dev Most orders that one call books; keeps a call below 16,777,216 gas even when all of them are filled in part on
    ///      storage that was never used.
    uint256 private constant LARGEST_CHUNK = 350;

    /// @dev Most orders that one call lapses.
    uint256 private constant LARGEST_LAPSE = 200;

    /// @dev The auction of the slot that holds this place of the ring, one word.
    struct Head {
        uint64 tenant;
        Phase phase;
        uint40 bidEnergy;
        uint40 offerEnergy;
        uint24 orders;
        uint40 updatedAt;
    }

    /// @dev What a metering point has in the book of a slot, not counting what was cancelled.
    struct OpenOrders {
        uint16 lap;
        uint40 bidEnergy;
        uint40 offerEnergy;
    }

    IParticipantRegistry private immutable REGISTRY;
    ISettlementLedger private immutable LEDGER;

    PriceLevels.Tree private _levels;
    OrderLog.Log private _orders;
    mapping(uint256 ring => Head) private _heads;
    mapping(uint256 ring => CallAuction.Outcome) private _outcomes;
    mapping(uint256 ring => CallAuction.Cursor) private _cursors;
    mapping(uint256 ring => mapping(uint256 point => OpenOrders)) private _openOrders;

    constructor(IParticipantRegistry registry, ISettlementLedger ledger, Product memory given)
        ProductCalendar(given)
    {
        REGISTRY = registry;
        LEDGER = ledger;
    }

    /* BIDDING */

    /// @inheritdoc ISpotAuction
    function open(DeliverySlot slot) external {
        _requireAligned(slot);
        if (slot.start() > block.timestamp + HORIZON) revert BeyondHorizon(slot, slot.start() - HORIZON);
        if (block.timestamp >= callTime(slot)) revert CallTimePassed(slot, callTime(slot));
        Phase phase = _phaseOf(slot);
        if (phase != Phase.NONE) revert WrongPhase(slot, phase, Phase.NONE);

        uint256 ring = _ringIndex(slot);
        _heads[ring] = Head({
            tenant: DeliverySlot.unwrap(slot),
            phase: Phase.OPEN,
            bidEnergy: 0,
            offerEnergy: 0,
            orders: 0,
            updatedAt: uint40(block.timestamp)
        });
        _cursors[ring] = CallAuction.Cursor(0, 0, 0, 0, 0);

        emit SlotOpened(slot);

        LEDGER.open(slot);
    }

    /// @inheritdoc ISpotAuction
    function submit(DeliverySlot slot, MeteringPoint point, Side side, SenPerKwh limit, WattHours energy)
        external
        returns (uint32 orderId)
    {
        uint256 ring = _ringIndex(slot);
        Head memory head = _requireTakesOrders(slot);
        uint256 tick = _tickOf(limit);
        if (energy.isZero() || WattHours.unwrap(energy) > LARGEST_ORDER_WH) {
            revert EnergyInvalid(energy, LARGEST_ORDER_WH);
        }
        (address owner, uint256 ownerPoints, WattHours importLimit, WattHours exportLimit) =
            REGISTRY.orderContext(point, slot);
        if (owner != msg.sender) revert NotTheOwner(point, msg.sender);

        orderId = head.orders;
        _growOpenOrders(slot, ring, point, side, energy, side == Side.BID ? importLimit : exportLimit);
        _growHead(slot, ring, head, side, energy);
        _levels.add(ring, _lap(slot), tick, side, WattHours.unwrap(energy));
        _orders.append(ring, _lap(slot), orderId, packOrder(point, side, tick, energy));

        emit OrderSubmitted(slot, point, orderId, side, limit, energy);

        LEDGER.reserveOrder(owner, ownerPoints, side, energy, limit);
    }

    /// @inheritdoc ISpotAuction
    function cancel(DeliverySlot slot, uint32 orderId) external {
        Order order = _requireCancellable(slot, orderId);
        address owner = REGISTRY.ownerOf(order.point(), slot);
        if (owner != msg.sender) revert NotTheOwner(order.point(), msg.sender);

        _remove(slot, orderId, order, owner, false);
    }

    /// @inheritdoc ISpotAuction
    function lapse(DeliverySlot slot, uint32[] calldata orderIds) external {
        if (orderIds.length == 0 || orderIds.length > LARGEST_LAPSE) revert CountInvalid(orderIds.length);

        _requireTakesOrders(slot);

        for (uint256 i = 0; i < orderIds.length; ++i) {
            Order order = _orderAt(slot, orderIds[i]);
            // Its owner may have cancelled it meanwhile, which must not hold up the others.
            if (order.isCancelled()) continue;
            address owner = REGISTRY.ownerOf(order.point(), slot);
            if (!REGISTRY.isSuspended(owner)) revert OwnerNotSuspended(slot, orderIds[i]);
            _remove(slot, orderIds[i], order, owner, true);
        }
    }

    /* CLEARING AND BOOKING */

    /// @inheritdoc ISpotAuction
    function clear(DeliverySlot slot) external {
        Phase phase = _phaseOf(slot);
        if (phase == Phase.OPEN) revert CallTimeAhead(slot, callTime(slot));
        if (phase != Phase.CLOSED) revert WrongPhase(slot, phase, Phase.CLOSED);

        uint256 ring = _ringIndex(slot);
        uint256 bidEnergy = _heads[ring].bidEnergy;
        CallAuction.Outcome memory outcome;
        if (bidEnergy > 0 && _heads[ring].offerEnergy > 0) {
            outcome = CallAuction.outcome(_levels.crossing(ring, _lap(slot), bidEnergy), bidEnergy);
        }
        _heads[ring].phase = Phase.CLEARED;
        _outcomes[ring] = outcome;

        emit SlotCleared(slot, _resultFrom(outcome));
    }

    /// @inheritdoc ISpotAuction
    function book(DeliverySlot slot, uint256 count) external {
        if (count == 0 || count > LARGEST_CHUNK) revert CountInvalid(count);
        Phase phase = _requireBookable(slot);
        uint256 ring = _ringIndex(slot);
        CallAuction.Cursor memory cursor = _cursors[ring];
        // Without a cleared slot nothing is filled and every reserve returns (G-08).
        CallAuction.Outcome memory outcome;
        if (phase == Phase.CLEARED) outcome = _outcomes[ring];

        uint256 orders = _heads[ring].orders;
        uint256 length = orders - cursor.next < count ? orders - cursor.next : count;
        bool last = cursor.next + length == orders;
        _bookChunk(slot, ring, cursor, outcome, length);
        _cursors[ring] = cursor;

        if (last) _completeBooking(slot, ring, phase, outcome);
    }

    /* VIEWS */

    /// @inheritdoc ISpotAuction
    function auctionOf(DeliverySlot slot) external view returns (Auction memory auction) {
        auction.phase = _phaseOf(slot);
        if (auction.phase == Phase.NONE) return auction;
        Head storage head = _heads[_ringIndex(slot)];
        auction.bidEnergy = WattHours.wrap(head.bidEnergy);
        auction.offerEnergy = WattHours.wrap(head.offerEnergy);
        auction.orders = head.orders;
        auction.booked = _cursors[_ringIndex(slot)].next;
        auction.updatedAt = head.updatedAt;
    }

    /// @inheritdoc ISpotAuction
    function resultOf(DeliverySlot slot) external view returns (Result memory result) {
        if (_hasOutcome(slot)) return _resultFrom(_outcomes[_ringIndex(slot)]);
    }

    /// @inheritdoc ISpotAuction
    function orderOf(DeliverySlot slot, uint32 orderId) external view returns (OrderState memory state) {
        Order order = _orderAt(slot, orderId);
        state.point = order.point();
        state.side = order.side();
        state.limit = _priceAt(order.tick());
        state.energy = order.energy();
        (state.filled, state.outcome) = _outcomeOf(slot, orderId, order);
    }

    /// @inheritdoc ISpotAuction
    function displayOf(DeliverySlot slot, uint256 levels) external view returns (Display memory) {
        if (_phaseOf(slot) == Phase.NONE) revert WrongPhase(slot, Phase.NONE, Phase.OPEN);
        Head storage head = _heads[_ringIndex(slot)];
        Display memory display;
        (display.offers, display.over) = BookDisplay.side(
            _levels, _ringIndex(slot), _lap(slot), Side.OFFER, head.offerEnergy, levels, PRICE_OFFSET
        );
        (display.bids, display.under) = BookDisplay.side(
            _levels, _ringIndex(slot), _lap(slot), Side.BID, head.bidEnergy, levels, PRICE_OFFSET
        );
        display.updatedAt = head.updatedAt;
        return display;
    }

    /* INTERNALS: ORDERS */

    /// @dev Adds to what a point has in the book; it may not exceed what the point can take or give (G-07).
    function _growOpenOrders(
        DeliverySlot slot,
        uint256 ring,
        MeteringPoint point,
        Side side,
        WattHours energy,
        WattHours rating
    ) private {
        OpenOrders memory held = _openOrders[ring][point.index()];
        if (held.lap != _lap(slot)) held = OpenOrders({lap: _lap(slot), bidEnergy: 0, offerEnergy: 0});
        uint256 ordered = (side == Side.BID ? held.bidEnergy : held.offerEnergy) + WattHours.unwrap(energy);
        if (ordered > WattHours.unwrap(rating)) {
            revert RatingExceeded(point, WattHours.wrap(uint64(ordered)), rating);
        }

        if (side == Side.BID) held.bidEnergy = uint40(ordered);
        else held.offerEnergy = uint40(ordered);
        _openOrders[ring][point.index()] = held;
    }

    /// @dev Counts the order and adds to its side's total, which stays below 2^40 so that no sum of the levels overflows.
    function _growHead(DeliverySlot slot, uint256 ring, Head memory head, Side side, WattHours energy)
        private
    {
        uint256 total =
            (side == Side.BID ? head.bidEnergy : head.offerEnergy) + WattHours.unwrap(energy);
        if (total > PriceLevels.LARGEST_TOTAL || head.orders == OrderLog.LARGEST_COUNT) {
            revert BookFull(slot);
        }

        if (side == Side.BID) head.bidEnergy = uint40(total);
        else head.offerEnergy = uint40(total);
        head.orders += 1;
        head.updatedAt = uint40(block.timestamp);
        _heads[ring] = head;
    }

    function _remove(DeliverySlot slot, uint32 orderId, Order order, address owner, bool lapsed) private {
        uint256 ring = _ringIndex(slot);
        uint40 energy = uint40(WattHours.unwrap(order.energy()));
        Head storage head = _heads[ring];
        OpenOrders storage held = _openOrders[ring][order.point().index()];
        if (order.side() == Side.BID) {
            head.bidEnergy -= energy;
            held.bidEnergy -= energy;
        } else {
            head.offerEnergy -= energy;
            held.offerEnergy -= energy;
        }
        head.updatedAt = uint40(block.timestamp);
        _levels.remove(ring, _lap(slot), order.tick(), order.side(), energy);
        _orders.replace(ring, orderId, order.cancelled());

        emit OrderCancelled(slot, order.point(), orderId, lapsed);

        LEDGER.releaseOrder(owner, order.side(), order.energy(), _priceAt(order.tick()));
    }

    /* INTERNALS: BOOKING */

    /// @dev Books the next orders: what each got, and what the ledger has to know of those that still had a reserve.
    function _bookChunk(
        DeliverySlot slot,
        uint256 ring,
        CallAuction.Cursor memory cursor,
        CallAuction.Outcome memory outcome,
        uint256 length
    ) private {
        uint256 first = cursor.next;
        uint256[] memory fills = new uint256[](length);
        ISettlementLedger.Booking[] memory bookings = new ISettlementLedger.Booking[](length);
        uint256 fillCount;
        uint256 bookingCount;
        for (uint256 id = first; id < first + length; ++id) {
            Order order = _orders.read(ring, id);
            if (order.isCancelled()) continue;
            (uint256 filled, uint256 laidFrom) = cursor.take(outcome, order);
            WattHours energy = WattHours.wrap(uint64(filled));
            bookings[bookingCount++] = _bookingOf(order, energy);
            if (filled > 0) {
                fills[fillCount++] = Fill.unwrap(packFill(id, order.point(), order.side(), energy, laidFrom));
            }
        }
        cursor.next = uint24(first + length);

        if (fillCount > 0) emit FillsBooked(slot, uint32(first), _firstWords(fills, fillCount));

        if (bookingCount > 0) {
            LEDGER.book(slot, _priceAt(outcome.tick), _firstBookings(bookings, bookingCount));
        }
    }

    function _completeBooking(
        DeliverySlot slot,
        uint256 ring,
        Phase phase,
        CallAuction.Outcome memory outcome
    ) private {
        if (phase == Phase.CLEARED) _heads[ring].phase = Phase.BOOKED;
        else _heads[ring].phase = phase;
        bool traded = outcome.volume > 0;

        emit SlotBooked(slot, _heads[ring].phase);

        LEDGER.completeBooking(slot, traded, traded ? _priceAt(outcome.tick) : SenPerKwh.wrap(0));
    }

    function _bookingOf(Order order, WattHours filled)
        private
        view
        returns (ISettlementLedger.Booking memory)
    {
        return ISettlementLedger.Booking({
            point: order.point(),
            side: order.side(),
            limit: _priceAt(order.tick()),
            ordered: order.energy(),
            filled: filled
        });
    }

    function _firstWords(uint256[] memory words, uint256 count)
        private
        pure
        returns (uint256[] memory first)
    {
        first = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            first[i] = words[i];
        }
    }

    function _firstBookings(ISettlementLedger.Booking[] memory bookings, uint256 count)
        private
        pure
        returns (ISettlementLedger.Booking[] memory first)
    {
        first = new ISettlementLedger.Booking[](count);
        for (uint256 i = 0; i < count; ++i) {
            first[i] = bookings[i];
        }
    }

    /* INTERNALS: WHAT BECAME OF AN ORDER */

    function _outcomeOf(DeliverySlot slot, uint32 orderId, Order order)
        private
        view
        returns (WattHours, Outcome)
    {
        WattHours nothing = WattHours.wrap(0);
        if (order.isCancelled()) return (nothing, Outcome.CANCELLED);
        Phase phase = _phaseOf(slot);
        if (phase == Phase.VOIDED) return (nothing, Outcome.VOIDED);
        if (phase == Phase.LAPSED) return (nothing, Outcome.LAPSED);
        if (phase == Phase.OPEN || phase == Phase.CLOSED) return (nothing, Outcome.PENDING);

        CallAuction.Outcome memory cleared = _outcomes[_ringIndex(slot)];
        if (cleared.volume == 0) return (nothing, Outcome.NOTHING_TRADED);
        CallAuction.Cursor memory cursor = _cursorBefore(slot, orderId, order);
        (uint256 filled,) = cursor.take(cleared, order);
        WattHours energy = WattHours.wrap(uint64(filled));
        if (energy == order.energy()) return (energy, Outcome.FILLED);
        if (filled > 0) return (energy, Outcome.PARTLY_FILLED);
        bool atMargin = order.tick() == cleared.tick
            && (order.side() == Side.BID ? cleared.bidFilled : cleared.offerFilled) > 0;
        return (nothing, atMargin ? Outcome.ROUNDED_TO_ZERO : Outcome.LIMIT_NOT_REACHED);
    }

    /// @dev What stands before an order at its level; bounded by the orders of the slot, and used by views only.
    function _cursorBefore(DeliverySlot slot, uint32 orderId, Order order)
        private
        view
        returns (CallAuction.Cursor memory cursor)
    {
        uint256 ring = _ringIndex(slot);
        uint40 before;
        for (uint256 id = 0; id < orderId; ++id) {
            Order earlier = _orders.read(ring, id);
            bool sameLevel = earlier.tick() == order.tick() && earlier.side() == order.side();
            if (sameLevel && !earlier.isCancelled()) before += uint40(WattHours.unwrap(earlier.energy()));
        }
        cursor.bidsBefore = before;
        cursor.offersBefore = before;
    }

    /* INTERNALS: PHASES AND CHECKS */

    /// @dev The phase as time and the ledger make it.
    function _phaseOf(DeliverySlot slot) private view returns (Phase) {
        Head storage head = _heads[_ringIndex(slot)];
        if (head.tenant != DeliverySlot.unwrap(slot)) return Phase.NONE;
        Phase phase = head.phase;
        (, bool voided) = LEDGER.isOpen(slot);
        if (voided) return Phase.VOIDED;
        if (phase != Phase.OPEN || block.timestamp < callTime(slot)) return phase;
        return block.timestamp < slot.start() ? Phase.CLOSED : Phase.LAPSED;
    }

    function _hasOutcome(DeliverySlot slot) private view returns (bool) {
        Phase phase = _phaseOf(slot);
        return phase == Phase.CLEARED || phase == Phase.BOOKED;
    }

    function _requireTakesOrders(DeliverySlot slot) private view returns (Head memory head) {
        Phase phase = _phaseOf(slot);
        if (phase == Phase.CLOSED || phase == Phase.CLEARED || phase == Phase.BOOKED) {
            revert CallTimePassed(slot, callTime(slot));
        }
        if (phase != Phase.OPEN) revert WrongPhase(slot, phase, Phase.OPEN);
        return _heads[_ringIndex(slot)];
    }

    function _requireBookable(DeliverySlot slot) private view returns (Phase phase) {
        phase = _phaseOf(slot);
        bool bookable = phase == Phase.CLEARED || phase == Phase.LAPSED || phase == Phase.VOIDED;
        (bool open_,) = LEDGER.isOpen(slot);
        // The ledger knows whether the last chunk was booked: a lapsed or voided slot keeps its phase.
        if (!bookable || !open_) revert WrongPhase(slot, bookable ? Phase.BOOKED : phase, Phase.CLEARED);
    }

    function _requireCancellable(DeliverySlot slot, uint32 orderId) private view returns (Order order) {
        order = _orderAt(slot, orderId);
        _requireTakesOrders(slot);
        if (order.isCancelled()) revert OrderAlreadyCancelled(slot, orderId);
    }

    function _orderAt(DeliverySlot slot, uint32 orderId) private view returns (Order) {
        Head storage head = _heads[_ringIndex(slot)];
        bool known = head.tenant == DeliverySlot.unwrap(slot) && orderId < head.orders;
        if (!known) revert OrderUnknown(slot, orderId);
        return _orders.read(_ringIndex(slot), orderId);
    }

    function _tickOf(SenPerKwh price) private view returns (uint256) {
        uint256 sen = SenPerKwh.unwrap(price);
        uint256 highest = PRICE_OFFSET + PriceLevels.TICKS - 1;
        if (sen < PRICE_OFFSET || sen > highest) revert PriceOffGrid(price, PRICE_OFFSET, highest);
        return sen - PRICE_OFFSET;
    }

    function _priceAt(uint256 tick) private view returns (SenPerKwh) {
        return SenPerKwh.wrap(uint32(PRICE_OFFSET + tick));
    }

    function _resultFrom(CallAuction.Outcome memory outcome) private view returns (Result memory) {
        bool traded = outcome.volume > 0;
        return Result({
            price: traded ? _priceAt(outcome.tick) : SenPerKwh.wrap(0),
            volume: WattHours.wrap(outcome.volume),
            bidFilled: WattHours.wrap(outcome.bidFilled),
            bidTotal: WattHours.wrap(outcome.bidTotal),
            offerFilled: WattHours.wrap(outcome.offerFilled),
            offerTotal: WattHours.wrap(outcome.offerTotal)
        });
    }
}
