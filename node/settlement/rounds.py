"""One round of the keeper: look where the slots stand, do what is due, tell what came of it."""

from dataclasses import dataclass

from node.chain.client import ChainClient
from node.chain.contracts.market import MarketContracts
from node.chain.errors import SILENT, ChainError, Refusal, TransactionError
from node.chain.sender import Sender, SendResult, reason_of
from node.chain.signing import Signer
from node.chain.transactions import Call
from node.chain.wire import Receipt
from node.domain.slots import DeliverySlot, Product
from node.settlement.keeper import (
    Action,
    BookOrders,
    ClearSlot,
    FinaliseSlot,
    Limits,
    OpenSlot,
    SettleLate,
    SettlePoints,
    due_actions,
    slots_ahead,
)
from node.settlement.watch import SlotWatch

#: Most rounds of one `catch_up`: far more than any backlog of a ring takes.
_MOST_ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Deed:
    """An action and what came of it: neither refusal nor problem when it was done.

    A refusal is the answer of a contract, mostly that another keeper was faster or that the chain's clock is behind
    ours. A problem means that the call is in no block; if it is still due, the next round does it again.
    """

    action: Action
    refusal: Refusal | None = None
    problem: TransactionError | None = None

    @property
    def done(self) -> bool:
        """Whether the action took effect."""
        return self.refusal is None and self.problem is None


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did; `problem` when it was cut short."""

    deeds: tuple[Deed, ...] = ()
    problem: ChainError | None = None


class Keeper:
    """Takes every slot of a market through its life; any admitted key will do."""

    def __init__(
        self,
        client: ChainClient,
        contracts: MarketContracts,
        product: Product,
        signer: Signer,
        sender: Sender,
        limits: Limits,
        first_block: int = 0,
    ) -> None:
        self._client = client
        self._contracts = contracts
        self._product = product
        self._signer = signer
        self._sender = sender
        self._limits = limits
        self._watch = SlotWatch(client, contracts, product, first_block)
        self._discovered = False
        #: Slots that cannot be opened yet, with the earlier slot that still holds their storage.
        self._blocked: dict[DeliverySlot, DeliverySlot] = {}

    def round(self, now: int) -> Round:
        """Do what is due now. A chain that does not answer cuts the round short; the next one does the rest."""
        try:
            deeds = self._do(self._due(now))
        except ChainError as problem:
            return Round(problem=problem)
        return Round(deeds=tuple(deeds))

    def catch_up(self, now: int) -> list[Round]:
        """Do rounds until one finds nothing that it could do: for a replay, where time stands still meanwhile."""
        rounds = []
        for _ in range(_MOST_ROUNDS):
            rounds.append(self.round(now))
            if not any(deed.done for deed in rounds[-1].deeds):
                break
        return rounds

    def _due(self, now: int) -> list[Action]:
        if not self._discovered:
            self._watch.discover()
            self._discovered = True
        states = self._watch.states(now, slots_ahead(now, self._product, self._limits))
        actions = due_actions(now, self._product, states, self._watch.point_count(), self._limits)
        return [action for action in actions if not self._is_blocked(action)]

    def _do(self, actions: list[Action]) -> list[Deed]:
        calls = [(self._signer, call_of(action, self._contracts)) for action in actions]
        results = self._sender.send_each(calls)
        return [
            self._deed(action, call, result)
            for action, (_, call), result in zip(actions, calls, results, strict=True)
        ]

    def _deed(self, action: Action, call: Call, result: SendResult) -> Deed:
        if not isinstance(result, Receipt):
            return Deed(action, problem=result)
        if result.succeeded:
            return Deed(action)
        refusal = reason_of(self._client, call.what, result).refusal
        if refusal.name == SILENT:
            self._limits = self._limits.halved()
        tenant = refusal.args.get("tenant")
        if refusal.name == "RingOccupied" and isinstance(tenant, int):
            self._blocked[action.slot] = DeliverySlot(tenant)
            self._watch.adopt(DeliverySlot(tenant))
        return Deed(action, refusal=refusal)

    def _is_blocked(self, action: Action) -> bool:
        """Whether the storage of a slot that is to be opened is known to be held by an unfinished one."""
        if not isinstance(action, OpenSlot) or action.slot not in self._blocked:
            return False
        if self._blocked[action.slot] in self._watch.unfinished:
            return True
        del self._blocked[action.slot]
        return False


def call_of(action: Action, contracts: MarketContracts) -> Call:
    """Return the call that does an action."""
    match action:
        case OpenSlot(slot):
            return contracts.auction.open(slot)
        case ClearSlot(slot):
            return contracts.auction.clear(slot)
        case BookOrders(slot, count):
            return contracts.auction.book(slot, count)
        case SettlePoints(slot, count):
            return contracts.ledger.settle(slot, count)
        case SettleLate(slot, points):
            return contracts.ledger.settle_late(slot, points)
        case FinaliseSlot(slot, count):
            return contracts.ledger.finalise(slot, count)
