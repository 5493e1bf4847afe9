"""Commands run in an empty folder, with none of the machine's settings."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from the data folder and the settings of whoever runs them."""
    for name in list(os.environ):
        if name.startswith("YUIMARU_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
