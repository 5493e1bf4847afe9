"""Series that a chart of a neighbourhood is drawn from (C-06, C-47, C-48).

Energies are Wh per slot: divided by 1000 they are the kWh per half hour of the field trial's screens.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from node.domain.neighbourhood import Neighbourhood
from node.domain.participants import PointKind
from node.domain.slots import DeliverySlot
from node.domain.units import WattHours


@dataclass(frozen=True, slots=True)
class ChartRow:
    """What the kinds of participants use and generate in a slot."""

    slot: DeliverySlot
    demand: Mapping[PointKind, WattHours]
    supply: Mapping[PointKind, WattHours]

    @property
    def surplus_wh(self) -> WattHours:
        """Supply less demand of the whole neighbourhood; negative is a deficit."""
        return WattHours(sum(self.supply.values()) - sum(self.demand.values()))


def demand_and_supply(
    neighbourhood: Neighbourhood, slots: Iterable[DeliverySlot]
) -> tuple[ChartRow, ...]:
    """Return demand and supply per kind of participant, a row per slot."""
    kinds = sorted({site.kind for site in neighbourhood.sites})
    members = {
        kind: [site.id for site in neighbourhood.sites if site.kind is kind] for kind in kinds
    }
    return tuple(
        ChartRow(
            slot=slot,
            demand={kind: _total(neighbourhood.load, members[kind], slot) for kind in kinds},
            supply={kind: _total(neighbourhood.pv, members[kind], slot) for kind in kinds},
        )
        for slot in slots
    )


def _total(
    energies: Mapping[str, Mapping[DeliverySlot, WattHours]],
    sites: Iterable[str],
    slot: DeliverySlot,
) -> WattHours:
    return WattHours(sum(energies[site][slot] for site in sites if site in energies))
