// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {PointKind} from "../../../contracts/types/MeteringPoint.sol";
import {Role} from "../../../contracts/types/Role.sol";
import {GasTest} from "../support/GasTest.sol";
import {Trader} from "../support/harness/Trader.sol";

/// @dev Clearing costs the same whatever the number of orders. Price distribution *round*.
contract ClearingGasTest is GasTest {
    uint256 private constant POINTS = 10;

    Trader private _trader;
    uint256 private _firstPoint;

    function setUp() public override {
        super.setUp();
        _trader = Trader(vm.deployCode("Trader.sol:Trader", abi.encode(auction)));
        admit(address(_trader), role(Role.AGGREGATOR));
        _firstPoint = registry.pointCount() + 1;
        for (uint256 i = 0; i < POINTS; ++i) {
            registerPoint(address(_trader), PointKind.GENERATOR);
        }
        credit(address(_trader), 1_000_000_000);
        chooseSlots();
        _tradeInTheLapBefore();
    }

    /// @custom:spec G-04
    /// forge-config: default.isolate = true
    function test_gas_of_clearing_100_orders() public {
        note("clear, warm, 100 round orders", _clear(100));
    }

    /// @custom:spec G-04
    /// forge-config: default.isolate = true
    function test_gas_of_clearing_1000_orders() public {
        note("clear, warm, 1,000 round orders", _clear(1000));
    }

    /// @custom:spec G-04
    /// forge-config: default.isolate = true
    function test_gas_of_clearing_10000_orders() public {
        note("clear, warm, 10,000 round orders", _clear(10_000));
    }

    /// @dev The crossing lies in the last child of every node: the tree is walked to its end.
    /// forge-config: default.isolate = true
    function test_gas_of_clearing_at_the_highest_tick() public {
        openSlot(warm);
        bidIn(warm, HOME_POINT, 32_767, 10);
        offerIn(warm, SOLAR_POINT, 32_767, 10);
        clearSlot(warm);
        note("clear, warm, at the highest tick", gasOfLastCall());
    }

    /// forge-config: default.isolate = true
    function test_gas_of_clearing_at_the_lowest_tick() public {
        openSlot(warm);
        bidIn(warm, HOME_POINT, 0, 10);
        offerIn(warm, SOLAR_POINT, 0, 10);
        clearSlot(warm);
        note("clear, warm, at the lowest tick", gasOfLastCall());
    }

    function _clear(uint256 orders) private returns (uint256) {
        openSlot(warm);
        for (uint256 i = 0; i < orders; i += 100) {
            _trader.trade(warm, _firstPoint, POINTS, i, 100);
        }
        assertEq(auction.auctionOf(warm).orders, orders, "orders");
        clearSlot(warm);
        return gasOfLastCall();
    }

    /// @dev One trade, so that the words of head and result are in use.
    function _tradeInTheLapBefore() private {
        openSlot(cold);
        bidIn(cold, HOME_POINT, 2000, 10);
        offerIn(cold, SOLAR_POINT, 1000, 20);
        endLapBefore();
    }
}
