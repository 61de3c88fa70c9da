from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.domain.ids import TenantId
from continuum.errors import NotFoundError
from continuum.identity.api_key_format import (
    KEY_CHARS_MAX,
    Environment,
    hash_of,
    key_id_of,
    matches,
    mint,
    parse,
    public_id_for,
)

tenants = st.from_regex(r"[A-Za-z0-9._:@-]{1,128}", fullmatch=True).map(TenantId)
environments: st.SearchStrategy[Environment] = st.sampled_from(["live", "test"])


@given(environment=environments, tenant=tenants)
def test_a_minted_key_is_read_back_with_its_tenant(environment: Environment, tenant: TenantId) -> None:
    minted = mint(environment, tenant)
    presented = parse(minted.full.reveal())
    assert presented is not None
    assert (presented.environment, presented.tenant_id) == (environment, tenant)
    assert (presented.key_id, presented.public_id) == (minted.key_id, minted.public_id)
    assert matches(presented, minted.secret_hash)
    assert len(minted.full.reveal()) <= KEY_CHARS_MAX


def test_the_longest_tenants_key_is_within_the_bound_and_one_character_more_is_no_key() -> None:
    full = mint("live", TenantId("x" * 128)).full.reveal()
    assert parse(full) is not None
    assert parse(full + "a") is None
    assert parse("c" * (KEY_CHARS_MAX + 1)) is None


def test_no_two_keys_are_alike_and_only_the_own_hash_matches() -> None:
    minted = [mint("test", TenantId("alice")) for _ in range(200)]
    assert len({each.full.reveal() for each in minted}) == len({each.key_id for each in minted}) == 200
    first = parse(minted[0].full.reveal())
    assert first is not None
    assert [matches(first, each.secret_hash) for each in minted] == [True] + [False] * 199


def test_the_secret_has_256_bits_and_may_hold_the_separator() -> None:
    secrets = [mint("test", TenantId("a")).full.reveal().split("_", 3)[3] for _ in range(100)]
    assert all(len(base64.urlsafe_b64decode(each + "=")) == 32 for each in secrets)
    assert any("_" in each for each in secrets)


def test_a_key_shows_its_secret_in_no_repr() -> None:
    minted = mint("live", TenantId("alice"))
    presented = parse(minted.full.reveal())
    secret = minted.full.reveal().split("_", 3)[3]
    for shown in (repr(minted), str(minted.full), f"{minted.full}", repr(presented)):
        assert secret not in shown
        assert minted.secret_hash.hex() not in shown
        assert repr(minted.secret_hash) not in shown
    assert "***" in repr(minted)


@given(st.text(max_size=400))
def test_any_other_text_is_no_key_and_nothing_is_raised(text: str) -> None:
    assert parse(text) is None
    assert parse(f"ck_live_{text}") is None


def test_a_key_that_was_changed_is_another_key_or_none() -> None:
    full = mint("live", TenantId("alice")).full.reveal()
    own = parse(full)
    assert own is not None
    for place in range(len(full)):
        for sign in "aZ2_-=\n\ud800":
            changed = full[:place] + sign + full[place + 1 :]
            presented = parse(changed)
            assert changed == full or presented is None or not matches(presented, own.secret_hash)


@pytest.mark.parametrize("coded", ["mfwgsy3g", "mfwgsy3", "aa", "77777777", "mfwgsy3fmfwgsy3", "eaqca"])
def test_a_tenants_name_written_in_any_other_way_is_no_key(coded: str) -> None:
    """Else one key had several public ids, and several places in limits and logs."""
    text = f"ck_live_aaaabbbbcccc{coded}_{'x' * 43}"
    presented = parse(text)
    assert presented is None or public_id_for(presented.tenant_id, "aaaabbbbcccc") == f"aaaabbbbcccc{coded}"
    assert parse(f"ck_live_aaaabbbbccccmfwgsy3f_{'x' * 43}") is not None


def test_an_operators_key_is_no_tenants_key() -> None:
    assert parse("ck_live_operator_" + "x" * 43) is None


def test_a_key_is_named_by_its_public_id_or_by_itself() -> None:
    minted = mint("live", TenantId("alice"))
    expected = (minted.public_id, "alice", minted.key_id)
    assert key_id_of(minted.public_id) == key_id_of(minted.full.reveal()) == expected


@given(st.text(max_size=300))
def test_a_text_that_names_no_key_is_not_found_and_not_repeated(text: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        key_id_of(f"{text}!")
    assert str(caught.value) == "key: there is no key of that id"


def test_a_key_with_a_slip_is_not_repeated_in_the_message() -> None:
    full = mint("live", TenantId("alice")).full.reveal()
    with pytest.raises(NotFoundError) as caught:
        key_id_of(full[:-1])
    assert full[-20:-1] not in str(caught.value)


def test_the_hash_is_of_the_whole_key() -> None:
    """So a row that is moved to another tenant, or a key of another environment, does not match."""
    full = mint("live", TenantId("alice")).full.reveal()
    assert hash_of(full) != hash_of(full.replace("ck_live_", "ck_test_"))
