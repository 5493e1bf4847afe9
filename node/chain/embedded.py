"""The embedded chain: one anvil process with its state in a file, no fees and Prague rules.

The process of anvil holds a lock beside its state file for as long as it lives, so that two chains never write one
state, not even when the program that started the first one was killed.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from node.chain.client import ChainClient
from node.chain.errors import (
    AnvilMissingError,
    ChainUnavailableError,
    EmbeddedChainError,
    WrongChainError,
)
from node.chain.polling import pauses

DEFAULT_CHAIN_ID = 7411
DEFAULT_PORT = 8545

BLOCK_GAS_LIMIT = 100_000_000

#: Blocks whose state is kept in memory, for traces of refused transactions; all of them would be 200 kB a block.
KEPT_STATES = 64

#: Seconds between two writes of the state; what a kill -9 of the chain itself may lose.
STATE_INTERVAL_SECONDS = 5

_HOST = "127.0.0.1"
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_PORT_ATTEMPTS = 3
_ADDRESS_IN_USE = "in use"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedSettings:
    """How the embedded chain runs.

    `block_seconds`: a block every so many seconds; None mines a block for each transaction at once. `manual`: blocks
    are made only when they are asked for. `genesis_time` is for chains that start in the past. Without `state_file`
    nothing is kept.
    """

    chain_id: int = DEFAULT_CHAIN_ID
    port: int = DEFAULT_PORT
    block_seconds: int | None = None
    manual: bool = False
    genesis_time: int | None = None
    state_file: Path | None = None
    binary: Path | None = None


class EmbeddedChain:
    """A running embedded chain; a context manager that stops it."""

    def __init__(self, settings: EmbeddedSettings) -> None:
        self._settings = settings
        self._locks = [] if settings.state_file is None else [_lock_state(settings.state_file)]
        self._clients: list[ChainClient] = []
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        try:
            self._process, self.url = self._start(find_anvil(settings.binary))
        except BaseException:
            self._release()
            raise

    @property
    def pid(self) -> int:
        """Number of the process of anvil."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    def client(self) -> ChainClient:
        """Return a client of this chain; it is closed with the chain."""
        self._clients.append(ChainClient([self.url], self._settings.chain_id))
        return self._clients[-1]

    def mining(self) -> "ManualMining":
        """Return what makes blocks and sets their time."""
        return ManualMining(self.client())

    def stop(self) -> None:
        """Let anvil write its state and end."""
        for client in self._clients:
            client.close()
        if self.is_running:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._release()

    def __enter__(self) -> "EmbeddedChain":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self, binary: Path) -> tuple[subprocess.Popen[bytes], str]:
        """Start anvil on the wanted port, or on a free one when that is taken."""
        port = self._settings.port
        for _ in range(_PORT_ATTEMPTS):
            port = self._take_port(port)
            process = subprocess.Popen(
                [str(binary), *anvil_arguments(self._settings, port)],
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                pass_fds=[lock.fileno() for lock in self._locks],
                start_new_session=True,
            )
            url = f"http://{_HOST}:{port}"
            if self._answers(process, url):
                return process, url
            port = 0
        raise EmbeddedChainError(f"the embedded chain found no free port: {self._said()}")

    def _take_port(self, wanted: int) -> int:
        """Return the wanted port, or any free one when it is taken or another chain of ours is just taking it."""
        if wanted:
            name = f"yuimaru-{os.getuid()}-port-{wanted}.lock"
            claim = _locked(Path(tempfile.gettempdir()) / name)
            if claim is not None:
                self._locks.append(claim)
                return _free_port(wanted)
        return _free_port(0)

    def _answers(self, process: subprocess.Popen[bytes], url: str) -> bool:
        """Wait until anvil answers; False when somebody else took its port meanwhile."""
        client = ChainClient([url], self._settings.chain_id)
        for _ in pauses(_START_SECONDS):
            if process.poll() is not None:
                if _ADDRESS_IN_USE in self._said():
                    return False
                raise EmbeddedChainError(f"the embedded chain did not start: {self._said()}")
            try:
                client.head()
            except ChainUnavailableError:
                continue
            except WrongChainError:
                process.kill()
                process.wait()
                return False
            finally:
                client.close()
            return True
        process.kill()
        process.wait()
        raise EmbeddedChainError(f"the embedded chain did not answer: {self._said()}")

    def _said(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip()[-2000:] or "no message"

    def _release(self) -> None:
        self._errors.close()
        for lock in self._locks:
            lock.close()


class ManualMining:
    """Makes blocks of an embedded chain and sets their time: how a virtual clock drives a chain."""

    def __init__(self, client: ChainClient) -> None:
        self._client = client
        self._time = client.newest_block().timestamp

    def set_time(self, instant: int) -> None:
        """Give the blocks that are made from now on this time; time never goes back."""
        self._time = max(self._time, instant)

    def mine(self) -> None:
        """Make a block of what is waiting."""
        self._client.request("evm_mine", {"timestamp": self._time})

    def mine_at(self, instant: int) -> None:
        """Make a block at an instant."""
        self.set_time(instant)
        self.mine()

    def automatic(self, wanted: bool) -> None:
        """Make a block for each transaction at once, or only when asked."""
        self._client.request("evm_setAutomine", wanted)


def find_anvil(given: Path | None) -> Path:
    """Return anvil: the one that was given, that of `make install`, or one on the path."""
    if given is not None:
        candidates = [given]
    else:
        installed = Path(__file__).resolve().parents[2] / "node_modules" / ".bin" / "anvil"
        found = shutil.which("anvil")
        candidates = [installed] if found is None else [installed, Path(found)]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise AnvilMissingError(candidates[0])


def anvil_arguments(settings: EmbeddedSettings, port: int) -> Sequence[str]:
    """Return the arguments of anvil. Its funded accounts are left out: at no fee nobody needs money to send."""
    arguments = [
        "--quiet",
        *("--host", _HOST, "--port", str(port)),
        *("--chain-id", str(settings.chain_id)),
        *("--accounts", "0"),
        *("--hardfork", "prague"),
        *("--gas-limit", str(BLOCK_GAS_LIMIT), "--enable-tx-gas-limit"),
        *("--gas-price", "0", "--block-base-fee-per-gas", "0"),
        *("--prune-history", str(KEPT_STATES)),
    ]
    if settings.manual:
        arguments.append("--no-mining")
    elif settings.block_seconds is not None:
        arguments += ["--block-time", str(settings.block_seconds)]
    if settings.genesis_time is not None:
        arguments += ["--timestamp", str(settings.genesis_time)]
    if settings.state_file is not None:
        arguments += ["--state", str(settings.state_file)]
        arguments += ["--state-interval", str(STATE_INTERVAL_SECONDS)]
    return arguments


def _free_port(wanted: int) -> int:
    """Return the wanted port, or any free one when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise EmbeddedChainError("this machine has no free port")


def _lock_state(state_file: Path) -> IO[bytes]:
    state_file.parent.mkdir(parents=True, exist_ok=True)
    lock = _locked(state_file.with_name(f"{state_file.name}.lock"))
    if lock is None:
        raise EmbeddedChainError(
            f"another embedded chain is running on {state_file}: stop it first"
        )
    return lock


def _locked(path: Path) -> IO[bytes] | None:
    """Lock a file, None when somebody else has; the lock passes on to anvil and ends with it."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
