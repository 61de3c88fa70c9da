"""Entries of the log that are no messages: how they are written, and what those about entities and links state."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping

from continuum.core.folding import Stated
from continuum.domain.clock import Micros
from continuum.domain.ids import derived_id, uuid7
from continuum.domain.records import Entity, Json, LogEntry, LogKind, TenantRecord, first_recorded_at
from continuum.extraction.version import EXTRACTORS_VERSION
from continuum.language.names import entity_key
from continuum.storage.unit_of_work import UnitOfWork

TENANT_SECRET_BYTES = 32


def stated_in(secret: bytes, entry: LogEntry) -> Stated:
    """What an entity or link entry states, with the entities that its names stand for."""
    stated = json.loads(entry.payload)
    if entry.kind == "entity":
        own = (stated["name"], stated["entity_type"], stated["description"], stated["metadata"])
        return Stated(entry, (_entity(secret, entry, *own),))
    ends = tuple(_entity(secret, entry, stated[end], "concept", "", "{}") for end in ("a", "b"))
    return Stated(entry, ends)


def ensure_tenant(work: UnitOfWork, now: Micros) -> TenantRecord:
    """The tenant's row, created with a secret of its own if this is its first entry."""
    return work.tenants.ensure(now, lambda: secrets.token_bytes(TENANT_SECRET_BYTES), EXTRACTORS_VERSION)


def append_entry(
    work: UnitOfWork, kind: LogKind, payload: Mapping[str, Json], now: Micros
) -> tuple[TenantRecord, LogEntry]:
    """Write the next entry of the log that is no message; gives the tenant as it was read for it, too."""
    ensure_tenant(work, now)
    tenant = work.tenants.advance(1, now)
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True)
    entry = LogEntry(tenant.last_seq, kind, uuid7(now), tenant.last_active, text)
    work.log.append([entry])
    return tenant, entry


def _entity(secret: bytes, entry: LogEntry, name: str, entity_type: str, description: str, metadata: str) -> Entity:
    key = entity_key(name)
    kind = entity_type if entity_type in ("session", "decision") else "concept"
    return Entity(
        id=derived_id(secret, kind, key if kind == "concept" else name),
        name=name,
        entity_type=entity_type,
        key=key,
        description=description,
        created_at=first_recorded_at(entry),
        last_seen=first_recorded_at(entry),
        occurrences=1,
        metadata=metadata,
        first_seq=entry.seq,
        last_seq=entry.seq,
    )
