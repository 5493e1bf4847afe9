// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementLedger} from "../../../contracts/interfaces/ISettlementLedger.sol";
import {ISpotAuction} from "../../../contracts/interfaces/ISpotAuction.sol";
import {DeliverySlot} from "../../../contracts/types/DeliverySlot.sol";
import {MeteringPoint} from "../../../contracts/types/MeteringPoint.sol";
import {Side} from "../../../contracts/types/Order.sol";
import {NaiveBook} from "../support/NaiveBook.sol";
import {STATUS_MISSING} from "../support/SettledResult.sol";
import {MarketRecords} from "./MarketRecords.sol";

/// @title Everybody who plays in the market: parties, keeper, oracles, bank, DSO, and somebody who tries what is not
///        allowed. Each call does something that is due or possible now; what it did is kept in the records.
contract MarketHandler is MarketRecords {
    using NaiveBook for NaiveBook.Entry[];

    /* PARTIES */

    /// @dev Two to six orders for the next slot, near one price, so that they meet and tie.
    function order(uint256 seed) external counted {
        (bool found, DeliverySlot slot) = _anyIn(ISpotAuction.Phase.OPEN, 0);
        if (!found) return _work(seed);
        uint256 orders = 2 + seed % 5;
        for (uint256 i = 0; i < orders; ++i) {
            _tryOrder(slot, uint256(keccak256(abi.encode(seed, i))));
        }
    }

    function cancel(uint256 seed) external counted {
        (bool found, DeliverySlot slot) = _anyIn(ISpotAuction.Phase.OPEN, 0);
        NaiveBook.Entry[] storage entries = records[slot.start()].entries;
        if (!found || entries.length == 0) return _work(seed);
        uint32 id = uint32((seed >> 8) % entries.length);
        if (entries[id].cancelled) return _work(seed);
        vm.prank(_ownerOf(records[slot.start()].points[id]));
        auction.cancel(slot, id);
        entries[id].cancelled = true;
        did.cancels += 1;
    }

    /// @dev Pays a part of a debt, or all of it and more.
    function payIn(uint256 seed) external counted {
        address party = _party(seed >> 16);
        uint256 amount = 1 + seed % 2000;
        if (seed % 3 > 0) amount += uint256(debt(party) / YEN);
        credit(party, amount);
        credited += int256(amount) * YEN;
    }

    /// @dev Anyone has a debt paid from what the debtor has available.
    function payDebt(uint256 seed) external counted {
        address party = _party(seed);
        if (debt(party) == 0) return _work(seed);
        int256 owed = debt(party);
        ledger.payDebt(party);
        assertTrue(debt(party) == 0 || available(party) == 0, "a debt is paid as far as the money goes");
        if (debt(party) < owed) did.repayments += 1;
    }

    function payOut(uint256 seed) external counted {
        address party = _party(seed);
        int256 free = (available(party) - MINIMUM_DEPOSIT) / YEN;
        if (debt(party) > 0 || free < 1) return _work(seed);
        uint256 amount = 1 + (seed >> 8) % (uint256(free) / 4 + 1);
        vm.prank(party);
        ledger.withdraw(amount);
        withdrawn += int256(amount) * YEN;
    }

    /* KEEPER AND ORACLES */

    function keep(uint256 seed) external counted {
        _work(seed);
    }

    /// @dev Long enough for slots to come and go within one run.
    function keepOn(uint256 seed) external counted {
        for (uint256 i = 0; i < 4; ++i) {
            _work(uint256(keccak256(abi.encode(seed, i))));
        }
    }

    function meter(uint256 seed) external counted {
        (bool found, DeliverySlot slot) = _anyToMeter(seed);
        if (!found) return _work(seed);
        _meter(slot, seed);
    }

    function settleLate(uint256 seed) external counted {
        (bool found, DeliverySlot slot, uint256 point) = _anyLate();
        if (!found) return _work(seed);
        MeteringPoint[] memory points = new MeteringPoint[](1);
        points[0] = metering(point);
        vm.recordLogs();
        ledger.settleLate(slot, points);
        readSettled(slot);
        did.late += 1;
    }

    /* INSTITUTIONS */

    function govern(uint256 seed) external counted {
        uint256 kind = seed % 4;
        if (kind == 0) return _suspend(_party(seed >> 8));
        if (kind == 1) return _lapseOne(seed);
        if (kind == 2) return _publish(seed);
        if (seed % 16 != 3) return _work(seed);
        (bool found, DeliverySlot slot) = _anyIn(ISpotAuction.Phase.OPEN, seed);
        if (!found) return _work(seed);
        vm.prank(DSO);
        ledger.voidSlot(slot, "line down");
        did.voids += 1;
    }

    /* WHAT IS NOT ALLOWED */

    /// @dev Each of these has to be refused, whatever the state of the market.
    function intrude(uint256 seed) external counted {
        uint256 kind = seed % 6;
        DeliverySlot slot = _someSlot(seed >> 8);
        MeteringPoint point = metering(1 + (seed >> 16) % POINTS);
        address caller = kind < 2 ? STRANGER : _party(seed >> 24);
        bytes memory call;
        address target = address(auction);
        if (kind == 0) call = abi.encodeCall(auction.submit, (slot, point, Side.BID, sen(1), wh(1)));
        if (kind == 1) call = abi.encodeCall(auction.cancel, (slot, uint32((seed >> 32) % 9)));
        if (kind == 2) {
            call = abi.encodeCall(auction.submit, (slot, point, Side.BID, sen(32_767), wh(100_000_000)));
        }
        if (kind == 3) (target, call) = (address(ledger), abi.encodeCall(ledger.withdraw, (1e9)));
        if (kind == 4) (target, call) = (address(ledger), abi.encodeCall(ledger.open, (slot)));
        if (kind == 5) {
            call = abi.encodeCall(auction.open, (slotAt(slot.start() + 1)));
        }
        vm.prank(caller);
        (bool done,) = target.call(call);
        assertFalse(done, "what is not allowed was done");
        did.refusals += 1;
    }

    /* INTERNALS: WORK OF ORACLES AND KEEPER */

    /// @dev Oracles attest what some silent points of an ended slot delivered: their trades, more or less. The last of them
    ///      always speaks, so that no batch is empty.
    function _meter(DeliverySlot slot, uint256 seed) private {
        Record storage record = records[slot.start()];
        uint256 last = POINTS;
        while (record.metered[last]) --last;
        for (uint256 point = 1; point <= last; ++point) {
            uint256 word = uint256(keccak256(abi.encode(seed, point)));
            if (record.metered[point] || (point < last && word % 10 < 3)) continue;
            ISettlementLedger.Position memory position = ledger.positionOf(slot, metering(point));
            // Now and then far more than traded, so that debts arise.
            uint256 stray = (word >> 24) % 24 == 0 ? 3_000_000 : (word >> 8) % 40;
            metered(point, _energy(position.bought) + stray, _energy(position.sold) + (word >> 16) % 40);
            record.metered[point] = true;
            did.readings += 1;
        }
        attest(slot);
    }

    /// @dev Each slot takes its next step if it is due, the next slot is opened, time goes on to what comes next.
    function _work(uint256 seed) private {
        for (uint256 i = 0; i < live.length; ++i) {
            _step(live[i], uint256(keccak256(abi.encode(seed, i))));
        }
        (bool found, DeliverySlot slot) = _anyToMeter(seed);
        if (found && seed % 4 == 0) _meter(slot, seed);
        _reinstate(_party(seed >> 8));
        if (finalCount < did.finals) _dropFinal();
        _openNext();
        _passTime(seed);
    }

    function _step(DeliverySlot slot, uint256 seed) private {
        ISpotAuction.Phase phase = auction.auctionOf(slot).phase;
        if (phase == ISpotAuction.Phase.OPEN) return;
        if (phase == ISpotAuction.Phase.CLOSED && seed % 8 > 0) return _clear(slot);
        if (phase == ISpotAuction.Phase.CLOSED) return;
        (bool bookable,) = ledger.isOpen(slot);
        if (bookable) return _book(slot, 1 + seed % 9);
        if (_now() < slot.start() + DEADLINE) return;
        ISettlementLedger.Phase settling = ledger.slotOf(slot).phase;
        if (settling == ISettlementLedger.Phase.BOOKED) return _settle(slot, 1 + seed % POINTS);
        if (_now() >= slot.start() + FINAL_TIME) _finalise(slot, 1 + seed % POINTS);
    }

    /// @dev The price is the lowest equilibrium price and the volume the largest that trades at one price.
    function _clear(DeliverySlot slot) private {
        auction.clear(slot);
        NaiveBook.Entry[] memory entries = records[slot.start()].entries;
        ISpotAuction.Result memory result = auction.resultOf(slot);
        uint256 volume = entries.largestVolume();
        assertEq(result.volume, volume, "volume against the naive book");
        if (volume > 0) assertEq(result.price, entries.lowestEquilibrium(), "price against the naive book");
        did.clears += 1;
        if (volume > 0) did.trades += 1;
    }

    function _book(DeliverySlot slot, uint256 count) private {
        uint256 before = auction.auctionOf(slot).booked;
        auction.book(slot, count);
        ISpotAuction.Auction memory book = auction.auctionOf(slot);
        uint256 expected = before + count < book.orders ? before + count : book.orders;
        assertEq(book.booked, expected, "cursor of booking");
        if (book.phase == ISpotAuction.Phase.LAPSED) did.lapses += 1;
        if (book.phase == ISpotAuction.Phase.BOOKED) _checkFills(slot);
    }

    /// @dev No fill beyond quantity or limit; what is sold is bought.
    function _checkFills(DeliverySlot slot) private view {
        NaiveBook.Entry[] memory entries = records[slot.start()].entries;
        ISpotAuction.Result memory result = auction.resultOf(slot);
        uint256 sold;
        uint256 bought;
        for (uint32 id = 0; id < entries.length; ++id) {
            uint256 filled = _energy(auction.orderOf(slot, id).filled);
            assertLe(filled, entries[id].cancelled ? 0 : entries[id].energy, "no fill beyond the quantity");
            bool inLimit = entries[id].isOffer
                ? entries[id].tick <= _price(result.price)
                : entries[id].tick >= _price(result.price);
            assertTrue(filled == 0 || inLimit, "no fill beyond the limit");
            if (entries[id].isOffer) sold += filled;
            else bought += filled;
        }
        assertEq(sold, _energy(result.volume), "sold");
        assertEq(bought, _energy(result.volume), "bought");
    }

    function _settle(DeliverySlot slot, uint256 count) private {
        uint256 before = ledger.slotOf(slot).settled;
        vm.recordLogs();
        ledger.settle(slot, count);
        readSettled(slot);
        uint256 expected = before + count < POINTS ? before + count : POINTS;
        assertEq(ledger.slotOf(slot).settled, expected, "cursor of settlement");
    }

    function _finalise(DeliverySlot slot, uint256 count) private {
        vm.recordLogs();
        ledger.finalise(slot, count);
        readSettled(slot);
        if (ledger.slotOf(slot).phase == ISettlementLedger.Phase.FINAL) did.finals += 1;
    }

    function _openNext() private {
        DeliverySlot next = nextSlot;
        if (_now() + CALL_LEAD >= next.start()) next = slotAt((_now() + CALL_LEAD) / 10 * 10 + 10);
        nextSlot = next;
        bool tooEarly = next.start() > _now() + HORIZON;
        if (tooEarly || ledger.isLive(slotAt(next.start() - 10 * RING_SIZE))) return;
        auction.open(next);
        live.push(next);
        nextSlot = slotAt(next.start() + 10);
        did.opens += 1;
        if (did.opens > RING_SIZE) did.laps = did.opens / RING_SIZE;
    }

    function _passTime(uint256 seed) private {
        vm.warp(_now() + 1 + seed % 3);
        vm.roll(vm.getBlockNumber() + 1);
    }

    /* INTERNALS: PARTIES AND INSTITUTIONS */

    /// @dev Places an order if its party may; else its refusal is expected.
    function _tryOrder(DeliverySlot slot, uint256 word) private {
        uint256 point = 1 + word % POINTS;
        NaiveBook.Entry memory entry = NaiveBook.Entry({
            tick: 900 + ((word >> 8) % 7) * 50,
            energy: 1 + (word >> 16) % 300,
            isOffer: (word >> 32) & 1 == 1,
            cancelled: false
        });
        address owner = _ownerOf(point);
        Side side = entry.isOffer ? Side.OFFER : Side.BID;
        vm.prank(owner);
        try auction.submit(slot, metering(point), side, sen(entry.tick), wh(entry.energy)) returns (
            uint32 id
        ) {
            assertEq(uint256(id), records[slot.start()].entries.length, "orders are numbered in sequence");
            records[slot.start()].entries.push(entry);
            records[slot.start()].points.push(point);
            did.orders += 1;
        } catch {
            bool mayNot = registry.isSuspended(owner) || debt(owner) > 0
                || available(owner) < MINIMUM_DEPOSIT + int256(5000 * entry.energy);
            assertTrue(mayNot, "an order was refused without a reason");
            did.refusals += 1;
        }
    }

    function _suspend(address party) private {
        if (registry.partyOf(party).suspendedAt != 0) return;
        vm.prank(OPERATOR);
        registry.suspend(party, "a whim");
        vm.roll(vm.getBlockNumber() + 1);
        did.suspensions += 1;
    }

    /// @dev A suspension does not last long, or soon nobody would trade.
    function _reinstate(address party) private {
        if (registry.partyOf(party).suspendedAt == 0) return;
        vm.prank(OPERATOR);
        registry.reinstate(party);
    }

    function _lapseOne(uint256 seed) private {
        (bool found, DeliverySlot slot) = _anyIn(ISpotAuction.Phase.OPEN, seed);
        if (!found) return _work(seed);
        Record storage record = records[slot.start()];
        for (uint32 id = 0; id < record.entries.length; ++id) {
            if (record.entries[id].cancelled || !registry.isSuspended(_ownerOf(record.points[id]))) continue;
            uint32[] memory ids = new uint32[](1);
            ids[0] = id;
            auction.lapse(slot, ids);
            record.entries[id].cancelled = true;
            did.cancels += 1;
            return;
        }
        _work(seed);
    }

    function _publish(uint256 seed) private {
        (bool found, DeliverySlot slot) = _anyIn(ISpotAuction.Phase.OPEN, seed);
        if (!found) return _work(seed);
        uint256 long = (seed >> 32) % 1500;
        vm.prank(DSO);
        ledger.publishImbalancePrices(slot, 1, sen(long), sen(long + (seed >> 64) % 1500));
    }

    function _anyLate() private view returns (bool, DeliverySlot, uint256) {
        for (uint256 i = 0; i < live.length; ++i) {
            if (ledger.slotOf(live[i]).phase != ISettlementLedger.Phase.SETTLED) continue;
            Record storage record = records[live[i].start()];
            for (uint256 point = 1; point <= POINTS; ++point) {
                bool flagged = record.settledAs[point] == 1 + STATUS_MISSING;
                if (flagged && record.metered[point]) return (true, live[i], point);
            }
        }
        return (false, SLOT, 0);
    }
}
