"""Packing calls and unpacking what contracts say."""

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from node.chain.abi import (
    Abi,
    address,
    addresses,
    data,
    flag,
    integer,
    integers,
    struct,
    structs,
)
from node.chain.errors import AbiError, ArtifactError
from node.chain.loading import CONTRACTS, load_artifact, parse_artifact

AUCTION = load_artifact("SpotAuction").abi
REGISTRY = load_artifact("ParticipantRegistry").abi


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_contract_ships_with_its_code(name: str) -> None:
    artifact = load_artifact(name)

    assert artifact.name == name
    assert len(artifact.creation_code) > len(artifact.runtime_code) > 1000
    assert len(artifact.runtime_code) <= 24_576, "EIP-170"


def test_an_unknown_contract_is_named() -> None:
    with pytest.raises(ArtifactError, match="artifact of Nothing: is missing"):
        load_artifact("Nothing")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"abi": [], "bytecode": "0xzz"}'])
def test_a_damaged_artifact_is_named_with_what_to_do(text: str) -> None:
    with pytest.raises(ArtifactError, match=r"SpotAuction: is damaged.*`make artifacts`"):
        parse_artifact("SpotAuction", text)


@given(slot=st.integers(0, 2**64 - 1), point=st.integers(0, 2**32 - 1), side=st.integers(0, 1))
def test_a_call_can_be_read_back(slot: int, point: int, side: int) -> None:
    packed = AUCTION.encode_call("submit", slot, point, side, 7, 9)
    function = AUCTION.function("submit")

    assert packed[:4] == function.selector
    assert function.decode_inputs(packed[4:]) == {
        "slot": slot,
        "point": point,
        "side": side,
        "limit": 7,
        "energy": 9,
    }


def test_structs_have_names_and_addresses_are_lower_case() -> None:
    owner, gateway = "0x" + "AB" * 20, "0x" + "cd" * 20
    given_ = (owner, gateway, 1, 1, 2, 3, 4, 5, b"\x06" * 32)
    call = REGISTRY.encode_call("registerPoint", given_, b"\x07")

    args = REGISTRY.function("registerPoint").decode_inputs(call[4:])

    registration = struct(args, "registration")
    assert (address(registration, "owner"), integer(registration, "cell")) == (owner.lower(), 2)
    assert (data(registration, "detailsHash"), data(args, "possession")) == (b"\x06" * 32, b"\x07")


def test_an_array_of_structs_is_read() -> None:
    display = AUCTION.function("displayOf")
    level = "(uint32,uint64)"
    packed = encode([f"({level}[],{level}[],uint64,uint64,uint64)"], [([(5, 6)], [], 1, 2, 3)])

    (answer,) = display.decode_outputs(packed)

    assert isinstance(answer, dict)
    assert structs(answer["offers"]) == ({"price": 5, "energy": 6},)
    assert structs(answer["bids"]) == ()


def test_an_event_has_its_arguments_in_order() -> None:
    event = AUCTION.event("OrderSubmitted")
    topics = [event.digest, (1800).to_bytes(32, "big"), (7).to_bytes(32, "big")]
    packed = encode(["uint32", "uint8", "uint32", "uint64"], [3, 1, 1000, 500])

    decoded = AUCTION.decode_event(topics, packed)

    assert decoded is not None
    name, args = decoded
    assert name == "OrderSubmitted"
    assert list(args.items()) == [
        ("slot", 1800),
        ("point", 7),
        ("orderId", 3),
        ("side", 1),
        ("limit", 1000),
        ("energy", 500),
    ]


def test_a_foreign_event_is_none_of_ours() -> None:
    assert AUCTION.decode_event([b"\x01" * 32], b"") is None
    assert AUCTION.decode_event([], b"") is None


def test_an_event_that_was_cut_off_is_named() -> None:
    event = AUCTION.event("OrderSubmitted")

    with pytest.raises(AbiError, match="OrderSubmitted"):
        AUCTION.decode_event([event.digest, bytes(32), bytes(32)], b"\x01")


def test_what_is_not_in_the_abi_is_named() -> None:
    with pytest.raises(AbiError, match="SpotAuction has no function steal"):
        AUCTION.encode_call("steal")
    with pytest.raises(AbiError, match="SpotAuction has no event Stolen"):
        AUCTION.event("Stolen")


@pytest.mark.parametrize("args", [(1,), (-1, 1, 0, 1, 1), (2**64, 1, 0, 1, 1), ("x", 1, 0, 1, 1)])
def test_arguments_that_do_not_fit_are_named(args: tuple[object, ...]) -> None:
    with pytest.raises(AbiError, match="submit"):
        AUCTION.encode_call("submit", *args)


def test_a_value_of_another_type_is_not_taken() -> None:
    values = Abi.parse("empty", []).functions
    assert not values
    for read, wrong in ((integer, "x"), (address, 1), (data, "x"), (flag, 2), (struct, 1)):
        with pytest.raises(AbiError, match="expected"):
            read({"a": wrong}, "a")
    for read_all in (integers, addresses, structs):
        with pytest.raises(AbiError, match="expected an array"):
            read_all((1, "x"))
