"""Wire shapes of administration: keys, tenants with their limits, the audit log."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from continuum.api.schema_types import Listed, Moment, Query, Request
from continuum.api.schemas_browsing import PageQuery
from continuum.core.tenant_limits import NUMBER_MAX
from continuum.domain.clock import from_micros
from continuum.domain.records import Json
from continuum.identity.api_keys import StoredKey


class KeyRequest(Request):
    """A key that is wanted: what it may do, what it is called, until when."""

    name: str = Field("", max_length=200, examples=["web shop"])
    role: str = Field("member", examples=["member"])
    scopes: Listed[str] = Field(default=[], max_length=64, examples=[["memories:read"]])
    expires_at: Moment | None = None


class KeyBody(BaseModel):
    """A key as it is listed: never its secret."""

    id: str
    tenant_id: str
    name: str
    role: str
    scopes: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, key: StoredKey, public_id: str) -> KeyBody:
        return cls(
            id=public_id,
            tenant_id=key.tenant_id,
            name=key.name,
            role=key.role,
            scopes=list(key.scopes),
            created_at=from_micros(key.created_at),
            created_by=key.created_by,
            expires_at=None if key.expires_at is None else from_micros(key.expires_at),
            revoked_at=None if key.revoked_at is None else from_micros(key.revoked_at),
            last_used_at=None if key.last_used_at is None else from_micros(key.last_used_at),
        )


class NewKeyBody(KeyBody):
    """A key that was made; `api_key` is shown this once."""

    api_key: str


class KeysResponse(BaseModel):
    """A page of keys."""

    api_keys: list[KeyBody]
    tenant_id: str
    next_cursor: str | None


class RevokedResponse(BaseModel):
    """Whether a key counted until now."""

    id: str
    revoked: bool


class LimitsBody(Request):
    """What a tenant may hold and ask for; null is no limit of its own."""

    messages_max: int | None = Field(None, ge=0, le=NUMBER_MAX)
    bytes_max: int | None = Field(None, ge=0, le=NUMBER_MAX)
    instances_max: int | None = Field(None, ge=0, le=NUMBER_MAX)
    requests_per_minute: int | None = Field(None, ge=0, le=NUMBER_MAX)
    audit_reads: bool = False


class TenantRequest(Request):
    """A tenant that is wanted."""

    tenant_id: str = Field(examples=["user_123"])
    metadata: dict[str, Json] | None = None
    limits: LimitsBody | None = None


def _object(value: object) -> object:
    """A JSON object, which the core gives as text."""
    return json.loads(value) if isinstance(value, str) else value


class TenantBody(BaseModel):
    """One tenant of a listing."""

    tenant_id: str
    created_at: datetime
    last_active: datetime
    metadata: Annotated[dict[str, Json], BeforeValidator(_object)]


class HeldBody(BaseModel):
    """What a tenant holds."""

    messages: int
    bytes: int


class WholeTenantBody(TenantBody):
    """One tenant with its limits and what it holds."""

    limits: LimitsBody
    held: HeldBody


class TenantsResponse(BaseModel):
    """A page of tenants, by name."""

    tenants: list[TenantBody]
    next_cursor: str | None


class LimitsResponse(BaseModel):
    """What the caller's tenant may hold and ask for, and what it holds."""

    tenant_id: str
    limits: LimitsBody
    held: HeldBody


class AuditQuery(PageQuery):
    """Which rows."""


class AuditRowBody(BaseModel):
    """Who did what, from where, and how it went."""

    model_config = ConfigDict(extra="forbid")
    number: int
    recorded_at: datetime
    actor: str
    action: str
    target: str
    source: str
    outcome: str
    request_id: str
    details: dict[str, Json]
    digest: str


class AuditResponse(BaseModel):
    """A page of the audit log, oldest first."""

    entries: list[AuditRowBody]
    tenant_id: str
    next_cursor: str | None


class AuditVerifyQuery(Query):
    """A head that was noted earlier: a number, a colon, and the digest."""

    head: str | None = None


class AuditReportBody(BaseModel):
    """Whether the chain is whole."""

    tenant_id: str
    is_whole: bool
    rows: int
    head: str
    broken_at: int | None
    problem: str
