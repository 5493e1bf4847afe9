"""A deployed market with members, their keys in a data folder, for the commands that work on a running deployment."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread

from node.chain.keystore import Strength, import_key
from node.chain.signing import LocalSigner
from node.chain.transactions import Call, sign_call
from node.cli.workspace import Workspace
from node.domain.orders import Side
from node.domain.slots import HALF_HOURS, DeliverySlot
from tests.integration.chain.world import World, key, new_world, reference
from tests.integration.cli.running import Ran, yuimaru

#: Half hours with windows that a test can walk through. Long slots, so that no slot passes while a test runs.
PRODUCT = replace(HALF_HOURS, horizon=14_400, correction_window=7200, ring_size=96)

PASSWORD = "correct horse battery staple"

#: What every member pays in, and what of it a metering point keeps.
DEPOSIT_YEN = 100_000
MINIMUM_YEN = 1000

#: Most that a metering point carries in a slot.
LIMIT_WH = 20_000


@dataclass(slots=True)
class Market:
    """The chain with the market, the data folder of its members, and their metering points by name."""

    world: World
    workspace: Workspace
    points: dict[str, int] = field(default_factory=dict)
    members: list[dict[str, object]] = field(default_factory=list)

    # -- people

    def join(self, name: str, *, yen: int = DEPOSIT_YEN, fallback: int = 0) -> LocalSigner:
        """Admit a party with a metering point of its own and a key file; it is on the members' list."""
        account = self.world.admit(name, yen=yen)
        self.save_key(name)
        gateway = key(f"{name} gateway")
        self.points[name] = self.world.add_point(account, gateway, LIMIT_WH, fallback)
        self.members.append(
            {
                "name": name,
                "account": account.address,
                "gateway": gateway.address,
                "point": self.points[name],
                "kind": "prosumer",
            }
        )
        self._write_directory()
        return account

    def save_key(self, name: str) -> None:
        """Write the key file of an account."""
        path = self.workspace.keystore(f"account-{name}")
        import_key(path, reference(name), PASSWORD, Strength.LIGHT)

    def address(self, name: str) -> str:
        """Return the address of an account."""
        return key(name).address

    def _write_directory(self) -> None:
        self.workspace.write_json(
            self.workspace.directory,
            {
                "rpc_url": self.world.chain.url,
                "chain_id": self.world.client.chain_id,
                "hub_url": "http://127.0.0.1:1",
                "members": self.members,
            },
        )

    # -- commands

    def run(self, *arguments: object) -> Ran:
        """Run `yuimaru` on this data folder while the chain makes a block for each transaction."""
        self.world.mining.automatic(True)
        try:
            return yuimaru(*arguments, "--data-dir", self.workspace.root)
        finally:
            self.world.mining.automatic(False)
            self.world.at(self.world.client.newest_block().timestamp)

    def run_beside(self, call: Call, signer: LocalSigner, *arguments: object) -> Ran:
        """Run `yuimaru` while a call of another program with the same key waits for its block."""
        client = self.world.client
        [nonce] = client.mined_counts([signer.address])
        signed = sign_call(signer, call, nonce, client.chain_id)
        assert client.broadcast([signed.raw]) == [None]
        stop = Event()
        miner = Thread(target=self._mine_until, args=(stop,))
        miner.start()
        try:
            return yuimaru(*arguments, "--data-dir", self.workspace.root)
        finally:
            stop.set()
            miner.join()

    def _mine_until(self, stop: Event) -> None:
        while not stop.wait(0.2):
            self.world.mining.mine()

    def wallet(self, command: str, name: str, *arguments: object) -> Ran:
        """Run `yuimaru wallet` as an account."""
        return self.run("wallet", command, *arguments, "--account", name)

    def bid(self, name: str, slot: object, side: str, price: str, energy: object) -> Ran:
        """Place an order as a user does."""
        given = {"--slot": slot, "--side": side, "--price": price, "--energy": energy}
        return self.wallet("bid", name, *(word for pair in given.items() for word in pair))

    def balance(self, name: str) -> Mapping[str, int]:
        """Return what `wallet balance --json` says."""
        said = self.wallet("balance", name, "--json").json
        assert isinstance(said, dict)
        return said

    # -- what the operator, the meters and the oracles do

    def order(self, name: str, slot: DeliverySlot, side: Side, limit: int, energy: int) -> None:
        """Place an order without a command."""
        self.world.do(key(name), self.world.order(slot, self.points[name], side, limit, energy))

    def call(self, slot: DeliverySlot, orders: int) -> None:
        """Clear and book a slot at its call time."""
        auction = self.world.contracts.auction
        self.world.at(PRODUCT.call_time(slot))
        self.world.do(self.world.operator, auction.clear(slot), auction.book(slot, orders))

    def attest(self, slot: DeliverySlot, energies: Mapping[str, tuple[int, int]]) -> None:
        """Bring (import, export) of members on chain."""
        by_point = {self.points[name]: energy for name, energy in energies.items()}
        self.world.do(self.world.operator, self.world.attestation(slot, by_point))

    def settle(self, slot: DeliverySlot) -> None:
        """Settle a slot at its reading deadline."""
        self.world.at(PRODUCT.reading_deadline(slot))
        self.world.do(
            self.world.operator, self.world.contracts.ledger.settle(slot, self._point_count())
        )

    def finalise(self, slot: DeliverySlot) -> None:
        """Make a slot final after its correction window."""
        self.world.at(PRODUCT.final_time(slot))
        self.world.do(
            self.world.operator, self.world.contracts.ledger.finalise(slot, self._point_count())
        )

    def _point_count(self) -> int:
        return self.world.client.read(self.world.contracts.registry.point_count())


@contextmanager
def new_market(folder: Path, *names: str, fallback: int = 0) -> Iterator[Market]:
    """Start a market with members whose metering points take part."""
    with new_world(folder, PRODUCT) as world:
        workspace = Workspace(folder)
        workspace.password_file.parent.mkdir(parents=True)
        workspace.password_file.write_text(PASSWORD + "\n", encoding="utf-8")
        market = Market(world, workspace)
        world.install_oracles()
        for name in names:
            market.join(name, fallback=fallback)
        world.at(PRODUCT.first_unopened_slot(world.now))
        yield market
