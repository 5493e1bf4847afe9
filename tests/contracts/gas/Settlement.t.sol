// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeliverySlot} from "../../../contracts/types/DeliverySlot.sol";
import {Side} from "../../../contracts/types/Order.sol";
import {GasTest} from "../support/GasTest.sol";
import {Trader} from "../support/harness/Trader.sol";

/// @dev What a slot of a village costs per order, per reading and per participant: 296 parties with neighbouring points
///      and one order of the *round* distribution each. Whole transactions, divided by what they carry.
contract SettlementGasTest is GasTest {
    uint256 private constant VILLAGERS = 296;

    Trader private _distribution;
    uint256 private _firstPoint;

    function setUp() public override {
        super.setUp();
        _distribution = Trader(vm.deployCode("Trader.sol:Trader", abi.encode(auction)));
        _firstPoint = admitVillage(VILLAGERS, 10_000);
        chooseSlots();
    }

    /// @custom:spec G-10
    /// forge-config: default.isolate = true
    function test_gas_of_a_slot_of_300_participants() public {
        _live(cold, "first lap");
        finaliseSlot(cold);
        _live(warm, "warm");
        toFinalTime(warm);
        ledger.finalise(warm, 300);
        note("finalise, no point missing", gasOfLastCall());
    }

    function _live(DeliverySlot slot, string memory lap) private {
        openSlot(slot);
        _orderRound(slot);
        clearSlot(slot);
        auction.book(slot, VILLAGERS);
        note(string.concat("book, ", lap, ", per order of 296"), gasOfLastCall() / VILLAGERS);
        assertGe(_filledOrders(slot), VILLAGERS / 3, "a good part of the orders trades");

        uint256 spent = attestWords(slot, _deliveries(slot));
        note(string.concat("attest, ", lap, ", per reading of 300"), spent / (VILLAGERS + 4));
        toReadingDeadline(slot);
        ledger.settle(slot, 300);
        note(string.concat("settle, ", lap, ", per participant of 300"), gasOfLastCall() / (VILLAGERS + 4));
    }

    function _orderRound(DeliverySlot slot) private {
        for (uint256 i = 0; i < VILLAGERS; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("round", i)));
            uint256 price = _distribution.roundPrice(seed);
            vm.prank(villager(i));
            auction.submit(
                slot, metering(_firstPoint + i), Side(seed & 1), sen(price), wh(1 + (seed >> 240) % 2000)
            );
        }
    }

    /// @dev Each point delivers what it traded, up to 10 Wh more or less.
    function _deliveries(DeliverySlot slot) private view returns (uint256[] memory values) {
        values = readingsOf(VILLAGERS + 4);
        for (uint256 point = _firstPoint; point < _firstPoint + VILLAGERS; ++point) {
            uint256 stray = uint256(keccak256(abi.encode("stray", point))) % 11;
            (uint256 bought, uint256 sold) = tradedOf(slot, point);
            values[point / 4] |= lane(bought + stray, sold + 5) << (60 * (point % 4));
        }
    }

    function _filledOrders(DeliverySlot slot) private view returns (uint256 filled) {
        for (uint256 point = _firstPoint; point < _firstPoint + VILLAGERS; ++point) {
            (uint256 bought, uint256 sold) = tradedOf(slot, point);
            if (bought + sold > 0) ++filled;
        }
    }
}
