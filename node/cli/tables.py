"""Tables on the terminal."""

from rich.table import Table


def table_of(title: str, rows: object) -> Table:
    """Return a table of a list of objects with the same keys; an empty list gives a table that says so."""
    table = Table(title=title, title_justify="left")
    if not isinstance(rows, list) or not rows:
        table.add_column("nothing")
        return table
    for name, value in rows[0].items():
        table.add_column(str(name), justify="right" if isinstance(value, int) else "left")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    return table
