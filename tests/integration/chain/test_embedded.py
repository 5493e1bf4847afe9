"""The embedded chain as a process: its port, its state, its lock, its clock."""

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from node.chain.client import ChainClient
from node.chain.embedded import EmbeddedChain, EmbeddedSettings, find_anvil
from node.chain.errors import (
    AnvilMissingError,
    ChainUnavailableError,
    EmbeddedChainError,
    WrongChainError,
)
from node.chain.sender import Sender
from node.chain.transactions import GAS_CAP, Call
from tests.integration.chain.world import key

pytestmark = pytest.mark.chain

#: Runtime code that is one STOP, and the creation code that returns it.
CREATE_STOP = bytes.fromhex("600160005360016000f3")


def _creation() -> Call:
    return Call("creation", None, CREATE_STOP, 100_000)


def test_an_account_without_money_can_send() -> None:
    with EmbeddedChain(EmbeddedSettings(port=0)) as chain:
        receipt = Sender(chain.client()).send_and_wait(key("nobody"), _creation())

        assert receipt.succeeded
        balance = chain.client().request("eth_getBalance", key("nobody").address, "latest")
        assert balance == "0x0"


def test_a_taken_port_makes_it_take_another() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with EmbeddedChain(EmbeddedSettings(port=port)) as chain:
            assert chain.url != f"http://127.0.0.1:{port}"
            assert chain.client().head() == 0


def test_state_outlives_a_restart(tmp_path: Path) -> None:
    settings = EmbeddedSettings(port=0, state_file=tmp_path / "state.json")
    with EmbeddedChain(settings) as chain:
        receipt = Sender(chain.client()).send_and_wait(key("a"), _creation())
        genesis = chain.client().block(0)

    with EmbeddedChain(settings) as chain:
        assert chain.client().receipts([receipt.tx_hash]) == [receipt]
        assert chain.client().block(0) == genesis
        assert chain.client().mined_counts([key("a").address]) == [1]
        Sender(chain.client()).send_and_wait(key("a"), _creation())


def test_two_chains_never_share_a_state(tmp_path: Path) -> None:
    settings = EmbeddedSettings(port=0, state_file=tmp_path / "state.json")

    with EmbeddedChain(settings), pytest.raises(EmbeddedChainError, match="stop it first"):
        EmbeddedChain(settings)

    EmbeddedChain(settings).stop()


def test_the_lock_is_held_by_the_chain_even_when_its_starter_is_killed(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    program = (
        "from pathlib import Path; from node.chain.embedded import *; import time;"
        f"chain = EmbeddedChain(EmbeddedSettings(port=0, state_file=Path({str(state)!r})));"
        "print(chain.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        anvil = int(starter.stdout.readline())
        starter.kill()
    try:
        with pytest.raises(EmbeddedChainError, match="stop it first"):
            EmbeddedChain(EmbeddedSettings(port=0, state_file=state))
    finally:
        os.kill(anvil, signal.SIGKILL)


def test_blocks_come_at_the_given_times() -> None:
    settings = EmbeddedSettings(port=0, manual=True, genesis_time=1_660_748_400)
    with EmbeddedChain(settings) as chain:
        mining = chain.mining()
        mining.mine_at(1_660_748_500)
        mining.mine()
        mining.set_time(1_660_748_450)
        mining.mine()

        times = [block.timestamp for n in range(4) if (block := chain.client().block(n))]
        assert times == [1_660_748_400, *[1_660_748_500] * 3]


def test_automatic_mining_can_be_switched_on() -> None:
    with EmbeddedChain(EmbeddedSettings(port=0, manual=True)) as chain:
        chain.mining().automatic(True)

        assert Sender(chain.client()).send_and_wait(key("a"), _creation()).block_number == 1


def test_a_missing_binary_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AnvilMissingError, match="make install"):
        EmbeddedChain(EmbeddedSettings(binary=tmp_path / "anvil"))


def test_a_binary_that_fails_shows_what_it_said(tmp_path: Path) -> None:
    broken = tmp_path / "anvil"
    broken.write_text("#!/bin/sh\necho out of order >&2\nexit 3\n")
    broken.chmod(0o755)

    with pytest.raises(EmbeddedChainError, match="out of order"):
        EmbeddedChain(EmbeddedSettings(port=0, binary=broken))


def test_a_damaged_state_file_is_not_overwritten(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text("{not json")

    with pytest.raises(EmbeddedChainError):
        EmbeddedChain(EmbeddedSettings(port=0, state_file=state))

    assert state.read_text() == "{not json"


def test_a_client_refuses_another_chain() -> None:
    with EmbeddedChain(EmbeddedSettings(port=0, chain_id=7412)) as chain:
        client = ChainClient([chain.url], 7411)

        with pytest.raises(WrongChainError, match="chain 7412, not 7411"):
            client.head()
        client.close()


def test_a_stopped_chain_is_unavailable() -> None:
    with EmbeddedChain(EmbeddedSettings(port=0)) as chain:
        client = chain.client()
        client.head()

    assert not chain.is_running
    with pytest.raises(ChainUnavailableError, match="does it run"):
        client.head()


def test_the_gas_cap_is_kept_before_a_transaction_is_signed() -> None:
    with pytest.raises(Exception, match="smaller chunks"):
        Call("too much", None, b"", GAS_CAP)


def test_anvil_is_found_where_make_install_puts_it() -> None:
    assert find_anvil(None).name == "anvil"


def test_two_chains_that_want_one_port_at_the_same_time_both_run() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with ThreadPoolExecutor() as threads:
        chains = list(threads.map(EmbeddedChain, [EmbeddedSettings(port=port)] * 3))
    try:
        receipts = [Sender(chain.client()).send_and_wait(key("a"), _creation()) for chain in chains]

        assert len({chain.url for chain in chains}) == 3
        assert [receipt.block_number for receipt in receipts] == [1, 1, 1]
    finally:
        for chain in chains:
            chain.stop()
