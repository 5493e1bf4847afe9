"""What a process is told from outside: environment variables with the prefix YUIMARU_.

Read once, in `node.cli`, and handed down as arguments. Secrets are `SecretStr`, so that no log and
no error shows them. Lists and mappings are written as JSON:
`YUIMARU_ORACLE_HUBS='["https://hub.example"]'`.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from node.domain.errors import PolicyError
from node.domain.policies import RETAIL_BUY, RETAIL_SELL, preference_of_label

Port = Annotated[int, Field(ge=0, le=65_535)]
Price = Annotated[int, Field(ge=0, description="sen per kWh")]
Seconds = Annotated[int, Field(ge=1)]
Permille = Annotated[int, Field(ge=0, le=1000)]
Address = Annotated[str, Field(pattern=r"^0x[0-9a-f]{40}$")]

#: How a home decides on prices.
PolicyName = Literal["soc_table", "fixed_limit", "jepx"]


def _known_preference(label: str) -> str:
    try:
        preference_of_label(label)
    except PolicyError as error:
        raise ValueError(str(error)) from error
    return label


class Settings(BaseSettings):
    """Settings of all processes; each reads what concerns it."""

    model_config = SettingsConfigDict(env_prefix="YUIMARU_", frozen=True, extra="ignore")

    # -- every process

    data_dir: Path = Field(
        default=Path(".yuimaru"), description="Folder of keys, databases, logs and chain state."
    )
    manifest: Path | None = Field(
        default=None, description="Deployment manifest; without it the one in the data folder."
    )
    chain_urls: tuple[str, ...] = Field(
        default=("http://127.0.0.1:8545",),
        description="Nodes of the chain, the preferred one first.",
    )
    chain_id: int = Field(default=7411, ge=1, description="Chain that the nodes must be on.")
    anvil: Path | None = Field(
        default=None, description="Binary of the embedded chain; without it the installed one."
    )
    account_keystore: Path | None = Field(
        default=None, description="Key file of the account that orders, keeps or signs batches."
    )
    keystore_password: SecretStr | None = Field(
        default=None, description="Password of the key files of this process."
    )

    # -- hub

    database_url: SecretStr | None = Field(
        default=None, description="Database of the hub; without it SQLite in the data folder."
    )
    hub_host: str = Field(default="127.0.0.1", description="Where the hub listens.")
    hub_port: Port = Field(default=8400, description="Port of the hub; 0 takes a free one.")
    hub_initial_password: SecretStr | None = Field(
        default=None,
        description="Common initial password of listed devices; hubs and new homes (D-44).",
    )
    hub_finality_depth: int = Field(
        default=0, ge=0, description="Blocks after which the chain takes nothing back."
    )

    # -- home

    hub_url: str = Field(
        default="http://127.0.0.1:8400", description="Hub that a home sends its readings to."
    )
    device_id: str | None = Field(default=None, description="Id of the home at the hub.")
    device_password: SecretStr | None = Field(
        default=None,
        description="Password of the home at the hub; without it the home registers itself once.",
    )
    device_name: str = Field(default="home", description="Name given with the registration (D-46).")
    device_maker: str = Field(default="unknown", description="Maker given with it.")
    device_location: str = Field(default="unknown", description="Place given with it.")
    metering_point: int | None = Field(
        default=None, ge=1, description="Metering point of the home."
    )
    gateway_keystore: Path | None = Field(
        default=None, description="Key file of the gateway, which signs readings."
    )
    meter_url: str | None = Field(default=None, description="Device URL of the meter.")
    inverter_url: str | None = Field(
        default=None, description="Device URL of the inverter; none for a home without one."
    )
    policy: PolicyName = Field(default="jepx", description="How the home decides on prices (C-01).")
    preference: Annotated[str, AfterValidator(_known_preference)] | None = Field(
        default=None, description="What the user told the device to go for, such as CHEAPER (C-07)."
    )
    sell_limit: Price = Field(default=int(RETAIL_BUY), description="Offers of `fixed_limit`.")
    buy_limit: Price = Field(default=int(RETAIL_SELL), description="Bids of `fixed_limit`.")
    outside_sell: Price = Field(
        default=int(RETAIL_SELL), description="What energy earns outside the market (G-26)."
    )
    outside_buy: Price = Field(
        default=int(RETAIL_BUY), description="What energy costs outside the market (G-26)."
    )
    prices_file: Path | None = Field(
        default=None,
        description="CSV file of the exchange's prices, which `jepx` follows a day later.",
    )
    margin: int = Field(default=100, ge=1, description="Distance of `jepx` from its price, in sen.")
    soc_min_permille: Permille = Field(default=100, description="Charge that the battery keeps.")
    soc_max_permille: Permille = Field(default=950, description="Charge that it stops at.")
    physical_slot_seconds: Seconds = Field(
        default=1800,
        description="Physical time that a slot carries; more than its length in a demo.",
    )
    bid_lead_seconds: Seconds | None = Field(
        default=None,
        description="How long before call time the home bids; by the product if unset.",
    )

    # -- oracle

    oracle_host: str = Field(default="127.0.0.1", description="Where the oracle listens.")
    oracle_port: Port = Field(default=8500, description="Port of the oracle; 0 takes a free one.")
    oracle_hubs: tuple[str, ...] = Field(
        default=("http://127.0.0.1:8400",), description="Hubs that the oracle asks."
    )
    oracle_system: str | None = Field(
        default=None, description="Name under which the hubs know the oracle."
    )
    oracle_password: SecretStr | None = Field(
        default=None, description="Password of the oracle at the hubs."
    )
    oracle_peers: dict[Address, str] = Field(
        default_factory=dict, description="URLs of the other oracles by address."
    )

    @property
    def manifest_path(self) -> Path:
        """Return where the deployment manifest is."""
        return self.manifest or self.data_dir / "manifest.json"
