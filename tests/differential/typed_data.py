"""The typed messages once more, as `eth_account` encodes them: independent of `node.chain.signing`.

The types are spelled out here a second time on purpose: a wrong name, width or order on one side
must not find itself on the other. Run as a program, this file freezes golden vectors:
`python -m tests.differential.typed_data > tests/snapshots/eip712.json`.
"""

import json
import random
import sys
from typing import Any

from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak

from node.chain.evm_market import EvmMarket, signer_of
from node.chain.signing import Batch
from node.domain.readings import Reading
from node.domain.slots import HALF_HOURS, DeliverySlot
from node.domain.units import WattHours

Message = dict[str, Any]
Fields = list[dict[str, str]]

START = 1_800_000_000

VECTORS_PER_TYPE = 8


def _fields(*declarations: str) -> Fields:
    pairs = (declaration.split() for declaration in declarations)
    return [{"type": abi_type, "name": name} for abi_type, name in pairs]


DOMAIN = _fields("string name", "string version", "uint256 chainId", "address verifyingContract")

TYPES: dict[str, Fields] = {
    "Reading": _fields(
        "uint32 point",
        "uint64 slot",
        "uint64 importWh",
        "uint64 exportWh",
        "uint64 importStart",
        "uint64 importEnd",
        "uint64 exportStart",
        "uint64 exportEnd",
        "uint64 measuredAt",
        "uint64 sequence",
        "uint32 version",
    ),
    "Batch": _fields(
        "uint256 chainId",
        "address meterOracle",
        "uint32 configVersion",
        "uint64 slot",
        "uint32 firstPoint",
        "uint64 measuredFrom",
        "uint64 measuredUntil",
        "bytes32 root",
        "uint256[] values",
    ),
    "GatewayPossession": _fields("address owner", "address gateway"),
}


def digest_of(kind: str, domain: Message, message: Message, fields: Fields | None = None) -> bytes:
    """Return the digest of a message as `eth_account` encodes it."""
    encoded = encode_typed_data(
        full_message={
            "types": {"EIP712Domain": DOMAIN, kind: fields or TYPES[kind]},
            "primaryType": kind,
            "domain": domain,
            "message": message,
        }
    )
    return keccak(b"\x19" + encoded.version + encoded.header + encoded.body)


def oracle_domain(market: EvmMarket) -> Message:
    """Return the domain of readings and batches."""
    return _domain("Yuimaru MeterOracle", market.machine.chain_id, market.oracle.address)


def registry_domain(market: EvmMarket) -> Message:
    """Return the domain of proofs that a gateway holds its key."""
    return _domain("Yuimaru ParticipantRegistry", market.machine.chain_id, market.registry.address)


def _domain(name: str, chain_id: int, contract: str) -> Message:
    return {"name": name, "version": "1", "chainId": chain_id, "verifyingContract": contract}


# -- random structs; both ends of every range are likely


def random_number(rng: random.Random, bits: int) -> int:
    """Return a number of at most so many bits."""
    return rng.choice((0, 1, (1 << bits) - 1, rng.getrandbits(bits), rng.getrandbits(bits // 2)))


def random_address(rng: random.Random) -> str:
    """Return an address, now and then one with leading zeros."""
    return f"0x{random_number(rng, 160):040x}"


def random_reading(rng: random.Random) -> Reading:
    """Return a reading of any numbers that its fields can hold."""
    return Reading(
        point=random_number(rng, 32),
        slot=DeliverySlot(random_number(rng, 64)),
        import_wh=WattHours(random_number(rng, 64)),
        export_wh=WattHours(random_number(rng, 64)),
        import_start=WattHours(random_number(rng, 64)),
        import_end=WattHours(random_number(rng, 64)),
        export_start=WattHours(random_number(rng, 64)),
        export_end=WattHours(random_number(rng, 64)),
        measured_at=random_number(rng, 64),
        sequence=random_number(rng, 64),
        version=random_number(rng, 32),
    )


def random_batch(rng: random.Random) -> Batch:
    """Return a batch of any numbers that its fields can hold, with none to a dozen words."""
    return Batch(
        chain_id=random_number(rng, 256),
        meter_oracle=random_address(rng),
        config_version=random_number(rng, 32),
        slot=DeliverySlot(random_number(rng, 64)),
        first_point=random_number(rng, 32),
        measured_from=random_number(rng, 64),
        measured_until=random_number(rng, 64),
        root=random_number(rng, 256).to_bytes(32, "big"),
        values=tuple(random_number(rng, 256) for _ in range(rng.randrange(13))),
    )


def reading_message(reading: Reading) -> Message:
    """Return a reading under the names of the contract."""
    return {
        "point": reading.point,
        "slot": reading.slot,
        "importWh": reading.import_wh,
        "exportWh": reading.export_wh,
        "importStart": reading.import_start,
        "importEnd": reading.import_end,
        "exportStart": reading.export_start,
        "exportEnd": reading.export_end,
        "measuredAt": reading.measured_at,
        "sequence": reading.sequence,
        "version": reading.version,
    }


def batch_message(batch: Batch) -> Message:
    """Return a batch under the names of the contract."""
    return {
        "chainId": batch.chain_id,
        "meterOracle": batch.meter_oracle,
        "configVersion": batch.config_version,
        "slot": batch.slot,
        "firstPoint": batch.first_point,
        "measuredFrom": batch.measured_from,
        "measuredUntil": batch.measured_until,
        "root": batch.root,
        "values": list(batch.values),
    }


def possession_message(owner: str, gateway: str) -> Message:
    """Return a proof of possession under the names of the contract."""
    return {"owner": owner, "gateway": gateway}


# -- golden vectors


def golden_vectors() -> list[Message]:
    """Return vectors of every type with digest and signature, numbers as text."""
    market = EvmMarket(HALF_HOURS, now=START)
    rng = random.Random("golden vectors")
    vectors = []
    for number in range(VECTORS_PER_TYPE):
        addresses = (random_address(rng), random_address(rng))
        for kind, domain, message in (
            ("Reading", oracle_domain(market), reading_message(random_reading(rng))),
            ("Batch", oracle_domain(market), batch_message(random_batch(rng))),
            ("GatewayPossession", registry_domain(market), possession_message(*addresses)),
        ):
            signer = f"golden vector {number}"
            digest = digest_of(kind, domain, message)
            vectors.append(
                {
                    "type": kind,
                    "domain": domain,
                    "message": {name: _frozen(value) for name, value in message.items()},
                    "digest": f"0x{digest.hex()}",
                    "signer": signer,
                    "signature": f"0x{signer_of(signer).sign(digest).hex()}",
                }
            )
    return vectors


def _frozen(value: int | str | bytes | list[int]) -> object:
    """Return a value as JSON keeps it whole everywhere: numbers as decimal text."""
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, list):
        return [str(word) for word in value]
    return str(value)


if __name__ == "__main__":
    json.dump(golden_vectors(), sys.stdout, indent=1)
    sys.stdout.write("\n")
