"""Transactions: what to send, and the thin way to sign it.

Transactions are of the legacy kind with a gas price of zero: every engine that asks no fee takes them, unfunded
accounts included. Nothing is estimated and no nonce is asked for here; the senders count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from node.chain.errors import AbiError
from node.chain.signing import Signer

#: Largest gas limit of a transaction (EIP-7825). Kept on every chain, whether it enforces it or not.
GAS_CAP = 16_777_216

_ADDRESS_BYTES = 20
_NO_PRICE = 0
_NO_VALUE = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A call that changes the chain: to whom, with what data and gas; `what` names it in messages.

    `to` is None for the creation of a contract.
    """

    what: str
    to: str | None
    data: bytes
    gas: int

    def __post_init__(self) -> None:
        if not 0 < self.gas < GAS_CAP:
            raise AbiError(
                f"{self.what}: gas limit {self.gas} is not below {GAS_CAP}: take smaller chunks"
            )


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction as it goes to the node, and the hash by which it is known."""

    raw: bytes
    hash: bytes


def sign_call(signer: Signer, call: Call, nonce: int, chain_id: int) -> SignedTransaction:
    """Sign a call as the `nonce`-th transaction of its sender (EIP-155)."""
    fields = [
        _big_endian(nonce),
        _big_endian(_NO_PRICE),
        _big_endian(call.gas),
        b"" if call.to is None else address_bytes(call.to),
        _big_endian(_NO_VALUE),
        call.data,
    ]
    digest = keccak(_rlp_list([*fields, _big_endian(chain_id), b"", b""]))
    signature = signer.sign(digest)
    parity = signature[64] - 27
    r, s = signature[:32].lstrip(b"\0"), signature[32:64].lstrip(b"\0")
    raw = _rlp_list([*fields, _big_endian(chain_id * 2 + 35 + parity), r, s])
    return SignedTransaction(raw, keccak(raw))


def created_address(sender: str, nonce: int) -> str:
    """Return the address of the contract that the `nonce`-th transaction of `sender` creates."""
    digest = keccak(_rlp_list([address_bytes(sender), _big_endian(nonce)]))
    return f"0x{digest[-_ADDRESS_BYTES:].hex()}"


def address_bytes(address: str) -> bytes:
    """Return the twenty bytes of an address."""
    try:
        octets = bytes.fromhex(address.removeprefix("0x"))
    except ValueError:
        octets = b""
    if len(octets) != _ADDRESS_BYTES:
        raise AbiError(f"{address!r} is no address of {_ADDRESS_BYTES} bytes in hex")
    return octets


def _rlp_list(items: Sequence[bytes]) -> bytes:
    """Encode a flat list as the yellow paper, appendix B, does."""
    return _rlp(b"".join(_rlp(item, 0x80) for item in items), 0xC0)


def _rlp(payload: bytes, offset: int) -> bytes:
    if offset == 0x80 and len(payload) == 1 and payload[0] < 0x80:
        return payload
    if len(payload) <= 55:
        return bytes([offset + len(payload)]) + payload
    length = _big_endian(len(payload))
    return bytes([offset + 55 + len(length)]) + length + payload


def _big_endian(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
