"""`yuimaru wallet`: a participant's key, money and orders in a running market."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.options import DataDir
from node.cli.output import print_json, say
from node.domain.orders import Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.cli.deployment import Deployment
    from node.cli.wallet_keys import AccountKey
    from node.cli.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="Keys, money and orders of a participant.")

AccountName = Annotated[
    str,
    typer.Option(
        "--account",
        envvar="YUIMARU_ACCOUNT",
        help="Name of the account; its key file is keys/account-NAME.json in the data folder.",
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        help="File with the key file's password, - to type it; by default keys/password in the data folder.",
    ),
]
RpcUrl = Annotated[
    str | None,
    typer.Option("--rpc-url", help="Node of the chain; by default the one of the data folder."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON with integers instead of text.")]
Since = Annotated[
    str, typer.Option("--from", help="First slot: Unix seconds, or a Japanese local date or time.")
]
Until = Annotated[
    str | None, typer.Option("--to", help="Slots before this: Unix seconds, or a local date.")
]


@app.command("create")
def create(
    account: AccountName, data_dir: DataDir = None, password_file: PasswordFile = None
) -> None:
    """Make a new key and keep it in an encrypted file. No key file is ever overwritten."""
    from node.cli.wallet_keys import create_account

    made = create_account(_workspace(data_dir), account, password_file)
    say(f"account {account} is {made.address}; ask the market operator to admit it")


@app.command("import")
def import_(
    account: AccountName,
    data_dir: DataDir = None,
    key_file: Annotated[
        Path | None,
        typer.Option(help="File with the private key in hex; without it the key is typed, unseen."),
    ] = None,
    password_file: PasswordFile = None,
) -> None:
    """Keep a private key that you have in an encrypted file. The key is never an argument."""
    from node.cli.files import read_bytes
    from node.cli.wallet_keys import import_account

    def secret() -> str:
        if key_file is not None:
            return read_bytes(key_file).decode("utf-8", "replace")
        return str(typer.prompt("Private key in hex", hide_input=True))

    made = import_account(_workspace(data_dir), account, secret, password_file)
    say(f"account {account} is {made.address}")


@app.command("show")
def show(account: AccountName, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show the address of an account and where its key file is. Needs neither password nor chain."""
    from node.cli.wallet_keys import find_account
    from node.cli.wallet_market import members

    workspace = _workspace(data_dir)
    key = find_account(workspace, account)
    points = [member.point for member in members(workspace) if member.account == key.address]
    document = {
        "account": account,
        "address": key.address,
        "key_file": str(key.path),
        "points": points,
    }
    if as_json:
        print_json(document)
        return
    listed = ", ".join(map(str, points)) or "none listed"
    say(f"account {account} is {key.address}")
    say(f"key file {key.path}; metering points: {listed}")


@app.command("balance")
def balance(
    account: AccountName,
    data_dir: DataDir = None,
    rpc_url: RpcUrl = None,
    as_json: Json = False,
) -> None:
    """Show what the ledger holds: available, reserved, debt, free and the minimum deposit, to 1e-5 JPY."""
    from node.cli.wallet_money import read_balance

    with _open(data_dir, account, rpc_url) as (key, deployment):
        held = read_balance(deployment, key.address)
    if as_json:
        print_json(held.document())
    else:
        _say_all(held.lines())


@app.command("deposit")
def deposit(
    account: AccountName,
    data_dir: DataDir = None,
    rpc_url: RpcUrl = None,
    as_json: Json = False,
) -> None:
    """Say how money comes in, and with which reference. Sends nothing: the settlement bank books what arrived."""
    from node.cli.wallet_money import advise_deposit

    with _open(data_dir, account, rpc_url) as (key, deployment):
        advice = advise_deposit(deployment, key.address)
    if as_json:
        print_json(advice.document())
    else:
        _say_all(advice.lines())


@app.command("pay-debt")
def pay_debt(
    account: AccountName,
    data_dir: DataDir = None,
    rpc_url: RpcUrl = None,
    password_file: PasswordFile = None,
) -> None:
    """Pay a debt from the available balance, as far as that goes; a deposit pays it by itself."""
    from node.cli.wallet_market import send
    from node.domain.units import Yen5, format_yen

    with _open(data_dir, account, rpc_url) as (key, deployment):
        ledger = deployment.contracts.ledger
        before = deployment.client.read(ledger.account_of(key.address)).debt
        answer = send(deployment, key.unlock(password_file), ledger.pay_debt(key.address))
        left = deployment.client.read(ledger.account_of(key.address)).debt
    say(f"{format_yen(Yen5(before - left))} JPY paid, {format_yen(left)} JPY left to pay")
    say(f"transaction 0x{answer.tx_hash.hex()}")


@app.command("withdraw")
def withdraw(
    amount: Annotated[str, typer.Argument(metavar="YEN", help="Whole yen to take out.")],
    account: AccountName,
    data_dir: DataDir = None,
    rpc_url: RpcUrl = None,
    password_file: PasswordFile = None,
) -> None:
    """Take free money out: it leaves the account at once, the bank pays it out and confirms."""
    from node.cli.wallet_amounts import LARGEST_PAYOUT, parse_whole
    from node.cli.wallet_market import send

    yen = parse_whole("amount", amount, 1, LARGEST_PAYOUT, "yen")
    with _open(data_dir, account, rpc_url) as (key, deployment):
        call = deployment.contracts.ledger.withdraw(yen)
        answer = send(deployment, key.unlock(password_file), call)
    number = answer.argument("WithdrawalRequested", "id")
    say(f"withdrawal {number} of {yen} JPY requested; the settlement bank pays it out")
    say(f"transaction 0x{answer.tx_hash.hex()}")


@app.command("bid")
def bid(
    account: AccountName,
    slot: Annotated[str, typer.Option(help="Start of the slot in Unix seconds, or next.")],
    side: Annotated[Side, typer.Option(help="Buy or sell energy.")],
    price: Annotated[
        str,
        typer.Option(
            help="Worst price accepted: JPY/kWh with at most two decimals (20.10), or sen (2010sen)."
        ),
    ],
    energy: Annotated[str, typer.Option(metavar="WH", help="Energy in whole Wh.")],
    point: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Metering point; needed if you own several."),
    ] = None,
    data_dir: DataDir = None,
    rpc_url: RpcUrl = None,
    password_file: PasswordFile = None,
) -> None:
    """Place a limit order in the call auction of a slot, before its call time."""
    from node.cli.wallet_bid import parse_bid, place_bid

    wanted = parse_bid(slot, side, price, energy, point)
    with _open(data_dir, account, rpc_url) as (key, deployment):
        _say_all(place_bid(deployment, key.unlock(password_file), wanted))


@app.command("list")
@app.command("orders", hidden=True)
def list_orders(
    account: AccountName,
    data_dir: DataDir = None,
    since: Since = "0",
    until: Until = None,
    rpc_url: RpcUrl = None,
    as_json: Json = False,
) -> None:
    """List your orders: state, fill, clearing price, and the reason when an order got nothing."""
    from node.cli.wallet_amounts import parse_span
    from node.cli.wallet_orders import order_document, order_lines, own_orders

    span = parse_span(since, until)
    with _open(data_dir, account, rpc_url) as (key, deployment):
        orders, product = own_orders(deployment, key.address, span), deployment.product
    if as_json:
        print_json({"orders": [order_document(own, product) for own in orders]})
    else:
        _say_all(order_lines(orders, product) or ["no orders"])


@app.command("cancel")
def cancel(
    slot: Annotated[str, typer.Argument(help="Start of the slot in Unix seconds.")],
    order_id: Annotated[str, typer.Argument(help="Number of the order in its slot.")],
    account: AccountName,
    data_dir: DataDir = None,
    rpc_url: RpcUrl = None,
    password_file: PasswordFile = None,
) -> None:
    """Take an order back before call time; what it had reserved is free again."""
    from node.cli.wallet_amounts import LARGEST_ORDER_NUMBER, parse_whole
    from node.cli.wallet_market import send, slot_of

    number = parse_whole("order", order_id, 0, LARGEST_ORDER_NUMBER, "the orders of a slot")
    with _open(data_dir, account, rpc_url) as (key, deployment):
        start = slot_of(deployment, slot)
        call = deployment.contracts.auction.cancel(start, number)
        answer = send(deployment, key.unlock(password_file), call)
    say(f"order {number} of slot {start} is cancelled, its reserve is free again")
    say(f"transaction 0x{answer.tx_hash.hex()}")


@contextmanager
def _open(
    data_dir: Path | None, account: str, rpc_url: str | None
) -> "Iterator[tuple[AccountKey, Deployment]]":
    """Give the key file of an account, still locked, and the market."""
    from node.cli.wallet_keys import find_account
    from node.cli.wallet_market import open_market, settings_for
    from node.cli.workspace import Workspace

    settings = settings_for(data_dir, rpc_url)
    key = find_account(Workspace(settings.data_dir), account)
    with open_market(settings) as deployment:
        yield key, deployment


def _workspace(data_dir: Path | None) -> "Workspace":
    from node.cli.configuration import read_settings
    from node.cli.workspace import Workspace

    return Workspace(read_settings(data_dir=data_dir).data_dir)


def _say_all(lines: list[str]) -> None:
    for line in lines:
        say(line)
