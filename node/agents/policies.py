"""The policies that a home can be set to by name (C-01, C-07, C-40 to C-46).

Their arithmetic is the domain's.
"""

from dataclasses import dataclass

from node.domain.errors import PolicyError
from node.domain.policies import (
    RETAIL_BUY,
    RETAIL_SELL,
    FixedLimitPolicy,
    JepxFollowingPolicy,
    OutsideOptions,
    Policy,
    PreferringPolicy,
    SocTablePolicy,
    preference_of_label,
)
from node.domain.units import SenPerKwh


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTerms:
    """What a user told the home: a policy, its prices, and what to go for (None: nothing).

    `sell` and `buy` are the limits of `fixed_limit`, `margin` the distance of `jepx` from its
    price.
    """

    name: str = "jepx"
    preference: str | None = None
    outside_sell: SenPerKwh = RETAIL_SELL
    outside_buy: SenPerKwh = RETAIL_BUY
    sell: SenPerKwh = RETAIL_BUY
    buy: SenPerKwh = RETAIL_SELL
    margin: int = 100


def policy_of(terms: PolicyTerms) -> Policy:
    """Return the policy that these terms name, or raise `PolicyError`."""
    outside = OutsideOptions(terms.outside_sell, terms.outside_buy)
    base = _base(terms, outside)
    if terms.preference is None:
        return base
    return PreferringPolicy(base, preference_of_label(terms.preference), outside)


def _base(terms: PolicyTerms, outside: OutsideOptions) -> Policy:
    if terms.name == "soc_table":
        return SocTablePolicy(outside=outside)
    if terms.name == "fixed_limit":
        return FixedLimitPolicy(sell=terms.sell, buy=terms.buy)
    if terms.name == "jepx":
        return JepxFollowingPolicy(outside=outside, margin=terms.margin)
    raise PolicyError(
        f"no policy is called {terms.name!r}; there are: soc_table, fixed_limit, jepx"
    )
