"""A damaged, foreign, newer or unreachable database is named, and left as it is."""

import sqlite3
from pathlib import Path

import pytest

from node.store.database import Database
from node.store.errors import (
    DatabaseCorruptError,
    DatabaseForeignError,
    DatabaseUnavailableError,
    DatabaseVersionError,
)
from node.store.records import Device


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def test_a_new_database_is_durable_and_enforces_its_keys(database: Database) -> None:
    with database.read() as view:
        pragma = view._connection.exec_driver_sql
        assert pragma("PRAGMA journal_mode").scalar() == "wal"
        assert pragma("PRAGMA synchronous").scalar() == 2
        assert pragma("PRAGMA foreign_keys").scalar() == 1


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(b"these are not the pages you are looking for" * 100)
    before = path.read_bytes()

    with pytest.raises(DatabaseCorruptError, match=r"restore\s+a backup") as caught:
        Database.open(url_of(path))

    assert caught.value.path == str(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["hub.db"]


def test_a_database_with_a_damaged_page_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    database = Database.open(url_of(path))
    with database.write() as work:
        for number in range(2000):
            work.devices.add(Device(f"device-{number}", listed_at=number))
        work.commit()
    database.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xa5" * 4096
    path.write_bytes(content)

    with pytest.raises(DatabaseCorruptError) as caught:
        Database.open(url_of(path))

    assert caught.value.path == str(path)
    assert path.read_bytes() == content


def test_damage_that_happens_while_the_hub_runs_is_named_too(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    database = Database.open(url_of(path))
    with database.write() as work:
        work.devices.add(Device("meter-1", listed_at=1))
        work.commit()
    database.close()
    path.write_bytes(path.read_bytes()[:4096] + b"\xa5" * (len(path.read_bytes()) - 4096))

    with pytest.raises(DatabaseCorruptError), database.read() as view:
        view.devices.all()


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    before = path.read_bytes()

    with pytest.raises(DatabaseForeignError, match="recipes"):
        Database.open(url_of(path))

    assert path.read_bytes()[100:] == before[100:]


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    Database.open(url_of(path)).close()
    newer = sqlite3.connect(path)
    newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.commit()
    newer.close()

    with pytest.raises(DatabaseVersionError, match="9999"):
        Database.open(url_of(path))


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match="nowhere"):
        Database.open(url_of(tmp_path / "nowhere" / "hub.db"))


def test_the_password_of_a_database_is_never_shown() -> None:
    from sqlalchemy.engine import make_url

    from node.store.engine import shown

    assert "secret" not in shown(make_url("postgresql://hub:secret@db/hub"))
