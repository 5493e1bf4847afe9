"""Why a contract refused, read from what a revert leaves."""

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from node.chain.abi import Entry, Parameter
from node.chain.errors import SILENT, Refusal
from node.chain.loading import CONTRACTS, load_artifact
from node.chain.reverts import explain, known_errors

EVERY_ERROR = [
    pytest.param(error, id=f"{name}.{error.name}")
    for name in CONTRACTS
    for error in load_artifact(name).abi.errors.values()
]


def _sample(parameter: Parameter) -> object:
    """Return a value of a type that is not zero."""
    if parameter.kind == "address":
        return "0x" + "ab" * 20
    if parameter.kind.startswith("bytes"):
        size = parameter.kind.removeprefix("bytes")
        return b"\x01" * int(size or 3)
    return "why" if parameter.kind == "string" else 1


@pytest.mark.parametrize("error", EVERY_ERROR)
def test_every_error_of_every_contract_is_known(error: Entry) -> None:
    args = {parameter.name: _sample(parameter) for parameter in error.inputs}
    raw = error.selector + error.encode_inputs(list(args.values()))

    assert explain(raw) == Refusal(error.name, args)
    assert explain(f"0x{raw.hex()}") == Refusal(error.name, args), "as a library's hex text"


def test_the_errors_of_all_contracts_have_selectors_of_their_own() -> None:
    signatures = {
        error.signature for name in CONTRACTS for error in load_artifact(name).abi.errors.values()
    }

    assert len(known_errors()) == len(signatures) + 2


def test_a_plain_text_and_a_failed_check_are_known() -> None:
    text = bytes.fromhex("08c379a0") + encode(["string"], ["no"])
    check = bytes.fromhex("4e487b71") + encode(["uint256"], [0x11])

    assert explain(text) == Refusal("Error", {"reason": "no"})
    assert explain(check) == Refusal("Panic", {"code": 0x11})


@pytest.mark.parametrize("nothing", [None, b"", "0x", "", "not hex"])
def test_a_revert_without_data_is_silent(nothing: bytes | str | None) -> None:
    assert explain(nothing) == Refusal(SILENT)


def test_what_nobody_knows_is_kept_as_it_is() -> None:
    assert explain(b"\x01\x02\x03\x04\x05") == Refusal("Unknown", {"data": b"\x01\x02\x03\x04\x05"})
    assert str(explain(b"\x01\x02\x03\x04")) == "Unknown(data=0x01020304)"


def test_an_error_that_was_cut_off_is_unknown() -> None:
    raw = load_artifact("SpotAuction").abi
    error = next(e for e in raw.errors.values() if e.name == "CallTimePassed")

    assert explain(error.selector + b"\0" * 40).name == "Unknown"


@given(st.binary(max_size=100))
def test_any_data_has_an_explanation(data: bytes) -> None:
    assert isinstance(explain(data), Refusal)
