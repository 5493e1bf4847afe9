"""`yuimaru wallet create | import | show`: keys in encrypted files, never seen and never overwritten."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from node.chain.keystore import Strength, import_key, load_key
from node.chain.signing import LocalSigner
from node.cli.main import app
from tests.integration.cli.running import Ran, yuimaru

SECRET = "0x" + "1f" * 32
ADDRESS = LocalSigner(bytes.fromhex(SECRET[2:])).address
PASSWORD = "open sesame"


def key_file(name: str) -> Path:
    return Path("data/keys") / f"account-{name}.json"


def wallet(*arguments: object) -> Ran:
    return yuimaru("wallet", *arguments, "--data-dir", "data")


@pytest.fixture
def password_file() -> Path:
    path = Path("password.txt")
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    return path


@pytest.fixture
def secret_file() -> Path:
    path = Path("secret.txt")
    path.write_text(SECRET + "\n", encoding="utf-8")
    return path


def test_a_new_key_is_encrypted_owner_only_and_opens_with_its_password(
    password_file: Path,
) -> None:
    lines = wallet("create", "--account", "anna", "--password-file", password_file).lines
    opened = load_key(key_file("anna"), PASSWORD)
    assert lines == [
        f"account anna is {opened.address}; ask the market operator to admit it",
    ]
    assert stat.S_IMODE(key_file("anna").stat().st_mode) == 0o600
    content = json.loads(key_file("anna").read_text(encoding="utf-8"))
    assert content["crypto"]["kdf"] == "scrypt"
    assert wallet("show", "--account", "anna", "--json").json["address"] == opened.address


def test_two_new_keys_differ(password_file: Path) -> None:
    for name in ("anna", "ben"):
        assert wallet("create", "--account", name, "--password-file", password_file).code == 0
    addresses = [wallet("show", "--account", n, "--json").json["address"] for n in ("anna", "ben")]
    assert len(set(addresses)) == 2


def test_a_key_is_imported_from_a_file_and_shown(secret_file: Path, password_file: Path) -> None:
    options = ("--account", "anna", "--key-file", secret_file, "--password-file", password_file)
    assert wallet("import", *options).lines == [f"account anna is {ADDRESS}"]
    assert load_key(key_file("anna"), PASSWORD).address == ADDRESS
    assert SECRET[2:] not in key_file("anna").read_text(encoding="utf-8")
    assert wallet("show", "--account", "anna").lines == [
        f"account anna is {ADDRESS}",
        "key file data/keys/account-anna.json; metering points: none listed",
    ]


def test_key_and_password_may_be_typed_unseen() -> None:
    typed = f"{SECRET}\n{PASSWORD}\n{PASSWORD}\n"
    arguments = ["wallet", "import", "--account", "anna", "--data-dir", "data"]
    ran = CliRunner().invoke(app, arguments, input=typed)
    assert ran.exit_code == 0
    assert SECRET not in ran.output
    assert PASSWORD not in ran.output
    assert load_key(key_file("anna"), PASSWORD).address == ADDRESS


def test_a_typed_password_is_asked_for_twice_and_has_to_be_the_same() -> None:
    arguments = ["wallet", "create", "--account", "anna", "--data-dir", "data"]
    ran = CliRunner().invoke(app, arguments, input="one\ntwo\nthree\nthree\n")
    assert ran.exit_code == 0
    assert "do not match" in ran.output
    assert load_key(key_file("anna"), "three").address in ran.output


def test_nothing_is_made_when_nobody_types_a_password() -> None:
    arguments = ["wallet", "create", "--account", "anna", "--data-dir", "data"]
    assert CliRunner().invoke(app, arguments, input="").exit_code == 1
    assert not key_file("anna").exists()


def test_the_password_of_the_data_folder_is_the_default() -> None:
    Path("data/keys").mkdir(parents=True)
    Path("data/keys/password").write_text("of the folder\n", encoding="utf-8")
    assert wallet("create", "--account", "anna").code == 0
    load_key(key_file("anna"), "of the folder")


def test_a_dash_has_the_password_typed_even_where_the_folder_has_one() -> None:
    Path("data/keys").mkdir(parents=True)
    Path("data/keys/password").write_text("of the folder\n", encoding="utf-8")
    arguments = ["wallet", "create", "--account", "anna", "--data-dir", "data"]
    ran = CliRunner().invoke(
        app, [*arguments, "--password-file", "-"], input=f"{PASSWORD}\n{PASSWORD}\n"
    )
    assert ran.exit_code == 0
    load_key(key_file("anna"), PASSWORD)


def test_settings_come_from_the_environment(
    password_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUIMARU_DATA_DIR", "data")
    monkeypatch.setenv("YUIMARU_ACCOUNT", "anna")
    assert yuimaru("wallet", "create", "--password-file", password_file).code == 0
    assert key_file("anna").exists()
    assert yuimaru("wallet", "show").code == 0


# -- refusals


@pytest.mark.parametrize("command", ["create", "import"])
def test_a_key_file_is_never_overwritten(
    command: str, secret_file: Path, password_file: Path
) -> None:
    assert wallet("create", "--account", "anna", "--password-file", password_file).code == 0
    before = key_file("anna").read_bytes()
    extra = ("--key-file", secret_file) if command == "import" else ()
    ran = wallet(command, "--account", "anna", *extra, "--password-file", password_file)
    assert "exists already and is not overwritten" in ran.refused("KeystoreError")
    assert key_file("anna").read_bytes() == before
    assert [path.name for path in key_file("anna").parent.iterdir()] == ["account-anna.json"]


@pytest.mark.parametrize(
    "secret", ["", "hello", "1f" * 31, "1f" * 33, "00" * 32, "ff" * 32, "0x" + "zz" * 32]
)
def test_what_is_no_key_is_refused_and_not_repeated(secret: str, password_file: Path) -> None:
    Path("secret.txt").write_text(secret, encoding="utf-8")
    options = ("--key-file", "secret.txt", "--password-file", password_file)
    sentence = wallet("import", "--account", "anna", *options).refused("SigningError")
    assert not secret or secret not in sentence
    assert not key_file("anna").exists()


@pytest.mark.parametrize("name", ["", ".", "../anna", "a/b", "-anna", "anna anna", "a" * 65])
def test_a_name_that_is_no_file_name_is_refused(name: str) -> None:
    sentence = wallet("show", "--account", name).refused("AccountNameError")
    assert sentence.startswith(f"account name {name!r}: expected 1 to 64 letters")


def test_an_unknown_account_is_refused_with_those_that_are_known(password_file: Path) -> None:
    sentence = wallet("show", "--account", "anna").refused("UnknownAccountError")
    assert "there is none yet" in sentence
    assert "yuimaru wallet create" in sentence
    assert wallet("create", "--account", "ben", "--password-file", password_file).code == 0
    sentence = wallet("show", "--account", "anna").refused("UnknownAccountError")
    assert "account 'anna' has no key file data/keys/account-anna.json (known: ben)" in sentence


def test_without_an_account_the_command_asks_for_one() -> None:
    ran = wallet("show")
    assert (ran.code, ran.out) == (2, "")
    assert "--account" in ran.err


def test_an_empty_password_protects_nothing() -> None:
    Path("password.txt").write_text("\n", encoding="utf-8")
    ran = wallet("create", "--account", "anna", "--password-file", "password.txt")
    assert "in password.txt is empty" in ran.refused("EmptyPasswordError")
    assert not key_file("anna").exists()


def test_a_password_file_that_is_not_there_is_named() -> None:
    ran = wallet("create", "--account", "anna", "--password-file", "nowhere.txt")
    assert ran.refused("FileUnreadableError").startswith("nowhere.txt cannot be read")
    ran = wallet("import", "--account", "anna", "--key-file", "nowhere.txt")
    assert ran.refused("FileUnreadableError").startswith("nowhere.txt cannot be read")


@pytest.mark.parametrize("command", ["create", "import"])
def test_a_data_folder_that_cannot_be_written_is_named(
    command: str, secret_file: Path, password_file: Path
) -> None:
    Path("data").write_text("not a folder", encoding="utf-8")
    extra = ("--key-file", secret_file) if command == "import" else ()
    ran = wallet(command, "--account", "anna", *extra, "--password-file", password_file)
    sentence = ran.refused("KeystoreError")
    assert sentence.startswith("key file data/keys/account-anna.json: cannot be written (Not a dir")


def test_a_damaged_key_file_is_named() -> None:
    key_file("anna").parent.mkdir(parents=True)
    key_file("anna").write_text("{}", encoding="utf-8")
    sentence = wallet("show", "--account", "anna").refused("KeystoreError")
    assert "data/keys/account-anna.json: does not name its address" in sentence


def test_an_account_shows_its_metering_points_from_the_members_list() -> None:
    import_key(key_file("anna"), SECRET, PASSWORD, Strength.LIGHT)
    member = {"name": "h01", "account": ADDRESS.upper().replace("X", "x"), "point": 7}
    Path("data/directory.json").write_text(json.dumps({"members": [member]}), encoding="utf-8")
    assert wallet("show", "--account", "anna", "--json").json == {
        "account": "anna",
        "address": ADDRESS,
        "key_file": "data/keys/account-anna.json",
        "points": [7],
    }


@pytest.mark.parametrize("members", [5, [5], [{}], [{"name": "h", "account": "0x", "point": "x"}]])
def test_a_damaged_members_list_is_named(members: object) -> None:
    import_key(key_file("anna"), SECRET, PASSWORD, Strength.LIGHT)
    Path("data/directory.json").write_text(json.dumps({"members": members}), encoding="utf-8")
    sentence = wallet("show", "--account", "anna").refused("DirectoryError")
    assert sentence.startswith("data/directory.json: members are not as expected")
