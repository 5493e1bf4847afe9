// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Balances of parties, one word each, and the balancing account that advances debts (G-12).
/// @notice available + reserved of all parties + the balancing account = deposits - withdrawals, whenever no slot is half
///         settled: the trades of a slot add to zero over all its metering points, not over some of them.
library Accounts {
    using SafeCast for uint256;
    using SafeCast for int256;

    /// @dev 1e-5 JPY. 256 bits.
    struct Account {
        uint96 available;
        uint96 reserved;
        uint64 debt;
    }

    /// @dev All accounts of the ledger.
    struct Book {
        mapping(address party => Account) accounts;
        int256 balancing;
    }

    /// @dev Moves cash to (positive) or from (negative) an account. A receipt pays debt first; what a payment cannot
    ///      take from the available balance becomes debt and is advanced by the balancing account.
    /// @return advanced What the balancing account gave (positive) or got back (negative).
    function move(Account memory account, int256 cash) internal pure returns (int256 advanced) {
        if (cash >= 0) {
            uint256 received = uint256(cash);
            uint256 repaid = received < account.debt ? received : account.debt;
            account.debt -= uint64(repaid);
            account.available += (received - repaid).toUint96();
            return -int256(repaid);
        }
        uint256 due = uint256(-cash);
        uint256 paid = due < account.available ? due : account.available;
        account.available -= uint96(paid);
        account.debt += (due - paid).toUint64();
        return int256(due - paid);
    }

    /// @dev Pays debt from the available balance; returns what the balancing account gets back.
    function repay(Account memory account) internal pure returns (uint256 paid) {
        paid = account.debt < account.available ? account.debt : account.available;
        account.debt -= uint64(paid);
        account.available -= uint96(paid);
    }

    /// @dev Makes reserved money available again.
    function release(Account memory account, uint256 amount) internal pure {
        account.reserved -= amount.toUint96();
        account.available += uint96(amount);
    }

    /// @dev Sets available money aside. The caller has checked that it is there.
    function hold(Account memory account, uint256 amount) internal pure {
        account.available -= amount.toUint96();
        account.reserved += uint96(amount);
    }
}
