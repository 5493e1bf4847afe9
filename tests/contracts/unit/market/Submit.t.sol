// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {ISettlementLedger} from "../../../../contracts/interfaces/ISettlementLedger.sol";
import {ISpotAuction} from "../../../../contracts/interfaces/ISpotAuction.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {PointKind} from "../../../../contracts/types/MeteringPoint.sol";
import {Side} from "../../../../contracts/types/Order.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract SubmitTest is MarketTest {
    uint256 private constant LARGEST_ORDER = 100_000_000;
    uint256 private constant HIGHEST_PRICE = 32_767;
    /// @dev Where the auction keeps its heads, and how a head is packed.
    uint256 private constant HEADS_SLOT = 2;
    uint256 private constant BID_SHIFT = 72;
    uint256 private constant ORDERS_SHIFT = 152;

    function setUp() public override {
        super.setUp();
        openSlot(SLOT);
    }

    /* REFUSALS, IN THE ORDER OF THE CHECKS */

    function test_a_slot_that_nobody_opened_takes_no_orders() public {
        DeliverySlot other = slotAfter(SLOT, 1);
        refused(HOME, _wrongPhase(other, ISpotAuction.Phase.NONE));
        auction.submit(other, metering(HOME_POINT), Side.BID, sen(2000), wh(500));
    }

    /// @custom:spec G-08
    function test_an_order_at_call_time_is_refused() public {
        toCallTime(SLOT);
        refused(HOME, abi.encodeWithSelector(ISpotAuction.CallTimePassed.selector, SLOT, SLOT.start() - 3600));
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(2000), wh(500));
    }

    /// @custom:spec G-08
    function test_an_order_after_clearing_is_refused() public {
        clearSlot(SLOT);
        refused(HOME, abi.encodeWithSelector(ISpotAuction.CallTimePassed.selector, SLOT, SLOT.start() - 3600));
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(2000), wh(500));
    }

    /// @custom:spec G-08
    function test_a_lapsed_and_a_voided_slot_take_no_orders() public {
        vm.prank(DSO);
        ledger.voidSlot(SLOT, "line down");
        refused(HOME, _wrongPhase(SLOT, ISpotAuction.Phase.VOIDED));
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(2000), wh(500));

        DeliverySlot next = slotAfter(SLOT, 1);
        openSlot(next);
        vm.warp(next.start());
        refused(HOME, _wrongPhase(next, ISpotAuction.Phase.LAPSED));
        auction.submit(next, metering(HOME_POINT), Side.BID, sen(2000), wh(500));
    }

    /// @custom:spec G-07
    function test_a_price_above_the_grid_is_refused() public {
        refused(
            HOME,
            abi.encodeWithSelector(
                ISpotAuction.PriceOffGrid.selector, sen(HIGHEST_PRICE + 1), 0, HIGHEST_PRICE
            )
        );
        auction.submit(SLOT, metering(HOME_POINT), Side.OFFER, sen(HIGHEST_PRICE + 1), wh(500));
    }

    /// @custom:spec G-07
    function test_an_order_of_nothing_is_refused() public {
        refused(HOME, abi.encodeWithSelector(ISpotAuction.EnergyInvalid.selector, wh(0), LARGEST_ORDER));
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(2000), wh(0));
    }

    /// @custom:spec G-07
    function test_an_order_above_100_mwh_is_refused() public {
        refused(
            HOME,
            abi.encodeWithSelector(ISpotAuction.EnergyInvalid.selector, wh(LARGEST_ORDER + 1), LARGEST_ORDER)
        );
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(0), wh(LARGEST_ORDER + 1));
    }

    function test_an_unknown_metering_point_is_refused() public {
        refused(
            HOME, abi.encodeWithSelector(IParticipantRegistry.MeteringPointUnknown.selector, metering(99))
        );
        auction.submit(SLOT, metering(99), Side.BID, sen(2000), wh(500));
    }

    /// @custom:spec G-29
    function test_a_point_that_was_registered_too_late_for_the_slot_is_refused() public {
        uint256 late = registerPoint(HOME, PointKind.CONSUMER);
        refused(
            HOME, abi.encodeWithSelector(IParticipantRegistry.MeteringPointUnknown.selector, metering(late))
        );
        auction.submit(SLOT, metering(late), Side.BID, sen(2000), wh(500));
    }

    /// @custom:spec G-28
    function test_a_suspended_party_cannot_order_from_the_next_block_on() public {
        suspend(HOME);
        bid(HOME_POINT, 2000, 500);
        vm.roll(vm.getBlockNumber() + 1);
        refused(HOME, abi.encodeWithSelector(IParticipantRegistry.PartyIsSuspended.selector, HOME));
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(2000), wh(500));
    }

    function test_nobody_orders_for_somebody_elses_point() public {
        refused(SHOP, abi.encodeWithSelector(ISpotAuction.NotTheOwner.selector, metering(HOME_POINT), SHOP));
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(2000), wh(500));
    }

    function test_a_stranger_cannot_order() public {
        refused(
            STRANGER,
            abi.encodeWithSelector(ISpotAuction.NotTheOwner.selector, metering(HOME_POINT), STRANGER)
        );
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(2000), wh(500));
    }

    /// @custom:spec G-07
    function test_the_orders_of_a_point_stay_within_its_rating_on_each_side() public {
        bid(HOME_POINT, 0, LARGEST_ORDER);
        bid(HOME_POINT, 0, RATING - LARGEST_ORDER);
        refused(HOME, _ratingExceeded(RATING + 1));
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(0), wh(1));

        offer(HOME_POINT, 5000, LARGEST_ORDER);
        offer(HOME_POINT, 5000, RATING - LARGEST_ORDER);
        refused(HOME, _ratingExceeded(RATING + 1));
        auction.submit(SLOT, metering(HOME_POINT), Side.OFFER, sen(5000), wh(1));
    }

    /// @custom:spec G-07
    function test_a_side_of_the_book_ends_below_2_to_the_40() public {
        _setHead(BID_SHIFT, (1 << 40) - 501);
        bid(HOME_POINT, 2000, 500);
        refused(HOME, abi.encodeWithSelector(ISpotAuction.BookFull.selector, SLOT));
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(2000), wh(1));
        offer(HOME_POINT, 5000, 1);
    }

    function test_a_slot_has_room_for_2_to_the_24_less_one_orders() public {
        _setHead(ORDERS_SHIFT, (1 << 24) - 2);
        assertEq(bid(HOME_POINT, 2000, 500), (1 << 24) - 2, "last order");
        refused(HOME, abi.encodeWithSelector(ISpotAuction.BookFull.selector, SLOT));
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(2000), wh(1));
    }

    /// @custom:spec G-12
    function test_an_order_that_is_not_covered_is_refused_whole() public {
        int256 free = int256(STARTING_YEN) * YEN - MINIMUM_DEPOSIT;
        refused(HOME, abi.encodeWithSelector(ISettlementLedger.Uncovered.selector, HOME, free, free + 1000));
        auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(1000), wh(uint256(free) / 1000 + 1));
        assertEq(auction.auctionOf(SLOT).orders, 0, "orders");
        assertEq(reserved(HOME), 0, "reserved");
    }

    /* THE GOOD PATH */

    /// @custom:spec C-32 C-33 G-12
    function test_a_bid_enters_the_book_and_reserves_its_cost() public {
        vm.expectEmit(address(auction));
        emit ISpotAuction.OrderSubmitted(SLOT, metering(HOME_POINT), 0, Side.BID, sen(2010), wh(20_000));
        vm.prank(HOME);
        uint32 orderId = auction.submit(SLOT, metering(HOME_POINT), Side.BID, sen(2010), wh(20_000));

        ISpotAuction.OrderState memory state = auction.orderOf(SLOT, orderId);
        assertEq(state.point.index(), HOME_POINT, "point");
        assertEq(uint256(state.side), uint256(Side.BID), "side");
        assertEq(state.limit, 2010, "limit");
        assertEq(state.energy, 20_000, "energy");
        assertEq(state.filled, 0, "filled");
        assertEq(uint256(state.outcome), uint256(ISpotAuction.Outcome.PENDING), "outcome");
        assertEq(auction.auctionOf(SLOT).bidEnergy, 20_000, "bids");
        assertEq(reserved(HOME), 2010 * 20_000, "reserved");
        assertEq(available(HOME), int256(STARTING_YEN) * YEN - 2010 * 20_000, "available");
    }

    /// @custom:spec G-12
    function test_an_offer_reserves_the_difference_to_the_highest_short_price() public {
        offer(SOLAR_POINT, 1000, 700);
        assertEq(reserved(SOLAR), (5000 - 1000) * 700, "reserved");
        assertEq(auction.auctionOf(SLOT).offerEnergy, 700, "offers");
    }

    /// @custom:spec G-12
    function test_an_offer_above_the_highest_short_price_reserves_nothing() public {
        offer(SOLAR_POINT, 5000, 700);
        offer(SOLAR_POINT, HIGHEST_PRICE, 700);
        assertEq(reserved(SOLAR), 0, "reserved");
    }

    /// @custom:spec C-11 G-07
    function test_both_ends_of_the_price_grid_are_taken() public {
        bid(HOME_POINT, 0, 1);
        bid(HOME_POINT, HIGHEST_PRICE, 1);
        offer(HOME_POINT, 0, 1);
        offer(HOME_POINT, HIGHEST_PRICE, 1);
        assertEq(auction.orderOf(SLOT, 1).limit, HIGHEST_PRICE, "highest limit");
        assertEq(auction.orderOf(SLOT, 2).limit, 0, "lowest limit");
    }

    /// @custom:spec G-07
    function test_the_largest_order_is_taken() public {
        offer(SOLAR_POINT, HIGHEST_PRICE, LARGEST_ORDER);
        assertEq(auction.orderOf(SLOT, 0).energy, LARGEST_ORDER, "energy");
    }

    function test_the_order_in_the_last_second_before_call_time_is_taken() public {
        vm.warp(SLOT.start() - 3601);
        assertEq(bid(HOME_POINT, 2000, 500), 0, "order");
    }

    function test_orders_are_numbered_in_sequence() public {
        assertEq(bid(HOME_POINT, 2000, 1), 0, "first");
        assertEq(offer(SHOP_POINT, 2000, 2), 1, "second");
        assertEq(bid(CAR_POINT, 2000, 3), 2, "third");
        assertEq(bid(HOME_POINT, 2000, 4), 3, "fourth");
        assertEq(auction.orderOf(SLOT, 3).energy, 4, "energy of the fourth");
        assertEq(auction.orderOf(SLOT, 1).point.index(), SHOP_POINT, "point of the second");
        assertEq(auction.auctionOf(SLOT).orders, 4, "orders");
    }

    /// @custom:spec C-20
    function test_each_accepted_order_changes_the_time_of_the_last_update() public {
        vm.warp(BIDDING + 17);
        bid(HOME_POINT, 2000, 500);
        assertEq(auction.auctionOf(SLOT).updatedAt, BIDDING + 17, "last update");
    }

    /// @custom:spec G-28
    function test_a_reinstated_party_orders_again() public {
        suspend(HOME);
        vm.roll(vm.getBlockNumber() + 1);
        vm.prank(OPERATOR);
        registry.reinstate(HOME);
        assertEq(bid(HOME_POINT, 2000, 500), 0, "order");
    }

    function _ratingExceeded(uint256 ordered) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            ISpotAuction.RatingExceeded.selector, metering(HOME_POINT), wh(ordered), wh(RATING)
        );
    }

    function _wrongPhase(DeliverySlot slot, ISpotAuction.Phase phase) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ISpotAuction.WrongPhase.selector, slot, phase, ISpotAuction.Phase.OPEN);
    }

    /// @dev Writes a field of the slot's head, which only thousands of orders would bring there.
    function _setHead(uint256 shift, uint256 value) private {
        bytes32 key = keccak256(abi.encode((SLOT.start() / 1800) % 480, HEADS_SLOT));
        uint256 word = uint256(vm.load(address(auction), key));
        vm.store(address(auction), key, bytes32(word | (value << shift)));
    }
}
