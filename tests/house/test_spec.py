"""The list of requirements, and the tool that compares it with the tests."""

import csv
import re
from pathlib import Path

from scripts import spec_coverage


def test_the_list_is_in_order_and_says_what_each_number_means(repo_root: Path) -> None:
    with (repo_root / "tests" / "requirements.csv").open(newline="") as file:
        rows = list(csv.reader(file))

    assert rows[0] == ["requirement", "meaning"]
    numbers = [row[0] for row in rows[1:]]
    assert numbers == sorted(set(numbers))
    assert [
        row for row in rows[1:] if len(row) != 2 or not re.fullmatch(r"[A-G]-\d\d", row[0])
    ] == []
    assert [row[0] for row in rows[1:] if len(row[1]) < 20 or row[1].endswith(".")] == []


def test_numbers_are_found_in_decorators_modules_and_parameters(tmp_path: Path) -> None:
    test = tmp_path / "tests" / "unit" / "test_made_up.py"
    test.parent.mkdir(parents=True)
    test.write_text(
        "import pytest\n"
        "pytestmark = [pytest.mark.spec('G-01'), pytest.mark.chain]\n"
        "@pytest.mark.spec('C-24', 'C-25')\n"
        "def test_one() -> None: ...\n"
        "CASES = [pytest.param(1, marks=pytest.mark.spec('G-05'))]\n"
        "TEXT = \"pytest.mark.spec('G-99')\"\n"
    )

    assert set(spec_coverage.numbers_in_python(tmp_path)) == {"G-01", "C-24", "C-25", "G-05"}


def test_numbers_are_found_in_natspec(tmp_path: Path) -> None:
    test = tmp_path / "tests" / "contracts" / "unit" / "MadeUp.t.sol"
    test.parent.mkdir(parents=True)
    test.write_text("/// @custom:spec C-24 G-05\n/// as G-07 says\n * @custom:spec G-12\n")

    assert list(spec_coverage.numbers_in_solidity(tmp_path)) == ["C-24", "G-05", "G-12"]
