// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IProductCalendar} from "../../../contracts/interfaces/IProductCalendar.sol";
import {Product} from "../../../contracts/types/Product.sol";
import {MarketTest} from "../support/MarketTest.sol";

contract CalendarTest is MarketTest {
    uint32 private constant LARGEST_PRICE = (1 << 26) - 1;

    IProductCalendar private _calendar;

    function setUp() public override {
        super.setUp();
        _calendar = IProductCalendar(address(auction));
    }

    /* PARAMETERS THAT CONTRADICT EACH OTHER */

    function test_a_slot_has_a_length() public {
        Product memory product = halfHours();
        product.slotSeconds = 0;
        _refuse(product, "slotSeconds");
    }

    function test_the_gate_does_not_close_before_the_call() public {
        Product memory product = halfHours();
        product.gateLead = product.callLead + 1;
        _refuse(product, "gateLead");
    }

    function test_the_call_comes_after_the_horizon() public {
        Product memory product = halfHours();
        product.callLead = product.horizon;
        _refuse(product, "callLead");
    }

    function test_the_reading_window_ends_with_the_correction_window_at_the_latest() public {
        Product memory product = halfHours();
        product.readingWindow = product.correctionWindow + 1;
        _refuse(product, "readingWindow");
    }

    /// @custom:spec G-07
    function test_the_price_grid_ends_where_money_still_fits_its_words() public {
        Product memory product = halfHours();
        product.priceOffset = LARGEST_PRICE - 32_767 + 1;
        _refuse(product, "priceOffset");
        product.priceOffset = type(uint32).max;
        _refuse(product, "priceOffset");
    }

    function test_the_lowest_long_price_is_not_above_the_highest_short_price() public {
        Product memory product = halfHours();
        product.longFloor = product.shortCap + 1;
        _refuse(product, "longFloor");
    }

    function test_the_highest_short_price_ends_where_money_still_fits_its_words() public {
        Product memory product = halfHours();
        product.shortCap = LARGEST_PRICE + 1;
        _refuse(product, "shortCap");
    }

    /// @custom:spec G-30
    function test_the_ring_covers_the_horizon_the_slot_and_the_correction_window() public {
        Product memory product = halfHours();
        product.ringSize = 432;
        _refuse(product, "ringSize");
        product.ringSize = 5001;
        _refuse(product, "ringSize");
        product.ringSize = 433;
        deployMarket(product);
    }

    function test_the_places_of_the_ring_can_be_read_in_one_transaction() public {
        Product memory product = halfHours();
        product.ringSize = 5001;
        _refuse(product, "ringSize");
        product.ringSize = 5000;
        deployMarket(product);
    }

    function test_the_largest_prices_are_taken() public {
        Product memory product = halfHours();
        product.priceOffset = LARGEST_PRICE - 32_767;
        product.shortCap = LARGEST_PRICE;
        deployMarket(product);
        assertEq(IProductCalendar(address(ledger)).product().shortCap, LARGEST_PRICE, "highest short price");
    }

    /* THE TIME LINE */

    /// @custom:spec C-14 G-02 G-08 G-10
    function test_the_time_line_of_the_slot_of_the_field_trial() public view {
        // 14:30 is the start of the 30th half hour of the day in Tokyo.
        assertEq((SLOT.start() + 9 hours) % 1 days / 30 minutes + 1, 30, "number of the slot");
        assertEq(_calendar.callTime(SLOT), SLOT.start() - 1 hours, "call time");
        assertEq(_calendar.slotEnd(SLOT), SLOT.start() + 30 minutes, "slot end");
        assertEq(_calendar.readingDeadline(SLOT), SLOT.start() + 90 minutes, "reading deadline");
        assertEq(_calendar.finalTime(SLOT), SLOT.start() + 30 minutes + 7 days, "final time");
    }

    /// @custom:spec G-29
    function test_the_first_unopened_slot_is_the_first_beyond_the_horizon() public {
        vm.warp(SLOT.start() - 172_800 - 1);
        assertEq(_calendar.firstUnopenedSlot().start(), SLOT.start(), "a second before it may open");
        vm.warp(SLOT.start() - 172_800);
        assertEq(_calendar.firstUnopenedSlot().start(), SLOT.start() + 1800, "when it may open");
    }

    /// @custom:spec G-08
    function test_all_four_contracts_hold_the_same_product() public view {
        bytes32 product = keccak256(abi.encode(halfHours()));
        address[4] memory contracts =
            [address(registry), address(auction), address(meterOracle), address(ledger)];
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(keccak256(abi.encode(IProductCalendar(contracts[i]).product())), product, "product");
        }
    }

    function _refuse(Product memory product, bytes32 parameter) private {
        vm.expectRevert(abi.encodeWithSelector(IProductCalendar.ProductInvalid.selector, parameter));
        vm.deployCode(
            "ParticipantRegistry.sol:ParticipantRegistry", abi.encode(address(access), ledger, product)
        );
    }
}
