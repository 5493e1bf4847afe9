"""The examples of the README files are what the commands take."""

import json
import re
from pathlib import Path

import pytest

from node.domain.clearing import clear
from node.domain.documents import decode_json
from node.domain.files import parse_book, parse_settlement
from node.domain.settlement import settle_slot


@pytest.fixture
def examples(repo_root: Path) -> list[str]:
    text = (repo_root / "node" / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)


def test_the_example_of_a_book_clears(examples: list[str]) -> None:
    clearing = clear(parse_book(decode_json(examples[0])))

    assert (clearing.price, clearing.fills) == (1500, (1000, 700, 300))


def test_the_example_of_a_settlement_adds_to_zero(examples: list[str]) -> None:
    parsed = parse_settlement(decode_json(examples[1]))

    settlement = settle_slot(parsed.trades, parsed.metered_net_export, parsed.prices)

    totals = [point.total for point in settlement.points.values()]
    assert sum(totals) + settlement.balancing_account == 0
    assert json.loads(examples[1])["short_price_sen"] == parsed.prices.short
