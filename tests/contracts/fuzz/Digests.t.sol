// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterOracle} from "../../../contracts/interfaces/IMeterOracle.sol";
import {MarketTest} from "../support/MarketTest.sol";

/// @dev What gateways and oracles sign, against an encoder that is not ours: each digest is the EIP-712 digest of the
///      message written as JSON, so a changed name, type or order of a field would show.
contract DigestsFuzzTest is MarketTest {
    string private constant DOMAIN_TYPE =
        '"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}]';
    string private constant READING_TYPE =
        '"Reading":[{"name":"point","type":"uint32"},{"name":"slot","type":"uint64"},{"name":"importWh","type":"uint64"},{"name":"exportWh","type":"uint64"},{"name":"importStart","type":"uint64"},{"name":"importEnd","type":"uint64"},{"name":"exportStart","type":"uint64"},{"name":"exportEnd","type":"uint64"},{"name":"measuredAt","type":"uint64"},{"name":"sequence","type":"uint64"},{"name":"version","type":"uint32"}]';
    string private constant BATCH_TYPE =
        '"Batch":[{"name":"chainId","type":"uint256"},{"name":"meterOracle","type":"address"},{"name":"configVersion","type":"uint32"},{"name":"slot","type":"uint64"},{"name":"firstPoint","type":"uint32"},{"name":"measuredFrom","type":"uint64"},{"name":"measuredUntil","type":"uint64"},{"name":"root","type":"bytes32"},{"name":"values","type":"uint256[]"}]';

    string private constant POSSESSION_TYPE =
        '"GatewayPossession":[{"name":"owner","type":"address"},{"name":"gateway","type":"address"}]';

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_the_reading_digest_is_the_eip_712_digest(uint256 seed) public view {
        IMeterOracle.Reading memory reading = _reading(seed);
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
        bytes32 expected =
            _typedDigest("Yuimaru MeterOracle", address(meterOracle), READING_TYPE, "Reading", message);
        assertEq(meterOracle.readingDigest(reading), expected, "digest");
    }

    /// @custom:spec G-27
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_the_batch_digest_is_the_eip_712_digest(uint256 seed) public view {
        IMeterOracle.Batch memory batch = _batch(seed);
        string memory message = string.concat(
            _field('"chainId":', batch.chainId),
            ',"meterOracle":"',
            vm.toString(batch.meterOracle),
            '"',
            _field(',"configVersion":', batch.configVersion),
            _field(',"slot":', batch.slot.start())
        );
        message = string.concat(
            message,
            _field(',"firstPoint":', batch.firstPoint),
            _field(',"measuredFrom":', batch.measuredFrom),
            _field(',"measuredUntil":', batch.measuredUntil),
            ',"root":"',
            vm.toString(batch.root),
            '","values":['
        );
        for (uint256 i = 0; i < batch.values.length; ++i) {
            message = string.concat(message, _field(i == 0 ? "" : ",", batch.values[i]));
        }
        bytes32 expected = _typedDigest(
            "Yuimaru MeterOracle", address(meterOracle), BATCH_TYPE, "Batch", string.concat(message, "]")
        );
        assertEq(meterOracle.batchDigest(batch), expected, "digest");
    }

    /// @custom:spec G-29
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_the_possession_digest_is_the_eip_712_digest(address owner, address gateway)
        public
        view
    {
        string memory message =
            string.concat('"owner":"', vm.toString(owner), '","gateway":"', vm.toString(gateway), '"');
        bytes32 expected = _typedDigest(
            "Yuimaru ParticipantRegistry", address(registry), POSSESSION_TYPE, "GatewayPossession", message
        );
        assertEq(registry.possessionDigest(owner, gateway), expected, "digest");
    }

    function test_digests_hold_for_one_chain_and_one_contract() public {
        IMeterOracle.Reading memory reading = _reading(1);
        bytes32 here = meterOracle.readingDigest(reading);
        IMeterOracle elsewhere = meterOracle;
        deployMarket(halfHours());
        assertNotEq(here, meterOracle.readingDigest(reading), "another contract");
        vm.chainId(block.chainid + 1);
        assertNotEq(here, elsewhere.readingDigest(reading), "another chain");
    }

    function _typedDigest(
        string memory domain,
        address verifier,
        string memory type_,
        string memory name,
        string memory message
    ) private view returns (bytes32) {
        string memory json = string.concat(
            '{"types":{', DOMAIN_TYPE, ",", type_, '},"primaryType":"', name, '","domain":{"name":"'
        );
        json = string.concat(
            json,
            domain,
            '","version":"1"',
            _field(',"chainId":', block.chainid),
            ',"verifyingContract":"',
            vm.toString(verifier),
            '"},"message":{'
        );
        return vm.eip712HashTypedData(string.concat(json, message, "}}"));
    }

    /// @dev Numbers as texts: a JSON number above 2^53 is not safe with every reader.
    function _field(string memory label, uint256 value) private pure returns (string memory) {
        return string.concat(label, '"', vm.toString(value), '"');
    }

    function _word(uint256 seed, uint256 i) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, i)));
    }

    function _reading(uint256 seed) private pure returns (IMeterOracle.Reading memory) {
        return IMeterOracle.Reading({
            point: uint32(_word(seed, 0)),
            slot: uint64(_word(seed, 1)),
            importWh: uint64(_word(seed, 2)),
            exportWh: uint64(_word(seed, 3)),
            importStart: uint64(_word(seed, 4)),
            importEnd: uint64(_word(seed, 5)),
            exportStart: uint64(_word(seed, 6)),
            exportEnd: uint64(_word(seed, 7)),
            measuredAt: uint64(_word(seed, 8)),
            sequence: uint64(_word(seed, 9)),
            version: uint32(_word(seed, 10))
        });
    }

    function _batch(uint256 seed) private pure returns (IMeterOracle.Batch memory batch) {
        batch = IMeterOracle.Batch({
            chainId: _word(seed, 0),
            meterOracle: address(uint160(_word(seed, 1))),
            configVersion: uint32(_word(seed, 2)),
            slot: slotAt(_word(seed, 3)),
            firstPoint: uint32(_word(seed, 4)),
            measuredFrom: uint64(_word(seed, 5)),
            measuredUntil: uint64(_word(seed, 6)),
            root: bytes32(_word(seed, 7)),
            values: new uint256[](seed % 4)
        });
        for (uint256 i = 0; i < batch.values.length; ++i) {
            batch.values[i] = _word(seed, 8 + i);
        }
    }
}
