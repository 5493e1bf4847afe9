// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DeliverySlot} from "../types/DeliverySlot.sol";
import {MeteringPoint, PointKind, Source} from "../types/MeteringPoint.sol";
import {Role} from "../types/Role.sol";
import {WattHours} from "../types/Units.sol";

/// @title Parties, their roles and their metering points (G-22, G-28, G-29, G-33).
/// @notice Names, addresses and places stay off chain; `detailsHash` anchors them (G-22).
interface IParticipantRegistry {
    /// @notice An admitted party.
    /// @dev `admittedAt` and `suspendedAt` are block numbers, 0 = never. `points` counts the metering points whose
    ///      minimum deposit the party has to keep (G-12).
    struct Party {
        uint16 roles;
        uint32 points;
        uint64 admittedAt;
        uint64 suspendedAt;
        bytes32 detailsHash;
    }

    /// @notice What is said of a metering point when it is registered.
    /// @dev Limits in Wh per slot: the most that the point can take and give (G-07).
    ///      `fallbackImport` is what it is taken to have used when it stays silent (G-11); 0 = its import limit.
    struct PointRegistration {
        address owner;
        address gateway;
        PointKind kind;
        Source source;
        uint16 cell;
        WattHours importLimit;
        WattHours exportLimit;
        WattHours fallbackImport;
        bytes32 detailsHash;
    }

    /// @notice A registered metering point. `nextOwner` and `nextGateway` hold from the slots named beside them.
    struct Point {
        address owner;
        PointKind kind;
        Source source;
        uint16 cell;
        uint32 importLimit;
        uint32 exportLimit;
        uint32 fallbackImport;
        DeliverySlot activeFrom;
        address gateway;
        address nextOwner;
        DeliverySlot nextOwnerFrom;
        bool transferCompleted;
        address nextGateway;
        DeliverySlot nextGatewayFrom;
        bytes32 detailsHash;
    }

    /// @notice Emitted when a party was admitted.
    event PartyAdmitted(address indexed party, uint16 roles, bytes32 detailsHash);

    /// @notice Emitted when the roles of a party were changed.
    event RolesChanged(address indexed party, uint16 roles);

    /// @notice Emitted when a party was suspended; it holds from the next block (G-28).
    event PartySuspended(address indexed party, bytes32 reason);

    /// @notice Emitted when a suspension was lifted.
    event PartyReinstated(address indexed party);

    /// @notice Emitted when the hash of a gateway key was listed, before its device registers (G-29).
    event GatewayKeyListed(bytes32 indexed keyHash);

    /// @notice Emitted when a metering point was registered. It takes part from `activeFrom` on.
    event PointRegistered(
        MeteringPoint indexed point,
        address indexed owner,
        PointRegistration registration,
        DeliverySlot activeFrom
    );

    /// @notice Emitted when a gateway key was replaced with effect from `fromSlot`.
    event GatewayRotated(MeteringPoint indexed point, address indexed gateway, DeliverySlot fromSlot);

    /// @notice Emitted when a metering point was given to another owner with effect from `fromSlot`.
    event PointTransferred(MeteringPoint indexed point, address indexed owner, DeliverySlot fromSlot);

    /// @notice Emitted when the previous owner of a transferred point was freed of its minimum deposit.
    event TransferCompleted(MeteringPoint indexed point, address indexed previousOwner);

    /// @notice Thrown when a party is admitted twice.
    error PartyAlreadyAdmitted(address party);

    /// @notice Thrown when an address is not an admitted party.
    error PartyUnknown(address party);

    /// @notice Thrown when a suspended party tries what only a party in good standing may do (G-28).
    error PartyIsSuspended(address party);

    /// @notice Thrown when a party that is not suspended is reinstated.
    error PartyNotSuspended(address party);

    /// @notice Thrown when a role mask is empty or has a bit that stands for no role.
    error RolesInvalid(uint16 roles);

    /// @notice Thrown when a metering point is not registered.
    error MeteringPointUnknown(MeteringPoint point);

    /// @notice Thrown when an index is used up: 2^24 - 1 metering points exist.
    error MeteringPointsExhausted();

    /// @notice Thrown when a gateway key was not listed beforehand, or is in use already.
    error GatewayKeyNotListed(address gateway);

    /// @notice Thrown when the proof that the gateway holds its key does not come from that key.
    error GatewayPossessionInvalid(address gateway, address recovered);

    /// @notice Thrown when a limit is beyond 2^29 - 1 Wh, the largest interval energy of a reading.
    error LimitTooLarge(WattHours limit);

    /// @notice Thrown when a point is changed while an earlier change has not taken effect.
    error ChangePending(MeteringPoint point, DeliverySlot fromSlot);

    /// @notice Thrown when a transfer is completed that was not begun or is complete.
    error NoTransferPending(MeteringPoint point);

    /// @notice Admits a party. Only the market operator.
    /// @param party The account of the party; it signs orders and holds the balance.
    /// @param roles Bit mask of `Role`, not empty.
    /// @param detailsHash Hash of what the hub keeps about the party (G-22).
    function admit(address party, uint16 roles, bytes32 detailsHash) external;

    /// @notice Replaces the roles of a party. Only the market operator.
    function setRoles(address party, uint16 roles) external;

    /// @notice Suspends a party from the next block on (G-28). Only the market operator.
    /// @param party The party.
    /// @param reason Hash or short code of the reason, kept in the event.
    function suspend(address party, bytes32 reason) external;

    /// @notice Lifts a suspension at once. Only the market operator.
    function reinstate(address party) external;

    /// @notice Lists the hash of a gateway key, `keccak256(abi.encode(gateway))`, before its device registers (G-29).
    ///         Only the market operator. Listing a key twice changes nothing.
    function listGatewayKey(bytes32 keyHash) external;

    /// @notice Registers a metering point. Only the market operator.
    /// @param registration What is said of the point.
    /// @param possession EIP-712 signature of `GatewayPossession(owner, gateway)` by the gateway key.
    /// @return point The new index.
    function registerPoint(PointRegistration calldata registration, bytes calldata possession)
        external
        returns (MeteringPoint point);

    /// @notice Replaces the gateway key of a point with effect from the first slot that cannot be open yet (G-29).
    ///         Only the market operator.
    /// @param point The point.
    /// @param gateway The new, listed key.
    /// @param possession EIP-712 signature of `GatewayPossession(owner, gateway)` by the new key.
    function rotateGateway(MeteringPoint point, address gateway, bytes calldata possession) external;

    /// @notice Gives a point to another admitted party with effect from the first slot that cannot be open yet (G-29).
    ///         Only the market operator. The new owner keeps the minimum deposit from now on, the previous one until
    ///         `completeTransfer`.
    function transferPoint(MeteringPoint point, address owner) external;

    /// @notice Frees the previous owner of a point of its minimum deposit, once its last slot is final. Anyone.
    function completeTransfer(MeteringPoint point) external;

    /// @notice Returns a party; all zero for an address that was never admitted.
    function partyOf(address party) external view returns (Party memory);

    /// @notice Returns whether a party is admitted and not suspended.
    function isActive(address party) external view returns (bool);

    /// @notice Returns whether a party is suspended, counted from the block after the suspension (G-28).
    function isSuspended(address party) external view returns (bool);

    /// @notice Returns whether a party is admitted, not suspended and has a role.
    function isActiveAs(address party, Role role) external view returns (bool);

    /// @notice Returns the number of registered metering points, which is the highest index.
    function pointCount() external view returns (uint256);

    /// @notice Returns a metering point.
    function pointOf(MeteringPoint point) external view returns (Point memory);

    /// @notice Returns who owns a point in a slot; zero when the point does not take part in it.
    function ownerOf(MeteringPoint point, DeliverySlot slot) external view returns (address);

    /// @notice Returns whose signature a reading of a point for a slot has to carry.
    function gatewayOf(MeteringPoint point, DeliverySlot slot) external view returns (address);

    /// @notice Returns the owners of `count` neighbouring points in a slot; zero where one does not take part.
    function ownersOf(DeliverySlot slot, uint256 firstPoint, uint256 count)
        external
        view
        returns (address[] memory);

    /// @notice Returns all that an order needs to know of a point, in one call.
    /// @return owner The owner in that slot.
    /// @return ownerPoints How many minimum deposits the owner keeps.
    /// @return importLimit Most energy the point can take in a slot.
    /// @return exportLimit Most energy the point can give in a slot.
    /// @dev Reverts with `MeteringPointUnknown` for a point that does not take part in the slot and with
    ///      `PartyIsSuspended` for a suspended owner.
    function orderContext(MeteringPoint point, DeliverySlot slot)
        external
        view
        returns (address owner, uint256 ownerPoints, WattHours importLimit, WattHours exportLimit);

    /// @notice Returns the EIP-712 digest that a gateway signs to prove that it holds its key.
    function possessionDigest(address owner, address gateway) external view returns (bytes32);
}
