// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterOracle} from "../../../../contracts/interfaces/IMeterOracle.sol";
import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {MarketTest} from "../../support/MarketTest.sol";

/// @dev An auditor opens a reading under the root of a batch, and the digests that gateways and oracles sign.
contract VerifyReadingTest is MarketTest {
    string private constant DOMAIN_TYPE =
        '"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}]';
    string private constant READING_TYPE =
        '"Reading":[{"name":"point","type":"uint32"},{"name":"slot","type":"uint64"},{"name":"importWh","type":"uint64"},{"name":"exportWh","type":"uint64"},{"name":"importStart","type":"uint64"},{"name":"importEnd","type":"uint64"},{"name":"exportStart","type":"uint64"},{"name":"exportEnd","type":"uint64"},{"name":"measuredAt","type":"uint64"},{"name":"sequence","type":"uint64"},{"name":"version","type":"uint32"}]';
    string private constant BATCH_TYPE =
        '"Batch":[{"name":"chainId","type":"uint256"},{"name":"meterOracle","type":"address"},{"name":"configVersion","type":"uint32"},{"name":"slot","type":"uint64"},{"name":"firstPoint","type":"uint32"},{"name":"measuredFrom","type":"uint64"},{"name":"measuredUntil","type":"uint64"},{"name":"root","type":"bytes32"},{"name":"values","type":"uint256[]"}]';

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

    function test_the_reading_digest_is_the_eip_712_digest() public view {
        IMeterOracle.Reading memory reading = _reading(2);
        string memory message = string.concat(
            _field('"point":', reading.point),
            _field(',"slot":', reading.slot),
            _field(',"importWh":', reading.importWh),
            _field(',"exportWh":', reading.exportWh),
            _field(',"importStart":', reading.importStart),
            _field(',"importEnd":', reading.importEnd)
        );
        message = string.concat(
            message,
            _field(',"exportStart":', reading.exportStart),
            _field(',"exportEnd":', reading.exportEnd),
            _field(',"measuredAt":', reading.measuredAt),
            _field(',"sequence":', reading.sequence),
            _field(',"version":', reading.version)
        );
        assertEq(meterOracle.readingDigest(reading), _typedDigest(READING_TYPE, "Reading", message), "digest");
    }

    /// @custom:spec G-27
    function test_the_batch_digest_is_the_eip_712_digest() public {
        metered(HOME_POINT, 500, 0);
        metered(CAR_POINT, 0, 77);
        IMeterOracle.Batch memory batch = takeBatch(SLOT);
        string memory message = string.concat(
            _field('"chainId":', batch.chainId),
            ',"meterOracle":"',
            vm.toString(batch.meterOracle),
            _field('","configVersion":', batch.configVersion),
            _field(',"slot":', batch.slot.start()),
            _field(',"firstPoint":', batch.firstPoint)
        );
        message = string.concat(
            message,
            _field(',"measuredFrom":', batch.measuredFrom),
            _field(',"measuredUntil":', batch.measuredUntil),
            ',"root":"',
            vm.toString(batch.root),
            '","values":["',
            vm.toString(batch.values[0])
        );
        message = string.concat(message, '","', vm.toString(batch.values[1]), '"]');
        assertEq(meterOracle.batchDigest(batch), _typedDigest(BATCH_TYPE, "Batch", message), "digest");
    }

    function _typedDigest(string memory type_, string memory name, string memory message)
        private
        view
        returns (bytes32)
    {
        string memory json = string.concat(
            '{"types":{', DOMAIN_TYPE, ",", type_, '},"primaryType":"', name, '","domain":{'
        );
        json = string.concat(
            json,
            '"name":"Yuimaru MeterOracle","version":"1"',
            _field(',"chainId":', block.chainid),
            ',"verifyingContract":"',
            vm.toString(address(meterOracle)),
            '"},"message":{'
        );
        return vm.eip712HashTypedData(string.concat(json, message, "}}"));
    }

    function _field(string memory label, uint256 value) private pure returns (string memory) {
        return string.concat(label, vm.toString(value));
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
