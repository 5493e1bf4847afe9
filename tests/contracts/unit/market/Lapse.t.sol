// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISpotAuction} from "../../../../contracts/interfaces/ISpotAuction.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract LapseTest is MarketTest {
    function setUp() public override {
        super.setUp();
        openSlot(SLOT);
        bid(HOME_POINT, 2000, 500);
        offer(HOME_POINT, 3000, 300);
        bid(SHOP_POINT, 1500, 200);
        suspend(HOME);
        vm.roll(vm.getBlockNumber() + 1);
    }

    function test_no_orders_and_too_many_are_refused() public {
        refused(KEEPER, abi.encodeWithSelector(ISpotAuction.CountInvalid.selector, 0));
        auction.lapse(SLOT, new uint32[](0));
        refused(KEEPER, abi.encodeWithSelector(ISpotAuction.CountInvalid.selector, 201));
        auction.lapse(SLOT, new uint32[](201));
    }

    function test_an_unknown_order_is_refused() public {
        refused(KEEPER, abi.encodeWithSelector(ISpotAuction.OrderUnknown.selector, SLOT, 7));
        auction.lapse(SLOT, _ids(7));
    }

    function test_orders_are_lapsed_before_call_time_only() public {
        toCallTime(SLOT);
        refused(
            KEEPER, abi.encodeWithSelector(ISpotAuction.CallTimePassed.selector, SLOT, SLOT.start() - 3600)
        );
        auction.lapse(SLOT, _ids(0));
    }

    function test_an_order_that_is_gone_already_holds_up_no_other() public {
        vm.prank(KEEPER);
        auction.lapse(SLOT, _ids(0));
        uint32[] memory ids = new uint32[](2);
        ids[1] = 1;
        vm.prank(KEEPER);
        auction.lapse(SLOT, ids);
        assertEq(
            uint256(auction.orderOf(SLOT, 1).outcome), uint256(ISpotAuction.Outcome.CANCELLED), "other order"
        );
    }

    /// @custom:spec G-28
    function test_the_order_of_a_party_in_good_standing_is_not_lapsed() public {
        uint32[] memory ids = new uint32[](2);
        ids[1] = 2;
        refused(KEEPER, abi.encodeWithSelector(ISpotAuction.OwnerNotSuspended.selector, SLOT, 2));
        auction.lapse(SLOT, ids);
        assertEq(reserved(HOME), 2000 * 500 + 2000 * 300, "nothing was lapsed");
    }

    /// @custom:spec G-28
    function test_a_party_that_was_suspended_in_this_block_keeps_its_orders() public {
        suspend(SHOP);
        refused(KEEPER, abi.encodeWithSelector(ISpotAuction.OwnerNotSuspended.selector, SLOT, 2));
        auction.lapse(SLOT, _ids(2));
    }

    /// @custom:spec G-28
    function test_anyone_lapses_the_orders_of_a_suspended_party() public {
        uint32[] memory ids = new uint32[](2);
        ids[1] = 1;
        vm.expectEmit(address(auction));
        emit ISpotAuction.OrderCancelled(SLOT, metering(HOME_POINT), 0, true);
        vm.expectEmit(address(auction));
        emit ISpotAuction.OrderCancelled(SLOT, metering(HOME_POINT), 1, true);
        vm.prank(STRANGER);
        auction.lapse(SLOT, ids);

        assertEq(reserved(HOME), 0, "reserved");
        assertEq(available(HOME), int256(STARTING_YEN) * YEN, "available");
        ISpotAuction.Auction memory book = auction.auctionOf(SLOT);
        assertEq(book.bidEnergy, 200, "bids");
        assertEq(book.offerEnergy, 0, "offers");
    }

    /// @custom:spec G-28
    function test_what_is_still_in_the_book_at_call_time_trades() public {
        offer(SOLAR_POINT, 1000, 600);
        clearAndBook();
        assertEq(ledger.positionOf(SLOT, metering(HOME_POINT)).bought, 500, "bought by the suspended home");
    }

    function _ids(uint32 id) private pure returns (uint32[] memory ids) {
        ids = new uint32[](1);
        ids[0] = id;
    }
}
