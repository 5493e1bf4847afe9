"""An Ethereum virtual machine in this process: deploys contracts, executes calls, answers questions.

It takes the same calls and questions as the sender and the client of a chain. Time stands still
until it is set, and each setting begins a block. Signatures of transactions, fees and nonces do not
exist here: a call comes from whatever account it names. Storage that one call has touched stays
warm for the next, so gas used is no measurement.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from pyrevm import EVM, BlockEnv, CfgEnv, Env

from node.chain.abi import Value
from node.chain.client import NOBODY, Query
from node.chain.contracts.facade import Facade
from node.chain.errors import TransactionRevertedError
from node.chain.loading import load_artifact
from node.chain.reverts import explain
from node.chain.transactions import Call, created_address

#: Rules of the machine: those that the bytecode is compiled for.
HARD_FORK = "CANCUN"

#: Questions are free, so they may walk as far as they like.
_QUESTION_GAS = 1 << 62

#: A deployment is done once and may take more than a transaction's gas.
_DEPLOYMENT_GAS = 1 << 32

#: Where the machine's exceptions, which are text, carry what a revert left.
_OUTPUT = re.compile(r"output: (0x[0-9a-fA-F]*)")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RawLog:
    """An event as a contract left it, packed."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Executed:
    """What a call returned and the events that it left."""

    output: bytes
    logs: tuple[RawLog, ...]

    @property
    def number(self) -> int:
        """The output of a function that returns one number."""
        return int.from_bytes(self.output, "big")

    def events(self, contract: Facade, name: str) -> Iterator[dict[str, Value]]:
        """Yield the arguments of a contract's events of a name, in order."""
        for log in self.logs:
            if log.address == contract.address:
                event = contract.abi.decode_event(log.topics, log.data)
                if event is not None and event[0] == name:
                    yield event[1]


class Machine:
    """The virtual machine."""

    def __init__(self, *, chain_id: int, now: int) -> None:
        self.chain_id = chain_id
        self.block_number = 1
        self.now = now
        block = BlockEnv(number=self.block_number, timestamp=now)
        self._evm = EVM(env=Env(cfg=CfgEnv(chain_id=chain_id), block=block), spec_id=HARD_FORK)

    def begin_block(self, instant: int) -> None:
        """Begin a block at `instant`."""
        self.block_number += 1
        self.now = instant
        self._evm.set_block_env(BlockEnv(number=self.block_number, timestamp=instant))

    def next_address(self, deployer: str, ahead: int = 0) -> str:
        """Return the address that the next contract of `deployer` will have, or one `ahead` of it."""
        return created_address(deployer, self._evm.basic(deployer).nonce + ahead)

    def deploy(self, deployer: str, name: str, *arguments: object) -> str:
        """Deploy a shipped contract with these constructor arguments; returns its address."""
        artifact = load_artifact(name)
        code = artifact.creation_code + artifact.abi.constructor.encode_inputs(arguments)
        try:
            return self._evm.deploy(deployer, code, gas=_DEPLOYMENT_GAS).lower()
        except RuntimeError as error:
            raise _refused(f"creation of {name}", error) from None

    def execute(self, sender: str, call: Call) -> Executed:
        """Execute a call; when a contract refuses it, nothing has changed."""
        output = self._message(call.what, sender, call.to or NOBODY, call.data, call.gas)
        result = self._evm.result
        raw = () if result is None else result.logs
        return Executed(
            output, tuple(RawLog(log.address.lower(), *_parts(log.data)) for log in raw)
        )

    def read(self, query: Query[T]) -> T:
        """Answer a question as of now."""
        return query.read(self._message(query.what, NOBODY, query.to, query.data, _QUESTION_GAS))

    def _message(self, what: str, sender: str, to: str, data: bytes, gas: int) -> bytes:
        is_question = gas == _QUESTION_GAS
        try:
            return self._evm.message_call(sender, to, calldata=data, gas=gas, is_static=is_question)
        except RuntimeError as error:
            raise _refused(what, error) from None


def _parts(data: tuple[list[bytes], bytes]) -> tuple[tuple[bytes, ...], bytes]:
    topics, payload = data
    return tuple(topics), payload


def _refused(what: str, error: RuntimeError) -> TransactionRevertedError:
    output = _OUTPUT.search(str(error))
    return TransactionRevertedError(what, explain(None if output is None else output[1]))
