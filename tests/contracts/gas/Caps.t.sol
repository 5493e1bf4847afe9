// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeliverySlot} from "../../../contracts/types/DeliverySlot.sol";
import {Side} from "../../../contracts/types/Order.sol";
import {Product} from "../../../contracts/types/Product.sol";
import {GasTest} from "../support/GasTest.sol";

/// @dev The largest call of each kind, in the worst case that we know of, fits into one transaction: storage that was never
///      used, every party apart, as many events as can be.
contract CapsGasTest is GasTest {
    uint256 private constant LARGEST_CHUNK = 350;
    uint256 private constant LARGEST_LAPSE = 200;
    uint256 private constant LARGEST_PASS = 300;
    uint256 private constant LARGEST_BATCH = 500;
    uint256 private constant LARGEST_PUBLICATION = 500;
    uint256 private constant LARGEST_RING = 5000;
    uint256 private constant POINT_COUNT_SLOT = 6;

    /// forge-config: default.isolate = true
    function test_a_full_chunk_of_orders_is_booked_in_one_transaction() public {
        uint256 first = _village(LARGEST_CHUNK, 10_000);
        openSlot(cold);
        for (uint256 i = 0; i < LARGEST_CHUNK; ++i) {
            vm.prank(villager(i));
            // Every offer is filled in part and every bid below its limit, so that each order returns some reserve.
            if (i % 2 == 0) auction.submit(cold, metering(first + i), Side.BID, sen(2000), wh(777));
            else auction.submit(cold, metering(first + i), Side.OFFER, sen(900), wh(778));
        }
        clearSlot(cold);
        auction.book(cold, LARGEST_CHUNK);
        note("largest call: book 350 orders", gasOfLastCall());
    }

    /// forge-config: default.isolate = true
    function test_a_full_list_of_orders_is_lapsed_in_one_transaction() public {
        uint256 first = _village(LARGEST_LAPSE, 10_000);
        openSlot(cold);
        uint32[] memory ids = new uint32[](LARGEST_LAPSE);
        for (uint256 i = 0; i < LARGEST_LAPSE; ++i) {
            vm.prank(villager(i));
            ids[i] = auction.submit(cold, metering(first + i), Side.BID, sen(i * 163), wh(77));
            suspend(villager(i));
        }
        vm.roll(vm.getBlockNumber() + 1);
        auction.lapse(cold, ids);
        note("largest call: lapse 200 orders", gasOfLastCall());
    }

    /// forge-config: default.isolate = true
    function test_a_full_pass_of_debtors_is_settled_in_one_transaction() public {
        uint256 first = _village(LARGEST_PASS, 0);
        _bookEmptySlot();
        attestWords(cold, _imports(first, LARGEST_PASS));
        toReadingDeadline(cold);
        ledger.settle(cold, LARGEST_PASS);
        note("largest call: settle 300 points, all in debt", gasOfLastCall());
        assertGe(debt(villager(LARGEST_PASS / 2)), 1, "in debt");
    }

    /// forge-config: default.isolate = true
    function test_a_full_pass_of_silent_points_is_settled_and_finalised_in_one_transaction() public {
        _village(LARGEST_PASS, 0);
        _bookEmptySlot();
        toReadingDeadline(cold);
        ledger.settle(cold, LARGEST_PASS);
        note("largest call: settle 300 points, all silent", gasOfLastCall());
        ledger.settle(cold, 4);
        toFinalTime(cold);
        ledger.finalise(cold, LARGEST_PASS);
        note("largest call: finalise 300 points, all silent", gasOfLastCall());
        assertGe(debt(villager(LARGEST_PASS / 2)), 1, "in debt");
    }

    /// forge-config: default.isolate = true
    function test_a_full_list_of_late_points_is_settled_in_one_transaction() public {
        uint256 first = _village(LARGEST_PASS, 0);
        _bookEmptySlot();
        toReadingDeadline(cold);
        ledger.settle(cold, LARGEST_PASS);
        ledger.settle(cold, 4);
        attestNow(cold, _imports(first, LARGEST_PASS));
        ledger.settleLate(cold, pointsFrom(first, LARGEST_PASS));
        note("largest call: settle 300 late points", gasOfLastCall());
    }

    /// forge-config: default.isolate = true
    function test_a_full_batch_is_attested_in_one_transaction() public {
        chooseSlots();
        openSlot(cold);
        uint256 points = LARGEST_BATCH * 4 - 1;
        vm.store(address(registry), bytes32(POINT_COUNT_SLOT), bytes32(points));
        note("largest call: attest 500 words", attestWords(cold, readingsOf(points)));
        note("largest call: attest 500 words, all skipped", attestNow(cold, readingsOf(points)));
    }

    /// @dev The largest oracle set, all of it signing.
    /// forge-config: default.isolate = true
    function test_a_full_batch_signed_by_31_oracles_is_attested_in_one_transaction() public {
        chooseSlots();
        configureOracles(31);
        openSlot(cold);
        uint256 points = LARGEST_BATCH * 4 - 1;
        vm.store(address(registry), bytes32(POINT_COUNT_SLOT), bytes32(points));
        toSlotEnd(cold);
        note("largest call: attest 500 words, 31 signatures", attestBy(31, cold, readingsOf(points)));
    }

    /// forge-config: default.isolate = true
    function test_a_full_publication_is_made_in_one_transaction() public {
        Product memory product = tenSeconds();
        product.ringSize = uint32(LARGEST_PUBLICATION) + 100;
        deployMarket(product);
        DeliverySlot slot = slotAt(FOUNDING + 100);
        vm.prank(DSO);
        ledger.publishImbalancePrices(slot, LARGEST_PUBLICATION, sen(500), sen(3000));
        note("largest call: publish 500 slots", gasOfLastCall());
    }

    /// forge-config: default.isolate = true
    function test_a_transfer_is_completed_over_the_largest_ring_in_one_transaction() public {
        Product memory product = tenSeconds();
        product.ringSize = uint32(LARGEST_RING);
        found(product);
        vm.prank(OPERATOR);
        registry.transferPoint(metering(HOME_POINT), SHOP);
        vm.warp(FOUNDING + 1 days);
        registry.completeTransfer(metering(HOME_POINT));
        note("largest call: complete a transfer, ring of 5,000", gasOfLastCall());
    }

    function _village(uint256 count, uint256 yen) private returns (uint256 first) {
        first = admitVillage(count, yen);
        chooseSlots();
    }

    function _bookEmptySlot() private {
        openSlot(cold);
        clearSlot(cold);
        bookSlot(cold);
    }

    /// @dev Each point takes 1 kWh that nobody sold it.
    function _imports(uint256 first, uint256 count) private pure returns (uint256[] memory values) {
        values = new uint256[]((first + count - 1) / 4 + 1);
        for (uint256 point = first; point < first + count; ++point) {
            values[point / 4] |= lane(1000, 0) << (60 * (point % 4));
        }
    }
}
