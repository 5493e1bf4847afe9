"""Readings in: who sends, whether it can be believed, whether it is new (D-16, D-27, D-34, D-49 to D-53).

The measurement decides everything and the arrival nothing: any order and any repetition of the same readings
leaves the same data. What happened is in the event log, in the transaction that stores or refuses.
"""

from collections.abc import Callable
from dataclasses import dataclass

from node.domain.clock import Clock
from node.domain.readings import (
    LARGEST_INTERVAL,
    PointLimits,
    Reading,
    Relation,
    faults_of,
    relation,
)
from node.domain.slots import Product
from node.domain.units import WattHours
from node.metering.errors import (
    AuthenticationError,
    ContradictingReadingError,
    CorrectionUnsupportedError,
    DeviceNotRegisteredError,
    ForeignPointError,
    FutureDatedError,
    MeteringError,
    ReadingImplausibleError,
    SignatureMismatchError,
    SlotNotOverError,
    WrongPasswordError,
)
from node.metering.passwords import Passwords
from node.store.chain_records import PointRecord
from node.store.database import Database, UnitOfWork, View
from node.store.records import Event, Registration, SignedReading, StoredReading

#: Returns who signed a reading (EIP-712), None when the signature is none.
RecoverReading = Callable[[Reading, bytes], str | None]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A reading is in the database; `repeated` when it was there before."""

    number: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes readings of registered devices."""

    database: Database
    clock: Clock
    product: Product
    passwords: Passwords
    recover: RecoverReading

    def take(self, device_id: str, password: str, signed: SignedReading) -> Receipt:
        """Store a reading once; raises what is wrong with it, after keeping evidence of a contradiction."""
        at = self.clock.now()
        try:
            said = self._authenticate(device_id, password)
        except AuthenticationError as refusal:
            self._log_stranger(at, device_id, refusal)
            raise
        with self.database.write() as work:
            work.events.add(at, Event.DATA_RECEIVED, device_id, items=1)
            work.events.add(at, Event.AUTHENTICATED, device_id)
            try:
                self._check(work, device_id, said, signed, at)
                receipt = _keep(work, device_id, signed, at)
            except MeteringError as refusal:
                work.events.add(at, Event.DATA_REFUSED, device_id, content={"reason": refusal.code})
                work.commit()
                raise
            work.commit()
        return receipt

    def _authenticate(self, device_id: str, password: str) -> Registration:
        with self.database.read() as view:
            device = view.devices.find(device_id)
        said = None if device is None else device.registration
        if device is None or said is None or device.verifier is None:
            raise DeviceNotRegisteredError(device_id)
        if not self.passwords.proves(password, device.verifier):
            raise WrongPasswordError(device_id)
        return said

    def _log_stranger(self, at: int, device_id: str, refusal: MeteringError) -> None:
        with self.database.write() as work:
            work.events.add(at, Event.DATA_RECEIVED, device_id, items=1)
            work.events.add(
                at, Event.AUTHENTICATION_FAILED, device_id, content={"reason": refusal.code}
            )
            work.commit()

    def _check(
        self, view: View, device_id: str, said: Registration, signed: SignedReading, now: int
    ) -> None:
        reading = signed.reading
        if reading.point != said.point:
            raise ForeignPointError(device_id, reading.point)
        if reading.version > 1:
            raise CorrectionUnsupportedError(reading.version)
        self._check_measurement(reading, _limits(view, reading.point), now)
        # The chain knows of a rotated key; until the indexer has seen the point, the registered one counts.
        expected = view.points.gateway(reading.point, reading.slot) or said.gateway
        signer = self.recover(reading, signed.signature)
        if signer is None or signer.lower() != expected:
            raise SignatureMismatchError(reading.point, signer, expected)

    def _check_measurement(self, reading: Reading, limits: PointLimits, now: int) -> None:
        slot_end = self.product.slot_end(reading.slot)
        if now < slot_end:
            raise SlotNotOverError(reading.slot, slot_end, now)
        if reading.measured_at > now:
            raise FutureDatedError(reading.measured_at, now)
        faults = faults_of(reading, self.product, limits, now)
        if faults:
            raise ReadingImplausibleError("; ".join(faults))


def _limits(view: View, point: int) -> PointLimits:
    """Return the registered rating of a point; before the indexer has seen it, what a reading can hold at all."""
    found = view.chain.find(PointRecord, point=point)
    if not found:
        return PointLimits(LARGEST_INTERVAL, LARGEST_INTERVAL)
    rated = found[-1].record
    return PointLimits(WattHours(rated.import_limit), WattHours(rated.export_limit))


def _keep(work: UnitOfWork, device_id: str, signed: SignedReading, at: int) -> Receipt:
    known = work.readings.matching(signed.reading)
    against = _contradicted(known, signed.reading)
    if against is not None:
        _keep_evidence(work, device_id, signed, at, against)
    if known:
        work.events.add(
            at, Event.DATA_REPEATED, device_id, items=0, content={"number": known[0].number}
        )
        return Receipt(known[0].number, repeated=True)
    number = work.readings.add(signed, device_id, at)
    work.events.add(at, Event.DATA_STORED, device_id, items=1, content={"number": number})
    return Receipt(number, repeated=False)


def _contradicted(known: list[StoredReading], reading: Reading) -> StoredReading | None:
    for stored in known:
        if relation(stored.signed.reading, reading) is Relation.CONFLICTING:
            return stored
    return None


def _keep_evidence(
    work: UnitOfWork, device_id: str, signed: SignedReading, at: int, against: StoredReading
) -> None:
    reading = signed.reading
    if work.readings.add_conflict(signed, device_id, at, against.number):
        work.events.add(
            at, Event.CONFLICT_KEPT, device_id, items=1, content={"contradicts": against.number}
        )
    raise ContradictingReadingError(reading.point, reading.slot, reading.sequence)
