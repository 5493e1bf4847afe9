"""The tree of errors."""

import inspect

import pytest

from node.domain import errors
from node.domain.errors import FieldError, TableError, YuimaruError


def test_every_error_stands_in_the_tree_and_under_one_base() -> None:
    classes = [cls for _, cls in inspect.getmembers(errors, inspect.isclass)]
    drawn = errors.__doc__ or ""

    assert len(classes) > 10
    for cls in classes:
        assert issubclass(cls, YuimaruError)
        assert f"* {cls.__name__}" in drawn


def test_a_field_error_names_path_and_value() -> None:
    error = FieldError("orders[3].limit_sen", -5, "expected 0 to 32767")

    assert str(error) == "orders[3].limit_sen: expected 0 to 32767, was -5"
    assert (error.path, error.value) == ("orders[3].limit_sen", -5)


def test_a_wrong_value_is_shown_in_part_when_it_is_long() -> None:
    assert len(str(FieldError("id", "x" * 10_000, "too long"))) < 120


@pytest.mark.parametrize(
    ("column", "where"), [("h01", "load.csv:7, column h01: "), (None, "load.csv:7: ")]
)
def test_a_table_error_names_file_line_and_column(column: str | None, where: str) -> None:
    assert (
        str(TableError("load.csv", 7, column, "expected a number")) == where + "expected a number"
    )
