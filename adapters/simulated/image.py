"""The register map of a simulated SunSpec device: its models laid end to end from register 40000."""

from collections.abc import Sequence
from typing import Final

from adapters.sunspec import END_MODEL, SUNS, Layout, Point

FIRST_REGISTER: Final = 40000


class RegisterImage:
    """What a device shows. Points that were never set read as "not implemented"."""

    def __init__(self, models: Sequence[Layout]) -> None:
        self.words: list[int] = list(SUNS)
        self._at: dict[int, tuple[int, Layout]] = {}
        for model in models:
            self._at[model.model] = (len(self.words), model)
            for point in model.points.values():
                self.words += point.encode(None)
            self.set(model.model, "ID", model.model)
            self.set(model.model, "L", model.length)
        self.words += (END_MODEL, 0)

    def set(self, model: int, name: str, value: int | str | None) -> None:
        """Show `value` at a point, as the register holds it: without its scale factor."""
        start, point = self._find(model, name)
        self.words[start : start + point.words] = point.encode(value)

    def get(self, model: int, name: str) -> int:
        """Return the number that a point shows."""
        start, point = self._find(model, name)
        value = point.decode(self.words[start : start + point.words])
        return value if isinstance(value, int) else 0

    def address(self, model: int, name: str) -> int:
        """Return the register address of a point."""
        return FIRST_REGISTER + self._find(model, name)[0]

    def overlay(self, address: int, values: Sequence[int]) -> None:
        """Put raw registers into the map, as a write does."""
        start = address - FIRST_REGISTER
        self.words[start : start + len(values)] = values

    def _find(self, model: int, name: str) -> tuple[int, Point]:
        start, laid = self._at[model]
        point = laid.points[name]
        return start + point.offset, point
