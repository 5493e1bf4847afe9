"""The market as a wallet sees it: which deployment, which slot, which metering points; and sending to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from node.chain.client import ChainClient
from node.chain.contracts.auction import AuctionPhase
from node.chain.contracts.market import DecodedEvent
from node.chain.errors import TransactionRefusedError, TransactionRevertedError
from node.chain.manifest import open_deployment
from node.chain.sender import Sender
from node.chain.signing import Signer
from node.chain.transactions import Call
from node.chain.wire import Receipt
from node.cli.configuration import read_settings
from node.cli.deployment import Deployment
from node.cli.wallet_amounts import LATEST, NEXT, parse_whole
from node.cli.wallet_errors import DirectoryError, PointNotNamedError
from node.cli.wallet_refusals import NoSlotOpenError, explained
from node.cli.workspace import Workspace
from node.domain.clock import SystemClock
from node.domain.slots import DeliverySlot
from node.settings import Settings

T = TypeVar("T")

#: How often a call is sent whose nonce another program of the same key took first.
SENDING_ATTEMPTS = 4

#: An order for "next" has this many seconds at least to come into a block.
SENDING_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the neighbourhood as the data folder lists it."""

    name: str
    account: str
    point: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a transaction did: its hash and its events."""

    tx_hash: bytes
    events: tuple[DecodedEvent, ...]

    def argument(self, event: str, name: str) -> Any:
        """Return an argument of the one event of a name."""
        return next(found.args[name] for found in self.events if found.name == event)


def settings_for(data_dir: Path | None, rpc_url: str | None) -> Settings:
    """Return the settings with a command's options on top."""
    return read_settings(data_dir=data_dir, chain_urls=None if rpc_url is None else (rpc_url,))


@contextmanager
def open_market(settings: Settings) -> Iterator[Deployment]:
    """Give the deployment of a data folder after checking it against the chain that answers."""
    workspace = Workspace(settings.data_dir)
    client = ChainClient(_nodes(settings, workspace), _chain_id(settings, workspace))
    try:
        manifest = open_deployment(settings.manifest_path, client)
        yield Deployment(client, manifest, manifest.facades())
    finally:
        client.close()


def _nodes(settings: Settings, workspace: Workspace) -> list[str]:
    """Return the nodes that somebody named, else those that the data folder knows, else the default."""
    if "chain_urls" not in settings.model_fields_set:
        for path, name in ((workspace.endpoint("chain"), "url"), (workspace.directory, "rpc_url")):
            if path.exists():
                return [_listed(workspace, path, name, str)]
    return list(settings.chain_urls)


def _chain_id(settings: Settings, workspace: Workspace) -> int:
    if "chain_id" not in settings.model_fields_set and workspace.directory.exists():
        return _listed(workspace, workspace.directory, "chain_id", int)
    return settings.chain_id


def _listed(workspace: Workspace, path: Path, name: str, kind: type[T]) -> T:
    value = workspace.read_json(path).get(name)
    if not isinstance(value, kind):
        raise DirectoryError(path, f"{name} is {value!r}, expected {kind.__name__}")
    return value


def members(workspace: Workspace) -> list[Member]:
    """Return the members that the data folder lists, none where it has no list."""
    path = workspace.directory
    if not path.exists():
        return []
    listed = workspace.read_json(path).get("members", [])
    try:
        return [
            Member(str(item["name"]), str(item["account"]).lower(), int(item["point"]))
            for item in listed
        ]
    except (KeyError, TypeError, ValueError) as wrong:
        raise DirectoryError(path, f"members are not as expected ({wrong!r})") from wrong


def market_time(deployment: Deployment) -> int:
    """Return the time that the next block will have at the earliest: a chain that rests is behind the clock."""
    return max(deployment.client.newest_block().timestamp, SystemClock().now())


def slot_of(deployment: Deployment, given: str) -> DeliverySlot:
    """Return the slot that was typed: Unix seconds of its start, or the next that takes orders."""
    if given == NEXT:
        return _next_slot(deployment)
    return deployment.product.slot(
        parse_whole("--slot", given, 0, LATEST, f"Unix seconds (or {NEXT!r})")
    )


def _next_slot(deployment: Deployment) -> DeliverySlot:
    """Return the nearest open slot; opening is the operator's, so what it opened is asked of the chain."""
    now = market_time(deployment)
    slots = list(deployment.product.openable_slots(now + SENDING_SECONDS))
    asked = [deployment.contracts.auction.auction_of(slot) for slot in slots]
    for slot, auction in zip(slots, deployment.client.read_many(asked), strict=True):
        if auction.phase is AuctionPhase.OPEN:
            return slot
    raise NoSlotOpenError(now, len(slots))


def points_of(deployment: Deployment, address: str, slot: DeliverySlot) -> list[int]:
    """Return the metering points that are a party's in a slot."""
    registry = deployment.contracts.registry
    count = deployment.client.read(registry.point_count())
    owners = deployment.client.read(registry.owners_of(slot, 1, count)) if count else ()
    return [point for point, owner in enumerate(owners, start=1) if owner == address.lower()]


def point_for(deployment: Deployment, address: str, slot: DeliverySlot, given: int | None) -> int:
    """Return the metering point to order for: the one that was named, or the only one.

    For a slot in the past the points of now stand in, so that the market refuses the slot and not the points.
    """
    if given is not None:
        return given
    owned = points_of(deployment, address, DeliverySlot(max(slot, market_time(deployment))))
    if len(owned) != 1:
        raise PointNotNamedError(address, owned)
    return owned[0]


def send(deployment: Deployment, signer: Signer, call: Call) -> Answer:
    """Send a call after trying it, so that a refusal costs no transaction; refusals are named ones."""
    client = deployment.client
    try:
        client.try_call(call, signer.address)
        receipt = _send_beside_others(Sender(client), signer, call)
    except TransactionRevertedError as refused:
        raise explained(refused, deployment.product) from refused
    return Answer(receipt.tx_hash, tuple(deployment.contracts.decode_all(receipt.logs)))


def _send_beside_others(sender: Sender, signer: Signer, call: Call) -> Receipt:
    """Send again when a home that orders with the same key was faster: a lost nonce is never mined late."""
    for _ in range(SENDING_ATTEMPTS - 1):
        try:
            return sender.send_and_wait(signer, call)
        except TransactionRefusedError as lost:
            if "nonce" not in lost.reason:
                raise
    return sender.send_and_wait(signer, call)
