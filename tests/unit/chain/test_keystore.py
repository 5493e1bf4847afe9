"""Key files."""

import json
import stat
from pathlib import Path

import pytest
from eth_account import Account

from node.chain.errors import KeystoreError, KeystorePasswordError, SigningError
from node.chain.keystore import Strength, address_in, create_key, import_key, load_key

LIGHT = Strength.LIGHT
SECRET = "11" * 32


def test_a_key_comes_back_with_its_password(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "owner.json"

    signer = create_key(path, "pass", LIGHT)

    assert load_key(path, "pass").address == signer.address == address_in(path)


def test_other_programs_read_the_file(tmp_path: Path) -> None:
    import_key(tmp_path / "k.json", f"0x{SECRET}\n", "pass", LIGHT)

    secret = Account.decrypt(json.loads((tmp_path / "k.json").read_text()), "pass")

    assert bytes(secret).hex() == SECRET


def test_the_files_of_other_programs_are_read(tmp_path: Path) -> None:
    content = Account.encrypt(bytes.fromhex(SECRET), "pass", kdf="pbkdf2", iterations=10)
    (tmp_path / "k.json").write_text(json.dumps(content))

    assert load_key(tmp_path / "k.json", "pass").address == Account.from_key(SECRET).address.lower()


def test_only_the_owner_may_read_it_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    create_key(path, "pass", LIGHT)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_key_is_not_in_the_file(tmp_path: Path) -> None:
    import_key(tmp_path / "k.json", SECRET, "pass", LIGHT)

    assert SECRET not in (tmp_path / "k.json").read_text().lower()


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    first = create_key(path, "pass", LIGHT)

    with pytest.raises(KeystoreError, match="not overwritten"):
        create_key(path, "pass", LIGHT)

    assert load_key(path, "pass").address == first.address
    assert list(tmp_path.iterdir()) == [path]


def test_a_wrong_password_is_named(tmp_path: Path) -> None:
    create_key(tmp_path / "k.json", "pass", LIGHT)

    with pytest.raises(KeystorePasswordError, match="password"):
        load_key(tmp_path / "k.json", "word")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": 3}', '{"version": 9, "crypto": {}}']
)
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "k.json").write_text(content)

    with pytest.raises(KeystoreError, match=r"k\.json"):
        load_key(tmp_path / "k.json", "pass")
    with pytest.raises(KeystoreError, match=r"k\.json"):
        address_in(tmp_path / "k.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeystoreError, match="is missing"):
        load_key(tmp_path / "none.json", "pass")


@pytest.mark.parametrize("secret", ["", "12", "zz" * 32, "00" * 32])
def test_what_is_no_key_is_not_stored(tmp_path: Path, secret: str) -> None:
    with pytest.raises(SigningError):
        import_key(tmp_path / "k.json", secret, "pass", LIGHT)

    assert not list(tmp_path.iterdir())
