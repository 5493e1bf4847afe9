// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CallAuction} from "../../../contracts/libraries/CallAuction.sol";
import {PriceLevels} from "../../../contracts/libraries/PriceLevels.sol";
import {Side} from "../../../contracts/types/Order.sol";
import {CallAuctionHarness} from "../support/harness/CallAuctionHarness.sol";
import {PriceLevelsHarness} from "../support/harness/PriceLevelsHarness.sol";
import {MarketWords} from "../support/MarketWords.sol";
import {NaiveBook} from "../support/NaiveBook.sol";

/// @dev The packed tree against a list of orders.
contract PriceLevelsFuzzTest is MarketWords {
    using NaiveBook for NaiveBook.Entry[];

    uint256 private constant RING = 7;
    uint16 private constant LAP = 9;
    uint256 private constant TICKS = 32_768;

    PriceLevelsHarness private _levels;
    CallAuctionHarness private _rules;

    function setUp() public {
        _levels = new PriceLevelsHarness();
        _rules = new CallAuctionHarness();
    }

    /// @custom:spec G-04
    function testFuzz_price_and_volume_agree_with_a_naive_book(uint256 seed) public {
        NaiveBook.Entry[] memory entries = _enter(seed);
        uint256 bids = entries.demand(0);
        if (bids == 0 || entries.supply(TICKS) == 0) return;
        PriceLevels.Crossing memory found = _levels.crossing(RING, LAP, bids);
        CallAuction.Outcome memory outcome = _rules.outcome(found, bids);

        assertEq(found.tick, entries.lowestEquilibrium(), "price");
        assertEq(outcome.volume, entries.largestVolume(), "volume is the largest that can trade at one price");
        assertEq(outcome.bidTotal, entries.energyAt(found.tick, false), "bids at the price");
        assertEq(outcome.offerTotal, entries.energyAt(found.tick, true), "offers at the price");
        uint256 better = entries.demand(found.tick + 1);
        assertEq(outcome.bidFilled + better, outcome.volume, "bids above are filled whole");
        uint256 cheaper = found.tick == 0 ? 0 : entries.supply(found.tick - 1);
        assertEq(outcome.offerFilled + cheaper, outcome.volume, "offers below are filled whole");
    }

    function testFuzz_every_layer_holds_the_sums_below_it(uint256 seed) public {
        NaiveBook.Entry[] memory entries = _enter(seed);
        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 tick = entries[i].tick;
            bool isOffer = entries[i].isOffer;
            Side side = isOffer ? Side.OFFER : Side.BID;
            assertEq(_levels.sumAt(RING, LAP, 2, tick, side), entries.energyAt(tick, isOffer), "level");
            assertEq(_levels.sumAt(RING, LAP, 1, tick, side), _within(entries, tick, 32, isOffer), "middle");
            assertEq(_levels.sumAt(RING, LAP, 0, tick, side), _within(entries, tick, 1024, isOffer), "top");
        }
    }

    /// @custom:spec G-30
    function testFuzz_an_earlier_lap_and_another_ring_place_are_not_seen(uint256 seed) public {
        _enterInto(seed, RING, LAP - 1);
        _enterInto(~seed, RING + 1, LAP);
        NaiveBook.Entry[] memory entries = _enter(uint256(keccak256(abi.encode(seed))));
        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 tick = entries[i].tick;
            assertEq(_levels.sumAt(RING, LAP, 2, tick, Side.BID), entries.energyAt(tick, false), "bids");
            assertEq(_levels.sumAt(RING, LAP, 2, tick, Side.OFFER), entries.energyAt(tick, true), "offers");
        }
    }

    /// @dev One sum at its largest does not spill into its neighbours.
    function testFuzz_the_largest_sums_stay_in_their_lanes(uint256 tick) public {
        tick = bound(tick, 1, TICKS - 2);
        uint256 largest = (1 << 40) - 1;
        for (uint256 near = tick - 1; near <= tick + 1; ++near) {
            // Layers above hold all three, so each gets a third.
            _levels.add(RING, LAP, near, Side.BID, largest / 3);
            _levels.add(RING, LAP, near, Side.OFFER, largest / 3);
        }
        for (uint256 near = tick - 1; near <= tick + 1; ++near) {
            assertEq(_levels.sumAt(RING, LAP, 2, near, Side.BID), largest / 3, "bids");
            assertEq(_levels.sumAt(RING, LAP, 2, near, Side.OFFER), largest / 3, "offers");
        }
        _levels.remove(RING, LAP, tick, Side.BID, largest / 3);
        assertEq(_levels.sumAt(RING, LAP, 2, tick, Side.BID), 0, "removed");
        assertEq(_levels.sumAt(RING, LAP, 2, tick, Side.OFFER), largest / 3, "the other side stays");
    }

    function _within(NaiveBook.Entry[] memory entries, uint256 tick, uint256 span, bool isOffer)
        private
        pure
        returns (uint256)
    {
        uint256 first = tick / span * span;
        if (isOffer) return entries.supply(first + span - 1) - (first == 0 ? 0 : entries.supply(first - 1));
        return entries.demand(first) - entries.demand(first + span);
    }

    function _enter(uint256 seed) private returns (NaiveBook.Entry[] memory) {
        return _enterInto(seed, RING, LAP);
    }

    /// @dev Enters up to 24 orders and removes some. Prices lie on few ticks, around a node's edge, or anywhere.
    function _enterInto(uint256 seed, uint256 ring, uint16 lap)
        private
        returns (NaiveBook.Entry[] memory entries)
    {
        entries = new NaiveBook.Entry[](seed % 25);
        uint256 spread = (seed >> 8) % 3;
        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 word = uint256(keccak256(abi.encode(seed, i)));
            entries[i] = NaiveBook.Entry({
                tick: _tick(word, spread),
                energy: 1 + (word >> 64) % 100_000_000,
                isOffer: (word >> 128) & 1 == 1,
                cancelled: (word >> 136) % 5 == 0
            });
            Side side = entries[i].isOffer ? Side.OFFER : Side.BID;
            _levels.add(ring, lap, entries[i].tick, side, entries[i].energy);
        }
        for (uint256 i = 0; i < entries.length; ++i) {
            if (!entries[i].cancelled) continue;
            Side side = entries[i].isOffer ? Side.OFFER : Side.BID;
            _levels.remove(ring, lap, entries[i].tick, side, entries[i].energy);
        }
    }

    function _tick(uint256 word, uint256 spread) private pure returns (uint256) {
        if (spread == 0) return 1800 + (word % 5) * 25;
        if (spread == 1) return 1024 * (1 + word % 31) - 2 + (word >> 32) % 4;
        return word % TICKS;
    }
}
