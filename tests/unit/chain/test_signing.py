"""Keys, signatures and typed messages (G-27, G-29)."""

from dataclasses import asdict, replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from node.chain.errors import SigningError
from node.chain.signing import (
    CURVE_ORDER,
    Batch,
    LocalSigner,
    SigningDomain,
    gateway_key_hash,
    is_signed_by,
    new_secret,
    recover,
    require_compiled_curve,
    sorted_by_signer,
)
from node.domain.readings import Reading
from node.domain.slots import DeliverySlot
from node.domain.units import WattHours

CHAIN = 7411
ORACLE = "0x" + "12" * 20
DOMAIN = SigningDomain.of_meter_oracle(CHAIN, ORACLE)

uint32 = st.integers(0, 2**32 - 1)
uint64 = st.integers(0, 2**64 - 1)
uint256 = st.integers(0, 2**256 - 1)
addresses = st.binary(min_size=20, max_size=20).map(lambda octets: f"0x{octets.hex()}")
slots = uint64.map(DeliverySlot)
energies = uint64.map(WattHours)

readings = st.builds(
    Reading,
    point=uint32,
    slot=slots,
    import_wh=energies,
    export_wh=energies,
    import_start=energies,
    import_end=energies,
    export_start=energies,
    export_end=energies,
    measured_at=uint64,
    sequence=uint64,
    version=uint32,
)
batches = st.builds(
    Batch,
    chain_id=uint256,
    meter_oracle=addresses,
    config_version=uint32,
    slot=slots,
    first_point=uint32,
    measured_from=uint64,
    measured_until=uint64,
    root=st.binary(min_size=32, max_size=32),
    values=st.lists(uint256, max_size=5).map(tuple),
)

_READING_FIELDS = (
    ("uint32", "point"),
    ("uint64", "slot"),
    ("uint64", "importWh"),
    ("uint64", "exportWh"),
    ("uint64", "importStart"),
    ("uint64", "importEnd"),
    ("uint64", "exportStart"),
    ("uint64", "exportEnd"),
    ("uint64", "measuredAt"),
    ("uint64", "sequence"),
    ("uint32", "version"),
)
_BATCH_FIELDS = (
    ("uint256", "chainId"),
    ("address", "meterOracle"),
    ("uint32", "configVersion"),
    ("uint64", "slot"),
    ("uint32", "firstPoint"),
    ("uint64", "measuredFrom"),
    ("uint64", "measuredUntil"),
    ("bytes32", "root"),
    ("uint256[]", "values"),
)


def _library_digest(
    name: str, contract: str, message_type: str, fields: tuple[tuple[str, str], ...], values: object
) -> bytes:
    """Return the digest that eth-account computes by interpreting the type."""
    assert isinstance(values, (list, tuple))
    message = encode_typed_data(
        domain_data={
            "name": name,
            "version": "1",
            "chainId": CHAIN,
            "verifyingContract": contract,
        },
        message_types={message_type: [{"type": kind, "name": field} for kind, field in fields]},
        message_data={field: value for (_, field), value in zip(fields, values, strict=True)},
    )
    signed = Account.sign_message(message, b"\x01" * 32)
    return bytes(signed.message_hash)


@pytest.mark.spec("G-27")
@given(readings)
def test_a_reading_has_the_digest_of_the_standard(reading: Reading) -> None:
    values = list(asdict(reading).values())

    expected = _library_digest("Yuimaru MeterOracle", ORACLE, "Reading", _READING_FIELDS, values)

    assert DOMAIN.reading_digest(reading) == expected


@pytest.mark.spec("G-27")
@given(batches)
def test_a_batch_has_the_digest_of_the_standard(batch: Batch) -> None:
    values = [*list(asdict(batch).values())[:-1], list(batch.values)]

    expected = _library_digest("Yuimaru MeterOracle", ORACLE, "Batch", _BATCH_FIELDS, values)

    assert DOMAIN.batch_digest(batch) == expected


@given(addresses, addresses)
def test_a_proof_of_possession_has_the_digest_of_the_standard(owner: str, gateway: str) -> None:
    fields = (("address", "owner"), ("address", "gateway"))
    name = "Yuimaru ParticipantRegistry"

    expected = _library_digest(name, ORACLE, "GatewayPossession", fields, [owner, gateway])

    registry = SigningDomain.of_registry(CHAIN, ORACLE)
    assert registry.possession_digest(owner, gateway) == expected


FROZEN_READING = Reading(
    point=7,
    slot=DeliverySlot(1_800_000_000),
    import_wh=WattHours(1200),
    export_wh=WattHours(30),
    import_start=WattHours(1_000_000),
    import_end=WattHours(1_001_200),
    export_start=WattHours(500),
    export_end=WattHours(530),
    measured_at=1_800_001_800,
    sequence=42,
    version=1,
)
FROZEN_BATCH = Batch(
    chain_id=CHAIN,
    meter_oracle=ORACLE,
    config_version=3,
    slot=DeliverySlot(1_800_000_000),
    first_point=4,
    measured_from=1_800_001_800,
    measured_until=1_800_001_805,
    root=b"\xab" * 32,
    values=(1, 2**240 - 1),
)


@pytest.mark.spec("G-27")
def test_digests_and_signatures_never_change() -> None:
    signer = LocalSigner(b"\x11" * 32)
    reading, batch = DOMAIN.reading_digest(FROZEN_READING), DOMAIN.batch_digest(FROZEN_BATCH)

    assert signer.address == "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
    assert reading.hex() == "e155c70a398dbe3d9b122ac1d17cf5dc660348848e401ad3f8072924d5f7cbcf"
    assert batch.hex() == "a4f56726a90c37483f9e939b2417be84b7c33c0015ef646606da2fe44243f8b3"
    assert signer.sign(reading).hex() == (
        "7d1a7ac8778575078de139287f4b2919922140a050115deeaf631d054bfe45b3"
        "7ebac0caccf7aa1f00e655010f25b9a8bd67954f45051423eccbd33b51851f0a"
        "1c"
    )


@pytest.mark.spec("G-27")
def test_a_digest_is_bound_to_chain_contract_and_kind() -> None:
    digest = DOMAIN.reading_digest(FROZEN_READING)
    other_chain = SigningDomain.of_meter_oracle(CHAIN + 1, ORACLE)
    other_contract = SigningDomain.of_meter_oracle(CHAIN, "0x" + "13" * 20)
    other_kind = SigningDomain.of_registry(CHAIN, ORACLE)

    others = {d.reading_digest(FROZEN_READING) for d in (other_chain, other_contract, other_kind)}

    assert len(others | {digest}) == 4


@pytest.mark.spec("G-27")
def test_every_field_of_a_reading_counts() -> None:
    fields = asdict(FROZEN_READING)
    changed = [replace(FROZEN_READING, **{name: value + 1}) for name, value in fields.items()]

    assert len({DOMAIN.reading_digest(r) for r in [FROZEN_READING, *changed]}) == len(fields) + 1


@given(st.binary(min_size=32, max_size=32), st.integers(1, CURVE_ORDER - 1))
def test_a_signature_leads_back_to_its_key(digest: bytes, secret: int) -> None:
    signer = LocalSigner(secret.to_bytes(32, "big"))
    signature = signer.sign(digest)

    assert recover(digest, signature) == signer.address
    assert is_signed_by(signer.address.upper().replace("0X", "0x"), digest, signature)
    assert (len(signature), signature[64] in (27, 28)) == (65, True)
    assert int.from_bytes(signature[32:64], "big") <= CURVE_ORDER // 2


@given(st.binary(max_size=70), st.binary(min_size=32, max_size=32))
def test_any_bytes_are_either_a_signature_or_refused(junk: bytes, digest: bytes) -> None:
    assert not is_signed_by("0x" + "00" * 20, digest, junk)


def test_a_signature_of_the_other_half_is_refused() -> None:
    signature = LocalSigner(b"\x11" * 32).sign(b"\x22" * 32)
    s = CURVE_ORDER - int.from_bytes(signature[32:64], "big")
    twin = signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])

    with pytest.raises(SigningError, match="malleable"):
        recover(b"\x22" * 32, twin)


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        (b"\x01" * 64, "65 bytes, not 64"),
        (b"\x01" * 65, "27 or 28, not 1"),
        (bytes(64) + b"\x1b", "no key made"),
    ],
)
def test_what_cannot_be_a_signature_is_named(signature: bytes, said: str) -> None:
    with pytest.raises(SigningError, match=said):
        recover(b"\x22" * 32, signature)


@pytest.mark.parametrize("secret", [b"", bytes(32), b"\xff" * 32, b"\x01" * 31])
def test_what_cannot_be_a_key_is_refused(secret: bytes) -> None:
    with pytest.raises(SigningError, match="private key"):
        LocalSigner(secret)


@pytest.mark.parametrize(
    "change", [{"point": 2**32}, {"sequence": -1}, {"import_wh": 2**64}, {"version": 2**32}]
)
def test_a_number_beyond_its_field_is_not_signed(change: dict[str, int]) -> None:
    with pytest.raises(SigningError, match="does not fit"):
        DOMAIN.reading_digest(replace(FROZEN_READING, **change))  # type: ignore[arg-type]


def test_a_batch_with_a_broken_root_or_contract_is_not_signed() -> None:
    with pytest.raises(SigningError, match="32 bytes"):
        DOMAIN.batch_digest(replace(FROZEN_BATCH, root=b""))
    with pytest.raises(SigningError, match="no address"):
        DOMAIN.batch_digest(replace(FROZEN_BATCH, meter_oracle="0x12"))


def test_only_digests_are_signed() -> None:
    with pytest.raises(SigningError, match="32 bytes"):
        LocalSigner(b"\x11" * 32).sign(b"hello")


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=6, unique=True))
def test_signatures_are_sorted_by_the_addresses_of_their_signers(secrets: list[int]) -> None:
    signers = [LocalSigner(secret.to_bytes(32, "big")) for secret in secrets]
    digest = b"\x33" * 32

    ordered = sorted_by_signer(digest, [signer.sign(digest) for signer in signers])

    recovered = [int(recover(digest, signature), 16) for signature in ordered]
    assert recovered == sorted(int(signer.address, 16) for signer in signers)


def test_new_keys_differ_and_are_never_shown() -> None:
    secret = new_secret()
    signer = LocalSigner(secret)

    assert LocalSigner.generate().address != signer.address
    assert secret.hex() not in repr(signer)


@pytest.mark.spec("G-29")
def test_the_hash_of_a_gateway_key_is_that_of_the_padded_address() -> None:
    assert len(gateway_key_hash(ORACLE)) == 32
    assert gateway_key_hash(ORACLE.upper().replace("0X", "0x")) == gateway_key_hash(ORACLE)


def test_the_curve_is_the_compiled_one() -> None:
    require_compiled_curve()
