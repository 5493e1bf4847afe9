// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterOracle} from "../../../contracts/interfaces/IMeterOracle.sol";
import {IProductCalendar} from "../../../contracts/interfaces/IProductCalendar.sol";
import {ISettlementLedger} from "../../../contracts/interfaces/ISettlementLedger.sol";
import {DeliverySlot} from "../../../contracts/types/DeliverySlot.sol";
import {MeteringPoint, PointKind} from "../../../contracts/types/MeteringPoint.sol";
import {Product} from "../../../contracts/types/Product.sol";
import {Role} from "../../../contracts/types/Role.sol";
import {WattHours} from "../../../contracts/types/Units.sol";
import {MarketTest} from "./MarketTest.sol";

/// @title A market with a small ring, so that a slot soon meets the storage of an earlier lap ("warm"), and figures of
///        whole transactions: tests that measure run with `isolate`, each call of theirs is a transaction of its own.
abstract contract GasTest is MarketTest {
    /// @dev Every transaction has to stay below it (EIP-7825).
    uint256 internal constant TRANSACTION_LIMIT = 16_777_216;
    uint256 internal constant RING_SIZE = 9;

    /// @dev The slot that is measured, and the one that had its storage a lap before.
    DeliverySlot internal warm;
    DeliverySlot internal cold;

    function setUp() public virtual override {
        Product memory product = tenSeconds();
        product.ringSize = uint32(RING_SIZE);
        found(product);
    }

    /// @dev The first slot of all points that are registered by now, and its successor in the ring.
    function chooseSlots() internal {
        cold = IProductCalendar(address(auction)).firstUnopenedSlot();
        warm = slotAfter(cold, RING_SIZE);
        vm.warp(cold.start() - 30);
        vm.roll(vm.getBlockNumber() + 10);
    }

    /// @dev Admits `count` parties with one metering point each; returns the first point.
    function admitVillage(uint256 count, uint256 yen) internal returns (uint256 firstPoint) {
        firstPoint = registry.pointCount() + 1;
        for (uint256 i = 0; i < count; ++i) {
            address party = villager(i);
            admit(party, role(Role.PROSUMER));
            registerPoint(party, PointKind.PROSUMER);
            if (yen > 0) credit(party, yen);
        }
    }

    function villager(uint256 i) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("villager", i)))));
    }

    /// @dev Every point delivers nothing in the lap before and the slot becomes final.
    function endLapBefore() internal {
        clearSlot(cold);
        bookSlot(cold);
        attestWords(cold, readingsOf(registry.pointCount()));
        settleSlot(cold);
        finaliseSlot(cold);
    }

    /// @dev Attests `values` from point 0 with three signatures; returns the gas of the transaction.
    function attestWords(DeliverySlot slot, uint256[] memory values) internal returns (uint256) {
        vm.warp(IProductCalendar(address(auction)).slotEnd(slot));
        return attestNow(slot, values);
    }

    /// @dev The same at the present second.
    function attestNow(DeliverySlot slot, uint256[] memory values) internal returns (uint256) {
        return attestBy(3, slot, values);
    }

    /// @dev The same with as many signatures as said.
    function attestBy(uint256 signers, DeliverySlot slot, uint256[] memory values)
        internal
        returns (uint256)
    {
        IMeterOracle.Batch memory batch = batchOf(slot, 0, values);
        bytes[] memory signatures = signaturesFor(batch, signers);
        vm.prank(KEEPER);
        meterOracle.attest(batch, signatures);
        return gasOfLastCall();
    }

    /// @dev A reading of nothing for each of the first points.
    function readingsOf(uint256 points) internal pure returns (uint256[] memory values) {
        values = new uint256[](points / 4 + 1);
        for (uint256 point = 1; point <= points; ++point) {
            values[point / 4] |= lane(0, 0) << (60 * (point % 4));
        }
    }

    function tradedOf(DeliverySlot slot, uint256 point) internal view returns (uint256 bought, uint256 sold) {
        ISettlementLedger.Position memory position = ledger.positionOf(slot, metering(point));
        return (WattHours.unwrap(position.bought), WattHours.unwrap(position.sold));
    }

    function gasOfLastCall() internal view returns (uint256) {
        return vm.lastCallGas().gasTotalUsed;
    }

    /// @dev Writes a figure down, and checks that the transaction would be mined.
    function note(string memory name, uint256 spent) internal {
        assertLt(spent, TRANSACTION_LIMIT, name);
        vm.snapshotValue("market", name, spent);
    }

    function pointsFrom(uint256 first, uint256 count) internal pure returns (MeteringPoint[] memory points) {
        points = new MeteringPoint[](count);
        for (uint256 i = 0; i < count; ++i) {
            points[i] = metering(first + i);
        }
    }
}
