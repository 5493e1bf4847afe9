"""What can go wrong between this node and the chain.

* ChainError
  * ChainUnavailableError       no node answered: nothing is known to have changed, safe to retry
  * NodeError                   the node refused a request, with its code and message
  * WrongChainError             another chain answers than the one that was asked for
  * ReorganisedError            the block that was asked for is no longer part of the chain
  * TransactionError
    * TransactionRevertedError  refused by a contract, at the call or when mined: retrying cannot help
    * TransactionRefusedError   the node does not take the transaction
    * TransactionUnknownError   sent, fate unknown: look it up before sending anything again
  * AbiError                    a value does not fit its type, or a name is not in the ABI
  * ArtifactError               the compiled contracts are missing or damaged
  * SigningError                a key or a signature that cannot be one
    * CurveBackendError         the compiled curve library is not there
  * KeystoreError               a key file that cannot be read or written
    * KeystorePasswordError     the password does not open the key file
  * OutboxError                 the outbox cannot be used
    * OutboxConflictError       one idempotency key, two different calls
  * ManifestError               the deployment manifest is missing, damaged, or does not describe the chain
  * EmbeddedChainError          the embedded chain did not start
    * AnvilMissingError         its binary is not installed
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from node.domain.errors import YuimaruError


class ChainError(YuimaruError):
    """Base of everything that can go wrong with the chain."""


class ChainUnavailableError(ChainError):
    """No node answered in time: nothing is known to have changed, safe to retry."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        said = "; ".join(f"{url}: {problem}" for url, problem in problems.items())
        super().__init__(
            f"the chain does not answer ({said}): does it run (`yuimaru demo --keep`, or `yuimaru chain`)?"
        )
        self.problems = dict(problems)


class NodeError(ChainError):
    """The node answered a request with an error of its own."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method} was refused: {message} (code {code})")
        self.method = method
        self.code = code
        self.message = message


class WrongChainError(ChainError):
    """Another chain answers than the one that was asked for."""

    def __init__(self, url: str, found: int, expected: int) -> None:
        super().__init__(
            f"{url} is chain {found}, not {expected}: name the right URL, or the right chain id"
        )
        self.url = url
        self.found = found
        self.expected = expected


class ReorganisedError(ChainError):
    """A block is no longer part of the chain."""

    def __init__(self, block_hash: bytes) -> None:
        super().__init__(f"the chain no longer has block 0x{block_hash.hex()}")
        self.block_hash = block_hash


#: Name of a refusal that left no data: what running out of gas looks like.
SILENT = "Silent"

#: Name of a refusal that no contract of ours explains, or that no node remembers.
UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a contract refused a call: the name of its error and the values that prove it.

    `name` is "Error" for a plain text and "Panic" for a failed check of the compiler, else `SILENT`, `UNKNOWN` or
    that of a contract.
    """

    name: str
    args: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={_shown(value)}' for name, value in self.args.items())})"


class TransactionError(ChainError):
    """A transaction did not do what it was sent for."""


class TransactionRevertedError(TransactionError):
    """A contract refused, either at a call or, when `tx_hash` is set, in a block."""

    def __init__(self, what: str, refusal: Refusal, tx_hash: bytes | None = None) -> None:
        where = "" if tx_hash is None else f" (transaction 0x{tx_hash.hex()})"
        super().__init__(f"{what} was refused: {refusal}{where}")
        self.what = what
        self.refusal = refusal
        self.tx_hash = tx_hash


class TransactionRefusedError(TransactionError):
    """The node does not take a transaction: it never reached a block."""

    def __init__(self, what: str, tx_hash: bytes, reason: str) -> None:
        super().__init__(f"{what}: the node does not take transaction 0x{tx_hash.hex()}: {reason}")
        self.what = what
        self.tx_hash = tx_hash
        self.reason = reason


class TransactionUnknownError(TransactionError):
    """A transaction was sent and not seen in a block: it may still be mined."""

    def __init__(self, what: str, tx_hash: bytes) -> None:
        super().__init__(
            f"{what}: transaction 0x{tx_hash.hex()} was sent but is in no block yet; look it up before sending again"
        )
        self.what = what
        self.tx_hash = tx_hash


class AbiError(ChainError):
    """A value does not fit its type in the ABI, or a name is not in the ABI."""


class ArtifactError(ChainError):
    """A compiled contract is missing or damaged."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"artifact of {name}: {problem}; `make artifacts` makes it anew")
        self.name = name


class SigningError(ChainError):
    """A key or a signature that cannot be one."""


class CurveBackendError(SigningError):
    """The compiled library of the curve is not there; without it signing is forty times slower."""


class KeystoreError(ChainError):
    """A key file cannot be read or written."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(f"key file {path}: {problem}")
        self.path = path


class KeystorePasswordError(KeystoreError):
    """The password does not open the key file."""

    def __init__(self, path: object) -> None:
        super().__init__(path, "the password does not open it")


class OutboxError(ChainError):
    """The outbox cannot be read or written."""


class OutboxConflictError(OutboxError):
    """An idempotency key was used for two different calls."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the outbox holds another call under the key {key!r}")
        self.key = key


class ManifestError(ChainError):
    """The deployment manifest is missing, damaged, or does not describe the chain that answers."""

    def __init__(self, path: object, problem: str, remedy: str) -> None:
        super().__init__(f"deployment manifest {path}: {problem}; {remedy}")
        self.path = path
        self.problem = problem
        self.remedy = remedy


class EmbeddedChainError(ChainError):
    """The embedded chain did not start or stopped by itself."""


class AnvilMissingError(EmbeddedChainError):
    """The binary of the embedded chain is not installed."""

    def __init__(self, path: object) -> None:
        super().__init__(
            f"no embedded chain at {path}: run `make install`, or set YUIMARU_ANVIL to an anvil binary"
        )
        self.path = path


def _shown(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
