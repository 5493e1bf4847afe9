"""What a simulated home consists of, and the homes of a neighbourhood on file (B-02, B-20)."""

from dataclasses import dataclass

from adapters.simulated.series import HALF_HOUR, EnergySeries
from adapters.simulated.site import Battery, Site
from node.domain.neighbourhood import Neighbourhood
from node.domain.neighbourhood import Site as FiledSite


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePlan:
    """A home to simulate. `port` 0 picks a free one, which the home then keeps across restarts."""

    name: str
    site: Site
    import_start_wh: int = 0
    export_start_wh: int = 0
    port: int = 0


def plans_of(neighbourhood: Neighbourhood) -> tuple[HomePlan, ...]:
    """Return a home for each site of `neighbourhood`, with the load and sun of its files.

    The files repeat from their first slot when simulated time runs past their last.
    """
    return tuple(
        HomePlan(name=site.id, site=_site_of(neighbourhood, site)) for site in neighbourhood.sites
    )


def _site_of(neighbourhood: Neighbourhood, filed: FiledSite) -> Site:
    battery = None
    if filed.battery_wh and filed.battery_w:
        # The files give usable capacity: nothing of it is kept back.
        battery = Battery(
            capacity_wh=filed.battery_wh,
            max_charge_w=filed.battery_w,
            max_discharge_w=filed.battery_w,
            floor_permille=0,
        )
    start = neighbourhood.slots[0]
    load = neighbourhood.load.get(filed.id, {})
    sun = neighbourhood.pv.get(filed.id)
    most_wh = max(sun.values()) if sun else 0
    return Site(
        load=EnergySeries(start, [load.get(slot, 0) for slot in neighbourhood.slots]),
        pv=EnergySeries(start, [sun[slot] for slot in neighbourhood.slots]) if sun else None,
        battery=battery,
        # Wide enough for all that sun and battery can give at once, so that plans need not know of it.
        inverter_w=max(filed.pv_w, most_wh * 3600 // HALF_HOUR) + filed.battery_w,
    )
