"""Key files: private keys under a password, in the encrypted JSON that every wallet of Ethereum reads.

A file is written whole or not at all, readable by its owner alone, and never over another one.
"""

import json
import os
import tempfile
from enum import IntEnum
from pathlib import Path

from node.chain.errors import KeystoreError, KeystorePasswordError, SigningError
from node.chain.signing import KEY_BYTES, LocalSigner, new_secret

_OWNER_ONLY = 0o600


class Strength(IntEnum):
    """Cost of trying a password, as the parameter N of scrypt."""

    #: 128 MiB and about half a second a try, for keys that people protect by a password of their own.
    STANDARD = 1 << 17
    #: 4 MiB and a few milliseconds, for keys of a demo and for passwords that are random keys themselves.
    LIGHT = 1 << 12


def create_key(path: Path, password: str, strength: Strength = Strength.STANDARD) -> LocalSigner:
    """Make a new key and write its file."""
    return import_key(path, new_secret(), password, strength)


def import_key(
    path: Path, secret: bytes | str, password: str, strength: Strength = Strength.STANDARD
) -> LocalSigner:
    """Write a file for a given key, bytes or hex."""
    signer = LocalSigner(secret_bytes := _secret_of(path, secret))
    from eth_keyfile.keyfile import (
        create_keyfile_json,
    )  # only who opens key files pays for the library

    content = create_keyfile_json(
        secret_bytes, password.encode(), kdf="scrypt", iterations=int(strength)
    )
    _write_new(path, json.dumps(content, indent=2) + "\n")
    return signer


def load_key(path: Path, password: str) -> LocalSigner:
    """Open a key file."""
    from eth_keyfile.keyfile import (
        decode_keyfile_json,
    )  # only who opens key files pays for the library

    content = _read(path)
    try:
        return LocalSigner(decode_keyfile_json(content, password.encode()))
    except ValueError as wrong:
        if "mac" in str(wrong).lower():
            raise KeystorePasswordError(path) from None
        raise KeystoreError(path, f"is no key file: {wrong}") from wrong
    except (KeyError, TypeError, NotImplementedError) as wrong:
        raise KeystoreError(path, f"is no key file: {wrong!r}") from wrong


def address_in(path: Path) -> str:
    """Return the address that a key file says it holds, without opening it."""
    address = _read(path).get("address")
    if not isinstance(address, str):
        raise KeystoreError(path, "does not name its address")
    return f"0x{address.removeprefix('0x').lower()}"


def _secret_of(path: Path, secret: bytes | str) -> bytes:
    if isinstance(secret, bytes):
        return secret
    try:
        return bytes.fromhex(secret.strip().removeprefix("0x"))
    except ValueError:
        raise SigningError(f"the key for {path} is not {KEY_BYTES} bytes in hex") from None


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KeystoreError(path, "is missing") from None
    except (OSError, ValueError) as broken:
        raise KeystoreError(path, f"cannot be read: {broken}") from broken
    if not isinstance(content, dict):
        raise KeystoreError(path, "is no key file")
    return content


def _write_new(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), _OWNER_ONLY)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails where a key is already: none is ever overwritten
    except FileExistsError:
        raise KeystoreError(path, "exists already and is not overwritten") from None
    finally:
        os.unlink(draft)
