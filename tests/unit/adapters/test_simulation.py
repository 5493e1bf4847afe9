"""A home over time: same outcome however often one looks, exact registers, latches, revert timer."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.simulated.control import Command, SetpointControl
from adapters.simulated.errors import RatingError
from adapters.simulated.neighbourhood import demo_time
from adapters.simulated.registers import EnergyRegisters, Latch
from adapters.simulated.series import MJ_PER_WH, EnergySeries
from adapters.simulated.simulation import HomeSimulation, SimulatedTime
from adapters.simulated.site import Battery, Site
from node.domain.clock import SystemClock, VirtualClock

START = 1_700_000_000  # a multiple of 10
SLOT = 10
NOON = 1_660_791_600

LOAD = [120, 700, 250, 90]
SUN = [0, 900, 2400, 1100]


def make(
    clock: VirtualClock,
    *,
    battery: Battery | None = None,
    load: list[int] | None = None,
    pv: list[int] | None = None,
    depth: int = 8,
) -> HomeSimulation:
    site = Site(
        load=EnergySeries(NOON, load or LOAD),
        pv=EnergySeries(NOON, pv) if pv else None,
        battery=battery,
        inverter_w=8000 if pv or battery else 0,
    )
    registers = EnergyRegisters(1000, 2000, SLOT, depth)
    return HomeSimulation(site, clock, demo_time(clock.now(), NOON, slot_seconds=SLOT), registers)


def small_battery() -> Battery:
    return Battery(capacity_wh=2000, max_charge_w=3000, max_discharge_w=3000)


@pytest.mark.spec("B-12", "F-21")
def test_a_slot_of_ten_seconds_carries_the_half_hour_of_the_series_to_the_wh() -> None:
    clock = VirtualClock(START)
    home = make(clock, pv=SUN)

    readings = []
    for slot in range(1, 5):
        clock.advance_to(START + slot * SLOT)
        home.advance()
        readings.append((home.registers.import_wh, home.registers.export_wh))

    assert readings == [(1120, 2000), (1120, 2200), (1120, 4350), (1120, 5360)]


@pytest.mark.spec("B-11", "F-21")
def test_the_registers_are_latched_at_each_boundary_though_nobody_looked() -> None:
    clock = VirtualClock(START + 3)
    home = make(clock)

    clock.advance_to(START + 47)
    home.advance()

    assert [latch.boundary for latch in home.registers.latches] == [
        START + 10,
        START + 20,
        START + 30,
        START + 40,
    ]
    assert home.registers.latches[1].import_wh - home.registers.latches[0].import_wh == 700
    assert home.registers.latches[1].power_w == -1400


def test_only_the_newest_latches_are_kept() -> None:
    clock = VirtualClock(START)
    home = make(clock, depth=3)

    clock.advance_to(START + 100)
    home.advance()

    assert [latch.boundary for latch in home.registers.latches] == [
        START + 80,
        START + 90,
        START + 100,
    ]


def test_a_meter_that_was_reset_begins_at_zero_and_holds_nothing() -> None:
    registers = EnergyRegisters(5, 6, SLOT, 4)
    registers.count(3 * MJ_PER_WH)
    registers.latch(START, 0)

    registers.reset()

    assert (registers.import_wh, registers.export_wh, list(registers.latches)) == (0, 0, [])


def test_import_and_export_never_cancel_each_other_out() -> None:
    registers = EnergyRegisters(0, 0, SLOT, 4)

    registers.count(2 * MJ_PER_WH)
    registers.count(-3 * MJ_PER_WH)
    registers.latch(START, 7)

    assert registers.latches[0] == Latch(START, import_wh=3, export_wh=2, power_w=7)


looks = st.lists(st.integers(1, 300), min_size=0, max_size=12)
commands = st.lists(
    st.tuples(
        st.integers(0, 120),
        st.builds(
            Command,
            enabled=st.booleans(),
            setpoint_w=st.integers(-6000, 6000),
            revert_enabled=st.booleans(),
            revert_setpoint_w=st.integers(-3000, 3000),
            revert_seconds=st.integers(0, 60),
        ),
    ),
    max_size=4,
)


@settings(max_examples=60)
@given(looks=looks, commands=commands)
@pytest.mark.spec("B-12")
def test_over_any_interval_export_less_import_is_what_flowed_behind_the_meter(
    looks: list[int], commands: list[tuple[int, Command]]
) -> None:
    clock = VirtualClock(START)
    home = make(clock, battery=small_battery(), pv=SUN)
    stored_before, steps = home.stored_mj, {*looks, *(at for at, _ in commands)}
    imported, exported = 1000, 2000

    for at in sorted(steps):
        clock.advance_to(START + at)
        home.advance()
        for _, command in [pair for pair in commands if pair[0] == at]:
            home.command(command)
        assert home.registers.import_wh >= imported
        assert home.registers.export_wh >= exported
        imported, exported = home.registers.import_wh, home.registers.export_wh

    flowed = home.totals
    behind = flowed.pv + flowed.discharge - flowed.load - flowed.charge
    assert flowed.exported - flowed.imported == behind
    assert imported == 1000 + flowed.imported // MJ_PER_WH
    assert exported == 2000 + flowed.exported // MJ_PER_WH
    lost = flowed.charge - flowed.discharge - (home.stored_mj - stored_before)
    assert lost >= 0
    assert 0 <= home.stored_mj <= home.site.battery.usable_mj if home.site.battery else True


@settings(max_examples=40)
@given(looks=looks, speed=st.sampled_from([Fraction(1), Fraction(1800, 7), Fraction(180)]))
def test_looking_changes_nothing(looks: list[int], speed: Fraction) -> None:
    def grown(instants: list[int]) -> tuple[object, int, list[Latch]]:
        clock = VirtualClock(START)
        home = make(clock, battery=small_battery(), pv=SUN)
        home = HomeSimulation(
            home.site, clock, SimulatedTime(START, NOON, speed), EnergyRegisters(0, 0, SLOT, 99)
        )
        home.command(Command(enabled=True, setpoint_w=700, revert_seconds=33))
        for at in instants:
            clock.advance_to(START + at)
            home.powers()
        return home.totals, home.stored_mj, list(home.registers.latches)

    assert grown([*sorted(looks), 300]) == grown([300])


def test_powers_tell_what_flows_now_and_a_command_shows_at_once() -> None:
    clock = VirtualClock(START + 10)
    home = make(clock, battery=small_battery(), pv=[1000], load=[250])
    before = home.powers()

    home.command(Command(enabled=True, setpoint_w=3000, revert_seconds=9))

    assert (before.pv, before.load, before.battery, before.net_export) == (2000, 500, -1500, 0)
    assert (home.powers().battery, home.powers().net_export) == (1500, 3000)
    assert home.powers().inverter == 3500


def test_a_clock_that_is_set_back_does_not_undo_what_has_flowed() -> None:
    class Jumping(SystemClock):
        time = START

        def now(self) -> int:
            return self.time

    clock = Jumping()
    registers = EnergyRegisters(0, 0, SLOT, 4)
    site = Site(load=EnergySeries(NOON, LOAD))
    home = HomeSimulation(site, clock, demo_time(START, NOON, slot_seconds=SLOT), registers)
    clock.time = START + 20
    home.advance()
    counted = registers.import_wh

    clock.time = START + 5

    assert home.advance() == START + 20
    assert registers.import_wh == counted


@pytest.mark.spec("C-34")
def test_a_set_point_ends_by_itself_after_its_revert_time() -> None:
    control = SetpointControl()

    control.give(Command(enabled=True, setpoint_w=500, revert_seconds=5), now=100)

    assert [control.setpoint_at(now) for now in (100, 104, 105, 106)] == [500, 500, None, None]
    assert control.command.enabled is False


def test_the_revert_timer_counts_down_and_starts_anew_with_each_command() -> None:
    control = SetpointControl()
    control.give(Command(enabled=True, setpoint_w=500, revert_seconds=5), now=100)
    left = control.seconds_left(103)

    control.give(Command(enabled=True, setpoint_w=600, revert_seconds=5), now=103)

    assert (left, control.seconds_left(103), control.setpoint_at(107)) == (2, 5, 600)


def test_a_command_may_revert_to_another_set_point() -> None:
    control = SetpointControl()
    control.give(
        Command(True, 500, revert_enabled=True, revert_setpoint_w=-100, revert_seconds=5), now=0
    )

    assert [control.setpoint_at(now) for now in (4, 5, 1000)] == [500, -100, -100]


def test_a_command_without_revert_time_holds_until_it_is_withdrawn() -> None:
    control = SetpointControl()
    control.give(Command(enabled=True, setpoint_w=500), now=0)
    held = control.setpoint_at(10**9)

    control.give(Command(), now=10**9)

    assert (held, control.setpoint_at(10**9)) == (500, None)


def test_demo_time_lays_slots_of_the_clock_on_half_hours_of_the_calendar() -> None:
    time = demo_time(START + 7, NOON, slot_seconds=SLOT)

    assert [time.at(START + second) for second in (0, 1, 10, 20)] == [
        NOON,
        NOON + 180,
        NOON + 1800,
        NOON + 3600,
    ]


def test_slots_that_do_not_divide_a_half_hour_still_carry_all_of_it() -> None:
    time = demo_time(0, NOON, slot_seconds=7)

    steps = [step for second in range(7) for step in time.steps(second)]

    assert (steps[0][0], steps[-1][1]) == (NOON, NOON + 1800)
    assert all(a[1] == b[0] for a, b in pairwise(steps))


def test_time_that_runs_slower_than_the_clock_is_refused() -> None:
    with pytest.raises(RatingError, match="speed"):
        SimulatedTime(0, 0, Fraction(1, 2))
