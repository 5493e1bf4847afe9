"""Tables on the terminal. A figure is never cut: a table that is too wide runs over the edge instead."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

#: Wide enough for any figure; a terminal wraps or scrolls what it cannot show.
_WIDTH = 400


def print_table(title: str, rows: Sequence[dict[str, object]]) -> None:
    """Print objects with the same keys as a table; none gives a line that says so."""
    table = Table(title=title, title_justify="left")
    for name, value in rows[0].items() if rows else ():
        table.add_column(name, justify="right" if isinstance(value, int) else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    if rows:
        Console(width=_WIDTH).print(table)
    else:
        Console().print(f"{title}: nothing")
