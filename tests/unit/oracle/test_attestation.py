"""The batch of a list: the same for every oracle, and openable down to each gateway's signature."""

from collections.abc import Callable

import pytest

from node.chain.merkle import merkle_proof, reading_leaf, verify_proof
from node.chain.signing import LocalSigner, SigningDomain
from node.domain.readings import IntervalEnergy, Reading, unpack_values
from node.domain.slots import DeliverySlot
from node.domain.units import WattHours
from oracle.attestation import Attestor, signer_of
from oracle.plausibility import Accepted, SignedReading
from oracle.quorum import Entry, Proposal

SLOT = DeliverySlot(1_000_000)

AcceptReading = Callable[..., Accepted]
MakeReading = Callable[..., Reading]


def attestor(number: int) -> Attestor:
    return Attestor(LocalSigner(bytes([number]) * 32), 31_337, "0x" + "ab" * 20)


@pytest.fixture
def known(accept: AcceptReading, make_reading: MakeReading) -> dict[int, Accepted]:
    times = {5: 10, 7: 12, 14: 11}
    return {
        point: accept(make_reading(point=point, imported=point, measured_at=SLOT + after))
        for point, after in times.items()
    }


@pytest.fixture
def listed(known: dict[int, Accepted]) -> Proposal:
    return Proposal(SLOT, 2, tuple(Entry.of(one) for one in known.values()))


@pytest.mark.spec("G-10", "G-27")
def test_a_batch_packs_the_energies_and_spans_the_times_of_its_readings(
    known: dict[int, Accepted], listed: Proposal
) -> None:
    batch = attestor(11).batch(listed, known)

    assert (batch.first_point, batch.slot, batch.config_version) == (4, SLOT, 2)
    assert (batch.measured_from, batch.measured_until) == (SLOT + 10, SLOT + 12)
    assert unpack_values(batch.first_point, batch.values) == {
        point: IntervalEnergy(WattHours(point), WattHours(900)) for point in (5, 7, 14)
    }


@pytest.mark.spec("G-27")
def test_two_oracles_build_the_same_batch_and_each_signature_names_its_maker(
    known: dict[int, Accepted], listed: Proposal
) -> None:
    first, second = attestor(11), attestor(12)
    batch = first.batch(listed, known)

    assert second.batch(listed, known) == batch
    assert first.signer_of(batch, second.sign(batch)) == second.address
    assert first.signer_of(batch, b"") is None


@pytest.mark.spec("C-36")
def test_every_reading_of_a_batch_can_be_opened_from_its_root(
    known: dict[int, Accepted], listed: Proposal
) -> None:
    root = attestor(11).batch(listed, known).root
    leaves = [reading_leaf(one.digest, one.signature) for one in listed.entries]

    for index, leaf in enumerate(leaves):
        assert verify_proof(leaf, merkle_proof(leaves, index), root)


def test_a_signature_is_examined_against_the_digest_of_this_market(
    gateway: LocalSigner, domain: SigningDomain, make_reading: MakeReading
) -> None:
    reading = make_reading()
    digest = domain.reading_digest(reading)
    other_market = SigningDomain.of_meter_oracle(1, "0x" + "ab" * 20).reading_digest(reading)

    ours = attestor(11).examine(SignedReading(reading, gateway.sign(digest)))
    theirs = attestor(11).examine(SignedReading(reading, gateway.sign(other_market)))

    assert ours == (digest, gateway.address)
    assert theirs[1] != gateway.address
    assert signer_of(digest, bytes(65)) is None
