// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "../support/Test.sol";
import {MarketHandler} from "./MarketHandler.sol";
import {MarketRecords} from "./MarketRecords.sol";

/// @dev The numbered invariants of contracts/README.md under random play.
contract MarketInvariantTest is Test {
    MarketHandler private _handler;

    function setUp() public {
        _handler = new MarketHandler();
        _handler.setUp();
        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = MarketHandler.order.selector;
        selectors[1] = MarketHandler.cancel.selector;
        selectors[2] = MarketHandler.payIn.selector;
        selectors[3] = MarketHandler.payOut.selector;
        selectors[4] = MarketHandler.keep.selector;
        selectors[5] = MarketHandler.keepOn.selector;
        selectors[6] = MarketHandler.meter.selector;
        selectors[7] = MarketHandler.settleLate.selector;
        selectors[8] = MarketHandler.govern.selector;
        selectors[9] = MarketHandler.intrude.selector;
        selectors[10] = MarketHandler.payDebt.selector;
        targetContract(address(_handler));
        targetSelector(FuzzSelector({addr: address(_handler), selectors: selectors}));
    }

    /// @custom:spec C-27 G-01 G-05 G-10 G-12 G-30
    /// forge-config: default.invariant.fail-on-revert = true
    /// forge-config: default.invariant.check-interval = 10
    /// forge-config: long.invariant.fail-on-revert = true
    /// forge-config: long.invariant.check-interval = 20
    function invariant_money_and_energy_are_conserved_and_no_lap_shows_through() public view {
        _handler.checkMoney();
        _handler.checkReserves();
        _handler.checkSlots();
        _handler.checkSettled();
    }

    /// @dev The same players on a fixed long walk: the random play reaches every kind of event, so it is not empty.
    function test_a_long_walk_reaches_every_kind_of_event() public {
        for (uint256 i = 0; i < 1500; ++i) {
            _play(uint256(keccak256(abi.encode("walk", i))));
            if (i % 50 == 0) invariant_money_and_energy_are_conserved_and_no_lap_shows_through();
        }
        MarketRecords.Tally memory did = _handler.tally();
        assertGe(did.orders, 300, "orders");
        assertGe(did.cancels, 20, "cancels");
        assertGe(did.clears, 30, "clearings");
        assertGe(did.trades, 20, "clearings with a trade");
        assertGe(did.lapses, 1, "lapsed slots");
        assertGe(did.voids, 1, "voided slots");
        assertGe(did.readings, 100, "readings");
        assertGe(did.late, 5, "late points");
        assertGe(did.fallbacks, 10, "points that stayed silent");
        assertGe(did.finals, 50, "final slots");
        assertGe(did.laps, 10, "laps of the ring");
        assertGe(did.repayments, 1, "debts paid from money that came free");
        assertGe(did.suspensions, 10, "suspensions");
        assertLe(did.refusals * 10, did.calls * 4, "at least six of ten calls succeed");
    }

    function _play(uint256 seed) private {
        uint256 what = seed % 11;
        uint256 word = seed >> 8;
        if (what == 0) _handler.order(word);
        if (what == 1) _handler.cancel(word);
        if (what == 2) _handler.payIn(word);
        if (what == 3) _handler.payOut(word);
        if (what == 4) _handler.keep(word);
        if (what == 5) _handler.keepOn(word);
        if (what == 6) _handler.meter(word);
        if (what == 7) _handler.settleLate(word);
        if (what == 8) _handler.govern(word);
        if (what == 9) _handler.intrude(word);
        if (what == 10) _handler.payDebt(word);
    }
}
