// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CallAuction} from "../../../contracts/libraries/CallAuction.sol";
import {PriceLevels} from "../../../contracts/libraries/PriceLevels.sol";
import {Order, packOrder, Side} from "../../../contracts/types/Order.sol";
import {CallAuctionHarness} from "../support/harness/CallAuctionHarness.sol";
import {MarketWords} from "../support/MarketWords.sol";
import {NaiveBook} from "../support/NaiveBook.sol";

contract CallAuctionFuzzTest is MarketWords {
    using NaiveBook for NaiveBook.Entry[];

    uint256 private constant ORDERS = 16;

    CallAuctionHarness private _rules;

    function setUp() public {
        _rules = new CallAuctionHarness();
    }

    /// @custom:spec G-05
    function testFuzz_shares_add_up_and_are_within_one_wh_of_exact(uint256 seed, uint256 filled) public view {
        uint256[] memory energies = new uint256[](1 + seed % ORDERS);
        uint256 total;
        for (uint256 i = 0; i < energies.length; ++i) {
            uint256 word = uint256(keccak256(abi.encode(seed, i)));
            energies[i] = 1 + (word >> 8) % (word & 1 == 0 ? 9 : 100_000_000);
            total += energies[i];
        }
        filled = bound(filled, 0, total);

        uint256 before;
        uint256 sum;
        for (uint256 i = 0; i < energies.length; ++i) {
            uint256 got = _rules.share(filled, total, before, energies[i]);
            assertLe(got, energies[i], "no more than ordered");
            // |got - filled * energy / total| < 1, without a fraction.
            assertLt(got * total, filled * energies[i] + total, "less than one Wh too much");
            assertLt(filled * energies[i], got * total + total, "less than one Wh too little");
            before += energies[i];
            sum += got;
        }
        assertEq(sum, filled, "the shares of a level add up");
    }

    /// @custom:spec G-05
    function testFuzz_the_largest_level_does_not_overflow(uint256 filled, uint256 before, uint256 energy)
        public
        view
    {
        uint256 total = (1 << 40) - 1;
        energy = bound(energy, 1, 100_000_000);
        before = bound(before, 0, total - energy);
        filled = bound(filled, 0, total);
        assertLe(_rules.share(filled, total, before, energy), energy, "share");
    }

    /// @custom:spec C-24 C-27 G-04 G-05 G-06
    function testFuzz_what_is_sold_is_bought_and_nobody_is_filled_beyond_limit_or_quantity(uint256 seed)
        public
        view
    {
        (NaiveBook.Entry[] memory entries, Order[] memory orders) = _book(seed);
        CallAuction.Outcome memory cleared = _clear(entries);
        (uint256[] memory filled, uint256[] memory laidFrom) = _rules.takeAll(cleared, orders);

        uint256[2] memory laid;
        for (uint256 i = 0; i < orders.length; ++i) {
            NaiveBook.Entry memory entry = entries[i];
            assertLe(filled[i], entry.cancelled ? 0 : entry.energy, "no more than ordered");
            uint256 side = entry.isOffer ? 1 : 0;
            if (filled[i] > 0) {
                assertEq(laidFrom[i], laid[side], "fills lie end to end in sequence");
                assertTrue(
                    entry.isOffer ? entry.tick <= cleared.tick : entry.tick >= cleared.tick,
                    "within its limit"
                );
            }
            bool better = entry.isOffer ? entry.tick < cleared.tick : entry.tick > cleared.tick;
            if (better && !entry.cancelled && cleared.volume > 0) {
                assertEq(filled[i], entry.energy, "a better level is filled whole");
            }
            laid[side] += filled[i];
        }
        assertEq(laid[0], cleared.volume, "bought");
        assertEq(laid[1], cleared.volume, "sold");
    }

    /// @dev Clears by the naive book, as the price levels would.
    function _clear(NaiveBook.Entry[] memory entries) private view returns (CallAuction.Outcome memory none) {
        uint256 bids = entries.demand(0);
        if (bids == 0 || entries.supply(type(uint256).max) == 0) return none;
        uint256 price = entries.lowestEquilibrium();
        PriceLevels.Crossing memory found = PriceLevels.Crossing({
            tick: price,
            bidsBelow: bids - entries.demand(price),
            offersBelow: price == 0 ? 0 : entries.supply(price - 1),
            bidsAt: entries.energyAt(price, false),
            offersAt: entries.energyAt(price, true)
        });
        return _rules.outcome(found, bids);
    }

    function _book(uint256 seed)
        private
        pure
        returns (NaiveBook.Entry[] memory entries, Order[] memory orders)
    {
        entries = new NaiveBook.Entry[](seed % (ORDERS + 1));
        orders = new Order[](entries.length);
        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 word = uint256(keccak256(abi.encode(seed, i)));
            entries[i] = NaiveBook.Entry({
                tick: word % 6,
                energy: 1 + (word >> 64) % 1000,
                isOffer: (word >> 128) & 1 == 1,
                cancelled: (word >> 136) % 8 == 0
            });
            Side side = entries[i].isOffer ? Side.OFFER : Side.BID;
            orders[i] = packOrder(metering(i + 1), side, entries[i].tick, wh(entries[i].energy));
            if (entries[i].cancelled) orders[i] = orders[i].cancelled();
        }
    }
}
