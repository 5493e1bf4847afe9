// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {Test} from "./Test.sol";

/// @dev What the invariant run below plays with.
contract Counter {
    error AtLimit(uint256 limit);

    uint256 public counted;
    uint256 public touched;

    function count() external {
        if (counted == 3) revert AtLimit(3);
        counted += 1;
    }

    function touch() external {
        touched += 1;
    }
}

/// @notice The tests' own support: a helper that is wrong would make every other test lie.
contract SupportTest is Test {
    Counter private _counter;

    function setUp() public {
        _counter = new Counter();
    }

    function test_bound_keeps_what_is_inside() public pure {
        assertEq(bound(7, 5, 9), 7);
        assertEq(boundSigned(-7, -9, -5), -7);
        assertEq(bound(type(uint256).max, 0, type(uint256).max), type(uint256).max);
    }

    function testFuzz_bound_folds_into_the_range(uint256 value, uint256 min, uint256 max) public pure {
        if (min > max) (min, max) = (max, min);
        uint256 folded = bound(value, min, max);
        assertGe(folded, min);
        assertLe(folded, max);
    }

    function testFuzz_bound_folds_signed_numbers(int256 value, int256 min, int256 max) public pure {
        if (min > max) (min, max) = (max, min);
        int256 folded = boundSigned(value, min, max);
        assertGe(folded, min);
        assertLe(folded, max);
    }

    function test_a_name_is_one_account_whose_key_signs() public {
        (address alice, uint256 key) = makeAddrAndKey("alice");
        assertEq(alice, makeAddr("alice"));
        assertNotEq(alice, makeAddr("bob"));
        bytes32 digest = keccak256("a reading");
        assertEq(ECDSA.recover(digest, sign(key, digest)), alice);
    }

    function test_an_expected_error_is_compared_with_its_values() public {
        for (uint256 i = 0; i < 3; ++i) {
            _counter.count();
        }
        vm.expectRevert(abi.encodeWithSelector(Counter.AtLimit.selector, 3), address(_counter));
        _counter.count();
    }

    function test_the_clock_moves_forward() public {
        uint256 before = vm.getBlockTimestamp();
        skipTime(30 minutes);
        assertEq(vm.getBlockTimestamp(), before + 30 minutes);
    }
}

/// @notice The runner obeys `targetContract` and `targetSelector`, and a handler's state is kept between its calls.
contract SupportInvariantTest is Test {
    Counter private _counter;
    Counter private _bystander;

    function setUp() public {
        _counter = new Counter();
        _bystander = new Counter();
        targetContract(address(_counter));
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = Counter.count.selector;
        targetSelector(FuzzSelector({addr: address(_counter), selectors: selectors}));
    }

    function invariant_only_the_target_is_called() public view {
        assertLe(_counter.counted(), 3);
        assertEq(_counter.touched(), 0, "a selector that was not named");
        assertEq(_bystander.counted() + _bystander.touched(), 0, "a contract that was not named");
    }
}
