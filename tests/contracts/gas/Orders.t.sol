// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeliverySlot} from "../../../contracts/types/DeliverySlot.sol";
import {Side} from "../../../contracts/types/Order.sol";
import {GasTest} from "../support/GasTest.sol";
import {Trader} from "../support/harness/Trader.sol";

/// @dev What a direct order costs its sender: whole transactions.
contract OrdersGasTest is GasTest {
    uint256 private constant ORDERS = 200;

    Trader private _distribution;

    function setUp() public override {
        super.setUp();
        _distribution = Trader(vm.deployCode("Trader.sol:Trader", abi.encode(auction)));
        chooseSlots();
    }

    /// forge-config: default.isolate = true
    function test_gas_of_direct_orders() public {
        openSlot(cold);
        note("open, first lap", gasOfLastCall());
        note("bid, first lap, first of its slot", _submit(cold, Side.BID, 1800));
        note("bid, first lap, same price level", _submit(cold, Side.BID, 1800));
        note("bid, first lap, another price level", _submit(cold, Side.BID, 2500));
        _submit(cold, Side.OFFER, 1700);
        _submit(cold, Side.OFFER, 2400);
        _lapOver();

        note("bid, warm, first of its slot", _submit(warm, Side.BID, 1800));
        note("bid, warm, same price level", _submit(warm, Side.BID, 1800));
        note("bid, warm, another price level", _submit(warm, Side.BID, 2500));
        note("offer, warm, same price level", _submit(warm, Side.OFFER, 1800));
        vm.prank(HOME);
        auction.cancel(warm, 1);
        note("cancel, warm", gasOfLastCall());
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_direct_bid_on_average() public {
        openSlot(cold);
        note("bid, first lap, average of 200 round orders", _submitRound(cold));
        _lapOver();
        note("bid, warm, average of 200 round orders", _submitRound(warm));
    }

    function _submitRound(DeliverySlot slot) private returns (uint256) {
        uint256 total;
        for (uint256 i = 0; i < ORDERS; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("round", i)));
            uint256 price = _distribution.roundPrice(seed);
            vm.prank(HOME);
            auction.submit(
                slot, metering(HOME_POINT), Side(seed & 1), sen(price), wh(1 + (seed >> 240) % 2000)
            );
            total += gasOfLastCall();
        }
        return total / ORDERS;
    }

    function _submit(DeliverySlot slot, Side side, uint256 price) private returns (uint256) {
        vm.prank(HOME);
        auction.submit(slot, metering(HOME_POINT), side, sen(price), wh(1234));
        return gasOfLastCall();
    }

    function _lapOver() private {
        endLapBefore();
        openSlot(warm);
        note("open, warm", gasOfLastCall());
    }
}
