// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementLedger} from "../../../../contracts/interfaces/ISettlementLedger.sol";
import {Side} from "../../../../contracts/types/Order.sol";
import {MarketTest} from "../../support/MarketTest.sol";

/// @dev `admitMarket` and the functions that only a market may call. The test stands in for a second market.
contract MarketsTest is MarketTest {
    address private _market;

    function setUp() public override {
        super.setUp();
        _market = makeAddr("second market");
    }

    function test_only_the_administrator_admits_markets() public {
        forbidden(OPERATOR);
        ledger.admitMarket(_market);
    }

    function test_nobody_but_a_market_opens_reserves_releases_or_books() public {
        ISettlementLedger.Booking[] memory bookings = new ISettlementLedger.Booking[](0);
        _refuseCaller(HOME);
        ledger.open(SLOT);
        _refuseCaller(HOME);
        ledger.reserveOrder(SHOP, 1, Side.BID, wh(1), sen(1));
        _refuseCaller(HOME);
        ledger.releaseOrder(HOME, Side.BID, wh(1), sen(1));
        _refuseCaller(KEEPER);
        ledger.book(SLOT, sen(0), bookings);
        _refuseCaller(KEEPER);
        ledger.completeBooking(SLOT, true, sen(0));
    }

    function test_the_administrator_itself_is_no_market() public {
        _refuseCaller(ADMIN);
        ledger.open(SLOT);
    }

    function test_an_admitted_market_may() public {
        vm.expectEmit(address(ledger));
        emit ISettlementLedger.MarketAdmitted(_market);
        vm.prank(ADMIN);
        ledger.admitMarket(_market);
        vm.prank(_market);
        ledger.open(SLOT);
        assertEq(uint256(ledger.slotOf(SLOT).phase), uint256(ISettlementLedger.Phase.OPEN), "phase");
    }

    /// @custom:spec G-03
    function test_a_second_market_finds_the_account_of_a_slot_open() public {
        _admit();
        openSlot(SLOT);
        offer(SOLAR_POINT, 1000, 500);
        vm.prank(_market);
        ledger.open(SLOT);
        (bool isOpen,) = ledger.isOpen(SLOT);
        assertTrue(isOpen, "still open");
    }

    /// @custom:spec G-12
    function test_a_market_reserves_and_releases_exactly_the_collateral() public {
        _admit();
        vm.prank(_market);
        ledger.reserveOrder(HOME, 1, Side.OFFER, wh(300), sen(1200));
        assertEq(ledger.collateralOf(Side.OFFER, wh(300), sen(1200)), 3800 * 300, "collateral of an offer");
        assertEq(ledger.collateralOf(Side.BID, wh(300), sen(1200)), 1200 * 300, "collateral of a bid");
        assertEq(ledger.collateralOf(Side.OFFER, wh(300), sen(5001)), 0, "collateral above the cap");
        assertEq(reserved(HOME), 3800 * 300, "reserved");
        vm.prank(_market);
        ledger.releaseOrder(HOME, Side.OFFER, wh(300), sen(1200));
        assertEq(reserved(HOME), 0, "reserved");
        assertEq(allMoney(), bankedYen5(), "all money");
    }

    function test_a_market_cannot_release_what_is_not_reserved() public {
        _admit();
        vm.expectRevert();
        vm.prank(_market);
        ledger.releaseOrder(HOME, Side.BID, wh(1), sen(1));
    }

    function test_trades_are_booked_in_an_open_slot_only() public {
        _admit();
        ISettlementLedger.Booking[] memory bookings = new ISettlementLedger.Booking[](0);
        refused(_market, _wrongPhase(ISettlementLedger.Phase.NONE));
        ledger.book(SLOT, sen(0), bookings);
        vm.prank(_market);
        ledger.open(SLOT);
        vm.expectEmit(address(ledger));
        emit ISettlementLedger.TradesBooked(SLOT, false, sen(0));
        vm.prank(_market);
        ledger.completeBooking(SLOT, false, sen(0));

        refused(_market, _wrongPhase(ISettlementLedger.Phase.BOOKED));
        ledger.book(SLOT, sen(0), bookings);
        refused(_market, _wrongPhase(ISettlementLedger.Phase.BOOKED));
        ledger.completeBooking(SLOT, true, sen(0));
    }

    function _admit() private {
        vm.prank(ADMIN);
        ledger.admitMarket(_market);
    }

    function _refuseCaller(address caller) private {
        refused(caller, abi.encodeWithSelector(ISettlementLedger.NotAMarket.selector, caller));
    }

    function _wrongPhase(ISettlementLedger.Phase phase) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            ISettlementLedger.WrongPhase.selector, SLOT, phase, ISettlementLedger.Phase.OPEN
        );
    }
}
