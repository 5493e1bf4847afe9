// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {IMeterOracle} from "../../../contracts/interfaces/IMeterOracle.sol";
import {IParticipantRegistry} from "../../../contracts/interfaces/IParticipantRegistry.sol";
import {IProductCalendar} from "../../../contracts/interfaces/IProductCalendar.sol";
import {ISettlementLedger} from "../../../contracts/interfaces/ISettlementLedger.sol";
import {ISpotAuction} from "../../../contracts/interfaces/ISpotAuction.sol";
import {DeliverySlot} from "../../../contracts/types/DeliverySlot.sol";
import {MeteringPoint, PointKind, Source} from "../../../contracts/types/MeteringPoint.sol";
import {Side} from "../../../contracts/types/Order.sol";
import {Product} from "../../../contracts/types/Product.sol";
import {Role} from "../../../contracts/types/Role.sol";
import {Yen5} from "../../../contracts/types/Units.sol";
import {MarketWords} from "./MarketWords.sol";

/// @title A market as `yuimaru deploy` wires it, with a small neighbourhood, and words to walk a slot through its life.
/// @notice Points: 1 the home (prosumer), 2 the shop, 3 the solar plant, 4 the car. Each party starts with 100,000 yen.
abstract contract MarketTest is MarketWords {
    /// @dev 2017-09-28, 14:30 in Tokyo: the slot of the order book in C-14.
    DeliverySlot internal constant SLOT = DeliverySlot.wrap(1_506_576_600);
    /// @dev 2017-09-27, 18:00 in Tokyo: the slot is within the horizon and takes orders.
    uint256 internal constant BIDDING = 1_506_502_800;
    /// @dev 2017-09-25, 00:00 in Tokyo: the neighbourhood is admitted.
    uint256 internal constant FOUNDING = 1_506_265_200;

    uint64 internal constant ADMIN_ROLE = 0;
    uint64 internal constant OPERATOR_ROLE = 1;
    uint64 internal constant DSO_ROLE = 2;
    uint64 internal constant BANK_ROLE = 3;

    int256 internal constant MINIMUM_DEPOSIT = 1000 * 100_000;
    uint256 internal constant STARTING_YEN = 100_000;
    /// @dev Largest energy of a point in a slot unless a test says otherwise.
    uint256 internal constant RATING = 200_000_000;

    address internal immutable ADMIN = makeAddr("administrator");
    address internal immutable OPERATOR = makeAddr("market operator");
    address internal immutable DSO = makeAddr("distribution system operator");
    address internal immutable BANK = makeAddr("settlement bank");
    address internal immutable KEEPER = makeAddr("keeper");
    address internal immutable STRANGER = makeAddr("stranger");
    address internal immutable HOME = makeAddr("home");
    address internal immutable SHOP = makeAddr("shop");
    address internal immutable SOLAR = makeAddr("solar");
    address internal immutable CAR = makeAddr("car");

    uint256 internal constant HOME_POINT = 1;
    uint256 internal constant SHOP_POINT = 2;
    uint256 internal constant SOLAR_POINT = 3;
    uint256 internal constant CAR_POINT = 4;

    AccessManager internal access;
    IParticipantRegistry internal registry;
    IMeterOracle internal meterOracle;
    ISettlementLedger internal ledger;
    ISpotAuction internal auction;

    /// @dev Keys of the oracle set, in ascending order of their addresses.
    uint256[] internal oracleKeys;
    /// @dev Interval energies that the next `attest` brings, in words of four lanes from point 0.
    uint256[] private _metered;
    uint256 private _references;
    uint256 private _slotSeconds;

    function setUp() public virtual {
        found(halfHours());
        vm.warp(BIDDING);
        vm.roll(2000);
    }

    /// @dev Deploys the market and admits the neighbourhood at the founding time.
    function found(Product memory product) internal {
        vm.warp(FOUNDING);
        vm.roll(1000);
        deployMarket(product);
        configureOracles(4);
        _join(HOME, Role.PROSUMER, PointKind.PROSUMER);
        _join(SHOP, Role.SHOP, PointKind.SHOP);
        _join(SOLAR, Role.GENERATOR, PointKind.GENERATOR);
        _join(CAR, Role.EV, PointKind.EV);
    }

    function _join(address party, Role what, PointKind kind) private {
        admit(party, role(what));
        registerPoint(party, kind);
        credit(party, STARTING_YEN);
    }

    /* ACTORS AND PARAMETERS */

    function role(Role one) internal pure returns (uint16) {
        return uint16(1 << uint256(one));
    }

    /// @dev The product of the field trial: half hours, called one hour ahead, a week to correct.
    function halfHours() internal pure returns (Product memory) {
        return Product({
            slotSeconds: 1800,
            callLead: 3600,
            gateLead: 3600,
            horizon: 172_800,
            readingWindow: 3600,
            correctionWindow: 604_800,
            priceOffset: 0,
            longFloor: 0,
            shortCap: 5000,
            ringSize: 480
        });
    }

    /// @dev The product of the demonstration: slots of ten seconds.
    function tenSeconds() internal pure returns (Product memory) {
        return Product({
            slotSeconds: 10,
            callLead: 4,
            gateLead: 2,
            horizon: 60,
            readingWindow: 10,
            correctionWindow: 20,
            priceOffset: 0,
            longFloor: 0,
            shortCap: 5000,
            ringSize: 96
        });
    }

    /* REFUSALS */

    /// @dev The next call comes from `sender` and is refused with exactly this error and its values.
    function refused(address sender, bytes memory reason) internal {
        vm.expectRevert(reason);
        vm.prank(sender);
    }

    /// @dev The next call is one that the access manager does not let `sender` make.
    function forbidden(address sender) internal {
        refused(sender, abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, sender));
    }

    /* DEPLOYMENT */

    function deployMarket(Product memory product) internal {
        _slotSeconds = product.slotSeconds;
        access = AccessManager(vm.deployCode("AccessManager.sol:AccessManager", abi.encode(ADMIN)));
        address expected = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 2);
        registry = IParticipantRegistry(
            vm.deployCode(
                "ParticipantRegistry.sol:ParticipantRegistry", abi.encode(access, expected, product)
            )
        );
        meterOracle = IMeterOracle(
            vm.deployCode("MeterOracle.sol:MeterOracle", abi.encode(access, registry, expected, product))
        );
        ledger = ISettlementLedger(
            vm.deployCode(
                "SettlementLedger.sol:SettlementLedger",
                abi.encode(access, registry, meterOracle, product, MINIMUM_DEPOSIT)
            )
        );
        assertEq(address(ledger), expected, "address of the ledger");
        auction =
            ISpotAuction(vm.deployCode("SpotAuction.sol:SpotAuction", abi.encode(registry, ledger, product)));
        _grantRoles();
        vm.prank(ADMIN);
        ledger.admitMarket(address(auction));
    }

    function _grantRoles() private {
        _grant(OPERATOR_ROLE, OPERATOR);
        _grant(DSO_ROLE, DSO);
        _grant(BANK_ROLE, BANK);
        _assign(address(registry), OPERATOR_ROLE, operatorSelectors());
        _assign(address(ledger), DSO_ROLE, dsoSelectors());
        _assign(address(ledger), BANK_ROLE, bankSelectors());
    }

    function _grant(uint64 roleId, address account) private {
        vm.prank(ADMIN);
        access.grantRole(roleId, account, 0);
    }

    function _assign(address target, uint64 roleId, bytes4[] memory selectors) private {
        vm.prank(ADMIN);
        access.setTargetFunctionRole(target, selectors, roleId);
    }

    function operatorSelectors() internal pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](8);
        selectors[0] = IParticipantRegistry.admit.selector;
        selectors[1] = IParticipantRegistry.setRoles.selector;
        selectors[2] = IParticipantRegistry.suspend.selector;
        selectors[3] = IParticipantRegistry.reinstate.selector;
        selectors[4] = IParticipantRegistry.listGatewayKey.selector;
        selectors[5] = IParticipantRegistry.registerPoint.selector;
        selectors[6] = IParticipantRegistry.rotateGateway.selector;
        selectors[7] = IParticipantRegistry.transferPoint.selector;
    }

    function dsoSelectors() internal pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](2);
        selectors[0] = ISettlementLedger.publishImbalancePrices.selector;
        selectors[1] = ISettlementLedger.voidSlot.selector;
    }

    function bankSelectors() internal pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](2);
        selectors[0] = ISettlementLedger.credit.selector;
        selectors[1] = ISettlementLedger.confirmWithdrawal.selector;
    }

    /* ADMISSION */

    function admit(address party, uint16 roles) internal {
        vm.prank(OPERATOR);
        registry.admit(party, roles, keccak256(abi.encode("details of", party)));
    }

    function suspend(address party) internal {
        vm.prank(OPERATOR);
        registry.suspend(party, "late with its duties");
    }

    function gatewayKey(uint256 point) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("gateway", point))) >> 1;
    }

    /// @dev What a silent point is taken to have used; 0 = its rating.
    function fallbackImport() internal pure virtual returns (uint256) {
        return 0;
    }

    function registrationOf(address owner, address gateway, PointKind kind)
        internal
        pure
        returns (IParticipantRegistry.PointRegistration memory)
    {
        return IParticipantRegistry.PointRegistration({
            owner: owner,
            gateway: gateway,
            kind: kind,
            source: kind == PointKind.GENERATOR ? Source.RENEWABLE : Source.OTHER,
            cell: 7,
            importLimit: wh(RATING),
            exportLimit: wh(RATING),
            fallbackImport: wh(fallbackImport()),
            detailsHash: keccak256(abi.encode("point of", owner))
        });
    }

    /// @dev Registers the next metering point, its gateway key listed and proven.
    function registerPoint(address owner, PointKind kind) internal returns (uint256) {
        uint256 key = gatewayKey(registry.pointCount() + 1);
        return register(registrationOf(owner, vm.addr(key), kind), key);
    }

    function register(IParticipantRegistry.PointRegistration memory registration, uint256 key)
        internal
        returns (uint256)
    {
        listKey(registration.gateway);
        bytes memory possession = possessionBy(key, registration.owner, registration.gateway);
        vm.prank(OPERATOR);
        return registry.registerPoint(registration, possession).index();
    }

    function listKey(address gateway) internal {
        vm.prank(OPERATOR);
        registry.listGatewayKey(keccak256(abi.encode(gateway)));
    }

    function possessionBy(uint256 key, address owner, address gateway) internal view returns (bytes memory) {
        return sign(key, registry.possessionDigest(owner, gateway));
    }

    function credit(address account, uint256 amount) internal {
        vm.prank(BANK);
        ledger.credit(account, amount, nextReference());
    }

    function nextReference() internal returns (bytes32) {
        return keccak256(abi.encode("bank reference", ++_references));
    }

    /* ORACLES */

    /// @dev Admits and configures `count` oracles that may sign for ten years.
    function configureOracles(uint256 count) internal {
        delete oracleKeys;
        for (uint256 i = 0; i < count; ++i) {
            _insertOracle(uint256(keccak256(abi.encode("oracle", i))) >> 1);
        }
        uint64[] memory validUntil = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) {
            address oracle = vm.addr(oracleKeys[i]);
            if (registry.partyOf(oracle).admittedAt == 0) admit(oracle, role(Role.ORACLE));
            validUntil[i] = uint64(FOUNDING + 3650 days);
        }
        vm.prank(ADMIN);
        meterOracle.configure(oracleAddresses(), validUntil);
    }

    function oracleAddresses() internal view returns (address[] memory signers) {
        signers = new address[](oracleKeys.length);
        for (uint256 i = 0; i < signers.length; ++i) {
            signers[i] = vm.addr(oracleKeys[i]);
        }
    }

    function _insertOracle(uint256 key) private {
        oracleKeys.push(key);
        for (uint256 i = oracleKeys.length - 1; i > 0; --i) {
            if (vm.addr(oracleKeys[i - 1]) < vm.addr(oracleKeys[i])) return;
            (oracleKeys[i - 1], oracleKeys[i]) = (oracleKeys[i], oracleKeys[i - 1]);
        }
    }

    /// @dev Notes what a point's meter counted in the slot; `attest` brings it.
    function metered(uint256 point, uint256 imported, uint256 exported) internal {
        while (_metered.length <= point / 4) _metered.push(0);
        _metered[point / 4] |= lane(imported, exported) << (60 * (point % 4));
    }

    function lane(uint256 imported, uint256 exported) internal pure returns (uint256) {
        return (1 << 59) | (imported << 29) | exported;
    }

    /// @dev Takes what was metered into a batch that spans the present second.
    function takeBatch(DeliverySlot slot) internal returns (IMeterOracle.Batch memory) {
        uint256[] memory values = _metered;
        delete _metered;
        return batchOf(slot, 0, values);
    }

    function batchOf(DeliverySlot slot, uint256 firstPoint, uint256[] memory values)
        internal
        view
        returns (IMeterOracle.Batch memory)
    {
        (uint32 version,,) = meterOracle.oracleSet();
        uint64 measuredAt = uint64(IProductCalendar(address(meterOracle)).slotEnd(slot));
        return IMeterOracle.Batch({
            chainId: block.chainid,
            meterOracle: address(meterOracle),
            configVersion: version,
            slot: slot,
            firstPoint: uint32(firstPoint),
            measuredFrom: measuredAt,
            measuredUntil: measuredAt,
            root: keccak256("root"),
            values: values
        });
    }

    /// @dev Signatures of the first `count` oracles, in ascending order.
    function signaturesFor(IMeterOracle.Batch memory batch, uint256 count)
        internal
        view
        returns (bytes[] memory signatures)
    {
        bytes32 digest = meterOracle.batchDigest(batch);
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            signatures[i] = sign(oracleKeys[i], digest);
        }
    }

    /// @dev Three of the four oracles attest what was metered.
    function attest(DeliverySlot slot) internal {
        IMeterOracle.Batch memory batch = takeBatch(slot);
        bytes[] memory signatures = signaturesFor(batch, 3);
        vm.prank(KEEPER);
        meterOracle.attest(batch, signatures);
    }

    /* THE LIFE OF A SLOT */

    function openSlot(DeliverySlot slot) internal {
        vm.prank(KEEPER);
        auction.open(slot);
    }

    function bid(uint256 point, uint256 limit, uint256 energy) internal returns (uint32) {
        return bidIn(SLOT, point, limit, energy);
    }

    function offer(uint256 point, uint256 limit, uint256 energy) internal returns (uint32) {
        return offerIn(SLOT, point, limit, energy);
    }

    function bidIn(DeliverySlot slot, uint256 point, uint256 limit, uint256 energy)
        internal
        returns (uint32)
    {
        return order(slot, point, Side.BID, limit, energy);
    }

    function offerIn(DeliverySlot slot, uint256 point, uint256 limit, uint256 energy)
        internal
        returns (uint32)
    {
        return order(slot, point, Side.OFFER, limit, energy);
    }

    /// @dev Places an order as the owner of the point.
    function order(DeliverySlot slot, uint256 point, Side side, uint256 limit, uint256 energy)
        internal
        returns (uint32)
    {
        address owner = registry.ownerOf(metering(point), slot);
        vm.prank(owner);
        return auction.submit(slot, metering(point), side, sen(limit), wh(energy));
    }

    function toCallTime(DeliverySlot slot) internal {
        vm.warp(IProductCalendar(address(auction)).callTime(slot));
    }

    function toSlotEnd(DeliverySlot slot) internal {
        vm.warp(IProductCalendar(address(auction)).slotEnd(slot));
    }

    function toReadingDeadline(DeliverySlot slot) internal {
        vm.warp(IProductCalendar(address(auction)).readingDeadline(slot));
    }

    function toFinalTime(DeliverySlot slot) internal {
        vm.warp(IProductCalendar(address(auction)).finalTime(slot));
    }

    function clearSlot(DeliverySlot slot) internal {
        toCallTime(slot);
        vm.prank(KEEPER);
        auction.clear(slot);
    }

    function bookSlot(DeliverySlot slot) internal {
        vm.prank(KEEPER);
        auction.book(slot, 350);
    }

    /// @dev From orders to booked trades.
    function clearAndBook() internal {
        clearSlot(SLOT);
        bookSlot(SLOT);
    }

    /// @dev Attests what was metered at the end of the slot and settles every point after the reading window.
    function attestAndSettle() internal {
        toSlotEnd(SLOT);
        attest(SLOT);
        settleSlot(SLOT);
    }

    function settleSlot(DeliverySlot slot) internal {
        toReadingDeadline(slot);
        vm.prank(KEEPER);
        ledger.settle(slot, 300);
    }

    function finaliseSlot(DeliverySlot slot) internal {
        toFinalTime(slot);
        vm.prank(KEEPER);
        ledger.finalise(slot, 300);
    }

    function slotAfter(DeliverySlot slot, uint256 slots) internal view returns (DeliverySlot) {
        return slotAt(slot.start() + slots * _slotSeconds);
    }

    /* WHAT IS SEEN */

    function available(address party) internal view returns (int256) {
        return Yen5.unwrap(ledger.accountOf(party).available);
    }

    function reserved(address party) internal view returns (int256) {
        return Yen5.unwrap(ledger.accountOf(party).reserved);
    }

    function debt(address party) internal view returns (int256) {
        return Yen5.unwrap(ledger.accountOf(party).debt);
    }

    function balancing() internal view returns (int256) {
        return Yen5.unwrap(ledger.balancingAccount());
    }

    function bankedYen5() internal pure returns (int256) {
        return int256(4 * STARTING_YEN * 100_000);
    }

    /// @dev All money there is: the four parties' and the balancing account's.
    function allMoney() internal view returns (int256 total) {
        address[4] memory parties = [HOME, SHOP, SOLAR, CAR];
        total = balancing();
        for (uint256 i = 0; i < parties.length; ++i) {
            total += available(parties[i]) + reserved(parties[i]);
        }
    }

    function phaseOf(DeliverySlot slot) internal view returns (uint256) {
        return uint256(auction.auctionOf(slot).phase);
    }

    function pointOf(uint256 point) internal view returns (IParticipantRegistry.Point memory) {
        return registry.pointOf(metering(point));
    }
}
