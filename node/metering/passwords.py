"""Passwords of devices and systems: generated, kept as argon2id verifiers only (D-54, G-18)."""

import hmac
import secrets
from collections import OrderedDict
from hashlib import sha256
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

#: argon2id parameters for a hub that checks many devices on small machines: 19 MiB, 2 passes, 1 lane.
MEMORY_KIB = 19_456
PASSES = 2
LANES = 1

#: Random bytes in a generated password.
PASSWORD_BYTES = 32

#: Most proven passwords that a process remembers.
REMEMBERED = 4096


class Passwords:
    """Makes passwords and checks them.

    A check costs some 70 ms by design, and devices send with every reading. So a password that was proven is
    remembered as a keyed hash under a key that lives as long as the process; a new verifier forgets it.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._key = secrets.token_bytes(32)
        self._proven: OrderedDict[bytes, None] = OrderedDict()
        self._remembered = remembered
        self._lock = Lock()

    def generate(self) -> str:
        """Return a new password."""
        return secrets.token_urlsafe(PASSWORD_BYTES)

    def verifier(self, password: str) -> str:
        """Return what is stored of a password."""
        return self._hasher.hash(password)

    def proves(self, password: str, verifier: str) -> bool:
        """Return whether this is the password of a verifier."""
        mark = hmac.digest(self._key, f"{verifier}\n{password}".encode(), sha256)
        if self._recall(mark):
            return True
        try:
            self._hasher.verify(verifier, password)
        except (VerificationError, InvalidHashError):
            return False
        self._remember(mark)
        return True

    def _recall(self, mark: bytes) -> bool:
        with self._lock:
            known = mark in self._proven
            if known:
                self._proven.move_to_end(mark)
            return known

    def _remember(self, mark: bytes) -> None:
        with self._lock:
            self._proven[mark] = None
            if len(self._proven) > self._remembered:
                self._proven.popitem(last=False)


def same_secret(given: str, expected: str) -> bool:
    """Compare two secrets in a time that tells nothing about either, not even their lengths."""
    return hmac.compare_digest(sha256(given.encode()).digest(), sha256(expected.encode()).digest())
