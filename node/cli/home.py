"""`yuimaru home`: the controller of one home, shop or solar site."""

from typing import TYPE_CHECKING

from node.cli.options import DataDir
from node.cli.output import say

if TYPE_CHECKING:
    from node.agents.process import HomeConfig, HomeProcess
    from node.agents.site import Site
    from node.agents.trading import ReferencePrice
    from node.domain.policies import Policy
    from node.settings import Settings


def home(data_dir: DataDir = None) -> None:
    """Run a home until stopped: forecast, bid, deliver what was matched, measure, sign, send.

    Settings: YUIMARU_METERING_POINT, YUIMARU_METER_URL, YUIMARU_INVERTER_URL, YUIMARU_POLICY, YUIMARU_PREFERENCE,
    YUIMARU_HUB_URL, YUIMARU_DEVICE_ID, YUIMARU_ACCOUNT_KEYSTORE, YUIMARU_GATEWAY_KEYSTORE and more; see node/settings.py.
    """
    from node.cli.configuration import read_settings
    from node.cli.runtime import run_until_told

    settings = read_settings(data_dir=data_dir)
    process = _assemble(settings)
    say(f"{settings.device_id} is at work at metering point {settings.metering_point}")
    run_until_told(process.run)


def _assemble(settings: "Settings") -> "HomeProcess":
    from node.agents.process import HomeProcess
    from node.agents.trading import Habits
    from node.chain.outbox import Outbox
    from node.chain.outbox_sender import OutboxSender
    from node.cli.deployment import account_of, gateway_of, open_deployment_of
    from node.domain.clock import SystemClock
    from node.domain.plan import BatteryRules

    deployment = open_deployment_of(settings)
    account = account_of(settings)
    config = _config(settings)
    outbox = Outbox(
        config.journal_file.with_name("outbox.sqlite"), deployment.outbox_owner(account.address)
    )
    rules = BatteryRules(settings.soc_min_permille, settings.soc_max_permille)
    return HomeProcess(
        config,
        account=account,
        gateway=gateway_of(settings),
        client=deployment.client,
        contracts=deployment.contracts,
        product=deployment.product,
        clock=SystemClock(),
        site=_site(settings),
        sender=OutboxSender(deployment.client, account, outbox),
        policy=_policy(settings),
        habits=Habits.of(
            deployment.product, settings.physical_slot_seconds, settings.bid_lead_seconds, rules
        ),
        reference_price=_reference_price(settings),
    )


def _config(settings: "Settings") -> "HomeConfig":
    from node.agents.process import HomeConfig
    from node.cli.configuration import required

    device_id = required(settings.device_id, "device_id")
    folder = settings.data_dir / "homes" / device_id
    folder.mkdir(parents=True, exist_ok=True)
    password, initial = settings.device_password, settings.hub_initial_password
    return HomeConfig(
        point=required(settings.metering_point, "metering_point"),
        journal_file=folder / "journal.sqlite",
        hub_url=settings.hub_url,
        device_id=device_id,
        device_password=None if password is None else password.get_secret_value(),
        initial_password=None if initial is None else initial.get_secret_value(),
        name=settings.device_name,
        maker=settings.device_maker,
        location=settings.device_location,
    )


def _site(settings: "Settings") -> "Site":
    from adapters.registry import DeviceRegistry
    from node.agents.site import Site
    from node.cli.configuration import required

    registry = DeviceRegistry()
    meter = registry.meter(required(settings.meter_url, "meter_url"))
    inverter = None if settings.inverter_url is None else registry.inverter(settings.inverter_url)
    return Site(meter, inverter)


def _policy(settings: "Settings") -> "Policy":
    from node.agents.policies import PolicyTerms, policy_of
    from node.domain.units import SenPerKwh

    return policy_of(
        PolicyTerms(
            name=settings.policy,
            preference=settings.preference,
            outside_sell=SenPerKwh(settings.outside_sell),
            outside_buy=SenPerKwh(settings.outside_buy),
            sell=SenPerKwh(settings.sell_limit),
            buy=SenPerKwh(settings.buy_limit),
            margin=settings.margin,
        )
    )


def _reference_price(settings: "Settings") -> "ReferencePrice":
    """Return what the exchange paid in the same slot a day earlier, from a file of its prices where one is named."""
    from node.agents.home import no_reference_price
    from node.cli.neighbourhoods import read_prices
    from node.domain.slots import DAY_SECONDS, DeliverySlot
    from node.domain.units import SenPerKwh

    if settings.prices_file is None:
        return no_reference_price
    prices = read_prices(settings.prices_file)

    def a_day_earlier(slot: DeliverySlot) -> SenPerKwh | None:
        return prices.get(DeliverySlot(slot - DAY_SECONDS))

    return a_day_earlier
