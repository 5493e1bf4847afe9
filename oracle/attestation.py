"""The batch of a slot: built from a list of readings, the same by every oracle (G-10, G-27)."""

from collections.abc import Mapping
from dataclasses import dataclass

from node.chain.errors import SigningError
from node.chain.merkle import merkle_root, reading_leaf
from node.chain.signing import Batch, Signer, SigningDomain, recover
from node.domain.readings import IntervalEnergy, pack_values
from oracle.plausibility import Accepted, SignedReading
from oracle.quorum import Entry, Proposal


@dataclass(frozen=True, slots=True)
class Attestor:
    """Builds and signs batches for one contract on one chain with one oracle's key."""

    signer: Signer
    chain_id: int
    meter_oracle: str

    @property
    def address(self) -> str:
        """The oracle's address on chain."""
        return self.signer.address

    @property
    def domain(self) -> SigningDomain:
        """What readings and batches are signed for."""
        return SigningDomain.of_meter_oracle(self.chain_id, self.meter_oracle)

    @property
    def market(self) -> str:
        """Chain and contract in one word; messages between oracles name it."""
        return f"{self.chain_id}/{self.meter_oracle.lower()}"

    def examine(self, signed: SignedReading) -> tuple[bytes, str | None]:
        """Return the digest of a reading and who signed it, None when nobody can have."""
        digest = self.domain.reading_digest(signed.reading)
        return digest, signer_of(digest, signed.signature)

    def batch(self, proposal: Proposal, known: Mapping[int, Accepted]) -> Batch:
        """Return the batch of a list, with values and times that this oracle knows itself."""
        readings = [known[point].reading for point in proposal.points]
        energies = {
            reading.point: IntervalEnergy(reading.import_wh, reading.export_wh)
            for reading in readings
        }
        times = [reading.measured_at for reading in readings]
        return Batch(
            chain_id=self.chain_id,
            meter_oracle=self.meter_oracle,
            config_version=proposal.config_version,
            slot=proposal.slot,
            first_point=proposal.first_point,
            measured_from=min(times),
            measured_until=max(times),
            root=root_of(proposal.entries),
            values=pack_values(proposal.first_point, energies),
        )

    def sign(self, batch: Batch) -> bytes:
        """Return this oracle's signature over a batch."""
        return self.signer.sign(self.domain.batch_digest(batch))

    def signer_of(self, batch: Batch, signature: bytes) -> str | None:
        """Return who signed exactly this batch, None when nobody can have."""
        return signer_of(self.domain.batch_digest(batch), signature)


def root_of(entries: tuple[Entry, ...]) -> bytes:
    """Return the Merkle root over the signed readings of a list."""
    return merkle_root([reading_leaf(entry.digest, entry.signature) for entry in entries])


def signer_of(digest: bytes, signature: bytes) -> str | None:
    """Return whose key made a signature, None for one that no contract would take."""
    try:
        return recover(digest, signature)
    except SigningError:
        return None
