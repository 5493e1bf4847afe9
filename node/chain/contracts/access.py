"""OpenZeppelin's AccessManager: who may call what."""

from collections.abc import Sequence
from enum import IntEnum
from typing import ClassVar

from node.chain.abi import flag
from node.chain.client import Query
from node.chain.contracts.facade import Facade
from node.chain.transactions import Call

GRANT_GAS = 80_000
FUNCTION_BASE_GAS = 40_000
FUNCTION_SELECTOR_GAS = 27_000

_NO_DELAY = 0


class AccessRole(IntEnum):
    """Numbers of the roles that restrict functions. Not the roles that a party has in the market (G-33)."""

    ADMIN = 0
    MARKET_OPERATOR = 1
    DSO = 2
    SETTLEMENT_BANK = 3


class AccessManager(Facade):
    """Grants roles and says which function needs which."""

    NAME: ClassVar[str] = "AccessManager"

    def grant_role(self, role: AccessRole, account: str) -> Call:
        """Give a role to an account at once. Administrator."""
        return self.call("grantRole", GRANT_GAS, int(role), account, _NO_DELAY)

    def revoke_role(self, role: AccessRole, account: str) -> Call:
        """Take a role from an account. Administrator."""
        return self.call("revokeRole", GRANT_GAS, int(role), account)

    def set_target_function_role(
        self, target: Facade, functions: Sequence[str], role: AccessRole
    ) -> Call:
        """Say which role may call functions of a contract. Administrator."""
        selectors = [target.abi.function(name).selector for name in functions]
        gas = FUNCTION_BASE_GAS + FUNCTION_SELECTOR_GAS * len(selectors)
        return self.call("setTargetFunctionRole", gas, target.address, selectors, int(role))

    def has_role(self, role: AccessRole, account: str) -> Query[bool]:
        """Ask whether an account has a role."""
        return self.query(
            "hasRole", lambda answer: flag({"member": answer[0]}, "member"), int(role), account
        )
