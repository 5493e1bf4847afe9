// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IParticipantRegistry} from "../interfaces/IParticipantRegistry.sol";
import {ProductCalendar} from "../libraries/ProductCalendar.sol";
import {DeliverySlot} from "../types/DeliverySlot.sol";
import {MeteringPoint} from "../types/MeteringPoint.sol";
import {LARGEST_POINT} from "../types/Order.sol";
import {Product} from "../types/Product.sol";
import {LANE_ENERGY_MASK} from "../types/ReadingLane.sol";
import {Role} from "../types/Role.sol";
import {WattHours} from "../types/Units.sol";

/// @title Parties, their roles and their metering points.
contract ParticipantRegistry is IParticipantRegistry, ProductCalendar, AccessManaged, EIP712 {
    bytes32 private constant POSSESSION_TYPEHASH =
        keccak256("GatewayPossession(address owner,address gateway)");

    uint16 private constant ALL_ROLES = uint16((1 << (uint256(type(Role).max) + 1)) - 1);

    mapping(address party => Party) private _parties;
    mapping(uint256 index => Point) private _points;
    mapping(bytes32 keyHash => bool) private _listedKeys;
    uint256 private _pointCount;

    constructor(address authority, Product memory given)
        ProductCalendar(given)
        AccessManaged(authority)
        EIP712("Yuimaru ParticipantRegistry", "1")
    {}

    /* PARTIES */

    /// @inheritdoc IParticipantRegistry
    function admit(address party, uint16 roles, bytes32 detailsHash) external restricted {
        if (_parties[party].admittedAt != 0) revert PartyAlreadyAdmitted(party);
        _requireRoles(roles);

        _parties[party] = Party({
            roles: roles,
            points: 0,
            admittedAt: uint64(block.number),
            suspendedAt: 0,
            detailsHash: detailsHash
        });

        emit PartyAdmitted(party, roles, detailsHash);
    }

    /// @inheritdoc IParticipantRegistry
    function setRoles(address party, uint16 roles) external restricted {
        _requireAdmitted(party);
        _requireRoles(roles);

        _parties[party].roles = roles;

        emit RolesChanged(party, roles);
    }

    /// @inheritdoc IParticipantRegistry
    function suspend(address party, bytes32 reason) external restricted {
        _requireAdmitted(party);
        if (_parties[party].suspendedAt != 0) revert PartyIsSuspended(party);

        _parties[party].suspendedAt = uint64(block.number);

        emit PartySuspended(party, reason);
    }

    /// @inheritdoc IParticipantRegistry
    function reinstate(address party) external restricted {
        _requireAdmitted(party);
        if (_parties[party].suspendedAt == 0) revert PartyNotSuspended(party);

        _parties[party].suspendedAt = 0;

        emit PartyReinstated(party);
    }

    /* METERING POINTS */

    /// @inheritdoc IParticipantRegistry
    function listGatewayKey(bytes32 keyHash) external restricted {
        _listedKeys[keyHash] = true;

        emit GatewayKeyListed(keyHash);
    }

    /// @inheritdoc IParticipantRegistry
    function registerPoint(PointRegistration calldata registration, bytes calldata possession)
        external
        restricted
        returns (MeteringPoint point)
    {
        _requireAdmitted(registration.owner);
        uint32 importLimit = _checkedLimit(registration.importLimit);
        uint32 fallbackImport = _checkedLimit(registration.fallbackImport);
        if (_pointCount == LARGEST_POINT) revert MeteringPointsExhausted();
        _takeGatewayKey(registration.owner, registration.gateway, possession);

        point = MeteringPoint.wrap(uint32(++_pointCount));
        _parties[registration.owner].points += 1;
        Point storage stored = _points[point.index()];
        stored.owner = registration.owner;
        stored.kind = registration.kind;
        stored.source = registration.source;
        stored.cell = registration.cell;
        stored.importLimit = importLimit;
        stored.exportLimit = _checkedLimit(registration.exportLimit);
        stored.fallbackImport = fallbackImport == 0 ? importLimit : fallbackImport;
        stored.activeFrom = firstUnopenedSlot();
        stored.gateway = registration.gateway;
        stored.detailsHash = registration.detailsHash;

        emit PointRegistered(point, registration.owner, registration, stored.activeFrom);
    }

    /// @inheritdoc IParticipantRegistry
    function rotateGateway(MeteringPoint point, address gateway, bytes calldata possession)
        external
        restricted
    {
        Point storage stored = _registered(point);
        if (_isAhead(stored.nextGatewayFrom)) revert ChangePending(point, stored.nextGatewayFrom);
        _takeGatewayKey(_currentOwner(stored), gateway, possession);

        if (stored.nextGateway != address(0)) stored.gateway = stored.nextGateway;
        stored.nextGateway = gateway;
        stored.nextGatewayFrom = firstUnopenedSlot();

        emit GatewayRotated(point, gateway, stored.nextGatewayFrom);
    }

    /// @inheritdoc IParticipantRegistry
    function transferPoint(MeteringPoint point, address owner) external restricted {
        _requireAdmitted(owner);
        Point storage stored = _registered(point);
        if (stored.nextOwner != address(0) && !stored.transferCompleted) {
            revert ChangePending(point, stored.nextOwnerFrom);
        }

        _parties[owner].points += 1;
        if (stored.nextOwner != address(0)) stored.owner = stored.nextOwner;
        stored.transferCompleted = false;
        stored.nextOwner = owner;
        stored.nextOwnerFrom = firstUnopenedSlot();

        emit PointTransferred(point, owner, stored.nextOwnerFrom);
    }

    /// @inheritdoc IParticipantRegistry
    function completeTransfer(MeteringPoint point) external {
        Point storage stored = _registered(point);
        // The last slot of the previous owner starts one slot length before `nextOwnerFrom`.
        bool lastSlotFinal = block.timestamp >= stored.nextOwnerFrom.start() + CORRECTION_WINDOW;
        if (stored.nextOwner == address(0) || stored.transferCompleted) revert NoTransferPending(point);
        if (!lastSlotFinal) revert ChangePending(point, stored.nextOwnerFrom);

        _parties[stored.owner].points -= 1;
        // The owners stay side by side until the next transfer: slots before `nextOwnerFrom` keep their owner.
        stored.transferCompleted = true;

        emit TransferCompleted(point, stored.owner);
    }

    /* VIEWS */

    /// @inheritdoc IParticipantRegistry
    function partyOf(address party) external view returns (Party memory) {
        return _parties[party];
    }

    /// @inheritdoc IParticipantRegistry
    function isActive(address party) external view returns (bool) {
        return _parties[party].admittedAt != 0 && !isSuspended(party);
    }

    /// @inheritdoc IParticipantRegistry
    function isSuspended(address party) public view returns (bool) {
        uint256 since = _parties[party].suspendedAt;
        return since != 0 && block.number > since;
    }

    /// @inheritdoc IParticipantRegistry
    function isActiveAs(address party, Role role) external view returns (bool) {
        Party storage stored = _parties[party];
        return stored.admittedAt != 0 && !isSuspended(party) && stored.roles & (1 << uint256(role)) != 0;
    }

    /// @inheritdoc IParticipantRegistry
    function pointCount() external view returns (uint256) {
        return _pointCount;
    }

    /// @inheritdoc IParticipantRegistry
    function pointOf(MeteringPoint point) external view returns (Point memory) {
        return _registered(point);
    }

    /// @inheritdoc IParticipantRegistry
    function ownerOf(MeteringPoint point, DeliverySlot slot) external view returns (address) {
        return _ownerIn(_points[point.index()], slot);
    }

    /// @inheritdoc IParticipantRegistry
    function gatewayOf(MeteringPoint point, DeliverySlot slot) external view returns (address) {
        Point storage stored = _registered(point);
        bool rotated = stored.nextGateway != address(0) && slot.start() >= stored.nextGatewayFrom.start();
        return rotated ? stored.nextGateway : stored.gateway;
    }

    /// @inheritdoc IParticipantRegistry
    function ownersOf(DeliverySlot slot, uint256 firstPoint, uint256 count)
        external
        view
        returns (address[] memory owners)
    {
        owners = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            owners[i] = _ownerIn(_points[firstPoint + i], slot);
        }
    }

    /// @inheritdoc IParticipantRegistry
    function orderContext(MeteringPoint point, DeliverySlot slot)
        external
        view
        returns (address owner, uint256 ownerPoints, WattHours importLimit, WattHours exportLimit)
    {
        Point storage stored = _points[point.index()];
        owner = _ownerIn(stored, slot);
        if (owner == address(0)) revert MeteringPointUnknown(point);
        if (isSuspended(owner)) revert PartyIsSuspended(owner);
        ownerPoints = _parties[owner].points;
        importLimit = WattHours.wrap(stored.importLimit);
        exportLimit = WattHours.wrap(stored.exportLimit);
    }

    /// @inheritdoc IParticipantRegistry
    function possessionDigest(address owner, address gateway) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(POSSESSION_TYPEHASH, owner, gateway)));
    }

    /* INTERNALS */

    /// @dev Uses up a listed key after its holder has proven possession.
    function _takeGatewayKey(address owner, address gateway, bytes calldata possession) private {
        bytes32 keyHash = keccak256(abi.encode(gateway));
        if (!_listedKeys[keyHash]) revert GatewayKeyNotListed(gateway);
        (address recovered,,) = ECDSA.tryRecoverCalldata(possessionDigest(owner, gateway), possession);
        // What is no signature recovers to zero, so zero is nobody's key.
        bool held = recovered == gateway && gateway != address(0);
        if (!held) revert GatewayPossessionInvalid(gateway, recovered);

        _listedKeys[keyHash] = false;
    }

    function _registered(MeteringPoint point) private view returns (Point storage) {
        if (point.index() == 0 || point.index() > _pointCount) revert MeteringPointUnknown(point);
        return _points[point.index()];
    }

    function _ownerIn(Point storage stored, DeliverySlot slot) private view returns (address) {
        if (stored.owner == address(0) || slot.start() < stored.activeFrom.start()) return address(0);
        bool transferred = stored.nextOwner != address(0) && slot.start() >= stored.nextOwnerFrom.start();
        return transferred ? stored.nextOwner : stored.owner;
    }

    function _currentOwner(Point storage stored) private view returns (address) {
        return stored.nextOwner == address(0) ? stored.owner : stored.nextOwner;
    }

    function _isAhead(DeliverySlot slot) private view returns (bool) {
        return slot.start() > block.timestamp;
    }

    function _requireAdmitted(address party) private view {
        if (_parties[party].admittedAt == 0) revert PartyUnknown(party);
    }

    function _requireRoles(uint16 roles) private pure {
        if (roles == 0 || roles & ~ALL_ROLES != 0) revert RolesInvalid(roles);
    }

    function _checkedLimit(WattHours limit) private pure returns (uint32) {
        if (WattHours.unwrap(limit) > LANE_ENERGY_MASK) revert LimitTooLarge(limit);
        return uint32(WattHours.unwrap(limit));
    }
}
