"""`yuimaru operator`: the keeper that opens, clears, books, settles and finalises slots."""

import asyncio
import logging
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.options import DataDir
from node.cli.output import say

if TYPE_CHECKING:
    from node.settlement.rounds import Round

#: Seconds between two rounds.
ROUND_SECONDS = 0.5


def operator(
    data_dir: DataDir = None,
    slots_ahead: Annotated[int, typer.Option(min=1, help="Slots held open ahead.")] = 4,
) -> None:
    """Run the keeper until stopped. Any number may run: what one has done, another is refused.

    Settings: YUIMARU_CHAIN_URLS, YUIMARU_ACCOUNT_KEYSTORE, YUIMARU_KEYSTORE_PASSWORD.
    """
    from node.chain.sender import Sender
    from node.cli.configuration import read_settings
    from node.cli.deployment import account_of, open_deployment_of
    from node.cli.runtime import run_until_told
    from node.domain.clock import SystemClock
    from node.settlement.keeper import Limits
    from node.settlement.rounds import Keeper
    from node.settlement.service import KeeperService

    # A round that waits for its block delays the next one, which the scheduler would report each time.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    settings = read_settings(data_dir=data_dir)
    deployment = open_deployment_of(settings)
    keeper = Keeper(
        deployment.client,
        deployment.contracts,
        deployment.product,
        account_of(settings),
        Sender(deployment.client),
        Limits(slots_ahead),
        deployment.manifest.block,
    )
    service = KeeperService(keeper, SystemClock(), ROUND_SECONDS, _report)

    async def main(stop: asyncio.Event) -> None:
        service.start()
        say("the operator is at work")
        await stop.wait()
        service.stop()

    run_until_told(main)


def _report(done: "Round") -> None:
    """Tell what was done, and what was refused and why."""
    if done.problem is not None:
        say(f"waiting for the chain: {done.problem}")
    for deed in done.deeds:
        outcome = "done" if deed.done else str(deed.refusal or deed.problem)
        say(f"{deed.action}: {outcome}")
