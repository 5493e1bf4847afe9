"""What a replay leaves: tables on the terminal and a CSV file with the result of each slot."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from node.domain.slots import local_time
from node.domain.units import WattHours, Yen5, format_kwh, format_price, format_yen

if TYPE_CHECKING:
    from node.cli.checks import Check
    from node.cli.replay_setup import ReplayReport

_COLUMNS = (
    "slot_start",
    "orders",
    "price_sen",
    "volume_wh",
    "imbalance_wh",
    "imbalance_yen5",
    "missing",
)


def write_results(path: Path, report: "ReplayReport") -> None:
    """Write one row per slot; an empty price means that nothing traded."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for line in report.lines:
            writer.writerow(
                [
                    local_time(line.slot).isoformat(),
                    line.orders,
                    "" if line.price is None else line.price,
                    line.volume,
                    line.imbalance_wh,
                    line.imbalance_cash,
                    line.missing,
                ]
            )


def summary_table(report: "ReplayReport") -> Table:
    """Return the figures of a replay."""
    prices = [line.price for line in report.lines if line.price is not None]
    table = Table(title="replay", title_justify="left", show_header=False)
    for name, value in (
        ("participants", str(report.participants)),
        ("slots", str(len(report.lines))),
        ("slots with trade", str(len(prices))),
        ("orders", str(report.orders)),
        ("readings", str(report.readings)),
        ("traded", f"{format_kwh(WattHours(sum(line.volume for line in report.lines)))} kWh"),
        ("lowest price", f"{format_price(min(prices))} JPY/kWh" if prices else "none"),
        ("highest price", f"{format_price(max(prices))} JPY/kWh" if prices else "none"),
        (
            "imbalance cash",
            f"{format_yen(Yen5(sum(line.imbalance_cash for line in report.lines)))} JPY",
        ),
        ("blocks", str(report.blocks)),
    ):
        table.add_row(name, value)
    return table


def checks_table(checks: "Sequence[Check]") -> Table:
    """Return the checks with what was found."""
    table = Table(title="checks", title_justify="left")
    for column in ("", "statement", "found"):
        table.add_column(column)
    for check in checks:
        table.add_row("[green]ok" if check.holds else "[red]FAILED", check.statement, check.found)
    return table
