"""What a battery will hold when a slot begins (C-31): bids go out while others are delivered.

Pure. Energies in Wh; `seconds` is the physical time that a whole slot carries.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from node.domain.devices import InverterState
from node.domain.plan import PERMILLE, BatteryRules, battery_room, stored_after
from node.domain.units import WattHours


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a slot that still lies ahead.

    `share` of it (per mille), what it is expected to bring and what was sold.

    `net_export_wh` is the contracted energy of the whole slot, None where nothing was matched; then
    the home uses its own energy first.
    """

    share: int
    net_wh: WattHours
    net_export_wh: WattHours | None


def expected_state(
    state: InverterState, ahead: Iterable[Stretch], rules: BatteryRules, seconds: int
) -> InverterState:
    """Return the inverter's state once the stretches ahead are over."""
    for stretch in ahead:
        state = _after(state, stretch, rules, seconds)
    return state


def _after(
    state: InverterState, stretch: Stretch, rules: BatteryRules, seconds: int
) -> InverterState:
    if state.capacity_wh == 0:
        return state
    net = WattHours(stretch.net_wh * stretch.share // PERMILLE)
    room = battery_room(state, rules, seconds * stretch.share // PERMILLE)
    if stretch.net_export_wh is None:
        into_battery = net
    else:
        into_battery = WattHours(net - stretch.net_export_wh * stretch.share // PERMILLE)
    taken = max(-room.discharge_wh, min(into_battery, room.charge_wh))
    stored = stored_after(state.stored_wh, net, WattHours(net - taken), rules)
    permille = max(0, min(PERMILLE, stored * PERMILLE // state.capacity_wh))
    return replace(state, soc_permille=permille)
