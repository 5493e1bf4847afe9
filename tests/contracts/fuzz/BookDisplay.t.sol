// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISpotAuction} from "../../../contracts/interfaces/ISpotAuction.sol";
import {SenPerKwh, WattHours} from "../../../contracts/types/Units.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {NaiveBook} from "../support/NaiveBook.sol";

/// @dev The displayed book against a list of orders.
contract BookDisplayFuzzTest is MarketTest {
    using NaiveBook for NaiveBook.Entry[];

    uint256 private constant TICKS = 32_768;

    function setUp() public override {
        super.setUp();
        credit(HOME, 1_000_000_000);
        openSlot(SLOT);
    }

    /// @custom:spec C-15 C-16 C-17 C-18 C-19
    function testFuzz_the_displayed_book_agrees_with_a_naive_book(uint256 seed, uint256 count) public {
        NaiveBook.Entry[] memory entries = _enter(seed);
        count = bound(count, 0, 12);
        ISpotAuction.Display memory book = auction.displayOf(SLOT, count);
        _assertSide(entries, true, book.offers, book.over, count);
        _assertSide(entries, false, book.bids, book.under, count);
    }

    function _assertSide(
        NaiveBook.Entry[] memory entries,
        bool isOffer,
        ISpotAuction.Level[] memory shown,
        WattHours beyond,
        uint256 count
    ) private pure {
        uint256 visible;
        uint256 last;
        for (uint256 i = 0; i < shown.length; ++i) {
            uint256 tick = SenPerKwh.unwrap(shown[i].price);
            assertEq(shown[i].energy, entries.energyAt(tick, isOffer), "energy of a level");
            assertGe(uint256(WattHours.unwrap(shown[i].energy)), 1, "no level without orders");
            assertTrue(i == 0 || (isOffer ? last < tick : last > tick), "best first");
            visible += WattHours.unwrap(shown[i].energy);
            last = tick;
        }
        uint256 total = isOffer ? entries.supply(TICKS) : entries.demand(0);
        assertEq(beyond, total - visible, "what lies beyond");
        assertTrue(shown.length == count || visible == total, "nothing is left out before the window is full");
        if (shown.length == 0) return;
        assertEq(visible, isOffer ? entries.supply(last) : entries.demand(last), "nothing better is left out");
    }

    /// @dev Enters up to 24 orders and cancels some. Prices lie on few ticks, around a node's edge, or anywhere.
    function _enter(uint256 seed) private returns (NaiveBook.Entry[] memory entries) {
        entries = new NaiveBook.Entry[](seed % 25);
        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 word = uint256(keccak256(abi.encode(seed, i)));
            entries[i] = NaiveBook.Entry({
                tick: _tick(word, (seed >> 8) % 3),
                energy: 1 + (word >> 64) % 1000,
                isOffer: (word >> 128) & 1 == 1,
                cancelled: (word >> 136) % 5 == 0
            });
            uint32 id = entries[i].isOffer
                ? offer(HOME_POINT, entries[i].tick, entries[i].energy)
                : bid(HOME_POINT, entries[i].tick, entries[i].energy);
            if (!entries[i].cancelled) continue;
            vm.prank(HOME);
            auction.cancel(SLOT, id);
        }
    }

    function _tick(uint256 word, uint256 spread) private pure returns (uint256) {
        if (spread == 0) return 1800 + (word % 5) * 25;
        if (spread == 1) return 1024 * (1 + word % 31) - 2 + (word >> 32) % 4;
        return word % TICKS;
    }
}
