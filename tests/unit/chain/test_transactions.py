"""Signed transactions, byte for byte those of eth-account."""

import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from node.chain.errors import AbiError
from node.chain.signing import LocalSigner
from node.chain.transactions import GAS_CAP, Call, created_address, sign_call

SECRET = b"\x11" * 32


@given(
    nonce=st.integers(0, 2**40),
    gas=st.integers(1, GAS_CAP - 1),
    data=st.binary(max_size=300),
    to=st.none() | st.binary(min_size=20, max_size=20),
    chain_id=st.integers(1, 2**32),
)
def test_a_transaction_is_the_one_that_eth_account_signs(
    nonce: int, gas: int, data: bytes, to: bytes | None, chain_id: int
) -> None:
    fields = {"nonce": nonce, "gas": gas, "gasPrice": 0, "value": 0, "data": data}
    target = {} if to is None else {"to": to_checksum_address(to)}
    expected = Account.sign_transaction({**fields, **target, "chainId": chain_id}, SECRET)
    call = Call("call", None if to is None else f"0x{to.hex()}", data, gas)

    signed = sign_call(LocalSigner(SECRET), call, nonce, chain_id)

    assert signed.raw == bytes(expected.raw_transaction)
    assert signed.hash == bytes(expected.hash)


def test_signing_twice_gives_the_same_transaction() -> None:
    call = Call("call", "0x" + "12" * 20, b"data", 21_000)

    twice = {sign_call(LocalSigner(SECRET), call, 3, 1) for _ in range(2)}

    assert len(twice) == 1


def test_the_address_of_a_contract_follows_from_sender_and_nonce() -> None:
    # the first contracts of a well-known deployer, as block explorers show them
    deployer = "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"

    assert created_address(deployer, 0) == "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert created_address(deployer, 1) == "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"


@pytest.mark.parametrize("gas", [0, GAS_CAP])
def test_a_gas_limit_beyond_the_cap_is_refused(gas: int) -> None:
    with pytest.raises(AbiError, match="take smaller chunks"):
        Call("call", None, b"", gas)


@pytest.mark.parametrize("address", ["", "0x12", "0x" + "zz" * 20])
def test_what_is_no_address_is_not_sent_to(address: str) -> None:
    with pytest.raises(AbiError, match="no address"):
        sign_call(LocalSigner(SECRET), Call("call", address, b"", 21_000), 0, 1)
