"""Devices that answer on real sockets with physics behind them (C-37, F-21, F-33): a neighbourhood without hardware."""

from adapters.simulated.errors import (
    MemoryFileError,
    PortTakenError,
    RatingError,
    SimulationError,
)
from adapters.simulated.neighbourhood import SimulatedNeighbourhood, demo_time
from adapters.simulated.plans import HomePlan, plans_of
from adapters.simulated.series import EnergySeries
from adapters.simulated.server import DeviceUrls, Faults, SimulatedHome
from adapters.simulated.simulation import SimulatedTime
from adapters.simulated.site import Battery, Site

__all__ = [
    "Battery",
    "DeviceUrls",
    "EnergySeries",
    "Faults",
    "HomePlan",
    "MemoryFileError",
    "PortTakenError",
    "RatingError",
    "SimulatedHome",
    "SimulatedNeighbourhood",
    "SimulatedTime",
    "SimulationError",
    "Site",
    "demo_time",
    "plans_of",
]
