"""`yuimaru hub`: runs the hub, and says who may talk to it."""

import asyncio
import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.options import DataDir
from node.cli.output import say
from node.cli.workspace import Workspace, write_text

if TYPE_CHECKING:
    from node.hub.dependencies import HubDependencies
    from node.metering.registration import Registrar
    from node.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Takes readings in, follows the chain, answers.")


@app.command("serve")
def serve(
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 picks a free one.")] = None,
) -> None:
    """Run the hub until stopped. Settings: YUIMARU_CHAIN_URLS, YUIMARU_DATABASE_URL, YUIMARU_HUB_*."""
    from node.cli.configuration import read_settings
    from node.cli.runtime import run_until_told
    from node.hub.app import create_app
    from node.hub.server import HubServer

    settings = read_settings(data_dir=data_dir, hub_host=host, hub_port=port)
    workspace = Workspace(settings.data_dir)
    server = HubServer(create_app(_dependencies(settings)), settings.hub_host, settings.hub_port)

    async def main(stop: asyncio.Event) -> None:
        workspace.write_json(workspace.endpoint("hub"), {"url": server.url})
        say(f"hub answers at {server.url}")
        await server.run(stop)

    run_until_told(main)


@app.command("list-device")
def list_device(
    device_id: Annotated[str, typer.Argument(help="Id of the device, assigned beforehand.")],
    data_dir: DataDir = None,
) -> None:
    """Let a device register with the common initial password; listing it again changes nothing."""
    from node.cli.configuration import read_settings

    open_registrar(read_settings(data_dir=data_dir)).list_device(device_id)
    say(f"{device_id} may register")


@app.command("free-device")
def free_device(
    device_id: Annotated[str, typer.Argument(help="Id of a device that lost its password.")],
    data_dir: DataDir = None,
) -> None:
    """Let a registered device register again; its old password is worth nothing from now on."""
    from node.cli.configuration import read_settings

    open_registrar(read_settings(data_dir=data_dir)).free_device(device_id)
    say(f"{device_id} may register again")


@app.command("add-system")
def add_system(
    name: Annotated[str, typer.Argument(help="Name of the upper system or oracle.")],
    oracle: Annotated[bool, typer.Option("--oracle", help="It is an oracle.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Let an upper system or oracle ask for readings; prints its password, once."""
    from node.cli.configuration import read_settings
    from node.store.records import SystemRole

    role = SystemRole.ORACLE if oracle else SystemRole.UPPER
    say(open_registrar(read_settings(data_dir=data_dir)).add_system(name, role))


def initial_password(settings: "Settings") -> str:
    """Return the password that all devices register with; made on first use where none is set (D-44)."""
    if settings.hub_initial_password is not None:
        return settings.hub_initial_password.get_secret_value()
    path = settings.data_dir / "hub" / "initial-password"
    if not path.exists():
        write_text(path, secrets.token_urlsafe(18) + "\n", secret=True)
    return path.read_text(encoding="utf-8").strip()


def open_registrar(settings: "Settings") -> "Registrar":
    """Return the registration desk of the hub's database."""
    from node.domain.clock import SystemClock
    from node.metering.passwords import Passwords
    from node.metering.registration import Registrar
    from node.store.database import Database

    def nobody(_owner: str, _gateway: str, _signature: bytes) -> str | None:
        return None  # listing needs no proof; devices register with the running hub

    database = Database.open(_database_url(settings))
    return Registrar(database, SystemClock(), Passwords(), initial_password(settings), nobody)


def _dependencies(settings: "Settings") -> "HubDependencies":
    from node.cli.deployment import open_deployment_of
    from node.domain.clock import SystemClock
    from node.hub.deployment import hub_of_deployment
    from node.store.database import Database

    deployment = open_deployment_of(settings)
    return hub_of_deployment(
        deployment.manifest,
        deployment.client,
        database=Database.open(_database_url(settings)),
        clock=SystemClock(),
        initial_password=initial_password(settings),
        finality_depth=settings.hub_finality_depth,
    )


def _database_url(settings: "Settings") -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    path = settings.data_dir / "hub" / "hub.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"
