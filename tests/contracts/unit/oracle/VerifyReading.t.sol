// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterOracle} from "../../../../contracts/interfaces/IMeterOracle.sol";
import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {MarketTest} from "../../support/MarketTest.sol";

/// @dev An auditor opens a reading under the root of a batch.
contract VerifyReadingTest is MarketTest {
    bytes[] private _signatures;
    bytes32[] private _leaves;

    /// @dev Three readings; the third leaf is carried up unchanged.
    function setUp() public override {
        super.setUp();
        for (uint256 point = 1; point <= 3; ++point) {
            bytes32 digest = meterOracle.readingDigest(_reading(point));
            _signatures.push(sign(gatewayKey(point), digest));
            _leaves.push(keccak256(abi.encodePacked(digest, _signatures[point - 1])));
        }
    }

    function test_a_reading_of_an_unregistered_point_cannot_be_opened() public {
        vm.expectRevert(
            abi.encodeWithSelector(IParticipantRegistry.MeteringPointUnknown.selector, metering(9))
        );
        meterOracle.verifyReading(_reading(9), _signatures[0], _root(), _proof(1));
    }

    function test_every_signed_reading_lies_under_the_root() public view {
        for (uint256 point = 1; point <= 3; ++point) {
            assertTrue(
                meterOracle.verifyReading(_reading(point), _signatures[point - 1], _root(), _proof(point)),
                "opened"
            );
        }
    }

    function test_a_changed_reading_does_not() public view {
        IMeterOracle.Reading memory reading = _reading(1);
        reading.exportWh += 1;
        assertFalse(meterOracle.verifyReading(reading, _signatures[0], _root(), _proof(1)), "opened");
    }

    function test_a_signature_of_another_gateway_does_not() public view {
        assertFalse(meterOracle.verifyReading(_reading(1), _signatures[1], _root(), _proof(1)), "opened");
        assertFalse(meterOracle.verifyReading(_reading(1), "forged", _root(), _proof(1)), "opened");
    }

    function test_a_wrong_path_does_not() public view {
        assertFalse(meterOracle.verifyReading(_reading(1), _signatures[0], _root(), _proof(2)), "opened");
        assertFalse(
            meterOracle.verifyReading(_reading(1), _signatures[0], keccak256("root"), _proof(1)), "opened"
        );
    }

    /// @custom:spec G-29
    function test_the_key_of_the_slot_counts_not_the_one_of_today() public {
        uint256 newKey = 0xC0FFEE;
        listKey(vm.addr(newKey));
        bytes memory possession = possessionBy(newKey, HOME, vm.addr(newKey));
        vm.prank(OPERATOR);
        registry.rotateGateway(metering(1), vm.addr(newKey), possession);
        vm.warp(vm.getBlockTimestamp() + 30 days);
        assertTrue(meterOracle.verifyReading(_reading(1), _signatures[0], _root(), _proof(1)), "opened");
    }

    function test_a_root_of_one_reading_is_its_leaf() public view {
        assertTrue(
            meterOracle.verifyReading(_reading(2), _signatures[1], _leaves[1], new bytes32[](0)), "opened"
        );
    }

    function _reading(uint256 point) private pure returns (IMeterOracle.Reading memory) {
        return IMeterOracle.Reading({
            point: uint32(point),
            slot: uint64(SLOT.start()),
            importWh: uint64(100 * point),
            exportWh: 5,
            importStart: 40_000,
            importEnd: uint64(40_000 + 100 * point),
            exportStart: 700,
            exportEnd: 705,
            measuredAt: uint64(SLOT.start() + 1801),
            sequence: 12,
            version: 1
        });
    }

    function _root() private view returns (bytes32) {
        return _pair(_pair(_leaves[0], _leaves[1]), _leaves[2]);
    }

    function _proof(uint256 point) private view returns (bytes32[] memory proof) {
        proof = new bytes32[](point == 3 ? 1 : 2);
        proof[0] = point == 1 ? _leaves[1] : _leaves[0];
        if (point == 3) proof[0] = _pair(_leaves[0], _leaves[1]);
        else proof[1] = _leaves[2];
    }

    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
    }
}
