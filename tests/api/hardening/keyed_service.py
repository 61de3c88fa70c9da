"""A service that asks for keys and tokens, and counts no limits, for callers who mean no good."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
from starlette.testclient import TestClient

from continuum.api.server import create_app
from continuum.compliance.audit import PLATFORM
from continuum.core.config import MemoryConfig
from continuum.core.setting import Secret
from continuum.domain.ids import TenantId
from continuum.runtime.service import Runtime, open_runtime
from continuum.storage.repositories.audit import AuditRow

OPERATOR: Final = "the-key-of-the-operator-of-this-platform-0815"
SIGNING_SECRET: Final = "a-signing-secret-of-more-than-thirty-two-bytes"
Body = Any  # Any: what JSON gives


@dataclass(frozen=True, slots=True)
class KeyedService:
    """A running application, and the ways of its callers."""

    runtime: Runtime
    client: TestClient

    def key(self, tenant: str, role: str = "owner") -> str:
        """A new key of a tenant."""
        made = self.client.post("/v1/admin/api-keys", json={"role": role}, headers=operator(tenant))
        assert made.status_code == 201, made.text
        key: str = made.json()["api_key"]
        return key

    def learn(self, key: str, text: str, **more: object) -> Body:
        """Learn one message; gives the answer's body."""
        answer = self.client.post("/v1/learn", json={"user_message": text, **more}, headers=by(key))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def passages(self, key: str, question: str) -> list[str]:
        """What is recalled for a question."""
        answer = self.client.post("/v1/recall", json={"message": question}, headers=by(key))
        assert answer.status_code == 200, answer.text
        return [each["passage"] for each in answer.json()["memories"]]

    def rows(self, tenant: str = PLATFORM) -> list[AuditRow]:
        """A tenant's audit log."""
        self.runtime.refusals.flush()
        return list(self.runtime.audit.rows(TenantId(tenant)))

    def refused(self, tenant: str = PLATFORM) -> int:
        """How many refusals for want of permission or credential the tenant's log holds."""
        return sum(
            json.loads(row.details).get("times", 1)
            for row in self.rows(tenant)
            if row.outcome in ("permission_denied", "authentication")
        )


def by(key: str, **more: str) -> dict[str, str]:
    """The headers of who has this key."""
    return {"X-API-Key": key, **{name.replace("_", "-"): value for name, value in more.items()}}


def operator(tenant: str | None = None) -> dict[str, str]:
    """The headers of the platform's operator."""
    return by(OPERATOR) if tenant is None else by(OPERATOR, X_Tenant_ID=tenant)


def token(tenant: str, secret: str = SIGNING_SECRET, **claims: object) -> str:
    """A token of a tenant, as a program that knows the secret signs it."""
    now = int(time.time())
    told = {"iss": "continuum", "aud": "continuum", "sub": "agent-7", "role": "owner", "tenant_id": tenant}
    return jwt.encode({**told, "iat": now, "exp": now + 600, **claims}, secret, "HS256")


@contextmanager
def keyed_service(store: Path | str, **settings: object) -> Iterator[KeyedService]:
    """Serve a store, embedded or by its URL."""
    place = {"db_path": store} if isinstance(store, Path) else {"storage": store}
    chosen: Mapping[str, object] = {
        "require_api_key": True,
        "api_key": Secret(OPERATOR),
        "jwt_secret": Secret(SIGNING_SECRET),
        "rate_per_minute": 0,
        "tenant_rate_per_minute": 0,
        **place,
        **settings,
    }
    config = MemoryConfig(**chosen)  # type: ignore[arg-type]  # settings by name
    with open_runtime(config) as runtime, TestClient(create_app(runtime), raise_server_exceptions=False) as client:
        yield KeyedService(runtime, client)
