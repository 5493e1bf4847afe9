// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterOracle} from "../../../../contracts/interfaces/IMeterOracle.sol";
import {IProductCalendar} from "../../../../contracts/interfaces/IProductCalendar.sol";
import {ISettlementLedger} from "../../../../contracts/interfaces/ISettlementLedger.sol";
import {ISpotAuction} from "../../../../contracts/interfaces/ISpotAuction.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {Product} from "../../../../contracts/types/Product.sol";
import {MarketTest} from "../../support/MarketTest.sol";

/// @dev A slot takes over the storage of the one a lap before it and sees nothing of it. The smallest ring that the
///      demonstration's product allows: nine places.
contract RingTest is MarketTest {
    uint256 private constant RING_SIZE = 9;

    DeliverySlot private _first;
    DeliverySlot private _lapLater;

    function setUp() public override {
        Product memory product = tenSeconds();
        product.ringSize = uint32(RING_SIZE);
        found(product);
        _first = IProductCalendar(address(auction)).firstUnopenedSlot();
        _lapLater = slotAfter(_first, RING_SIZE);
        vm.warp(_first.start() - 30);
    }

    /// @custom:spec G-30
    function test_the_place_of_a_slot_is_taken_until_it_is_final() public {
        _liveThrough(_first);
        vm.prank(KEEPER);
        ledger.settle(_first, 10);
        vm.warp(_lapLater.start() - 60);
        bytes memory occupied =
            abi.encodeWithSelector(ISettlementLedger.RingOccupied.selector, _lapLater, _first);
        refused(KEEPER, occupied);
        auction.open(_lapLater);
        refused(DSO, occupied);
        ledger.publishImbalancePrices(_lapLater, 1, sen(0), sen(5000));

        finalise(_first);
        vm.warp(_lapLater.start() - 60);
        openSlot(_lapLater);
        assertEq(uint256(ledger.slotOf(_lapLater).phase), uint256(ISettlementLedger.Phase.OPEN), "phase");
    }

    /// @custom:spec G-30
    function test_the_ring_is_just_long_enough_for_slots_that_are_finalised_in_time() public {
        DeliverySlot slot = _first;
        for (uint256 lap = 0; lap < 3; ++lap) {
            _liveThrough(slot);
            settleSlot(slot);
            finaliseSlot(slot);
            slot = slotAfter(slot, RING_SIZE);
            assertEq(vm.getBlockTimestamp(), slot.start() - 60, "final when the successor may open");
        }
    }

    /// @custom:spec G-30
    function test_a_slot_one_lap_later_begins_empty() public {
        _lapOver();
        ISpotAuction.Auction memory book = auction.auctionOf(_lapLater);
        assertEq(uint256(book.phase), uint256(ISpotAuction.Phase.OPEN), "phase");
        assertEq(book.orders, 0, "orders");
        assertEq(book.booked, 0, "booked");
        assertEq(book.bidEnergy, 0, "bids");
        assertEq(book.offerEnergy, 0, "offers");
        assertEq(auction.resultOf(_lapLater).volume, 0, "volume");
        assertEq(auction.displayOf(_lapLater, 8).bids.length, 0, "bid levels");
        assertEq(auction.displayOf(_lapLater, 8).offers.length, 0, "offer levels");
        vm.expectRevert(abi.encodeWithSelector(ISpotAuction.OrderUnknown.selector, _lapLater, 0));
        auction.orderOf(_lapLater, 0);
        for (uint256 point = 1; point <= 4; ++point) {
            _assertBlank(point);
        }
    }

    /// @custom:spec G-30
    function test_a_slot_one_lap_later_trades_what_it_is_given_and_no_more() public {
        _lapOver();
        bidIn(_lapLater, SHOP_POINT, 2000, 30);
        offerIn(_lapLater, CAR_POINT, 1000, 50);
        assertEq(auction.displayOf(_lapLater, 8).bids[0].energy, 30, "energy of a level that was used before");
        clearSlot(_lapLater);
        bookSlot(_lapLater);

        assertEq(auction.resultOf(_lapLater).volume, 30, "volume");
        assertEq(ledger.positionOf(_lapLater, metering(SHOP_POINT)).bought, 30, "bought by the shop");
        assertEq(ledger.positionOf(_lapLater, metering(HOME_POINT)).bought, 0, "bought by the home");
        assertEq(reserved(SHOP), 30 * 1000, "reserved");
        assertEq(uint256(auction.orderOf(_lapLater, 1).outcome), 2, "partly filled");
    }

    /// @custom:spec G-07 G-30
    function test_the_rating_of_a_point_is_whole_again_one_lap_later() public {
        _lapOver();
        offerIn(_lapLater, SOLAR_POINT, 6000, 100_000_000);
        offerIn(_lapLater, SOLAR_POINT, 6000, 100_000_000);
        assertEq(auction.auctionOf(_lapLater).offerEnergy, RATING, "offers");
    }

    /// @custom:spec G-11 G-30
    function test_a_reading_of_the_lap_before_does_not_settle_this_one() public {
        _lapOver();
        clearSlot(_lapLater);
        bookSlot(_lapLater);
        settleSlot(_lapLater);
        assertEq(ledger.slotOf(_lapLater).missing, 4, "no point has a reading");
    }

    function test_a_slot_whose_place_was_taken_is_gone() public {
        _lapOver();
        assertEq(uint256(auction.auctionOf(_first).phase), uint256(ISpotAuction.Phase.NONE), "phase");
        assertEq(
            uint256(ledger.slotOf(_first).phase), uint256(ISettlementLedger.Phase.NONE), "ledger's phase"
        );
        assertEq(auction.resultOf(_first).volume, 0, "volume");
        assertFalse(ledger.isLive(_first), "live");
        vm.expectRevert(abi.encodeWithSelector(ISpotAuction.OrderUnknown.selector, _first, 0));
        auction.orderOf(_first, 0);
        refused(
            KEEPER,
            abi.encodeWithSelector(
                ISettlementLedger.WrongPhase.selector,
                _first,
                ISettlementLedger.Phase.NONE,
                ISettlementLedger.Phase.BOOKED
            )
        );
        ledger.settle(_first, 1);
    }

    /// @custom:spec G-10 G-30
    function test_the_imbalance_prices_of_the_lap_before_do_not_hold() public {
        vm.prank(DSO);
        ledger.publishImbalancePrices(_first, 1, sen(700), sen(3000));
        _liveThrough(_first);
        assertEq(ledger.slotOf(_first).shortPrice, 3000, "published");
        settleSlot(_first);
        finaliseSlot(_first);
        openSlot(_lapLater);
        assertEq(ledger.slotOf(_lapLater).longPrice, 0, "lowest long price");
        assertEq(ledger.slotOf(_lapLater).shortPrice, 5000, "highest short price");
    }

    function _liveThrough(DeliverySlot slot) private {
        openSlot(slot);
        bidIn(slot, HOME_POINT, 2000, 500);
        bidIn(slot, SHOP_POINT, 2000, 100);
        offerIn(slot, SOLAR_POINT, 1000, 450);
        offerIn(slot, CAR_POINT, 1000, 100);
        clearSlot(slot);
        bookSlot(slot);
        toSlotEnd(slot);
        metered(HOME_POINT, 458, 0);
        metered(SHOP_POINT, 92, 0);
        metered(SOLAR_POINT, 0, 450);
        metered(CAR_POINT, 0, 100);
        attest(slot);
        toReadingDeadline(slot);
    }

    /// @dev The first slot is final and its successor in the same place open.
    function _lapOver() private {
        _liveThrough(_first);
        settleSlot(_first);
        finaliseSlot(_first);
        openSlot(_lapLater);
    }

    function finalise(DeliverySlot slot) private {
        vm.prank(KEEPER);
        ledger.finalise(slot, 10);
    }

    function _assertBlank(uint256 point) private view {
        ISettlementLedger.Position memory position = ledger.positionOf(_lapLater, metering(point));
        assertEq(position.bought, 0, "bought");
        assertEq(position.sold, 0, "sold");
        assertEq(position.reserved, 0, "reserved");
        (bool present,,) = IMeterOracle(meterOracle).readingOf(_lapLater, metering(point));
        assertFalse(present, "reading");
    }
}
