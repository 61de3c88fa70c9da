"""Administration: keys of a tenant; tenants and their limits, for the platform's operator; the audit log."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from continuum.api.cursors import cursor_of, place_of
from continuum.api.dependencies import ServiceRoute, TheCall, TheRuntime
from continuum.api.schemas_admin import (
    AuditQuery,
    AuditReportBody,
    AuditResponse,
    AuditRowBody,
    AuditVerifyQuery,
    HeldBody,
    KeyBody,
    KeyRequest,
    KeysResponse,
    LimitsBody,
    LimitsResponse,
    NewKeyBody,
    RevokedResponse,
    TenantBody,
    TenantRequest,
    TenantsResponse,
    WholeTenantBody,
)
from continuum.api.schemas_browsing import PageQuery
from continuum.compliance.audit import PLATFORM, audit_values
from continuum.core.tenant_limits import TenantLimits
from continuum.core.twins import run_in
from continuum.core.validation import checked_time
from continuum.domain.ids import tenant_id
from continuum.errors import InvalidInputError, NotFoundError
from continuum.identity.api_keys import key_id_of, public_id_of

router = APIRouter(prefix="/v1", route_class=ServiceRoute, tags=["administration"])


@router.post("/admin/api-keys", status_code=201)
async def create_key(body: KeyRequest, runtime: TheRuntime, call: TheCall, response: Response) -> NewKeyBody:
    """Make a key for the tenant. Its secret is shown in this answer and never again."""
    expires_at = checked_time(body.expires_at, "expires_at")
    keys = runtime.gatekeeper.keys
    stored, minted = await run_in(
        runtime.engine.writers,
        lambda: keys.issue(
            call.tenant_id,
            role=body.role,
            scopes=body.scopes,
            name=body.name,
            expires_at=expires_at,
            created_by=call.principal,
        ),
    )
    call.target = minted.public_id
    response.headers["Cache-Control"] = "no-store"
    listed = KeyBody.of(stored, minted.public_id)
    return NewKeyBody(**dict(listed), api_key=minted.full.reveal())


@router.get("/admin/api-keys")
async def list_keys(wanted: Annotated[PageQuery, Query()], runtime: TheRuntime, call: TheCall) -> KeysResponse:
    """The tenant's keys, revoked and expired ones too, without their secrets."""
    place = place_of(call.tenant_id, "keys", wanted.cursor, str)
    after = "" if place is None else str(place[0])
    keys = runtime.gatekeeper.keys
    found = await run_in(runtime.engine.readers, lambda: keys.list(call.tenant_id, wanted.limit, after))
    more = cursor_of(call.tenant_id, "keys", found[-1].key_id) if len(found) == wanted.limit else None
    listed = [KeyBody.of(each, public_id_of(each)) for each in found]
    return KeysResponse(api_keys=listed, tenant_id=call.tenant_id, next_cursor=more)


@router.delete("/admin/api-keys/{key}")
async def revoke_key(key: str, runtime: TheRuntime, call: TheCall) -> RevokedResponse:
    """Let a key count no more, here at once and everywhere within a second. `key` is its id, or the key itself."""
    public_id, tenant, key_id = key_id_of(key)
    call.target = public_id  # a whole key must not stand in the log
    if tenant != call.tenant_id:
        raise NotFoundError("key: there is no key of that id")
    revoked = await run_in(runtime.engine.writers, lambda: runtime.gatekeeper.keys.revoke(call.tenant_id, key_id))
    if revoked is None:
        raise NotFoundError("key: there is no key of that id")
    return RevokedResponse(id=public_id, revoked=revoked)


@router.get("/limits")
async def own_limits(runtime: TheRuntime, call: TheCall) -> LimitsResponse:
    """What the tenant may hold and ask for, and what it holds."""

    def read() -> LimitsResponse:
        limits = asdict(runtime.tenants.limits_of(call.tenant_id))
        with runtime.engine.unit(call.tenant_id, write=False) as work:
            counts = work.tenants.counts()
        held = HeldBody(messages=counts.messages, bytes=counts.text_bytes)
        return LimitsResponse(tenant_id=call.tenant_id, limits=LimitsBody(**limits), held=held)

    return await run_in(runtime.engine.readers, read)


@router.get("/admin/tenants")
async def list_tenants(wanted: Annotated[PageQuery, Query()], runtime: TheRuntime) -> TenantsResponse:
    """All tenants, by name."""
    place = place_of(PLATFORM, "tenants", wanted.cursor, str)
    after = "" if place is None else str(place[0])
    found = await run_in(runtime.engine.readers, lambda: runtime.tenants.list_tenants(wanted.limit, after))
    more = cursor_of(PLATFORM, "tenants", found[-1]["tenant_id"]) if len(found) == wanted.limit else None
    listed = [TenantBody(**each) for each in found if each["tenant_id"] != PLATFORM]
    return TenantsResponse(tenants=listed, next_cursor=more)


@router.post("/admin/tenants", status_code=201)
async def create_tenant(body: TenantRequest, runtime: TheRuntime, call: TheCall) -> WholeTenantBody:
    """Make a tenant before its first memory."""
    call.target = body.tenant_id
    _refuse_platform(body.tenant_id)
    limits = TenantLimits() if body.limits is None else TenantLimits.of(dict(body.limits))
    made = await run_in(
        runtime.engine.writers, lambda: runtime.tenants.create_tenant(body.tenant_id, body.metadata, limits)
    )
    return WholeTenantBody(**made)


@router.get("/admin/tenants/{tenant}")
async def one_tenant(tenant: str, runtime: TheRuntime) -> WholeTenantBody:
    """One tenant with its limits and what it holds."""
    _refuse_platform(tenant)
    return WholeTenantBody(**await run_in(runtime.engine.readers, lambda: runtime.tenants.tenant(tenant)))


@router.put("/admin/tenants/{tenant}/limits")
async def set_limits(tenant: str, body: LimitsBody, runtime: TheRuntime) -> WholeTenantBody:
    """Say what a tenant may hold and ask for; what is left out has no limit of its own. Counts within two seconds."""
    _refuse_platform(tenant)
    limits = TenantLimits.of(dict(body))

    def write() -> WholeTenantBody:
        runtime.tenants.set_limits(tenant, limits)
        return WholeTenantBody(**runtime.tenants.tenant(tenant))

    done = await run_in(runtime.engine.writers, write)
    runtime.limits.forget(runtime.checked_tenant(tenant_id(tenant)))
    return done


@router.get("/audit")
async def list_audit(wanted: Annotated[AuditQuery, Query()], runtime: TheRuntime, call: TheCall) -> AuditResponse:
    """The tenant's audit log, oldest first."""
    place = place_of(call.tenant_id, "audit", wanted.cursor, int)
    after = 0 if place is None else int(place[0])
    rows = await run_in(
        runtime.engine.readers, lambda: runtime.audit.list(call.tenant_id, after=after, limit=wanted.limit)
    )
    more = cursor_of(call.tenant_id, "audit", rows[-1].number) if len(rows) == wanted.limit else None
    entries = [AuditRowBody(**audit_values(row)) for row in rows]
    return AuditResponse(entries=entries, tenant_id=call.tenant_id, next_cursor=more)


@router.get("/audit/verify")
async def verify_audit(
    wanted: Annotated[AuditVerifyQuery, Query()], runtime: TheRuntime, call: TheCall
) -> AuditReportBody:
    """Check the chain of the tenant's whole audit log."""
    report = await run_in(runtime.engine.readers, lambda: runtime.audit.verify(call.tenant_id, wanted.head))
    return AuditReportBody(**{**asdict(report), "head": str(report.head)})


def _refuse_platform(tenant: str) -> None:
    if tenant == PLATFORM:
        raise InvalidInputError("tenant_id", f"{PLATFORM} is the platform's own; name another tenant")
