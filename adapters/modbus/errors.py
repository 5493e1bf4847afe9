"""What a Modbus device can do wrong, each below the kind of `node.domain.errors` that tells a home how to react.

* DeviceUnavailableError            nothing is known to have changed: ask again
  * UnreachableError                no connection to host and port
  * NoAnswerError                   connected, but silent
  * BusyError                       the device or a gateway before it answers "not now"
  * ModelChangedError               something else stands where a model was: the device is scanned anew
* DeviceProtocolError               asking again will not help
  * ExceptionAnswerError            a Modbus exception
  * GarbledAnswerError              an answer that fits no question
  * NotSunSpecError                 no SunSpec map where one has to be
  * ModelMissingError               a SunSpec map without the model that is needed
  * PointMissingError               the model is there, the value is not
* SetpointRefusedError
  * RevertTimeError                 a command without a sensible end is never sent
  * WriteRefusedError               a Modbus exception as answer to a write
  * ReadBackMismatchError           acknowledged, but the registers hold something else
* DeviceClosedError                 used after `close`
"""

from collections.abc import Sequence

from node.domain.errors import (
    DeviceError,
    DeviceProtocolError,
    DeviceUnavailableError,
    SetpointRefusedError,
)


class UnreachableError(DeviceUnavailableError):
    """No connection could be made."""

    def __init__(self, device: str, seconds: float) -> None:
        super().__init__(device, f"no connection within {seconds:g} s")


class NoAnswerError(DeviceUnavailableError):
    """The device did not answer in time, or hung up."""

    def __init__(self, device: str, address: int, seconds: float) -> None:
        super().__init__(device, f"no answer within {seconds:g} s about register {address}")
        self.address = address


class BusyError(DeviceUnavailableError):
    """The device, or a gateway before it, cannot answer now."""

    def __init__(self, device: str, address: int, code: int) -> None:
        super().__init__(device, f"busy, exception {code} about register {address}")
        self.code = code


class ExceptionAnswerError(DeviceProtocolError):
    """The device answered a read with a Modbus exception."""

    def __init__(self, device: str, address: int, code: int) -> None:
        super().__init__(device, f"exception {code} about register {address}")
        self.address = address
        self.code = code


class GarbledAnswerError(DeviceProtocolError):
    """The device answered with something that is no answer to the question."""


class NotSunSpecError(DeviceProtocolError):
    """The map does not begin with the SunSpec marker."""

    def __init__(self, device: str, tried: Sequence[int]) -> None:
        super().__init__(device, f"no SunSpec map at register {', '.join(map(str, tried))}")


class ModelMissingError(DeviceProtocolError):
    """The device lacks a model."""

    def __init__(self, device: str, wanted: Sequence[int], found: Sequence[int]) -> None:
        names = " or ".join(map(str, wanted))
        super().__init__(device, f"no SunSpec model {names}, it has {', '.join(map(str, found))}")
        self.wanted = tuple(wanted)
        self.found = tuple(found)


class ModelChangedError(DeviceUnavailableError):
    """Something else stands where a model was; the device is scanned anew when it is asked again."""

    def __init__(self, device: str, model: int, header: Sequence[int]) -> None:
        super().__init__(device, f"model {model} has moved, its place now says {list(header)}")


class PointMissingError(DeviceProtocolError):
    """The device marks a needed point as not implemented."""

    def __init__(self, device: str, model: int, point: str) -> None:
        super().__init__(device, f"point {point} of SunSpec model {model} is not implemented")
        self.model = model
        self.point = point


class RevertTimeError(SetpointRefusedError):
    """A set-point needs an end that the device can keep."""

    def __init__(self, device: str, seconds: int, least: int, most: int) -> None:
        super().__init__(device, f"revert time of {least} to {most} s expected, was {seconds}")
        self.seconds = seconds


class WriteRefusedError(SetpointRefusedError):
    """The device answered a write with a Modbus exception."""

    def __init__(self, device: str, address: int, code: int, values: Sequence[int]) -> None:
        super().__init__(
            device, f"exception {code} when writing {list(values)} to register {address}"
        )
        self.address = address
        self.code = code


class ReadBackMismatchError(SetpointRefusedError):
    """The device acknowledged a write and holds something else."""

    def __init__(
        self, device: str, address: int, written: Sequence[int], held: Sequence[int]
    ) -> None:
        super().__init__(
            device, f"wrote {list(written)} to register {address}, read back {list(held)}"
        )
        self.written = tuple(written)
        self.held = tuple(held)


class DeviceClosedError(DeviceError):
    """The device was closed before."""

    def __init__(self, device: str) -> None:
        super().__init__(device, "used after it was closed")
