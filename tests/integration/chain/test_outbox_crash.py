"""kill -9 of a sender at any point, and its restart: the call is on the chain once."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from node.chain.embedded import EmbeddedChain, EmbeddedSettings
from node.chain.errors import ChainUnavailableError, OutboxError
from node.chain.manifest import genesis_hash
from node.chain.outbox import EntryState, Outbox, Owner
from node.chain.outbox_sender import OutboxSender
from node.chain.signing import LocalSigner
from node.chain.transactions import Call
from tests.integration.chain.crashing import CALL, POINTS, SECRET

pytestmark = pytest.mark.chain


def _run(chain: EmbeddedChain, folder: Path, point: str) -> int:
    arguments = [sys.executable, "-m", "tests.integration.chain.crashing"]
    root = Path(__file__).resolve().parents[3]
    finished = subprocess.run(
        [*arguments, chain.url, "7411", str(folder), point], cwd=root, timeout=60, check=False
    )
    return finished.returncode


def _mined(chain: EmbeddedChain) -> int:
    return chain.client().mined_counts([LocalSigner(SECRET).address])[0]


@pytest.mark.spec("G-18")
@pytest.mark.parametrize("point", POINTS)
def test_a_call_survives_a_kill_and_is_made_once(tmp_path: Path, point: str) -> None:
    with EmbeddedChain(EmbeddedSettings(port=0)) as chain:
        killed = _run(chain, tmp_path, point)
        finished = _run(chain, tmp_path, "never")
        once_more = _run(chain, tmp_path, "never")

        assert (killed, finished, once_more) == (-signal.SIGKILL, 0, 0)
        assert _mined(chain) == 1


def test_a_call_survives_every_kill_in_turn(tmp_path: Path) -> None:
    with EmbeddedChain(EmbeddedSettings(port=0)) as chain:
        ends = [_run(chain, tmp_path, point) for point in POINTS]

        assert set(ends) == {-signal.SIGKILL}
        assert _mined(chain) == 1


def _sender(chain: EmbeddedChain, path: Path, signer: LocalSigner) -> OutboxSender:
    client = chain.client()
    owner = Owner(client.chain_id, genesis_hash(client), signer.address)
    return OutboxSender(client, signer, Outbox(path, owner))


def test_what_waits_while_the_chain_is_down_is_sent_when_it_is_back(tmp_path: Path) -> None:
    settings = EmbeddedSettings(port=0, state_file=tmp_path / "state.json")
    signer = LocalSigner(SECRET)
    with EmbeddedChain(settings) as chain:
        sender = _sender(chain, tmp_path / "outbox.sqlite3", signer)
        chain.client().head()
    sender.submit("order", CALL)
    with pytest.raises(ChainUnavailableError):
        sender.pump()
    sender.outbox.close()

    with EmbeddedChain(settings) as chain:
        sender = _sender(chain, tmp_path / "outbox.sqlite3", signer)
        assert sender.send("order", CALL).state is EntryState.MINED
        sender.outbox.close()


def test_a_chain_that_forgot_gets_everything_again(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    signer = LocalSigner(SECRET)
    with EmbeddedChain(EmbeddedSettings(port=0, state_file=state)) as chain:
        chain.client().head()
    remembered = state.read_bytes()
    with EmbeddedChain(EmbeddedSettings(port=0, state_file=state)) as chain:
        sender = _sender(chain, tmp_path / "outbox.sqlite3", signer)
        for number in range(3):
            sender.send(f"order {number}", CALL)
        sender.outbox.close()
    state.write_bytes(remembered)  # as after a kill -9 of the chain before it wrote its state

    with EmbeddedChain(EmbeddedSettings(port=0, state_file=state)) as chain:
        assert _mined(chain) == 0
        sender = _sender(chain, tmp_path / "outbox.sqlite3", signer)
        while not sender.pump().is_idle:
            pass
        assert _mined(chain) == 3
        sender.outbox.close()


def test_an_outbox_is_not_emptied_onto_another_chain(tmp_path: Path) -> None:
    signer = LocalSigner(SECRET)
    with EmbeddedChain(EmbeddedSettings(port=0)) as chain:
        _sender(chain, tmp_path / "outbox.sqlite3", signer).outbox.close()
    with (
        EmbeddedChain(EmbeddedSettings(port=0, genesis_time=1)) as other,
        pytest.raises(OutboxError, match="name another file"),
    ):
        _sender(other, tmp_path / "outbox.sqlite3", signer)


def test_two_programs_with_one_key_lose_nothing(tmp_path: Path) -> None:
    signer = LocalSigner(SECRET)
    with EmbeddedChain(EmbeddedSettings(port=0, manual=True)) as chain:
        senders = [_sender(chain, tmp_path / f"{name}.sqlite3", signer) for name in "ab"]
        for number in range(5):
            for place, sender in enumerate(senders):
                data = CALL.data + bytes([place, number])
                sender.submit(f"order {number}", Call("creation", None, data, 100_000))
        mining = chain.mining()
        for _ in range(200):
            rounds = [sender.pump() for sender in senders]
            if all(progress.is_idle for progress in rounds):
                break
            mining.mine()

        states = {
            entry.state
            for sender in senders
            for number in range(5)
            if (entry := sender.outbox.get(f"order {number}"))
        }
        assert states == {EntryState.MINED}
        assert _mined(chain) == 10
        for sender in senders:
            sender.outbox.close()
