"""The homes of a demonstration: their files, keys, ratings and settings."""

from collections.abc import Mapping

from node.cli.deployment import key_made
from node.cli.neighbourhoods import read_neighbourhood
from node.cli.provision import Member
from node.cli.workspace import Workspace
from node.domain.neighbourhood import Neighbourhood, Site
from node.domain.policies import Preference
from node.domain.readings import PointLimits
from node.domain.sample import SampleSize, sample_neighbourhood
from node.domain.slots import HALF_HOURS
from node.domain.units import WattHours

#: A sample has a shop and a solar site beside its homes.
_OTHER_SITES = 2

_DAYS = 2

_HALF_HOURS_PER_HOUR = 2


def write_neighbourhood(workspace: Workspace, participants: int, seed: int) -> Neighbourhood:
    """Write a sample with this many participants into the data folder and read it back."""
    folder = workspace.root / "neighbourhood"
    folder.mkdir(parents=True)
    size = SampleSize(homes=participants - _OTHER_SITES, days=_DAYS)
    for name, lines in sample_neighbourhood(seed, size).items():
        (folder / name).write_text("".join(lines), encoding="utf-8")
    return read_neighbourhood(folder)


def members_of(workspace: Workspace, neighbourhood: Neighbourhood) -> list[Member]:
    """Return the participants with their keys, made in the data folder."""
    return [
        Member(
            name=site.id,
            account=key_made(workspace, f"account-{site.id}"),
            gateway=key_made(workspace, f"gateway-{site.id}"),
            kind=site.kind,
            source=site.source,
            limits=_limits(neighbourhood, site),
        )
        for site in neighbourhood.sites
    ]


def _limits(neighbourhood: Neighbourhood, site: Site) -> PointLimits:
    """Return a rating: what load and sun need, and the battery on top of either."""
    flows = neighbourhood.limits(site.id)
    battery = site.battery_w // _HALF_HOURS_PER_HOUR
    return PointLimits(
        import_wh=WattHours(flows.import_wh + battery),
        export_wh=WattHours(flows.export_wh + battery),
    )


def home_settings(
    workspace: Workspace, site: Site, number: int, point: int, urls: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the settings of a home's process: preferences in turn, and who is out for profit follows the exchange (C-07)."""
    preference = tuple(Preference)[number % len(Preference)]
    settings = {
        "YUIMARU_ACCOUNT_KEYSTORE": str(workspace.keystore(f"account-{site.id}")),
        "YUIMARU_GATEWAY_KEYSTORE": str(workspace.keystore(f"gateway-{site.id}")),
        "YUIMARU_DEVICE_ID": site.id,
        "YUIMARU_METERING_POINT": str(point),
        "YUIMARU_METER_URL": str(urls["meter"]),
        "YUIMARU_POLICY": "jepx" if preference is Preference.PROFIT else "soc_table",
        "YUIMARU_PREFERENCE": preference.name,
        "YUIMARU_PHYSICAL_SLOT_SECONDS": str(HALF_HOURS.slot_seconds),
    }
    if urls["inverter"]:
        settings["YUIMARU_INVERTER_URL"] = urls["inverter"]
    return settings
