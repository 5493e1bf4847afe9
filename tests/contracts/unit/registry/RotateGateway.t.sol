// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IParticipantRegistry} from "../../../../contracts/interfaces/IParticipantRegistry.sol";
import {IProductCalendar} from "../../../../contracts/interfaces/IProductCalendar.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {MarketTest} from "../../support/MarketTest.sol";

contract RotateGatewayTest is MarketTest {
    uint256 private constant NEW_KEY = 0xC0FFEE;
    uint256 private constant NEWER_KEY = 0xC0FFEF;

    function setUp() public override {
        super.setUp();
        listKey(vm.addr(NEW_KEY));
        listKey(vm.addr(NEWER_KEY));
    }

    function test_only_the_market_operator_rotates() public {
        bytes memory possession = possessionBy(NEW_KEY, HOME, vm.addr(NEW_KEY));
        forbidden(HOME);
        registry.rotateGateway(metering(HOME_POINT), vm.addr(NEW_KEY), possession);
    }

    function test_an_unknown_point_has_no_key() public {
        bytes memory possession = possessionBy(NEW_KEY, HOME, vm.addr(NEW_KEY));
        refused(
            OPERATOR, abi.encodeWithSelector(IParticipantRegistry.MeteringPointUnknown.selector, metering(99))
        );
        registry.rotateGateway(metering(99), vm.addr(NEW_KEY), possession);
    }

    function test_a_second_rotation_waits_until_the_first_holds() public {
        DeliverySlot from = _rotate(NEW_KEY);
        bytes memory possession = possessionBy(NEWER_KEY, HOME, vm.addr(NEWER_KEY));
        bytes memory pending =
            abi.encodeWithSelector(IParticipantRegistry.ChangePending.selector, metering(HOME_POINT), from);
        refused(OPERATOR, pending);
        registry.rotateGateway(metering(HOME_POINT), vm.addr(NEWER_KEY), possession);
    }

    /// @custom:spec G-29
    function test_the_new_key_has_to_be_listed_and_proven() public {
        bytes memory possession = possessionBy(NEW_KEY, HOME, vm.addr(NEW_KEY));
        refused(
            OPERATOR,
            abi.encodeWithSelector(IParticipantRegistry.GatewayKeyNotListed.selector, vm.addr(0xBAD))
        );
        registry.rotateGateway(metering(HOME_POINT), vm.addr(0xBAD), possession);
        refused(
            OPERATOR,
            abi.encodeWithSelector(
                IParticipantRegistry.GatewayPossessionInvalid.selector, vm.addr(NEW_KEY), address(0)
            )
        );
        registry.rotateGateway(metering(HOME_POINT), vm.addr(NEW_KEY), "");
    }

    /// @custom:spec G-29
    function test_a_new_key_holds_from_the_first_unopened_slot() public {
        address oldGateway = pointOf(HOME_POINT).gateway;
        DeliverySlot from = IProductCalendar(address(registry)).firstUnopenedSlot();
        bytes memory possession = possessionBy(NEW_KEY, HOME, vm.addr(NEW_KEY));
        vm.expectEmit(address(registry));
        emit IParticipantRegistry.GatewayRotated(metering(HOME_POINT), vm.addr(NEW_KEY), from);
        vm.prank(OPERATOR);
        registry.rotateGateway(metering(HOME_POINT), vm.addr(NEW_KEY), possession);

        DeliverySlot before = slotAt(from.start() - 1800);
        assertEq(registry.gatewayOf(metering(HOME_POINT), before), oldGateway, "key of the slot before");
        assertEq(registry.gatewayOf(metering(HOME_POINT), from), vm.addr(NEW_KEY), "key from then on");
    }

    /// @custom:spec G-29
    function test_a_key_can_be_rotated_again_once_it_holds() public {
        DeliverySlot first = _rotate(NEW_KEY);
        vm.warp(first.start());
        DeliverySlot second = _rotate(NEWER_KEY);

        DeliverySlot before = slotAt(second.start() - 1800);
        assertEq(registry.gatewayOf(metering(HOME_POINT), before), vm.addr(NEW_KEY), "key before");
        assertEq(registry.gatewayOf(metering(HOME_POINT), second), vm.addr(NEWER_KEY), "key from then on");
    }

    function _rotate(uint256 key) private returns (DeliverySlot from) {
        from = IProductCalendar(address(registry)).firstUnopenedSlot();
        bytes memory possession = possessionBy(key, HOME, vm.addr(key));
        vm.prank(OPERATOR);
        registry.rotateGateway(metering(HOME_POINT), vm.addr(key), possession);
    }
}
