"""Entities and links that a caller states by hand: log entries first, derived rows from them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from continuum.core.recording import TENANT_SECRET_BYTES
from continuum.core.validation import checked_label, checked_metadata, checked_text
from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId, checked_name, derived_id, uuid7
from continuum.domain.records import AttentionLink, Entity, Json, LogEntry, Sources
from continuum.errors import InvalidInputError, shown
from continuum.language.names import entity_key
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

DESCRIPTION_BYTES_MAX = 4_096
RESERVED_LINK_TYPE = "hebbian"


def assert_entity(
    engine: Engine,
    tenant: TenantId,
    name: str,
    entity_type: str,
    description: str,
    metadata: Mapping[str, Json] | None,
) -> Entity:
    """Write the log entry of an entity and its row. Raises InvalidInputError."""
    payload = {
        "name": checked_label(name, "name"),
        "entity_type": checked_name(entity_type, "entity_type"),
        "description": checked_text(description, "description", DESCRIPTION_BYTES_MAX),
        "metadata": checked_metadata(metadata, "metadata", engine.config.max_metadata_bytes),
    }
    now = engine.clock.now()
    with engine.unit(tenant, write=True) as work:
        entry = _append(work, "entity", payload, now)
        return apply_entity(work, entry)


def assert_link(engine: Engine, tenant: TenantId, a: str, b: str, link_type: str, strength: float) -> AttentionLink:
    """Write the log entry of a typed link, and its row. Raises InvalidInputError."""
    if not isinstance(strength, int | float) or isinstance(strength, bool) or not 0 <= strength <= 1:
        raise InvalidInputError("strength", f"is {shown(strength)}; it must lie between 0 and 1")
    if link_type == RESERVED_LINK_TYPE:
        raise InvalidInputError("link_type", f"{RESERVED_LINK_TYPE!r} is what co-occurrence makes; use another type")
    first, second = checked_label(a, "a"), checked_label(b, "b")
    if entity_key(first) == entity_key(second):
        raise InvalidInputError("b", f"names the same concept as a ({first!r}); a link joins two")
    payload = {"a": first, "b": second, "link_type": checked_name(link_type, "link_type"), "strength": float(strength)}
    now = engine.clock.now()
    with engine.unit(tenant, write=True) as work:
        entry = _append(work, "link", payload, now)
        return apply_link(work, entry)


def apply_entity(work: UnitOfWork, entry: LogEntry) -> Entity:
    """Derive the row of an entity entry; used when it is stated and when the log is folded again."""
    stated = json.loads(entry.payload)
    entity = _entity(work, entry, stated["name"], stated["entity_type"], stated["description"], stated["metadata"])
    work.entities.observe([entity])
    work.entities.state(entity)
    return work.entities.by_ids([entity.id])[entity.id]


def apply_link(work: UnitOfWork, entry: LogEntry) -> AttentionLink:
    """Derive the row of a link entry, and its two ends where they are missing."""
    stated = json.loads(entry.payload)
    ends = [_entity(work, entry, stated[end], "concept", "", "{}") for end in ("a", "b")]
    work.entities.observe(sorted(ends, key=lambda entity: entity.id))
    link = AttentionLink(
        concept_a=ends[0].id,
        concept_b=ends[1].id,
        link_type=stated["link_type"],
        strength=stated["strength"],
        co_occurrences=1,
        sources=Sources.USER,
        created_at=entry.recorded_at,
        last_seen=entry.recorded_at,
        first_seq=entry.seq,
        last_seq=entry.seq,
    )
    work.links.set_link(link)
    return link


def _entity(work: UnitOfWork, entry: LogEntry, name: str, entity_type: str, description: str, metadata: str) -> Entity:
    tenant = work.tenants.get()
    assert tenant is not None, "a log entry exists, so its tenant does"
    key = entity_key(name)
    kind = entity_type if entity_type in ("session", "decision") else "concept"
    return Entity(
        id=derived_id(tenant.secret, kind, key if kind == "concept" else name),
        name=name,
        entity_type=entity_type,
        key=key,
        description=description,
        created_at=entry.recorded_at,
        last_seen=entry.recorded_at,
        occurrences=1,
        metadata=metadata,
        first_seq=entry.seq,
        last_seq=entry.seq,
    )


def _append(work: UnitOfWork, kind: str, payload: Mapping[str, Json], now: Micros) -> LogEntry:
    work.tenants.ensure(now, lambda: secrets.token_bytes(TENANT_SECRET_BYTES))
    seq = work.tenants.advance(1, now).last_seq
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True)
    entry = LogEntry(seq, "entity" if kind == "entity" else "link", uuid7(now), now, text)
    work.log.append([entry])
    return entry
