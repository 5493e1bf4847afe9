"""What a home can trade and how it delivers it: from forecast and battery to energies, from fills to a set-point.

`seconds` is the physical time that a slot carries, 1800 for a half hour; in a demonstration the
physics runs faster than the clock and the two differ. Sums are rounded so that the battery is never
asked for more than it has.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from node.domain.devices import InverterState
from node.domain.errors import PolicyError
from node.domain.matching import BalancedUnit, Position
from node.domain.units import WattHours, Watts, mean_power

PERMILLE = 1000

_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class BatteryRoom:
    """What a battery can take in and give out in one slot, in Wh at the connection point."""

    charge_wh: WattHours
    discharge_wh: WattHours


NO_BATTERY = BatteryRoom(WattHours(0), WattHours(0))


@dataclass(frozen=True, slots=True)
class BatteryRules:
    """How far a battery is used: between which states of charge, and what one way through it keeps (per mille)."""

    soc_min_permille: int = 100
    soc_max_permille: int = 950
    one_way_efficiency_permille: int = 950

    def __post_init__(self) -> None:
        if not 0 <= self.soc_min_permille <= self.soc_max_permille <= PERMILLE:
            window = f"{self.soc_min_permille} to {self.soc_max_permille}"
            raise PolicyError(f"state-of-charge window {window} per mille is not within 0 to 1000")
        if not 0 < self.one_way_efficiency_permille <= PERMILLE:
            efficiency = self.one_way_efficiency_permille
            raise PolicyError(f"one-way efficiency {efficiency} per mille is not 1 to 1000")


@dataclass(frozen=True, slots=True)
class Tradable:
    """The energies that a home has to trade in a slot and those that it may trade if the price is right.

    A surplus beyond what the battery can take has to be sold, a deficit beyond what it can give has
    to be bought. What has to be sold and what has to or may be bought never occur together, nor the
    other way round.
    """

    must_sell: WattHours
    may_sell: WattHours
    must_buy: WattHours
    may_buy: WattHours


def battery_room(state: InverterState, rules: BatteryRules, seconds: int) -> BatteryRoom:
    """Return what the battery can take and give in a slot, by its state of charge and its power limits."""
    lowest = state.capacity_wh * rules.soc_min_permille // PERMILLE
    highest = state.capacity_wh * rules.soc_max_permille // PERMILLE
    efficiency = rules.one_way_efficiency_permille
    can_store = max(0, highest - state.stored_wh) * PERMILLE // efficiency
    can_draw = max(0, state.stored_wh - lowest) * efficiency // PERMILLE
    return BatteryRoom(
        charge_wh=WattHours(min(can_store, state.max_charge_w * seconds // _SECONDS_PER_HOUR)),
        discharge_wh=WattHours(min(can_draw, state.max_discharge_w * seconds // _SECONDS_PER_HOUR)),
    )


def tradable(
    net_wh: WattHours, room: BatteryRoom = NO_BATTERY, amount: WattHours | None = None
) -> Tradable:
    """Return what a home can trade: its forecast net energy, and up to `amount` of battery either way (C-31).

    Whatever part of these energies is traded, the battery stays within its room.
    """
    limit = max(room.charge_wh, room.discharge_wh) if amount is None else amount
    least = net_wh - min(limit, room.charge_wh)  # net export with the battery charging all it may
    most = net_wh + min(limit, room.discharge_wh)  # and discharging all it may
    # What has to be traded depends on the whole battery, not on the amount its owner puts on the
    # market.
    must_sell = max(0, net_wh - room.charge_wh)
    must_buy = max(0, -net_wh - room.discharge_wh)
    return Tradable(
        must_sell=WattHours(must_sell),
        may_sell=WattHours(max(0, most - must_sell)),
        must_buy=WattHours(must_buy),
        may_buy=WattHours(max(0, -least - must_buy)),
    )


def position_of(units: Iterable[BalancedUnit], participant: str) -> Position:
    """Return what a participant's matched units add up to."""
    sold = bought = 0
    for unit in units:
        sold += unit.energy if unit.seller == participant else 0
        bought += unit.energy if unit.buyer == participant else 0
    return Position(WattHours(sold), WattHours(bought))


def setpoint(position: Position, seconds: int) -> Watts:
    """Return the power to hold at the connection point so that a slot delivers the position (C-28).

    Positive feeds out. Over a half hour it is exactly twice the energy in Wh, so the outflow equals
    the sum of the matched units to the last Wh.
    """
    return mean_power(position.net_export, seconds)


def stored_after(
    stored_wh: WattHours, net_wh: WattHours, net_export_wh: WattHours, rules: BatteryRules
) -> WattHours:
    """Return what a battery holds after a slot in which it took or gave the difference of net energy and net export."""
    into_battery = net_wh - net_export_wh
    efficiency = rules.one_way_efficiency_permille
    if into_battery >= 0:
        return WattHours(stored_wh + into_battery * efficiency // PERMILLE)
    drawn = -(into_battery * PERMILLE // efficiency)
    return WattHours(stored_wh - drawn)
