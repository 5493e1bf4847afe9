// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeliverySlot} from "../types/DeliverySlot.sol";
import {MeteringPoint} from "../types/MeteringPoint.sol";
import {Side} from "../types/Order.sol";
import {SenPerKwh, WattHours, Yen5} from "../types/Units.sol";

/// @title Balances, collateral and the settlement of slots (G-10, G-11, G-12).
/// @notice Positive cash is received. All cash of a slot adds to zero, the balancing account included.
interface ISettlementLedger {
    /// @notice Where a slot stands. All are cold: only a transaction changes them.
    enum Phase {
        NONE, // never opened, or its storage has been opened again for another slot
        OPEN, // trades may be booked
        BOOKED, // all trades are booked; settled after the reading window
        SETTLED, // cash moved; points without a reading are flagged
        FINAL // nothing changes any more
    }

    /// @notice What the ledger knows of a slot.
    /// @dev `settled` and `finalised` count the metering points that the passes have walked; `missing` those flagged.
    struct SlotAccount {
        Phase phase;
        bool voided;
        bool traded;
        SenPerKwh clearingPrice;
        SenPerKwh longPrice;
        SenPerKwh shortPrice;
        uint32 settled;
        uint32 finalised;
        uint32 missing;
    }

    /// @notice What the trades of a metering point in a slot add up to.
    /// @dev `reserved` is what the account still holds back for the slot. `missing`: settled without a reading.
    struct Position {
        WattHours bought;
        WattHours sold;
        Yen5 paid;
        Yen5 earned;
        Yen5 reserved;
        bool missing;
    }

    /// @notice A party's account.
    struct Account {
        Yen5 available;
        Yen5 reserved;
        Yen5 debt;
    }

    /// @notice What a market books of one order: all that is needed to know what it reserved and what it keeps.
    struct Booking {
        MeteringPoint point;
        Side side;
        SenPerKwh limit;
        WattHours ordered;
        WattHours filled;
    }

    /// @notice Emitted when a market was admitted to book trades.
    event MarketAdmitted(address indexed market);

    /// @notice Emitted when money came in by the bank.
    event Credited(address indexed account, uint256 yen, bytes32 indexed bankReference);

    /// @notice Emitted when a party asked for a payout; the amount has left its account.
    event WithdrawalRequested(uint256 indexed id, address indexed account, uint256 yen);

    /// @notice Emitted when the bank has paid a withdrawal out.
    event WithdrawalConfirmed(uint256 indexed id, bytes32 indexed bankReference);

    /// @notice Emitted when a debt grew (positive) or was paid (negative).
    event DebtChanged(address indexed account, Yen5 change, Yen5 debt);

    /// @notice Emitted when the DSO published the imbalance prices of slots.
    event ImbalancePricesPublished(
        DeliverySlot indexed firstSlot, uint256 count, SenPerKwh longPrice, SenPerKwh shortPrice
    );

    /// @notice Emitted when the DSO voided a slot (G-08).
    event SlotVoided(DeliverySlot indexed slot, bytes32 reason);

    /// @notice Emitted when all trades of a slot are booked. Without `traded` nothing was traded and `price` is 0.
    event TradesBooked(DeliverySlot indexed slot, bool traded, SenPerKwh price);

    /// @notice Emitted for each pass over neighbouring metering points.
    /// @param slot The slot.
    /// @param results One word per point that took part, packed by `packResult`:
    ///        `imbalance cash (int96) | contract cash (int80) | imbalance Wh (int48) | status (8) | point (24)`,
    ///        least significant last. status 0 = settled, 1 = flagged missing (contract cash holds the purchases only),
    ///        2 = settled late (contract cash holds the held proceeds), 3 = final without a reading (likewise).
    event PointsSettled(DeliverySlot indexed slot, uint256[] results);

    /// @notice Emitted when every metering point of a slot was settled or flagged.
    event SlotSettled(DeliverySlot indexed slot, SenPerKwh longPrice, SenPerKwh shortPrice, uint256 missing);

    /// @notice Emitted when a slot became final.
    event SlotFinalised(DeliverySlot indexed slot);

    /// @notice Thrown when a caller that is not an admitted market uses a function of markets.
    error NotAMarket(address caller);

    /// @notice Thrown when a bank reference is used a second time.
    error BankReferenceUsed(bytes32 bankReference);

    /// @notice Thrown when an amount is zero or too large to be money.
    error AmountInvalid(uint256 yen);

    /// @notice Thrown when an order or withdrawal is not covered.
    /// @param account The account.
    /// @param free What it may use: its available balance less the minimum deposits of its metering points.
    /// @param needed What it would need.
    error Uncovered(address account, Yen5 free, Yen5 needed);

    /// @notice Thrown when an account with a debt orders or withdraws.
    error DebtOutstanding(address account, Yen5 debt);

    /// @notice Thrown when a withdrawal is confirmed that does not exist or was confirmed before.
    error WithdrawalUnknown(uint256 id);

    /// @notice Thrown when a slot is not in the phase that a call needs.
    error WrongPhase(DeliverySlot slot, Phase phase, Phase needed);

    /// @notice Thrown when the storage of a slot is still held by an earlier slot that is not final (G-30).
    error RingOccupied(DeliverySlot slot, DeliverySlot tenant);

    /// @notice Thrown when a call comes before its time.
    error TooEarly(DeliverySlot slot, uint256 allowedFrom);

    /// @notice Thrown when a call comes after its time.
    error TooLate(DeliverySlot slot, uint256 allowedUntil);

    /// @notice Thrown when long is above short or one of them outside the product's bounds.
    error ImbalancePricesInvalid(SenPerKwh longPrice, SenPerKwh shortPrice);

    /// @notice Thrown when a count is zero or above what one call takes.
    error CountInvalid(uint256 count);

    /// @notice Thrown when a point is settled late that is not flagged as missing, or has no reading yet.
    error NotLate(DeliverySlot slot, MeteringPoint point);

    /// @notice Admits a market contract. Only the administrator.
    function admitMarket(address market) external;

    /// @notice Books money that came in. Only the settlement bank.
    /// @param account An admitted party. A debt is paid first.
    /// @param yen Whole yen.
    /// @param bankReference The bank's reference; used once.
    function credit(address account, uint256 yen, bytes32 bankReference) external;

    /// @notice Takes money out of the caller's account, whole yen, from what is free (G-12). A suspended party may.
    /// @return id Number of the withdrawal.
    function withdraw(uint256 yen) external returns (uint256 id);

    /// @notice Pays the debt of an account from what it has available, as far as that goes (G-12). Anyone may bring it about.
    /// @return paid What was paid; zero without a debt or without money.
    function payDebt(address account) external returns (Yen5 paid);

    /// @notice Confirms that a withdrawal was paid out. Only the settlement bank.
    function confirmWithdrawal(uint256 id, bytes32 bankReference) external;

    /// @notice Publishes the imbalance prices of `count` neighbouring slots, each before its call time and at most one turn
    ///         of the ring ahead. Only the DSO.
    function publishImbalancePrices(
        DeliverySlot firstSlot,
        uint256 count,
        SenPerKwh longPrice,
        SenPerKwh shortPrice
    ) external;

    /// @notice Voids an open slot before it starts: none of its trades counts and all reserves return. Only the DSO.
    function voidSlot(DeliverySlot slot, bytes32 reason) external;

    /// @notice Opens the account of a slot. Only a market.
    function open(DeliverySlot slot) external;

    /// @notice Reserves what an order can cost. Only a market.
    /// @param account Who pays.
    /// @param minimumDeposits How many minimum deposits the account has to keep.
    /// @param side Bid or offer.
    /// @param energy The order's energy.
    /// @param limit The order's limit.
    function reserveOrder(
        address account,
        uint256 minimumDeposits,
        Side side,
        WattHours energy,
        SenPerKwh limit
    ) external;

    /// @notice Returns what a cancelled order had reserved. Only a market.
    function releaseOrder(address account, Side side, WattHours energy, SenPerKwh limit) external;

    /// @notice Books what became of orders: positions grow by what was filled, the rest of the reserve returns. Only a market.
    /// @param slot An open slot.
    /// @param price The price of the fills.
    /// @param bookings The orders.
    function book(DeliverySlot slot, SenPerKwh price, Booking[] calldata bookings) external;

    /// @notice Closes the booking of a slot. Only a market.
    function completeBooking(DeliverySlot slot, bool traded, SenPerKwh price) external;

    /// @notice Settles the next `count` metering points of a slot after its reading window. Anyone.
    function settle(DeliverySlot slot, uint256 count) external;

    /// @notice Settles flagged points whose readings came in the correction window (G-11). Anyone.
    function settleLate(DeliverySlot slot, MeteringPoint[] calldata points) external;

    /// @notice Walks the next `count` metering points after the correction window and settles what is still flagged
    ///         by the fallback of G-11; then the slot is final. Anyone.
    function finalise(DeliverySlot slot, uint256 count) external;

    /// @notice Returns an account.
    function accountOf(address account) external view returns (Account memory);

    /// @notice Returns what an account may use for orders and withdrawals; negative when its deposits are not kept.
    function freeOf(address account) external view returns (Yen5);

    /// @notice Returns the balancing account, the only one that may be negative.
    function balancingAccount() external view returns (Yen5);

    /// @notice Returns what one metering point has to keep as minimum deposit.
    function minimumDeposit() external view returns (Yen5);

    /// @notice Returns what an order reserves: a bid limit x energy, an offer (short cap - limit) x energy (G-12).
    function collateralOf(Side side, WattHours energy, SenPerKwh limit) external view returns (Yen5);

    /// @notice Returns the position of a metering point in a slot.
    function positionOf(DeliverySlot slot, MeteringPoint point) external view returns (Position memory);

    /// @notice Returns where a slot stands. The prices are those that settle it, as known now.
    function slotOf(DeliverySlot slot) external view returns (SlotAccount memory);

    /// @notice Returns whether a slot is open for trades, and whether it was voided.
    function isOpen(DeliverySlot slot) external view returns (bool open, bool voided);

    /// @notice Returns whether every slot that starts before `slot` and was opened is final.
    /// @dev Reads every place of the ring.
    function isFinalBefore(DeliverySlot slot) external view returns (bool);

    /// @notice Returns whether the storage of a slot belongs to it and it is not final.
    function isLive(DeliverySlot slot) external view returns (bool);
}
