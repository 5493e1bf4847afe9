"""`yuimaru bill`: what a party bought, sold and owed for imbalance, recomputed from the chain's events alone."""

from typing import Annotated

import typer

from node.cli.options import DataDir
from node.cli.output import print_json, say


def bill(
    party: Annotated[str, typer.Option(help="Name of a member, or address of an admitted party.")],
    since: Annotated[
        str,
        typer.Option("--from", help="First slot: Unix seconds, or a Japanese local date or time."),
    ] = "0",
    until: Annotated[
        str | None,
        typer.Option("--to", help="Slots before this: Unix seconds, or a local date or time."),
    ] = None,
    data_dir: DataDir = None,
    rpc_url: Annotated[
        str | None,
        typer.Option("--rpc-url", help="Node of the chain; by default the one of the data folder."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON with integers instead of text.")
    ] = False,
) -> None:
    """Print a party's bill and compare it with the ledger; differing is an error.

    Each line is a trade or an imbalance with its energy, price, cash and transaction, and why there was an imbalance.
    """
    from node.cli.bill_making import make_bill
    from node.cli.bill_output import bill_document, bill_lines
    from node.cli.wallet_amounts import parse_span
    from node.cli.wallet_errors import BillDiffersError
    from node.cli.wallet_market import open_market, settings_for
    from node.cli.workspace import Workspace

    span = parse_span(since, until)
    settings = settings_for(data_dir, rpc_url)
    with open_market(settings) as deployment:
        made = make_bill(Workspace(settings.data_dir), deployment, party, span)
        product = deployment.product
    if as_json:
        print_json(bill_document(made, product))
    else:
        for line in bill_lines(made, product):
            say(line)
    if problem := made.proof.problem:
        raise BillDiffersError(problem)
