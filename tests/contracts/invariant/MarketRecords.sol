// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IProductCalendar} from "../../../contracts/interfaces/IProductCalendar.sol";
import {ISettlementLedger} from "../../../contracts/interfaces/ISettlementLedger.sol";
import {ISpotAuction} from "../../../contracts/interfaces/ISpotAuction.sol";
import {DeliverySlot} from "../../../contracts/types/DeliverySlot.sol";
import {Product} from "../../../contracts/types/Product.sol";
import {SenPerKwh, WattHours, Yen5} from "../../../contracts/types/Units.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {NaiveBook} from "../support/NaiveBook.sol";
import {
    readResult,
    SettledResult,
    STATUS_LATE,
    STATUS_MISSING,
    STATUS_SETTLED
} from "../support/SettledResult.sol";
import {Vm} from "../support/Vm.sol";

/// @title What the players of a market remember of it, to hold against what the contracts say.
abstract contract MarketRecords is MarketTest {
    /// @dev What is known of a slot. `settledAs`: 0 not yet, else 1 + the status of the last result.
    struct Record {
        NaiveBook.Entry[] entries;
        uint256[] points;
        mapping(uint256 point => bool) metered;
        mapping(uint256 point => uint256) settledAs;
        int256 contractCash;
        uint256 results;
    }

    /// @dev How often what happened.
    struct Tally {
        uint256 calls;
        uint256 opens;
        uint256 orders;
        uint256 cancels;
        uint256 clears;
        uint256 trades;
        uint256 lapses;
        uint256 voids;
        uint256 readings;
        uint256 late;
        uint256 fallbacks;
        uint256 finals;
        uint256 laps;
        uint256 repayments;
        uint256 suspensions;
        uint256 refusals;
    }

    uint256 internal constant POINTS = 4;
    uint256 internal constant RING_SIZE = 5;
    uint256 internal constant CALL_LEAD = 4;
    uint256 internal constant HORIZON = 30;
    uint256 internal constant DEADLINE = 10 + 5;
    uint256 internal constant FINAL_TIME = 10 + 10;

    mapping(uint256 start => Record) internal records;
    Tally internal did;
    /// @dev Slots that are open and not final, oldest first.
    DeliverySlot[] internal live;
    DeliverySlot internal nextSlot;
    /// @dev Slots that were final when `live` was last looked through.
    uint256 internal finalCount;
    int256 internal credited;
    int256 internal withdrawn;
    int256 internal imbalanceCash;

    modifier counted() {
        did.calls += 1;
        _;
    }

    /// @dev A ring of five slots of ten seconds, so that laps pass quickly.
    function setUp() public override {
        Product memory product = tenSeconds();
        product.horizon = uint32(HORIZON);
        product.readingWindow = 5;
        product.correctionWindow = 10;
        product.ringSize = uint32(RING_SIZE);
        found(product);
        credited = bankedYen5();
        nextSlot = IProductCalendar(address(auction)).firstUnopenedSlot();
        vm.warp(nextSlot.start() - HORIZON);
        vm.roll(2000);
        auction.open(nextSlot);
        live.push(nextSlot);
        nextSlot = slotAt(nextSlot.start() + 10);
    }

    function fallbackImport() internal pure override returns (uint256) {
        return 60;
    }

    /* WHAT IS TRUE OF EVERY MARKET AT EVERY MOMENT */

    /// @dev Money is neither made nor lost. While a slot is half settled, its sellers have what its buyers still owe, or the
    ///      other way round: exactly what its results say.
    function checkMoney() external view {
        int256 underway;
        for (uint256 i = 0; i < live.length; ++i) {
            underway += records[live[i].start()].contractCash + _heldProceeds(live[i]);
        }
        assertEq(allMoney(), credited - withdrawn + underway, "balances = credits - withdrawals");
        int256 debts = debt(HOME) + debt(SHOP) + debt(SOLAR) + debt(CAR);
        assertEq(balancing(), -imbalanceCash - debts, "the balancing account = - imbalances - debts");
    }

    /// @dev What is reserved is what open orders and unsettled positions can cost, to the last unit of money.
    function checkReserves() external view {
        int256 expected;
        for (uint256 i = 0; i < live.length; ++i) {
            expected += _reservedByOrders(live[i]);
            for (uint256 point = 1; point <= POINTS; ++point) {
                expected += Yen5.unwrap(ledger.positionOf(live[i], metering(point)).reserved);
            }
        }
        int256 held = reserved(HOME) + reserved(SHOP) + reserved(SOLAR) + reserved(CAR);
        assertEq(held, expected, "reserves");
    }

    /// @dev A slot shows its own orders, positions and readings and none of the lap before.
    function checkSlots() external view {
        for (uint256 i = 0; i < live.length; ++i) {
            Record storage record = records[live[i].start()];
            ISpotAuction.Auction memory book = auction.auctionOf(live[i]);
            assertEq(book.orders, record.entries.length, "orders");
            assertEq(_energy(book.bidEnergy), _entered(record, false), "bids");
            assertEq(_energy(book.offerEnergy), _entered(record, true), "offers");
            assertLe(book.booked, book.orders, "cursor of booking");
            _checkEnergy(live[i], book);
            _checkReadings(live[i], record);
        }
    }

    /// @dev Of every slot that is settled, trades brought and cost the same; every point has one result, or two when it
    ///      was silent at first.
    function checkSettled() external view {
        for (uint256 i = 0; i < live.length; ++i) {
            Record storage record = records[live[i].start()];
            ISettlementLedger.SlotAccount memory slot = ledger.slotOf(live[i]);
            uint256 flagged;
            for (uint256 point = 1; point <= POINTS; ++point) {
                bool walked = point <= slot.settled;
                assertEq(record.settledAs[point] > 0, walked, "each point up to the cursor has its result");
                if (record.settledAs[point] == 1 + STATUS_MISSING) ++flagged;
            }
            assertEq(slot.missing, flagged, "flagged points");
            if (uint256(slot.phase) < uint256(ISettlementLedger.Phase.SETTLED)) continue;
            assertEq(record.contractCash + _heldProceeds(live[i]), 0, "trades of a slot add to zero");
        }
    }

    function tally() external view returns (Tally memory) {
        return did;
    }

    /* INTERNALS: CHECKS */

    function _checkEnergy(DeliverySlot slot, ISpotAuction.Auction memory book) private view {
        uint256 bought;
        uint256 sold;
        for (uint256 point = 1; point <= POINTS; ++point) {
            ISettlementLedger.Position memory position = ledger.positionOf(slot, metering(point));
            bought += _energy(position.bought);
            sold += _energy(position.sold);
        }
        uint256 volume = _energy(auction.resultOf(slot).volume);
        assertLe(bought, volume, "bought");
        assertLe(sold, volume, "sold");
        if (book.phase == ISpotAuction.Phase.BOOKED) {
            assertEq(bought + sold, 2 * volume, "sold = bought = volume");
        }
    }

    function _checkReadings(DeliverySlot slot, Record storage record) private view {
        for (uint256 point = 1; point <= POINTS; ++point) {
            (bool present,,) = meterOracle.readingOf(slot, metering(point));
            assertEq(present, record.metered[point], "reading");
        }
    }

    function _reservedByOrders(DeliverySlot slot) private view returns (int256 sum) {
        NaiveBook.Entry[] memory entries = records[slot.start()].entries;
        for (uint256 id = auction.auctionOf(slot).booked; id < entries.length; ++id) {
            if (entries[id].cancelled) continue;
            uint256 perWh = entries[id].isOffer ? 5000 - entries[id].tick : entries[id].tick;
            sum += int256(perWh * entries[id].energy);
        }
    }

    function _entered(Record storage record, bool isOffer) private view returns (uint256 sum) {
        for (uint256 id = 0; id < record.entries.length; ++id) {
            NaiveBook.Entry memory entry = record.entries[id];
            if (entry.isOffer == isOffer && !entry.cancelled) sum += entry.energy;
        }
    }

    /// @dev Proceeds of flagged points are not paid yet.
    function _heldProceeds(DeliverySlot slot) private view returns (int256 sum) {
        for (uint256 point = 1; point <= POINTS; ++point) {
            ISettlementLedger.Position memory position = ledger.positionOf(slot, metering(point));
            if (position.missing) sum += Yen5.unwrap(position.earned);
        }
    }

    /* INTERNALS: WHAT THE PLAYERS SHARE */

    /// @dev Reads the results of a pass and takes them into the records.
    function readSettled(DeliverySlot slot) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != ISettlementLedger.PointsSettled.selector) continue;
            uint256[] memory words = abi.decode(logs[i].data, (uint256[]));
            for (uint256 j = 0; j < words.length; ++j) {
                _takeResult(records[slot.start()], readResult(words[j]));
            }
        }
    }

    function _takeResult(Record storage record, SettledResult memory result) private {
        uint256 before = record.settledAs[result.point];
        bool first = result.status == STATUS_SETTLED || result.status == STATUS_MISSING;
        assertEq(before, first ? 0 : 1 + STATUS_MISSING, "a point is settled once, a silent one twice");
        record.settledAs[result.point] = 1 + result.status;
        record.contractCash += result.contractCash;
        imbalanceCash += result.imbalanceCash;
        if (result.status > STATUS_LATE) did.fallbacks += 1;
    }

    function _anyIn(ISpotAuction.Phase phase, uint256 seed) internal view returns (bool, DeliverySlot) {
        for (uint256 i = 0; i < live.length; ++i) {
            DeliverySlot slot = live[(seed % live.length + i) % live.length];
            if (auction.auctionOf(slot).phase == phase) return (true, slot);
        }
        return (false, SLOT);
    }

    /// @dev A slot that is over and not final, with a point that is silent.
    function _anyToMeter(uint256 seed) internal view returns (bool, DeliverySlot) {
        for (uint256 i = 0; i < live.length; ++i) {
            DeliverySlot slot = live[(seed % live.length + i) % live.length];
            if (_now() < slot.start() + 10 || _now() >= slot.start() + FINAL_TIME) continue;
            for (uint256 point = 1; point <= POINTS; ++point) {
                if (!records[slot.start()].metered[point]) return (true, slot);
            }
        }
        return (false, SLOT);
    }

    function _dropFinal() internal {
        finalCount = did.finals;
        uint256 kept;
        for (uint256 i = 0; i < live.length; ++i) {
            if (ledger.slotOf(live[i]).phase != ISettlementLedger.Phase.FINAL) live[kept++] = live[i];
        }
        while (live.length > kept) live.pop();
    }

    function _someSlot(uint256 seed) internal view returns (DeliverySlot) {
        return live.length == 0 ? nextSlot : live[seed % live.length];
    }

    function _party(uint256 seed) internal view returns (address) {
        return _ownerOf(1 + seed % POINTS);
    }

    function _ownerOf(uint256 point) internal view returns (address) {
        if (point == HOME_POINT) return HOME;
        if (point == SHOP_POINT) return SHOP;
        return point == SOLAR_POINT ? SOLAR : CAR;
    }

    function _now() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    function _energy(WattHours energy) internal pure returns (uint256) {
        return WattHours.unwrap(energy);
    }

    function _price(SenPerKwh price) internal pure returns (uint256) {
        return SenPerKwh.unwrap(price);
    }
}
