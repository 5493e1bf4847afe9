// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISpotAuction} from "../../../../contracts/interfaces/ISpotAuction.sol";
import {DeliverySlot} from "../../../../contracts/types/DeliverySlot.sol";
import {PointKind} from "../../../../contracts/types/MeteringPoint.sol";
import {Role} from "../../../../contracts/types/Role.sol";
import {FillLaying} from "../../support/FillLaying.sol";
import {MarketTest} from "../../support/MarketTest.sol";

/// @dev The worked examples of C4 and C5, and balanced units rebuilt from events alone.
contract BalancedUnitsTest is MarketTest, FillLaying {
    uint256 private constant KWH = 1000;
    uint256 private constant USERS = 11;

    DeliverySlot private _slot;

    function setUp() public override {
        super.setUp();
        vm.warp(FOUNDING);
        for (uint256 user = 5; user <= USERS; ++user) {
            address party = makeAddr(string.concat("user ", vm.toString(user)));
            admit(party, role(Role.PROSUMER));
            registerPoint(party, PointKind.PROSUMER);
            credit(party, STARTING_YEN);
        }
        vm.warp(BIDDING);
        openSlot(SLOT);
        vm.recordLogs();
    }

    /// @custom:spec C-24 C-25 C-26
    function test_the_two_units_of_the_figure() public {
        offer(1, 1000, 1000);
        bid(5, 2000, 1000);
        offer(11, 1000, 1200);
        bid(2, 2000, 1200);
        clearAndBook();

        Unit[] memory units = layUnits(fillsOf(vm.getRecordedLogs(), address(auction)));
        assertEq(units.length, 2, "units");
        _assertUnit(units[0], 1, 5, 1000);
        _assertUnit(units[1], 11, 2, 1200);
    }

    /// @custom:spec C-27 C-28 G-31
    function test_a_seller_that_serves_two_buyers_controls_its_outflow_by_the_sum_of_its_units() public {
        offer(1, 1000, 500);
        bid(2, 2000, 200);
        offer(3, 1000, 300);
        bid(4, 2000, 450);
        clearAndBook();

        Unit[] memory units = layUnits(fillsOf(vm.getRecordedLogs(), address(auction)));
        // Sellers' shares at the price 1000: 650 of 800 Wh, floored at each boundary: 406 and 244.
        assertEq(units.length, 3, "units");
        _assertUnit(units[0], 1, 2, 200);
        _assertUnit(units[1], 1, 4, 206);
        _assertUnit(units[2], 3, 4, 244);
        assertEq(ledger.positionOf(SLOT, metering(1)).sold, 406, "set-point of the first producer");
        assertEq(ledger.positionOf(SLOT, metering(3)).sold, 244, "set-point of the second producer");
    }

    /// @custom:spec G-31
    function test_neighbouring_units_of_the_same_pair_stay_separate() public {
        offer(1, 1000, 100);
        offer(1, 1000, 100);
        bid(2, 2000, 200);
        clearAndBook();
        Unit[] memory units = layUnits(fillsOf(vm.getRecordedLogs(), address(auction)));
        assertEq(units.length, 2, "units");
        _assertUnit(units[0], 1, 2, 100);
        _assertUnit(units[1], 1, 2, 100);
    }

    /// @custom:spec C-23 C-24 C-27 G-05 G-31
    function test_units_rebuilt_from_chunked_events_add_up_to_the_volume_and_the_positions() public {
        _busyBook();
        clearSlot(SLOT);
        while (phaseOf(SLOT) == uint256(ISpotAuction.Phase.CLEARED)) {
            vm.prank(KEEPER);
            auction.book(SLOT, 5);
        }

        Unit[] memory units = layUnits(fillsOf(vm.getRecordedLogs(), address(auction)));
        uint256 total;
        uint256[] memory sold = new uint256[](USERS + 1);
        uint256[] memory bought = new uint256[](USERS + 1);
        for (uint256 i = 0; i < units.length; ++i) {
            total += units[i].energy;
            sold[units[i].seller] += units[i].energy;
            bought[units[i].buyer] += units[i].energy;
        }
        assertEq(auction.resultOf(SLOT).volume, total, "volume");
        for (uint256 point = 1; point <= USERS; ++point) {
            assertEq(ledger.positionOf(SLOT, metering(point)).sold, sold[point], "sold");
            assertEq(ledger.positionOf(SLOT, metering(point)).bought, bought[point], "bought");
        }
    }

    /// @custom:spec C-46 C-41 C-42 C-43 C-44 C-40
    function test_the_pairs_of_the_state_of_charge_table_that_trade() public {
        // Sell prices at 40, 50, 60, 70 %; buy prices at 30, 40, 50, 60 %; in sen.
        uint256[4] memory sells = [uint256(3000), 2000, 1500, 1000];
        uint256[4] memory buys = [uint256(2500), 2000, 1000, 500];
        bool[4][4] memory trades = [
            [false, false, false, false],
            [true, true, false, false],
            [true, true, false, false],
            [true, true, true, false]
        ];
        _slot = SLOT;
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                _slot = slotAfter(_slot, 1);
                _assertPair(sells[i], buys[j], trades[i][j]);
            }
        }
    }

    function _assertPair(uint256 sell, uint256 buy, bool trades) private {
        openSlot(_slot);
        offerIn(_slot, 1, sell, KWH);
        bidIn(_slot, 2, buy, KWH);
        clearSlot(_slot);
        bookSlot(_slot);
        assertEq(auction.resultOf(_slot).volume, trades ? KWH : 0, "volume");
        assertEq(ledger.positionOf(_slot, metering(2)).bought, trades ? KWH : 0, "bought");
    }

    /// @dev Forty orders whose prices and energies come from a seed; many share a price.
    function _busyBook() private {
        uint256 seed = uint256(keccak256("busy book"));
        for (uint256 i = 0; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 point = 1 + seed % USERS;
            uint256 price = 1000 + ((seed >> 32) % 7) * 50;
            uint256 energy = 1 + (seed >> 64) % 997;
            if ((seed >> 128) & 1 == 0) bid(point, price, energy);
            else offer(point, price, energy);
        }
    }

    function _assertUnit(Unit memory unit, uint256 seller, uint256 buyer, uint256 energy) private pure {
        assertEq(unit.seller, seller, "seller");
        assertEq(unit.buyer, buyer, "buyer");
        assertEq(unit.energy, energy, "energy");
    }
}
