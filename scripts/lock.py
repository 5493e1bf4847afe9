"""Write the locks anew: requirements/*.txt and package-lock.json.

The locks carry names, versions and hashes, and never the address of an index: every machine installs from the
index it is set up with. Run it with any Python (`make lock`); uv lives in an environment that is thrown away.
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("run", "dev", "brownie", "tools")
COMPILE = ("pip", "compile", "--quiet", "--no-header", "--universal", "--python-version", "3.11")
HASHED = ("--generate-hashes", "--no-emit-index-url")

#: npm's words for the platforms that the native binaries are published for.
PLATFORMS = {
    "darwin-amd64": ("darwin", "x64"),
    "darwin-arm64": ("darwin", "arm64"),
    "linux-amd64": ("linux", "x64"),
    "linux-arm64": ("linux", "arm64"),
}


def lock_python(names: tuple[str, ...]) -> None:
    """Compile requirements/NAME.in into requirements/NAME.txt."""
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        subprocess.run([f"{scratch}/bin/pip", "install", "--quiet", "uv"], check=True)
        for name in names:
            target = ROOT / "requirements" / f"{name}.txt"
            command = [f"{scratch}/bin/uv", *COMPILE, *HASHED, "--output-file", f"{name}.txt"]
            subprocess.run([*command, f"{name}.in"], cwd=target.parent, check=True)
            header = f"# Made by `make lock` from {name}.in; do not edit.\n"
            target.write_text(header + target.read_text())


def lock_npm() -> None:
    """Resolve package.json, then strip the addresses and make sure that every platform is listed."""
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund")
    subprocess.run(["npm", "install", "--package-lock-only", *quiet], cwd=ROOT, check=True)
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text())
    lock["packages"] = complete(lock["packages"])
    path.write_text(json.dumps(lock, indent=2) + "\n")


def complete(packages: dict[str, Any]) -> dict[str, Any]:
    """Return the lock's packages without addresses and with the native binaries of every platform.

    npm leaves an optional package out of the lock when the index it asked does not carry it. Such an entry is
    added without a hash: npm then installs the exact version, and the machine that needs it can add the hash.
    """
    for package in packages.values():
        package.pop("resolved", None)
    optional = packages[""]["optionalDependencies"]
    for name, version in optional.items():
        packages.setdefault(f"node_modules/{name}", native_binary(name, version))
    return {name: packages[name] for name in sorted(packages)}


def native_binary(name: str, version: str) -> dict[str, Any]:
    """Describe the package @foundry-rs/TOOL-PLATFORM as its own package.json does."""
    tool, platform = name.removeprefix("@foundry-rs/").split("-", 1)
    system, processor = PLATFORMS[platform]
    return {
        "version": version,
        "cpu": [processor],
        "license": "MIT OR Apache-2.0",
        "optional": True,
        "os": [system],
        "bin": {tool: f"bin/{tool}"},
        "engines": {"node": ">=20"},
    }


if __name__ == "__main__":
    lock_python(tuple(sys.argv[1:]) or REQUIREMENTS)
    lock_npm()
