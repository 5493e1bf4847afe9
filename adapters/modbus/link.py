"""One TCP connection to one Modbus endpoint: opened when needed, one question at a time.

The only module that speaks to pymodbus's client. Many devices accept a single connection and answer a second
question wrongly while the first is open, so everything behind one host and port shares a `Link` and takes turns.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException, ModbusIOException
from pymodbus.pdu import ModbusPDU

from adapters.modbus.errors import (
    BusyError,
    ExceptionAnswerError,
    GarbledAnswerError,
    NoAnswerError,
    UnreachableError,
    WriteRefusedError,
)

#: Most registers in one read (Modbus Application Protocol 1.1b3, 6.3).
LONGEST_READ: Final = 125

#: Exceptions that pass: acknowledge, busy, gateway path unavailable, gateway target silent.
PASSING: Final = frozenset({5, 6, 10, 11})

# Every failure leaves this module as an error with the device's name; pymodbus's own lines would say it twice.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


class Link:
    """A connection to `host`:`port`, shared by the units behind it."""

    def __init__(self, host: str, port: int, timeout_seconds: float) -> None:
        self._host = host
        self._port = port
        self._timeout_seconds = timeout_seconds
        self._turn = asyncio.Lock()
        self._client: AsyncModbusTcpClient | None = None
        #: Counts the connections made: whoever remembers something about the device compares it.
        self.generation = 0

    @asynccontextmanager
    async def turn(self, device: str, unit: int) -> AsyncIterator["Turn"]:
        """Have the connection to oneself for several questions."""
        async with self._turn:
            client = self._client
            if client is None or not client.connected:
                client = await self._connect(device)
            yield Turn(self, client, device, unit, self._timeout_seconds)

    def close(self) -> None:
        """Hang up; the next turn connects again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connect(self, device: str) -> AsyncModbusTcpClient:
        self.close()
        # No retries and no reconnecting behind our back: a caller learns of a failure once and at once.
        client = AsyncModbusTcpClient(
            self._host,
            port=self._port,
            timeout=self._timeout_seconds,
            retries=0,
            reconnect_delay=0,
        )
        if not await client.connect():
            client.close()
            raise UnreachableError(device, self._timeout_seconds)
        self._client = client
        self.generation += 1
        return client


class Turn:
    """The right to ask, as one Modbus unit's user; valid inside `Link.turn`."""

    def __init__(
        self,
        link: Link,
        client: AsyncModbusTcpClient,
        device: str,
        unit: int,
        timeout_seconds: float,
    ) -> None:
        self._link = link
        self._client = client
        self._device = device
        self._unit = unit
        self._timeout_seconds = timeout_seconds

    async def read(self, address: int, count: int) -> list[int]:
        """Read holding registers, in as few questions as the protocol allows."""
        words: list[int] = []
        while count > 0:
            share = min(count, LONGEST_READ)
            words += await self._read_once(address, share)
            address += share
            count -= share
        return words

    async def write(self, address: int, values: Sequence[int]) -> None:
        """Write holding registers as one block (function 16): all of them or none."""
        answer = await self._ask(
            address,
            lambda: self._client.write_registers(address, list(values), device_id=self._unit),
        )
        if answer.isError():
            code = self._failure_code(address, answer)
            raise WriteRefusedError(self._device, address, code, values)

    async def _read_once(self, address: int, count: int) -> list[int]:
        answer = await self._ask(
            address,
            lambda: self._client.read_holding_registers(address, count=count, device_id=self._unit),
        )
        if answer.isError():
            raise ExceptionAnswerError(self._device, address, self._failure_code(address, answer))
        if len(answer.registers) != count:
            self._link.close()
            raise GarbledAnswerError(
                self._device,
                f"{len(answer.registers)} instead of {count} registers from {address}",
            )
        return list(answer.registers)

    async def _ask(self, address: int, ask: Callable[[], Awaitable[ModbusPDU]]) -> ModbusPDU:
        answered = False
        try:
            answer = await ask()
            answered = True
        except (ConnectionException, ModbusIOException) as error:
            raise NoAnswerError(self._device, address, self._timeout_seconds) from error
        except ModbusException as error:
            raise GarbledAnswerError(self._device, str(error)) from error
        finally:
            # Also when cancelled: an answer that comes late must not meet the next question.
            if not answered:
                self._link.close()
        return answer

    def _failure_code(self, address: int, answer: ModbusPDU) -> int:
        code = int(answer.exception_code)
        if code in PASSING:
            raise BusyError(self._device, address, code)
        return code
