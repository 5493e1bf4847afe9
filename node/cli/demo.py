"""`yuimaru demo`: the whole market on one machine, live, with its books checked at the end."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.output import say

if TYPE_CHECKING:
    from node.cli.demo_run import DemoReport


def demo(
    homes: Annotated[
        int,
        typer.Option(
            min=3, max=100, help="Participants, each a process: homes, a shop, a solar site."
        ),
    ] = 8,
    slot_seconds: Annotated[
        int, typer.Option(min=10, help="Length of a slot; each carries a half hour.")
    ] = 10,
    slots: Annotated[int, typer.Option(min=1, help="Slots to show and settle.")] = 12,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on trading after the summary, until Ctrl-C.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Sun, loads and batteries are drawn from it.")] = 1,
    first_half_hour: Annotated[
        int,
        typer.Option(
            min=0,
            max=47,
            help="Half hour of the day, 0 to 47, that the devices begin with; the first slot is some later.",
        ),
    ] = 26,
    data_dir: Annotated[
        Path, typer.Option(help="Folder for keys, chain and databases; made anew each time.")
    ] = Path(".yuimaru"),
) -> None:
    """Start chain, hub, four oracles, operator, devices and homes as processes, and watch them trade.

    Exit code 0 only if every check of the summary holds. While it runs, `yuimaru wallet` and `yuimaru bill` work on it.
    """
    import asyncio

    from node.cli.demo_run import DemoPlan, run_demo
    from node.cli.workspace import Workspace

    plan = DemoPlan(
        workspace=Workspace(data_dir.resolve()),
        homes=homes,
        slot_seconds=slot_seconds,
        slots=slots,
        seed=seed,
        first_half_hour=first_half_hour,
        keep=keep,
    )
    _show(asyncio.run(run_demo(plan, say)))


def _show(report: "DemoReport") -> None:
    """Print figures and checks; raise when a check does not hold."""
    from rich.console import Console

    from node.cli.replay import ChecksFailedError
    from node.cli.replay_output import checks_table

    for name, figure in report.figures.items():
        say(f"  {name}: {figure}")
    Console().print(checks_table(report.checks))
    failed = [check.statement for check in report.checks if not check.holds]
    if failed:
        raise ChecksFailedError("; ".join(failed))
