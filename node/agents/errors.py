"""What can go wrong in a home beyond its devices and the chain.

* AgentError
  * HubError
    * HubUnavailableError       no answer: the reading stays and is sent again
    * HubRefusedError           the hub understood and said no, with its code and sentence
    * HubAnswerError            an answer that is none of the hub's interface
  * MeteringError
    * RegisterFellError         a register is lower than before: no reading can be made of it
  * JournalError                the journal cannot be read or written
    * JournalForeignError       it belongs to another gateway or market
    * SequenceReusedError       a second, different reading of one slot or sequence
  * HomeSetupError              the home was told too little or things that do not fit
"""

from node.domain.errors import YuimaruError


class AgentError(YuimaruError):
    """Base of every error of the home."""


class HubError(AgentError):
    """The hub did not do what was asked; `hub` is its address."""

    def __init__(self, hub: str, problem: str) -> None:
        super().__init__(f"hub {hub}: {problem}")
        self.hub = hub


class HubUnavailableError(HubError):
    """No connection, no answer in time, or the hub is in trouble itself.

    Nothing is lost, send again.
    """


class HubRefusedError(HubError):
    """The hub said no. `code` is the hub's name for the reason, `status` the one of HTTP."""

    def __init__(self, hub: str, status: int, code: str, message: str) -> None:
        super().__init__(hub, f"{code} (status {status}): {message}")
        self.status = status
        self.code = code


class HubAnswerError(HubError):
    """The answer is none of the hub's interface: something else answers at this address."""


class MeteringError(AgentError):
    """No reading can be made of what the meter says."""


class RegisterFellError(MeteringError):
    """A register is lower at the end of a slot than at its start.

    The meter was exchanged or has failed.
    """

    def __init__(self, slot: int, before: tuple[int, int], after: tuple[int, int]) -> None:
        super().__init__(
            f"slot {slot}: import and export registers went from {before} to {after} Wh; no reading is signed"
        )
        self.slot = slot


class JournalError(AgentError):
    """The journal cannot be used; `path` says which."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"journal {path}: {problem}")
        self.path = path


class JournalForeignError(JournalError):
    """The journal belongs to another gateway, metering point or market."""


class SequenceReusedError(JournalError):
    """A second, different reading of a slot or sequence was about to be kept.

    It would be evidence against the gateway.
    """


class HomeSetupError(AgentError):
    """The home was told too little, or things that do not fit together."""
