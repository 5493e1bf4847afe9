"""Decoding JSON without floats, repeated keys or surprises."""

import pytest

from node.domain.documents import Node, Once, decode_json
from node.domain.errors import FieldError


def test_integers_strings_lists_and_objects_come_through() -> None:
    assert decode_json('{"a": [1, -2, true, null, "x"], "b": {}}') == {
        "a": [1, -2, True, None, "x"],
        "b": {},
    }
    assert decode_json(b"\xef\xbb\xbf[12345678901234567890]") == [12345678901234567890]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"a": 1.5}', "a"),
        ('{"a": [0, 1.0]}', "a[1]"),
        ('[{"b": 1e3}]', "[0].b"),
        ('{"a": NaN}', "a"),
        ('{"a": {"b": -Infinity}}', "a.b"),
        ("2.5", ""),
    ],
)
def test_a_number_that_is_no_integer_is_refused_with_its_path(text: str, path: str) -> None:
    with pytest.raises(FieldError, match="expected an integer, was") as refused:
        decode_json(text)

    assert refused.value.path == path


@pytest.mark.parametrize(
    ("text", "path"), [('{"a": 1, "a": 1}', "a"), ('{"o": [{"x": 1, "y": 2, "x": 3}]}', "o[0].x")]
)
def test_a_key_that_occurs_twice_is_refused(text: str, path: str) -> None:
    with pytest.raises(FieldError, match="occurs twice") as refused:
        decode_json(text)

    assert refused.value.path == path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not JSON"),
        ('{"a": 1', "is not JSON"),
        ('{"a": 01}', "is not JSON"),
        ("{'a': 1}", "is not JSON"),
        (b'{"a": "\xff"}', "is not UTF-8"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("9" * 5000, "too long"),
    ],
    ids=["empty", "cut off", "leading zero", "single quotes", "not utf-8", "deep", "long"],
)
def test_what_is_no_sound_document_is_refused(text: str | bytes, reason: str) -> None:
    with pytest.raises(FieldError, match=reason) as refused:
        decode_json(text)

    assert str(refused.value).startswith("document: ")


def test_an_object_has_exactly_the_fields_that_are_asked_for() -> None:
    node = Node("orders[2]", {"id": "o1", "extra": 5})

    with pytest.raises(FieldError, match=r"orders\[2\]\.extra: unknown field, was 5"):
        node.fields("id")
    with pytest.raises(FieldError, match=r"orders\[2\]\.side: the field is missing, was absent"):
        node.fields("id", "extra", "side")


@pytest.mark.parametrize("value", [True, False, 1.0, "1", None, [1], {}])
def test_only_an_integer_is_an_integer(value: object) -> None:
    with pytest.raises(FieldError, match="x: expected an integer, was"):
        Node("x", value).integer(0, 10)


@pytest.mark.parametrize("value", [-1, 11])
def test_an_integer_out_of_range_is_refused_with_the_range(value: int) -> None:
    with pytest.raises(FieldError, match=f"x: expected 0 to 10, was {value}"):
        Node("x", value).integer(0, 10)


@pytest.mark.parametrize("value", ["", "a\nb", "x" * 201, "\ud800", "\x00"])
def test_a_word_that_cannot_be_a_name_is_refused(value: str) -> None:
    with pytest.raises(FieldError, match="printable characters"):
        Node("id", value).name()


@pytest.mark.parametrize("value", ["User 1", "太陽", "o-1_é"])
def test_names_may_be_written_in_any_script(value: str) -> None:
    assert Node("id", value).name() == value


@pytest.mark.parametrize("value", ["SELL", "", 1, None, ["sell"]])
def test_a_choice_is_one_of_those_offered(value: object) -> None:
    with pytest.raises(FieldError, match="expected one of buy, sell"):
        Node("side", value).one_of(["buy", "sell"])


def test_lists_and_objects_are_not_taken_for_each_other() -> None:
    with pytest.raises(FieldError, match=r"orders: expected a list, was \{\}"):
        list(Node("orders", {}).items())
    with pytest.raises(FieldError, match=r"document: expected an object, was \[\]"):
        Node("", []).fields("a")
    with pytest.raises(FieldError, match=r"document: expected an object, was \[\]"):
        list(Node("", []).members())


def test_a_repetition_names_the_first_place() -> None:
    once = Once()
    once.check(Node("orders[0].id", "o1"))

    with pytest.raises(FieldError, match=r"orders\[4\]\.id: repeats orders\[0\]\.id, was 'o1'"):
        once.check(Node("orders[4].id", "o1"))
