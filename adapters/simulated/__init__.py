"""Devices that answer on real sockets with physics behind them (C-37, F-21, F-33): a neighbourhood without hardware."""

from adapters.simulated.errors import PortTakenError, RatingError, SimulationError
from adapters.simulated.profiles import household_day, midnight, series, shop_day, solar_day
from adapters.simulated.series import EnergySeries
from adapters.simulated.server import (
    DeviceUrls,
    HomePlan,
    SimulatedHome,
    SimulatedNeighbourhood,
    demo_time,
)
from adapters.simulated.simulation import SimulatedTime
from adapters.simulated.site import Battery, Site

__all__ = [
    "Battery",
    "DeviceUrls",
    "EnergySeries",
    "HomePlan",
    "PortTakenError",
    "RatingError",
    "SimulatedHome",
    "SimulatedNeighbourhood",
    "SimulatedTime",
    "SimulationError",
    "Site",
    "demo_time",
    "household_day",
    "midnight",
    "series",
    "shop_day",
    "solar_day",
]
