// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ORDER_BITS, Order} from "../types/Order.sol";

/// @title The orders of a slot in order of sequence, three to a word with the lap that wrote it.
/// @notice
///             255    240 239     204 203         136 135          68 67            0
///             +---------+-----------+---------------+---------------+--------------+
///             |   lap   |  unused   |    order 2    |    order 1    |   order 0    |
///             +---------+-----------+---------------+---------------+--------------+
library OrderLog {
    /// @dev Words of all slots of the ring.
    struct Log {
        mapping(uint256 key => uint256 word) words;
    }

    uint256 internal constant LARGEST_COUNT = (1 << 24) - 1;

    uint256 private constant ORDERS_PER_WORD = 3;
    uint256 private constant ORDER_MASK = (1 << 68) - 1;
    uint256 private constant LAP_SHIFT = 240;

    /// @dev Writes order `id`, which follows the ones written before.
    function append(Log storage log, uint256 ring, uint16 lap, uint256 id, Order order) internal {
        uint256 key = _key(ring, id);
        uint256 word = log.words[key];
        if (word >> LAP_SHIFT != lap) word = uint256(lap) << LAP_SHIFT;
        log.words[key] = word | (Order.unwrap(order) << _shift(id));
    }

    /// @dev Replaces order `id`.
    function replace(Log storage log, uint256 ring, uint256 id, Order order) internal {
        uint256 key = _key(ring, id);
        uint256 shift = _shift(id);
        log.words[key] = (log.words[key] & ~(ORDER_MASK << shift)) | (Order.unwrap(order) << shift);
    }

    /// @dev Reads order `id`, which has to exist in this lap.
    function read(Log storage log, uint256 ring, uint256 id) internal view returns (Order) {
        return Order.wrap((log.words[_key(ring, id)] >> _shift(id)) & ORDER_MASK);
    }

    function _key(uint256 ring, uint256 id) private pure returns (uint256) {
        return (ring << 24) | (id / ORDERS_PER_WORD);
    }

    function _shift(uint256 id) private pure returns (uint256) {
        return (id % ORDERS_PER_WORD) * ORDER_BITS;
    }
}
