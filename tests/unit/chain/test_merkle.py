"""Merkle trees over readings (architecture: an auditor opens any of them)."""

import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from node.chain.errors import SigningError
from node.chain.merkle import merkle_proof, merkle_root, reading_leaf, verify_proof

leaf_lists = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)


@given(leaf_lists, st.data())
def test_each_leaf_has_a_proof(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))

    assert verify_proof(leaves[index], merkle_proof(leaves, index), merkle_root(leaves))


@given(leaf_lists, st.binary(min_size=32, max_size=32))
def test_a_stranger_has_none(leaves: list[bytes], stranger: bytes) -> None:
    proof = merkle_proof(leaves, 0)

    assert verify_proof(stranger, proof, merkle_root(leaves)) == (stranger == leaves[0])


def test_a_single_leaf_is_its_own_root() -> None:
    assert merkle_root([b"\x01" * 32]) == b"\x01" * 32
    assert merkle_proof([b"\x01" * 32], 0) == ()


def test_pairs_are_sorted_and_an_odd_node_is_carried_up() -> None:
    a, b, c = (bytes([n]) * 32 for n in (3, 2, 1))

    assert merkle_root([a, b, c]) == keccak(c + keccak(b + a)) or merkle_root([a, b, c]) == keccak(
        keccak(b + a) + c
    )
    assert merkle_proof([a, b, c], 2) == (keccak(b + a),)


def test_a_leaf_is_digest_and_signature() -> None:
    assert reading_leaf(b"\x01" * 32, b"\x02" * 65) == keccak(b"\x01" * 32 + b"\x02" * 65)
    with pytest.raises(SigningError, match="32 and 64"):
        reading_leaf(b"\x01" * 32, b"\x02" * 64)


def test_an_empty_tree_has_no_root() -> None:
    with pytest.raises(SigningError, match="at least one leaf"):
        merkle_root([])
