"""From a listed id and the common initial password to a password of the device's own (D-43 to D-56, G-29)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from node.domain.clock import Clock
from node.metering.errors import (
    AlreadyRegisteredError,
    DeviceNotListedError,
    GatewayMismatchError,
    MeteringError,
    PointTakenError,
    PointUnknownError,
    PossessionInvalidError,
    WrongPasswordError,
)
from node.metering.passwords import Passwords, same_secret
from node.store.database import Database, UnitOfWork, View
from node.store.records import Device, Event, Registration, System, SystemRole

#: Returns who signed `GatewayPossession(owner, gateway)`, None when the signature is none.
RecoverPossession = Callable[[str, str, bytes], str | None]


@dataclass(frozen=True, slots=True)
class Registrar:
    """Registers devices and upper systems."""

    database: Database
    clock: Clock
    passwords: Passwords
    initial_password: str = field(repr=False)
    recover_possession: RecoverPossession

    def list_device(self, device_id: str) -> None:
        """Let an id register; an id that is listed or registered already stays as it is."""
        at = self.clock.now()
        with self.database.write() as work:
            if work.devices.find(device_id) is None:
                work.devices.add(Device(device_id, listed_at=at))
                work.events.add(at, Event.DEVICE_LISTED, device_id)
                work.commit()

    def free_device(self, device_id: str) -> None:
        """Let a device that lost its password register again; the old password is worth nothing from now on."""
        at = self.clock.now()
        with self.database.write() as work:
            if work.devices.find(device_id) is None:
                raise DeviceNotListedError(device_id)
            work.devices.unregister(device_id)
            work.events.add(at, Event.DEVICE_FREED, device_id)
            work.commit()

    def register(self, device_id: str, initial_password: str, said: Registration) -> str:
        """Register a device and return its password, which is shown to nobody a second time."""
        at = self.clock.now()
        try:
            self._authenticate(device_id, initial_password)
            password = self.passwords.generate()
            verifier = self.passwords.verifier(password)
            with self.database.write() as work:
                _check(work, device_id, said, self.recover_possession)
                work.events.add(at, Event.REGISTRATION_REQUESTED, device_id)
                work.devices.register(device_id, said, verifier, at)
                work.events.add(
                    at, Event.DEVICE_REGISTERED, device_id, content={"point": said.point}
                )
                work.commit()
        except MeteringError as refusal:
            self._log_refusal(at, device_id, refusal)
            raise
        return password

    def password_sent(self, device_id: str) -> None:
        """Note that the answer with the password has gone out (D-26)."""
        self._log(self.clock.now(), Event.PASSWORD_SENT, device_id)

    def add_system(self, name: str, role: SystemRole) -> str:
        """Let an upper system or oracle ask for readings; return its password. A known one gets a new password."""
        at = self.clock.now()
        password = self.passwords.generate()
        verifier = self.passwords.verifier(password)
        with self.database.write() as work:
            work.systems.put(System(name, role, at, verifier))
            work.events.add(at, Event.SYSTEM_ADDED, name, content={"role": role})
            work.commit()
        return password

    def _authenticate(self, device_id: str, initial_password: str) -> None:
        if not same_secret(initial_password, self.initial_password):
            raise WrongPasswordError(device_id)

    def _log_refusal(self, at: int, device_id: str, refusal: MeteringError) -> None:
        with self.database.write() as work:
            work.events.add(at, Event.REGISTRATION_REQUESTED, device_id)
            work.events.add(
                at, Event.REGISTRATION_REFUSED, device_id, content={"reason": refusal.code}
            )
            work.commit()

    def _log(self, at: int, event: Event, peer: str) -> None:
        with self.database.write() as work:
            work.events.add(at, event, peer)
            work.commit()


def _check(
    work: UnitOfWork, device_id: str, said: Registration, recover: RecoverPossession
) -> None:
    device = work.devices.find(device_id)
    if device is None:
        raise DeviceNotListedError(device_id)
    if device.registration is not None:
        raise AlreadyRegisteredError(device_id)
    holder = work.devices.at_point(said.point)
    if holder is not None:
        raise PointTakenError(said.point, holder.device_id)
    _check_gateway(work, said, recover)


def _check_gateway(view: View, said: Registration, recover: RecoverPossession) -> None:
    """Refuse a key that is not the one that the chain names, or that the device does not hold."""
    owner, gateway = view.points.owner(said.point), view.points.gateway(said.point)
    if owner is None or gateway is None:
        raise PointUnknownError(said.point)
    if gateway != said.gateway:
        raise GatewayMismatchError(said.point, said.gateway, gateway)
    signer = recover(owner, gateway, said.possession)
    if signer is None or signer.lower() != gateway:
        raise PossessionInvalidError(gateway, owner)
