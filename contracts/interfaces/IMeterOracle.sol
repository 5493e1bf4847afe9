// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeliverySlot} from "../types/DeliverySlot.sol";
import {MeteringPoint} from "../types/MeteringPoint.sol";
import {ReadingLane} from "../types/ReadingLane.sol";
import {WattHours} from "../types/Units.sol";

/// @title Attested interval energies: what 2f+1 of 3f+1 oracles signed (G-10, G-27).
interface IMeterOracle {
    /// @notice A full reading as a gateway signs it (EIP-712). Registers in Wh at both ends of the slot.
    struct Reading {
        uint32 point;
        uint64 slot;
        uint64 importWh;
        uint64 exportWh;
        uint64 importStart;
        uint64 importEnd;
        uint64 exportStart;
        uint64 exportEnd;
        uint64 measuredAt;
        uint64 sequence;
        uint32 version;
    }

    /// @notice A batch as the oracles sign it (EIP-712).
    /// @dev `values` holds four lanes of 60 bits per word (`ReadingLane`), lane i of word w is the metering point
    ///      `firstPoint + 4 w + i`; `firstPoint` is a multiple of four. `measuredFrom` and `measuredUntil` span the
    ///      measurement times of the readings; `root` is the Merkle root over the signed readings.
    struct Batch {
        uint256 chainId;
        address meterOracle;
        uint32 configVersion;
        DeliverySlot slot;
        uint32 firstPoint;
        uint64 measuredFrom;
        uint64 measuredUntil;
        bytes32 root;
        uint256[] values;
    }

    /// @notice Emitted when the oracle set was replaced; batches of earlier versions are refused from now on.
    event OracleSetConfigured(uint32 indexed version, address[] signers, uint64[] validUntil, uint256 quorum);

    /// @notice Emitted when a batch was attested.
    event BatchAttested(
        DeliverySlot indexed slot,
        uint32 indexed firstPoint,
        bytes32 root,
        uint64 measuredFrom,
        uint64 measuredUntil,
        address[] signers,
        uint256[] values
    );

    /// @notice Emitted when a point already held a value, which stays (G-27).
    event ReadingSkipped(
        DeliverySlot indexed slot, MeteringPoint indexed point, WattHours imported, WattHours exported
    );

    /// @notice Thrown when the oracle set is not 3f+1 admitted oracles in ascending order, 4 to 31 of them.
    error OracleSetInvalid(uint256 size);

    /// @notice Thrown when a batch was signed for another chain.
    error WrongChain(uint256 chainId, uint256 expected);

    /// @notice Thrown when a batch was signed for another contract.
    error WrongContract(address meterOracle, address expected);

    /// @notice Thrown when a batch was signed under another oracle set.
    error WrongConfiguration(uint32 version, uint32 expected);

    /// @notice Thrown when a slot is not open in this ring, so there is nothing to settle.
    error SlotNotLive(DeliverySlot slot);

    /// @notice Thrown when a batch comes before its slot is over.
    error SlotNotOver(DeliverySlot slot, uint256 slotEnd);

    /// @notice Thrown when a batch comes after the correction window.
    error SlotIsFinal(DeliverySlot slot, uint256 finalTime);

    /// @notice Thrown when the measurement times are not ordered, before the slot's end, or in the future.
    error MeasurementTimeInvalid(uint64 measuredFrom, uint64 measuredUntil);

    /// @notice Thrown when fewer oracles signed than the quorum.
    error TooFewSignatures(uint256 given, uint256 quorum);

    /// @notice Thrown when signatures are not in ascending order of their signers.
    error SignaturesUnsorted(address signer, address previous);

    /// @notice Thrown when one oracle signed twice.
    error SignerDuplicate(address signer);

    /// @notice Thrown when a signature comes from nobody in the oracle set; a changed byte of the batch has this effect.
    error SignerUnknown(address signer);

    /// @notice Thrown when an oracle's place in the set has expired.
    error SignerExpired(address signer, uint64 validUntil);

    /// @notice Thrown when an oracle is suspended or no longer has its role.
    error SignerSuspended(address signer);

    /// @notice Thrown when a batch has no word, too many, or does not start at a multiple of four.
    error BatchMisshapen(uint32 firstPoint, uint256 words);

    /// @notice Thrown when a lane holds a bit that has no meaning, or a value without the flag.
    error LaneInvalid(MeteringPoint point, uint256 lane);

    /// @notice Thrown when a lane names a metering point that is not registered.
    error MeteringPointUnregistered(MeteringPoint point);

    /// @notice Replaces the oracle set. Only the administrator.
    /// @param signers 3f+1 admitted oracles in ascending order.
    /// @param validUntil Until when each may sign, Unix seconds.
    function configure(address[] calldata signers, uint64[] calldata validUntil) external;

    /// @notice Stores the values of a batch that at least 2f+1 oracles signed. Anyone may bring it.
    /// @param batch The batch.
    /// @param signatures 65-byte signatures over `batchDigest(batch)`, in ascending order of their signers.
    function attest(Batch calldata batch, bytes[] calldata signatures) external;

    /// @notice Returns the attested value of a point in a slot.
    function readingOf(DeliverySlot slot, MeteringPoint point)
        external
        view
        returns (bool present, WattHours imported, WattHours exported);

    /// @notice Returns the attested values of `count` neighbouring points in a slot.
    function lanesOf(DeliverySlot slot, uint256 firstPoint, uint256 count)
        external
        view
        returns (ReadingLane[] memory);

    /// @notice Returns the version, size of the quorum and members of the oracle set.
    function oracleSet() external view returns (uint32 version, uint256 quorum, address[] memory signers);

    /// @notice Returns the EIP-712 digest of a reading, which its gateway signs.
    function readingDigest(Reading calldata reading) external view returns (bytes32);

    /// @notice Returns the EIP-712 digest of a batch, which oracles sign.
    function batchDigest(Batch calldata batch) external view returns (bytes32);

    /// @notice Returns whether a reading, as its gateway signed it, lies under the root of an attested batch.
    /// @param reading The reading.
    /// @param signature The gateway's signature; it has to come from the key that the registry names for point and slot.
    /// @param root The root from the `BatchAttested` event.
    /// @param proof Merkle path from the leaf `keccak256(readingDigest || signature)`.
    function verifyReading(
        Reading calldata reading,
        bytes calldata signature,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (bool);
}
