"""Where each point of a SunSpec model lies and how it is written in 16-bit registers.

The definitions are the SunSpec Alliance's own, as pysunspec2 ships them; only the interval model below is ours.
Nothing here speaks to a device: `adapters.modbus` reads and `adapters.simulated` answers with the same maps, and
the tests hold both against pysunspec2's own client.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from sunspec2 import mb  # type: ignore[import-untyped, unused-ignore]

#: The marker and the addresses at which a SunSpec map may begin (SunSpec Device Information Model, 6.1).
SUNS: Final = (0x5375, 0x6E53)
BASE_ADDRESSES: Final = (40000, 0, 50000)
END_MODEL: Final = 0xFFFF

COMMON, DER_AC, DER_CAPACITY, DER_CONTROL, DER_STORAGE, DER_DC = 1, 701, 702, 704, 713, 714
METER_THREE_PHASE = 203

#: Vendor model: the registers of the last interval boundaries, a ring addressed by time (B-11, B-13).
INTERVAL_REGISTERS: Final = 64030

_INTERVAL_DEFINITION: Final[dict[str, Any]] = {
    "id": INTERVAL_REGISTERS,
    "group": {
        "name": "interval_registers",
        "type": "group",
        "points": [
            {"name": "ID", "type": "uint16", "size": 1, "mandatory": "M"},
            {"name": "L", "type": "uint16", "size": 1, "mandatory": "M"},
            {"name": "Per", "type": "uint32", "size": 2, "units": "Secs", "mandatory": "M"},
            {"name": "Oldest", "type": "uint64", "size": 4, "units": "Secs"},
            {"name": "Newest", "type": "uint64", "size": 4, "units": "Secs"},
            {"name": "N", "type": "count", "size": 1, "mandatory": "M"},
            {"name": "Pad", "type": "pad", "size": 1},
        ],
        "groups": [
            {
                "name": "Bnd",
                "type": "group",
                "count": "N",
                "points": [
                    {"name": "Tms", "type": "uint64", "size": 4, "units": "Secs"},
                    {"name": "WhImp", "type": "uint64", "size": 4, "units": "Wh"},
                    {"name": "WhExp", "type": "uint64", "size": 4, "units": "Wh"},
                    {"name": "W", "type": "int32", "size": 2, "units": "W"},
                ],
            }
        ],
    },
}


@dataclass(frozen=True, slots=True)
class Point:
    """A value of a model: `offset` counts registers from the model's ID register."""

    name: str
    offset: int
    words: int
    kind: str
    scale: str | None
    mandatory: bool

    def encode(self, value: int | str | None) -> list[int]:
        """Return the registers that hold `value`; None is written as "not implemented"."""
        size = self.words * 2
        if value is None:
            data = mb.create_unimpl_value(self.kind, size)
        else:
            data = mb.point_type_info[self.kind].to_data(value, size)
        return list(struct.unpack(f">{self.words}H", data))

    def decode(self, words: Sequence[int]) -> int | str | None:
        """Return what `words` hold, None when the device does not implement the point."""
        info = mb.point_type_info[self.kind]
        value: int | str | None = info.data_to(struct.pack(f">{self.words}H", *words))
        # An accumulator that has counted nothing yet and one that is missing look alike: both are 0.
        if self.kind.startswith("acc") or info.is_impl(value):
            return value
        return None


@dataclass(frozen=True, slots=True)
class Layout:
    """A model with its repeating group laid out `repeats` times; `length` is what its L register says.

    A point inside a group is called `Group.Point`, inside a repeating one `Group[2].Point`.
    """

    model: int
    repeats: int
    length: int
    points: Mapping[str, Point]

    def span(self, names: Sequence[str]) -> tuple[int, int]:
        """Return first register and count that cover `names` and their scale factors."""
        wanted = [self.points[name] for name in names]
        wanted += [self.points[point.scale] for point in wanted if point.scale is not None]
        first = min(point.offset for point in wanted)
        return first, max(point.offset + point.words for point in wanted) - first


@cache
def layout(model: int, repeats: int = 0) -> Layout:
    """Lay out `model` with `repeats` copies of its repeating group."""
    points: dict[str, Point] = {}
    end = _lay_group(_definition(model)["group"], "", 0, repeats, points)
    return Layout(model, repeats, end - 2, points)


@cache
def layout_of_length(model: int, length: int) -> Layout | None:
    """Lay out `model` as a device declares it, None if no number of repeats gives that length."""
    fixed = layout(model).length
    each = layout(model, 1).length - fixed
    repeats = (length - fixed) // each if each else 0
    fitting = layout(model, max(repeats, 0))
    return fitting if fitting.length == length else None


def scaled(value: int, exponent: int) -> int:
    """Return `value` times ten to the `exponent` as a whole number, rounded towards zero.

    Towards zero, so that nothing is reported as delivered or available that is not.
    """
    factor: int = 10 ** abs(exponent)
    if exponent >= 0:
        return value * factor
    size = abs(value) // factor
    return size if value >= 0 else -size


def unscaled(value: int, exponent: int) -> int:
    """Return the register value that stands for `value`: the inverse of `scaled`, again towards zero."""
    return scaled(value, -exponent)


def fitting_exponent(largest: int, limit: int) -> int:
    """Return the smallest scale factor at which `largest` still fits a register that holds `limit`."""
    exponent = 0
    while largest // 10**exponent > limit:
        exponent += 1
    return exponent


def _lay_group(
    group: Mapping[str, Any], prefix: str, offset: int, repeats: int, points: dict[str, Point]
) -> int:
    for entry in group["points"]:
        name = prefix + entry["name"]
        scale = entry.get("sf")
        points[name] = Point(
            name,
            offset,
            entry["size"],
            entry["type"],
            scale if isinstance(scale, str) else None,
            entry.get("mandatory") == "M",
        )
        offset += entry["size"]
    for inner in group.get("groups", ()):
        copies = range(repeats) if inner.get("count") else (None,)
        for copy in copies:
            index = "" if copy is None else f"[{copy}]"
            offset = _lay_group(inner, f"{prefix}{inner['name']}{index}.", offset, repeats, points)
    return offset


def _definition(model: int) -> dict[str, Any]:
    if model == INTERVAL_REGISTERS:
        return _INTERVAL_DEFINITION
    # Read from the package itself: pysunspec2's own loader looks into the current folder first.
    file = resources.files("sunspec2") / "models" / "json" / f"model_{model}.json"
    definition: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return definition
