"""Devices whose process was killed go on exactly where they would have been."""

import json
from pathlib import Path

import pytest

from adapters.registry import DeviceRegistry
from adapters.simulated import HomePlan, MemoryFileError, SimulatedHome, demo_time
from node.domain.clock import VirtualClock
from node.domain.devices import InverterState, RegisterReading
from node.domain.units import Watts

START = 1_700_000_000
SLOT = 10
CALENDAR = 1_660_791_600
TIME = demo_time(START, CALENDAR, slot_seconds=SLOT)


def built(plan: HomePlan, clock: VirtualClock, memory: Path | None) -> SimulatedHome:
    return SimulatedHome(plan, clock, TIME, latch_seconds=SLOT, memory=memory)


async def life(
    plan: HomePlan, memory: Path | None, killed_at: set[int]
) -> tuple[InverterState, list[RegisterReading]]:
    """A minute and a half in which the devices' process is lost at some seconds: no farewell, a new one starts."""
    clock = VirtualClock(START)
    home = built(plan, clock, memory)
    for second in range(0, 90, 7):
        if killed_at & set(range(second, second + 7)):
            home = built(plan, clock, memory)
        clock.advance_to(START + second)
        async with home:
            devices = DeviceRegistry()
            inverter, meter = (
                devices.inverter(str(home.urls.inverter)),
                devices.meter(home.urls.meter),
            )
            if second % 3 == 0:
                await inverter.arm(Watts(100 * second - 2000), 11)
            state = await inverter.state()
            boundaries = range(START, START + second + 1, SLOT)
            readings = [await meter.registers_at(boundary) for boundary in boundaries]
            readings.append(await meter.registers())
            await meter.close()
            await inverter.close()
    return state, readings


async def test_killed_devices_end_where_they_would_have_been(
    plan: HomePlan, tmp_path: Path
) -> None:
    undisturbed = await life(plan, None, killed_at=set())

    killed = await life(plan, tmp_path / "home.json", killed_at={9, 30, 31, 55, 80})

    assert killed == undisturbed


async def test_without_a_memory_killed_devices_begin_anew(plan: HomePlan) -> None:
    clock = VirtualClock(START)
    before = built(plan, clock, None)
    clock.advance_to(START + 50)
    before.simulation.advance()

    after = built(plan, clock, None)

    assert after.simulation.stored_mj < before.simulation.stored_mj


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"time": 1}', '{"time": "x", "now": "soon"}', "\x00"]
)
def test_an_unreadable_memory_is_named_and_left_alone(
    plan: HomePlan, tmp_path: Path, text: str
) -> None:
    memory = tmp_path / "home.json"
    memory.write_text(text)

    with pytest.raises(MemoryFileError, match=r"unreadable.*remove it"):
        built(plan, VirtualClock(START), memory)

    assert memory.read_text() == text


def test_the_memory_of_another_run_is_refused(plan: HomePlan, tmp_path: Path) -> None:
    memory = tmp_path / "home.json"
    built(plan, VirtualClock(START), memory)
    other = demo_time(START, CALENDAR + 1800, slot_seconds=SLOT)

    with pytest.raises(MemoryFileError, match="kept in a run with"):
        SimulatedHome(plan, VirtualClock(START), other, latch_seconds=SLOT, memory=memory)


def test_a_write_that_was_cut_short_leaves_the_memory_before_it(
    plan: HomePlan, tmp_path: Path
) -> None:
    memory = tmp_path / "home.json"
    clock = VirtualClock(START)
    built(plan, clock, memory)
    memory.with_suffix(".new").write_text('{"half": ')

    again = built(plan, clock, memory)

    assert again.simulation.registers.export_wh == 89
    assert json.loads(memory.read_text())["now"] == START
