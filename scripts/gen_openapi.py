"""Writes the hub's interface to tests/snapshots/openapi.json: `python -m scripts.gen_openapi`."""

import json
from pathlib import Path

from node.hub.app import interface

SNAPSHOT = Path(__file__).resolve().parent.parent / "tests" / "snapshots" / "openapi.json"

if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(interface(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
