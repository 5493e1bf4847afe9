"""What can go wrong in an oracle. Everything that a hub or a peer can cause has its own name.

* OracleError
  * HubError
    * HubUnavailableError       no answer: the next round asks again
    * HubRefusedError           the hub does not let this oracle read; says what it answered
    * HubAnswerError            an answer that is no list of readings
  * PeerError
    * PeerUnavailableError      a peer does not answer: the quorum has to do without it
    * PeerAnswerError           a peer answered something that makes no sense
  * MessageError                a message from a peer is refused
    * MessageMalformedError     it does not have the fields of a message
    * MessageForgedError        its signature does not come from its sender
    * SenderUnknownError        its sender is not in the oracle set
    * WrongRecipientError       it was meant for somebody else
    * MessageStaleError         it was sent too long ago, or in the future
  * ProposalError               a proposal that no honest submitter makes
  * StateError
    * StateDamagedError         the state file is no sound database
    * StateForeignError         the state file belongs to something else
  * EndpointError               the port is taken or not ours
"""

from node.domain.errors import YuimaruError


class OracleError(YuimaruError):
    """Base of every error of the oracle."""


class HubError(OracleError):
    """A hub did not give readings; `hub` is its address."""

    def __init__(self, hub: str, problem: str) -> None:
        super().__init__(f"hub {hub}: {problem}")
        self.hub = hub


class HubUnavailableError(HubError):
    """No connection, no answer in time, or the hub is in trouble itself."""


class HubRefusedError(HubError):
    """The hub knows what was asked and does not give it.

    Have its operator add this oracle as a system.
    """

    def __init__(self, hub: str, status: int, said: str) -> None:
        super().__init__(hub, f"refused with status {status}: {said}")
        self.status = status


class HubAnswerError(HubError):
    """The hub answered something that is no list of readings."""


class PeerError(OracleError):
    """Another oracle was of no help; `peer` is its address on chain."""

    def __init__(self, peer: str, problem: str) -> None:
        super().__init__(f"oracle {peer}: {problem}")
        self.peer = peer


class PeerUnavailableError(PeerError):
    """No connection or no answer in time."""


class PeerAnswerError(PeerError):
    """An answer that makes no sense."""


class MessageError(OracleError):
    """A message that is not acted upon; `code` goes back to whoever sent it."""

    code = "message_refused"


class MessageMalformedError(MessageError):
    """The message does not have the fields of a message."""

    code = "message_malformed"


class MessageForgedError(MessageError):
    """The signature does not come from the named sender, or the message was changed on its way."""

    code = "message_forged"

    def __init__(self, sender: str, recovered: str | None) -> None:
        super().__init__(f"the message of {sender} was signed by {recovered or 'nobody'}")
        self.sender = sender


class SenderUnknownError(MessageError):
    """The sender is not in the oracle set."""

    code = "sender_unknown"

    def __init__(self, sender: str) -> None:
        super().__init__(f"{sender} is not in the oracle set")
        self.sender = sender


class WrongRecipientError(MessageError):
    """The message was meant for somebody else, or answers another question."""

    code = "wrong_recipient"


class MessageStaleError(MessageError):
    """The message was sent too long ago, or later than now.

    One of the two clocks is wrong, or it is a replay.
    """

    code = "message_stale"

    def __init__(self, sent_at: int, now: int) -> None:
        super().__init__(f"the message was sent at {sent_at}, now is {now}: check both clocks")
        self.sent_at = sent_at


class ProposalError(OracleError):
    """A proposal that no honest submitter makes.

    Unsorted, empty, too long, or of another configuration.
    """

    code = "proposal_refused"


class StateError(OracleError):
    """The state file cannot be used; `path` says which."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"oracle state {path}: {problem}")
        self.path = path


class StateDamagedError(StateError):
    """The file is no sound database.

    Without it the oracle no longer knows what it signed: bring back a copy.
    """


class StateForeignError(StateError):
    """The file belongs to another oracle, chain or contract."""


class EndpointError(OracleError):
    """The endpoint cannot listen: the port is taken, or the host is not this machine's."""

    def __init__(self, host: str, port: int, problem: str) -> None:
        super().__init__(f"cannot listen on {host} port {port}: {problem}; choose another port")
        self.host = host
        self.port = port
