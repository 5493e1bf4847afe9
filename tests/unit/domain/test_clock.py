"""The seam to time."""

import asyncio
import time

import pytest

from node.domain.clock import Clock, SystemClock, VirtualClock


def test_the_system_clock_tells_whole_unix_seconds() -> None:
    before = int(time.time())

    assert before <= SystemClock().now() <= time.time()


def test_waiting_for_a_past_instant_returns_at_once() -> None:
    clock = SystemClock()

    clock.sleep_until(clock.now())
    asyncio.run(clock.wait_until(clock.now()))


async def test_the_system_clock_has_reached_the_instant_when_a_wait_returns() -> None:
    clock = SystemClock()
    soon = clock.now() + 1

    await asyncio.gather(clock.wait_until(soon), asyncio.to_thread(clock.sleep_until, soon))

    assert clock.now() >= soon


def test_a_virtual_clock_stands_still_and_never_goes_back() -> None:
    clock = VirtualClock(100)

    assert clock.now() == 100
    clock.advance_to(250)
    clock.advance_to(200)
    assert clock.now() == 250


def test_a_synchronous_sleep_moves_the_virtual_clock() -> None:
    clock = VirtualClock(100)

    clock.sleep_until(160)
    clock.sleep_until(120)

    assert clock.now() == 160


async def test_moving_a_virtual_clock_wakes_who_waits_for_it_and_nobody_else() -> None:
    clock = VirtualClock(0)
    woken: list[int] = []

    async def wait(instant: int) -> None:
        await clock.wait_until(instant)
        woken.append(instant)

    tasks = [asyncio.create_task(wait(instant)) for instant in (30, 10, 20, 0)]
    await asyncio.sleep(0)
    assert clock.next_wake() == 10
    clock.advance_to(20)
    await asyncio.gather(*tasks[1:])

    assert woken == [0, 10, 20]
    assert clock.next_wake() == 30
    clock.advance_to(30)
    await tasks[0]
    assert clock.next_wake() is None


async def test_a_cancelled_wait_leaves_the_virtual_clock_usable() -> None:
    clock = VirtualClock(0)
    task = asyncio.create_task(clock.wait_until(10))
    await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert clock.next_wake() is None
    clock.advance_to(10)
    assert clock.now() == 10


@pytest.mark.parametrize("clock", [SystemClock(), VirtualClock(5)])
def test_both_clocks_fit_the_protocol(clock: Clock) -> None:
    assert clock.now() >= 5
