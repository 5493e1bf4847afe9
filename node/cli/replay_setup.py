"""Everything around a replay: a chain of its own, deployment, members, and the report at the end."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from node.chain.client import ChainClient
from node.chain.deploy import deploy
from node.chain.embedded import EmbeddedChain, EmbeddedSettings, ManualMining
from node.chain.manifest import Manifest
from node.chain.sender import Sender
from node.chain.signing import LocalSigner
from node.cli.checks import Check, audit_chain, check_market
from node.cli.provision import Institutions, Member, provision
from node.cli.replay_run import Moment, Replay
from node.domain.neighbourhood import Neighbourhood
from node.domain.slots import HALF_HOURS, DeliverySlot, Product
from node.domain.units import SenPerKwh, WattHours, Yen5
from node.indexer.audit import MarketAudit
from node.settlement.keeper import Limits
from node.settlement.rounds import Keeper

ORACLES = 4

#: What every participant pays in at the start; more than a month costs.
DEPOSIT_YEN = 1_000_000

#: Registration and deposits happen this long before the first slot can be open.
_PREPARATION_SECONDS = 7200


@dataclass(frozen=True, slots=True)
class SlotLine:
    """The result of a slot."""

    slot: DeliverySlot
    orders: int
    price: SenPerKwh | None
    volume: WattHours
    imbalance_wh: WattHours
    imbalance_cash: Yen5
    missing: int


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did, and whether it adds up."""

    lines: tuple[SlotLine, ...]
    checks: tuple[Check, ...]
    participants: int
    orders: int
    readings: int
    blocks: int


def run_replay(
    neighbourhood: Neighbourhood,
    slots: Sequence[DeliverySlot],
    progress: Callable[[Moment], None],
    product: Product = HALF_HOURS,
) -> ReplayReport:
    """Run slots of a neighbourhood on an embedded chain of its own and check the result."""
    genesis = slots[0] - product.horizon - _PREPARATION_SECONDS
    settings = EmbeddedSettings(port=0, manual=True, genesis_time=genesis)
    with (
        tempfile.TemporaryDirectory(prefix="yuimaru-replay-") as folder,
        EmbeddedChain(settings) as chain,
    ):
        client = chain.client()
        mining = chain.mining()
        sender = Sender(client, mine=mining.mine)
        institutions = _institutions()
        manifest = deploy(
            client,
            sender,
            institutions.administrator,
            product,
            institutions.authorities,
            Path(folder) / "manifest.json",
        )
        replay = _prepare(client, manifest, sender, institutions, neighbourhood, mining=mining)
        replay.run(slots, progress)
        return _report(replay, manifest, slots)


def _institutions() -> Institutions:
    return Institutions(
        administrator=LocalSigner.generate(),
        market_operator=LocalSigner.generate(),
        dso=LocalSigner.generate(),
        settlement_bank=LocalSigner.generate(),
        oracles=tuple(LocalSigner.generate() for _ in range(ORACLES)),
    )


def _prepare(
    client: ChainClient,
    manifest: Manifest,
    sender: Sender,
    institutions: Institutions,
    neighbourhood: Neighbourhood,
    mining: ManualMining,
) -> Replay:
    contracts = manifest.facades()
    members = {
        site.id: Member(
            name=site.id,
            account=LocalSigner.generate(),
            gateway=LocalSigner.generate(),
            kind=site.kind,
            source=site.source,
            limits=neighbourhood.limits(site.id),
        )
        for site in neighbourhood.sites
    }
    points = provision(
        sender, contracts, client.chain_id, institutions, list(members.values()), DEPOSIT_YEN
    )

    def keeper(slots_ahead: int) -> Keeper:
        return Keeper(
            client,
            contracts,
            manifest.product,
            institutions.market_operator,
            sender,
            Limits(slots_ahead),
            manifest.block,
        )

    return Replay(
        client=client,
        contracts=contracts,
        mining=mining,
        sender=sender,
        opener=keeper(1),
        closer=keeper(0),
        product=manifest.product,
        neighbourhood=neighbourhood,
        institutions=institutions,
        members=members,
        points=points,
    )


def _report(replay: Replay, manifest: Manifest, slots: Sequence[DeliverySlot]) -> ReplayReport:
    market = audit_chain(replay.client, replay.contracts, replay.product, manifest.block)
    accounts = {name: member.account.address for name, member in replay.members.items()}
    return ReplayReport(
        lines=tuple(_line(market, slot) for slot in slots),
        checks=(
            *check_market(replay.client, replay.contracts, market, slots, accounts),
            _check_delivery(replay, market, slots),
        ),
        participants=len(replay.members),
        orders=replay.orders_sent,
        readings=replay.readings_signed,
        blocks=replay.client.head(),
    )


def _line(market: MarketAudit, slot: DeliverySlot) -> SlotLine:
    book = market.slots[slot]
    return SlotLine(
        slot=slot,
        orders=len(book.orders),
        price=book.price,
        volume=book.volume,
        imbalance_wh=WattHours(sum(book.imbalance_wh.values())),
        imbalance_cash=book.imbalance_cash,
        missing=len(book.missing),
    )


def _check_delivery(replay: Replay, market: MarketAudit, slots: Sequence[DeliverySlot]) -> Check:
    """Compare what was attested with what the files say, over all slots and participants."""
    filed = sum(
        replay.neighbourhood.net_wh(name, slot) for slot in slots for name in replay.members
    )
    attested = sum(
        energy.export_wh - energy.import_wh
        for slot in slots
        for energy in market.slots[slot].readings.values()
    )
    return Check(
        "what was attested is what the files say was delivered",
        filed == attested,
        f"net export {attested} Wh of {filed} Wh",
    )
