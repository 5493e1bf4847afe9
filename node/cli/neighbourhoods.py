"""Reading a neighbourhood from a folder of CSV files."""

from collections.abc import Mapping
from pathlib import Path

from node.cli.files import FileUnreadableError
from node.domain.neighbourhood import FILES, PRICE_COLUMN, Neighbourhood, parse_neighbourhood
from node.domain.slots import HALF_HOURS, DeliverySlot
from node.domain.tables import parse_prices, parse_table
from node.domain.units import SenPerKwh


def read_neighbourhood(folder: Path) -> Neighbourhood:
    """Return the neighbourhood in a folder; a missing or wrong file is named with line and column."""
    return parse_neighbourhood({name: _lines(folder / name) for name in FILES})


def read_prices(path: Path) -> Mapping[DeliverySlot, SenPerKwh]:
    """Return the exchange's prices in a file of the same format as a neighbourhood's."""
    table = parse_table(_lines(path), path.name)
    return parse_prices(table, HALF_HOURS, PRICE_COLUMN)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadableError(path, str(error)) from error
