"""Reads why a contract refused from the data that a revert leaves.

The same data reach us on three ways: in the error of an `eth_call`, in a trace of a mined transaction, and as the
hex text that libraries put into their exceptions. Errors are looked up in all our contracts, because a refusal
passes from the contract that is called through to the one that refused.
"""

from functools import cache

from node.chain.abi import Abi, Entry, JsonAbi
from node.chain.errors import SILENT, UNKNOWN, AbiError, Refusal
from node.chain.loading import CONTRACTS, load_artifact

#: What the language itself throws: `require` with a text, and a failed check.
_BUILT_IN: JsonAbi = (
    {"type": "error", "name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
)

_SELECTOR_BYTES = 4


def explain(revert_data: bytes | str | None) -> Refusal:
    """Return why a contract refused, from the bytes or hex text that it left."""
    raw = _bytes_of(revert_data)
    if not raw:
        return Refusal(SILENT)
    error = known_errors().get(raw[:_SELECTOR_BYTES])
    if error is None:
        return Refusal(UNKNOWN, {"data": raw})
    try:
        return Refusal(error.name, error.decode_inputs(raw[_SELECTOR_BYTES:]))
    except AbiError:
        return Refusal(UNKNOWN, {"data": raw})


@cache
def known_errors() -> dict[bytes, Entry]:
    """Return every error that a contract of ours can throw, by selector."""
    abis = [Abi.parse("built in", _BUILT_IN), *(load_artifact(name).abi for name in CONTRACTS)]
    return {selector: error for abi in abis for selector, error in abi.errors.items()}


def _bytes_of(revert_data: bytes | str | None) -> bytes:
    if revert_data is None or isinstance(revert_data, bytes):
        return revert_data or b""
    try:
        return bytes.fromhex(revert_data.removeprefix("0x"))
    except ValueError:
        return b""
