// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A book without any cleverness: a list that is searched from end to end. What the market computes has to agree.
library NaiveBook {
    struct Entry {
        uint256 tick;
        uint256 energy;
        bool isOffer;
        bool cancelled;
    }

    /// @dev Energy of the bids with a limit of at least `tick`.
    function demand(Entry[] memory entries, uint256 tick) internal pure returns (uint256 sum) {
        for (uint256 i = 0; i < entries.length; ++i) {
            Entry memory entry = entries[i];
            if (!entry.isOffer && !entry.cancelled && entry.tick >= tick) sum += entry.energy;
        }
    }

    /// @dev Energy of the offers with a limit of at most `tick`.
    function supply(Entry[] memory entries, uint256 tick) internal pure returns (uint256 sum) {
        for (uint256 i = 0; i < entries.length; ++i) {
            Entry memory entry = entries[i];
            if (entry.isOffer && !entry.cancelled && entry.tick <= tick) sum += entry.energy;
        }
    }

    /// @dev Energy of one side at exactly `tick`.
    function energyAt(Entry[] memory entries, uint256 tick, bool isOffer)
        internal
        pure
        returns (uint256 sum)
    {
        for (uint256 i = 0; i < entries.length; ++i) {
            Entry memory entry = entries[i];
            if (entry.isOffer == isOffer && !entry.cancelled && entry.tick == tick) sum += entry.energy;
        }
    }

    /// @dev The largest energy that can trade at one price. It trades at the limit of some order.
    function largestVolume(Entry[] memory entries) internal pure returns (uint256 volume) {
        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 tradable = volumeAt(entries, entries[i].tick);
            if (tradable > volume) volume = tradable;
        }
    }

    /// @dev What can trade at a price: the smaller of demand and supply.
    function volumeAt(Entry[] memory entries, uint256 tick) internal pure returns (uint256) {
        uint256 wanted = demand(entries, tick);
        uint256 offered = supply(entries, tick);
        return wanted < offered ? wanted : offered;
    }

    /// @dev The lowest price at which the offers up to it serve every bid above it. It is zero or some order's limit.
    function lowestEquilibrium(Entry[] memory entries) internal pure returns (uint256 lowest) {
        lowest = type(uint256).max;
        if (serves(entries, 0)) return 0;
        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 tick = entries[i].tick;
            if (tick < lowest && serves(entries, tick)) lowest = tick;
        }
    }

    function serves(Entry[] memory entries, uint256 tick) internal pure returns (bool) {
        return supply(entries, tick) >= demand(entries, tick + 1);
    }
}
