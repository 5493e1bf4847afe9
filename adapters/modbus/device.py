"""A SunSpec device behind a link: finds its models, reads points as whole numbers, writes blocks and checks them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from adapters.modbus.errors import (
    DeviceClosedError,
    ExceptionAnswerError,
    GarbledAnswerError,
    ModelChangedError,
    ModelMissingError,
    NotSunSpecError,
    PointMissingError,
    ReadBackMismatchError,
)
from adapters.modbus.link import LONGEST_READ, Link, Turn
from adapters.sunspec import (
    BASE_ADDRESSES,
    END_MODEL,
    SUNS,
    Layout,
    Point,
    layout_of_length,
    scaled,
)

#: Length of a model's header, the registers ID and L.
HEADER = 2

LAST_REGISTER = 0xFFFF

#: Scale factors lie between -10 and 10 (SunSpec Device Information Model, 4.2.8).
LARGEST_EXPONENT = 10


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model as the device declares it: its first register and its length after the header."""

    address: int
    length: int


class ModelReading:
    """Points of one model that were read together, scale factors included."""

    def __init__(self, device: str, laid: Layout, first: int, words: Sequence[int]) -> None:
        self._device = device
        self._layout = laid
        self._first = first
        self._words = words

    def optional(self, name: str, decimals: int = 0) -> int | None:
        """Return a point in its unit, or None when it is not implemented.

        A whole number, rounded towards zero; `decimals` moves the point to keep digits: 1 gives tenths.
        """
        value = self.raw(name)
        if value is None:
            return None
        return scaled(value, self.exponent(name) + decimals)

    def value(self, name: str, decimals: int = 0) -> int:
        """Return a point as `optional` does, or raise `PointMissingError`."""
        value = self.optional(name, decimals)
        if value is None:
            raise PointMissingError(self._device, self._layout.model, name)
        return value

    @property
    def repeats(self) -> int:
        """How many copies of its repeating group the model has."""
        return self._layout.repeats

    def exponent(self, name: str) -> int:
        """Return the scale factor of a point, 0 when it has none."""
        scale = self._layout.points[name].scale
        exponent = (None if scale is None else self.raw(scale)) or 0
        if abs(exponent) > LARGEST_EXPONENT:
            raise GarbledAnswerError(self._device, f"{scale} says {exponent}, beyond -10 to 10")
        return exponent

    def raw(self, name: str) -> int | None:
        """Return a point as the register holds it."""
        value = self._layout.points[name].decode(self.words(name))
        return value if isinstance(value, int) else None

    def words(self, name: str) -> Sequence[int]:
        """Return the registers of a point."""
        point: Point = self._layout.points[name]
        start = point.offset - self._first
        return self._words[start : start + point.words]


class SunSpecDevice:
    """One Modbus unit with a SunSpec map. `name` is its URL and stands in every error."""

    def __init__(self, name: str, link: Link, unit: int, released: Callable[[], None]) -> None:
        self.name = name
        self._link = link
        self._unit = unit
        self._released = released
        self._closed = False
        self._models: dict[int, FoundModel] = {}
        self._scanned_generation: int | None = None

    async def read(
        self, wanted: Mapping[int, Sequence[str]], optional: Sequence[int] = ()
    ) -> dict[int, ModelReading]:
        """Read points of several models in one turn; a model in `optional` may be missing from device and answer."""
        async with self._open() as turn:
            await self._scan_once(turn)
            return {
                model: await self._read_points(turn, model, names)
                for model, names in wanted.items()
                if model not in optional or model in self._models
            }

    async def first_of(self, models: Sequence[int]) -> int:
        """Return the first of `models` that the device has."""
        async with self._open() as turn:
            await self._scan_once(turn)
        for model in models:
            if model in self._models:
                return model
        raise ModelMissingError(self.name, models, sorted(self._models))

    async def change(
        self, model: int, first: str, last: str, change: Callable[[ModelReading], Mapping[str, int]]
    ) -> None:
        """Rewrite the points `first` to `last` as one block and make sure that the device holds them.

        `change` is given the block as it stands, with its scale factors, and returns the register values to set;
        the points between keep theirs. One block, because a device that takes a set-point and then loses the
        connection before the revert time would hold it for ever.
        """
        async with self._open() as turn:
            await self._scan_once(turn)
            found, laid = self._find(model)
            names = _between(laid, first, last)
            before = await self._read_points(turn, model, names)
            values = change(before)
            block = [
                word
                for name in names
                for word in (
                    laid.points[name].encode(values[name]) if name in values else before.words(name)
                )
            ]
            address = found.address + laid.points[first].offset
            await turn.write(address, block)
            held = await turn.read(address, len(block))
            if held != block:
                raise ReadBackMismatchError(self.name, address, block, held)

    def close(self) -> None:
        """Give the connection back; harmless when done before."""
        if not self._closed:
            self._closed = True
            self._released()

    def _open(self) -> AbstractAsyncContextManager[Turn]:
        if self._closed:
            raise DeviceClosedError(self.name)
        return self._link.turn(self.name, self._unit)

    async def _read_points(self, turn: Turn, model: int, names: Sequence[str]) -> ModelReading:
        found, laid = self._find(model)
        first, count = laid.span(names)
        # The header is read along where it fits, in one question with the values and their scale factors.
        joined = first + count <= LONGEST_READ
        header = await turn.read(found.address, max(first + count, HEADER) if joined else HEADER)
        if header[:HEADER] != [model, found.length]:
            self._scanned_generation = None
            raise ModelChangedError(self.name, model, header[:HEADER])
        words = header[first:] if joined else await turn.read(found.address + first, count)
        return ModelReading(self.name, laid, first, words)

    def _find(self, model: int) -> tuple[FoundModel, Layout]:
        found = self._models.get(model)
        laid = None if found is None else layout_of_length(model, found.length)
        if found is None or laid is None:
            raise ModelMissingError(self.name, [model], sorted(self._models))
        return found, laid

    async def _scan_once(self, turn: Turn) -> None:
        """Find the models, once per connection: a device that comes back may be another one."""
        if self._scanned_generation != self._link.generation:
            self._models = await self._scan(turn)
            self._scanned_generation = self._link.generation

    async def _scan(self, turn: Turn) -> dict[int, FoundModel]:
        address = await self._find_base(turn) + len(SUNS)
        models: dict[int, FoundModel] = {}
        # Only headers are read, so a vendor's block that cannot be read stands in nobody's way.
        while (model := await self._model_at(turn, address)) != END_MODEL:
            length = (await turn.read(address + 1, 1))[0]
            models.setdefault(model, FoundModel(address, length))
            address += HEADER + length
        return models

    async def _model_at(self, turn: Turn, address: int) -> int:
        """Return the ID at `address`; a map may also end without its mark.

        The ID is asked alone, because some devices have no length register behind the end mark.
        """
        if address > LAST_REGISTER:
            return END_MODEL
        try:
            return (await turn.read(address, 1))[0]
        except ExceptionAnswerError:
            return END_MODEL

    async def _find_base(self, turn: Turn) -> int:
        for base in BASE_ADDRESSES:
            try:
                if await turn.read(base, len(SUNS)) == list(SUNS):
                    return base
            except ExceptionAnswerError:
                continue  # the device has no such address: look at the next one
        raise NotSunSpecError(self.name, BASE_ADDRESSES)


def _between(laid: Layout, first: str, last: str) -> list[str]:
    begin, end = laid.points[first].offset, laid.points[last].offset
    return [name for name, point in laid.points.items() if begin <= point.offset <= end]
