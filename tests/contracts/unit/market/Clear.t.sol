// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISpotAuction} from "../../../../contracts/interfaces/ISpotAuction.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract ClearTest is MarketTest {
    uint256 private constant HIGHEST_PRICE = 32_767;

    function setUp() public override {
        super.setUp();
        openSlot(SLOT);
    }

    /* REFUSALS */

    /// @custom:spec G-08
    function test_a_slot_is_not_cleared_before_its_call_time() public {
        vm.warp(SLOT.start() - 3601);
        refused(
            KEEPER, abi.encodeWithSelector(ISpotAuction.CallTimeAhead.selector, SLOT, SLOT.start() - 3600)
        );
        auction.clear(SLOT);
    }

    function test_a_slot_that_was_not_opened_is_not_cleared() public {
        DeliverySlot other = slotAfter(SLOT, 1);
        toCallTime(other);
        refused(KEEPER, _wrongPhase(other, ISpotAuction.Phase.NONE));
        auction.clear(other);
    }

    /// @custom:spec G-08
    function test_a_slot_is_cleared_once() public {
        clearSlot(SLOT);
        refused(KEEPER, _wrongPhase(SLOT, ISpotAuction.Phase.CLEARED));
        auction.clear(SLOT);
        bookSlot(SLOT);
        refused(KEEPER, _wrongPhase(SLOT, ISpotAuction.Phase.BOOKED));
        auction.clear(SLOT);
    }

    /// @custom:spec G-08
    function test_a_slot_that_has_started_has_lapsed() public {
        vm.warp(SLOT.start());
        refused(KEEPER, _wrongPhase(SLOT, ISpotAuction.Phase.LAPSED));
        auction.clear(SLOT);
    }

    /// @custom:spec G-08
    function test_a_voided_slot_is_not_cleared() public {
        vm.prank(DSO);
        ledger.voidSlot(SLOT, "line down");
        toCallTime(SLOT);
        refused(KEEPER, _wrongPhase(SLOT, ISpotAuction.Phase.VOIDED));
        auction.clear(SLOT);
    }

    /* PRICE AND VOLUME */

    /// @custom:spec G-04
    function test_a_range_of_equilibrium_prices_gives_its_lowest() public {
        offer(SOLAR_POINT, 1000, 500);
        bid(HOME_POINT, 2000, 500);
        _assertCleared(1000, 500);
    }

    /// @custom:spec G-04
    function test_a_partly_filled_offer_sets_the_price() public {
        offer(SOLAR_POINT, 1000, 500);
        bid(HOME_POINT, 2000, 400);
        _assertCleared(1000, 400);
    }

    /// @custom:spec G-04
    function test_a_partly_filled_bid_sets_the_price() public {
        offer(SOLAR_POINT, 1000, 400);
        bid(HOME_POINT, 2000, 500);
        _assertCleared(2000, 400);
    }

    /// @custom:spec G-04
    function test_the_price_lies_where_the_curves_cross_not_in_the_middle() public {
        offer(SOLAR_POINT, 500, 100);
        offer(SOLAR_POINT, 900, 100);
        offer(SOLAR_POINT, 1500, 100);
        bid(HOME_POINT, 2500, 120);
        bid(SHOP_POINT, 1200, 50);
        bid(CAR_POINT, 400, 500);
        _assertCleared(900, 170);
        ISpotAuction.Result memory result = auction.resultOf(SLOT);
        assertEq(result.bidFilled, 0, "bids filled at the price");
        assertEq(result.bidTotal, 0, "bids at the price");
        assertEq(result.offerFilled, 70, "offers filled at the price");
        assertEq(result.offerTotal, 100, "offers at the price");
    }

    /// @custom:spec G-04 G-05
    function test_both_sides_may_be_partly_filled_at_one_price_never_both_short() public {
        offer(SOLAR_POINT, 1000, 300);
        bid(HOME_POINT, 1000, 500);
        _assertCleared(1000, 300);
        ISpotAuction.Result memory result = auction.resultOf(SLOT);
        assertEq(result.bidFilled, 300, "bids filled at the price");
        assertEq(result.bidTotal, 500, "bids at the price");
        assertEq(result.offerFilled, 300, "offers filled at the price");
        assertEq(result.offerTotal, 300, "offers at the price");
    }

    /// @custom:spec C-11
    function test_a_price_of_zero_clears() public {
        offer(SOLAR_POINT, 0, 800);
        bid(HOME_POINT, 0, 500);
        _assertCleared(0, 500);
    }

    /// @custom:spec C-11
    function test_renewables_at_zero_marginal_cost_clear_at_zero_when_they_are_ample() public {
        offer(SOLAR_POINT, 0, 800);
        bid(HOME_POINT, 2600, 500);
        _assertCleared(0, 500);
    }

    function test_the_highest_tick_clears() public {
        offer(SOLAR_POINT, HIGHEST_PRICE, 10);
        bid(HOME_POINT, HIGHEST_PRICE, 5);
        _assertCleared(HIGHEST_PRICE, 5);
    }

    function test_ticks_at_the_edges_of_the_trees_nodes_clear() public {
        uint256[6] memory edges = [uint256(31), 32, 1023, 1024, 1055, 31_744];
        for (uint256 i = 0; i < edges.length; ++i) {
            DeliverySlot slot = slotAfter(SLOT, i + 1);
            openSlot(slot);
            offerIn(slot, SOLAR_POINT, edges[i], 10);
            bidIn(slot, HOME_POINT, edges[i], 5);
        }
        for (uint256 i = 0; i < edges.length; ++i) {
            DeliverySlot slot = slotAfter(SLOT, i + 1);
            clearSlot(slot);
            assertEq(auction.resultOf(slot).price, edges[i], "price");
            assertEq(auction.resultOf(slot).volume, 5, "volume");
        }
    }

    /// @custom:spec G-04
    function test_curves_that_do_not_meet_trade_nothing() public {
        offer(SOLAR_POINT, 2000, 500);
        bid(HOME_POINT, 1999, 500);
        _assertCleared(0, 0);
    }

    function test_one_empty_side_trades_nothing() public {
        bid(HOME_POINT, 2000, 500);
        _assertCleared(0, 0);
        DeliverySlot next = slotAfter(SLOT, 1);
        openSlot(next);
        offerIn(next, SOLAR_POINT, 0, 500);
        clearSlot(next);
        assertEq(auction.resultOf(next).volume, 0, "volume with offers alone");
    }

    function test_an_empty_book_trades_nothing() public {
        _assertCleared(0, 0);
    }

    /// @custom:spec G-06
    function test_a_call_auction_may_fill_both_sides_of_one_account() public {
        offer(HOME_POINT, 1000, 500);
        bid(HOME_POINT, 1500, 500);
        _assertCleared(1000, 500);
    }

    /// @custom:spec C-02 C-33 C-52 G-08
    function test_anyone_clears_and_the_result_is_booked_in_the_block() public {
        offer(SOLAR_POINT, 1000, 500);
        bid(HOME_POINT, 2000, 400);
        toCallTime(SLOT);
        ISpotAuction.Result memory expected = ISpotAuction.Result({
            price: sen(1000),
            volume: wh(400),
            bidFilled: wh(0),
            bidTotal: wh(0),
            offerFilled: wh(400),
            offerTotal: wh(500)
        });
        vm.expectEmit(address(auction));
        emit ISpotAuction.SlotCleared(SLOT, expected);
        vm.prank(STRANGER);
        auction.clear(SLOT);
        assertEq(phaseOf(SLOT), uint256(ISpotAuction.Phase.CLEARED), "phase");
    }

    /// @custom:spec G-08
    function test_the_last_second_before_the_slot_is_early_enough() public {
        offer(SOLAR_POINT, 1000, 500);
        bid(HOME_POINT, 2000, 400);
        vm.warp(SLOT.start() - 1);
        vm.prank(KEEPER);
        auction.clear(SLOT);
        assertEq(auction.resultOf(SLOT).volume, 400, "volume");
    }

    function _assertCleared(uint256 price, uint256 volume) private {
        clearSlot(SLOT);
        assertEq(auction.resultOf(SLOT).price, price, "price");
        assertEq(auction.resultOf(SLOT).volume, volume, "volume");
        assertEq(phaseOf(SLOT), uint256(ISpotAuction.Phase.CLEARED), "phase");
    }

    function _wrongPhase(DeliverySlot slot, ISpotAuction.Phase phase) private pure returns (bytes memory) {
        return
            abi.encodeWithSelector(ISpotAuction.WrongPhase.selector, slot, phase, ISpotAuction.Phase.CLOSED);
    }
}
