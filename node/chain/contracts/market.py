"""The contracts of one deployment together, and the events they leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from node.chain.abi import Value
from node.chain.client import ChainClient
from node.chain.contracts.access import AccessManager
from node.chain.contracts.auction import SpotAuction
from node.chain.contracts.facade import Facade
from node.chain.contracts.ledger import SettlementLedger
from node.chain.contracts.meter_oracle import MeterOracle
from node.chain.contracts.registry import ParticipantRegistry
from node.chain.wire import Block, Log


@dataclass(frozen=True, slots=True)
class DecodedEvent:
    """An event with its arguments under the names of the ABI."""

    contract: str
    name: str
    args: Mapping[str, Value]
    block_hash: bytes
    block_number: int
    tx_hash: bytes
    log_index: int


@dataclass(frozen=True, slots=True)
class MarketContracts:
    """The facades of one deployment."""

    access: AccessManager
    registry: ParticipantRegistry
    auction: SpotAuction
    oracle: MeterOracle
    ledger: SettlementLedger

    @classmethod
    def at(cls, addresses: Mapping[str, str]) -> "MarketContracts":
        """Return the facades of contracts at addresses, given by contract name."""
        return cls(
            access=AccessManager(addresses[AccessManager.NAME]),
            registry=ParticipantRegistry(addresses[ParticipantRegistry.NAME]),
            auction=SpotAuction(addresses[SpotAuction.NAME]),
            oracle=MeterOracle(addresses[MeterOracle.NAME]),
            ledger=SettlementLedger(addresses[SettlementLedger.NAME]),
        )

    @property
    def all(self) -> tuple[Facade, ...]:
        """Every contract."""
        return (self.access, self.registry, self.auction, self.oracle, self.ledger)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the contracts are."""
        return tuple(contract.address for contract in self.all)

    def decode(self, log: Log) -> DecodedEvent | None:
        """Return an event, None when it is not one of these contracts'."""
        contract = next((c for c in self.all if c.address == log.address), None)
        decoded = None if contract is None else contract.abi.decode_event(log.topics, log.data)
        if contract is None or decoded is None:
            return None
        name, args = decoded
        return DecodedEvent(
            contract=contract.NAME,
            name=name,
            args=args,
            block_hash=log.block_hash,
            block_number=log.block_number,
            tx_hash=log.tx_hash,
            log_index=log.log_index,
        )

    def decode_all(self, logs: Sequence[Log]) -> list[DecodedEvent]:
        """Return the events of these contracts among logs."""
        return [event for log in logs if (event := self.decode(log)) is not None]


class ChainReader:
    """The chain as the indexer reads it: by block number and block hash, events decoded."""

    def __init__(self, client: ChainClient, contracts: MarketContracts) -> None:
        self._client = client
        self._contracts = contracts

    def head(self) -> int:
        """Return the number of the newest block."""
        return self._client.head()

    def block(self, number: int) -> Block | None:
        """Return the block that has this number now, None when there is none."""
        return self._client.block(number)

    def logs(self, block_hash: bytes) -> list[DecodedEvent]:
        """Return the decoded events of a block; raises when the chain no longer has it."""
        return self._contracts.decode_all(self._client.logs(block_hash, self._contracts.addresses))
