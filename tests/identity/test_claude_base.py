from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.domain.ids import NAME_PATTERN
from continuum.errors import InvalidInputError
from continuum.identity.claude_base import CLIENT_CHARS_MAX, VERSION_CHARS_MAX, ClaudeIdentity, ClaudeIdentityProvider
from tests.requirements import requirement

PROVIDER = ClaudeIdentityProvider()
clients = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=CLIENT_CHARS_MAX)
sessions = st.from_regex(r"[A-Za-z0-9._:@-]{1,128}", fullmatch=True)


@requirement("identity:claude")
@pytest.mark.parametrize(
    ("client", "session", "instance"),
    [
        ("Claude", "20251207-120000", "claude-20251207-120000"),
        ("Claude Desktop", "20251207-120000", "claude-desktop-20251207-120000"),
        ("claude-code", "a1b2", "claude-code:a1b2"),
        ("Cursor", "s-1", "claude-cursor:s-1"),
    ],
)
def test_an_instance_is_named_after_its_application_and_session(client: str, session: str, instance: str) -> None:
    assert PROVIDER.identify(client, "1.2.0", session) == ClaudeIdentity(instance, session, f"{client}/1.2.0")


@given(client=clients, session=sessions)
def test_an_instance_has_a_valid_name_and_the_same_each_time(client: str, session: str) -> None:
    identity = PROVIDER.identify(client, "", session)
    assert NAME_PATTERN.fullmatch(identity.instance_id)
    assert PROVIDER.identify(client, "", session) == identity
    assert PROVIDER.identify(client, "2", session).instance_id == identity.instance_id, (
        "an upgrade is the same instance"
    )


@given(client=clients, first=sessions, second=sessions)
def test_different_sessions_are_different_instances(client: str, first: str, second: str) -> None:
    if first != second:
        a, b = (PROVIDER.identify(client, "", session).instance_id for session in (first, second))
        assert a != b


def test_a_hyphen_between_application_and_session_confuses_nothing() -> None:
    assert (
        PROVIDER.identify("claude x", "", "y").instance_id
        != PROVIDER.identify("claude", "", "x-y").instance_id
        != PROVIDER.identify("claude-x-y", "", "z").instance_id
    )


def test_applications_in_other_scripts_are_told_apart() -> None:
    names = {PROVIDER.identify(client, "", "s").instance_id for client in ("克劳德", "クロード", "Клод")}
    assert len(names) == 3


@pytest.mark.parametrize(
    ("client", "version", "session", "field"),
    [
        ("", "1", "s", "client_name"),
        ("  ", "1", "s", "client_name"),
        ("x" * (CLIENT_CHARS_MAX + 1), "1", "s", "client_name"),
        ("Claude\nDesktop", "1", "s", "client_name"),
        ("Claude", "1" * (VERSION_CHARS_MAX + 1), "s", "client_version"),
        ("Claude", "1\x00", "s", "client_version"),
        ("Claude", "1", "", "session_id"),
        ("Claude", "1", "a b", "session_id"),
        ("Claude", "1", "s" * 129, "session_id"),
    ],
)
def test_names_that_could_not_be_are_refused(client: str, version: str, session: str, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        PROVIDER.identify(client, version, session)
    assert caught.value.field == field
