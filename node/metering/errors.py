"""Why the hub refuses a device or a system. Each error has a code that goes out with the answer.

* MeteringError
  * AuthenticationError
    * WrongPasswordError              the password is not the one that was issued
    * DeviceNotRegisteredError        an id that is not listed or has not registered yet
    * SystemUnknownError              an upper system or oracle that was never added
  * RegistrationError
    * DeviceNotListedError            the id was not listed beforehand (D-45)
    * AlreadyRegisteredError          a password was issued already
    * PointTakenError                 another device reads this metering point
    * PointUnknownError               the chain names no such metering point (yet)
    * GatewayMismatchError            the chain names another gateway for the point (G-29)
    * PossessionInvalidError          the proof does not come from the gateway's key (G-29)
  * ReadingRefusedError
    * ForeignPointError               the metering point belongs to another device
    * ReadingImplausibleError         registers and energies contradict each other
    * SlotNotOverError                the slot is still being delivered
    * FutureDatedError                measured later than now
    * CorrectionUnsupportedError      a version above 1, which needs the metering operator
    * SignatureMismatchError          not signed by the point's gateway
    * ContradictingReadingError       differs from what the gateway signed before; kept as evidence
"""

from typing import ClassVar

from node.domain.errors import YuimaruError


class MeteringError(YuimaruError):
    """Base of everything the intake refuses; `field` names what was wrong in the request."""

    code: ClassVar[str]
    field: ClassVar[str | None] = None


class AuthenticationError(MeteringError):
    """Who asks is not who it says, or may not ask."""


class WrongPasswordError(AuthenticationError):
    """The password is wrong. It is not repeated here."""

    code = "wrong_password"

    def __init__(self, peer: str) -> None:
        super().__init__(f"the password is not the one of {peer!r}")
        self.peer = peer


class DeviceNotRegisteredError(AuthenticationError):
    """The device has not registered."""

    code = "device_not_registered"

    def __init__(self, device_id: str) -> None:
        super().__init__(f"device {device_id!r} is not registered: register it first")
        self.device_id = device_id


class SystemUnknownError(AuthenticationError):
    """The system was never added."""

    code = "system_unknown"

    def __init__(self, name: str) -> None:
        super().__init__(f"no system {name!r} may ask this hub: have the hub operator add it")
        self.name = name


class RegistrationError(MeteringError):
    """A device cannot register like this."""


class DeviceNotListedError(RegistrationError):
    """The id was not listed beforehand."""

    code = "device_not_listed"
    field = "device_id"

    def __init__(self, device_id: str) -> None:
        super().__init__(f"device id {device_id!r} was not listed beforehand")
        self.device_id = device_id


class AlreadyRegisteredError(RegistrationError):
    """The device has its own password, which is not given out a second time."""

    code = "already_registered"
    field = "device_id"

    def __init__(self, device_id: str) -> None:
        super().__init__(
            f"device {device_id!r} is registered and has its password; if it lost it, have the hub "
            "operator free it"
        )
        self.device_id = device_id


class PointTakenError(RegistrationError):
    """Another device reads this metering point."""

    code = "point_taken"
    field = "metering_point"

    def __init__(self, point: int, device_id: str) -> None:
        super().__init__(f"metering point {point} is read by device {device_id!r} already")
        self.point = point


class PointUnknownError(RegistrationError):
    """The chain names no such metering point."""

    code = "point_unknown"
    field = "metering_point"

    def __init__(self, point: int) -> None:
        super().__init__(
            f"metering point {point} is not registered on the chain, as far as this hub knows"
        )
        self.point = point


class GatewayMismatchError(RegistrationError):
    """The chain names another gateway key for the point."""

    code = "gateway_mismatch"
    field = "gateway"

    def __init__(self, point: int, given: str, expected: str) -> None:
        super().__init__(
            f"gateway {given} is not the one that the chain names for metering point {point}: {expected}"
        )
        self.given = given
        self.expected = expected


class PossessionInvalidError(RegistrationError):
    """The proof of possession was made with another key, or for another owner."""

    code = "possession_invalid"
    field = "possession"

    def __init__(self, gateway: str, owner: str) -> None:
        super().__init__(f"the proof of possession is not gateway {gateway}'s for owner {owner}")
        self.gateway = gateway


class ReadingRefusedError(MeteringError):
    """A reading that is not stored."""


class ForeignPointError(ReadingRefusedError):
    """The device does not read this metering point."""

    code = "foreign_point"
    field = "point"

    def __init__(self, device_id: str, point: int) -> None:
        super().__init__(f"device {device_id!r} is not registered for metering point {point}")
        self.point = point


class ReadingImplausibleError(ReadingRefusedError):
    """What the reading says cannot have been measured."""

    code = "reading_implausible"

    def __init__(self, problem: str) -> None:
        super().__init__(problem)


class SlotNotOverError(ReadingRefusedError):
    """The slot is not over."""

    code = "slot_not_over"
    field = "slot"

    def __init__(self, slot: int, slot_end: int, now: int) -> None:
        super().__init__(f"slot {slot} ends at {slot_end}, now is {now}")
        self.slot = slot


class FutureDatedError(ReadingRefusedError):
    """The measurement time lies in the future: one of the two clocks is wrong."""

    code = "future_dated"
    field = "measured_at"

    def __init__(self, measured_at: int, now: int) -> None:
        super().__init__(f"measured at {measured_at}, now is {now}: check the device's clock")
        self.measured_at = measured_at


class CorrectionUnsupportedError(ReadingRefusedError):
    """A correction has to carry the metering operator's countersignature (G-10), which no message has a place for."""

    code = "correction_unsupported"
    field = "version"

    def __init__(self, version: int) -> None:
        super().__init__(
            f"version {version} is a correction, only originals (version 1) are taken in"
        )
        self.version = version


class SignatureMismatchError(ReadingRefusedError):
    """The reading was signed with another key, or changed after it was signed."""

    code = "signature_mismatch"
    field = "signature"

    def __init__(self, point: int, signer: str | None, expected: str) -> None:
        super().__init__(
            f"the reading of metering point {point} was signed by {signer or 'nobody'}, "
            f"expected gateway {expected}; a changed field has the same effect"
        )
        self.signer = signer
        self.expected = expected


class ContradictingReadingError(ReadingRefusedError):
    """Two different readings of one slot or one sequence, both signed by the gateway."""

    code = "contradicting_reading"

    def __init__(self, point: int, slot: int, sequence: int) -> None:
        super().__init__(
            f"metering point {point} has signed something else for slot {slot} or sequence {sequence}; "
            "the first one stays, this one is kept as evidence"
        )
        self.point = point
        self.slot = slot
        self.sequence = sequence
