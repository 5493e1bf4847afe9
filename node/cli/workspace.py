"""Where a deployment on one machine keeps its files: one folder, owner-only where a secret lies in it."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.domain.errors import YuimaruError


class WorkspaceError(YuimaruError):
    """A file of the data folder is missing or not what it should be; the message names it and what to do."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The files of a deployment below one data folder."""

    root: Path

    @property
    def manifest(self) -> Path:
        """Return the deployment manifest: addresses, code hashes, product."""
        return self.root / "manifest.json"

    @property
    def chain_state(self) -> Path:
        """Return the persisted state of the embedded chain."""
        return self.root / "chain" / "state.json"

    def endpoint(self, name: str) -> Path:
        """Return the file in which a process says where it answers."""
        return self.root / name / "endpoint.json"

    @property
    def directory(self) -> Path:
        """Return the file that says who is who in this deployment: accounts, metering points, process addresses. Holds no secret."""
        return self.root / "directory.json"

    @property
    def hub_database(self) -> Path:
        """Return the hub's SQLite file."""
        return self.root / "hub" / "hub.sqlite"

    @property
    def password_file(self) -> Path:
        """Return the file with the password of the keystores made by `demo`."""
        return self.root / "keys" / "password"

    def keystore(self, name: str) -> Path:
        """Return the encrypted keystore of an account, gateway or oracle."""
        return self.root / "keys" / f"{name}.json"

    def state(self, kind: str, name: str) -> Path:
        """Return the state file of a process."""
        return self.root / kind / f"{name}.sqlite"

    def config(self, kind: str, name: str) -> Path:
        """Return the configuration of a process of a demonstration."""
        return self.root / kind / f"{name}.json"

    def log(self, name: str) -> Path:
        """Return the log of a process of a demonstration."""
        return self.root / "logs" / f"{name}.log"

    def write_json(self, path: Path, document: object, *, secret: bool = False) -> None:
        """Write a document whole or not at all; a secret one is readable by its owner only."""
        write_text(path, json.dumps(document, indent=2) + "\n", secret=secret)

    def read_json(self, path: Path) -> dict[str, Any]:
        """Return a document or raise `WorkspaceError`."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise WorkspaceError(
                f"{path} does not exist; start a deployment first (`yuimaru demo`), or name its folder with "
                "--data-dir"
            ) from error
        except (OSError, ValueError) as error:
            raise WorkspaceError(f"{path} cannot be read: {error}") from error
        if not isinstance(document, dict):
            raise WorkspaceError(f"{path} does not hold a JSON object")
        return document

    def password(self) -> str:
        """Return the password of the demonstration's keystores, made on first use."""
        if not self.password_file.exists():
            write_text(self.password_file, secrets.token_urlsafe(24) + "\n", secret=True)
        return self.password_file.read_text(encoding="utf-8").strip()


def write_text(path: Path, text: str, *, secret: bool = False) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    descriptor = os.open(
        unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if secret else 0o644
    )
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
