"""`yuimaru settle`: the settlement of one slot on a file."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.engine import Engine
from node.cli.files import read_bytes
from node.cli.output import print_json, say


def settle(
    file: Annotated[Path, typer.Argument(help="JSON file with trades, metered values and prices.")],
    engine: Annotated[
        Engine, typer.Option(help="python: the reference; evm: the shipped contracts, in process.")
    ] = Engine.PYTHON,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Settle trades and metered energy of one slot: everybody's cash, to 1e-5 yen, adding to zero.

    The format of FILE is in node/README.md.
    """
    from node.domain.documents import decode_json
    from node.domain.files import parse_settlement, settlement_result

    parsed = parse_settlement(decode_json(read_bytes(file)))
    if engine is Engine.EVM:
        from node.chain.evm import settle_file

        settlement = settle_file(parsed)
    else:
        from node.domain.settlement import settle_slot

        settlement = settle_slot(parsed.trades, parsed.metered_net_export, parsed.prices)
    result = settlement_result(settlement)
    if as_json:
        print_json(result)
        return
    from node.cli.tables import print_table

    participants = result["participants"]
    rows = (
        [
            {"participant": name, "flag": figures.get("flag", ""), **figures}
            for name, figures in participants.items()
        ]
        if isinstance(participants, dict)
        else []
    )
    print_table("cash in 1e-5 JPY, received is positive", rows)
    say(f"balancing account: {result['balancing_account_yen5']}")
