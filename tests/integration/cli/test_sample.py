"""`yuimaru sample`: a neighbourhood on file that the other commands read."""

from pathlib import Path

import pytest

from node.cli.neighbourhoods import read_neighbourhood
from tests.integration.cli.running import yuimaru

FILES = ("load_30min.csv", "participants.csv", "prices_jepx_30min.csv", "pv_30min.csv")


def contents(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@pytest.mark.spec("B-02")
def test_a_sample_is_a_neighbourhood_that_can_be_read() -> None:
    lines = yuimaru("sample", "street", "--homes", 5, "--days", 2).lines
    assert sorted(contents("street")) == list(FILES)
    assert "street/participants.csv: 7 rows" in lines
    neighbourhood = read_neighbourhood(Path("street"))
    assert len(neighbourhood.sites) == 7, "five homes, a shop and a generator"
    assert len(neighbourhood.slots) == 2 * 48


def test_the_same_seed_gives_the_same_files_and_another_seed_others() -> None:
    for folder, seed in (("one", 7), ("same", 7), ("other", 8)):
        assert yuimaru("sample", folder, "--homes", 2, "--days", 1, "--seed", seed).code == 0
    assert contents("one") == contents("same")
    assert contents("one") != contents("other")


def test_a_folder_that_holds_something_is_left_alone() -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work", encoding="utf-8")
    sentence = yuimaru("sample", "mine").refused("FolderNotEmptyError")
    assert sentence == "mine is not empty; name a new folder, or empty this one"
    assert contents("mine") == {"thesis.txt": b"years of work"}


def test_an_empty_folder_is_filled() -> None:
    Path("new").mkdir()
    assert yuimaru("sample", "new", "--homes", 1, "--days", 1).code == 0
    assert sorted(contents("new")) == list(FILES)


def test_a_sample_without_homes_is_a_usage_error() -> None:
    ran = yuimaru("sample", "street", "--homes", 0)
    assert ran.code == 2
    assert not Path("street").exists()
