"""Entry point of the command `yuimaru`.

Every command imports what it needs when it runs, so that help answers at once.
"""

import sys

import typer

from node.cli import (
    bill,
    book,
    chain,
    demo,
    devices,
    home,
    hub,
    operator,
    oracle,
    replay,
    sample,
    settle,
    wallet,
)
from node.cli.output import fail
from node.domain.errors import YuimaruError

app = typer.Typer(
    name="yuimaru",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The exchange on which a neighbourhood trades its own electricity, half hour by half hour.",
)
app.command("demo")(demo.demo)
app.command("replay")(replay.replay)
app.command("sample")(sample.sample)
app.command("settle")(settle.settle)
app.command("bill")(bill.bill)
app.command("chain")(chain.chain)
app.command("deploy")(chain.deploy)
app.command("operator")(operator.operator)
app.command("oracle")(oracle.oracle)
app.command("home")(home.home)
app.command("devices")(devices.devices)
app.add_typer(book.app, name="book")
app.add_typer(hub.app, name="hub")
app.add_typer(wallet.app, name="wallet")


def main() -> None:
    """Run the command line; a named error becomes one sentence on standard error and exit code 1."""
    try:
        app()
    except YuimaruError as error:
        fail(error)
    except KeyboardInterrupt:
        sys.exit(130)
