// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Accounts} from "../../../contracts/libraries/Accounts.sol";
import {Positions} from "../../../contracts/libraries/Positions.sol";
import {Side} from "../../../contracts/types/Order.sol";
import {PackingHarness} from "../support/harness/PackingHarness.sol";
import {MarketWords} from "../support/MarketWords.sol";

contract MoneyFuzzTest is MarketWords {
    uint256 private constant LARGEST_ENERGY = (1 << 29) - 1;
    uint256 private constant LARGEST_PRICE = (1 << 26) - 1;

    PackingHarness private _harness;

    function setUp() public {
        _harness = new PackingHarness();
    }

    /// @custom:spec G-12
    function testFuzz_cash_moves_without_loss_and_never_below_zero(
        uint80 available,
        uint80 reserved,
        uint56 debt,
        int72 cash
    ) public view {
        Accounts.Account memory before =
            Accounts.Account({available: available, reserved: reserved, debt: debt});
        vm.assume(cash > -int256(uint256(type(uint64).max / 2)));
        (Accounts.Account memory moved, int256 advanced) = _harness.move(before, cash);

        int256 change = int256(uint256(moved.available)) - int256(uint256(available));
        assertEq(change, int256(cash) + advanced, "what the account gets is the cash and what is advanced");
        assertEq(int256(uint256(moved.debt)) - int256(uint256(debt)), advanced, "what is advanced is owed");
        assertEq(uint256(moved.reserved), reserved, "reserved");
        if (cash > 0 && moved.debt > 0) assertEq(change, 0, "a receipt pays debt first");
        if (cash < 0 && advanced > 0) {
            assertEq(uint256(moved.available), 0, "a debt grows on an empty account only");
        }
    }

    /// @custom:spec G-12
    function testFuzz_what_is_held_is_released_whole(uint80 available, uint80 reserved, uint256 amount)
        public
        view
    {
        amount = bound(amount, 0, available);
        Accounts.Account memory account =
            Accounts.Account({available: available, reserved: reserved, debt: 0});
        Accounts.Account memory held = _harness.hold(account, amount);
        assertEq(uint256(held.available), available - amount, "available");
        assertEq(uint256(held.reserved), reserved + amount, "reserved");
        Accounts.Account memory released = _harness.release(held, amount);
        assertEq(uint256(released.available), available, "available again");
        assertEq(uint256(released.reserved), reserved, "reserved again");
    }

    /// @custom:spec G-12
    function testFuzz_nothing_is_released_that_is_not_held(uint80 available, uint80 reserved, uint256 amount)
        public
    {
        amount = bound(amount, uint256(reserved) + 1, type(uint96).max);
        Accounts.Account memory account =
            Accounts.Account({available: available, reserved: reserved, debt: 0});
        vm.expectRevert();
        _harness.release(account, amount);
    }

    /// @custom:spec G-12
    function testFuzz_an_order_reserves_what_it_can_cost(uint256 energy, uint256 price, uint256 cap)
        public
        view
    {
        energy = bound(energy, 1, LARGEST_ENERGY);
        price = bound(price, 0, LARGEST_PRICE);
        cap = bound(cap, 0, LARGEST_PRICE);
        assertEq(_harness.collateral(Side.BID, wh(energy), sen(price), sen(cap)), energy * price, "bid");
        uint256 difference = cap > price ? cap - price : 0;
        assertEq(
            _harness.collateral(Side.OFFER, wh(energy), sen(price), sen(cap)), energy * difference, "offer"
        );
    }

    /// @dev A fill at a price within the limit never keeps more than its order reserved.
    /// @custom:spec G-12
    function testFuzz_a_fill_keeps_no_more_than_its_order_reserved(
        uint256 energy,
        uint256 filled,
        uint256 limit,
        uint256 price,
        uint256 cap
    ) public view {
        energy = bound(energy, 1, LARGEST_ENERGY);
        filled = bound(filled, 0, energy);
        limit = bound(limit, 0, LARGEST_PRICE);
        cap = bound(cap, 0, LARGEST_PRICE);
        uint256 bidPrice = bound(price, 0, limit);
        uint256 offerPrice = bound(price, limit, LARGEST_PRICE);
        assertLe(
            _harness.collateral(Side.BID, wh(filled), sen(bidPrice), sen(cap)),
            _harness.collateral(Side.BID, wh(energy), sen(limit), sen(cap)),
            "bid"
        );
        assertLe(
            _harness.collateral(Side.OFFER, wh(filled), sen(offerPrice), sen(cap)),
            _harness.collateral(Side.OFFER, wh(energy), sen(limit), sen(cap)),
            "offer"
        );
    }

    /// @custom:spec G-10
    function testFuzz_straying_never_pays_more_than_trading(
        int256 netExport,
        uint256 bought,
        uint256 sold,
        uint256 long,
        uint256 short
    ) public view {
        Positions.Packed memory position;
        position.bought = uint32(bound(bought, 0, LARGEST_ENERGY));
        position.sold = uint32(bound(sold, 0, LARGEST_ENERGY));
        netExport = boundSigned(netExport, -int256(LARGEST_ENERGY), int256(LARGEST_ENERGY));
        short = bound(short, 0, LARGEST_PRICE);
        long = bound(long, 0, short);
        (int256 energy, int256 cash) = _harness.imbalance(netExport, position, long, short);

        int256 net = int256(uint256(position.sold)) - int256(uint256(position.bought));
        assertEq(energy, netExport - net, "imbalance");
        // Any price between long and short, the clearing price among them, would have been better.
        assertLe(cash, energy * int256(long), "at the long price");
        assertLe(cash, energy * int256(short), "at the short price");
        assertTrue(cash == energy * int256(long) || cash == energy * int256(short), "at one of the two");
    }
}
