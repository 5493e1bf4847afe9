"""The replay of a neighbourhood's files on the embedded chain under a virtual clock.

Everybody forecasts by the same slot a day earlier, bids between the outside options, delivers what the files say and is
settled on that. Contracts, keeper, readings, oracle checks and signatures are those of a running market; only the
processes and their sockets are missing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from node.agents.bidding import Bidder
from node.chain.client import ChainClient
from node.chain.contracts.market import MarketContracts
from node.chain.embedded import ManualMining
from node.chain.sender import Sender, SignedBy
from node.chain.signing import Signer, SigningDomain
from node.cli.provision import Institutions, Member
from node.domain.errors import YuimaruError
from node.domain.forecast import same_slot_a_day_earlier
from node.domain.neighbourhood import Neighbourhood
from node.domain.policies import (
    RETAIL_BUY,
    RETAIL_SELL,
    JepxFollowingPolicy,
    Policy,
    Preference,
    PreferringPolicy,
    Situation,
    SocTablePolicy,
)
from node.domain.readings import Reading
from node.domain.slots import DAY_SECONDS, DeliverySlot, Product
from node.domain.units import WattHours
from node.settlement.rounds import Keeper
from oracle.attestation import Attestor
from oracle.plausibility import ORIGINAL, Accepted, Bench, PointFacts, SignedReading
from oracle.quorum import Entry, Proposal, batches

#: How long before call time everybody bids.
BIDDING_LEAD = 600


class ReadingRejectedError(YuimaruError):
    """The oracles of a replay do not believe a reading that its own files produced."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant at which something is due; `stage` orders what falls together."""

    at: int
    stage: int
    slot: DeliverySlot


BID, CALL, METER, SETTLE, FINALISE = range(5)


def moments(product: Product, slots: Sequence[DeliverySlot]) -> list[Moment]:
    """Return the whole calendar of a replay in order of time."""
    return sorted(
        (moment for slot in slots for moment in _moments_of(product, slot)),
        key=lambda moment: (moment.at, -moment.stage, moment.slot),
    )


def _moments_of(product: Product, slot: DeliverySlot) -> Iterator[Moment]:
    yield Moment(product.call_time(slot) - BIDDING_LEAD, BID, slot)
    yield Moment(product.call_time(slot), CALL, slot)
    yield Moment(product.slot_end(slot), METER, slot)
    yield Moment(product.reading_deadline(slot), SETTLE, slot)
    yield Moment(product.final_time(slot), FINALISE, slot)


#: The four preferences of C-07 in turn: who is out for profit follows the exchange, the others trade what they have to
#: at the outside options, shifted by what they prefer.
_POLICIES: tuple[Policy, ...] = (
    PreferringPolicy(SocTablePolicy(), Preference.CHEAPER),
    PreferringPolicy(SocTablePolicy(), Preference.RENEWABLES),
    PreferringPolicy(SocTablePolicy(), Preference.LOCAL),
    PreferringPolicy(JepxFollowingPolicy(), Preference.PROFIT),
)


def policy_of(number: int) -> Policy:
    """Return the policy of the participant with this number."""
    return _POLICIES[number % len(_POLICIES)]


@dataclass(slots=True)
class _Registers:
    """The cumulative registers of a simulated meter."""

    import_wh: int = 0
    export_wh: int = 0


@dataclass(slots=True)
class Replay:
    """A replay under way: `run` takes it through its calendar.

    `opener` is a keeper that holds one slot open ahead; `closer` opens none and follows it after the last bids.
    """

    client: ChainClient
    contracts: MarketContracts
    mining: ManualMining
    sender: Sender
    opener: Keeper
    closer: Keeper
    product: Product
    neighbourhood: Neighbourhood
    institutions: Institutions
    members: Mapping[str, Member]
    points: Mapping[str, int]
    orders_sent: int = 0
    readings_signed: int = 0
    _registers: dict[str, _Registers] = field(default_factory=dict)
    _sequence: int = 0
    _published_until: int = 0

    def run(self, slots: Sequence[DeliverySlot], progress: Callable[[Moment], None]) -> None:
        """Take all slots through bidding, call, delivery, settlement and finality."""
        last_bid = self._bidding_time(slots[-1])
        for moment in moments(self.product, slots):
            self.mining.mine_at(moment.at)
            keeper = self.opener if moment.at <= last_bid else self.closer
            if moment.stage == METER:
                self._meter(moment.slot)
            else:
                keeper.catch_up(moment.at)
            if moment.stage == BID:
                self._publish_prices(moment.slot)
                self._bid(moment.slot)
            progress(moment)

    def _bidding_time(self, slot: DeliverySlot) -> int:
        return self.product.call_time(slot) - BIDDING_LEAD

    def _publish_prices(self, slot: DeliverySlot) -> None:
        """Publish the outside options as imbalance prices, a day at a time: what was not traded goes at them (G-26)."""
        if slot < self._published_until:
            return
        count = self.product.slots_per_day
        call = self.contracts.ledger.publish_imbalance_prices(slot, count, RETAIL_SELL, RETAIL_BUY)
        self.sender.send_and_wait(self.institutions.dso, call)
        self._published_until = slot + count * self.product.slot_seconds

    def _bid(self, slot: DeliverySlot) -> None:
        now = self._bidding_time(slot)
        calls: list[SignedBy] = []
        for number, (name, member) in enumerate(self.members.items()):
            situation = self._situation(name, slot, now)
            bidder = Bidder(policy_of(number), member.limits, self.product)
            for draft in bidder.orders(situation) if situation else ():
                call = self.contracts.auction.submit(
                    slot, self.points[name], draft.side, draft.limit, draft.energy
                )
                calls.append((member.account, call))
        self.sender.send_many(calls)
        self.orders_sent += len(calls)

    def _situation(self, name: str, slot: DeliverySlot, now: int) -> Situation | None:
        """Return what a participant knows when it bids: nothing that has not been measured by then."""
        forecast = same_slot_a_day_earlier(
            self.neighbourhood.net_history(name),
            slot,
            day_seconds=DAY_SECONDS,
            known_before=now - self.product.slot_seconds + 1,
        )
        if forecast is None:
            return None
        earlier = self.neighbourhood.prices.get(DeliverySlot(slot - DAY_SECONDS))
        return Situation(net_wh=forecast, reference_price=earlier)

    def _meter(self, slot: DeliverySlot) -> None:
        """Read every meter, let the oracles judge and sign, and bring the batches on chain."""
        self._sequence += 1
        readings = {self.points[name]: self._read(name, slot) for name in self.members}
        self.readings_signed += len(readings)
        attestors = [self._attestor(oracle) for oracle in self.institutions.oracles]
        accepted = self._judge(attestors[0], slot, readings)
        entries = [Entry.of(reading) for reading in accepted.values()]
        oracle_set = self.client.read(self.contracts.oracle.oracle_set())
        for batch_entries in batches(entries):
            batch = attestors[0].batch(Proposal(slot, oracle_set.version, batch_entries), accepted)
            signers = sorted(attestors, key=lambda attestor: int(attestor.address, 16))
            signatures = [attestor.sign(batch) for attestor in signers[: oracle_set.quorum]]
            self.sender.send_and_wait(
                signers[0].signer, self.contracts.oracle.attest(batch, signatures)
            )

    def _read(self, name: str, slot: DeliverySlot) -> SignedReading:
        net = self.neighbourhood.net_wh(name, slot)
        held = self._registers.setdefault(name, _Registers())
        imported, exported = max(0, -net), max(0, net)
        reading = Reading(
            point=self.points[name],
            slot=slot,
            import_wh=WattHours(imported),
            export_wh=WattHours(exported),
            import_start=WattHours(held.import_wh),
            import_end=WattHours(held.import_wh + imported),
            export_start=WattHours(held.export_wh),
            export_end=WattHours(held.export_wh + exported),
            measured_at=self.product.slot_end(slot),
            sequence=self._sequence,
            version=ORIGINAL,
        )
        held.import_wh += imported
        held.export_wh += exported
        domain = SigningDomain.of_meter_oracle(self.client.chain_id, self.contracts.oracle.address)
        return SignedReading(
            reading, self.members[name].gateway.sign(domain.reading_digest(reading))
        )

    def _judge(
        self, attestor: Attestor, slot: DeliverySlot, readings: Mapping[int, SignedReading]
    ) -> dict[int, Accepted]:
        facts = {
            self.points[name]: PointFacts(member.gateway.address, member.limits)
            for name, member in self.members.items()
        }
        bench = Bench(self.product, slot, facts, self.product.slot_end(slot))
        accepted: dict[int, Accepted] = {}
        for point, signed in readings.items():
            digest, signer = attestor.examine(signed)
            doubts = bench.verdict(signed, signer)
            if doubts or signer is None:
                raise ReadingRejectedError(f"reading of point {point} for slot {slot}: {doubts}")
            accepted[point] = Accepted(signed, digest, signer)
        return accepted

    def _attestor(self, oracle: Signer) -> Attestor:
        return Attestor(oracle, self.client.chain_id, self.contracts.oracle.address)
