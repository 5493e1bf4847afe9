"""Bounds of a request, kept before anything is parsed."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node.hub.errors import RequestTooLargeError
from node.hub.problems import STATUS_OF, answer

#: Largest body: a signed reading has some 600 bytes, a registration at most 2,000.
LARGEST_BODY_BYTES = 64 * 1024


class BodyLimit:
    """Refuses a request body above a limit, declared or not, without reading the rest of it."""

    def __init__(self, app: ASGIApp, limit: int = LARGEST_BODY_BYTES) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await self._body(scope, receive)
        if body is None:
            too_large = RequestTooLargeError(self._limit)
            refusal = answer(STATUS_OF[RequestTooLargeError], too_large.code, str(too_large))
            await refusal(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _body(self, scope: Scope, receive: Receive) -> list[Message] | None:
        """Return the messages of the body, None when there is more than the limit."""
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._limit:
            return None
        messages: list[Message] = []
        size = 0
        while True:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            if size > self._limit:
                return None
            if not message.get("more_body", False):
                return messages


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def next_message() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return next_message
