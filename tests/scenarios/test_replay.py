"""Days from files run through the real contracts under a virtual clock."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from node.cli.neighbourhoods import read_neighbourhood
from node.cli.replay_output import write_results
from node.cli.replay_run import Moment, moments
from node.cli.replay_setup import ReplayReport, run_replay
from node.domain.errors import TableError
from node.domain.neighbourhood import LOAD_FILE
from node.domain.sample import SampleSize, sample_neighbourhood
from node.domain.slots import DAY_SECONDS, HALF_HOURS, DeliverySlot

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    for name, lines in sample_neighbourhood(7, SampleSize(homes=4, days=2)).items():
        (folder / name).write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def noon(sample: Path) -> ReplayReport:
    """Six slots around noon of the second day of a sample."""
    neighbourhood = read_neighbourhood(sample)
    start = neighbourhood.slots[0] + DAY_SECONDS + 20 * HALF_HOURS.slot_seconds
    slots = [slot for slot in neighbourhood.slots if slot >= start][:6]
    return run_replay(neighbourhood, slots, lambda _: None)


@pytest.mark.spec("C-02", "C-03", "C-24", "C-27", "C-36", "G-10", "G-26")
def test_every_check_of_a_replay_holds(noon: ReplayReport) -> None:
    assert [check.statement for check in noon.checks if not check.holds] == []
    assert sum(line.volume for line in noon.lines) > 0
    assert noon.readings == 6 * noon.participants


@pytest.mark.spec("C-52")
def test_the_results_name_price_and_volume_of_each_slot(noon: ReplayReport, tmp_path: Path) -> None:
    write_results(tmp_path / "replay.csv", noon)

    written = (tmp_path / "replay.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(written.splitlines()))
    assert [int(row["volume_wh"]) for row in rows] == [line.volume for line in noon.lines]
    assert [row["price_sen"] for row in rows] == [
        "" if line.price is None else str(line.price) for line in noon.lines
    ]


@pytest.mark.spec("D-34", "D-35")
def test_a_slot_is_bid_for_then_called_delivered_settled_and_final() -> None:
    slot = DeliverySlot(HALF_HOURS.slot_seconds * 1000)

    calendar = moments(HALF_HOURS, [slot])

    assert [moment.stage for moment in calendar] == [0, 1, 2, 3, 4]
    assert [moment.at - slot for moment in calendar] == [-4200, -3600, 1800, 5400, 606_600]


@pytest.mark.spec("C-36", "G-32")
def test_a_reference_day_settles_all_its_slots(reference_data: Path) -> None:
    neighbourhood = read_neighbourhood(reference_data / "aug2022")
    slots = [slot for slot in neighbourhood.slots if slot >= 1_660_748_400][:48]
    seen: list[Moment] = []

    report = run_replay(neighbourhood, slots, seen.append)

    assert [check.statement for check in report.checks if not check.holds] == []
    assert len(report.lines) == 48
    assert len(seen) == 5 * 48
    # With ample sun the price lies at the outside option to sell, in the evening at the one to buy.
    midday = {line.price for line in report.lines[22:28]}
    evening = {line.price for line in report.lines[34:36]}
    assert (midday, evening) == ({1000}, {2600})


@pytest.mark.long
@pytest.mark.spec("G-30")
def test_a_replay_longer_than_the_ring_settles_every_slot(tmp_path: Path) -> None:
    for name, lines in sample_neighbourhood(3, SampleSize(homes=1, days=12)).items():
        (tmp_path / name).write_text("".join(lines), encoding="utf-8")
    neighbourhood = read_neighbourhood(tmp_path)
    slots = neighbourhood.slots[48:548]
    assert len(slots) > HALF_HOURS.ring_size

    report = run_replay(neighbourhood, slots, lambda _: None)

    assert [check.statement for check in report.checks if not check.holds] == []


def test_a_wrong_figure_is_named_with_file_line_and_column(sample: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    for file in sample.iterdir():
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    lines = (folder / LOAD_FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    fields = lines[3].split(",")
    lines[3] = ",".join([fields[0], "much", *fields[2:]])
    (folder / LOAD_FILE).write_text("".join(lines), encoding="utf-8")

    with pytest.raises(TableError, match=r"load_30min.csv:4, column h01: .*much"):
        read_neighbourhood(folder)


def test_results_that_cannot_be_written_are_refused_before_the_run(
    sample: Path, tmp_path: Path
) -> None:
    output = tmp_path / "nowhere" / "results.csv"
    command = [sys.executable, "-m", "node.cli", "replay", str(sample), "--output", str(output)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "FileUnwritableError" in done.stderr
    assert "nowhere" in done.stderr


def test_slots_that_the_files_do_not_hold_are_refused_by_name(sample: Path) -> None:
    command = [sys.executable, "-m", "node.cli", "replay", str(sample), "--from", "2031-01-01"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "ReplayRangeError" in done.stderr
    assert "2031-01-01" in done.stderr
