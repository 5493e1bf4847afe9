"""Passwords: never stored, never compared in a telling time, checked cheaply once proven."""

import pytest
from argon2 import PasswordHasher

from node.metering.passwords import Passwords, same_secret


@pytest.mark.spec("G-18")
def test_a_password_proves_its_own_verifier_only(passwords: Passwords) -> None:
    verifier = passwords.verifier("one")
    assert passwords.proves("one", verifier)
    assert not passwords.proves("two", verifier)
    assert not passwords.proves("one", passwords.verifier("two"))


def test_a_damaged_verifier_proves_nothing(passwords: Passwords) -> None:
    assert not passwords.proves("one", "not a verifier")


class CountingHasher(PasswordHasher):
    """Counts the expensive checks."""

    checks = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override] # noqa: A002
        self.checks += 1
        return super().verify(hash, password)


def test_a_proven_password_is_not_hashed_again_but_a_wrong_one_is() -> None:
    passwords = Passwords(remembered=1)
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._hasher = hasher
    first, second = passwords.verifier("one"), passwords.verifier("two")

    for password, verifier in [("one", first), ("one", first), ("wrong", first), ("wrong", first)]:
        passwords.proves(password, verifier)
    assert hasher.checks == 3

    passwords.proves("two", second)
    passwords.proves("one", first)
    assert hasher.checks == 5


def test_what_is_remembered_is_not_the_password(passwords: Passwords) -> None:
    verifier = passwords.verifier("one")
    passwords.proves("one", verifier)
    assert not any(b"one" in mark for mark in passwords._proven)


@pytest.mark.parametrize(
    ("given", "same"), [("secret", True), ("secrets", False), ("", False), ("秘密", False)]
)
def test_secrets_are_compared_whatever_their_length(given: str, same: bool) -> None:
    assert same_secret(given, "secret") is same
