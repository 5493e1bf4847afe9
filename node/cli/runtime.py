"""What every long-running process shares: it ends cleanly when it is told to."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable


def run_until_told(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `main` with an event that SIGINT and SIGTERM set."""
    asyncio.run(_with_signals(main))


async def _with_signals(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await main(stop)


def free_ports(count: int) -> tuple[int, ...]:
    """Return ports of the loopback interface that nobody uses now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return tuple(each.getsockname()[1] for each in sockets)
