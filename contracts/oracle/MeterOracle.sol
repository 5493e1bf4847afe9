// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {IMeterOracle} from "../interfaces/IMeterOracle.sol";
import {IParticipantRegistry} from "../interfaces/IParticipantRegistry.sol";
import {ISettlementLedger} from "../interfaces/ISettlementLedger.sol";
import {ProductCalendar} from "../libraries/ProductCalendar.sol";
import {DeliverySlot} from "../types/DeliverySlot.sol";
import {MeteringPoint} from "../types/MeteringPoint.sol";
import {Product} from "../types/Product.sol";
import {LANE_BITS, LANE_MASK, LANE_USED, LANES_PER_WORD, ReadingLane} from "../types/ReadingLane.sol";
import {Role} from "../types/Role.sol";
import {WattHours} from "../types/Units.sol";

/// @title Attested interval energies, four metering points to a word with the lap that wrote it.
/// @dev    255    240 239     180 179     120 119      60 59        0
///         +---------+-----------+-----------+-----------+-----------+
///         |   lap   |  lane 3   |  lane 2   |  lane 1   |  lane 0   |
///         +---------+-----------+-----------+-----------+-----------+
contract MeterOracle is IMeterOracle, ProductCalendar, AccessManaged, EIP712 {
    bytes32 private constant READING_TYPEHASH = keccak256(
        "Reading(uint32 point,uint64 slot,uint64 importWh,uint64 exportWh,uint64 importStart,uint64 importEnd,"
        "uint64 exportStart,uint64 exportEnd,uint64 measuredAt,uint64 sequence,uint32 version)"
    );
    bytes32 private constant BATCH_TYPEHASH = keccak256(
        "Batch(uint256 chainId,address meterOracle,uint32 configVersion,uint64 slot,uint32 firstPoint,"
        "uint64 measuredFrom,uint64 measuredUntil,bytes32 root,uint256[] values)"
    );

    uint256 private constant LAP_SHIFT = 240;
    uint256 private constant SMALLEST_SET = 4;
    uint256 private constant LARGEST_SET = 31;
    /// @dev Words of one batch: 2,000 metering points, far below 16,777,216 gas.
    uint256 private constant LARGEST_BATCH = 500;

    IParticipantRegistry private immutable REGISTRY;
    ISettlementLedger private immutable LEDGER;

    uint32 private _version;
    address[] private _signers;
    mapping(uint256 version => mapping(address signer => uint64)) private _validUntil;
    mapping(uint256 key => uint256 word) private _words;

    constructor(
        address authority,
        IParticipantRegistry registry,
        ISettlementLedger ledger,
        Product memory given
    ) ProductCalendar(given) AccessManaged(authority) EIP712("Yuimaru MeterOracle", "1") {
        REGISTRY = registry;
        LEDGER = ledger;
    }

    /// @inheritdoc IMeterOracle
    function configure(address[] calldata signers, uint64[] calldata validUntil) external restricted {
        uint256 size = signers.length;
        bool inRange = size >= SMALLEST_SET && size <= LARGEST_SET;
        if (!inRange || size % 3 != 1 || size != validUntil.length) revert OracleSetInvalid(size);
        for (uint256 i = 0; i < size; ++i) {
            if (i > 0 && signers[i] <= signers[i - 1]) revert SignaturesUnsorted(signers[i], signers[i - 1]);
            if (!REGISTRY.isActiveAs(signers[i], Role.ORACLE)) revert SignerSuspended(signers[i]);
        }

        uint32 version = ++_version;
        _signers = signers;
        for (uint256 i = 0; i < size; ++i) {
            _validUntil[version][signers[i]] = validUntil[i];
        }

        emit OracleSetConfigured(version, signers, validUntil, _quorum());
    }

    /// @inheritdoc IMeterOracle
    function attest(Batch calldata batch, bytes[] calldata signatures) external {
        _requireAddressed(batch);
        _requireInTime(batch);
        _requireShape(batch);
        address[] memory signers = _requireQuorum(batchDigest(batch), signatures);

        uint256 pointCount = REGISTRY.pointCount();
        for (uint256 i = 0; i < batch.values.length; ++i) {
            _store(batch.slot, batch.firstPoint + i * LANES_PER_WORD, batch.values[i], pointCount);
        }

        emit BatchAttested(
            batch.slot,
            batch.firstPoint,
            batch.root,
            batch.measuredFrom,
            batch.measuredUntil,
            signers,
            batch.values
        );
    }

    /// @inheritdoc IMeterOracle
    function readingOf(DeliverySlot slot, MeteringPoint point)
        external
        view
        returns (bool present, WattHours imported, WattHours exported)
    {
        ReadingLane lane = _laneOf(slot, point.index());
        return (lane.isPresent(), lane.imported(), lane.exported());
    }

    /// @inheritdoc IMeterOracle
    function lanesOf(DeliverySlot slot, uint256 firstPoint, uint256 count)
        external
        view
        returns (ReadingLane[] memory lanes)
    {
        lanes = new ReadingLane[](count);
        for (uint256 i = 0; i < count; ++i) {
            lanes[i] = _laneOf(slot, firstPoint + i);
        }
    }

    /// @inheritdoc IMeterOracle
    function oracleSet() external view returns (uint32 version, uint256 quorum, address[] memory signers) {
        return (_version, _quorum(), _signers);
    }

    /// @inheritdoc IMeterOracle
    function readingDigest(Reading calldata reading) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(READING_TYPEHASH, reading)));
    }

    /// @inheritdoc IMeterOracle
    function batchDigest(Batch calldata batch) public view returns (bytes32) {
        bytes32 valuesHash = keccak256(abi.encodePacked(batch.values));
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    BATCH_TYPEHASH,
                    batch.chainId,
                    batch.meterOracle,
                    batch.configVersion,
                    batch.slot,
                    batch.firstPoint,
                    batch.measuredFrom,
                    batch.measuredUntil,
                    batch.root,
                    valuesHash
                )
            )
        );
    }

    /// @inheritdoc IMeterOracle
    function verifyReading(
        Reading calldata reading,
        bytes calldata signature,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (bool) {
        bytes32 digest = readingDigest(reading);
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
        address gateway =
            REGISTRY.gatewayOf(MeteringPoint.wrap(reading.point), DeliverySlot.wrap(reading.slot));
        bytes32 leaf = keccak256(abi.encodePacked(digest, signature));
        return recovered == gateway && MerkleProof.verifyCalldata(proof, root, leaf);
    }

    /// @dev Stores what a word of a batch brings of metering points that hold no value yet.
    function _store(DeliverySlot slot, uint256 firstPoint, uint256 given, uint256 pointCount) private {
        uint256 key = _key(slot, firstPoint);
        uint256 word = _current(_words[key], slot);
        for (uint256 i = 0; i < LANES_PER_WORD; ++i) {
            uint256 shift = i * LANE_BITS;
            uint256 lane = (given >> shift) & LANE_MASK;
            if (lane == 0) continue;
            MeteringPoint point = MeteringPoint.wrap(uint32(firstPoint + i));
            _requireLane(point, lane, pointCount);
            if ((word >> shift) & LANE_MASK == 0) {
                word |= lane << shift;
            } else {
                ReadingLane skipped = ReadingLane.wrap(lane);
                emit ReadingSkipped(slot, point, skipped.imported(), skipped.exported());
            }
        }
        _words[key] = word;
    }

    function _requireLane(MeteringPoint point, uint256 lane, uint256 pointCount) private pure {
        bool meaningful = lane & ~LANE_USED == 0 && ReadingLane.wrap(lane).isPresent();
        if (!meaningful) revert LaneInvalid(point, lane);
        if (point.index() == 0 || point.index() > pointCount) revert MeteringPointUnregistered(point);
    }

    function _requireAddressed(Batch calldata batch) private view {
        if (batch.chainId != block.chainid) revert WrongChain(batch.chainId, block.chainid);
        if (batch.meterOracle != address(this)) revert WrongContract(batch.meterOracle, address(this));
        if (batch.configVersion != _version) revert WrongConfiguration(batch.configVersion, _version);
    }

    function _requireInTime(Batch calldata batch) private view {
        uint256 end = slotEnd(batch.slot);
        if (block.timestamp < end) revert SlotNotOver(batch.slot, end);
        if (block.timestamp >= finalTime(batch.slot)) revert SlotIsFinal(batch.slot, finalTime(batch.slot));
        if (!LEDGER.isLive(batch.slot)) revert SlotNotLive(batch.slot);
        bool ordered = batch.measuredFrom >= end && batch.measuredFrom <= batch.measuredUntil;
        if (!ordered || batch.measuredUntil > block.timestamp) {
            revert MeasurementTimeInvalid(batch.measuredFrom, batch.measuredUntil);
        }
    }

    function _requireShape(Batch calldata batch) private pure {
        uint256 words = batch.values.length;
        bool misaligned = batch.firstPoint % LANES_PER_WORD != 0;
        if (misaligned || words == 0 || words > LARGEST_BATCH) {
            revert BatchMisshapen(batch.firstPoint, words);
        }
        for (uint256 i = 0; i < words; ++i) {
            uint256 beyond = batch.values[i] >> LAP_SHIFT;
            if (beyond != 0) revert LaneInvalid(MeteringPoint.wrap(batch.firstPoint), beyond);
        }
    }

    /// @dev Checks that a quorum of the set signed, each once, in ascending order, none expired or suspended.
    function _requireQuorum(bytes32 digest, bytes[] calldata signatures)
        private
        view
        returns (address[] memory signers)
    {
        if (signatures.length < _quorum()) revert TooFewSignatures(signatures.length, _quorum());
        signers = new address[](signatures.length);
        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            (address signer,,) = ECDSA.tryRecoverCalldata(digest, signatures[i]);
            _requireSigner(signer);
            if (signer == previous) revert SignerDuplicate(signer);
            if (signer < previous) revert SignaturesUnsorted(signer, previous);
            signers[i] = signer;
            previous = signer;
        }
    }

    function _requireSigner(address signer) private view {
        uint64 validUntil = _validUntil[_version][signer];
        if (validUntil == 0) revert SignerUnknown(signer);
        if (block.timestamp > validUntil) revert SignerExpired(signer, validUntil);
        if (!REGISTRY.isActiveAs(signer, Role.ORACLE)) revert SignerSuspended(signer);
    }

    /// @dev 2f+1 of 3f+1 (G-27): one honest oracle saw the values, and no second set of values can be certified.
    ///      A set that was never configured has a quorum of one that nobody can reach.
    function _quorum() private view returns (uint256) {
        return 2 * _signers.length / 3 + 1;
    }

    function _laneOf(DeliverySlot slot, uint256 point) private view returns (ReadingLane) {
        uint256 word = _current(_words[_key(slot, point)], slot);
        return ReadingLane.wrap((word >> ((point % LANES_PER_WORD) * LANE_BITS)) & LANE_MASK);
    }

    function _key(DeliverySlot slot, uint256 point) private view returns (uint256) {
        return (_ringIndex(slot) << 32) | (point / LANES_PER_WORD);
    }

    /// @dev The word if this lap wrote it, else an empty one of this lap.
    function _current(uint256 word, DeliverySlot slot) private view returns (uint256) {
        uint256 lap = _lap(slot);
        return word >> LAP_SHIFT == lap ? word : lap << LAP_SHIFT;
    }
}
