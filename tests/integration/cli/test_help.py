"""`yuimaru --help`: answers at once, because no command's tools are loaded for it."""

import os
import re
import subprocess
import sys

import pytest

from tests.integration.cli.running import yuimaru

COMMANDS = (
    ("demo",),
    ("replay",),
    ("sample",),
    ("settle",),
    ("bill",),
    ("chain",),
    ("deploy",),
    ("operator",),
    ("oracle",),
    ("home",),
    ("devices",),
    ("book", "clear"),
    ("hub", "serve"),
    ("wallet", "create"),
    ("wallet", "import"),
    ("wallet", "show"),
    ("wallet", "balance"),
    ("wallet", "deposit"),
    ("wallet", "withdraw"),
    ("wallet", "bid"),
    ("wallet", "list"),
    ("wallet", "cancel"),
)

#: What only a command that runs may load.
HEAVY = (
    *("web3", "eth_abi", "coincurve", "pyrevm", "sqlalchemy", "alembic", "fastapi", "uvicorn"),
    *("pymodbus", "sunspec2", "pydantic", "httpx", "apscheduler", "argon2"),
)

_HELP = f"""
import contextlib, io, sys
from node.cli.main import main
sys.argv = ["yuimaru", "--help"]
with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
    main()
assert "demo" in said.getvalue()
print(*sorted(set({HEAVY!r}) & sys.modules.keys()))
"""


def plain(text: str) -> str:
    """Return help without its boxes and line breaks."""
    return re.sub(r"[\s│╭╮╰╯─]+", " ", text)


def python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_help_loads_nothing_heavy() -> None:
    ran = python("-c", _HELP)
    assert (ran.stdout.strip(), ran.stderr) == ("", "")


def test_help_costs_less_than_half_a_second_of_processor_time() -> None:
    python("-c", _HELP)  # writes compiled modules where there are none yet
    before = os.times()
    assert python("-c", _HELP).returncode == 0
    after = os.times()
    spent = (
        after.children_user - before.children_user + after.children_system - before.children_system
    )
    assert spent < 0.5


def test_help_names_every_command() -> None:
    text = plain(yuimaru("--help").out)
    for command in COMMANDS:
        assert f" {command[0]} " in text


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    ran = yuimaru(*command, "--help")
    assert ran.code == 0
    usage, explanation = plain(ran.out).split("[OPTIONS]", 1)
    assert usage.endswith(f"{' '.join(command)} ")
    assert re.match(r"( \{\w+\}| \w+)* [A-Z][^.]{10,}\.? ", explanation)


def test_an_unknown_command_is_a_usage_error() -> None:
    ran = yuimaru("trade")
    assert (ran.code, ran.out) == (2, "")
    assert "trade" in ran.err


@pytest.mark.parametrize("module", ["node.cli"])
def test_the_package_runs_as_a_program(module: str) -> None:
    ran = python("-m", module, "book", "clear", "nowhere.json")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("yuimaru: FileUnreadableError: nowhere.json")
