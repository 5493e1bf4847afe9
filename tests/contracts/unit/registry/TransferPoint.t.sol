// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {IProductCalendar} from "../../../../contracts/interfaces/IProductCalendar.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {MarketTest} from "../../support/MarketTest.sol";

/// @dev `transferPoint` and `completeTransfer`, which belong together.
contract TransferPointTest is MarketTest {
    uint256 private constant CORRECTION_WINDOW = 604_800;

    function test_only_the_market_operator_transfers() public {
        forbidden(HOME);
        registry.transferPoint(metering(HOME_POINT), SHOP);
    }

    function test_the_new_owner_has_to_be_admitted() public {
        refused(OPERATOR, abi.encodeWithSelector(IParticipantRegistry.PartyUnknown.selector, STRANGER));
        registry.transferPoint(metering(HOME_POINT), STRANGER);
    }

    function test_an_unknown_point_cannot_be_transferred() public {
        bytes memory unknown =
            abi.encodeWithSelector(IParticipantRegistry.MeteringPointUnknown.selector, metering(99));
        refused(OPERATOR, unknown);
        registry.transferPoint(metering(99), SHOP);
        refused(KEEPER, unknown);
        registry.completeTransfer(metering(99));
    }

    function test_a_second_transfer_waits_until_the_first_is_complete() public {
        DeliverySlot from = _transfer(SHOP);
        vm.warp(from.start() + 1);
        refused(
            OPERATOR,
            abi.encodeWithSelector(IParticipantRegistry.ChangePending.selector, metering(HOME_POINT), from)
        );
        registry.transferPoint(metering(HOME_POINT), CAR);
    }

    function test_a_transfer_that_was_not_begun_cannot_be_completed() public {
        refused(
            KEEPER,
            abi.encodeWithSelector(IParticipantRegistry.NoTransferPending.selector, metering(HOME_POINT))
        );
        registry.completeTransfer(metering(HOME_POINT));
    }

    /// @custom:spec G-12 G-29
    function test_a_transfer_is_complete_when_the_previous_owners_last_slot_is_final() public {
        DeliverySlot from = _transfer(SHOP);
        vm.warp(from.start() + CORRECTION_WINDOW - 1);
        refused(
            KEEPER,
            abi.encodeWithSelector(IParticipantRegistry.ChangePending.selector, metering(HOME_POINT), from)
        );
        registry.completeTransfer(metering(HOME_POINT));
        vm.warp(from.start() + CORRECTION_WINDOW);
        vm.prank(KEEPER);
        registry.completeTransfer(metering(HOME_POINT));
    }

    /// @custom:spec G-11 G-12 G-29
    function test_a_transfer_waits_until_the_cash_of_the_previous_owners_slots_has_moved() public {
        openSlot(SLOT);
        DeliverySlot from = _transfer(SHOP);
        vm.warp(from.start() + CORRECTION_WINDOW);
        assertFalse(ledger.isFinalBefore(from), "final before the transfer");
        refused(
            KEEPER,
            abi.encodeWithSelector(IParticipantRegistry.ChangePending.selector, metering(HOME_POINT), from)
        );
        registry.completeTransfer(metering(HOME_POINT));

        auction.book(SLOT, 1);
        ledger.settle(SLOT, 100);
        ledger.finalise(SLOT, 100);
        assertTrue(ledger.isFinalBefore(from), "final before the transfer");
        registry.completeTransfer(metering(HOME_POINT));
        assertEq(registry.partyOf(HOME).points, 0, "deposits of the previous owner");
    }

    function test_a_transfer_is_completed_once() public {
        DeliverySlot from = _transfer(SHOP);
        vm.warp(from.start() + CORRECTION_WINDOW);
        registry.completeTransfer(metering(HOME_POINT));
        refused(
            KEEPER,
            abi.encodeWithSelector(IParticipantRegistry.NoTransferPending.selector, metering(HOME_POINT))
        );
        registry.completeTransfer(metering(HOME_POINT));
    }

    /// @custom:spec G-29
    function test_a_new_owner_holds_from_the_first_unopened_slot() public {
        DeliverySlot from = IProductCalendar(address(registry)).firstUnopenedSlot();
        vm.expectEmit(address(registry));
        emit IParticipantRegistry.PointTransferred(metering(HOME_POINT), SHOP, from);
        vm.prank(OPERATOR);
        registry.transferPoint(metering(HOME_POINT), SHOP);

        DeliverySlot before = slotAt(from.start() - 1800);
        assertEq(registry.ownerOf(metering(HOME_POINT), before), HOME, "owner of the slot before");
        assertEq(registry.ownerOf(metering(HOME_POINT), from), SHOP, "owner from then on");
    }

    /// @custom:spec G-12
    function test_both_owners_keep_the_minimum_deposit_until_the_transfer_is_complete() public {
        DeliverySlot from = _transfer(SHOP);
        assertEq(registry.partyOf(HOME).points, 1, "deposits of the previous owner");
        assertEq(registry.partyOf(SHOP).points, 2, "deposits of the new owner");

        vm.warp(from.start() + CORRECTION_WINDOW);
        vm.expectEmit(address(registry));
        emit IParticipantRegistry.TransferCompleted(metering(HOME_POINT), HOME);
        registry.completeTransfer(metering(HOME_POINT));
        assertEq(registry.partyOf(HOME).points, 0, "deposits of the previous owner");
        assertEq(registry.partyOf(SHOP).points, 2, "deposits of the new owner");
    }

    /// @custom:spec G-29
    function test_past_slots_keep_their_owner_after_the_transfer_is_complete() public {
        DeliverySlot from = _transfer(SHOP);
        vm.warp(from.start() + CORRECTION_WINDOW);
        registry.completeTransfer(metering(HOME_POINT));
        assertEq(registry.ownerOf(metering(HOME_POINT), SLOT), HOME, "owner of the old slot");

        DeliverySlot again = _transfer(CAR);
        assertEq(registry.ownerOf(metering(HOME_POINT), from), SHOP, "owner between the transfers");
        assertEq(registry.ownerOf(metering(HOME_POINT), again), CAR, "owner after the second");
    }

    /// @custom:spec G-29
    function test_the_new_owner_orders_from_its_first_slot_on() public {
        DeliverySlot from = _transfer(SHOP);
        DeliverySlot before = slotAt(from.start() - 1800);
        vm.warp(from.start() - 100_000);
        openSlot(before);
        openSlot(from);

        (address owner, uint256 ownerPoints,,) = registry.orderContext(metering(HOME_POINT), from);
        assertEq(owner, SHOP, "who pays");
        assertEq(ownerPoints, 2, "deposits to keep");
        (owner, ownerPoints,,) = registry.orderContext(metering(HOME_POINT), before);
        assertEq(owner, HOME, "who pays in the slot before");
    }

    function _transfer(address owner) private returns (DeliverySlot from) {
        from = IProductCalendar(address(registry)).firstUnopenedSlot();
        vm.prank(OPERATOR);
        registry.transferPoint(metering(HOME_POINT), owner);
    }
}
