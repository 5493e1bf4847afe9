"""`yuimaru oracle`: one oracle operator's node."""

from typing import TYPE_CHECKING

from node.cli.options import DataDir
from node.cli.output import say

if TYPE_CHECKING:
    from node.settings import Settings
    from oracle.process import OracleProcess


def oracle(data_dir: DataDir = None) -> None:
    """Run an oracle until stopped: fetch, check, agree with the others, sign, submit.

    Settings: YUIMARU_CHAIN_URLS, YUIMARU_ACCOUNT_KEYSTORE, YUIMARU_KEYSTORE_PASSWORD, YUIMARU_ORACLE_*.
    """
    from node.cli.configuration import read_settings
    from node.cli.runtime import run_until_told

    process = _assemble(read_settings(data_dir=data_dir))
    say(f"oracle answers at {process.url}")
    run_until_told(process.run)


def _assemble(settings: "Settings") -> "OracleProcess":
    from node.chain.outbox import Outbox
    from node.chain.outbox_sender import OutboxSender
    from node.cli.configuration import required
    from node.cli.deployment import account_of, open_deployment_of
    from node.domain.clock import SystemClock
    from oracle.process import OracleConfig, OracleProcess
    from oracle.service import Timing

    deployment = open_deployment_of(settings)
    signer = account_of(settings)
    folder = settings.data_dir / "oracles" / signer.address
    folder.mkdir(parents=True, exist_ok=True)
    outbox = Outbox(folder / "outbox.sqlite", deployment.outbox_owner(signer.address))
    return OracleProcess(
        OracleConfig(
            host=settings.oracle_host,
            port=settings.oracle_port,
            state_file=folder / "state.sqlite",
            hubs=settings.oracle_hubs,
            system=required(settings.oracle_system, "oracle_system"),
            password=required(settings.oracle_password, "oracle_password").get_secret_value(),
            peers=settings.oracle_peers,
            timing=Timing.of(deployment.product),
        ),
        signer=signer,
        client=deployment.client,
        contracts=deployment.contracts,
        product=deployment.product,
        clock=SystemClock(),
        sender=OutboxSender(deployment.client, signer, outbox),
        since_block=deployment.manifest.block,
    )
