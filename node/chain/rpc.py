"""JSON-RPC over kept-alive HTTP connections, one per thread that asks at the same time.

`HttpProvider` has the one method of web3.py's provider that we use, so that either can carry a `ChainClient`. Ours
is the default because every process of a node opens a chain, and importing web3.py costs each of them 24 MB and more
than a second of processor time.
"""

import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias
from urllib.parse import SplitResult, urlsplit

#: What JSON can hold.
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

#: A method with its parameters.
Request: TypeAlias = tuple[str, Sequence[Json]]

#: Seconds until a node that does not answer counts as down.
TIMEOUT_SECONDS = 10.0


class Provider(Protocol):
    """Carries a batch of requests to one node; the shape of web3.py's `JSONBaseProvider`."""

    @property
    def endpoint_uri(self) -> str | None:
        """Where the node listens."""
        ...

    def make_batch_request(self, batch_requests: Any) -> Any:
        """Return an answer per request, in their order; a single answer when the node refused the whole batch."""
        ...


class HttpProvider:
    """A node that listens on HTTP; safe to use from several threads."""

    def __init__(self, url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        self.endpoint_uri = url
        self._target = urlsplit(url)
        self._timeout = timeout
        self._idle: list[http.client.HTTPConnection] = []

    def make_batch_request(self, batch_requests: Sequence[Request]) -> object:
        """Return an answer per request, in their order.

        A connection that the node closed meanwhile is replaced once. That may bring a request twice, which changes
        nothing: reads have no effect and a transaction is known by its hash.
        """
        body = json.dumps(
            [
                {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
                for number, (method, params) in enumerate(batch_requests)
            ]
        ).encode()
        while (connection := self._idle_connection()) is not None:
            try:
                return self._exchange(connection, body)
            except (http.client.HTTPException, ConnectionError):
                connection.close()
        return self._exchange(_connection(self._target, self._timeout), body)

    def close(self) -> None:
        """Close the connections that nobody is using."""
        while (connection := self._idle_connection()) is not None:
            connection.close()

    def _idle_connection(self) -> http.client.HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:  # another thread may have taken the last one
            return None

    def _exchange(self, connection: http.client.HTTPConnection, body: bytes) -> object:
        path = self._target.path or "/"
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        if response.status != http.client.OK:
            raise http.client.HTTPException(f"answered {response.status} {response.reason}")
        return _in_order(json.loads(content))


def _connection(target: SplitResult, timeout: float) -> http.client.HTTPConnection:
    host = target.hostname or "127.0.0.1"
    if target.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, target.port, timeout=timeout, context=context)
    return http.client.HTTPConnection(host, target.port, timeout=timeout)


def _in_order(answer: object) -> object:
    if not isinstance(answer, list):
        return answer
    return sorted(answer, key=_number_of)


def _number_of(answer: Mapping[str, object]) -> int:
    number = answer["id"]
    if isinstance(number, int):
        return number
    raise ValueError(f"an answer carries the id {number!r}")
