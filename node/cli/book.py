"""`yuimaru book`: the call auction on a file."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.engine import Engine
from node.cli.files import read_bytes
from node.cli.output import print_json

app = typer.Typer(no_args_is_help=True, help="Show and clear order books.")


@app.command("clear")
def clear_book(
    file: Annotated[
        Path, typer.Argument(help="JSON file with the orders; its format is in node/README.md.")
    ],
    engine: Annotated[
        Engine, typer.Option(help="python: the reference; evm: the shipped contracts, in process.")
    ] = Engine.PYTHON,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Clear a book of orders at one price: price, volume, every fill and the balanced units."""
    from node.domain.documents import decode_json
    from node.domain.files import book_result, parse_book

    orders = parse_book(decode_json(read_bytes(file)))
    if engine is Engine.EVM:
        from node.chain.evm import clear_book as clear_on_evm

        clearing, units = clear_on_evm(orders)
    else:
        from node.domain.clearing import clear
        from node.domain.matching import lay_units

        clearing = clear(orders)
        units = lay_units(orders, clearing.fills)
    result = book_result(orders, clearing, units, engine.value)
    if as_json:
        print_json(result)
    else:
        _print_tables(result)


def _print_tables(result: dict[str, object]) -> None:
    from rich.console import Console
    from rich.table import Table

    from node.cli.tables import print_table

    console = Console()
    head = Table.grid(padding=(0, 2))
    for name in ("volume_wh", "price_sen", "price_interval_sen", "engine"):
        head.add_row(name, str(result[name]))
    console.print(head)
    for name in ("fills", "units"):
        rows = result[name]
        print_table(name, rows if isinstance(rows, list) else [])
