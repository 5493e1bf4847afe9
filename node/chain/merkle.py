"""Merkle trees over signed readings, as OpenZeppelin's `MerkleProof` verifies them.

Leaves stand in order of metering points; a pair is hashed in sorted order, so a proof needs no directions; an odd
node at the end of a level is carried up unchanged.
"""

from collections.abc import Sequence

from eth_hash.auto import keccak

from node.chain.errors import SigningError
from node.chain.signing import SIGNATURE_BYTES

_HASH_BYTES = 32


def reading_leaf(digest: bytes, signature: bytes) -> bytes:
    """Return the leaf of a reading: the hash of its digest and its gateway's signature."""
    if (len(digest), len(signature)) != (_HASH_BYTES, SIGNATURE_BYTES):
        raise SigningError(
            f"a leaf is made of 32 and 65 bytes, not {len(digest)} and {len(signature)}"
        )
    return keccak(digest + signature)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a tree; a single leaf is its own root."""
    return _levels(leaves)[-1][0]


def merkle_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the hashes that lead from a leaf to the root."""
    proof = []
    for level in _levels(leaves)[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        index //= 2
    return tuple(proof)


def verify_proof(leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a leaf lies under a root."""
    node = leaf
    for sibling in proof:
        node = _parent(node, sibling)
    return node == root


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    if not leaves:
        raise SigningError("a tree has at least one leaf")
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [below[i : i + 2] for i in range(0, len(below), 2)]
        levels.append([_parent(*pair) if len(pair) == 2 else pair[0] for pair in pairs])
    return levels


def _parent(left: bytes, right: bytes) -> bytes:
    return keccak(left + right if left < right else right + left)
