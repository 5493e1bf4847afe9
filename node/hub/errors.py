"""What the hub itself refuses, beside what the intake does.

* HubError
  * CredentialsMissingError   a request that needs a name and a password has none
  * RequestTooLargeError      the body is larger than any message of ours
  * SlotUnknownError          nobody opened this slot, as far as the hub has followed the chain
  * AddressTakenError         another program listens where the hub should
"""

from typing import ClassVar

from node.domain.errors import YuimaruError


class HubError(YuimaruError):
    """Base of everything the hub itself raises."""

    code: ClassVar[str]


class CredentialsMissingError(HubError):
    """No HTTP Basic credentials."""

    code = "credentials_missing"

    def __init__(self) -> None:
        super().__init__("send name and password as HTTP Basic credentials")


class RequestTooLargeError(HubError):
    """The body is too large."""

    code = "request_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"a request body has at most {limit} bytes")
        self.limit = limit


class SlotUnknownError(HubError):
    """The slot was not opened."""

    code = "slot_unknown"

    def __init__(self, slot: int) -> None:
        super().__init__(f"slot {slot} was not opened, as far as this hub has followed the chain")
        self.slot = slot


class AddressTakenError(HubError):
    """The hub cannot listen where it was told to."""

    code = "address_taken"

    def __init__(self, host: str, port: int, problem: str) -> None:
        super().__init__(
            f"the hub cannot listen on {host}:{port}: {problem}; name another port, or 0 for any that is free"
        )
        self.host = host
        self.port = port
