"""What all facades share."""

from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar

from node.chain.abi import Value, address, flag, integer, struct
from node.chain.client import Query
from node.chain.errors import AbiError
from node.chain.loading import load_artifact
from node.chain.transactions import Call, address_bytes
from node.domain.slots import Product
from node.domain.units import SenPerKwh

T = TypeVar("T")


class Facade:
    """A contract at an address."""

    NAME: ClassVar[str]

    def __init__(self, address: str) -> None:
        address_bytes(address)  # refuses what is no address before anything is sent there
        self.address = address.lower()
        self.abi = load_artifact(self.NAME).abi

    def call(self, function: str, gas: int, *args: object) -> Call:
        """Return a command."""
        return Call(
            f"{self.NAME}.{function}", self.address, self.abi.encode_call(function, *args), gas
        )

    def query(
        self, function: str, read: Callable[[tuple[Value, ...]], T], *args: object
    ) -> Query[T]:
        """Return a question whose answer `read` turns into a type of the domain."""
        entry = self.abi.function(function)
        return Query(
            what=f"{self.NAME}.{function}",
            to=self.address,
            data=self.abi.encode_call(function, *args),
            read=lambda answer: read(entry.decode_outputs(answer)),
        )


class MarketFacade(Facade):
    """A contract that was given the product."""

    def product(self) -> Query[Product]:
        """Ask for the parameters of the product."""
        return self.query("product", lambda answer: _product(as_struct(answer)))


def product_tuple(product: Product) -> tuple[int, ...]:
    """Return the product as the constructors take it."""
    return (
        product.slot_seconds,
        product.call_lead,
        product.gate_lead,
        product.horizon,
        product.reading_window,
        product.correction_window,
        product.price_offset,
        product.long_floor,
        product.short_cap,
        product.ring_size,
    )


# -- readers of answers with a single value


def as_struct(answer: tuple[Value, ...]) -> Mapping[str, Value]:
    """Read a struct."""
    return struct(_only(answer), "")


def as_integer(answer: tuple[Value, ...]) -> int:
    """Read a number."""
    return integer(_only(answer), "")


def as_flag(answer: tuple[Value, ...]) -> bool:
    """Read a boolean."""
    return flag(_only(answer), "")


def as_address(answer: tuple[Value, ...]) -> str:
    """Read an address."""
    return address(_only(answer), "")


def as_bytes(answer: tuple[Value, ...]) -> bytes:
    """Read bytes."""
    value = answer[0]
    if isinstance(value, bytes):
        return value
    raise AbiError(f"expected bytes, not {value!r}")


def _only(answer: tuple[Value, ...]) -> dict[str, Value]:
    if len(answer) != 1:
        raise AbiError(f"expected one value, got {len(answer)}")
    return {"": answer[0]}


def _product(fields: Mapping[str, Value]) -> Product:
    return Product(
        slot_seconds=integer(fields, "slotSeconds"),
        call_lead=integer(fields, "callLead"),
        gate_lead=integer(fields, "gateLead"),
        horizon=integer(fields, "horizon"),
        reading_window=integer(fields, "readingWindow"),
        correction_window=integer(fields, "correctionWindow"),
        price_offset=SenPerKwh(integer(fields, "priceOffset")),
        long_floor=SenPerKwh(integer(fields, "longFloor")),
        short_cap=SenPerKwh(integer(fields, "shortCap")),
        ring_size=integer(fields, "ringSize"),
    )
