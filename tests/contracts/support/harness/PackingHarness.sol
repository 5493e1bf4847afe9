// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Accounts} from "../../../../contracts/libraries/Accounts.sol";
import {Collateral} from "../../../../contracts/libraries/Collateral.sol";
import {OrderLog} from "../../../../contracts/libraries/OrderLog.sol";
import {Positions} from "../../../../contracts/libraries/Positions.sol";
import {SettlementMath} from "../../../../contracts/libraries/SettlementMath.sol";
import {Order, Side} from "../../../../contracts/types/Order.sol";
import {SenPerKwh, WattHours} from "../../../../contracts/types/Units.sol";

/// @title The words of storage and the money arithmetic on their own.
contract PackingHarness {
    using Accounts for Accounts.Account;
    using OrderLog for OrderLog.Log;
    using Positions for Positions.Store;
    using Positions for Positions.Packed;

    OrderLog.Log private _log;
    Positions.Store private _positions;

    /* ORDER LOG */

    function append(uint256 ring, uint16 lap, uint256 id, Order order) external {
        _log.append(ring, lap, id, order);
    }

    function replace(uint256 ring, uint256 id, Order order) external {
        _log.replace(ring, id, order);
    }

    function orderAt(uint256 ring, uint256 id) external view returns (Order) {
        return _log.read(ring, id);
    }

    /* POSITIONS */

    function grow(
        uint256 ring,
        uint16 lap,
        uint256 point,
        Side side,
        WattHours filled,
        SenPerKwh price,
        uint256 reserved
    ) external {
        Positions.Packed memory position = _positions.load(ring, lap, point);
        position.grow(side, filled, price, reserved);
        _positions.save(ring, point, position);
    }

    function positionAt(uint256 ring, uint16 lap, uint256 point)
        external
        view
        returns (Positions.Packed memory)
    {
        return _positions.load(ring, lap, point);
    }

    /* MONEY */

    function move(Accounts.Account memory account, int256 cash)
        external
        pure
        returns (Accounts.Account memory, int256)
    {
        int256 advanced = account.move(cash);
        return (account, advanced);
    }

    function release(Accounts.Account memory account, uint256 amount)
        external
        pure
        returns (Accounts.Account memory)
    {
        account.release(amount);
        return account;
    }

    function hold(Accounts.Account memory account, uint256 amount)
        external
        pure
        returns (Accounts.Account memory)
    {
        account.hold(amount);
        return account;
    }

    function collateral(Side side, WattHours energy, SenPerKwh price, SenPerKwh shortCap)
        external
        pure
        returns (uint256)
    {
        return Collateral.required(side, energy, price, shortCap);
    }

    function imbalance(
        int256 netExport,
        Positions.Packed memory position,
        uint256 longPrice,
        uint256 shortPrice
    ) external pure returns (int256 energy, int256 cash) {
        return SettlementMath.imbalance(netExport, position, longPrice, shortPrice);
    }

    function packResult(
        uint256 point,
        SettlementMath.Status status,
        int256 energy,
        int256 contractCash,
        int256 imbalanceCash
    ) external pure returns (uint256) {
        return SettlementMath.packResult(point, status, energy, contractCash, imbalanceCash);
    }
}
