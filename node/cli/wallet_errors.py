"""Why `wallet` and `bill` refuse.

* WalletError
  * AccountNameError          a name that no key file can have
  * UnknownAccountError       the data folder holds no key of this name
  * WrongPasswordError        the password does not open the key file
  * EmptyPasswordError        no password was given
  * AmountError               what was typed is no whole number, or out of range
  * PriceError                what was typed is no price, or finer than the tick
  * InstantError              what was typed is no instant, or no end that follows its start
  * PointNotNamedError        an account with several metering points, or none, has to name one
  * UnknownPartyError         nobody of this name or address takes part
  * DirectoryError            the data folder's list of members is damaged
  * BillDiffersError          a bill does not come to what the ledger holds, which must never happen
  * MarketRefusalError        a contract refused; one class per reason in `wallet_refusals`
"""

from collections.abc import Sequence
from pathlib import Path

from node.domain.errors import YuimaruError


class WalletError(YuimaruError):
    """Base of everything that `wallet` and `bill` refuse themselves."""


class AccountNameError(WalletError):
    """A name that no key file can have."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"account name {name!r}: expected 1 to 64 letters, digits, dots, dashes and underscores, "
            "a letter or digit first"
        )


class UnknownAccountError(WalletError):
    """The data folder holds no key of this name."""

    def __init__(self, name: str, path: Path, known: Sequence[str]) -> None:
        held = f"known: {', '.join(known)}" if known else "there is none yet"
        super().__init__(
            f"account {name!r} has no key file {path} ({held}); name another account or data folder, "
            "or make the key with `yuimaru wallet create`"
        )


class WrongPasswordError(WalletError):
    """The password does not open the key file."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        super().__init__(
            f"account {name!r}: the password {source} does not open {path}; name its file with --password-file, "
            "or type it with --password-file -"
        )


class EmptyPasswordError(WalletError):
    """No password was given."""

    def __init__(self, source: str) -> None:
        super().__init__(f"the password {source} is empty; a key file needs one")


class AmountError(WalletError):
    """What was typed is no whole number, or out of range."""

    def __init__(self, what: str, given: str, low: int, high: int, unit: str) -> None:
        super().__init__(
            f"{what} {given!r}: expected a whole number of {unit} from {low} to {high}"
        )


class PriceError(WalletError):
    """What was typed is no price, or finer than the tick."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"--price {given!r}: expected JPY/kWh with at most two decimals, such as 20.10, "
            "or whole sen, such as 2010sen; the tick is 0.01 JPY/kWh"
        )


class InstantError(WalletError):
    """What was typed is no instant, or no end that follows its start."""

    def __init__(self, option: str, given: str, expected: str) -> None:
        super().__init__(f"{option} {given!r}: expected {expected}")


class PointNotNamedError(WalletError):
    """An account with several metering points, or none, has to name one."""

    def __init__(self, account: str, points: Sequence[int]) -> None:
        owned = (
            f"owns the metering points {', '.join(map(str, points))}: name one with --point"
            if points
            else "owns no metering point in this slot: the market operator has to register one"
        )
        super().__init__(f"{account} {owned}")


class UnknownPartyError(WalletError):
    """Nobody of this name or address takes part."""

    def __init__(self, party: str, known: Sequence[str]) -> None:
        listed = f"; known members: {', '.join(known)}" if known else ""
        super().__init__(
            f"party {party!r} takes no part in this market{listed}; name a member, an account of the data "
            "folder, or the address of an admitted party"
        )


class DirectoryError(WalletError):
    """The data folder's list of members is damaged."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}; start the deployment anew, or restore the file")


class BillDiffersError(WalletError):
    """A bill does not come to what the ledger holds, which must never happen."""


class MarketRefusalError(WalletError):
    """A contract refused what was sent; nothing has changed."""
