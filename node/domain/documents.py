"""Decoded JSON that is checked field by field: the tools that file formats and messages share.

Every refusal is a `FieldError` that names the path of the field, such as `orders[3].limit_sen`, and
its wrong value.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from node.domain.errors import FieldError

#: Longest word that names an order or a participant.
LONGEST_NAME = 200


class _Absent:
    """Stands in an error for the value of a field that is not there."""

    def __repr__(self) -> str:
        return "absent"


_ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class _NotAnInteger:
    """A number that JSON allows and this project does not: a fraction, an exponent, NaN."""

    text: str

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class _RepeatedKey:
    """An object in which a key occurs twice."""

    key: str


def decode_json(text: str | bytes) -> object:
    """Decode JSON whose numbers are integers and whose keys are unique; raise `FieldError` for anything else."""
    try:
        decoded: object = json.loads(
            text,
            parse_float=_NotAnInteger,
            parse_constant=_NotAnInteger,
            object_pairs_hook=_object_of_pairs,
        )
        _refuse_markers(decoded, "")
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise FieldError("", where, f"is not JSON: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise FieldError("", error.object[error.start : error.end], "is not UTF-8") from None
    except RecursionError:
        raise FieldError("", "a nest of lists or objects", "is nested too deeply") from None
    except ValueError as error:  # an integer of more digits than Python reads
        raise FieldError("", "a number", f"holds a number that is too long ({error})") from None
    return decoded


def _object_of_pairs(pairs: list[tuple[str, object]]) -> object:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            break
        seen.add(key)
    return _RepeatedKey(key)


def _refuse_markers(value: object, path: str) -> None:
    if isinstance(value, _NotAnInteger):
        raise FieldError(path, value, "expected an integer")
    if isinstance(value, _RepeatedKey):
        raise FieldError(_join(path, value.key), value.key, "the field occurs twice")
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_markers(inner, _join(path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_markers(inner, f"{path}[{index}]")


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a decoded document together with its path."""

    path: str
    value: object

    def fields(self, *names: str) -> dict[str, "Node"]:
        """Return the fields of an object that has exactly these, each with its path."""
        found = self._object()
        for name in found:
            if name not in names:
                raise FieldError(_join(self.path, name), found[name], "unknown field")
        for name in names:
            if name not in found:
                raise FieldError(_join(self.path, name), _ABSENT, "the field is missing")
        return {name: Node(_join(self.path, name), found[name]) for name in names}

    def members(self) -> Iterator[tuple[str, "Node"]]:
        """Yield the keys and values of an object whose keys are names."""
        for key, value in self._object().items():
            where = _join(self.path, key)
            yield Node(where, key).name(), Node(where, value)

    def items(self) -> Iterator["Node"]:
        """Yield the items of a list."""
        if not isinstance(self.value, list):
            raise FieldError(self.path, self.value, "expected a list")
        for index, item in enumerate(self.value):
            yield Node(f"{self.path}[{index}]", item)

    def name(self) -> str:
        """Return a word that may name something: not empty, printable as it stands."""
        if not isinstance(self.value, str):
            raise FieldError(self.path, self.value, "expected a string")
        if not 0 < len(self.value) <= LONGEST_NAME or not self.value.isprintable():
            raise FieldError(
                self.path, self.value, f"expected 1 to {LONGEST_NAME} printable characters"
            )
        return self.value

    def integer(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`; `true` and `1.0` are none."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise FieldError(self.path, self.value, "expected an integer")
        if not low <= self.value <= high:
            raise FieldError(self.path, self.value, f"expected {low} to {high}")
        return self.value

    def one_of(self, choices: Collection[str]) -> str:
        """Return a string that is one of the choices."""
        if not isinstance(self.value, str) or self.value not in choices:
            raise FieldError(self.path, self.value, f"expected one of {', '.join(choices)}")
        return self.value

    def _object(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            raise FieldError(self.path, self.value, "expected an object")
        return self.value


class Once:
    """Refuses the second occurrence of a value, naming where the first one was."""

    def __init__(self) -> None:
        self._places: dict[object, str] = {}

    def check(self, node: Node) -> None:
        """Raise `FieldError` when this value occurred before."""
        first = self._places.setdefault(node.value, node.path)
        if first != node.path:
            raise FieldError(node.path, node.value, f"repeats {first}")
