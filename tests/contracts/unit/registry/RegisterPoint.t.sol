// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {IProductCalendar} from "../../../../contracts/interfaces/IProductCalendar.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {MeteringPoint, PointKind, Source} from "../../../../contracts/types/MeteringPoint.sol";
import {MarketTest} from "../../support/MarketTest.sol";

/// @dev `listGatewayKey` and `registerPoint`, which belong together.
contract RegisterPointTest is MarketTest {
    uint256 private constant KEY = 0xA11CE;
    uint256 private constant OTHER_KEY = 0xB0B;
    uint256 private constant LARGEST_LIMIT = (1 << 29) - 1;
    uint256 private constant POINT_COUNT_SLOT = 6;

    address private _gateway;

    function setUp() public override {
        super.setUp();
        _gateway = vm.addr(KEY);
        listKey(_gateway);
    }

    function test_only_the_market_operator_lists_keys_and_registers_points() public {
        IParticipantRegistry.PointRegistration memory registration = _registration();
        bytes memory possession = possessionBy(KEY, HOME, _gateway);
        forbidden(HOME);
        registry.listGatewayKey(0);
        forbidden(HOME);
        registry.registerPoint(registration, possession);
    }

    function test_the_owner_has_to_be_admitted() public {
        IParticipantRegistry.PointRegistration memory registration = _registration();
        registration.owner = STRANGER;
        bytes memory possession = possessionBy(KEY, STRANGER, _gateway);
        refused(OPERATOR, abi.encodeWithSelector(IParticipantRegistry.PartyUnknown.selector, STRANGER));
        registry.registerPoint(registration, possession);
    }

    /// @custom:spec G-07
    function test_each_limit_ends_at_the_largest_interval_energy() public {
        for (uint256 i = 0; i < 3; ++i) {
            IParticipantRegistry.PointRegistration memory registration = _registration();
            if (i == 0) registration.importLimit = wh(LARGEST_LIMIT + 1);
            if (i == 1) registration.fallbackImport = wh(LARGEST_LIMIT + 1);
            if (i == 2) registration.exportLimit = wh(LARGEST_LIMIT + 1);
            bytes memory possession = possessionBy(KEY, HOME, _gateway);
            refused(
                OPERATOR,
                abi.encodeWithSelector(IParticipantRegistry.LimitTooLarge.selector, wh(LARGEST_LIMIT + 1))
            );
            registry.registerPoint(registration, possession);
        }
    }

    /// @custom:spec G-29
    function test_no_index_is_left_after_the_last() public {
        vm.store(address(registry), bytes32(POINT_COUNT_SLOT), bytes32(uint256((1 << 24) - 1)));
        assertEq(registry.pointCount(), (1 << 24) - 1, "metering points");
        bytes memory possession = possessionBy(KEY, HOME, _gateway);
        refused(OPERATOR, abi.encodeWithSelector(IParticipantRegistry.MeteringPointsExhausted.selector));
        registry.registerPoint(_registration(), possession);
    }

    /// @custom:spec G-29
    function test_a_key_that_was_not_listed_is_refused() public {
        IParticipantRegistry.PointRegistration memory registration = _registration();
        registration.gateway = vm.addr(OTHER_KEY);
        bytes memory possession = possessionBy(OTHER_KEY, HOME, registration.gateway);
        refused(
            OPERATOR,
            abi.encodeWithSelector(IParticipantRegistry.GatewayKeyNotListed.selector, registration.gateway)
        );
        registry.registerPoint(registration, possession);
    }

    /// @custom:spec G-29
    function test_a_key_serves_one_metering_point() public {
        register(_registration(), KEY);
        bytes memory possession = possessionBy(KEY, HOME, _gateway);
        refused(OPERATOR, abi.encodeWithSelector(IParticipantRegistry.GatewayKeyNotListed.selector, _gateway));
        registry.registerPoint(_registration(), possession);
    }

    /// @custom:spec G-29
    function test_possession_is_proven_by_the_key_itself() public {
        bytes memory possession = possessionBy(OTHER_KEY, HOME, _gateway);
        refused(
            OPERATOR,
            abi.encodeWithSelector(
                IParticipantRegistry.GatewayPossessionInvalid.selector, _gateway, vm.addr(OTHER_KEY)
            )
        );
        registry.registerPoint(_registration(), possession);
    }

    /// @custom:spec G-29
    function test_a_proof_of_possession_is_good_for_its_owner_only() public {
        bytes memory possession = possessionBy(KEY, SHOP, _gateway);
        vm.expectPartialRevert(IParticipantRegistry.GatewayPossessionInvalid.selector);
        vm.prank(OPERATOR);
        registry.registerPoint(_registration(), possession);
    }

    function test_bytes_that_are_no_signature_prove_nothing() public {
        refused(
            OPERATOR,
            abi.encodeWithSelector(
                IParticipantRegistry.GatewayPossessionInvalid.selector, _gateway, address(0)
            )
        );
        registry.registerPoint(_registration(), "not a signature");
    }

    function test_no_signature_proves_possession_of_the_zero_address() public {
        IParticipantRegistry.PointRegistration memory registration = _registration();
        registration.gateway = address(0);
        listKey(address(0));
        refused(
            OPERATOR,
            abi.encodeWithSelector(
                IParticipantRegistry.GatewayPossessionInvalid.selector, address(0), address(0)
            )
        );
        registry.registerPoint(registration, "not a signature");
    }

    /// @custom:spec G-29
    function test_a_key_is_listed_by_its_hash() public {
        bytes32 keyHash = keccak256(abi.encode(vm.addr(OTHER_KEY)));
        vm.expectEmit(address(registry));
        emit IParticipantRegistry.GatewayKeyListed(keyHash);
        vm.prank(OPERATOR);
        registry.listGatewayKey(keyHash);
    }

    /// @custom:spec G-22 G-29
    function test_a_point_gets_the_next_index_and_takes_part_from_the_first_unopened_slot() public {
        IParticipantRegistry.PointRegistration memory registration = _registration();
        DeliverySlot from = IProductCalendar(address(registry)).firstUnopenedSlot();
        bytes memory possession = possessionBy(KEY, HOME, _gateway);
        vm.expectEmit(address(registry));
        emit IParticipantRegistry.PointRegistered(metering(5), HOME, registration, from);
        vm.prank(OPERATOR);
        MeteringPoint point = registry.registerPoint(registration, possession);

        assertEq(point.index(), 5, "index");
        assertEq(registry.pointCount(), 5, "metering points");
        assertEq(registry.partyOf(HOME).points, 2, "metering points of the home");
        assertEq(registry.ownerOf(point, slotAt(from.start() - 1800)), address(0), "owner before");
        assertEq(registry.ownerOf(point, from), HOME, "owner from then on");
        assertEq(registry.gatewayOf(point, from), _gateway, "gateway");
    }

    /// @custom:spec C-09 G-07 G-33
    function test_what_was_said_of_a_point_is_kept() public {
        IParticipantRegistry.PointRegistration memory registration = _registration();
        registration.fallbackImport = wh(333);
        IParticipantRegistry.Point memory point = pointOf(register(registration, KEY));

        assertEq(uint256(point.kind), uint256(PointKind.PROSUMER), "kind");
        assertEq(uint256(point.source), uint256(Source.RENEWABLE), "source");
        assertEq(point.cell, 12, "cell");
        assertEq(point.importLimit, 4000, "import limit");
        assertEq(point.exportLimit, 2500, "export limit");
        assertEq(point.fallbackImport, 333, "fallback import");
        assertEq(point.detailsHash, keccak256("point"), "hash of the details");
        assertEq(point.nextOwner, address(0), "next owner");
        assertEq(point.nextGateway, address(0), "next gateway");
    }

    /// @custom:spec G-11
    function test_the_fallback_import_is_the_import_limit_unless_given() public {
        uint256 point = register(_registration(), KEY);
        assertEq(pointOf(point).fallbackImport, 4000, "fallback import");
    }

    function test_the_largest_limits_are_taken() public {
        IParticipantRegistry.PointRegistration memory registration = _registration();
        registration.importLimit = wh(LARGEST_LIMIT);
        registration.exportLimit = wh(LARGEST_LIMIT);
        IParticipantRegistry.Point memory point = pointOf(register(registration, KEY));
        assertEq(point.importLimit, LARGEST_LIMIT, "import limit");
        assertEq(point.exportLimit, LARGEST_LIMIT, "export limit");
    }

    function test_the_first_index_is_one_and_beyond_the_last_nothing_is_known() public {
        vm.expectRevert(
            abi.encodeWithSelector(IParticipantRegistry.MeteringPointUnknown.selector, metering(0))
        );
        registry.pointOf(metering(0));
        vm.expectRevert(
            abi.encodeWithSelector(IParticipantRegistry.MeteringPointUnknown.selector, metering(5))
        );
        registry.gatewayOf(metering(5), SLOT);
    }

    function _registration() private view returns (IParticipantRegistry.PointRegistration memory) {
        return IParticipantRegistry.PointRegistration({
            owner: HOME,
            gateway: _gateway,
            kind: PointKind.PROSUMER,
            source: Source.RENEWABLE,
            cell: 12,
            importLimit: wh(4000),
            exportLimit: wh(2500),
            fallbackImport: wh(0),
            detailsHash: keccak256("point")
        });
    }
}
