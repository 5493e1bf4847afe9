// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementLedger} from "../../../../contracts/interfaces/ISettlementLedger.sol";
import {ISpotAuction} from "../../../../contracts/interfaces/ISpotAuction.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {Fill, packFill} from "../../../../contracts/types/Fill.sol";
import {Side} from "../../../../contracts/types/Order.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract BookTest is MarketTest {
    function setUp() public override {
        super.setUp();
        openSlot(SLOT);
    }

    /* REFUSALS */

    function test_an_empty_and_an_oversized_chunk_are_refused() public {
        clearSlot(SLOT);
        refused(KEEPER, abi.encodeWithSelector(ISpotAuction.CountInvalid.selector, 0));
        auction.book(SLOT, 0);
        refused(KEEPER, abi.encodeWithSelector(ISpotAuction.CountInvalid.selector, 351));
        auction.book(SLOT, 351);
    }

    function test_a_slot_is_not_booked_before_it_is_cleared() public {
        refused(KEEPER, _wrongPhase(SLOT, ISpotAuction.Phase.OPEN));
        auction.book(SLOT, 1);
        toCallTime(SLOT);
        refused(KEEPER, _wrongPhase(SLOT, ISpotAuction.Phase.CLOSED));
        auction.book(SLOT, 1);
    }

    function test_a_slot_that_was_not_opened_is_not_booked() public {
        refused(KEEPER, _wrongPhase(slotAt(SLOT.start() + 1800), ISpotAuction.Phase.NONE));
        auction.book(slotAt(SLOT.start() + 1800), 1);
    }

    function test_a_booked_slot_is_not_booked_again() public {
        clearAndBook();
        refused(KEEPER, _wrongPhase(SLOT, ISpotAuction.Phase.BOOKED));
        auction.book(SLOT, 1);
    }

    /// @custom:spec G-08
    function test_the_reserves_of_a_lapsed_slot_return_once() public {
        bid(HOME_POINT, 2000, 500);
        vm.warp(SLOT.start());
        bookSlot(SLOT);
        refused(KEEPER, _wrongPhase(SLOT, ISpotAuction.Phase.BOOKED));
        auction.book(SLOT, 1);
    }

    /* FILLS */

    /// @custom:spec C-33 G-12
    function test_a_fill_keeps_its_cost_reserved_and_the_rest_returns() public {
        offer(SOLAR_POINT, 1000, 500);
        bid(HOME_POINT, 2000, 400);
        assertEq(reserved(HOME), 2000 * 400, "reserve of the bid");
        assertEq(reserved(SOLAR), 4000 * 500, "reserve of the offer");
        clearAndBook();

        assertEq(reserved(HOME), 1000 * 400, "a bid keeps the price of its fill");
        assertEq(reserved(SOLAR), 4000 * 400, "an offer keeps what replaces its fill");
        _assertPosition(HOME_POINT, 400, 0, 400 * 1000, 0, 400 * 1000);
        _assertPosition(SOLAR_POINT, 0, 400, 0, 400 * 1000, 400 * 4000);
        assertEq(allMoney(), bankedYen5(), "all money");
    }

    /// @custom:spec G-12
    function test_an_offer_filled_above_the_highest_short_price_keeps_nothing() public {
        offer(SOLAR_POINT, 1000, 500);
        bid(HOME_POINT, 6000, 600);
        clearAndBook();
        assertEq(auction.resultOf(SLOT).price, 6000, "price");
        assertEq(reserved(SOLAR), 0, "reserved by the plant");
        assertEq(reserved(HOME), 6000 * 500, "reserved by the home");
    }

    /// @custom:spec G-05
    function test_ties_are_filled_pro_rata_and_add_up_exactly() public {
        offer(SOLAR_POINT, 1000, 100);
        bid(HOME_POINT, 1000, 77);
        bid(SHOP_POINT, 1000, 31);
        bid(CAR_POINT, 1000, 59);
        clearAndBook();

        // 100 of 167 Wh: floor(100 * 77 / 167), then up to floor(100 * 108 / 167), then up to 100.
        _assertFilled(1, 46, ISpotAuction.Outcome.PARTLY_FILLED);
        _assertFilled(2, 64 - 46, ISpotAuction.Outcome.PARTLY_FILLED);
        _assertFilled(3, 100 - 64, ISpotAuction.Outcome.PARTLY_FILLED);
        assertEq(ledger.positionOf(SLOT, metering(CAR_POINT)).bought, 36, "bought by the car");
    }

    /// @custom:spec G-05
    function test_a_cancelled_order_at_the_margin_counts_for_nothing() public {
        offer(SOLAR_POINT, 1000, 100);
        bid(HOME_POINT, 1000, 100);
        bid(SHOP_POINT, 1000, 300);
        bid(CAR_POINT, 1000, 100);
        vm.prank(SHOP);
        auction.cancel(SLOT, 2);
        clearAndBook();
        _assertFilled(1, 50, ISpotAuction.Outcome.PARTLY_FILLED);
        _assertFilled(2, 0, ISpotAuction.Outcome.CANCELLED);
        _assertFilled(3, 50, ISpotAuction.Outcome.PARTLY_FILLED);
    }

    /// @custom:spec G-05
    function test_better_levels_are_filled_whole_and_worse_ones_not_at_all() public {
        offer(SOLAR_POINT, 1000, 100);
        offer(CAR_POINT, 1100, 100);
        bid(HOME_POINT, 1500, 150);
        bid(SHOP_POINT, 1050, 30);
        clearAndBook();
        _assertFilled(0, 100, ISpotAuction.Outcome.FILLED);
        _assertFilled(1, 50, ISpotAuction.Outcome.PARTLY_FILLED);
        _assertFilled(2, 150, ISpotAuction.Outcome.FILLED);
        _assertFilled(3, 0, ISpotAuction.Outcome.LIMIT_NOT_REACHED);
    }

    /// @custom:spec G-05
    function test_a_share_below_one_wh_is_nothing_and_says_so() public {
        offer(SOLAR_POINT, 1000, 1);
        bid(HOME_POINT, 1000, 1);
        bid(SHOP_POINT, 1000, 99);
        clearAndBook();
        _assertFilled(1, 0, ISpotAuction.Outcome.ROUNDED_TO_ZERO);
        _assertFilled(2, 1, ISpotAuction.Outcome.PARTLY_FILLED);
        assertEq(reserved(HOME), 0, "the reserve of nothing returns");
    }

    function test_an_order_in_a_book_that_traded_nothing_says_so() public {
        bid(HOME_POINT, 1000, 10);
        offer(SOLAR_POINT, 2000, 10);
        clearAndBook();
        _assertFilled(0, 0, ISpotAuction.Outcome.NOTHING_TRADED);
        _assertFilled(1, 0, ISpotAuction.Outcome.NOTHING_TRADED);
        assertEq(reserved(HOME) + reserved(SOLAR), 0, "all reserves return");
        assertFalse(ledger.slotOf(SLOT).traded, "traded");
    }

    /// @custom:spec G-06
    function test_one_account_on_both_sides_holds_both_trades() public {
        offer(HOME_POINT, 1000, 500);
        bid(HOME_POINT, 1500, 500);
        clearAndBook();
        _assertPosition(HOME_POINT, 500, 500, 500 * 1000, 500 * 1000, 500 * 1000 + 500 * 4000);
    }

    /// @custom:spec G-07
    function test_several_orders_of_a_point_add_up_in_its_position() public {
        bid(HOME_POINT, 1500, 100);
        bid(HOME_POINT, 1400, 200);
        offer(SOLAR_POINT, 1000, 1000);
        bid(HOME_POINT, 1300, 300);
        clearAndBook();
        _assertPosition(HOME_POINT, 600, 0, 600 * 1000, 0, 600 * 1000);
    }

    /* EVENTS AND CHUNKS */

    /// @custom:spec C-24 G-31
    function test_the_event_tells_where_each_fill_lies() public {
        offer(SOLAR_POINT, 1000, 60);
        bid(HOME_POINT, 2000, 50);
        offer(CAR_POINT, 1000, 60);
        bid(SHOP_POINT, 2000, 50);
        clearSlot(SLOT);

        uint256[] memory fills = new uint256[](4);
        fills[0] = Fill.unwrap(packFill(0, metering(SOLAR_POINT), Side.OFFER, wh(50), 0));
        fills[1] = Fill.unwrap(packFill(1, metering(HOME_POINT), Side.BID, wh(50), 0));
        fills[2] = Fill.unwrap(packFill(2, metering(CAR_POINT), Side.OFFER, wh(50), 50));
        fills[3] = Fill.unwrap(packFill(3, metering(SHOP_POINT), Side.BID, wh(50), 50));
        vm.expectEmit(address(auction));
        emit ISpotAuction.FillsBooked(SLOT, 0, fills);
        vm.expectEmit(address(auction));
        emit ISpotAuction.SlotBooked(SLOT, ISpotAuction.Phase.BOOKED);
        vm.expectEmit(address(ledger));
        emit ISettlementLedger.TradesBooked(SLOT, true, sen(1000));
        bookSlot(SLOT);
    }

    /// @custom:spec G-05 C-24
    function test_chunks_of_one_book_the_same_as_one_chunk() public {
        _mixedBook(SLOT);
        DeliverySlot twin = slotAfter(SLOT, 1);
        openSlot(twin);
        _mixedBook(twin);
        clearSlot(SLOT);
        clearSlot(twin);

        bookSlot(SLOT);
        for (uint256 i = 0; i < 7; ++i) {
            assertEq(auction.auctionOf(twin).booked, i, "cursor");
            assertEq(phaseOf(twin), uint256(ISpotAuction.Phase.CLEARED), "phase");
            vm.prank(STRANGER);
            auction.book(twin, 1);
        }
        assertEq(phaseOf(twin), uint256(ISpotAuction.Phase.BOOKED), "phase");
        for (uint256 point = 1; point <= 4; ++point) {
            bytes32 whole = keccak256(abi.encode(ledger.positionOf(SLOT, metering(point))));
            bytes32 chunked = keccak256(abi.encode(ledger.positionOf(twin, metering(point))));
            assertEq(whole, chunked, "position");
        }
    }

    function test_an_empty_slot_is_booked_in_one_call() public {
        clearSlot(SLOT);
        vm.expectEmit(address(auction));
        emit ISpotAuction.SlotBooked(SLOT, ISpotAuction.Phase.BOOKED);
        bookSlot(SLOT);
        assertEq(uint256(ledger.slotOf(SLOT).phase), uint256(ISettlementLedger.Phase.BOOKED), "phase");
    }

    function test_a_cleared_slot_may_be_booked_after_it_has_started() public {
        offer(SOLAR_POINT, 1000, 500);
        bid(HOME_POINT, 2000, 400);
        clearSlot(SLOT);
        vm.warp(SLOT.start() + 900);
        bookSlot(SLOT);
        assertEq(ledger.positionOf(SLOT, metering(HOME_POINT)).bought, 400, "bought");
    }

    /* LAPSED AND VOIDED SLOTS */

    /// @custom:spec G-08
    function test_a_slot_that_was_not_cleared_in_time_lapses_whole_and_all_reserves_return() public {
        _mixedBook(SLOT);
        vm.warp(SLOT.start());
        assertEq(phaseOf(SLOT), uint256(ISpotAuction.Phase.LAPSED), "phase by time alone");
        vm.prank(KEEPER);
        auction.book(SLOT, 3);
        vm.expectEmit(address(auction));
        emit ISpotAuction.SlotBooked(SLOT, ISpotAuction.Phase.LAPSED);
        bookSlot(SLOT);

        _assertNothingReservedAndNothingTraded();
        assertEq(phaseOf(SLOT), uint256(ISpotAuction.Phase.LAPSED), "phase");
        assertEq(uint256(auction.orderOf(SLOT, 0).outcome), uint256(ISpotAuction.Outcome.LAPSED), "outcome");
        assertEq(auction.resultOf(SLOT).volume, 0, "volume");
    }

    /// @custom:spec G-08
    function test_a_slot_voided_before_call_time_returns_all_reserves_at_once() public {
        _mixedBook(SLOT);
        vm.prank(DSO);
        ledger.voidSlot(SLOT, "line down");
        vm.expectEmit(address(auction));
        emit ISpotAuction.SlotBooked(SLOT, ISpotAuction.Phase.VOIDED);
        bookSlot(SLOT);
        _assertNothingReservedAndNothingTraded();
        assertEq(phaseOf(SLOT), uint256(ISpotAuction.Phase.VOIDED), "phase");
        assertEq(uint256(auction.orderOf(SLOT, 0).outcome), uint256(ISpotAuction.Outcome.VOIDED), "outcome");
    }

    /// @custom:spec G-08
    function test_a_slot_voided_after_clearing_returns_all_reserves() public {
        _mixedBook(SLOT);
        clearSlot(SLOT);
        vm.prank(DSO);
        ledger.voidSlot(SLOT, "line down");
        assertEq(auction.resultOf(SLOT).volume, 0, "no result counts");
        bookSlot(SLOT);
        _assertNothingReservedAndNothingTraded();
    }

    /// @custom:spec G-08
    function test_a_slot_voided_while_it_is_booked_gives_the_rest_nothing() public {
        offer(SOLAR_POINT, 1000, 500);
        bid(HOME_POINT, 2000, 400);
        clearSlot(SLOT);
        vm.prank(KEEPER);
        auction.book(SLOT, 1);
        vm.prank(DSO);
        ledger.voidSlot(SLOT, "line down");
        bookSlot(SLOT);

        assertEq(reserved(HOME), 0, "the home was not booked yet");
        assertEq(reserved(SOLAR), 4000 * 400, "the plant was: its reserve returns at settlement");
        assertEq(uint256(auction.orderOf(SLOT, 0).outcome), uint256(ISpotAuction.Outcome.VOIDED), "outcome");
    }

    /// @dev Seven orders of four points that cross; every kind of outcome comes up.
    function _mixedBook(DeliverySlot slot) private {
        offerIn(slot, SOLAR_POINT, 800, 111);
        bidIn(slot, HOME_POINT, 2000, 70);
        bidIn(slot, SHOP_POINT, 1000, 53);
        offerIn(slot, CAR_POINT, 1000, 90);
        bidIn(slot, CAR_POINT, 1000, 47);
        bidIn(slot, HOME_POINT, 1000, 101);
        offerIn(slot, SHOP_POINT, 1500, 30);
    }

    function _assertNothingReservedAndNothingTraded() private view {
        for (uint256 point = 1; point <= 4; ++point) {
            _assertPosition(point, 0, 0, 0, 0, 0);
        }
        assertEq(reserved(HOME) + reserved(SHOP) + reserved(SOLAR) + reserved(CAR), 0, "reserved");
        assertEq(allMoney(), bankedYen5(), "all money");
    }

    function _assertFilled(uint32 orderId, uint256 energy, ISpotAuction.Outcome outcome) private view {
        ISpotAuction.OrderState memory state = auction.orderOf(SLOT, orderId);
        assertEq(state.filled, energy, "filled");
        assertEq(uint256(state.outcome), uint256(outcome), "outcome");
    }

    function _assertPosition(
        uint256 point,
        uint256 bought,
        uint256 sold,
        int256 paid,
        int256 earned,
        int256 held
    ) private view {
        ISettlementLedger.Position memory position = ledger.positionOf(SLOT, metering(point));
        assertEq(position.bought, bought, "bought");
        assertEq(position.sold, sold, "sold");
        assertEq(position.paid, paid, "paid");
        assertEq(position.earned, earned, "earned");
        assertEq(position.reserved, held, "reserved for the slot");
        assertFalse(position.missing, "missing");
    }

    function _wrongPhase(DeliverySlot slot, ISpotAuction.Phase phase) private pure returns (bytes memory) {
        return
            abi.encodeWithSelector(ISpotAuction.WrongPhase.selector, slot, phase, ISpotAuction.Phase.CLEARED);
    }
}
