// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev Energy in watt-hours, never negative.
type WattHours is uint64;

/// @dev Price in sen per kilowatt-hour (0.01 JPY/kWh, the JEPX step), never negative.
type SenPerKwh is uint32;

/// @dev Money in 1e-5 JPY. Sen per kWh times Wh is exactly this unit, so nothing in the money path rounds (G-01).
type Yen5 is int256;

using {addEnergy as +, subEnergy as -, equalEnergy as ==, isZero, cost} for WattHours global;
using {equalPrice as ==, lessPrice as <, greaterPrice as >} for SenPerKwh global;
using {addMoney as +, subMoney as -, negateMoney as -, equalMoney as ==} for Yen5 global;

/// @dev 1 JPY in `Yen5`.
int256 constant YEN5_PER_YEN = 100_000;

function addEnergy(WattHours a, WattHours b) pure returns (WattHours) {
    return WattHours.wrap(WattHours.unwrap(a) + WattHours.unwrap(b));
}

function subEnergy(WattHours a, WattHours b) pure returns (WattHours) {
    return WattHours.wrap(WattHours.unwrap(a) - WattHours.unwrap(b));
}

function equalEnergy(WattHours a, WattHours b) pure returns (bool) {
    return WattHours.unwrap(a) == WattHours.unwrap(b);
}

function isZero(WattHours a) pure returns (bool) {
    return WattHours.unwrap(a) == 0;
}

/// @dev What `energy` costs at `price`: exact, never negative.
function cost(WattHours energy, SenPerKwh price) pure returns (Yen5) {
    return Yen5.wrap(int256(uint256(WattHours.unwrap(energy)) * SenPerKwh.unwrap(price)));
}

function equalPrice(SenPerKwh a, SenPerKwh b) pure returns (bool) {
    return SenPerKwh.unwrap(a) == SenPerKwh.unwrap(b);
}

function lessPrice(SenPerKwh a, SenPerKwh b) pure returns (bool) {
    return SenPerKwh.unwrap(a) < SenPerKwh.unwrap(b);
}

function greaterPrice(SenPerKwh a, SenPerKwh b) pure returns (bool) {
    return SenPerKwh.unwrap(a) > SenPerKwh.unwrap(b);
}

function addMoney(Yen5 a, Yen5 b) pure returns (Yen5) {
    return Yen5.wrap(Yen5.unwrap(a) + Yen5.unwrap(b));
}

function subMoney(Yen5 a, Yen5 b) pure returns (Yen5) {
    return Yen5.wrap(Yen5.unwrap(a) - Yen5.unwrap(b));
}

function negateMoney(Yen5 a) pure returns (Yen5) {
    return Yen5.wrap(-Yen5.unwrap(a));
}

function equalMoney(Yen5 a, Yen5 b) pure returns (bool) {
    return Yen5.unwrap(a) == Yen5.unwrap(b);
}
