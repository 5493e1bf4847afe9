"""`yuimaru chain` and `yuimaru deploy`: the embedded chain, and the market's contracts on it."""

import asyncio
from typing import Annotated

import typer

from node.cli.options import DataDir
from node.cli.output import say


def chain(
    data_dir: DataDir = None,
    port: Annotated[
        int, typer.Option(help="Port to listen on; another one is taken when it is busy.")
    ] = 8545,
    block_seconds: Annotated[int, typer.Option(min=1, help="A block every so many seconds.")] = 1,
) -> None:
    """Run the embedded chain; its state stays in the data folder and is taken up again at the next start."""
    from node.chain.embedded import EmbeddedChain, EmbeddedSettings
    from node.cli.configuration import read_settings
    from node.cli.runtime import run_until_told
    from node.cli.workspace import Workspace

    settings = read_settings(data_dir=data_dir)
    workspace = Workspace(settings.data_dir)
    embedded = EmbeddedSettings(
        chain_id=settings.chain_id,
        port=port,
        block_seconds=block_seconds,
        state_file=workspace.chain_state,
        binary=settings.anvil,
    )

    async def main(stop: asyncio.Event) -> None:
        with EmbeddedChain(embedded) as running:
            workspace.write_json(workspace.endpoint("chain"), {"url": running.url})
            say(f"chain {embedded.chain_id} answers at {running.url}")
            await stop.wait()

    run_until_told(main)


def deploy(
    data_dir: DataDir = None,
    slot_seconds: Annotated[
        int, typer.Option(min=5, help="Length of a delivery slot; 1800 is a real market's.")
    ] = 1800,
) -> None:
    """Put the market's contracts on the running chain, once, and write the manifest.

    Run again it checks that the chain still holds what the manifest names. Keys of the institutions are made in the data
    folder where there are none.
    """
    from node.cli.configuration import read_settings
    from node.cli.deployment import client_of, deploy_market, open_institutions, product_of
    from node.cli.workspace import Workspace

    settings = read_settings(data_dir=data_dir)
    institutions = open_institutions(Workspace(settings.data_dir))
    manifest = deploy_market(
        client_of(settings), institutions, product_of(slot_seconds), settings.manifest_path
    )
    say(
        f"deployed in block {manifest.block} of chain {manifest.chain_id}: {settings.manifest_path}"
    )
    for name, contract in manifest.contracts.items():
        say(f"  {contract.address}  {name}")
