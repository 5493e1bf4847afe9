"""Keys, signatures and the typed messages of the market: their one definition in Python (EIP-712).

Digests are hashed by hand, field by field, which is seven times faster than a library that interprets the type at
run time; tests hold them against the contracts byte by byte. Signatures are 65 bytes, r, s and v with v 27 or 28 and
s in the lower half of its range, which is what the contracts accept.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import coincurve
from eth_hash.auto import keccak

from node.chain.errors import CurveBackendError, SigningError
from node.domain.readings import Reading
from node.domain.slots import DeliverySlot

#: Order of the curve; a valid s is at most half of it (EIP-2).
CURVE_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141

SIGNATURE_BYTES = 65
KEY_BYTES = 32

_LOWEST_V = 27


class Signer(Protocol):
    """Holds a key and signs digests with it; the key itself stays inside."""

    @property
    def address(self) -> str:
        """Address of the key, lower-case hex."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """Return the 65-byte signature of a 32-byte digest."""
        ...


class LocalSigner:
    """A key in the memory of this process."""

    def __init__(self, secret: bytes) -> None:
        self._key = _private_key(secret)
        self.address = _address_of(self._key.public_key)

    @classmethod
    def generate(cls) -> "LocalSigner":
        """Return a new key."""
        return cls(new_secret())

    def sign(self, digest: bytes) -> bytes:
        """Return the 65-byte signature of a 32-byte digest."""
        if len(digest) != KEY_BYTES:
            raise SigningError(f"a digest has {KEY_BYTES} bytes, not {len(digest)}")
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + _LOWEST_V])

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"


def new_secret() -> bytes:
    """Return a new private key."""
    while True:
        secret = secrets.token_bytes(KEY_BYTES)
        if 0 < int.from_bytes(secret, "big") < CURVE_ORDER:
            return secret


def recover(digest: bytes, signature: bytes) -> str:
    """Return the address whose key signed a digest; refuse a signature that the contracts would not take."""
    if len(signature) != SIGNATURE_BYTES:
        raise SigningError(f"a signature has {SIGNATURE_BYTES} bytes, not {len(signature)}")
    if signature[64] not in (_LOWEST_V, _LOWEST_V + 1):
        raise SigningError(f"a signature ends with 27 or 28, not {signature[64]}")
    if int.from_bytes(signature[32:64], "big") > CURVE_ORDER // 2:
        raise SigningError("the signature is malleable: its s is in the upper half")
    compact = signature[:64] + bytes([signature[64] - _LOWEST_V])
    try:
        key = coincurve.PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except Exception as wrong:  # the library raises bare exceptions for points off the curve
        raise SigningError(f"no key made the signature 0x{signature.hex()}") from wrong
    return _address_of(key)


def is_signed_by(address: str, digest: bytes, signature: bytes) -> bool:
    """Whether a signature comes from the key of an address."""
    try:
        return recover(digest, signature) == address.lower()
    except SigningError:
        return False


def require_compiled_curve() -> None:
    """Refuse to start when eth-account would fall back to curve arithmetic in plain Python."""
    from eth_keys.backends import get_backend_class  # only processes that open key files pay for it

    name = get_backend_class().__name__
    if name != "CoinCurveECCBackend":
        raise CurveBackendError(f"keys are handled by {name}, not by coincurve: run `make install`")


# -- EIP-712

_DOMAIN_TYPE = keccak(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_READING_TYPE = keccak(
    b"Reading(uint32 point,uint64 slot,uint64 importWh,uint64 exportWh,uint64 importStart,uint64 importEnd,"
    b"uint64 exportStart,uint64 exportEnd,uint64 measuredAt,uint64 sequence,uint32 version)"
)
_BATCH_TYPE = keccak(
    b"Batch(uint256 chainId,address meterOracle,uint32 configVersion,uint64 slot,uint32 firstPoint,"
    b"uint64 measuredFrom,uint64 measuredUntil,bytes32 root,uint256[] values)"
)
_POSSESSION_TYPE = keccak(b"GatewayPossession(address owner,address gateway)")

_VERSION = keccak(b"1")
_METER_ORACLE = keccak(b"Yuimaru MeterOracle")
_REGISTRY = keccak(b"Yuimaru ParticipantRegistry")

_UINT32 = 1 << 32
_UINT64 = 1 << 64


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of interval energies as the oracles sign it; field for field the struct of the contract.

    `values` holds four lanes of 60 bits per word, packed by `node.domain.readings.pack_values`.
    """

    chain_id: int
    meter_oracle: str
    config_version: int
    slot: DeliverySlot
    first_point: int
    measured_from: int
    measured_until: int
    root: bytes
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SigningDomain:
    """What a digest is bound to: one contract on one chain. A signature for another one says nothing here."""

    separator: bytes

    @classmethod
    def of_meter_oracle(cls, chain_id: int, address: str) -> "SigningDomain":
        """Return the domain of readings and batches."""
        return cls(_separator(_METER_ORACLE, chain_id, address))

    @classmethod
    def of_registry(cls, chain_id: int, address: str) -> "SigningDomain":
        """Return the domain of proofs that a gateway holds its key."""
        return cls(_separator(_REGISTRY, chain_id, address))

    def reading_digest(self, reading: Reading) -> bytes:
        """Return what a gateway signs for a reading."""
        return self._digest(
            _READING_TYPE
            + _word(reading.point, _UINT32)
            + _word(reading.slot)
            + _word(reading.import_wh)
            + _word(reading.export_wh)
            + _word(reading.import_start)
            + _word(reading.import_end)
            + _word(reading.export_start)
            + _word(reading.export_end)
            + _word(reading.measured_at)
            + _word(reading.sequence)
            + _word(reading.version, _UINT32)
        )

    def batch_digest(self, batch: Batch) -> bytes:
        """Return what an oracle signs for a batch."""
        values = b"".join(_word(value, 1 << 256) for value in batch.values)
        return self._digest(
            _BATCH_TYPE
            + _word(batch.chain_id, 1 << 256)
            + _address_word(batch.meter_oracle)
            + _word(batch.config_version, _UINT32)
            + _word(batch.slot)
            + _word(batch.first_point, _UINT32)
            + _word(batch.measured_from)
            + _word(batch.measured_until)
            + _hash_word(batch.root)
            + keccak(values)
        )

    def possession_digest(self, owner: str, gateway: str) -> bytes:
        """Return what a gateway signs to prove that it holds its key."""
        return self._digest(_POSSESSION_TYPE + _address_word(owner) + _address_word(gateway))

    def _digest(self, encoded_struct: bytes) -> bytes:
        return keccak(b"\x19\x01" + self.separator + keccak(encoded_struct))


def gateway_key_hash(gateway: str) -> bytes:
    """Return the hash under which a gateway key is listed before its device registers (G-29)."""
    return keccak(_address_word(gateway))


def sorted_by_signer(digest: bytes, signatures: Sequence[bytes]) -> list[bytes]:
    """Return signatures in ascending order of their signers, as the contract wants them."""
    return sorted(signatures, key=lambda signature: int(recover(digest, signature), 16))


def _separator(name: bytes, chain_id: int, address: str) -> bytes:
    return keccak(
        _DOMAIN_TYPE + name + _VERSION + _word(chain_id, 1 << 256) + _address_word(address)
    )


def _word(number: int, limit: int = _UINT64) -> bytes:
    if not 0 <= number < limit:
        raise SigningError(f"{number} does not fit its field, which ends below {limit}")
    return number.to_bytes(32, "big")


def _address_word(address: str) -> bytes:
    try:
        octets = bytes.fromhex(address.removeprefix("0x"))
    except ValueError:
        octets = b""
    if len(octets) != 20:
        raise SigningError(f"{address!r} is no address")
    return octets.rjust(32, b"\0")


def _hash_word(value: bytes) -> bytes:
    if len(value) != 32:
        raise SigningError(f"a hash has 32 bytes, not {len(value)}")
    return value


def _private_key(secret: bytes) -> coincurve.PrivateKey:
    if len(secret) != KEY_BYTES or not 0 < int.from_bytes(secret, "big") < CURVE_ORDER:
        raise SigningError(
            f"a private key is {KEY_BYTES} bytes between 1 and the order of the curve"
        )
    return coincurve.PrivateKey(secret)


def _address_of(key: coincurve.PublicKey) -> str:
    return f"0x{keccak(key.format(compressed=False)[1:])[-20:].hex()}"
