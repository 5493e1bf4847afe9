// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterOracle} from "../interfaces/IMeterOracle.sol";
import {IParticipantRegistry} from "../interfaces/IParticipantRegistry.sol";
import {ISettlementLedger} from "../interfaces/ISettlementLedger.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Positions} from "../libraries/Positions.sol";
import {SettlementMath} from "../libraries/SettlementMath.sol";
import {LedgerAccounts} from "./LedgerAccounts.sol";
import {DeliverySlot} from "../types/DeliverySlot.sol";
import {MeteringPoint} from "../types/MeteringPoint.sol";
import {Side} from "../types/Order.sol";
import {Product} from "../types/Product.sol";
import {ReadingLane} from "../types/ReadingLane.sol";
import {SenPerKwh, WattHours, Yen5} from "../types/Units.sol";

/// @title Balances, collateral and the settlement of slots.
contract SettlementLedger is LedgerAccounts {
    using Accounts for Accounts.Account;
    using Positions for Positions.Store;
    using Positions for Positions.Packed;

    /// @dev Most metering points that one call settles or finalises; keeps a call below 16,777,216 gas even when all of
    ///      them are silent and run into debt on storage that was never used.
    uint256 private constant LARGEST_PASS = 300;

    /// @dev Most slots whose imbalance prices one call publishes.
    uint256 private constant LARGEST_PUBLICATION = 500;

    /// @dev What is kept of a slot, one word. `tenant` names the slot that holds this place of the ring.
    struct Slot {
        uint64 tenant;
        Phase phase;
        bool voided;
        bool traded;
        uint32 clearingPrice;
        uint32 settled;
        uint32 finalised;
        uint32 missing;
    }

    /// @dev Published prices; `slot` tells for which tenant of the place.
    struct ImbalancePrices {
        uint64 slot;
        uint32 longPrice;
        uint32 shortPrice;
    }

    /// @dev What one pass over metering points carries along.
    struct Pass {
        DeliverySlot slot;
        uint256 ring;
        uint16 lap;
        bool voided;
        uint256 longPrice;
        uint256 shortPrice;
        int256 balancing;
        uint256[] results;
        uint256 resultCount;
    }

    IMeterOracle private immutable METER_ORACLE;

    Positions.Store private _positions;
    mapping(uint256 ring => Slot) private _slots;
    mapping(uint256 ring => ImbalancePrices) private _prices;
    mapping(address market => bool) private _markets;

    modifier onlyMarket() {
        _onlyMarket();
        _;
    }

    constructor(
        address authority,
        IParticipantRegistry registry,
        IMeterOracle meterOracle,
        Product memory given,
        Yen5 minimumDeposit_
    ) LedgerAccounts(authority, registry, given, minimumDeposit_) {
        METER_ORACLE = meterOracle;
    }

    /* ADMINISTRATION */

    /// @inheritdoc ISettlementLedger
    function admitMarket(address market) external restricted {
        _markets[market] = true;

        emit MarketAdmitted(market);
    }

    /// @inheritdoc ISettlementLedger
    function publishImbalancePrices(
        DeliverySlot firstSlot,
        uint256 count,
        SenPerKwh longPrice,
        SenPerKwh shortPrice
    ) external restricted {
        _requireAligned(firstSlot);
        if (count == 0 || count > LARGEST_PUBLICATION || count > RING_SIZE) revert CountInvalid(count);
        if (block.timestamp >= callTime(firstSlot)) revert TooLate(firstSlot, callTime(firstSlot));
        _requireWithinRing(DeliverySlot.wrap(uint64(firstSlot.start() + (count - 1) * SLOT_SECONDS)));
        _requirePricesInBounds(longPrice, shortPrice);

        for (uint256 i = 0; i < count; ++i) {
            DeliverySlot slot = DeliverySlot.wrap(uint64(firstSlot.start() + i * SLOT_SECONDS));
            _requirePlaceFree(slot);
            _prices[_ringIndex(slot)] = ImbalancePrices({
                slot: DeliverySlot.unwrap(slot),
                longPrice: SenPerKwh.unwrap(longPrice),
                shortPrice: SenPerKwh.unwrap(shortPrice)
            });
        }

        emit ImbalancePricesPublished(firstSlot, count, longPrice, shortPrice);
    }

    /// @inheritdoc ISettlementLedger
    function voidSlot(DeliverySlot slot, bytes32 reason) external restricted {
        Slot storage stored = _live(slot);
        if (block.timestamp >= slot.start()) revert TooLate(slot, slot.start());

        stored.voided = true;

        emit SlotVoided(slot, reason);
    }

    /* MARKETS */

    /// @inheritdoc ISettlementLedger
    function open(DeliverySlot slot) external onlyMarket {
        _requirePlaceFree(slot);
        // A second market that opens the slot finds its account there.
        if (_slots[_ringIndex(slot)].tenant == DeliverySlot.unwrap(slot)) return;

        _slots[_ringIndex(slot)] = Slot({
            tenant: DeliverySlot.unwrap(slot),
            phase: Phase.OPEN,
            voided: false,
            traded: false,
            clearingPrice: 0,
            settled: 0,
            finalised: 0,
            missing: 0
        });
    }

    /// @inheritdoc ISettlementLedger
    function reserveOrder(
        address account,
        uint256 minimumDeposits,
        Side side,
        WattHours energy,
        SenPerKwh limit
    ) external onlyMarket {
        uint256 amount = _collateral(side, energy, limit);
        Accounts.Account memory held = _book.accounts[account];
        _requireCovered(account, held, minimumDeposits, amount);

        held.hold(amount);
        _book.accounts[account] = held;
    }

    /// @inheritdoc ISettlementLedger
    function releaseOrder(address account, Side side, WattHours energy, SenPerKwh limit) external onlyMarket {
        Accounts.Account memory held = _book.accounts[account];
        held.release(_collateral(side, energy, limit));
        _book.accounts[account] = held;
    }

    /// @inheritdoc ISettlementLedger
    function book(DeliverySlot slot, SenPerKwh price, Booking[] calldata bookings) external onlyMarket {
        _requirePhase(slot, Phase.OPEN);

        for (uint256 i = 0; i < bookings.length; ++i) {
            _bookOne(slot, price, bookings[i]);
        }
    }

    /// @inheritdoc ISettlementLedger
    function completeBooking(DeliverySlot slot, bool traded, SenPerKwh price) external onlyMarket {
        Slot storage stored = _requirePhase(slot, Phase.OPEN);

        stored.phase = Phase.BOOKED;
        stored.traded = traded;
        stored.clearingPrice = SenPerKwh.unwrap(price);

        emit TradesBooked(slot, traded, price);
    }

    /* SETTLEMENT */

    /// @inheritdoc ISettlementLedger
    function settle(DeliverySlot slot, uint256 count) external {
        Slot storage stored = _requirePhase(slot, Phase.BOOKED);
        if (block.timestamp < readingDeadline(slot)) revert TooEarly(slot, readingDeadline(slot));
        (uint256 first, uint256 length, bool last) = _nextPoints(stored.settled, count);

        Pass memory pass = _beginPass(slot, stored, length);
        address[] memory owners = REGISTRY.ownersOf(slot, first, length);
        ReadingLane[] memory lanes = METER_ORACLE.lanesOf(slot, first, length);
        uint256 missing;
        for (uint256 i = 0; i < length; ++i) {
            if (owners[i] == address(0)) continue;
            if (lanes[i].isPresent()) {
                _settlePoint(pass, first + i, owners[i], lanes[i]);
            } else {
                _flagPoint(pass, first + i, owners[i]);
                ++missing;
            }
        }
        stored.settled += uint32(length);
        stored.missing += uint32(missing);
        if (last) stored.phase = Phase.SETTLED;

        _endPass(pass);
        if (last) {
            emit SlotSettled(slot, _senPerKwh(pass.longPrice), _senPerKwh(pass.shortPrice), stored.missing);
        }
    }

    /// @inheritdoc ISettlementLedger
    function settleLate(DeliverySlot slot, MeteringPoint[] calldata points) external {
        Slot storage stored = _requirePhase(slot, Phase.SETTLED);
        if (points.length == 0 || points.length > LARGEST_PASS) revert CountInvalid(points.length);

        Pass memory pass = _beginPass(slot, stored, points.length);
        for (uint256 i = 0; i < points.length; ++i) {
            uint256 point = points[i].index();
            ReadingLane lane = METER_ORACLE.lanesOf(slot, point, 1)[0];
            bool flagged = _positions.load(pass.ring, pass.lap, point).missing;
            if (!flagged || !lane.isPresent()) revert NotLate(slot, points[i]);
            _resolvePoint(pass, point, _netExport(lane), SettlementMath.Status.LATE);
        }
        stored.missing -= uint32(points.length);

        _endPass(pass);
    }

    /// @inheritdoc ISettlementLedger
    function finalise(DeliverySlot slot, uint256 count) external {
        Slot storage stored = _requirePhase(slot, Phase.SETTLED);
        if (block.timestamp < finalTime(slot)) revert TooEarly(slot, finalTime(slot));
        (uint256 first, uint256 length,) = _nextPoints(stored.finalised, count);

        Pass memory pass = _beginPass(slot, stored, length);
        if (stored.missing > 0) {
            ReadingLane[] memory lanes = METER_ORACLE.lanesOf(slot, first, length);
            uint256 resolved;
            for (uint256 i = 0; i < length; ++i) {
                if (!_positions.load(pass.ring, pass.lap, first + i).missing) continue;
                _finalisePoint(pass, first + i, lanes[i]);
                ++resolved;
            }
            stored.finalised += uint32(length);
            stored.missing -= uint32(resolved);
        }
        bool done = stored.missing == 0;
        if (done) stored.phase = Phase.FINAL;

        _endPass(pass);
        if (done) emit SlotFinalised(slot);
    }

    /* VIEWS */

    /// @inheritdoc ISettlementLedger
    function positionOf(DeliverySlot slot, MeteringPoint point) external view returns (Position memory) {
        Positions.Packed memory held = _positions.load(_ringIndex(slot), _lap(slot), point.index());
        Slot memory stored = _slots[_ringIndex(slot)];
        if (stored.tenant != DeliverySlot.unwrap(slot)) delete stored;
        if (stored.voided) _forgetTrades(held);
        // A settled point holds nothing back any more; to write that down would cost a word per point.
        bool unsettled = stored.phase != Phase.NONE && (held.missing || point.index() > stored.settled);
        return Position({
            bought: WattHours.wrap(held.bought),
            sold: WattHours.wrap(held.sold),
            paid: _yen5(held.paid),
            earned: _yen5(held.earned),
            reserved: _yen5(unsettled ? held.reserved : 0),
            missing: held.missing
        });
    }

    /// @inheritdoc ISettlementLedger
    function slotOf(DeliverySlot slot) external view returns (SlotAccount memory account) {
        Slot memory stored = _slots[_ringIndex(slot)];
        if (stored.tenant != DeliverySlot.unwrap(slot)) delete stored;
        (uint256 longPrice, uint256 shortPrice) = _settlementPrices(slot, stored);
        return SlotAccount({
            phase: stored.phase,
            voided: stored.voided,
            traded: stored.traded,
            clearingPrice: SenPerKwh.wrap(stored.clearingPrice),
            longPrice: _senPerKwh(longPrice),
            shortPrice: _senPerKwh(shortPrice),
            settled: stored.settled,
            finalised: stored.finalised,
            missing: stored.missing
        });
    }

    /// @inheritdoc ISettlementLedger
    function isOpen(DeliverySlot slot) external view returns (bool, bool) {
        Slot storage stored = _slots[_ringIndex(slot)];
        bool mine = stored.tenant == DeliverySlot.unwrap(slot);
        return (mine && stored.phase == Phase.OPEN, mine && stored.voided);
    }

    /// @inheritdoc ISettlementLedger
    function isFinalBefore(DeliverySlot slot) external view returns (bool) {
        for (uint256 ring = 0; ring < RING_SIZE; ++ring) {
            Slot storage stored = _slots[ring];
            bool unfinished = stored.phase != Phase.NONE && stored.phase != Phase.FINAL;
            if (unfinished && stored.tenant < slot.start()) return false;
        }
        return true;
    }

    /// @inheritdoc ISettlementLedger
    function isLive(DeliverySlot slot) external view returns (bool) {
        Slot storage stored = _slots[_ringIndex(slot)];
        return stored.tenant == DeliverySlot.unwrap(slot) && stored.phase != Phase.NONE
            && stored.phase != Phase.FINAL;
    }

    /* INTERNALS: POINTS */

    /// @dev Books one order: its fill enters the position with what it keeps reserved, the rest of its reserve returns.
    function _bookOne(DeliverySlot slot, SenPerKwh price, Booking calldata booking) private {
        uint256 held = _collateral(booking.side, booking.ordered, booking.limit);
        uint256 kept = booking.filled.isZero() ? 0 : _collateral(booking.side, booking.filled, price);
        address owner = REGISTRY.ownerOf(booking.point, slot);
        uint256 ring = _ringIndex(slot);

        if (!booking.filled.isZero()) {
            Positions.Packed memory position = _positions.load(ring, _lap(slot), booking.point.index());
            position.grow(booking.side, booking.filled, price, kept);
            _positions.save(ring, booking.point.index(), position);
        }
        if (held != kept) {
            Accounts.Account memory account = _book.accounts[owner];
            account.release(held - kept);
            _book.accounts[owner] = account;
        }
    }

    /// @dev Settles a point whose reading is there: reserves return, trades and imbalance are paid.
    function _settlePoint(Pass memory pass, uint256 point, address owner, ReadingLane lane) private {
        Positions.Packed memory position = _positions.load(pass.ring, pass.lap, point);
        Accounts.Account memory account = _book.accounts[owner];
        account.release(position.reserved);
        if (pass.voided) _forgetTrades(position);

        int256 contractCash = SettlementMath.contractCash(position);
        (int256 energy, int256 cash) =
            SettlementMath.imbalance(_netExport(lane), position, pass.longPrice, pass.shortPrice);
        pass.balancing -= cash + _move(owner, account, contractCash + cash);
        _book.accounts[owner] = account;
        _note(
            pass, SettlementMath.packResult(point, SettlementMath.Status.SETTLED, energy, contractCash, cash)
        );
    }

    /// @dev Flags a silent point (G-11): what it bought is paid from its reserve, what it earned joins the reserve.
    function _flagPoint(Pass memory pass, uint256 point, address owner) private {
        Positions.Packed memory position = _positions.load(pass.ring, pass.lap, point);
        Accounts.Account memory account = _book.accounts[owner];
        if (pass.voided) {
            account.release(position.reserved);
            position.reserved = 0;
            _forgetTrades(position);
        }

        account.reserved = account.reserved - position.paid + position.earned;
        position.reserved = position.reserved - position.paid + position.earned;
        position.missing = true;
        _book.accounts[owner] = account;
        _positions.save(pass.ring, point, position);
        int256 paid = -int256(uint256(position.paid));
        _note(pass, SettlementMath.packResult(point, SettlementMath.Status.MISSING, 0, paid, 0));
    }

    /// @dev Settles a flagged point: what was held returns, the imbalance is paid.
    function _resolvePoint(Pass memory pass, uint256 point, int256 netExport, SettlementMath.Status status)
        private
    {
        Positions.Packed memory position = _positions.load(pass.ring, pass.lap, point);
        address owner = REGISTRY.ownerOf(MeteringPoint.wrap(uint32(point)), pass.slot);
        Accounts.Account memory account = _book.accounts[owner];
        account.release(position.reserved);
        position.reserved = 0;
        position.missing = false;

        (int256 energy, int256 cash) =
            SettlementMath.imbalance(netExport, position, pass.longPrice, pass.shortPrice);
        pass.balancing -= cash + _move(owner, account, cash);
        _book.accounts[owner] = account;
        _positions.save(pass.ring, point, position);
        int256 earned = int256(uint256(position.earned));
        _note(pass, SettlementMath.packResult(point, status, energy, earned, cash));
    }

    /// @dev Settles a point that is flagged when the correction window is over: by its reading if one came late, else
    ///      no export and its fallback import.
    function _finalisePoint(Pass memory pass, uint256 point, ReadingLane lane) private {
        if (lane.isPresent()) {
            _resolvePoint(pass, point, _netExport(lane), SettlementMath.Status.LATE);
        } else {
            uint32 fallbackImport = REGISTRY.pointOf(MeteringPoint.wrap(uint32(point))).fallbackImport;
            _resolvePoint(pass, point, -int256(uint256(fallbackImport)), SettlementMath.Status.FALLBACK);
        }
    }

    /* INTERNALS: PASSES */

    function _beginPass(DeliverySlot slot, Slot memory stored, uint256 length)
        private
        view
        returns (Pass memory pass)
    {
        (uint256 longPrice, uint256 shortPrice) = _settlementPrices(slot, stored);
        pass.slot = slot;
        pass.ring = _ringIndex(slot);
        pass.lap = _lap(slot);
        pass.voided = stored.voided;
        pass.longPrice = longPrice;
        pass.shortPrice = shortPrice;
        pass.results = new uint256[](length);
    }

    function _endPass(Pass memory pass) private {
        _book.balancing += pass.balancing;
        if (pass.resultCount == 0) return;
        uint256[] memory results = new uint256[](pass.resultCount);
        for (uint256 i = 0; i < results.length; ++i) {
            results[i] = pass.results[i];
        }

        emit PointsSettled(pass.slot, results);
    }

    function _note(Pass memory pass, uint256 result) private pure {
        pass.results[pass.resultCount++] = result;
    }

    /// @dev The next points of a pass that has walked `done` of them.
    function _nextPoints(uint256 done, uint256 count)
        private
        view
        returns (uint256 first, uint256 length, bool last)
    {
        if (count == 0 || count > LARGEST_PASS) revert CountInvalid(count);
        uint256 left = REGISTRY.pointCount() - done;
        length = count < left ? count : left;
        return (done + 1, length, length == left);
    }

    /// @dev Long is never above and short never below the clearing price, so that withholding never pays (G-10).
    function _settlementPrices(DeliverySlot slot, Slot memory stored)
        private
        view
        returns (uint256 longPrice, uint256 shortPrice)
    {
        ImbalancePrices memory published = _prices[_ringIndex(slot)];
        bool isPublished = published.slot == DeliverySlot.unwrap(slot);
        longPrice = isPublished ? published.longPrice : LONG_FLOOR;
        shortPrice = isPublished ? published.shortPrice : SHORT_CAP;
        if (!stored.traded || stored.voided) return (longPrice, shortPrice);
        if (stored.clearingPrice < longPrice) longPrice = stored.clearingPrice;
        if (stored.clearingPrice > shortPrice) shortPrice = stored.clearingPrice;
    }

    /* INTERNALS: CHECKS AND SMALL PARTS */

    function _forgetTrades(Positions.Packed memory position) private pure {
        position.bought = 0;
        position.sold = 0;
        position.paid = 0;
        position.earned = 0;
    }

    function _onlyMarket() private view {
        if (!_markets[msg.sender]) revert NotAMarket(msg.sender);
    }

    function _requirePricesInBounds(SenPerKwh longPrice, SenPerKwh shortPrice) private view {
        bool inOrder = !(shortPrice < longPrice);
        bool inBounds = SenPerKwh.unwrap(longPrice) >= LONG_FLOOR && SenPerKwh.unwrap(shortPrice) <= SHORT_CAP;
        if (!inOrder || !inBounds) revert ImbalancePricesInvalid(longPrice, shortPrice);
    }

    /// @dev One turn of the ring ahead and no further: beyond it, a slot would take the place of one that is still to come.
    function _requireWithinRing(DeliverySlot slot) private view {
        uint256 turn = RING_SIZE * SLOT_SECONDS;
        if (slot.start() >= block.timestamp + turn) revert TooEarly(slot, slot.start() - turn + 1);
    }

    /// @dev The place of a slot is free when nobody held it, its tenant is final, or it is the slot's own before opening.
    function _requirePlaceFree(DeliverySlot slot) private view {
        Slot storage stored = _slots[_ringIndex(slot)];
        if (stored.tenant == DeliverySlot.unwrap(slot)) return;
        if (stored.phase == Phase.NONE || stored.phase == Phase.FINAL) return;
        revert RingOccupied(slot, DeliverySlot.wrap(stored.tenant));
    }

    function _requirePhase(DeliverySlot slot, Phase needed) private view returns (Slot storage stored) {
        stored = _slots[_ringIndex(slot)];
        Phase phase = stored.tenant == DeliverySlot.unwrap(slot) ? stored.phase : Phase.NONE;
        if (phase != needed) revert WrongPhase(slot, phase, needed);
    }

    /// @dev The account of a slot whose delivery lies ahead.
    function _live(DeliverySlot slot) private view returns (Slot storage stored) {
        stored = _slots[_ringIndex(slot)];
        bool live = stored.tenant == DeliverySlot.unwrap(slot) && stored.phase != Phase.NONE;
        if (!live) revert WrongPhase(slot, Phase.NONE, Phase.OPEN);
    }

    function _netExport(ReadingLane lane) private pure returns (int256) {
        return int256(uint256(WattHours.unwrap(lane.exported())))
            - int256(uint256(WattHours.unwrap(lane.imported())));
    }
}
