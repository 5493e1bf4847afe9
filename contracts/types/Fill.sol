// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MeteringPoint} from "./MeteringPoint.sol";
import {Side} from "./Order.sol";
import {WattHours} from "./Units.sol";

/// @dev A booked fill as the `FillsBooked` event carries it, 129 bits:
///      `laid from (40) | energy (40) | side (1) | metering point (24) | order id (24)`, least significant last.
///      `laid from` is where the fill begins when the fills of its side are laid end to end in order of sequence:
///      the overlap of a bid's stretch with an offer's stretch is one balanced unit (C-24, G-31).
type Fill is uint256;

/// @dev Packs a fill. All parts are in range because the order log and the price levels keep them so.
function packFill(uint256 orderId, MeteringPoint point, Side side, WattHours energy, uint256 laidFrom)
    pure
    returns (Fill)
{
    return Fill.wrap(
        (laidFrom << 89) | (uint256(WattHours.unwrap(energy)) << 49) | (uint256(side) << 48)
            | (uint256(MeteringPoint.unwrap(point)) << 24) | orderId
    );
}
