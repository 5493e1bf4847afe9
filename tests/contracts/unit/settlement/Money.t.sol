// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {ISettlementLedger} from "../../../../contracts/interfaces/ISettlementLedger.sol";
import {PointKind} from "../../../../contracts/types/MeteringPoint.sol";
import {Yen5} from "../../../../contracts/types/Units.sol";
import {MarketTest} from "../../support/MarketTest.sol";

/// @dev `credit`, `withdraw` and `confirmWithdrawal`: money in and out by bank reference.
contract MoneyTest is MarketTest {
    bytes32 private constant REFERENCE = "transfer 2017-09-27/1";
    uint256 private constant LARGEST_YEN = 1e12;

    /* CREDIT */

    function test_only_the_settlement_bank_credits() public {
        forbidden(OPERATOR);
        ledger.credit(HOME, 1, REFERENCE);
    }

    function test_a_credit_of_nothing_or_of_too_much_is_refused() public {
        refused(BANK, abi.encodeWithSelector(ISettlementLedger.AmountInvalid.selector, 0));
        ledger.credit(HOME, 0, REFERENCE);
        refused(BANK, abi.encodeWithSelector(ISettlementLedger.AmountInvalid.selector, LARGEST_YEN + 1));
        ledger.credit(HOME, LARGEST_YEN + 1, REFERENCE);
    }

    function test_a_stranger_has_no_account() public {
        refused(BANK, abi.encodeWithSelector(IParticipantRegistry.PartyUnknown.selector, STRANGER));
        ledger.credit(STRANGER, 1, REFERENCE);
    }

    /// @custom:spec G-12
    function test_a_bank_reference_is_used_once() public {
        vm.prank(BANK);
        ledger.credit(HOME, 1, REFERENCE);
        refused(BANK, abi.encodeWithSelector(ISettlementLedger.BankReferenceUsed.selector, REFERENCE));
        ledger.credit(SHOP, 1, REFERENCE);
    }

    /// @custom:spec G-01 G-12
    function test_a_credit_is_available_at_once() public {
        vm.expectEmit(address(ledger));
        emit ISettlementLedger.Credited(HOME, 1234, REFERENCE);
        vm.prank(BANK);
        ledger.credit(HOME, 1234, REFERENCE);
        assertEq(available(HOME), (int256(STARTING_YEN) + 1234) * YEN, "available");
        assertEq(balancing(), 0, "balancing account");
    }

    function test_the_largest_credit_is_taken() public {
        credit(HOME, LARGEST_YEN);
        assertEq(available(HOME), int256(STARTING_YEN + LARGEST_YEN) * YEN, "available");
    }

    /* WITHDRAW */

    function test_a_withdrawal_of_nothing_or_of_too_much_is_refused() public {
        refused(HOME, abi.encodeWithSelector(ISettlementLedger.AmountInvalid.selector, 0));
        ledger.withdraw(0);
        refused(HOME, abi.encodeWithSelector(ISettlementLedger.AmountInvalid.selector, LARGEST_YEN + 1));
        ledger.withdraw(LARGEST_YEN + 1);
        refused(HOME, abi.encodeWithSelector(ISettlementLedger.AmountInvalid.selector, type(uint256).max));
        ledger.withdraw(type(uint256).max);
    }

    /// @custom:spec G-12
    function test_a_withdrawal_leaves_the_minimum_deposit() public {
        Yen5 free = yen5(99_000 * YEN);
        assertEq(ledger.freeOf(HOME), 99_000 * YEN, "free");
        refused(
            HOME, abi.encodeWithSelector(ISettlementLedger.Uncovered.selector, HOME, free, yen5(99_001 * YEN))
        );
        ledger.withdraw(99_001);
        vm.prank(HOME);
        ledger.withdraw(99_000);
        assertEq(available(HOME), MINIMUM_DEPOSIT, "available");
    }

    /// @custom:spec G-12
    function test_what_is_free_is_negative_when_the_deposits_are_not_kept() public {
        assertEq(ledger.minimumDeposit(), MINIMUM_DEPOSIT, "deposit of one point");
        vm.prank(CAR);
        ledger.withdraw(99_000);
        registerPoint(CAR, PointKind.EV);
        assertEq(ledger.freeOf(CAR), -MINIMUM_DEPOSIT, "free");
        refused(
            CAR,
            abi.encodeWithSelector(
                ISettlementLedger.Uncovered.selector, CAR, yen5(-MINIMUM_DEPOSIT), yen5(YEN)
            )
        );
        ledger.withdraw(1);
    }

    /// @custom:spec G-12
    function test_each_metering_point_locks_a_deposit() public {
        registerPoint(HOME, PointKind.CONSUMER);
        registerPoint(HOME, PointKind.EV);
        assertEq(ledger.freeOf(HOME), 97_000 * YEN, "free");
        refused(
            HOME,
            abi.encodeWithSelector(
                ISettlementLedger.Uncovered.selector, HOME, yen5(97_000 * YEN), yen5(97_001 * YEN)
            )
        );
        ledger.withdraw(97_001);
    }

    function test_a_stranger_has_nothing_to_withdraw() public {
        refused(
            STRANGER,
            abi.encodeWithSelector(ISettlementLedger.Uncovered.selector, STRANGER, yen5(0), yen5(YEN))
        );
        ledger.withdraw(1);
    }

    /// @custom:spec G-12
    function test_what_is_reserved_cannot_be_withdrawn() public {
        openSlot(SLOT);
        bid(HOME_POINT, 1000, 5_000_000); // 50,000 yen
        refused(
            HOME,
            abi.encodeWithSelector(
                ISettlementLedger.Uncovered.selector, HOME, yen5(49_000 * YEN), yen5(49_001 * YEN)
            )
        );
        ledger.withdraw(49_001);
    }

    /// @custom:spec G-01 G-12
    function test_a_withdrawal_takes_whole_yen_at_once_and_is_numbered() public {
        vm.expectEmit(address(ledger));
        emit ISettlementLedger.WithdrawalRequested(1, HOME, 400);
        vm.prank(HOME);
        uint256 id = ledger.withdraw(400);
        assertEq(id, 1, "number");
        assertEq(available(HOME), (int256(STARTING_YEN) - 400) * YEN, "available");
        vm.prank(SHOP);
        assertEq(ledger.withdraw(1), 2, "next number");
    }

    /// @custom:spec G-28
    function test_a_suspended_party_withdraws_what_is_free() public {
        suspend(HOME);
        vm.roll(vm.getBlockNumber() + 1);
        vm.prank(HOME);
        ledger.withdraw(99_000);
        assertEq(available(HOME), MINIMUM_DEPOSIT, "available");
    }

    /* CONFIRM */

    function test_only_the_settlement_bank_confirms() public {
        forbidden(HOME);
        ledger.confirmWithdrawal(1, REFERENCE);
    }

    function test_a_withdrawal_that_does_not_exist_is_not_confirmed() public {
        refused(BANK, abi.encodeWithSelector(ISettlementLedger.WithdrawalUnknown.selector, 1));
        ledger.confirmWithdrawal(1, REFERENCE);
    }

    /// @custom:spec G-12
    function test_a_withdrawal_is_confirmed_once_by_a_reference_of_its_own() public {
        vm.prank(HOME);
        ledger.withdraw(400);
        bytes32 used = "transfer used before";
        vm.prank(BANK);
        ledger.credit(SHOP, 1, used);
        refused(BANK, abi.encodeWithSelector(ISettlementLedger.BankReferenceUsed.selector, used));
        ledger.confirmWithdrawal(1, used);

        vm.expectEmit(address(ledger));
        emit ISettlementLedger.WithdrawalConfirmed(1, REFERENCE);
        vm.prank(BANK);
        ledger.confirmWithdrawal(1, REFERENCE);
        refused(BANK, abi.encodeWithSelector(ISettlementLedger.WithdrawalUnknown.selector, 1));
        ledger.confirmWithdrawal(1, "transfer 2017-09-27/2");
    }
}
