// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Assertions} from "./Assertions.sol";

/// @title Test
/// @notice Base of every contract test: cheat codes as `vm`, assertions, accounts with names, and what an invariant test
/// tells the runner to call.
abstract contract Test is Assertions {
    /// @notice The functions of one contract that an invariant run calls.
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    address[] private _targetContracts;
    address[] private _excludedContracts;
    address[] private _targetSenders;
    address[] private _excludedSenders;
    FuzzSelector[] private _targetSelectors;

    // ------------------------------------------------------------------ accounts and numbers

    /// @dev An account that exists by its name only: the same name is the same account in every test.
    function makeAddr(string memory name) internal returns (address account) {
        (account,) = makeAddrAndKey(name);
    }

    /// @dev An account and the key that signs for it.
    function makeAddrAndKey(string memory name) internal returns (address account, uint256 privateKey) {
        privateKey = uint256(keccak256(bytes(name)));
        account = vm.addr(privateKey);
        vm.label(account, name);
    }

    /// @dev The 65 bytes r, s, v that `ECDSA.recover` takes.
    function sign(uint256 privateKey, bytes32 digest) internal pure returns (bytes memory signature) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev Folds a fuzzed number into [min, max]. A number that lies there already is kept, so that a counterexample
    /// is read as it is printed.
    function bound(uint256 value, uint256 min, uint256 max) internal pure returns (uint256) {
        require(min <= max, "bound: min is above max");
        if (value >= min && value <= max) return value;
        uint256 size = max - min + 1; // 0 never gets here: [0, 2^256 - 1] holds every value
        return min + value % size;
    }

    /// @dev Folds a fuzzed number into [min, max].
    function boundSigned(int256 value, int256 min, int256 max) internal pure returns (int256) {
        return _fromOffset(bound(_toOffset(value), _toOffset(min), _toOffset(max)));
    }

    /// @dev Moves the clock forward.
    function skipTime(uint256 delta) internal {
        vm.warp(vm.getBlockTimestamp() + delta);
    }

    // ------------------------------------------------------------------ invariant tests: what the runner may call

    /// @dev Calls of an invariant run go to this contract. Without any, every contract made in `setUp` is called.
    function targetContract(address target) internal {
        _targetContracts.push(target);
    }

    /// @dev Calls of an invariant run never go to this contract.
    function excludeContract(address target) internal {
        _excludedContracts.push(target);
    }

    /// @dev Calls of an invariant run come from these senders only.
    function targetSender(address sender) internal {
        _targetSenders.push(sender);
    }

    /// @dev Calls of an invariant run never come from this sender.
    function excludeSender(address sender) internal {
        _excludedSenders.push(sender);
    }

    /// @dev Of this contract an invariant run calls these functions only.
    function targetSelector(FuzzSelector memory selector) internal {
        _targetSelectors.push(selector);
    }

    /// @notice Read by the test runner.
    function targetContracts() public view returns (address[] memory) {
        return _targetContracts;
    }

    /// @notice Read by the test runner.
    function excludeContracts() public view returns (address[] memory) {
        return _excludedContracts;
    }

    /// @notice Read by the test runner.
    function targetSenders() public view returns (address[] memory) {
        return _targetSenders;
    }

    /// @notice Read by the test runner.
    function excludeSenders() public view returns (address[] memory) {
        return _excludedSenders;
    }

    /// @notice Read by the test runner.
    function targetSelectors() public view returns (FuzzSelector[] memory) {
        return _targetSelectors;
    }

    /// @dev Shifted by 2^255, signed numbers have the order of unsigned ones; both ways the bits are kept and only the
    /// sign bit is turned.
    function _toOffset(int256 value) private pure returns (uint256) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint256(value) ^ (1 << 255);
    }

    function _fromOffset(uint256 value) private pure returns (int256) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return int256(value ^ (1 << 255));
    }
}
//
