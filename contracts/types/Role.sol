// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev What an admitted party is in the market (G-33). A party's roles are a bit mask: bit `uint8(role)`.
enum Role {
    MARKET_OPERATOR,
    DSO,
    SETTLEMENT_BANK,
    ORACLE,
    AGGREGATOR,
    PROSUMER,
    CONSUMER,
    GENERATOR,
    SHOP,
    BUSINESS_SITE,
    EV,
    REGULATOR
}
