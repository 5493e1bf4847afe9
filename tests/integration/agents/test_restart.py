"""A home that is killed at any moment goes on where it stood.

Nothing is lost and nothing said twice.
"""

import asyncio
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from node.domain.slots import DeliverySlot

if TYPE_CHECKING:
    from tests.integration.agents.conftest import MakeWorld, World

SLOT = DeliverySlot(1_000_000)


def slot(number: int) -> DeliverySlot:
    return DeliverySlot(SLOT + 10 * number)


@pytest.mark.spec("C-36", "G-10", "G-27")
@pytest.mark.parametrize("killed_at", range(SLOT - 8, SLOT + 13))
async def test_a_kill_in_any_second_leaves_exactly_one_reading_per_slot(
    world: "World", killed_at: int
) -> None:
    async with world.home():
        await world.pass_time(killed_at)
    async with world.home():
        await world.pass_time(SLOT + 33)

    assert sorted(world.hub.taken) == [slot(n) for n in range(-2, 3)]
    assert world.hub.conflicts == []
    sequences = [world.hub.taken[one].reading.sequence for one in sorted(world.hub.taken)]
    assert sequences == sorted(set(sequences))


@pytest.mark.spec("C-36", "G-10", "G-27")
@pytest.mark.parametrize("turns", range(14))
@pytest.mark.parametrize("swallows_answers", [False, True])
async def test_a_kill_at_any_step_of_metering_and_sending_leaves_exactly_one_reading(
    world: "World", turns: int, swallows_answers: bool
) -> None:
    async with world.home():
        await world.pass_time(SLOT + 9)
        world.hub.swallows_answers = swallows_answers
        world.clock.advance_to(SLOT + 10)
        for _ in range(turns):
            await asyncio.sleep(0)
    world.hub.swallows_answers = False
    async with world.home():
        await world.pass_time(SLOT + 13)

    assert sorted(world.hub.taken) == [slot(n) for n in range(-2, 1)]
    assert world.hub.conflicts == []


@pytest.mark.spec("C-32")
@pytest.mark.parametrize("turns", range(14))
async def test_a_kill_at_any_step_of_bidding_leaves_one_set_of_orders(
    world: "World", turns: int
) -> None:
    async with world.home():
        await world.pass_time(SLOT - 8)
        world.clock.advance_to(SLOT - 7)
        for _ in range(turns):
            await asyncio.sleep(0)
    world.inverter.soc_permille = 900
    world.meter.power_w = 2500
    async with world.home():
        await world.pass_time(SLOT)

    keys = sorted(key for key, (of, _) in world.market.placed.items() if of == SLOT)
    assert keys == [f"order:{SLOT}:7:{step}" for step in range(len(keys))]
    assert len(keys) >= 2


@pytest.mark.spec("C-36", "G-10")
def test_a_kill_9_never_takes_back_a_reading_that_was_shown(tmp_path: Path) -> None:
    shown: dict[int, str] = {}
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", SIGN_FOR_EVER, str(tmp_path / "journal.sqlite3")],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in islice(process.stdout, 40):
                sequence, reading = line.split(" ", 1)
                assert shown.setdefault(int(sequence), reading) == reading
            process.kill()

    assert len(shown) >= 40


#: Signs one slot after the other from the first, with registers that no two lives agree on, and
#: shows what it signed.
SIGN_FOR_EVER = """
import sys, os
from pathlib import Path
from node.agents.gateway import Gateway
from node.agents.journal import Journal
from node.chain.signing import LocalSigner, SigningDomain
from node.domain.devices import RegisterReading
from node.domain.slots import demonstration_product
journal = Journal.open(Path(sys.argv[1]), {})
domain = SigningDomain.of_meter_oracle(1, "0x" + "ab" * 20)
gateway = Gateway(7, LocalSigner(b"1" * 32), domain, journal, demonstration_product(10))
number = os.getpid()
for slot in range(1_000_000, 2_000_000, 10):
    signed = gateway.read(slot, RegisterReading(0, 0, 0), RegisterReading(number, number, 0))
    print(signed.reading.sequence, signed.reading, signed.signature.hex(), flush=True)
"""


@pytest.mark.spec("C-32")
@pytest.mark.parametrize("killed_at", range(SLOT - 8, SLOT - 3))
async def test_a_kill_while_bidding_leaves_the_same_orders_and_no_second_set(
    world: "World", killed_at: int
) -> None:
    async with world.home():
        await world.pass_time(killed_at)
    world.inverter.soc_permille = 900
    world.meter.power_w = 2500
    async with world.home():
        await world.pass_time(SLOT)

    keys = sorted(key for key, (of, _) in world.market.placed.items() if of == SLOT)
    assert keys == [f"order:{SLOT}:7:{step}" for step in range(len(keys))]
    assert len(keys) >= 2


@pytest.mark.spec("C-28", "C-34")
async def test_a_home_that_comes_back_within_a_slot_delivers_the_rest_of_it(
    world: "World",
) -> None:
    world.market.matched(SLOT, sold=700)
    async with world.home():
        await world.pass_time(SLOT + 3)
    world.inverter.setpoint_w = None
    world.clock.advance_to(SLOT + 5)
    async with world.home():
        await world.pass_time(SLOT + 12)

    assert world.inverter.armed == [(SLOT, 1400, SLOT + 10), (SLOT + 5, 1400, SLOT + 10)]


@pytest.mark.spec("C-28", "C-34")
async def test_a_home_that_stays_dead_controls_nothing_beyond_its_slot(world: "World") -> None:
    world.market.matched(SLOT, sold=700)
    async with world.home():
        await world.pass_time(SLOT + 3)

    world.clock.advance_to(SLOT + 9)
    assert world.inverter.holds() == 1400
    world.clock.advance_to(SLOT + 10)
    assert world.inverter.holds() is None


@pytest.mark.spec("C-36")
async def test_slots_that_passed_while_the_home_was_away_are_metered_afterwards(
    world: "World",
) -> None:
    async with world.home():
        await world.pass_time(SLOT + 2)
    world.clock.advance_to(SLOT + 27)
    async with world.home():
        await world.pass_time(SLOT + 32)

    assert sorted(world.hub.taken) == [slot(n) for n in range(-2, 3)]


@pytest.mark.spec("C-36", "G-11")
async def test_after_a_long_absence_a_home_leaves_alone_what_is_final(world: "World") -> None:
    async with world.home():
        await world.pass_time(SLOT + 2)
    world.clock.advance_to(SLOT + 1003)
    async with world.home():
        await world.pass_time(SLOT + 1012)

    late = [one for one in sorted(world.hub.taken) if one > SLOT]
    assert late == [slot(98), slot(99), slot(100)]


@pytest.mark.spec("C-36")
async def test_readings_that_the_hub_had_not_taken_are_sent_by_the_next_life(
    world: "World",
) -> None:
    async with world.home():
        world.hub.is_down = True
        await world.pass_time(SLOT + 1)
    world.hub.is_down = False
    async with world.home():
        await world.pass_time(SLOT + 3)

    assert sorted(world.hub.taken) == [slot(-2), slot(-1)]


@pytest.mark.spec("C-36", "G-29")
async def test_a_point_is_metered_from_its_first_slot_on(make_world: "MakeWorld") -> None:
    world = make_world()
    world.market.active_from = SLOT
    async with world.home():
        await world.pass_time(SLOT + 12)

    assert sorted(world.hub.taken) == [SLOT]


@pytest.mark.spec("C-30")
async def test_what_was_observed_is_remembered_for_the_forecast(world: "World") -> None:
    async with world.home():
        await world.pass_time(SLOT + 1)
    async with world.home() as home:
        assert sorted(home.forecaster.history) == [slot(-2), slot(-1)]
