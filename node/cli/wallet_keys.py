"""Keys of accounts in the data folder: where they are, whose they are, how they open.

A key file is encrypted; its password comes from a file, by default that of the data folder, or is typed. Neither key
nor password is ever an argument, because arguments are seen by everybody on a machine.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from node.chain.errors import KeystoreError, KeystorePasswordError
from node.chain.keystore import address_in, create_key, import_key, load_key
from node.chain.signing import LocalSigner
from node.cli.files import read_bytes
from node.cli.wallet_errors import (
    AccountNameError,
    EmptyPasswordError,
    UnknownAccountError,
    WrongPasswordError,
)
from node.cli.workspace import Workspace

#: `--password-file -` has the password typed.
TYPED = Path("-")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PREFIX = "account-"


@dataclass(frozen=True, slots=True)
class Password:
    """A password and where it came from, for messages."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class AccountKey:
    """The key file of an account; `address` is what the file says, `unlock` opens it."""

    workspace: Workspace
    name: str

    @property
    def path(self) -> Path:
        """Return the key file."""
        return key_file(self.workspace, self.name)

    @property
    def address(self) -> str:
        """Return the account's address without opening the key file."""
        return address_in(self.path)

    def unlock(self, password_file: Path | None) -> LocalSigner:
        """Open the key file."""
        password = password_for(self.workspace, password_file, confirm=False)
        try:
            return load_key(self.path, password.text)
        except KeystorePasswordError:
            raise WrongPasswordError(self.name, self.path, password.source) from None


def find_account(workspace: Workspace, name: str) -> AccountKey:
    """Return the key of an account that the data folder holds."""
    if not key_file(workspace, name).exists():
        raise UnknownAccountError(name, key_file(workspace, name), account_names(workspace))
    return AccountKey(workspace, name)


def create_account(workspace: Workspace, name: str, password_file: Path | None) -> LocalSigner:
    """Make a key and write its file."""
    path = key_file(workspace, name)
    password = password_for(workspace, password_file, confirm=True)
    with _writing(path):
        return create_key(path, password.text)


def import_account(
    workspace: Workspace, name: str, secret: Callable[[], str], password_file: Path | None
) -> LocalSigner:
    """Write the file of a key that exists; `secret` asks for it."""
    path = key_file(workspace, name)
    given, password = secret(), password_for(workspace, password_file, confirm=True)
    with _writing(path):
        return import_key(path, given, password.text)


def account_names(workspace: Workspace) -> list[str]:
    """Return the names of the accounts whose keys the data folder holds."""
    files = sorted((workspace.root / "keys").glob(f"{_PREFIX}*.json"))
    return [file.stem.removeprefix(_PREFIX) for file in files]


def key_file(workspace: Workspace, name: str) -> Path:
    """Return the key file of an account, there or not."""
    if not _NAME.fullmatch(name):
        raise AccountNameError(name)
    return workspace.keystore(f"{_PREFIX}{name}")


def password_for(workspace: Workspace, given: Path | None, *, confirm: bool) -> Password:
    """Return the password of the given file, of the data folder's, or the one that is typed."""
    default = workspace.password_file
    path = default if given is None and default.exists() else given
    if path is None or path == TYPED:
        typed = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm)
        return _not_empty(Password(str(typed), "that was typed"))
    text = read_bytes(path).decode("utf-8", "replace").strip("\r\n")
    return _not_empty(Password(text, f"in {path}"))


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failed:
        reason = failed.strerror or str(failed)
        raise KeystoreError(
            path, f"cannot be written ({reason}); name another --data-dir"
        ) from failed


def _not_empty(password: Password) -> Password:
    if not password.text:
        raise EmptyPasswordError(password.source)
    return password
