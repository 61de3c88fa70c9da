"""Tokens at the door: those that this service's own secret signs, and those of an issuer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from starlette.testclient import TestClient

from continuum.api.server import create_app
from continuum.core.config import MemoryConfig
from continuum.core.setting import Secret
from continuum.runtime.service import open_runtime
from tests.identity.issuer import Issuer, running_issuer
from tests.requirements import requirement

SECRET = "a-secret-that-is-longer-than-thirty-two-bytes"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


@pytest.fixture
def client(db_path: Path, issuer: Issuer) -> Iterator[TestClient]:
    config = MemoryConfig(
        db_path=db_path, require_api_key=True, jwt_secret=Secret(SECRET), oidc_issuer=issuer.url
    )  # fmt: skip
    with open_runtime(config) as runtime:
        yield TestClient(create_app(runtime), raise_server_exceptions=False)


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **more}


@requirement("identity:tokens")
def test_a_token_of_ones_own_secret_opens_its_tenant(client: TestClient, issuer: Issuer) -> None:
    claims = {**issuer.claims(tenant_id="alice", role="member"), "iss": "continuum"}
    token = jwt.encode(claims, SECRET, "HS256")
    assert (
        client.post("/v1/learn", json={"user_message": "hello"}, headers=bearer(token)).json()["tenant_id"] == "alice"
    )
    assert client.get("/v1/stats", headers=bearer(token, **{"X-Tenant-ID": "bob"})).status_code == 403
    assert client.get("/v1/admin/api-keys", headers=bearer(token)).status_code == 403
    operator = jwt.encode({**claims, "role": "operator"}, SECRET, "HS256")
    assert client.get("/v1/admin/tenants", headers=bearer(operator)).status_code in (401, 403)
    unsigned = jwt.encode(claims, "", "none")
    assert client.get("/v1/stats", headers=bearer(unsigned)).status_code == 401


@requirement("identity:oidc")
def test_a_token_of_the_issuer_counts_while_its_key_does(client: TestClient, issuer: Issuer) -> None:
    token = issuer.token(tenant_id="alice", role="reader")
    assert client.get("/v1/stats", headers=bearer(token)).json()["tenant_id"] == "alice"
    assert client.post("/v1/learn", json={"user_message": "x"}, headers=bearer(token)).status_code == 403
    assert client.get("/v1/stats", headers=bearer(token[:-6] + "AAAAAA")).status_code == 401
