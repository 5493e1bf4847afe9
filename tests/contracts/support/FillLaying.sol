// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISpotAuction} from "../../../contracts/interfaces/ISpotAuction.sol";
import {Vm} from "./Vm.sol";

/// @title Balanced units as anybody rebuilds them from `FillsBooked` events: the fills of each side lie end to end, and
///        every overlap of a seller's stretch with a buyer's is one unit (C-24, G-31).
abstract contract FillLaying {
    struct Unit {
        uint256 seller;
        uint256 buyer;
        uint256 energy;
    }

    /// @dev Where a fill lies on its side: [from, until).
    struct Stretch {
        uint256 point;
        uint256 from;
        uint256 until;
        bool isOffer;
    }

    /// @dev The packed fills of all `FillsBooked` events of an auction, in their order.
    function fillsOf(Vm.Log[] memory logs, address auction_) internal pure returns (uint256[] memory fills) {
        uint256 count;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (_isFills(logs[i], auction_)) count += _fillsIn(logs[i]).length;
        }
        fills = new uint256[](count);
        count = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (!_isFills(logs[i], auction_)) continue;
            uint256[] memory chunk = _fillsIn(logs[i]);
            for (uint256 j = 0; j < chunk.length; ++j) {
                fills[count++] = chunk[j];
            }
        }
    }

    /// @dev Every overlap of an offer's stretch with a bid's, in order of position.
    function layUnits(uint256[] memory fills) internal pure returns (Unit[] memory units) {
        Stretch[] memory offers = _side(fills, true);
        Stretch[] memory bids = _side(fills, false);
        Unit[] memory found = new Unit[](fills.length);
        uint256 length;
        uint256 i;
        uint256 j;
        while (i < offers.length && j < bids.length) {
            uint256 from = offers[i].from > bids[j].from ? offers[i].from : bids[j].from;
            uint256 until = offers[i].until < bids[j].until ? offers[i].until : bids[j].until;
            if (until > from) found[length++] = Unit(offers[i].point, bids[j].point, until - from);
            bool offerEnds = offers[i].until == until;
            if (bids[j].until == until) ++j;
            if (offerEnds) ++i;
        }
        units = new Unit[](length);
        for (i = 0; i < length; ++i) {
            units[i] = found[i];
        }
    }

    function _side(uint256[] memory fills, bool isOffer) private pure returns (Stretch[] memory side) {
        uint256 count;
        for (uint256 i = 0; i < fills.length; ++i) {
            if (_stretch(fills[i]).isOffer == isOffer) ++count;
        }
        side = new Stretch[](count);
        count = 0;
        for (uint256 i = 0; i < fills.length; ++i) {
            Stretch memory stretch = _stretch(fills[i]);
            if (stretch.isOffer == isOffer) side[count++] = stretch;
        }
    }

    /// @dev `laid from (40) | energy (40) | side (1) | metering point (24) | order id (24)`, least significant last.
    function _stretch(uint256 fill) private pure returns (Stretch memory) {
        uint256 from = fill >> 89;
        return Stretch({
            point: (fill >> 24) & 0xFFFFFF,
            from: from,
            until: from + ((fill >> 49) & 0xFFFFFFFFFF),
            isOffer: (fill >> 48) & 1 == 1
        });
    }

    function _isFills(Vm.Log memory log, address auction_) private pure returns (bool) {
        return log.emitter == auction_ && log.topics[0] == ISpotAuction.FillsBooked.selector;
    }

    function _fillsIn(Vm.Log memory log) private pure returns (uint256[] memory fills) {
        (, fills) = abi.decode(log.data, (uint32, uint256[]));
    }
}
