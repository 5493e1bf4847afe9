// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISpotAuction} from "../../../../contracts/interfaces/ISpotAuction.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {MarketTest} from "../../support/MarketTest.sol";

/// @dev The order books of C2 and C3, displayed as they are printed: prices in sen (20.1 yen = 2010), energies in Wh
///      (3 kWh = 3000).
contract DisplayTest is MarketTest {
    /// @dev 2017-09-27, 18:26:05 in Tokyo: the last update that the screen shows.
    uint256 private constant LAST_UPDATE = 1_506_504_365;
    uint256 private constant KWH = 1000;
    uint256 private constant SHOWN = 8;

    function setUp() public override {
        super.setUp();
        openSlot(SLOT);
    }

    function test_a_slot_that_is_not_open_shows_no_book() public {
        DeliverySlot other = slotAfter(SLOT, 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISpotAuction.WrongPhase.selector, other, ISpotAuction.Phase.NONE, ISpotAuction.Phase.OPEN
            )
        );
        auction.displayOf(other, SHOWN);
    }

    /// @custom:spec C-14 C-15 C-16 C-17 C-19 C-20
    function test_the_book_of_the_field_trial_is_displayed_as_printed() public {
        _enterFieldTrialBook();
        ISpotAuction.Display memory book = auction.displayOf(SLOT, SHOWN);

        uint256[8] memory sellPrices = [uint256(2010), 2020, 2040, 2050, 2060, 2070, 2080, 2100];
        uint256[8] memory sells = [uint256(20), 10, 20, 10, 12, 15, 30, 3];
        uint256[8] memory buyPrices = [uint256(1990), 1980, 1970, 1960, 1950, 1940, 1930, 1910];
        uint256[8] memory buys = [uint256(40), 5, 10, 50, 20, 9, 4, 12];
        assertEq(_assertLevels(book.offers, sellPrices, sells), 120 * KWH, "visible offers");
        assertEq(_assertLevels(book.bids, buyPrices, buys), 150 * KWH, "visible bids");
        assertEq(book.over, 16 * KWH, "OVER");
        assertEq(book.under, 18 * KWH, "UNDER");
        assertEq(book.updatedAt, LAST_UPDATE, "last update");
    }

    /// @custom:spec C-16 C-17 C-18 C-19
    function test_the_totals_of_the_field_trial_count_what_is_not_shown() public {
        _enterFieldTrialBook();
        ISpotAuction.Auction memory book = auction.auctionOf(SLOT);
        assertEq(book.offerEnergy, 136 * KWH, "offers with OVER");
        assertEq(book.bidEnergy, 168 * KWH, "bids with UNDER");
        clearSlot(SLOT);
        assertEq(auction.resultOf(SLOT).volume, 0, "a book that is not crossed trades nothing");
    }

    /// @custom:spec C-20
    function test_each_accepted_order_changes_the_last_update() public {
        _enterFieldTrialBook();
        vm.warp(LAST_UPDATE + 1);
        bid(HOME_POINT, 1920, 1);
        ISpotAuction.Display memory book = auction.displayOf(SLOT, SHOWN);
        assertEq(book.updatedAt, LAST_UPDATE + 1, "last update");
        assertEq(book.bids[7].price, 1920, "the new level pushes 1910 out of the window");
        assertEq(book.under, (18 + 12) * KWH, "UNDER");
    }

    /// @custom:spec C-21
    function test_the_book_of_the_double_auction_figure_is_displayed_as_printed() public {
        _offerLevel(2600, 30);
        _offerLevel(2500, 80);
        _offerLevel(2400, 100);
        _offerLevel(2300, 400);
        _bidLevel(2200, 300);
        _bidLevel(2100, 200);
        _bidLevel(2000, 150);
        _bidLevel(1900, 100);
        ISpotAuction.Display memory book = auction.displayOf(SLOT, SHOWN);

        assertEq(book.offers.length, 4, "sell levels");
        assertEq(book.offers[0].price, 2300, "best sell");
        assertEq(book.offers[0].energy, 400 * KWH, "energy of the best sell");
        assertEq(book.offers[3].price, 2600, "dearest sell");
        assertEq(book.bids.length, 4, "buy levels");
        assertEq(book.bids[0].price, 2200, "best buy");
        assertEq(book.bids[0].energy, 300 * KWH, "energy of the best buy");
        assertEq(book.bids[3].price, 1900, "lowest buy");
        assertEq(auction.auctionOf(SLOT).offerEnergy, 610 * KWH, "sells");
        assertEq(auction.auctionOf(SLOT).bidEnergy, 750 * KWH, "buys");
        assertEq(book.over, 0, "OVER");
        assertEq(book.under, 0, "UNDER");
    }

    function test_an_empty_book_shows_no_levels() public view {
        ISpotAuction.Display memory book = auction.displayOf(SLOT, SHOWN);
        assertEq(book.offers.length, 0, "sell levels");
        assertEq(book.bids.length, 0, "buy levels");
        assertEq(book.over, 0, "OVER");
        assertEq(book.under, 0, "UNDER");
        assertEq(book.updatedAt, BIDDING, "opened");
    }

    function test_a_window_of_no_levels_leaves_all_beyond_it() public {
        _offerLevel(2300, 4);
        _bidLevel(2200, 3);
        ISpotAuction.Display memory book = auction.displayOf(SLOT, 0);
        assertEq(book.offers.length, 0, "sell levels");
        assertEq(book.over, 4 * KWH, "OVER");
        assertEq(book.under, 3 * KWH, "UNDER");
    }

    /// @custom:spec C-19
    function test_at_most_64_levels_are_shown() public {
        for (uint256 i = 0; i < 70; ++i) {
            _offerLevel(5000 + i, 1);
        }
        ISpotAuction.Display memory book = auction.displayOf(SLOT, 1000);
        assertEq(book.offers.length, 64, "sell levels");
        assertEq(book.offers[63].price, 5063, "last level shown");
        assertEq(book.over, 6 * KWH, "OVER");
    }

    function test_levels_at_both_ends_of_the_grid_are_found() public {
        _offerLevel(32_767, 1);
        _offerLevel(1024, 2);
        _bidLevel(0, 3);
        _bidLevel(1023, 4);
        ISpotAuction.Display memory book = auction.displayOf(SLOT, SHOWN);
        assertEq(book.offers.length, 2, "sell levels");
        assertEq(book.offers[0].price, 1024, "best sell");
        assertEq(book.offers[1].price, 32_767, "dearest sell");
        assertEq(book.bids.length, 2, "buy levels");
        assertEq(book.bids[0].price, 1023, "best buy");
        assertEq(book.bids[1].price, 0, "lowest buy");
    }

    /// @dev Ten sell and nine buy levels, entered out of order, the last of them at the last update.
    function _enterFieldTrialBook() private {
        _offerLevel(2120, 9);
        _bidLevel(1880, 18);
        _offerLevel(2010, 20);
        _offerLevel(2080, 30);
        _bidLevel(1990, 40);
        _offerLevel(2100, 3);
        _offerLevel(2070, 15);
        _bidLevel(1980, 5);
        _bidLevel(1960, 50);
        _offerLevel(2060, 12);
        _bidLevel(1970, 10);
        _offerLevel(2050, 10);
        _bidLevel(1950, 20);
        _bidLevel(1940, 9);
        _offerLevel(2020, 10);
        _bidLevel(1930, 4);
        _offerLevel(2040, 20);
        _offerLevel(2200, 7);
        vm.warp(LAST_UPDATE);
        _bidLevel(1910, 12);
    }

    function _offerLevel(uint256 price, uint256 kwh) private {
        offer(SOLAR_POINT, price, kwh * KWH);
    }

    function _bidLevel(uint256 price, uint256 kwh) private {
        bid(HOME_POINT, price, kwh * KWH);
    }

    function _assertLevels(
        ISpotAuction.Level[] memory shown,
        uint256[8] memory prices,
        uint256[8] memory kwhs
    ) private pure returns (uint256 visible) {
        assertEq(shown.length, 8, "levels");
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(shown[i].price, prices[i], "price");
            assertEq(shown[i].energy, kwhs[i] * KWH, "energy");
            visible += kwhs[i] * KWH;
        }
    }
}
