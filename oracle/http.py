"""The endpoint of an oracle: proposals of its peers, and its status for its operator (G-27).

A proposal is acted upon only when it was signed by a member of the oracle set, for this oracle, a
moment ago; the answer is signed as well. So the endpoint needs no passwords and no TLS to be
believed, only to stay private.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from node.chain.errors import ChainError
from oracle.errors import EndpointError, MessageError, OracleError, ProposalError
from oracle.messages import ANSWER, PROPOSAL, Post, answer_body, read_proposal
from oracle.peers import PROPOSALS_PATH
from oracle.service import Oracle

STATUS_PATH: Final = "/v1/status"

#: Largest proposal: 2,000 entries of some 250 bytes.
LARGEST_PROPOSAL_BYTES: Final = 1024 * 1024


def make_app(oracle: Oracle, post: Post) -> Starlette:
    """Return the web application of an oracle."""

    async def propose(request: Request) -> Response:
        try:
            sealed = await _bounded(request)
            return Response(await _answered(oracle, post, sealed), media_type="application/json")
        except (MessageError, ProposalError) as error:
            return _refusal(400, error.code, error)
        except (ChainError, OracleError) as error:
            return _refusal(503, "not_now", error)

    async def status(_: Request) -> Response:
        return JSONResponse(oracle.status())

    return Starlette(
        routes=[
            Route(PROPOSALS_PATH, propose, methods=["POST"]),
            Route(STATUS_PATH, status, methods=["GET"]),
        ]
    )


class Endpoint:
    """Serves an application on a socket that is bound at once: the port is known from then on."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        self._socket = _bind(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", ws="none"
        )
        self._server = _Server(config)

    @property
    def url(self) -> str:
        """Where the endpoint answers."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then finish what is being answered."""
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            self._server.should_exit = True
            await serving
            self._socket.close()


class _Server(uvicorn.Server):
    """Leaves signals to the command that started the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _answered(oracle: Oracle, post: Post, sealed: bytes) -> bytes:
    oracles = await oracle.chain.oracle_set()
    now = oracle.clock.now()
    sender, body, digest = post.open(sealed, oracles.signers, PROPOSAL, now)
    answer = await oracle.answer(read_proposal(body))
    reply, _ = post.seal(sender, ANSWER, answer_body(answer), oracle.clock.now(), about=digest)
    return reply


async def _bounded(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_PROPOSAL_BYTES:
            raise ProposalError(f"a proposal of more than {LARGEST_PROPOSAL_BYTES} bytes")
    return bytes(body)


def _refusal(status: int, code: str, error: Exception) -> Response:
    return JSONResponse({"error": {"code": code, "message": str(error)}}, status_code=status)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()
    except (OSError, OverflowError) as error:
        bound.close()
        raise EndpointError(host, port, str(error)) from error
    return bound
