// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Positions} from "../../../contracts/libraries/Positions.sol";
import {SettlementMath} from "../../../contracts/libraries/SettlementMath.sol";
import {Fill, packFill} from "../../../contracts/types/Fill.sol";
import {Order, packOrder, Side} from "../../../contracts/types/Order.sol";
import {ReadingLane} from "../../../contracts/types/ReadingLane.sol";
import {PackingHarness} from "../support/harness/PackingHarness.sol";
import {MarketWords} from "../support/MarketWords.sol";
import {readResult, SettledResult} from "../support/SettledResult.sol";

/// @dev What is packed is read back as it was, whatever lies beside it.
contract PackingFuzzTest is MarketWords {
    PackingHarness private _harness;

    function setUp() public {
        _harness = new PackingHarness();
    }

    function testFuzz_an_order(uint256 point, bool isOffer, uint256 tick, uint256 energy) public pure {
        point = bound(point, 1, (1 << 24) - 1);
        tick = bound(tick, 0, 32_767);
        energy = bound(energy, 1, 100_000_000);
        Side side = isOffer ? Side.OFFER : Side.BID;
        Order order = packOrder(metering(point), side, tick, wh(energy));
        _assertOrder(order, point, side, tick, energy, false);
        _assertOrder(order.cancelled(), point, side, tick, energy, true);
        assertLt(Order.unwrap(order.cancelled()), 1 << 68, "68 bits");
    }

    function testFuzz_a_fill(uint256 id, uint256 point, bool isOffer, uint256 energy, uint256 laidFrom)
        public
        pure
    {
        id = bound(id, 0, (1 << 24) - 1);
        point = bound(point, 1, (1 << 24) - 1);
        energy = bound(energy, 1, (1 << 40) - 1);
        laidFrom = bound(laidFrom, 0, (1 << 40) - 1);
        Side side = isOffer ? Side.OFFER : Side.BID;
        uint256 word = Fill.unwrap(packFill(id, metering(point), side, wh(energy), laidFrom));
        assertEq(word & 0xFFFFFF, id, "order");
        assertEq((word >> 24) & 0xFFFFFF, point, "point");
        assertEq((word >> 48) & 1, isOffer ? 1 : 0, "side");
        assertEq((word >> 49) & 0xFFFFFFFFFF, energy, "energy");
        assertEq(word >> 89, laidFrom, "laid from");
    }

    function testFuzz_a_reading_lane(uint256 importWh, uint256 exportWh) public pure {
        importWh = bound(importWh, 0, (1 << 29) - 1);
        exportWh = bound(exportWh, 0, (1 << 29) - 1);
        ReadingLane lane = ReadingLane.wrap((1 << 59) | (importWh << 29) | exportWh);
        assertTrue(lane.isPresent(), "present");
        assertEq(lane.imported(), importWh, "import");
        assertEq(lane.exported(), exportWh, "export");
        assertFalse(ReadingLane.wrap((importWh << 29) | exportWh).isPresent(), "present without the flag");
    }

    function testFuzz_the_order_log_keeps_neighbours_apart(uint256 seed, uint256 replaced) public {
        uint256 count = 1 + seed % 10;
        replaced = bound(replaced, 0, count - 1);
        // What an earlier lap left in the words.
        for (uint256 id = 0; id < 12; ++id) {
            _harness.append(3, 4, id, Order.wrap((1 << 68) - 1));
        }
        for (uint256 id = 0; id < count; ++id) {
            _harness.append(3, 5, id, _order(seed, id));
        }
        _harness.replace(3, replaced, _order(seed, replaced).cancelled());
        for (uint256 id = 0; id < count; ++id) {
            Order expected = id == replaced ? _order(seed, id).cancelled() : _order(seed, id);
            assertEq(Order.unwrap(_harness.orderAt(3, id)), Order.unwrap(expected), "order");
        }
    }

    function testFuzz_a_position_adds_up_its_fills(uint256 seed) public {
        uint256[2] memory energies;
        uint256[2] memory cash;
        uint256 reserved;
        _harness.grow(8, 1, 5, Side.BID, wh(99), sen(99), 99); // an earlier lap
        for (uint256 i = 0; i < 5; ++i) {
            uint256 word = uint256(keccak256(abi.encode(seed, i)));
            uint256 side = word & 1;
            uint256 energy = (word >> 8) % 100_000_000;
            uint256 price = (word >> 64) % 32_768;
            uint256 held = (word >> 128) % (1 << 40);
            _harness.grow(8, 2, 5, Side(side), wh(energy), sen(price), held);
            energies[side] += energy;
            cash[side] += energy * price;
            reserved += held;
        }
        Positions.Packed memory position = _harness.positionAt(8, 2, 5);
        assertEq(position.bought, energies[0], "bought");
        assertEq(position.sold, energies[1], "sold");
        assertEq(position.paid, cash[0], "paid");
        assertEq(position.earned, cash[1], "earned");
        assertEq(position.reserved, reserved, "reserved");
        assertFalse(position.missing, "missing");
        assertEq(_harness.positionAt(8, 3, 5).bought, 0, "a later lap sees nothing");
    }

    function testFuzz_a_result_keeps_its_signs(
        uint256 point,
        uint8 status,
        int48 energy,
        int80 contractCash,
        int96 imbalanceCash
    ) public view {
        point = bound(point, 1, (1 << 24) - 1);
        SettlementMath.Status known = SettlementMath.Status(status % 4);
        SettledResult memory result =
            readResult(_harness.packResult(point, known, energy, contractCash, imbalanceCash));
        assertEq(result.point, point, "point");
        assertEq(result.status, uint256(known), "status");
        assertEq(result.imbalanceWh, energy, "imbalance");
        assertEq(result.contractCash, contractCash, "contract cash");
        assertEq(result.imbalanceCash, imbalanceCash, "imbalance cash");
    }

    function _order(uint256 seed, uint256 id) private pure returns (Order) {
        uint256 word = uint256(keccak256(abi.encode(seed, id)));
        return packOrder(
            metering(1 + word % ((1 << 24) - 1)),
            Side((word >> 32) & 1),
            (word >> 40) % 32_768,
            wh(1 + (word >> 64) % 100_000_000)
        );
    }

    function _assertOrder(
        Order order,
        uint256 point,
        Side side,
        uint256 tick,
        uint256 energy,
        bool isCancelled
    ) private pure {
        assertEq(order.point().index(), point, "point");
        assertEq(uint256(order.side()), uint256(side), "side");
        assertEq(order.tick(), tick, "tick");
        assertEq(order.energy(), energy, "energy");
        assertEq(order.isCancelled(), isCancelled, "cancelled");
    }
}
