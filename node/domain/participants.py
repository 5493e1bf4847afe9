"""Who takes part in the market and what a metering point stands for (C-06, G-25, G-33).

Numbers are those of the contracts: a role is a bit, a party's roles a mask; kinds and sources count
from 0.
"""

from enum import IntEnum, IntFlag


class Role(IntFlag):
    """What an admitted party is in the market (G-33). A party may have several."""

    MARKET_OPERATOR = 1 << 0
    DSO = 1 << 1
    SETTLEMENT_BANK = 1 << 2
    ORACLE = 1 << 3
    AGGREGATOR = 1 << 4
    PROSUMER = 1 << 5
    CONSUMER = 1 << 6
    GENERATOR = 1 << 7
    SHOP = 1 << 8
    BUSINESS_SITE = 1 << 9
    EV = 1 << 10
    REGULATOR = 1 << 11


class PointKind(IntEnum):
    """What a metering point stands for in the market."""

    CONSUMER = 0
    PROSUMER = 1
    GENERATOR = 2
    SHOP = 3
    BUSINESS_SITE = 4
    EV = 5

    @property
    def role(self) -> Role:
        """The role that the owner of such a point has at least."""
        return Role[self.name]

    @property
    def label(self) -> str:
        """Name in files and on screens, such as "business_site"."""
        return self.name.lower()


class Source(IntEnum):
    """Where the energy comes from that a metering point exports (C-09)."""

    OTHER = 0
    RENEWABLE = 1


#: Every role there is.
ALL_ROLES = Role((1 << len(Role)) - 1)

_KINDS = {kind.label: kind for kind in PointKind}


def kind_of_label(label: str) -> PointKind | None:
    """Return the kind that files call `label`, or None for a word that names no kind."""
    return _KINDS.get(label)


def role_names(roles: Role) -> tuple[str, ...]:
    """Return the names of the roles in a mask, such as ("dso", "prosumer"), in order of their bits."""
    return tuple(role.name.lower() for role in Role if role in roles and role.name is not None)
