"""A home goes through its slots: bids, delivers, measures, sends, whatever fails around it."""

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from node.agents.errors import HomeSetupError, HubRefusedError
from node.agents.home import Home
from node.agents.hub_client import Registration
from node.agents.market import Match, Stage
from node.agents.policies import PolicyTerms
from node.domain.orders import Side
from node.domain.slots import DeliverySlot
from node.domain.units import SenPerKwh

if TYPE_CHECKING:
    from tests.integration.agents.conftest import MakeWorld, World

SLOT = DeliverySlot(1_000_000)


def slot(number: int) -> DeliverySlot:
    return DeliverySlot(SLOT + 10 * number)


def notes_of(home: Home) -> list[list[object]]:
    notes = home.status()["notes"]
    assert isinstance(notes, list)
    return notes


@pytest.mark.spec("C-29", "C-31", "C-32", "C-37")
async def test_a_home_bids_once_for_each_slot_before_its_call_time(world: "World") -> None:
    async with world.home():
        await world.pass_time(SLOT + 40)

    slots = sorted({of for of, _ in world.market.placed.values()})
    assert slots == [slot(n) for n in range(-1, 5)]
    for key, (of, _) in world.market.placed.items():
        assert world.market.placed_at[key] == of - 7
        assert key.startswith(f"order:{of}:7:")


@pytest.mark.spec("C-31", "C-40")
async def test_bids_follow_forecast_and_state_of_charge(make_world: "MakeWorld") -> None:
    world = make_world(terms=PolicyTerms(name="soc_table"))
    world.inverter.pv_power_w = 1000
    world.meter.power_w = 1000
    async with world.home():
        await world.pass_time(SLOT - 6)

    orders = [draft for of, draft in world.market.placed.values() if of == SLOT]
    sides = {draft.side: draft for draft in orders}
    assert sides[Side.SELL].limit == 2000
    assert sides[Side.BUY].limit == 1000
    assert sides[Side.SELL].energy > sides[Side.BUY].energy


@pytest.mark.spec("C-30")
async def test_a_home_without_inverter_bids_what_its_meter_lets_expect(
    make_world: "MakeWorld",
) -> None:
    world = make_world(with_inverter=False)
    async with world.home():
        await world.pass_time(SLOT + 20)

    first = world.market.placed[f"order:{slot(-1)}:7:0"][1]
    later = world.market.placed[f"order:{slot(2)}:7:0"][1]
    assert (first.side, first.energy) == (Side.BUY, 200)
    assert (later.side, later.energy) == (Side.BUY, 200)
    assert world.inverter.armed == []


@pytest.mark.spec("C-28", "C-34", "C-35")
async def test_the_set_point_of_a_slot_is_the_sum_of_its_matched_units(world: "World") -> None:
    world.market.matched(SLOT, sold=700)
    world.market.matched(slot(1), bought=250)
    world.market.matched(slot(2), sold=300, bought=300)
    async with world.home():
        await world.pass_time(SLOT + 25)

    assert world.inverter.armed == [
        (SLOT, 1400, SLOT + 10),
        (SLOT + 10, -500, SLOT + 20),
        (SLOT + 20, 0, SLOT + 30),
    ]


@pytest.mark.spec("C-28")
async def test_where_nothing_was_matched_the_inverter_is_left_to_itself(world: "World") -> None:
    world.market.matched(SLOT)
    async with world.home():
        await world.pass_time(SLOT + 9)

    assert world.inverter.armed == []


@pytest.mark.spec("C-28", "C-34")
async def test_no_set_point_ever_holds_outside_the_slot_it_was_matched_for(world: "World") -> None:
    world.market.matched(SLOT, sold=700)
    held = {}
    async with world.home():
        for second in range(SLOT - 10, SLOT + 30):
            await world.pass_time(second)
            held[second] = world.inverter.holds()

    assert {second for second, setpoint in held.items() if setpoint is not None} == set(
        range(SLOT, SLOT + 10)
    )


@pytest.mark.spec("C-34")
@pytest.mark.parametrize("stage", [Stage.PENDING, Stage.VOID])
async def test_without_a_match_the_inverter_is_left_to_itself(world: "World", stage: Stage) -> None:
    world.market.matches[SLOT] = Match(stage)
    async with world.home():
        await world.pass_time(SLOT + 15)

    assert world.inverter.armed == []


@pytest.mark.spec("C-34")
async def test_a_set_point_that_nobody_matched_is_released(world: "World") -> None:
    world.market.matches[SLOT] = Match(Stage.VOID)
    async with world.home():
        await world.pass_time(SLOT + 1)
        world.inverter.setpoint_w, world.inverter.until = 9999, SLOT + 500
        await world.pass_time(SLOT + 4)

    assert world.inverter.released == [SLOT + 2]


@pytest.mark.spec("C-34")
async def test_a_result_that_comes_late_is_delivered_for_the_rest_of_the_slot(
    world: "World",
) -> None:
    async with world.home():
        await world.pass_time(SLOT + 3)
        world.market.matched(SLOT, sold=700)
        await world.pass_time(SLOT + 12)

    assert world.inverter.armed == [(SLOT + 4, 1400, SLOT + 10)]


@pytest.mark.spec("C-35")
async def test_a_set_point_that_the_device_dropped_is_armed_again(world: "World") -> None:
    world.market.matched(SLOT, sold=700)
    async with world.home():
        await world.pass_time(SLOT + 3)
        world.inverter.setpoint_w = None
        await world.pass_time(SLOT + 9)

    assert world.inverter.armed == [(SLOT, 1400, SLOT + 10), (SLOT + 4, 1400, SLOT + 10)]


@pytest.mark.spec("C-35")
async def test_an_inverter_that_answers_again_is_armed_for_the_rest_of_the_slot(
    world: "World",
) -> None:
    world.market.matched(SLOT, sold=700)
    world.inverter.is_down = True
    async with world.home() as home:
        await world.pass_time(SLOT + 5)
        problems = home.status()["problems"]
        assert isinstance(problems, dict)
        assert "inverter" in problems["set-point"]
        world.inverter.is_down = False
        await world.pass_time(SLOT + 9)
        assert "set-point" not in str(home.status()["problems"])

    assert world.inverter.armed == [(SLOT + 6, 1400, SLOT + 10)]


@pytest.mark.spec("C-36", "D-49")
async def test_every_slot_is_metered_signed_and_sent_once(world: "World") -> None:
    async with world.home():
        await world.pass_time(SLOT + 42)

    assert sorted(world.hub.taken) == [slot(n) for n in range(-2, 4)]
    readings = [world.hub.taken[one].reading for one in sorted(world.hub.taken)]
    assert {reading.import_wh for reading in readings} == {200}
    assert all(a.import_end == b.import_start for a, b in pairwise(readings))
    assert [r.sequence for r in readings] == [r.slot // 10 for r in readings]
    assert world.hub.attempts == len(readings)


@pytest.mark.spec("C-36")
async def test_a_meter_that_was_away_is_asked_for_what_it_still_holds(world: "World") -> None:
    async with world.home():
        world.meter.is_down = True
        await world.pass_time(SLOT + 8)
        assert world.hub.taken == {}
        world.meter.is_down = False
        await world.pass_time(SLOT + 12)

    assert sorted(world.hub.taken) == [slot(n) for n in range(-2, 1)]


@pytest.mark.spec("C-36", "G-11")
async def test_a_boundary_that_the_meter_lost_leaves_a_gap_and_no_invented_reading(
    world: "World",
) -> None:
    world.meter.lost.add(slot(1))
    async with world.home() as home:
        await world.pass_time(SLOT + 41)
        # The other gap, slot 0, is final by now and forgotten.
        assert [note[:2] for note in notes_of(home)] == [[slot(1), "gap"]]

    assert sorted(world.hub.taken) == [slot(n) for n in (-2, -1, 2, 3)]


@pytest.mark.spec("C-36")
async def test_a_meter_that_never_answers_is_given_up_when_the_slot_is_final(
    world: "World",
) -> None:
    async with world.home() as home:
        world.meter.is_down = True
        await world.pass_time(SLOT + 22)
        assert home.status()["last_metered"] == slot(-1)


@pytest.mark.spec("D-49")
async def test_readings_wait_for_a_hub_that_is_down_and_none_is_lost(world: "World") -> None:
    async with world.home():
        world.hub.is_down = True
        await world.pass_time(SLOT + 5)
        assert world.hub.taken == {}
        world.hub.is_down = False
        await world.pass_time(SLOT + 12)

    assert sorted(world.hub.taken) == [slot(-2), slot(-1), slot(0)]


@pytest.mark.spec("D-49", "D-53")
async def test_a_lost_answer_of_the_hub_leads_to_a_repetition_not_to_a_second_reading(
    world: "World",
) -> None:
    async with world.home() as home:
        world.hub.swallows_answers = True
        await world.pass_time(SLOT + 5)
        world.hub.swallows_answers = False
        await world.pass_time(SLOT + 9)
        assert home.status()["readings"] == {
            "waiting": 0,
            "taken": 2,
            "refused": 0,
            "expired": 0,
            "gaps": 0,
        }

    assert world.hub.conflicts == []


@pytest.mark.spec("D-50")
async def test_what_a_hub_refuses_for_good_is_shown_and_not_sent_again(world: "World") -> None:
    world.hub.refusal = HubRefusedError("fake", 409, "contradicting_reading", "two readings")
    async with world.home() as home:
        await world.pass_time(SLOT - 4)
        attempts = world.hub.attempts
        await world.pass_time(SLOT - 1)

        assert (attempts, world.hub.attempts) == (1, 1)
        assert "contradicting_reading" in str(home.status()["notes"])


@pytest.mark.spec("D-50")
async def test_what_a_hub_refuses_for_now_is_sent_again_until_the_slot_is_final(
    world: "World",
) -> None:
    world.hub.refusal = HubRefusedError("fake", 403, "signature_mismatch", "rotated?")
    async with world.home() as home:
        await world.pass_time(SLOT + 3)
        assert "signature_mismatch" in str(home.status()["problems"])
        world.hub.refusal = None
        await world.pass_time(SLOT + 5)
        assert sorted(world.hub.taken) == [slot(-2), slot(-1)]

        world.hub.refusal = HubRefusedError("fake", 403, "signature_mismatch", "rotated?")
        await world.pass_time(SLOT + 45)
        counts = home.status()["readings"]
        assert isinstance(counts, dict)
        assert counts["expired"] == 1  # of the slots that are not forgotten yet


@pytest.mark.spec("D-50")
async def test_with_a_wrong_password_a_home_does_not_flood_the_hub(
    make_world: "MakeWorld",
) -> None:
    world = make_world(device_password="guessed")
    async with world.home() as home:
        await world.pass_time(SLOT + 30)
        assert "wrong_password" in str(home.status()["problems"])

    assert world.hub.attempts <= 23


@pytest.mark.spec("D-44", "D-47")
async def test_a_new_home_registers_itself_once_and_remembers_its_password(
    make_world: "MakeWorld",
) -> None:
    registration = Registration(
        device_id="home-7",
        initial_password="common",
        kind="home",
        name="Home",
        maker="Maker",
        location="Place",
        metering_point=7,
        gateway="0x" + "ab" * 20,
        possession=bytes(65),
    )
    world = make_world(device_password=None, registration=registration)
    async with world.home():
        await world.pass_time(SLOT + 5)
    async with world.home():
        await world.pass_time(SLOT + 15)

    assert len(world.hub.registrations) == 1
    assert sorted(world.hub.taken) == [slot(-2), slot(-1), slot(0)]


async def test_a_home_that_cannot_ever_send_refuses_to_start(make_world: "MakeWorld") -> None:
    world = make_world(device_password=None)

    with pytest.raises(HomeSetupError, match="password"):
        async with world.home():
            pass


@pytest.mark.spec("C-32")
async def test_while_the_chain_is_down_a_home_waits_and_bids_for_what_is_still_open(
    world: "World",
) -> None:
    async with world.home() as home:
        world.market.is_down = True
        await world.pass_time(SLOT - 8)
        assert "ChainUnavailableError" in str(home.status()["problems"])
        world.market.is_down = False
        await world.pass_time(SLOT)

    assert sorted({of for of, _ in world.market.placed.values()}) == [SLOT]


@pytest.mark.spec("C-32")
async def test_for_a_slot_that_nobody_opened_a_home_does_not_bid(world: "World") -> None:
    world.market.never_opened.add(SLOT)
    async with world.home():
        await world.pass_time(SLOT + 5)

    assert SLOT not in {of for of, _ in world.market.placed.values()}


@pytest.mark.spec("C-32")
async def test_an_order_that_was_not_sent_before_call_time_is_taken_back(world: "World") -> None:
    world.market.stuck.add(f"order:{SLOT}:7:0")
    async with world.home() as home:
        await world.pass_time(SLOT - 3)
        assert "was not sent before call time" in str(home.status()["problems"])


@pytest.mark.spec("C-32")
async def test_what_the_market_refused_is_shown_with_its_reason(world: "World") -> None:
    world.market.refusals[f"order:{SLOT}:7:0"] = "Uncovered(account=0x1, free=0, needed=5)"
    async with world.home() as home:
        await world.pass_time(SLOT - 3)
        assert "Uncovered" in str(home.status()["problems"])


@pytest.mark.spec("C-38")
async def test_status_shows_forecast_and_schedule(world: "World") -> None:
    world.market.matched(SLOT, sold=700)
    async with world.home() as home:
        await world.pass_time(SLOT - 1)
        status = home.status()

    assert status["schedule"] == {str(SLOT): 700}
    forecast = status["forecast"]
    assert isinstance(forecast, list)
    assert forecast[0] == {"slot": SLOT - 10, "pv_wh": 500, "demand_wh": 700}


@pytest.mark.spec("C-01")
async def test_two_homes_with_other_policies_bid_otherwise(make_world: "MakeWorld") -> None:
    greedy = PolicyTerms(name="fixed_limit", sell=SenPerKwh(2100), buy=SenPerKwh(0))
    prices = []
    for terms in (greedy, PolicyTerms()):
        world = make_world(terms=terms)
        world.path = world.path.with_name(f"{terms.name}.sqlite3")
        async with world.home():
            await world.pass_time(SLOT - 6)
        prices.append({draft.limit for _, draft in world.market.placed.values()})

    assert prices[0] == {2100, 0}
    assert prices[0].isdisjoint(prices[1])
