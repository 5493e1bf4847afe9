"""Roles, kinds and sources."""

import pytest

from node.domain.participants import (
    ALL_ROLES,
    PointKind,
    Role,
    Source,
    kind_of_label,
    role_names,
)


@pytest.mark.spec("G-33")
def test_there_are_twelve_roles_one_bit_each_in_the_order_of_the_contracts() -> None:
    assert [role.name for role in Role] == [
        "MARKET_OPERATOR",
        "DSO",
        "SETTLEMENT_BANK",
        "ORACLE",
        "AGGREGATOR",
        "PROSUMER",
        "CONSUMER",
        "GENERATOR",
        "SHOP",
        "BUSINESS_SITE",
        "EV",
        "REGULATOR",
    ]
    assert [role.value for role in Role] == [1 << bit for bit in range(12)]
    assert ALL_ROLES == 0xFFF


@pytest.mark.spec("G-33")
def test_a_party_may_have_several_roles() -> None:
    assert role_names(Role.PROSUMER | Role.DSO) == ("dso", "prosumer")
    assert role_names(Role(0)) == ()


@pytest.mark.spec("C-06", "G-33")
@pytest.mark.parametrize("kind", PointKind)
def test_every_kind_of_metering_point_has_a_label_and_a_role(kind: PointKind) -> None:
    assert kind_of_label(kind.label) is kind
    assert kind.role.name == kind.name


def test_a_word_that_names_no_kind_is_none() -> None:
    assert kind_of_label("household") is None


@pytest.mark.spec("C-09")
def test_energy_comes_from_a_renewable_source_or_another() -> None:
    assert [(source.name, source.value) for source in Source] == [("OTHER", 0), ("RENEWABLE", 1)]
