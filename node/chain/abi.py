"""The ABI of a contract: packs calls, unpacks what they return, events and errors.

What comes out is plain: integers, booleans, bytes, addresses as lower-case hex, arrays as tuples and structs as
dictionaries under the names of the ABI. Facades turn that into the types of the domain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_hash.auto import keccak

from node.chain.errors import AbiError

#: What the ABI knows: int, bool, bytes, address as hex, tuple of values, struct by name.
Value: TypeAlias = "int | str | bytes | tuple[Value, ...] | dict[str, Value]"

#: A parsed JSON ABI, as the compiler writes it.
JsonAbi: TypeAlias = "Sequence[Mapping[str, object]]"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function, event or error; `components` are the fields of a struct."""

    name: str
    kind: str
    components: tuple["Parameter", ...]
    indexed: bool

    @property
    def canonical(self) -> str:
        """The type as signatures name it: structs in parentheses."""
        if not self.components:
            return self.kind
        fields = ",".join(component.canonical for component in self.components)
        return f"({fields}){self.kind.removeprefix('tuple')}"

    def plain(self, value: object) -> Value:
        """Return a decoded value with structs by name and addresses in lower case."""
        if isinstance(value, (list, tuple)) and self.kind.endswith("]"):
            element = Parameter(
                self.name, self.kind[: self.kind.rindex("[")], self.components, False
            )
            return tuple(element.plain(item) for item in value)
        if isinstance(value, (list, tuple)):
            return _named(self.components, value)
        if isinstance(value, (int, bytes)):
            return value
        return str(value).lower() if self.kind == "address" else str(value)


@dataclass(frozen=True, slots=True)
class Entry:
    """A function, an event or an error; `digest` is the hash of its signature."""

    name: str
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]
    signature: str
    digest: bytes

    @property
    def selector(self) -> bytes:
        """The four bytes that name a function or an error."""
        return self.digest[:4]

    def encode_inputs(self, args: Sequence[object]) -> bytes:
        """Pack arguments; structs are given as tuples in the order of their fields."""
        try:
            return abi_encode(_types(self.inputs), list(args))
        except (EncodingError, ValueError, TypeError) as wrong:
            raise AbiError(f"{self.signature} does not take {tuple(args)!r}: {wrong}") from wrong

    def decode_inputs(self, data: bytes) -> dict[str, Value]:
        """Unpack arguments by name."""
        return _named(self.inputs, _decoded(self.signature, self.inputs, data))

    def decode_outputs(self, data: bytes) -> tuple[Value, ...]:
        """Unpack what a function returned."""
        values = _decoded(self.signature, self.outputs, data)
        return tuple(p.plain(value) for p, value in zip(self.outputs, values, strict=True))


@dataclass(frozen=True, slots=True)
class Abi:
    """Everything that can be asked of a contract and that it can say."""

    contract: str
    functions: Mapping[str, Entry]
    events: Mapping[bytes, Entry]
    errors: Mapping[bytes, Entry]
    constructor: Entry

    @classmethod
    def parse(cls, contract: str, content: JsonAbi) -> "Abi":
        """Read the JSON that the compiler writes."""
        of_kind: dict[str, list[Entry]] = {}
        for item in content:
            of_kind.setdefault(str(item["type"]), []).append(_entry(item))
        return cls(
            contract=contract,
            functions={entry.name: entry for entry in of_kind.get("function", ())},
            events={entry.digest: entry for entry in of_kind.get("event", ())},
            errors={entry.selector: entry for entry in of_kind.get("error", ())},
            constructor=next(iter(of_kind.get("constructor", ())), _entry({})),
        )

    def function(self, name: str) -> Entry:
        """Return a function by name; our contracts have no overloads that a facade calls."""
        try:
            return self.functions[name]
        except KeyError:
            raise AbiError(f"{self.contract} has no function {name}") from None

    def event(self, name: str) -> Entry:
        """Return an event by name."""
        for event in self.events.values():
            if event.name == name:
                return event
        raise AbiError(f"{self.contract} has no event {name}")

    def encode_call(self, name: str, *args: object) -> bytes:
        """Return the data of a call."""
        function = self.function(name)
        return function.selector + function.encode_inputs(args)

    def decode_event(
        self, topics: Sequence[bytes], data: bytes
    ) -> tuple[str, dict[str, Value]] | None:
        """Return name and arguments of an event, None when the contract has no such event."""
        event = self.events.get(topics[0]) if topics else None
        if event is None:
            return None
        indexed = [parameter for parameter in event.inputs if parameter.indexed]
        stored = [parameter for parameter in event.inputs if not parameter.indexed]
        args = _named(stored, _decoded(event.signature, stored, data))
        words = zip(indexed, topics[1:], strict=True)
        args |= _named(indexed, [_decoded(event.signature, [p], word)[0] for p, word in words])
        return event.name, {parameter.name: args[parameter.name] for parameter in event.inputs}


# -- typed access to plain values


def integer(values: Mapping[str, Value], name: str) -> int:
    """Return a number of a struct or event."""
    return _of_type(values, name, int)


def flag(values: Mapping[str, Value], name: str) -> bool:
    """Return a boolean of a struct or event."""
    return _of_type(values, name, bool)


def address(values: Mapping[str, Value], name: str) -> str:
    """Return an address of a struct or event."""
    return _of_type(values, name, str)


def data(values: Mapping[str, Value], name: str) -> bytes:
    """Return bytes of a struct or event."""
    return _of_type(values, name, bytes)


def struct(values: Mapping[str, Value], name: str) -> dict[str, Value]:
    """Return a nested struct."""
    return _of_type(values, name, dict)


def structs(value: Value) -> tuple[dict[str, Value], ...]:
    """Return the structs of an array."""
    if isinstance(value, tuple) and all(isinstance(item, dict) for item in value):
        return tuple(item for item in value if isinstance(item, dict))
    raise AbiError(f"expected an array of structs, not {value!r}")


def integers(value: Value) -> tuple[int, ...]:
    """Return the numbers of an array."""
    if isinstance(value, tuple) and all(isinstance(item, int) for item in value):
        return tuple(item for item in value if isinstance(item, int))
    raise AbiError(f"expected an array of numbers, not {value!r}")


def addresses(value: Value) -> tuple[str, ...]:
    """Return the addresses of an array."""
    if isinstance(value, tuple) and all(isinstance(item, str) for item in value):
        return tuple(item for item in value if isinstance(item, str))
    raise AbiError(f"expected an array of addresses, not {value!r}")


def _of_type(values: Mapping[str, Value], name: str, kind: type[T]) -> T:
    value = values[name]
    if isinstance(value, kind):
        return value
    raise AbiError(f"{name} is {value!r}, expected {kind.__name__}")


def _entry(item: Mapping[str, object]) -> Entry:
    name = str(item.get("name", "constructor"))
    inputs = _parameters(item.get("inputs"))
    signature = f"{name}({','.join(_types(inputs))})"
    return Entry(
        name=name,
        inputs=inputs,
        outputs=_parameters(item.get("outputs")),
        signature=signature,
        digest=keccak(signature.encode()),
    )


def _parameters(items: object) -> tuple[Parameter, ...]:
    if not isinstance(items, (list, tuple)):
        return ()
    return tuple(
        Parameter(
            name=item["name"],
            kind=item["type"],
            components=_parameters(item.get("components")),
            indexed=bool(item.get("indexed")),
        )
        for item in items
    )


def _types(parameters: Sequence[Parameter]) -> list[str]:
    return [parameter.canonical for parameter in parameters]


def _named(parameters: Sequence[Parameter], values: Sequence[object]) -> dict[str, Value]:
    pairs = zip(parameters, values, strict=True)
    return {parameter.name: parameter.plain(value) for parameter, value in pairs}


def _decoded(signature: str, parameters: Sequence[Parameter], data: bytes) -> tuple[object, ...]:
    try:
        return tuple(abi_decode(_types(parameters), data))
    except (DecodingError, ValueError) as wrong:
        raise AbiError(f"{signature}: 0x{data.hex()} cannot be unpacked: {wrong}") from wrong
