// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev The parameters of a product (G-02, G-08, G-10, G-30). Durations in seconds, prices in sen per kWh.
struct Product {
    /// Length of a delivery slot; slots start at its multiples.
    uint32 slotSeconds;
    /// The call auction of a slot is held this long before the slot starts.
    uint32 callLead;
    /// The continuous book of a slot closes this long before the slot starts; at most `callLead`.
    uint32 gateLead;
    /// A slot may be opened at most this long before it starts.
    uint32 horizon;
    /// Readings are awaited this long after the slot ends; then it is settled.
    uint32 readingWindow;
    /// Late readings count until this long after the slot ends; then it is final.
    uint32 correctionWindow;
    /// Price of the lowest tick; the grid has 32,768 ticks of one sen.
    uint32 priceOffset;
    /// Lowest long price that the DSO may publish, and the one that holds where none was published.
    uint32 longFloor;
    /// Highest short price that the DSO may publish, and the one that holds where none was published.
    uint32 shortCap;
    /// Number of slots whose storage exists; a slot re-uses the storage of the one `ringSize` slots before it.
    uint32 ringSize;
}
