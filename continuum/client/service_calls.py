"""The calls on the service around a memory: export and import, keys, tenants, instances, audit, health."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import BinaryIO, TextIO

from continuum.client.calls import (
    TRANSFER_SECONDS,
    Call,
    Listing,
    Timestamp,
    get,
    listed,
    listing,
    message_body,
    path_of,
    query_of,
    said,
    send,
)
from continuum.client.decoding import decoded, member, text
from continuum.client.records import (
    ApiKey,
    AuditReport,
    AuditRow,
    ExportResult,
    Health,
    HiddenText,
    ImportResult,
    Instance,
    LearntApart,
    ListedTenant,
    NewApiKey,
    OwnLimits,
    SyncResult,
    T,
    Tenant,
    TenantLimits,
)
from continuum.client.transfer import ExportSink
from continuum.domain.records import Json

LINES = "application/x-ndjson"


def export(
    target: TextIO,
    *,
    after_seq: int = 0,
    include_secret: bool = True,
    include_vectors: bool = False,
    for_sync: bool = False,
) -> Call[ExportResult]:
    """Write the whole memory to an open text file as JSON Lines; as confidential as the memory itself.

    The lines are compared with the digest at their end. Raises ServiceConnectionError if the service left in the
    middle: what was written then is not whole.
    """
    sink = ExportSink(target, after_seq)
    query = query_of({"after_seq": after_seq, "vectors": include_vectors, "secret": include_secret, "sync": for_sync})
    return Call("GET", "/v1/export", sink.result, query, sink=sink, is_read=True, seconds=TRANSFER_SECONDS)


def import_(source: BinaryIO, *, skip_errors: bool = False, for_sync: bool = False) -> Call[ImportResult]:
    """Read an export, packed or not, into the memory; answers when all of it is durable.

    Importing again changes nothing and goes on where it was broken off, but is left to the caller: a file is read once.
    """
    query = query_of({"skip_errors": skip_errors, "sync": for_sync})
    parse = lambda told: decoded(ImportResult, told)  # noqa: E731
    return Call("POST", "/v1/import", parse, query, media_type=LINES, source=source, seconds=TRANSFER_SECONDS)


def audit(*, page_size: int = 100) -> Listing[AuditRow]:
    """The tenant's audit log, oldest first."""
    return listing("/v1/audit", "entries", AuditRow, limit=page_size)


def verify_audit(head: str | None = None) -> Call[AuditReport]:
    """Check the chain of the tenant's whole audit log, and that a head that was noted earlier is in it."""
    return get("/v1/audit/verify", lambda told: decoded(AuditReport, told), head=head)


def limits() -> Call[OwnLimits]:
    """What the tenant may hold and ask for, and what it holds."""
    return get("/v1/limits", lambda told: decoded(OwnLimits, told))


def create_api_key(
    name: str = "", *, role: str = "member", scopes: Iterable[str] = (), expires_at: Timestamp = None
) -> Call[NewApiKey]:
    """Make a key for the tenant; it is in this answer and never shown again."""

    def parse(told: Json) -> NewApiKey:
        known = decoded(ApiKey, told)
        fields = {each: getattr(known, each) for each in ApiKey.__dataclass_fields__}
        return NewApiKey(**fields, api_key=HiddenText(text(member(told, "api_key"))))

    return send(
        "POST", "/v1/admin/api-keys", parse, said(name=name, role=role, scopes=listed(scopes), expires_at=expires_at)
    )


def api_keys(*, page_size: int = 100) -> Listing[ApiKey]:
    """The tenant's keys, revoked and expired ones too, without their secrets."""
    return listing("/v1/admin/api-keys", "api_keys", ApiKey, limit=page_size)


def revoke_api_key(key_id: str) -> Call[bool]:
    """Let a key count no more; gives whether it did until now. Raises NotFoundError."""
    path = path_of("/v1/admin/api-keys/{key_id}", key_id=key_id)
    return send("DELETE", path, lambda told: bool(member(told, "revoked")))


def create_tenant(
    tenant_id: str, metadata: Mapping[str, Json] | None = None, limits: TenantLimits | None = None
) -> Call[Tenant]:
    """Make a tenant before its first memory; for the operator."""
    body = said(tenant_id=tenant_id, metadata=metadata, limits=None if limits is None else _limits(limits))
    return send("POST", "/v1/admin/tenants", _tenant, body)


def tenants(*, page_size: int = 100) -> Listing[ListedTenant]:
    """All tenants by name; for the operator."""
    return listing("/v1/admin/tenants", "tenants", ListedTenant, limit=page_size)


def tenant(tenant_id: str) -> Call[Tenant]:
    """One tenant with its limits and what it holds; for the operator. Raises NotFoundError."""
    return get(path_of("/v1/admin/tenants/{tenant_id}", tenant_id=tenant_id), _tenant)


def set_tenant_limits(tenant_id: str, limits: TenantLimits) -> Call[Tenant]:
    """Say what a tenant may hold and ask for, all of it at once; for the operator. Raises NotFoundError."""
    path = path_of("/v1/admin/tenants/{tenant_id}/limits", tenant_id=tenant_id)
    return send("PUT", path, _tenant, _limits(limits))


def instances(*, everyone: bool = False, page_size: int = 100) -> Listing[Instance]:
    """The instances that are here, by name; with `everyone` also those that left or were lost."""
    return listing("/v1/instances", "instances", Instance, limit=page_size, everyone=everyone)


def sync(instance_id: str, learnt: Iterable[LearntApart] = (), *, after_seq: int = 0) -> Call[SyncResult]:
    """Give the service what an instance learnt while it was apart, each exchange once, and get what it has missed."""
    body = {
        "instance_id": instance_id,
        "after_seq": after_seq,
        "learnt": [
            said(
                number=each.number,
                messages=[message_body(message) for message in each.messages],
                timestamp=_zoned(each.timestamp),
                session_id=each.session_id,
                metadata=each.metadata,
            )
            for each in learnt
        ],
    }
    return send("POST", "/v1/sync", lambda told: decoded(SyncResult, told), body)


def health() -> Call[Health]:
    """Whether the service and all that it needs work, also where the answer is no."""
    return _probe("/v1/health", lambda told: decoded(Health, told))


def live() -> Call[bool]:
    """Whether the process turns."""
    return _probe("/v1/health/live", lambda told: bool(member(told, "status") == "live"))


def ready() -> Call[bool]:
    """Whether calls should be sent there: False while it starts, stops, or cannot reach its store."""
    return _probe("/v1/health/ready", lambda told: bool(member(told, "status") == "ready"))


def _probe(path: str, parse: Callable[[Json], T]) -> Call[T]:
    return Call("GET", path, parse, is_read=True, is_probe=True)


def _tenant(told: Json) -> Tenant:
    return decoded(Tenant, told)


def _limits(limits: TenantLimits) -> dict[str, Json]:
    return {name: getattr(limits, name) for name in TenantLimits.__dataclass_fields__}


def _zoned(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
