// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISpotAuction} from "../../../../contracts/interfaces/ISpotAuction.sol";
import {Side} from "../../../../contracts/types/Order.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract CancelTest is MarketTest {
    function setUp() public override {
        super.setUp();
        openSlot(SLOT);
        bid(HOME_POINT, 2000, 500);
    }

    function test_an_order_that_was_never_given_is_unknown() public {
        refused(HOME, abi.encodeWithSelector(ISpotAuction.OrderUnknown.selector, SLOT, 1));
        auction.cancel(SLOT, 1);
    }

    function test_the_orders_of_a_slot_are_unknown_in_another() public {
        openSlot(slotAfter(SLOT, 1));
        refused(HOME, abi.encodeWithSelector(ISpotAuction.OrderUnknown.selector, slotAfter(SLOT, 1), 0));
        auction.cancel(slotAfter(SLOT, 1), 0);
    }

    function test_a_cancel_at_call_time_is_refused() public {
        toCallTime(SLOT);
        refused(HOME, abi.encodeWithSelector(ISpotAuction.CallTimePassed.selector, SLOT, SLOT.start() - 3600));
        auction.cancel(SLOT, 0);
    }

    function test_an_order_of_a_lapsed_slot_is_not_cancelled_but_booked() public {
        vm.warp(SLOT.start());
        refused(
            HOME,
            abi.encodeWithSelector(
                ISpotAuction.WrongPhase.selector, SLOT, ISpotAuction.Phase.LAPSED, ISpotAuction.Phase.OPEN
            )
        );
        auction.cancel(SLOT, 0);
    }

    function test_an_order_is_cancelled_once() public {
        vm.prank(HOME);
        auction.cancel(SLOT, 0);
        refused(HOME, abi.encodeWithSelector(ISpotAuction.OrderAlreadyCancelled.selector, SLOT, 0));
        auction.cancel(SLOT, 0);
    }

    function test_nobody_cancels_somebody_elses_order() public {
        refused(SHOP, abi.encodeWithSelector(ISpotAuction.NotTheOwner.selector, metering(HOME_POINT), SHOP));
        auction.cancel(SLOT, 0);
        refused(
            OPERATOR,
            abi.encodeWithSelector(ISpotAuction.NotTheOwner.selector, metering(HOME_POINT), OPERATOR)
        );
        auction.cancel(SLOT, 0);
    }

    /// @custom:spec G-12 C-20
    function test_a_cancelled_order_leaves_the_book_and_its_reserve_returns() public {
        vm.warp(BIDDING + 60);
        vm.expectEmit(address(auction));
        emit ISpotAuction.OrderCancelled(SLOT, metering(HOME_POINT), 0, false);
        vm.prank(HOME);
        auction.cancel(SLOT, 0);

        assertEq(reserved(HOME), 0, "reserved");
        assertEq(available(HOME), int256(STARTING_YEN) * YEN, "available");
        assertEq(
            uint256(auction.orderOf(SLOT, 0).outcome), uint256(ISpotAuction.Outcome.CANCELLED), "outcome"
        );
        ISpotAuction.Auction memory book = auction.auctionOf(SLOT);
        assertEq(book.bidEnergy, 0, "bids");
        assertEq(book.orders, 1, "orders keep their numbers");
        assertEq(book.updatedAt, BIDDING + 60, "last update");
        assertEq(auction.displayOf(SLOT, 8).bids.length, 0, "displayed bids");
    }

    /// @custom:spec G-12
    function test_the_reserve_of_a_cancelled_offer_returns() public {
        offer(SOLAR_POINT, 1000, 300);
        assertEq(reserved(SOLAR), 4000 * 300, "reserved before");
        vm.prank(SOLAR);
        auction.cancel(SLOT, 1);
        assertEq(reserved(SOLAR), 0, "reserved after");
        assertEq(auction.auctionOf(SLOT).offerEnergy, 0, "offers");
    }

    function test_the_neighbours_in_a_word_of_the_order_log_stay() public {
        bid(HOME_POINT, 1900, 300);
        bid(HOME_POINT, 1800, 200);
        vm.prank(HOME);
        auction.cancel(SLOT, 1);
        assertEq(auction.orderOf(SLOT, 0).energy, 500, "first");
        assertEq(auction.orderOf(SLOT, 1).energy, 300, "the cancelled one keeps its energy for the record");
        assertEq(auction.orderOf(SLOT, 2).limit, 1800, "third");
        assertEq(uint256(auction.orderOf(SLOT, 2).outcome), uint256(ISpotAuction.Outcome.PENDING), "outcome");
    }

    /// @custom:spec G-07
    function test_a_cancelled_order_gives_its_rating_back() public {
        offer(SOLAR_POINT, 6000, 100_000_000);
        offer(SOLAR_POINT, 6000, 100_000_000);
        vm.prank(SOLAR);
        auction.cancel(SLOT, 1);
        assertEq(offer(SOLAR_POINT, 6000, 100_000_000), 3, "order");
    }

    /// @custom:spec G-28
    function test_a_suspended_party_can_still_cancel() public {
        suspend(HOME);
        vm.roll(vm.getBlockNumber() + 1);
        vm.prank(HOME);
        auction.cancel(SLOT, 0);
        assertEq(reserved(HOME), 0, "reserved");
    }

    function test_a_cancelled_order_does_not_trade() public {
        offer(SOLAR_POINT, 1000, 500);
        bid(SHOP_POINT, 1500, 400);
        vm.prank(HOME);
        auction.cancel(SLOT, 0);
        clearAndBook();
        assertEq(auction.resultOf(SLOT).volume, 400, "volume");
        assertEq(ledger.positionOf(SLOT, metering(HOME_POINT)).bought, 0, "bought by the home");
        assertEq(ledger.positionOf(SLOT, metering(SHOP_POINT)).bought, 400, "bought by the shop");
        assertEq(uint256(auction.orderOf(SLOT, 0).side), uint256(Side.BID), "side of the cancelled one");
        assertEq(
            uint256(auction.orderOf(SLOT, 0).outcome), uint256(ISpotAuction.Outcome.CANCELLED), "outcome"
        );
    }
}
