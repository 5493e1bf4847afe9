"""Python, Solidity and an independent library agree on every signed byte (T3).

Whatever is signed for another chain, another contract, another version of the domain or with its
fields in another order has another digest, and the contracts refuse it by name.
"""

import dataclasses
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from eth_hash.auto import keccak
from eth_keys.backends.base import BaseECCBackend
from eth_keys.backends.coincurve import CoinCurveECCBackend
from eth_keys.backends.native.main import NativeECCBackend
from eth_keys.datatypes import PrivateKey

from node.chain.contracts.registry import PointRegistration
from node.chain.errors import TransactionRevertedError
from node.chain.evm_market import QUORUM, EvmMarket, account_of, signer_of
from node.chain.merkle import merkle_proof, merkle_root, reading_leaf
from node.chain.signing import Batch, gateway_key_hash, recover
from node.domain.participants import PointKind, Source
from node.domain.readings import IntervalEnergy, Reading, pack_values
from node.domain.slots import HALF_HOURS, DeliverySlot
from node.domain.units import WattHours
from tests.differential.typed_data import (
    START,
    TYPES,
    Fields,
    Message,
    batch_message,
    digest_of,
    golden_vectors,
    oracle_domain,
    possession_message,
    random_address,
    random_batch,
    random_reading,
    reading_message,
    registry_domain,
)

#: Structs of each of the three types, in the ordinary and in the long suite.
STRUCTS = 340
MANY_STRUCTS = 3_400

RATED = WattHours(1_000_000)


@pytest.fixture
def market() -> EvmMarket:
    return EvmMarket(HALF_HOURS, now=START)


# -- equal digests


def check_digests(market: EvmMarket, seed: str, structs: int) -> None:
    rng = random.Random(seed)
    for _ in range(structs):
        check_reading(market, random_reading(rng))
        check_batch(market, random_batch(rng))
        check_possession(market, random_address(rng), random_address(rng))


def check_reading(market: EvmMarket, reading: Reading) -> None:
    independent = digest_of("Reading", oracle_domain(market), reading_message(reading))
    assert market.oracle_domain.reading_digest(reading) == independent
    assert market.machine.read(market.oracle.reading_digest(reading)) == independent


def check_batch(market: EvmMarket, batch: Batch) -> None:
    independent = digest_of("Batch", oracle_domain(market), batch_message(batch))
    assert market.oracle_domain.batch_digest(batch) == independent
    assert market.machine.read(market.oracle.batch_digest(batch)) == independent


def check_possession(market: EvmMarket, owner: str, gateway: str) -> None:
    message = possession_message(owner, gateway)
    independent = digest_of("GatewayPossession", registry_domain(market), message)
    assert market.registry_domain.possession_digest(owner, gateway) == independent
    on_chain = market.machine.read(market.registry.possession_digest(owner, gateway))
    assert on_chain == independent


@pytest.mark.spec("G-27", "G-29")
def test_python_solidity_and_an_independent_library_hash_a_thousand_structs_alike(
    market: EvmMarket,
) -> None:
    check_digests(market, "ordinary", STRUCTS)


@pytest.mark.long
@pytest.mark.spec("G-27", "G-29")
def test_python_solidity_and_an_independent_library_hash_ten_thousand_structs_alike(
    market: EvmMarket,
) -> None:
    check_digests(market, "long", MANY_STRUCTS)


# -- golden vectors


@pytest.fixture(scope="module")
def frozen(repo_root: Path) -> list[Message]:
    vectors: list[Message] = json.loads(
        (repo_root / "tests" / "snapshots" / "eip712.json").read_text("utf-8")
    )
    return vectors


@pytest.mark.spec("G-27", "G-29")
def test_messages_digests_and_signatures_are_those_that_were_frozen(frozen: list[Message]) -> None:
    assert golden_vectors() == frozen


@pytest.mark.spec("G-27", "G-29")
def test_python_and_solidity_hash_and_sign_the_frozen_vectors(
    market: EvmMarket, frozen: list[Message]
) -> None:
    assert {vector["type"] for vector in frozen} == set(TYPES)
    for vector in frozen:
        digest = bytes.fromhex(vector["digest"][2:])
        signature = bytes.fromhex(vector["signature"][2:])
        signer = signer_of(vector["signer"])
        assert frozen_digests(market, vector["type"], vector["message"]) == (digest, digest)
        assert signer.sign(digest) == signature
        assert recover(digest, signature) == signer.address


def frozen_digests(market: EvmMarket, kind: str, message: Message) -> tuple[bytes, bytes]:
    """Return the digests by Python and by the contract."""
    read = market.machine.read
    if kind == "Reading":
        # Message and dataclass have their fields in the same order; the digest tells if not.
        names = (field.name for field in dataclasses.fields(Reading))
        numbers: dict[str, Any] = dict(zip(names, map(int, message.values()), strict=True))
        reading = Reading(**numbers)
        query = market.oracle.reading_digest(reading)
        return market.oracle_domain.reading_digest(reading), read(query)
    if kind == "Batch":
        batch = Batch(
            chain_id=int(message["chainId"]),
            meter_oracle=message["meterOracle"],
            config_version=int(message["configVersion"]),
            slot=DeliverySlot(int(message["slot"])),
            first_point=int(message["firstPoint"]),
            measured_from=int(message["measuredFrom"]),
            measured_until=int(message["measuredUntil"]),
            root=bytes.fromhex(message["root"][2:]),
            values=tuple(int(word) for word in message["values"]),
        )
        return market.oracle_domain.batch_digest(batch), read(market.oracle.batch_digest(batch))
    accounts = (message["owner"], message["gateway"])
    query = market.registry.possession_digest(*accounts)
    return market.registry_domain.possession_digest(*accounts), read(query)


@pytest.mark.spec("G-27")
@pytest.mark.parametrize("backend", [NativeECCBackend, CoinCurveECCBackend])
def test_keys_sign_the_same_bytes_with_and_without_the_compiled_curve(
    frozen: list[Message], backend: type[BaseECCBackend]
) -> None:
    for vector in frozen[:6]:
        digest, signature = (bytes.fromhex(vector[name][2:]) for name in ("digest", "signature"))
        key = PrivateKey(keccak(vector["signer"].encode()), backend())
        compact = key.sign_msg_hash(digest).to_bytes()
        assert compact[:64] + bytes([compact[64] + 27]) == signature
        recovered = key.sign_msg_hash(digest).recover_public_key_from_msg_hash(digest)
        assert recovered.to_address() == recover(digest, signature)


# -- what was signed for something else

Wrong = tuple[str, Message, Fields | None]
"""What is wrong, the domain and the fields under which the digest was made."""


def wrong_ways(kind: str, domain: Message) -> Iterator[Wrong]:
    """Yield every way to sign the right message for something else."""
    yield "chain id", {**domain, "chainId": domain["chainId"] + 1}, None
    yield "contract", {**domain, "verifyingContract": account_of("another contract")}, None
    yield "domain version", {**domain, "version": "2"}, None
    yield "domain name", {**domain, "name": domain["name"] + "s"}, None
    fields = TYPES[kind]
    for place in range(len(fields) - 1):
        swapped = [*fields]
        swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
        yield f"order of {fields[place]['name']}", domain, swapped
    for place, field in enumerate(fields):
        width = {"uint32": "uint64", "uint64": "uint32", "uint256": "uint128"}.get(field["type"])
        if width is not None:
            narrowed = [*fields]
            narrowed[place] = {"type": width, "name": field["name"]}
            yield f"width of {field['name']}", domain, narrowed


@pytest.fixture
def delivered(market: EvmMarket) -> DeliverySlot:
    """A slot that is open in the ring and over, with metering points 1 to 8."""
    party = account_of("household")
    market.admit(party)
    for _ in range(8):
        market.add_point(party, import_limit=RATED, export_limit=RATED)
    slot = HALF_HOURS.first_unopened_slot(market.now)
    market.go_to(slot - HALF_HOURS.horizon)
    market.open(slot)
    market.go_to(HALF_HOURS.slot_end(slot) + 60)
    return slot


def refusal_of(attempt: Callable[[], object]) -> str:
    with pytest.raises(TransactionRevertedError) as caught:
        attempt()
    return caught.value.refusal.name


@pytest.mark.spec("G-27")
def test_a_batch_that_was_signed_for_something_else_is_refused(
    market: EvmMarket, delivered: DeliverySlot
) -> None:
    energy = {1: IntervalEnergy(WattHours(10), WattHours(20))}
    batch = market.batch(delivered, 0, pack_values(0, energy))
    right = market.oracle_domain.batch_digest(batch)
    for what, domain, fields in wrong_ways("Batch", oracle_domain(market)):
        digest = digest_of("Batch", domain, batch_message(batch), fields)
        assert digest != right, what
        signatures = [oracle.sign(digest) for oracle in market.oracles[:QUORUM]]
        # The digest names nobody any more: the signatures seem to come from strangers.
        assert refusal_of(partial(bring, market, batch, signatures)) == "SignerUnknown", what
    assert market.machine.read(market.oracle.reading_of(delivered, 1)) is None


def bring(market: EvmMarket, batch: Batch, signatures: Sequence[bytes]) -> None:
    market.send(market.operator, market.oracle.attest(batch, signatures))


@pytest.mark.spec("G-27")
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"chain_id": 1}, "WrongChain"),
        ({"meter_oracle": account_of("another contract")}, "WrongContract"),
        ({"config_version": 2}, "WrongConfiguration"),
    ],
)
def test_a_batch_that_names_something_else_is_refused_though_the_quorum_signed_it(
    market: EvmMarket, delivered: DeliverySlot, changed: Message, error: str
) -> None:
    energy = {1: IntervalEnergy(WattHours(10), WattHours(20))}
    batch = replace(market.batch(delivered, 0, pack_values(0, energy)), **changed)
    assert refusal_of(lambda: bring(market, batch, market.signatures(batch))) == error


@pytest.mark.spec("G-29")
def test_a_possession_that_was_signed_for_something_else_is_refused(market: EvmMarket) -> None:
    owner = account_of("owner of a new gateway")
    gateway = signer_of("new gateway")
    market.admit(owner)
    listing = market.registry.list_gateway_key(gateway_key_hash(gateway.address))
    market.send(market.operator, listing)
    registration = PointRegistration(
        owner, gateway.address, PointKind.CONSUMER, Source.OTHER, 0, RATED, RATED
    )
    message = possession_message(owner, gateway.address)
    for what, domain, fields in wrong_ways("GatewayPossession", registry_domain(market)):
        digest = digest_of("GatewayPossession", domain, message, fields)
        call = market.registry.register_point(registration, gateway.sign(digest))
        refusal = refusal_of(partial(market.send, market.operator, call))
        assert refusal == "GatewayPossessionInvalid", what
    right = market.registry_domain.possession_digest(owner, gateway.address)
    call = market.registry.register_point(registration, gateway.sign(right))
    assert market.send(market.operator, call).number > 0


@pytest.mark.spec("G-27", "G-29")
def test_an_auditor_opens_every_reading_under_the_root_and_no_other(
    market: EvmMarket, delivered: DeliverySlot
) -> None:
    readings = [metered(point, delivered) for point in range(1, 9)]
    digests = [market.oracle_domain.reading_digest(reading) for reading in readings]
    signatures = [
        gateway.sign(digest) for gateway, digest in zip(market.gateways, digests, strict=False)
    ]
    leaves = [reading_leaf(*pair) for pair in zip(digests, signatures, strict=True)]
    energies = {r.point: IntervalEnergy(r.import_wh, r.export_wh) for r in readings}
    batch = market.batch(delivered, 0, pack_values(0, energies), merkle_root(leaves))
    bring(market, batch, market.signatures(batch))

    def opens(reading: Reading, signature: bytes, place: int) -> bool:
        proof = merkle_proof(leaves, place)
        query = market.oracle.verify_reading(reading, signature, batch.root, proof)
        return market.machine.read(query)

    for place, reading in enumerate(readings):
        assert opens(reading, signatures[place], place)
        assert not opens(replace(reading, sequence=reading.sequence + 1), signatures[place], place)
        assert not opens(reading, signatures[place - 1], place)
        assert not opens(reading, signatures[place], place - 1)
        for what, domain, fields in wrong_ways("Reading", oracle_domain(market)):
            digest = digest_of("Reading", domain, reading_message(reading), fields)
            assert not opens(reading, market.gateways[place].sign(digest), place), what


def metered(point: int, slot: DeliverySlot) -> Reading:
    return Reading(
        point=point,
        slot=slot,
        import_wh=WattHours(10 * point),
        export_wh=WattHours(7),
        import_start=WattHours(100),
        import_end=WattHours(100 + 10 * point),
        export_start=WattHours(1_000),
        export_end=WattHours(1_007),
        measured_at=HALF_HOURS.slot_end(slot),
        sequence=point,
        version=1,
    )
