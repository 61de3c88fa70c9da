from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.domain.ids import TenantId
from continuum.errors import InvalidInputError, PermissionDeniedError
from continuum.identity.principals import Principal
from continuum.identity.roles import (
    PERMISSIONS,
    ROLES,
    SCOPES_MAX,
    Permission,
    Role,
    checked_role,
    checked_scopes,
    narrowed,
    permissions_of,
)
from tests.requirements import requirement

roles = st.sampled_from(ROLES)
scopes = st.lists(st.sampled_from(PERMISSIONS), max_size=8)


@requirement("identity:roles")
@given(role=roles, named=scopes)
def test_scopes_narrow_a_role_and_never_widen_it(role: Role, named: list[Permission]) -> None:
    left = narrowed(role, named)
    assert left <= permissions_of(role)
    assert left == (permissions_of(role) & set(named) if named else permissions_of(role))


def test_each_permission_belongs_to_some_role_and_only_the_operator_manages_tenants() -> None:
    assert permissions_of("operator") == set(get_args(Permission))
    for role in set(ROLES) - {"operator"}:
        assert not permissions_of(role) & {"tenants:manage", "metrics:read"}


def test_roles_grow_from_reader_to_owner() -> None:
    assert permissions_of("reader") < permissions_of("member") < permissions_of("service") < permissions_of("owner")
    assert permissions_of("member") < permissions_of("admin") < permissions_of("owner") < permissions_of("operator")
    assert permissions_of("reader") == {"memories:read"}


def test_an_unknown_scope_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match=r"'memories:\*' is not known; known are memories:read, memories:write"):
        narrowed("owner", ["memories:read", "memories:*"])


def test_more_scopes_than_there_could_be_are_refused() -> None:
    assert checked_scopes(["memories:read"] * SCOPES_MAX) == {"memories:read"}
    with pytest.raises(InvalidInputError, match="at most 64; got 65"):
        checked_scopes(["memories:read"] * (SCOPES_MAX + 1))


@pytest.mark.parametrize("name", ["", "Owner", "root", "owner ", "operator\n"])
def test_an_unknown_role_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(InvalidInputError, match="owner, admin, member, reader, service, operator"):
        checked_role(name)


def test_a_principal_needs_the_permission_and_the_refusal_names_it() -> None:
    reader = Principal(TenantId("alice"), "reader", "key:abc", permissions_of("reader"))
    reader.require("memories:read")
    assert not reader.allows("memories:write")
    with pytest.raises(PermissionDeniedError, match=r"memories:write.*role reader"):
        reader.require("memories:write")


def test_an_operator_acts_on_the_tenant_it_names_and_others_on_their_own_only() -> None:
    operator = Principal(None, "operator", "operator", permissions_of("operator"))
    acting = operator.acting_on(TenantId("alice"))
    assert (acting.tenant_id, acting.credential, operator.tenant_id) == ("alice", "operator", None)
    owner = Principal(TenantId("alice"), "owner", "key:abc", permissions_of("owner"))
    assert owner.acting_on(TenantId("alice")) == owner
    with pytest.raises(PermissionDeniedError, match="another tenant"):
        owner.acting_on(TenantId("bob"))
