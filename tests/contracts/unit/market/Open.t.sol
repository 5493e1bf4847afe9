// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IProductCalendar} from "../../../../contracts/interfaces/IProductCalendar.sol";
import {ISettlementLedger} from "../../../../contracts/interfaces/ISettlementLedger.sol";
import {ISpotAuction} from "../../../../contracts/interfaces/ISpotAuction.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract OpenTest is MarketTest {
    function test_a_slot_starts_at_a_multiple_of_its_length() public {
        DeliverySlot crooked = slotAt(SLOT.start() + 1);
        refused(KEEPER, abi.encodeWithSelector(IProductCalendar.SlotMisaligned.selector, crooked, 1800));
        auction.open(crooked);
    }

    /// @custom:spec G-08
    function test_a_slot_is_not_opened_before_its_horizon() public {
        vm.warp(SLOT.start() - 172_801);
        refused(
            KEEPER, abi.encodeWithSelector(ISpotAuction.BeyondHorizon.selector, SLOT, SLOT.start() - 172_800)
        );
        auction.open(SLOT);
    }

    /// @custom:spec G-08
    function test_a_slot_is_not_opened_at_its_call_time() public {
        toCallTime(SLOT);
        refused(
            KEEPER, abi.encodeWithSelector(ISpotAuction.CallTimePassed.selector, SLOT, SLOT.start() - 3600)
        );
        auction.open(SLOT);
    }

    function test_the_first_slots_of_time_were_called_long_ago() public {
        refused(KEEPER, abi.encodeWithSelector(ISpotAuction.CallTimePassed.selector, slotAt(0), 0));
        auction.open(slotAt(0));
        refused(KEEPER, abi.encodeWithSelector(ISpotAuction.CallTimePassed.selector, slotAt(1800), 0));
        auction.open(slotAt(1800));
    }

    function test_the_last_slot_of_time_is_beyond_the_horizon() public {
        // Rounded down to a whole slot, which is what dividing first is for.
        // forge-lint: disable-next-line(divide-before-multiply)
        DeliverySlot last = slotAt((uint256(type(uint64).max) / 1800) * 1800);
        refused(
            KEEPER, abi.encodeWithSelector(ISpotAuction.BeyondHorizon.selector, last, last.start() - 172_800)
        );
        auction.open(last);
    }

    function test_a_slot_is_opened_once() public {
        openSlot(SLOT);
        refused(
            KEEPER,
            abi.encodeWithSelector(
                ISpotAuction.WrongPhase.selector, SLOT, ISpotAuction.Phase.OPEN, ISpotAuction.Phase.NONE
            )
        );
        auction.open(SLOT);
    }

    /// @custom:spec G-30
    function test_a_slot_whose_place_is_held_by_one_that_is_not_final_is_not_opened() public {
        openSlot(SLOT);
        DeliverySlot lapLater = slotAfter(SLOT, 480);
        vm.warp(lapLater.start() - 172_800);
        refused(KEEPER, abi.encodeWithSelector(ISettlementLedger.RingOccupied.selector, lapLater, SLOT));
        auction.open(lapLater);
    }

    /// @custom:spec C-14 G-02 G-08
    function test_anyone_opens_a_slot_from_its_horizon_on() public {
        vm.warp(SLOT.start() - 172_800);
        vm.expectEmit(address(auction));
        emit ISpotAuction.SlotOpened(SLOT);
        vm.prank(STRANGER);
        auction.open(SLOT);

        ISpotAuction.Auction memory opened = auction.auctionOf(SLOT);
        assertEq(uint256(opened.phase), uint256(ISpotAuction.Phase.OPEN), "phase");
        assertEq(opened.bidEnergy, 0, "bids");
        assertEq(opened.offerEnergy, 0, "offers");
        assertEq(opened.orders, 0, "orders");
        assertEq(opened.updatedAt, SLOT.start() - 172_800, "last update");
        (bool isOpen, bool voided) = ledger.isOpen(SLOT);
        assertTrue(isOpen, "open in the ledger");
        assertFalse(voided, "not voided");
    }

    function test_the_last_second_before_call_time_is_early_enough() public {
        vm.warp(SLOT.start() - 3601);
        openSlot(SLOT);
        assertEq(phaseOf(SLOT), uint256(ISpotAuction.Phase.OPEN), "phase");
    }
}
