"""The MeterOracle: interval energies that 2f+1 of 3f+1 oracles signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from node.chain.abi import Value, addresses, flag, integer, integers
from node.chain.client import Query
from node.chain.contracts.facade import MarketFacade, as_bytes, as_flag
from node.chain.signing import Batch
from node.chain.transactions import Call
from node.domain.readings import IntervalEnergy, Reading, unpack_lane
from node.domain.slots import DeliverySlot
from node.domain.units import WattHours

#: Most words of one batch, four metering points each.
LARGEST_BATCH_WORDS = 500

CONFIGURE_BASE_GAS = 120_000
CONFIGURE_ORACLE_GAS = 60_000
ATTEST_BASE_GAS = 100_000
ATTEST_SIGNATURE_GAS = 15_000
ATTEST_WORD_GAS = 32_000


@dataclass(frozen=True, slots=True)
class OracleSet:
    """The oracles that may sign now, and how many of them have to."""

    version: int
    quorum: int
    signers: tuple[str, ...]


class MeterOracle(MarketFacade):
    """Takes batches and keeps their values."""

    NAME: ClassVar[str] = "MeterOracle"

    def configure(self, valid_until: Mapping[str, int]) -> Call:
        """Replace the oracle set: until when each may sign, by address. Administrator."""
        signers = sorted(valid_until, key=lambda signer: int(signer, 16))
        gas = CONFIGURE_BASE_GAS + CONFIGURE_ORACLE_GAS * len(signers)
        return self.call("configure", gas, signers, [valid_until[signer] for signer in signers])

    def attest(self, batch: Batch, signatures: Sequence[bytes]) -> Call:
        """Bring a batch; signatures in ascending order of their signers. Anyone."""
        gas = (
            ATTEST_BASE_GAS
            + ATTEST_SIGNATURE_GAS * len(signatures)
            + ATTEST_WORD_GAS * len(batch.values)
        )
        return self.call("attest", gas, _batch(batch), list(signatures))

    def reading_of(self, slot: DeliverySlot, point: int) -> Query[IntervalEnergy | None]:
        """Ask for the attested value of a point in a slot, None while there is none."""
        return self.query("readingOf", _energy, slot, point)

    def lanes_of(
        self, slot: DeliverySlot, first_point: int, count: int
    ) -> Query[tuple[IntervalEnergy | None, ...]]:
        """Ask for the attested values of neighbouring points in a slot."""
        return self.query("lanesOf", _lanes, slot, first_point, count)

    def oracle_set(self) -> Query[OracleSet]:
        """Ask who may sign."""
        return self.query("oracleSet", _oracle_set)

    def reading_digest(self, reading: Reading) -> Query[bytes]:
        """Ask for the digest that a gateway signs; `node.chain.signing` computes the same one."""
        return self.query("readingDigest", as_bytes, _reading(reading))

    def batch_digest(self, batch: Batch) -> Query[bytes]:
        """Ask for the digest that oracles sign; `node.chain.signing` computes the same one."""
        return self.query("batchDigest", as_bytes, _batch(batch))

    def verify_reading(
        self, reading: Reading, signature: bytes, root: bytes, proof: Sequence[bytes]
    ) -> Query[bool]:
        """Ask whether a reading, as its gateway signed it, lies under the root of an attested batch."""
        return self.query("verifyReading", as_flag, _reading(reading), signature, root, list(proof))


def _batch(batch: Batch) -> tuple[object, ...]:
    return (
        batch.chain_id,
        batch.meter_oracle,
        batch.config_version,
        batch.slot,
        batch.first_point,
        batch.measured_from,
        batch.measured_until,
        batch.root,
        list(batch.values),
    )


def _reading(reading: Reading) -> tuple[int, ...]:
    return (
        reading.point,
        reading.slot,
        reading.import_wh,
        reading.export_wh,
        reading.import_start,
        reading.import_end,
        reading.export_start,
        reading.export_end,
        reading.measured_at,
        reading.sequence,
        reading.version,
    )


def _energy(answer: tuple[Value, ...]) -> IntervalEnergy | None:
    fields = dict(zip(("present", "imported", "exported"), answer, strict=True))
    if not flag(fields, "present"):
        return None
    imported, exported = integer(fields, "imported"), integer(fields, "exported")
    return IntervalEnergy(WattHours(imported), WattHours(exported))


def _lanes(answer: tuple[Value, ...]) -> tuple[IntervalEnergy | None, ...]:
    return tuple(unpack_lane(lane) for lane in integers(answer[0]))


def _oracle_set(answer: tuple[Value, ...]) -> OracleSet:
    fields = dict(zip(("version", "quorum", "signers"), answer, strict=True))
    return OracleSet(
        version=integer(fields, "version"),
        quorum=integer(fields, "quorum"),
        signers=addresses(fields["signers"]),
    )
