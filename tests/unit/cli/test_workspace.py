"""The data folder: whole files or none, secrets for their owner only, and named errors."""

import stat
from pathlib import Path

import pytest

from node.cli.workspace import Workspace, WorkspaceError, write_text


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_document_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.write_json(workspace.directory, {"chain_id": 7411, "members": []})
    assert workspace.read_json(workspace.directory) == {"chain_id": 7411, "members": []}


def test_a_secret_is_for_its_owner_only(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.password()
    write_text(tmp_path / "deep" / "secret", "x", secret=True)
    assert mode(tmp_path / "deep" / "secret") == mode(workspace.password_file) == 0o600


def test_the_password_is_made_once(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    made = workspace.password()
    assert len(made) >= 24
    assert Workspace(tmp_path).password() == made
    assert Workspace(tmp_path / "other").password() != made


def test_a_write_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_text(path, "old")
    write_text(path, "new")
    assert [found.name for found in tmp_path.iterdir()] == ["state.json"]
    assert path.read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "does not exist; start a deployment first"),
        (b"{", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[]", "does not hold a JSON object"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    workspace = Workspace(tmp_path)
    if content is not None:
        workspace.directory.write_bytes(content)
    with pytest.raises(WorkspaceError) as refused:
        workspace.read_json(workspace.directory)
    assert str(refused.value).startswith(f"{workspace.directory} {problem}")
