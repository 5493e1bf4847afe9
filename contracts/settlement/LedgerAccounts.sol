// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IParticipantRegistry} from "../interfaces/IParticipantRegistry.sol";
import {ISettlementLedger} from "../interfaces/ISettlementLedger.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Collateral} from "../libraries/Collateral.sol";
import {ProductCalendar} from "../libraries/ProductCalendar.sol";
import {Side} from "../types/Order.sol";
import {Product} from "../types/Product.sol";
import {SenPerKwh, WattHours, YEN5_PER_YEN, Yen5} from "../types/Units.sol";

/// @title The accounts of the ledger: money in and out, collateral, debts (G-12).
abstract contract LedgerAccounts is ISettlementLedger, ProductCalendar, AccessManaged {
    using Accounts for Accounts.Account;
    using SafeCast for uint256;

    /// @dev Largest credit or payout of one call: a trillion yen, far inside every packed field.
    uint256 private constant LARGEST_YEN = 1e12;

    IParticipantRegistry internal immutable REGISTRY;
    uint256 private immutable MINIMUM_DEPOSIT;

    Accounts.Book internal _book;
    mapping(bytes32 bankReference => bool) private _usedReferences;
    mapping(uint256 id => bool) private _unconfirmed;
    uint256 private _withdrawals;

    constructor(address authority, IParticipantRegistry registry, Product memory given, Yen5 minimumDeposit_)
        ProductCalendar(given)
        AccessManaged(authority)
    {
        REGISTRY = registry;
        MINIMUM_DEPOSIT = uint256(Yen5.unwrap(minimumDeposit_)).toUint96();
    }

    /* MONEY */

    /// @inheritdoc ISettlementLedger
    function credit(address account, uint256 yen, bytes32 bankReference) external restricted {
        if (yen == 0 || yen > LARGEST_YEN) revert AmountInvalid(yen);
        if (REGISTRY.partyOf(account).admittedAt == 0) revert IParticipantRegistry.PartyUnknown(account);
        _useReference(bankReference);

        Accounts.Account memory held = _book.accounts[account];
        _book.balancing -= _move(account, held, int256(yen) * YEN5_PER_YEN);
        _book.accounts[account] = held;

        emit Credited(account, yen, bankReference);
    }

    /// @inheritdoc ISettlementLedger
    function withdraw(uint256 yen) external returns (uint256 id) {
        if (yen == 0 || yen > LARGEST_YEN) revert AmountInvalid(yen);
        uint256 amount = yen * uint256(YEN5_PER_YEN);
        Accounts.Account memory held = _book.accounts[msg.sender];
        _requireCovered(msg.sender, held, REGISTRY.partyOf(msg.sender).points, amount);

        held.available -= uint96(amount);
        _book.accounts[msg.sender] = held;
        id = ++_withdrawals;
        _unconfirmed[id] = true;

        emit WithdrawalRequested(id, msg.sender, yen);
    }

    /// @inheritdoc ISettlementLedger
    function payDebt(address account) external returns (Yen5 paid) {
        Accounts.Account memory held = _book.accounts[account];
        uint256 amount = held.repay();

        _book.accounts[account] = held;
        _book.balancing += int256(amount);
        paid = _yen5(amount);

        if (amount != 0) emit DebtChanged(account, -paid, _yen5(held.debt));
    }

    /// @inheritdoc ISettlementLedger
    function confirmWithdrawal(uint256 id, bytes32 bankReference) external restricted {
        if (!_unconfirmed[id]) revert WithdrawalUnknown(id);
        _useReference(bankReference);

        _unconfirmed[id] = false;

        emit WithdrawalConfirmed(id, bankReference);
    }

    /* VIEWS */

    /// @inheritdoc ISettlementLedger
    function accountOf(address account) external view returns (Account memory) {
        Accounts.Account memory held = _book.accounts[account];
        return
            Account({
                available: _yen5(held.available), reserved: _yen5(held.reserved), debt: _yen5(held.debt)
            });
    }

    /// @inheritdoc ISettlementLedger
    function freeOf(address account) external view returns (Yen5) {
        return _free(_book.accounts[account], REGISTRY.partyOf(account).points);
    }

    /// @inheritdoc ISettlementLedger
    function balancingAccount() external view returns (Yen5) {
        return Yen5.wrap(_book.balancing);
    }

    /// @inheritdoc ISettlementLedger
    function minimumDeposit() external view returns (Yen5) {
        return _yen5(MINIMUM_DEPOSIT);
    }

    /// @inheritdoc ISettlementLedger
    function collateralOf(Side side, WattHours energy, SenPerKwh limit) external view returns (Yen5) {
        return _yen5(_collateral(side, energy, limit));
    }

    /* INTERNALS */

    /// @dev Moves cash and tells when a debt changes. Returns what the balancing account advanced.
    function _move(address owner, Accounts.Account memory account, int256 cash)
        internal
        returns (int256 advanced)
    {
        advanced = account.move(cash);
        if (advanced != 0) emit DebtChanged(owner, Yen5.wrap(advanced), _yen5(account.debt));
    }

    function _requireCovered(
        address account,
        Accounts.Account memory held,
        uint256 minimumDeposits,
        uint256 amount
    ) internal view {
        if (held.debt != 0) revert DebtOutstanding(account, _yen5(held.debt));
        Yen5 free = _free(held, minimumDeposits);
        if (Yen5.unwrap(free) < int256(amount)) revert Uncovered(account, free, _yen5(amount));
    }

    function _collateral(Side side, WattHours energy, SenPerKwh price) internal view returns (uint256) {
        return Collateral.required(side, energy, price, _senPerKwh(SHORT_CAP));
    }

    function _free(Accounts.Account memory held, uint256 minimumDeposits) internal view returns (Yen5) {
        return _yen5(held.available) - _yen5(minimumDeposits * MINIMUM_DEPOSIT);
    }

    function _yen5(uint256 amount) internal pure returns (Yen5) {
        return Yen5.wrap(int256(amount));
    }

    function _senPerKwh(uint256 price) internal pure returns (SenPerKwh) {
        return SenPerKwh.wrap(uint32(price));
    }

    function _useReference(bytes32 bankReference) private {
        if (_usedReferences[bankReference]) revert BankReferenceUsed(bankReference);
        _usedReferences[bankReference] = true;
    }
}
