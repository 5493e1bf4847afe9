"""What can be wrong with what the domain is given.

* YuimaruError
  * DomainError
    * FieldError                a file or a message holds a wrong value; says where
    * TableError                a CSV cell is wrong; says file, line and column
    * ProductError              the parameters of a product contradict each other
    * SlotError                 an instant or a label names no delivery slot
    * OrderError                an order that no book may hold
    * SettlementError           trades and metered values that cannot be settled together
    * ReadingError              a reading that the device cannot have measured
    * LaneError                 a packed word that is no honest batch of readings
    * PolicyError               a policy or forecast that was set up wrongly
  * DeviceError
    * DeviceUnavailableError    no answer: safe to retry
    * DeviceProtocolError       an answer that makes no sense
    * SetpointRefusedError      the device cannot or will not take the set-point
    * RegistersNotHeldError     the meter holds no registers of the asked instant
"""


class YuimaruError(Exception):
    """Base of every error of this project that a caller may want to catch."""


class DomainError(YuimaruError):
    """A value breaks a rule of the market."""


class FieldError(DomainError):
    """A field of a file or message is wrong: `path` says which, `value` what it held."""

    def __init__(self, path: str, value: object, reason: str) -> None:
        super().__init__(f"{path or 'document'}: {reason}, was {_shown(value)}")
        self.path = path
        self.value = value
        self.reason = reason


class TableError(DomainError):
    """A CSV file is wrong: names file, line (counted from 1) and column."""

    def __init__(self, file: str, line: int, column: str | None, reason: str) -> None:
        where = f"{file}:{line}" if column is None else f"{file}:{line}, column {column}"
        super().__init__(f"{where}: {reason}")
        self.file = file
        self.line = line
        self.column = column
        self.reason = reason


class ProductError(DomainError):
    """The parameters of a product contradict each other."""

    def __init__(self, parameter: str, value: int, reason: str) -> None:
        super().__init__(f"product parameter {parameter}: {reason}, was {value}")
        self.parameter = parameter
        self.value = value


class SlotError(DomainError):
    """An instant or a label names no delivery slot."""


class OrderError(DomainError):
    """An order that no book may hold."""


class SettlementError(DomainError):
    """Trades and metered values that cannot be settled together."""


class ReadingError(DomainError):
    """A reading that the device cannot have measured."""


class LaneError(DomainError):
    """A packed word that is no honest batch of readings."""


class PolicyError(DomainError):
    """A policy or a forecast that was set up wrongly."""


class DeviceError(YuimaruError):
    """A device did not do what was asked; `device` names it."""

    def __init__(self, device: str, problem: str) -> None:
        super().__init__(f"{device}: {problem}")
        self.device = device
        self.problem = problem


class DeviceUnavailableError(DeviceError):
    """No answer in time or no connection: nothing is known to have changed, safe to retry."""


class DeviceProtocolError(DeviceError):
    """The device answered something that makes no sense: retrying will not help."""


class SetpointRefusedError(DeviceError):
    """The device cannot or will not take the set-point (outside its limits, locked, no control)."""


class RegistersNotHeldError(DeviceError):
    """The meter holds no registers latched at `boundary`: not reached yet, dropped since, or off at that time."""

    def __init__(self, device: str, boundary: int, held: tuple[int, int] | None) -> None:
        span = "none" if held is None else f"those of {held[0]} to {held[1]}"
        super().__init__(device, f"no registers latched at {boundary}, the meter holds {span}")
        self.boundary = boundary
        self.held = held


#: Longest piece of a wrong value that an error repeats; the rest is of no use to a reader.
SHOWN_LENGTH = 80


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}..."
