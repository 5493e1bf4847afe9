"""A neighbourhood on file: who takes part, what they use and generate each half hour, and what the exchange paid.

The format is that of four CSV files in a folder; times are ISO 8601 with their offset, energies kWh
per slot, prices JPY/kWh. A replay takes the energies as what really flowed, and nothing of a later
day is known on an earlier one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from node.domain.errors import TableError
from node.domain.participants import PointKind, Source, kind_of_label
from node.domain.readings import LARGEST_INTERVAL, PointLimits
from node.domain.slots import HALF_HOURS, DeliverySlot, Product
from node.domain.tables import Row, Table, parse_energies, parse_prices, parse_slots, parse_table
from node.domain.units import SenPerKwh, WattHours, Watts

PARTICIPANTS_FILE = "participants.csv"
LOAD_FILE = "load_30min.csv"
PV_FILE = "pv_30min.csv"
PRICES_FILE = "prices_jepx_30min.csv"

#: All files of a neighbourhood.
FILES = (PARTICIPANTS_FILE, LOAD_FILE, PV_FILE, PRICES_FILE)

#: The column of prices that the neighbourhood follows.
PRICE_COLUMN = "tokyo_area_price"

_PV_PREFIX = "pv_"
_SLOT_COLUMN = "slot_start"
_AREA_COLUMN = "area_cf"


@dataclass(frozen=True, slots=True)
class Site:
    """A participant of a neighbourhood with what stands at its metering point."""

    id: str
    kind: PointKind
    pv_w: Watts
    battery_wh: WattHours
    battery_w: Watts

    @property
    def source(self) -> Source:
        """Where the energy comes from that it exports."""
        return Source.RENEWABLE if self.pv_w > 0 else Source.OTHER


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The data of a neighbourhood, slot by slot."""

    sites: tuple[Site, ...]
    slots: tuple[DeliverySlot, ...]
    load: Mapping[str, Mapping[DeliverySlot, WattHours]]
    pv: Mapping[str, Mapping[DeliverySlot, WattHours]]
    prices: Mapping[DeliverySlot, SenPerKwh]

    def net_wh(self, site: str, slot: DeliverySlot) -> WattHours:
        """Return generation less load of a site in a slot: what it exports, negative when it imports."""
        return WattHours(self._of(self.pv, site, slot) - self._of(self.load, site, slot))

    def net_history(self, site: str) -> dict[DeliverySlot, WattHours]:
        """Return the net energies of a site in all slots."""
        return {slot: self.net_wh(site, slot) for slot in self.slots}

    def limits(self, site: str) -> PointLimits:
        """Return the most that a site takes and gives in any slot of the data."""
        net = [self.net_wh(site, slot) for slot in self.slots]
        return PointLimits(
            import_wh=WattHours(max(0, -min(net))), export_wh=WattHours(max(0, *net))
        )

    def _of(
        self,
        energies: Mapping[str, Mapping[DeliverySlot, WattHours]],
        site: str,
        slot: DeliverySlot,
    ) -> WattHours:
        # A generator has no load and a site without panels no generation: only their columns may be
        # missing in the files.
        return energies[site][slot] if site in energies else WattHours(0)


def parse_neighbourhood(
    files: Mapping[str, Iterable[str]], product: Product = HALF_HOURS
) -> Neighbourhood:
    """Return the neighbourhood that these files hold, given as lines by file name, or raise `TableError`."""
    sites = parse_sites(files[PARTICIPANTS_FILE])
    names = {site.id for site in sites}
    load_table = parse_table(files[LOAD_FILE], LOAD_FILE)
    slots = parse_slots(load_table, product)
    load = _energies(load_table, product, {name: name for name in _data_columns(load_table)}, names)
    pv_table = parse_table(files[PV_FILE], PV_FILE)
    pv_columns = {name: name.removeprefix(_PV_PREFIX) for name in _data_columns(pv_table)}
    pv = _energies(pv_table, product, pv_columns, names)
    # After the columns that are there: a misspelt one is named as it stands.
    load_table.require(*(site.id for site in sites if site.kind is not PointKind.GENERATOR))
    pv_table.require(*(_PV_PREFIX + site.id for site in sites if site.pv_w > 0))
    price_table = parse_table(files[PRICES_FILE], PRICES_FILE)
    prices = parse_prices(price_table, product, PRICE_COLUMN)
    for table in (pv_table, price_table):
        _require_same_slots(table, parse_slots(table, product), slots)
    return Neighbourhood(sites, slots, load, pv, prices)


def parse_sites(lines: Iterable[str], file: str = PARTICIPANTS_FILE) -> tuple[Site, ...]:
    """Return the participants that a file lists; columns beyond those of a `Site` are left alone."""
    table = parse_table(lines, file)
    table.require("id", "role", "pv_kwp", "battery_kwh", "battery_kw")
    sites: dict[str, Site] = {}
    for row in table.rows:
        site = _parse_site(row)
        if site.id in sites:
            raise row["id"].error("this participant is listed already")
        sites[site.id] = site
    return tuple(sites.values())


def _parse_site(row: Row) -> Site:
    kind = kind_of_label(row["role"].text)
    if kind is None:
        raise row["role"].error(f"expected one of {', '.join(kind.label for kind in PointKind)}")
    return Site(
        id=row["id"].word(),
        kind=kind,
        pv_w=Watts(row["pv_kwp"].scaled(1000)),
        battery_wh=WattHours(row["battery_kwh"].scaled(1000)),
        battery_w=Watts(row["battery_kw"].scaled(1000)),
    )


def _data_columns(table: Table) -> list[str]:
    return [name for name in table.columns if name not in {_SLOT_COLUMN, _AREA_COLUMN}]


def _energies(
    table: Table, product: Product, site_of_column: Mapping[str, str], sites: Iterable[str]
) -> dict[str, dict[DeliverySlot, WattHours]]:
    for column, site in site_of_column.items():
        if site not in sites:
            raise TableError(table.file, 1, column, f"{PARTICIPANTS_FILE} lists no {site!r}")
    energies = parse_energies(table, product, list(site_of_column), LARGEST_INTERVAL)
    return {
        site: dict(zip(energies.slots, energies.columns[column], strict=True))
        for column, site in site_of_column.items()
    }


def _require_same_slots(
    table: Table, slots: tuple[DeliverySlot, ...], expected: tuple[DeliverySlot, ...]
) -> None:
    for row, slot, other in zip(table.rows, slots, expected, strict=False):
        if slot != other:
            raise row[_SLOT_COLUMN].error(f"expected the same slot as in {LOAD_FILE}")
    if len(slots) != len(expected):
        last = table.rows[-1].line
        counts = f"{len(slots)} slots, {LOAD_FILE} has {len(expected)}"
        raise TableError(table.file, last, _SLOT_COLUMN, f"the file has {counts}")
