"""`yuimaru replay`: days from CSV files through the real contracts, under a virtual clock."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.output import say
from node.domain.errors import YuimaruError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.cli.replay_setup import ReplayReport
    from node.domain.neighbourhood import Neighbourhood
    from node.domain.slots import DeliverySlot


class ReplayRangeError(YuimaruError):
    """The slots that were asked for are not in the files."""


class ChecksFailedError(YuimaruError):
    """A check at the end of a run does not hold."""


def replay(
    folder: Annotated[
        Path, typer.Argument(help="Folder with the four CSV files; see `yuimaru sample`.")
    ],
    first_day: Annotated[
        str | None,
        typer.Option("--from", help="First day, YYYY-MM-DD; by default the second of the files."),
    ] = None,
    slots: Annotated[int, typer.Option(min=1, help="Number of half hours.")] = 48,
    output: Annotated[Path, typer.Option(help="CSV file for the result of each slot.")] = Path(
        "replay.csv"
    ),
) -> None:
    """Run slots of a neighbourhood on the embedded chain: bid, clear, deliver as the files say, attest, settle.

    Nobody sees the future: everybody forecasts by the same slot a day earlier.
    """
    from rich.console import Console

    from node.cli.files import check_writable
    from node.cli.neighbourhoods import read_neighbourhood
    from node.cli.replay_output import checks_table, summary_table, write_results

    neighbourhood = read_neighbourhood(folder)
    chosen = _slots(neighbourhood, first_day, slots)
    check_writable(output)
    report = _with_progress(neighbourhood, chosen)
    write_results(output, report)
    console = Console()
    console.print(summary_table(report))
    console.print(checks_table(report.checks))
    say(f"results of each slot: {output}")
    failed = [check.statement for check in report.checks if not check.holds]
    if failed:
        raise ChecksFailedError("; ".join(failed))


def _slots(
    neighbourhood: "Neighbourhood", first_day: str | None, count: int
) -> "Sequence[DeliverySlot]":
    from node.domain.slots import DAY_SECONDS, JST, local_date

    held = neighbourhood.slots
    if first_day is None:
        start = min(held[0] + DAY_SECONDS, held[-1])
    else:
        try:
            day = date.fromisoformat(first_day)
            start = int(datetime(day.year, day.month, day.day, tzinfo=JST).timestamp())
        except (ValueError, OverflowError) as error:
            raise ReplayRangeError(f"--from {first_day}: expected a day as YYYY-MM-DD") from error
    chosen = [slot for slot in held if slot >= start][:count]
    if len(chosen) < count or chosen[0] != start:
        raise ReplayRangeError(
            f"{count} slots from {local_date(start)} are not in the files, which hold "
            f"{len(held)} slots from {local_date(held[0])} to {local_date(held[-1])}"
        )
    return chosen


def _with_progress(
    neighbourhood: "Neighbourhood", chosen: "Sequence[DeliverySlot]"
) -> "ReplayReport":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from node.cli.replay_run import Moment
    from node.cli.replay_setup import run_replay
    from node.domain.slots import HALF_HOURS

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("starting the chain", total=5 * len(chosen))

        def progress(moment: Moment) -> None:
            bar.update(task, advance=1, description=f"slot {HALF_HOURS.label(moment.slot)}")

        return run_replay(neighbourhood, chosen, progress)
