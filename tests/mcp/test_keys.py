"""Who may what over MCP: roles over stdio, the environment of a key, the audience of a token."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
import httpx
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from continuum.core.config import MemoryConfig
from continuum.core.setting import Secret
from continuum.domain.ids import tenant_id
from continuum.identity.api_key_format import mint
from continuum.identity.api_keys import StoredKey
from continuum.runtime.key_store import StoredKeys
from continuum.runtime.service import open_runtime
from tests.client.served import OPERATOR, guarded, service
from tests.identity.issuer import running_issuer
from tests.mcp.test_tools import ended, environ, program, told
from tests.requirements import requirement


@requirement("mcp:security")
def test_what_a_key_may_not_do_over_stdio_is_written_down(tmp_path: Path) -> None:
    store = tmp_path / "own.db"
    with guarded(store) as served, served.operator() as operator:
        operator.create_tenant("alice")
        key = operator.create_api_key(role="reader").api_key.reveal()

    async def talk() -> None:
        async with Client(program(store, CONTINUUM_API_KEY=key)) as client:
            assert (await client.call_tool("learn", {"user_message": "I like tea."})).is_error
            told(await client.call_tool("recall", {"message": "tea"}))

    anyio.run(talk)
    with guarded(store) as served, served.operator() as operator:
        found = [each for each in operator.audit() if each.source == "stdio"]
        assert [(each.action, each.outcome) for each in found] == [("mcp.learn", "permission_denied")]


@requirement("mcp:security")
def test_a_key_counts_in_the_environment_that_it_was_made_in(tmp_path: Path) -> None:
    """A key made in production opens the store there, and nowhere else; as at the service's own door."""
    store = tmp_path / "own.db"
    minted = mint("live", tenant_id("alice"))
    with open_runtime(MemoryConfig(db_path=store)) as runtime:
        now = runtime.engine.clock.now()
        stored = StoredKey(tenant_id("alice"), minted.key_id, minted.secret_hash, "member", (), "", now, "test")
        StoredKeys(runtime.engine, lambda tenant, limits: None).put(stored)
    given = {"CONTINUUM_API_KEY": minted.full.reveal()}
    assert ended([sys.executable, "-m", "continuum.mcp.server"], environ(store, **given))[0] == 1
    assert (
        ended([sys.executable, "-m", "continuum.mcp.server"], environ(store, **given, CONTINUUM_ENV="production"))[0]
        == 0
    )


@requirement("mcp:security")
def test_a_token_that_was_made_for_another_service_opens_nothing(tmp_path: Path) -> None:
    with (
        running_issuer() as issuer,
        service(
            tmp_path / "served.db", require_api_key=True, api_key=Secret(OPERATOR), oidc_issuer=issuer.url
        ) as served,
    ):
        meant = issuer.token(tenant_id="alice", role="member")
        other = issuer.token(tenant_id="alice", role="member", aud="somebody-else")

        async def recalled(token: str) -> bool:
            client = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"})
            async with client, Client(streamable_http_client(f"{served.url}/mcp", http_client=client)) as caller:
                return not (await caller.call_tool("recall", {"message": "tea"})).is_error

        assert anyio.run(recalled, meant)
        refused = httpx.post(f"{served.url}/mcp", headers={"Authorization": f"Bearer {other}"}, json={})
        assert refused.status_code == 401
        assert "resource_metadata=" in refused.headers["www-authenticate"]
        where = refused.headers["www-authenticate"].split('resource_metadata="')[1].split('"')[0]
        assert httpx.get(where).json()["authorization_servers"] == [issuer.url]
