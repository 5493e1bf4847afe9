"""JSON-RPC over real sockets: kept connections, dropped ones, answers that are none."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from web3 import HTTPProvider

from node.chain.client import ChainClient
from node.chain.errors import ChainUnavailableError
from node.chain.rpc import HttpProvider

Answer = Callable[[list[dict[str, object]]], bytes | None]


@contextmanager
def _node(answer: Answer, status: int = 200) -> Iterator[tuple[str, list[object]]]:
    """Run a node; `answer` makes the body of a response, None closes the connection without one."""
    connections: list[object] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            connections.append(self.client_address)

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = answer(request)
            if body is None:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", connections
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _echo(request: list[dict[str, object]]) -> bytes:
    """Answer each request with its first parameter, in reverse order."""
    answers = [{"id": r["id"], "jsonrpc": "2.0", "result": r["params"]} for r in request]
    return json.dumps(answers[::-1]).encode()


def test_answers_are_put_in_the_order_of_the_requests() -> None:
    with _node(_echo) as (url, _):
        provider = HttpProvider(url)
        answers = provider.make_batch_request([("m", [1]), ("m", [2])])
        provider.close()

    assert [answer["result"] for answer in answers] == [[1], [2]]  # type: ignore[attr-defined]


def test_a_connection_is_kept() -> None:
    with _node(_echo) as (url, connections):
        provider = HttpProvider(url)
        for _ in range(5):
            provider.make_batch_request([("m", [])])
        provider.close()

    assert len(connections) == 1


def test_a_kept_connection_that_the_node_dropped_is_replaced() -> None:
    turns = iter([True, False, True])

    def answer(request: list[dict[str, object]]) -> bytes | None:
        return _echo(request) if next(turns) else None

    with _node(answer) as (url, connections):
        provider = HttpProvider(url)
        for _ in range(2):
            assert provider.make_batch_request([("m", [])])
        provider.close()

    assert len(connections) == 2


def test_threads_do_not_share_a_connection() -> None:
    together = threading.Barrier(3)

    def answer(request: list[dict[str, object]]) -> bytes:
        together.wait(5)
        return _echo(request)

    with _node(answer) as (url, connections):
        provider = HttpProvider(url)
        threads = [
            threading.Thread(target=provider.make_batch_request, args=([("m", [])],))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        provider.close()

    assert len(connections) == 3


@pytest.mark.parametrize("body", [b"", b"<html>", b"[", b'{"error": "no"}', b'[{"id": "x"}]'])
def test_an_answer_that_is_no_json_rpc_counts_as_down(body: bytes) -> None:
    with _node(lambda _: body) as (url, _):
        client = ChainClient([url], 1)
        with pytest.raises(ChainUnavailableError):
            client.head()
        client.close()


def test_a_server_error_counts_as_down() -> None:
    with _node(_echo, status=503) as (url, _):
        client = ChainClient([url], 1)
        with pytest.raises(ChainUnavailableError, match="answered 503"):
            client.head()
        client.close()


def test_a_node_that_does_not_answer_in_time_counts_as_down() -> None:
    done = threading.Event()

    def answer(request: list[dict[str, object]]) -> bytes:
        done.wait(10)
        return _echo(request)

    with _node(answer) as (url, _):
        client = ChainClient([HttpProvider(url, timeout=0.1)], 1)
        with pytest.raises(ChainUnavailableError, match="timed out"):
            client.head()
        client.close()
        done.set()


def test_nobody_listening_counts_as_down() -> None:
    with pytest.raises(ChainUnavailableError, match="the chain does not answer"):
        ChainClient(["http://127.0.0.1:1"], 1).head()


def test_the_provider_of_web3_carries_a_client_too() -> None:
    def answer(request: list[dict[str, object]]) -> bytes:
        answers = [{"id": r["id"], "jsonrpc": "2.0", "result": "0x1"} for r in request]
        return json.dumps(answers).encode()

    with _node(answer) as (url, _):
        import requests

        with requests.Session() as session:
            provider = HTTPProvider(url, session=session)
            assert ChainClient([provider], 1).head() == 1
