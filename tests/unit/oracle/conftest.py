"""Gateways with keys, and readings that they signed."""

from collections.abc import Callable

import pytest

from node.chain.signing import LocalSigner, SigningDomain
from node.domain.readings import PointLimits, Reading
from node.domain.slots import DeliverySlot, Product, demonstration_product
from node.domain.units import WattHours
from oracle.plausibility import Accepted, PointFacts, SignedReading

CHAIN_ID = 31_337
METER_ORACLE = "0x" + "ab" * 20
SLOT = DeliverySlot(1_000_000)

MakeReading = Callable[..., Reading]
SignReading = Callable[..., SignedReading]
AcceptReading = Callable[..., Accepted]


@pytest.fixture
def product() -> Product:
    return demonstration_product(10)


@pytest.fixture
def slot() -> DeliverySlot:
    return SLOT


@pytest.fixture
def gateway() -> LocalSigner:
    return LocalSigner(b"\x01" * 32)


@pytest.fixture
def facts(gateway: LocalSigner) -> PointFacts:
    return PointFacts(gateway.address, PointLimits(WattHours(3000), WattHours(2500)))


@pytest.fixture
def domain() -> SigningDomain:
    return SigningDomain.of_meter_oracle(CHAIN_ID, METER_ORACLE)


@pytest.fixture
def make_reading() -> MakeReading:
    """Make a reading: `imported` and `exported` Wh from registers that stand at `start`."""

    def make(
        point: int = 7,
        slot: int = SLOT,
        imported: int = 120,
        exported: int = 900,
        start: tuple[int, int] = (50_000, 80_000),
        measured_at: int | None = None,
        sequence: int | None = None,
        version: int = 1,
    ) -> Reading:
        return Reading(
            point=point,
            slot=DeliverySlot(slot),
            import_wh=WattHours(imported),
            export_wh=WattHours(exported),
            import_start=WattHours(start[0]),
            import_end=WattHours(start[0] + imported),
            export_start=WattHours(start[1]),
            export_end=WattHours(start[1] + exported),
            measured_at=slot + 10 if measured_at is None else measured_at,
            sequence=slot // 10 if sequence is None else sequence,
            version=version,
        )

    return make


@pytest.fixture
def sign_reading(gateway: LocalSigner, domain: SigningDomain) -> SignReading:
    def sign(reading: Reading, by: LocalSigner = gateway) -> SignedReading:
        return SignedReading(reading, by.sign(domain.reading_digest(reading)))

    return sign


@pytest.fixture
def accept(gateway: LocalSigner, domain: SigningDomain, sign_reading: SignReading) -> AcceptReading:
    def accept_(reading: Reading, by: LocalSigner = gateway) -> Accepted:
        return Accepted(sign_reading(reading, by), domain.reading_digest(reading), by.address)

    return accept_
