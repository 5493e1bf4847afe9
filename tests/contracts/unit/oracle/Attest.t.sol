// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterOracle} from "../../../../contracts/interfaces/IMeterOracle.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {ReadingLane} from "../../../../contracts/types/ReadingLane.sol";
import {Role} from "../../../../contracts/types/Role.sol";
import {WattHours} from "../../../../contracts/types/Units.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract AttestTest is MarketTest {
    uint256 private constant LARGEST_BATCH = 500;

    function setUp() public override {
        super.setUp();
        openSlot(SLOT);
        toSlotEnd(SLOT);
    }

    /* REFUSALS, IN THE ORDER OF THE CHECKS */

    /// @custom:spec G-27
    function test_a_batch_for_another_chain_is_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        batch.chainId = 1;
        _refuse(batch, abi.encodeWithSelector(IMeterOracle.WrongChain.selector, 1, block.chainid));
    }

    /// @custom:spec G-27
    function test_a_batch_for_another_contract_is_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        batch.meterOracle = address(ledger);
        _refuse(
            batch,
            abi.encodeWithSelector(IMeterOracle.WrongContract.selector, address(ledger), address(meterOracle))
        );
    }

    /// @custom:spec G-27
    function test_a_batch_of_an_earlier_oracle_set_is_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        configureOracles(4);
        _refuse(batch, abi.encodeWithSelector(IMeterOracle.WrongConfiguration.selector, 1, 2));
    }

    function test_a_reading_before_the_end_of_its_slot_is_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        vm.warp(SLOT.start() + 1799);
        _refuse(batch, abi.encodeWithSelector(IMeterOracle.SlotNotOver.selector, SLOT, SLOT.start() + 1800));
    }

    /// @custom:spec G-10
    function test_a_reading_after_the_correction_window_is_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        toFinalTime(SLOT);
        _refuse(
            batch,
            abi.encodeWithSelector(IMeterOracle.SlotIsFinal.selector, SLOT, SLOT.start() + 1800 + 604_800)
        );
    }

    function test_a_reading_for_a_slot_that_nobody_opened_is_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        batch.slot = slotAt(SLOT.start() - 1800);
        _refuse(batch, abi.encodeWithSelector(IMeterOracle.SlotNotLive.selector, batch.slot));
    }

    function test_a_future_dated_reading_is_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        batch.measuredUntil = uint64(vm.getBlockTimestamp() + 1);
        _refuse(batch, _timeInvalid(batch));
    }

    function test_a_reading_measured_before_the_slot_was_over_is_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        batch.measuredFrom = uint64(SLOT.start() + 1799);
        _refuse(batch, _timeInvalid(batch));
    }

    function test_a_time_window_that_ends_before_it_begins_is_refused() public {
        vm.warp(SLOT.start() + 1900);
        IMeterOracle.Batch memory batch = _batch();
        batch.measuredFrom = uint64(SLOT.start() + 1850);
        batch.measuredUntil = uint64(SLOT.start() + 1849);
        _refuse(batch, _timeInvalid(batch));
    }

    function test_a_batch_starts_at_a_multiple_of_four() public {
        IMeterOracle.Batch memory batch = _batch();
        batch.firstPoint = 2;
        _refuse(batch, abi.encodeWithSelector(IMeterOracle.BatchMisshapen.selector, 2, 1));
    }

    function test_a_batch_without_words_and_one_with_too_many_are_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        batch.values = new uint256[](0);
        _refuse(batch, abi.encodeWithSelector(IMeterOracle.BatchMisshapen.selector, 0, 0));
        batch.values = new uint256[](LARGEST_BATCH + 1);
        _refuse(batch, abi.encodeWithSelector(IMeterOracle.BatchMisshapen.selector, 0, LARGEST_BATCH + 1));
    }

    function test_the_top_bits_of_a_word_belong_to_the_lap() public {
        IMeterOracle.Batch memory batch = _batch();
        batch.values[0] |= 1 << 240;
        _refuse(batch, abi.encodeWithSelector(IMeterOracle.LaneInvalid.selector, metering(0), 1));
    }

    /// @custom:spec G-27
    function test_two_of_four_oracles_are_too_few() public {
        IMeterOracle.Batch memory batch = _batch();
        _refuseSigned(
            batch,
            signaturesFor(batch, 2),
            abi.encodeWithSelector(IMeterOracle.TooFewSignatures.selector, 2, 3)
        );
    }

    /// @custom:spec G-27
    function test_a_set_that_was_never_configured_attests_nothing() public {
        deployMarket(halfHours());
        vm.warp(BIDDING);
        openSlot(SLOT);
        toSlotEnd(SLOT);
        IMeterOracle.Batch memory batch = _batch();
        _refuseSigned(
            batch, new bytes[](0), abi.encodeWithSelector(IMeterOracle.TooFewSignatures.selector, 0, 1)
        );
        bytes32 digest = meterOracle.batchDigest(batch);
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = sign(oracleKeys[0], digest);
        _refuseSigned(
            batch,
            signatures,
            abi.encodeWithSelector(IMeterOracle.SignerUnknown.selector, vm.addr(oracleKeys[0]))
        );
    }

    /// @custom:spec G-27
    function test_a_signature_of_nobody_in_the_set_is_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        bytes[] memory signatures = signaturesFor(batch, 3);
        signatures[1] = sign(0xBAD, meterOracle.batchDigest(batch));
        _refuseSigned(
            batch, signatures, abi.encodeWithSelector(IMeterOracle.SignerUnknown.selector, vm.addr(0xBAD))
        );
    }

    /// @custom:spec G-27
    function test_a_changed_value_makes_every_signature_one_of_nobody() public {
        IMeterOracle.Batch memory batch = _batch();
        bytes[] memory signatures = signaturesFor(batch, 3);
        batch.values[0] += 1 << 60;
        vm.expectPartialRevert(IMeterOracle.SignerUnknown.selector);
        vm.prank(KEEPER);
        meterOracle.attest(batch, signatures);
    }

    function test_bytes_that_are_no_signature_are_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        bytes[] memory signatures = signaturesFor(batch, 3);
        signatures[0] = "forged";
        _refuseSigned(
            batch, signatures, abi.encodeWithSelector(IMeterOracle.SignerUnknown.selector, address(0))
        );
    }

    /// @custom:spec G-27
    function test_an_expired_oracle_is_refused() public {
        uint64[] memory validUntil = new uint64[](4);
        for (uint256 i = 0; i < 4; ++i) {
            validUntil[i] = uint64(SLOT.start() + (i == 2 ? 1799 : 1800));
        }
        address[] memory signers = oracleAddresses();
        vm.prank(ADMIN);
        meterOracle.configure(signers, validUntil);
        IMeterOracle.Batch memory batch = _batch();
        _refuse(
            batch,
            abi.encodeWithSelector(IMeterOracle.SignerExpired.selector, signers[2], SLOT.start() + 1799)
        );
    }

    /// @custom:spec G-27 G-28
    function test_a_suspended_oracle_is_refused_from_the_next_block_on() public {
        address suspended = vm.addr(oracleKeys[1]);
        suspend(suspended);
        IMeterOracle.Batch memory batch = _batch();
        _attest(batch, signaturesFor(batch, 3));
        vm.roll(vm.getBlockNumber() + 1);
        _refuse(batch, abi.encodeWithSelector(IMeterOracle.SignerSuspended.selector, suspended));
    }

    function test_an_oracle_that_lost_its_role_is_refused() public {
        address retired = vm.addr(oracleKeys[0]);
        vm.prank(OPERATOR);
        registry.setRoles(retired, role(Role.AGGREGATOR));
        _refuse(_batch(), abi.encodeWithSelector(IMeterOracle.SignerSuspended.selector, retired));
    }

    /// @custom:spec G-27
    function test_an_oracle_counts_once() public {
        IMeterOracle.Batch memory batch = _batch();
        bytes[] memory signatures = signaturesFor(batch, 3);
        signatures[2] = signatures[1];
        _refuseSigned(
            batch,
            signatures,
            abi.encodeWithSelector(IMeterOracle.SignerDuplicate.selector, vm.addr(oracleKeys[1]))
        );
    }

    /// @custom:spec G-27
    function test_signatures_come_in_the_order_of_their_signers() public {
        IMeterOracle.Batch memory batch = _batch();
        bytes[] memory signatures = signaturesFor(batch, 3);
        (signatures[1], signatures[2]) = (signatures[2], signatures[1]);
        _refuseSigned(
            batch,
            signatures,
            abi.encodeWithSelector(
                IMeterOracle.SignaturesUnsorted.selector, vm.addr(oracleKeys[1]), vm.addr(oracleKeys[2])
            )
        );
    }

    function test_a_value_without_the_flag_and_a_bit_without_meaning_are_refused() public {
        IMeterOracle.Batch memory batch = _batch();
        uint256 unflagged = lane(500, 0) ^ (1 << 59);
        batch.values[0] = unflagged << 60;
        _refuse(batch, abi.encodeWithSelector(IMeterOracle.LaneInvalid.selector, metering(1), unflagged));
        uint256 unused = lane(500, 0) | (1 << 58);
        batch.values[0] = unused << 120;
        _refuse(batch, abi.encodeWithSelector(IMeterOracle.LaneInvalid.selector, metering(2), unused));
    }

    function test_a_reading_of_an_unregistered_point_is_refused() public {
        metered(5, 100, 0);
        _refuse(
            takeBatch(SLOT),
            abi.encodeWithSelector(IMeterOracle.MeteringPointUnregistered.selector, metering(5))
        );
    }

    function test_point_zero_does_not_exist() public {
        metered(0, 100, 0);
        _refuse(
            takeBatch(SLOT),
            abi.encodeWithSelector(IMeterOracle.MeteringPointUnregistered.selector, metering(0))
        );
    }

    /* THE GOOD PATH */

    /// @custom:spec B-12 G-27
    function test_an_attested_value_is_stored_import_and_export_apart() public {
        metered(HOME_POINT, 120, 30);
        metered(SOLAR_POINT, 0, (1 << 29) - 1);
        metered(CAR_POINT, (1 << 29) - 1, 0);
        attest(SLOT);

        _assertReading(HOME_POINT, true, 120, 30);
        _assertReading(SHOP_POINT, false, 0, 0);
        _assertReading(SOLAR_POINT, true, 0, (1 << 29) - 1);
        _assertReading(CAR_POINT, true, (1 << 29) - 1, 0);
    }

    function test_a_reading_of_zero_is_a_reading() public {
        metered(HOME_POINT, 0, 0);
        attest(SLOT);
        _assertReading(HOME_POINT, true, 0, 0);
    }

    function test_anyone_brings_a_batch_and_the_event_carries_it() public {
        vm.warp(SLOT.start() + 2000);
        IMeterOracle.Batch memory batch = _batch();
        batch.measuredUntil = uint64(SLOT.start() + 1900);
        address[] memory signers = oracleAddresses();
        bytes[] memory signatures = signaturesFor(batch, 4);
        vm.expectEmit(address(meterOracle));
        emit IMeterOracle.BatchAttested(
            SLOT, 0, batch.root, batch.measuredFrom, batch.measuredUntil, signers, batch.values
        );
        vm.prank(STRANGER);
        meterOracle.attest(batch, signatures);
    }

    /// @custom:spec G-27
    function test_a_point_that_holds_a_value_is_skipped_with_an_event() public {
        metered(HOME_POINT, 120, 30);
        attest(SLOT);
        metered(HOME_POINT, 999, 1);
        metered(SHOP_POINT, 50, 0);
        IMeterOracle.Batch memory batch = takeBatch(SLOT);
        bytes[] memory signatures = signaturesFor(batch, 3);
        vm.expectEmit(address(meterOracle));
        emit IMeterOracle.ReadingSkipped(SLOT, metering(HOME_POINT), wh(999), wh(1));
        _attest(batch, signatures);

        _assertReading(HOME_POINT, true, 120, 30);
        _assertReading(SHOP_POINT, true, 50, 0);
    }

    /// @custom:spec G-27
    function test_the_same_batch_again_changes_nothing() public {
        IMeterOracle.Batch memory batch = _batch();
        bytes[] memory signatures = signaturesFor(batch, 3);
        _attest(batch, signatures);
        _attest(batch, signatures);
        _assertReading(HOME_POINT, true, 500, 0);
    }

    /// @custom:spec G-27
    function test_any_three_of_four_suffice_whichever_one_is_dead() public {
        for (uint256 dead = 0; dead < 4; ++dead) {
            _tryWithout(1 << dead, true);
        }
    }

    /// @custom:spec G-27
    function test_with_seven_any_two_may_be_dead_but_not_three() public {
        configureOracles(7);
        for (uint256 dead = 0; dead < 128; ++dead) {
            uint256 count = _bits(dead);
            if (count == 2) _tryWithout(dead, true);
            if (count == 3) _tryWithout(dead, false);
        }
    }

    /// @custom:spec G-27
    function test_f_forgers_among_the_signers_change_nothing() public {
        configureOracles(7);
        for (uint256 bad = 1; bad < 128; ++bad) {
            if (_bits(bad) > 2) continue;
            IMeterOracle.Batch memory batch = _batch();
            bytes[] memory signatures = signaturesFor(batch, 7);
            bytes32 forged = keccak256("another list of values");
            for (uint256 i = 0; i < 7; ++i) {
                if ((bad >> i) & 1 == 1) signatures[i] = sign(oracleKeys[i], forged);
            }
            vm.expectPartialRevert(IMeterOracle.SignerUnknown.selector);
            vm.prank(KEEPER);
            meterOracle.attest(batch, signatures);
        }
        _assertReading(HOME_POINT, false, 0, 0);
    }

    function test_the_values_of_neighbouring_points_come_in_one_call() public {
        metered(SHOP_POINT, 7, 8);
        metered(CAR_POINT, 9, 10);
        attest(SLOT);
        ReadingLane[] memory lanes = meterOracle.lanesOf(SLOT, 2, 4);
        assertEq(lanes.length, 4, "lanes");
        assertTrue(lanes[0].isPresent(), "shop");
        assertEq(lanes[0].imported(), 7, "import of the shop");
        assertFalse(lanes[1].isPresent(), "plant");
        assertEq(lanes[2].exported(), 10, "export of the car");
        assertFalse(lanes[3].isPresent(), "nobody");
    }

    function test_slots_do_not_share_readings() public {
        _attest(_batch(), signaturesFor(_batch(), 3));
        DeliverySlot next = slotAfter(SLOT, 1);
        (bool present,,) = meterOracle.readingOf(next, metering(HOME_POINT));
        assertFalse(present, "reading of the next slot");
    }

    /* HELPERS */

    function _batch() private returns (IMeterOracle.Batch memory) {
        metered(HOME_POINT, 500, 0);
        return takeBatch(SLOT);
    }

    function _attest(IMeterOracle.Batch memory batch, bytes[] memory signatures) private {
        vm.prank(KEEPER);
        meterOracle.attest(batch, signatures);
    }

    /// @dev The batch is refused although a quorum signed exactly this batch.
    function _refuse(IMeterOracle.Batch memory batch, bytes memory reason) private {
        _refuseSigned(batch, signaturesFor(batch, 3), reason);
    }

    function _refuseSigned(IMeterOracle.Batch memory batch, bytes[] memory signatures, bytes memory reason)
        private
    {
        refused(KEEPER, reason);
        meterOracle.attest(batch, signatures);
    }

    /// @dev Brings a batch that all oracles signed but those whose bit is set.
    function _tryWithout(uint256 dead, bool suffices) private {
        IMeterOracle.Batch memory batch = _batch();
        bytes[] memory all = signaturesFor(batch, oracleKeys.length);
        bytes[] memory signatures = new bytes[](all.length - _bits(dead));
        uint256 count;
        for (uint256 i = 0; i < all.length; ++i) {
            if ((dead >> i) & 1 == 0) signatures[count++] = all[i];
        }
        if (!suffices) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IMeterOracle.TooFewSignatures.selector, count, (2 * all.length + 1) / 3
                )
            );
        }
        _attest(batch, signatures);
    }

    function _bits(uint256 mask) private pure returns (uint256 count) {
        for (; mask > 0; mask >>= 1) {
            count += mask & 1;
        }
    }

    function _timeInvalid(IMeterOracle.Batch memory batch) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IMeterOracle.MeasurementTimeInvalid.selector, batch.measuredFrom, batch.measuredUntil
        );
    }

    function _assertReading(uint256 point, bool present, uint256 imported, uint256 exported) private view {
        (bool isPresent, WattHours importWh, WattHours exportWh) =
            meterOracle.readingOf(SLOT, metering(point));
        assertEq(isPresent, present, "present");
        assertEq(importWh, imported, "import");
        assertEq(exportWh, exported, "export");
    }
}
