// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IParticipantRegistry} from "../interfaces/IParticipantRegistry.sol";
import {ISettlementLedger} from "../interfaces/ISettlementLedger.sol";
import {ProductCalendar} from "../libraries/ProductCalendar.sol";
import {DeliverySlot} from "../types/DeliverySlot.sol";
import {MeteringPoint, PointKind, Source} from "../types/MeteringPoint.sol";
import {LARGEST_POINT} from "../types/Order.sol";
import {Product} from "../types/Product.sol";
import {LANE_ENERGY_MASK} from "../types/ReadingLane.sol";
import {Role} from "../types/Role.sol";
import {WattHours} from "../types/Units.sol";

/// @title Parties, their roles and their metering points.
contract ParticipantRegistry is IParticipantRegistry, ProductCalendar, AccessManaged, EIP712 {
    using SafeCast for uint256;

    bytes32 private constant POSSESSION_TYPEHASH =
        keccak256("GatewayPossession(address owner,address gateway)");

    uint16 private constant ALL_ROLES = uint16((1 << (uint256(type(Role).max) + 1)) - 1);

    /// @dev A metering point as it is kept. Orders, booking and settlement read its first word only, unless the slot lies
    ///      before the last change of owner.
    ///
    ///      owner (160) | importLimit (32) | exportLimit (32) | ownerFrom (32, Unix seconds, until 2106)
    ///      gateway (160) | fallbackImport (32) | cell (16) | kind (8) | source (8)
    ///      formerOwner (160) | activeFrom (64) | transferCompleted (8)
    ///      nextGateway (160) | nextGatewayFrom (64)
    ///      detailsHash (256)
    struct StoredPoint {
        address owner;
        uint32 importLimit;
        uint32 exportLimit;
        uint32 ownerFrom;
        address gateway;
        uint32 fallbackImport;
        uint16 cell;
        PointKind kind;
        Source source;
        address formerOwner;
        DeliverySlot activeFrom;
        bool transferCompleted;
        address nextGateway;
        DeliverySlot nextGatewayFrom;
        bytes32 detailsHash;
    }

    ISettlementLedger private immutable LEDGER;

    mapping(address party => Party) private _parties;
    mapping(uint256 index => StoredPoint) private _points;
    mapping(bytes32 keyHash => bool) private _listedKeys;
    uint256 private _pointCount;

    constructor(address authority, ISettlementLedger ledger, Product memory given)
        ProductCalendar(given)
        AccessManaged(authority)
        EIP712("Yuimaru ParticipantRegistry", "1")
    {
        LEDGER = ledger;
    }

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
        DeliverySlot activeFrom = firstUnopenedSlot();
        _points[point.index()] = StoredPoint({
            owner: registration.owner,
            importLimit: importLimit,
            exportLimit: _checkedLimit(registration.exportLimit),
            ownerFrom: activeFrom.start().toUint32(),
            gateway: registration.gateway,
            fallbackImport: fallbackImport == 0 ? importLimit : fallbackImport,
            cell: registration.cell,
            kind: registration.kind,
            source: registration.source,
            formerOwner: address(0),
            activeFrom: activeFrom,
            transferCompleted: false,
            nextGateway: address(0),
            nextGatewayFrom: DeliverySlot.wrap(0),
            detailsHash: registration.detailsHash
        });

        emit PointRegistered(point, registration.owner, registration, activeFrom);
    }

    /// @inheritdoc IParticipantRegistry
    function rotateGateway(MeteringPoint point, address gateway, bytes calldata possession)
        external
        restricted
    {
        StoredPoint storage stored = _registered(point);
        if (_isAhead(stored.nextGatewayFrom)) revert ChangePending(point, stored.nextGatewayFrom);
        _takeGatewayKey(stored.owner, gateway, possession);

        if (stored.nextGateway != address(0)) stored.gateway = stored.nextGateway;
        stored.nextGateway = gateway;
        stored.nextGatewayFrom = firstUnopenedSlot();

        emit GatewayRotated(point, gateway, stored.nextGatewayFrom);
    }

    /// @inheritdoc IParticipantRegistry
    function transferPoint(MeteringPoint point, address owner) external restricted {
        _requireAdmitted(owner);
        StoredPoint storage stored = _registered(point);
        if (stored.formerOwner != address(0) && !stored.transferCompleted) {
            revert ChangePending(point, _ownerFrom(stored));
        }

        _parties[owner].points += 1;
        if (stored.formerOwner != address(0)) stored.activeFrom = _ownerFrom(stored);
        stored.formerOwner = stored.owner;
        stored.owner = owner;
        stored.ownerFrom = firstUnopenedSlot().start().toUint32();
        stored.transferCompleted = false;

        emit PointTransferred(point, owner, _ownerFrom(stored));
    }

    /// @inheritdoc IParticipantRegistry
    function completeTransfer(MeteringPoint point) external {
        StoredPoint storage stored = _registered(point);
        if (stored.formerOwner == address(0) || stored.transferCompleted) revert NoTransferPending(point);
        // The former owner's last slot ends where the new owner's first one starts. It keeps its owner until its cash moved.
        bool correctionsOver = block.timestamp >= uint256(stored.ownerFrom) + CORRECTION_WINDOW;
        if (!correctionsOver || !LEDGER.isFinalBefore(_ownerFrom(stored))) {
            revert ChangePending(point, _ownerFrom(stored));
        }

        _parties[stored.formerOwner].points -= 1;
        // The owners stay side by side until the next transfer: earlier slots keep their owner.
        stored.transferCompleted = true;

        emit TransferCompleted(point, stored.formerOwner);
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
        StoredPoint memory stored = _registered(point);
        bool transferred = stored.formerOwner != address(0);
        return Point({
            owner: transferred ? stored.formerOwner : stored.owner,
            kind: stored.kind,
            source: stored.source,
            cell: stored.cell,
            importLimit: stored.importLimit,
            exportLimit: stored.exportLimit,
            fallbackImport: stored.fallbackImport,
            activeFrom: stored.activeFrom,
            gateway: stored.gateway,
            nextOwner: transferred ? stored.owner : address(0),
            nextOwnerFrom: DeliverySlot.wrap(transferred ? stored.ownerFrom : 0),
            transferCompleted: stored.transferCompleted,
            nextGateway: stored.nextGateway,
            nextGatewayFrom: stored.nextGatewayFrom,
            detailsHash: stored.detailsHash
        });
    }

    /// @inheritdoc IParticipantRegistry
    function ownerOf(MeteringPoint point, DeliverySlot slot) external view returns (address) {
        return _ownerIn(_points[point.index()], slot);
    }

    /// @inheritdoc IParticipantRegistry
    function gatewayOf(MeteringPoint point, DeliverySlot slot) external view returns (address) {
        StoredPoint storage stored = _registered(point);
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
        StoredPoint storage stored = _points[point.index()];
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

    function _registered(MeteringPoint point) private view returns (StoredPoint storage) {
        if (point.index() == 0 || point.index() > _pointCount) revert MeteringPointUnknown(point);
        return _points[point.index()];
    }

    function _ownerIn(StoredPoint storage stored, DeliverySlot slot) private view returns (address) {
        if (slot.start() >= stored.ownerFrom) return stored.owner;
        return slot.start() >= stored.activeFrom.start() ? stored.formerOwner : address(0);
    }

    function _ownerFrom(StoredPoint storage stored) private view returns (DeliverySlot) {
        return DeliverySlot.wrap(stored.ownerFrom);
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
