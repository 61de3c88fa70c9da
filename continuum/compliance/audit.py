"""The audit log: who did what on which tenant, from where, and how it went, as a chain of digests.

Each row's digest is an HMAC, keyed by the tenant's secret, over the row and the digest before it: a row that was
edited, removed, put in or moved, or came from another tenant, breaks the chain. Rows cut off at the end leave a chain
that is whole but shorter: that shows against a head that was noted elsewhere, in the platform's own log (`anchor`) or
by the auditor.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from continuum.core.assembly import Engine
from continuum.core.stating import ensure_tenant
from continuum.domain.clock import Micros, iso
from continuum.domain.ids import TenantId
from continuum.domain.records import Json
from continuum.errors import InvalidInputError, StorageError
from continuum.storage.repositories.audit import AuditRow
from continuum.storage.unit_of_work import UnitOfWork

PLATFORM = TenantId("@platform")
"""The tenant in whose log stands what concerns no tenant, or all: operators, refused callers, heads of other logs."""
PAGE_ROWS = 1_000
TEXT_CHARS_MAX = 200
ANCHOR = "audit.anchor"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that was done or refused; texts are cut at 200 characters, and none is content of a memory."""

    actor: str
    action: str
    outcome: str
    target: str = ""
    source: str = ""
    request_id: str = ""
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The newest row of a log: what an auditor notes to find out later whether rows were cut off."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Whether a chain is whole. `broken_at` is the first row that does not fit, `problem` says what is wrong."""

    tenant_id: str
    is_whole: bool
    rows: int
    head: AuditHead
    broken_at: int | None = None
    problem: str = ""


def append_entries(work: UnitOfWork, entries: Iterable[AuditEntry], now: Micros) -> None:
    """Add entries to the tenant's chain, in a transaction that writes for it; the tenant is made if it is unknown."""
    secret = work.tenants.secret() or ensure_tenant(work, now).secret
    number, digest = work.audit.head()
    rows = []
    for entry in entries:
        number += 1
        row = AuditRow(
            number,
            now,
            _cut(entry.actor),
            _cut(entry.action),
            _cut(entry.target),
            _cut(entry.source),
            _cut(entry.outcome),
            _cut(entry.request_id),
            json.dumps(entry.details, ensure_ascii=True, sort_keys=True),
        )
        digest = digest_of(secret, work.tenant_id, row, digest)
        rows.append(_with_digest(row, digest))
    work.audit.append(rows)


def digest_of(secret: bytes, tenant_id: str, row: AuditRow, before: bytes) -> bytes:
    """What a row's digest must be behind the digest before it."""
    told = [
        tenant_id, row.number, row.recorded_at, row.actor, row.action, row.target, row.source, row.outcome,
        row.request_id, row.details,
    ]  # fmt: skip
    message = before + json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()
    return hmac.digest(secret, b"audit\x1f" + message, hashlib.sha256)


class AuditLog:
    """The audit logs of all tenants of one store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.written = 0
        """Entries that this process wrote, and those that the store did not take: figures, not to be relied upon."""
        self.failed = 0

    def record(self, tenant_id: TenantId, entries: Iterable[AuditEntry]) -> None:
        """Add entries in a transaction of their own; durable when it returns. Raises StorageError."""
        told = list(entries)
        try:
            with self._engine.unit(tenant_id, write=True) as work:
                append_entries(work, told, self._engine.clock.now())
        except StorageError:
            self.failed += len(told)
            raise
        self.written += len(told)

    def list(self, tenant_id: TenantId, *, after: int = 0, limit: int = 100) -> list[AuditRow]:
        """The next rows behind a number, oldest first, at most `limit` (1 to 1,000). Raises InvalidInputError."""
        if not 1 <= limit <= PAGE_ROWS:
            raise InvalidInputError("limit", f"must be from 1 to {PAGE_ROWS}", limit=PAGE_ROWS)
        with self._engine.unit(tenant_id, write=False) as work:
            return work.audit.list(after=after, limit=limit)

    def rows(self, tenant_id: TenantId) -> Iterator[AuditRow]:
        """Every row, oldest first."""
        after = 0
        while page := self.list(tenant_id, after=after, limit=PAGE_ROWS):
            yield from page
            after = page[-1].number

    def export(self, tenant_id: TenantId) -> Iterator[dict[str, Json]]:
        """Every row as JSON-ready values, oldest first, each with its digest."""
        return (audit_values(row) for row in self.rows(tenant_id))

    def head(self, tenant_id: TenantId) -> AuditHead:
        """The newest row; number 0 before the first."""
        with self._engine.unit(tenant_id, write=False) as work:
            number, digest = work.audit.head()
        return AuditHead(number, digest.hex())

    def verify(self, tenant_id: TenantId, head: str | None = None) -> AuditReport:
        """Check a tenant's whole chain, against a head noted earlier (``number:digest``) and those noted by `anchor`.

        Raises InvalidInputError for a head of another form.
        """
        noted = dict(self._anchors(tenant_id))
        if head is not None:
            noted.update([_parse_head(head)])
        with self._engine.unit(tenant_id, write=False) as work:
            secret = work.tenants.secret()
        digest, last = b"", 0
        for row in self.rows(tenant_id):
            expected = digest_of(secret, tenant_id, row, digest)
            if row.number != last + 1 or not hmac.compare_digest(expected, row.digest):
                problem = "a row is missing" if row.number != last + 1 else "the row is not what was written"
                return _broken(tenant_id, last, digest, last + 1, problem)
            if row.number in noted and noted[row.number] != row.digest.hex():
                return _broken(tenant_id, last, digest, row.number, "the chain differs from a head noted earlier")
            last, digest = row.number, row.digest
        if (missing := max(noted, default=0)) > last:
            return _broken(tenant_id, last, digest, last + 1, f"rows up to {missing} were noted and are gone")
        return AuditReport(tenant_id, True, last, AuditHead(last, digest.hex()))

    def anchor(self, tenants: Iterable[TenantId]) -> int:
        """Note the heads of tenants' logs in the platform's log; says how many there were."""
        heads = [(tenant, self.head(tenant)) for tenant in sorted(set(tenants)) if tenant != PLATFORM]
        entries = [
            AuditEntry("service", ANCHOR, "done", target=tenant, details={"head": str(head)})
            for tenant, head in heads
            if head.number
        ]
        if entries:
            self.record(PLATFORM, entries)
        return len(entries)

    def _anchors(self, tenant_id: TenantId) -> Iterator[tuple[int, str]]:
        """Number and digest of each head of a tenant's log that the platform's log holds."""
        if tenant_id == PLATFORM:
            return
        for row in self.rows(PLATFORM):
            if row.action == ANCHOR and row.target == tenant_id:
                yield _parse_head(json.loads(row.details)["head"])


def audit_values(row: AuditRow) -> dict[str, Json]:
    """A row as it is shown and exported."""
    return {
        "number": row.number,
        "recorded_at": iso(row.recorded_at),
        "actor": row.actor,
        "action": row.action,
        "target": row.target,
        "source": row.source,
        "outcome": row.outcome,
        "request_id": row.request_id,
        "details": json.loads(row.details),
        "digest": row.digest.hex(),
    }


def _broken(tenant_id: TenantId, last: int, digest: bytes, at: int, problem: str) -> AuditReport:
    return AuditReport(tenant_id, False, last, AuditHead(last, digest.hex()), at, problem)


def _parse_head(text: str) -> tuple[int, str]:
    number, _, digest = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(number) < 19 and len(digest) == 64):
        raise InvalidInputError("head", "must be a number, a colon and 64 hexadecimal digits, as verify prints it")
    return int(number), digest.lower()


def _cut(text: str) -> str:
    return text[:TEXT_CHARS_MAX]


def _with_digest(row: AuditRow, digest: bytes) -> AuditRow:
    return replace(row, digest=digest)
