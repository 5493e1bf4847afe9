// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Side} from "../types/Order.sol";

/// @title The energy of a book by price: a tree of sums over 32,768 ticks.
/// @notice Three layers of 32 children each. A node is a pair (bids, offers) of 40-bit sums in Wh; a word holds three
///         pairs and the lap that wrote it:
///
///             255       240 239     200 199     160 159              80 79               0
///             +------------+-----------+-----------+-------------------+-----------------+
///             |    lap     | offers 2  |  bids 2   |      pair 1       |     pair 0      |
///             +------------+-----------+-----------+-------------------+-----------------+
///
///         A word of an earlier lap reads as zero. Adding or removing an order rewrites three words. Finding the
///         crossing reads at most eleven words of each layer, however many orders there are.
/// @dev Sums do not overflow because the caller keeps the totals of both sides below 2^40.
library PriceLevels {
    /// @dev Words of all slots of the ring, keyed by `_key`.
    struct Tree {
        mapping(uint256 key => uint256 word) words;
    }

    /// @dev Where demand and supply cross: the energies strictly below `tick` and at it.
    struct Crossing {
        uint256 tick;
        uint256 bidsBelow;
        uint256 offersBelow;
        uint256 bidsAt;
        uint256 offersAt;
    }

    uint256 internal constant TICKS = 32_768;
    uint256 internal constant LARGEST_TOTAL = (1 << 40) - 1;

    uint256 private constant CHILDREN = 32;
    uint256 private constant WORDS_PER_NODE = 11;
    uint256 private constant PAIRS_PER_WORD = 3;
    uint256 private constant PAIR_BITS = 80;
    uint256 private constant SUM_BITS = 40;
    uint256 private constant SUM_MASK = (1 << 40) - 1;
    uint256 private constant LAP_SHIFT = 240;
    uint256 private constant LAYERS = 3;

    /// @dev Adds the energy of an order at its tick.
    function add(Tree storage tree, uint256 ring, uint16 lap, uint256 tick, Side side, uint256 energy)
        internal
    {
        for (uint256 layer = 0; layer < LAYERS; ++layer) {
            (uint256 key, uint256 shift) = _locate(ring, layer, tick, side);
            tree.words[key] = _current(tree.words[key], lap) + (energy << shift);
        }
    }

    /// @dev Removes the energy of an order that was added at this tick.
    function remove(Tree storage tree, uint256 ring, uint16 lap, uint256 tick, Side side, uint256 energy)
        internal
    {
        for (uint256 layer = 0; layer < LAYERS; ++layer) {
            (uint256 key, uint256 shift) = _locate(ring, layer, tick, side);
            tree.words[key] = _current(tree.words[key], lap) - (energy << shift);
        }
    }

    /// @dev Finds the lowest tick t at which the offers up to t serve the bids above t (G-04). Written without
    ///      subtraction: offers(<= t) + bids(<= t) >= all bids, which grows with t, so it can be searched by layers.
    function crossing(Tree storage tree, uint256 ring, uint16 lap, uint256 bidTotal)
        internal
        view
        returns (Crossing memory found)
    {
        for (uint256 layer = 0; layer < LAYERS; ++layer) {
            uint256 child = _descend(tree, ring, lap, layer, bidTotal, found);
            found.tick = found.tick * CHILDREN + child;
        }
    }

    /// @dev Returns the energies of one side at a tick's node in `layer` (0 = top), for the displayed book.
    function sumAt(Tree storage tree, uint256 ring, uint16 lap, uint256 layer, uint256 tick, Side side)
        internal
        view
        returns (uint256)
    {
        (uint256 key, uint256 shift) = _locate(ring, layer, tick, side);
        return (_current(tree.words[key], lap) >> shift) & SUM_MASK;
    }

    /// @dev Walks the children of the node `found.tick` of the layer above until the crossing lies in one of them.
    ///      Adds what lies below that child to `found` and leaves the child's own sums in `bidsAt`, `offersAt`.
    function _descend(
        Tree storage tree,
        uint256 ring,
        uint16 lap,
        uint256 layer,
        uint256 bidTotal,
        Crossing memory found
    ) private view returns (uint256 child) {
        uint256 word;
        for (child = 0; child < CHILDREN; ++child) {
            uint256 lane = child % PAIRS_PER_WORD;
            if (lane == 0) {
                word = _current(tree.words[_key(ring, layer, found.tick) + child / PAIRS_PER_WORD], lap);
            }
            uint256 pair = word >> (lane * PAIR_BITS);
            found.bidsAt = pair & SUM_MASK;
            found.offersAt = (pair >> SUM_BITS) & SUM_MASK;
            uint256 upToHere = found.bidsBelow + found.offersBelow + found.bidsAt + found.offersAt;
            if (upToHere >= bidTotal) return child;
            found.bidsBelow += found.bidsAt;
            found.offersBelow += found.offersAt;
        }
        // Not reached: the sums of all children are the parent's, in which the crossing lies.
        assert(false);
    }

    /// @dev Key of the word and shift of the sum that a tick belongs to in a layer.
    function _locate(uint256 ring, uint256 layer, uint256 tick, Side side)
        private
        pure
        returns (uint256 key, uint256 shift)
    {
        uint256 node = tick >> (5 * (LAYERS - 1 - layer));
        uint256 child = node % CHILDREN;
        key = _key(ring, layer, node / CHILDREN) + child / PAIRS_PER_WORD;
        shift = (child % PAIRS_PER_WORD) * PAIR_BITS + (side == Side.OFFER ? SUM_BITS : 0);
    }

    /// @dev Key of the first word of a node's children.
    function _key(uint256 ring, uint256 layer, uint256 parent) private pure returns (uint256) {
        return (ring << 20) | (layer << 16) | (parent * WORDS_PER_NODE);
    }

    /// @dev The word if this lap wrote it, else an empty one of this lap.
    function _current(uint256 word, uint16 lap) private pure returns (uint256) {
        return word >> LAP_SHIFT == lap ? word : uint256(lap) << LAP_SHIFT;
    }
}
