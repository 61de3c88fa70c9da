"""What a tenant's memory holds, as rows and counts: arguments are checked here, once for every door."""

from __future__ import annotations

from continuum.core.assembly import Engine
from continuum.core.validation import (
    LABEL_CHARS_MAX,
    Timestamp,
    checked_count,
    checked_label,
    checked_role,
    checked_text,
    checked_time,
)
from continuum.domain.ids import TenantId, checked_name
from continuum.domain.records import Entity, Json, Role, StoredMessage
from continuum.errors import InvalidInputError
from continuum.language.names import key_prefix

ROWS_PER_PAGE_MAX = 10_000
OFFSET_MAX = 10_000_000
SEQ_MAX = (1 << 63) - 1


def stats_of(engine: Engine, tenant: TenantId, instance_id: str) -> dict[str, Json]:
    """Counts of a tenant, under the names that users of the specification know."""
    with engine.unit(tenant, write=False) as work:
        counts = work.tenants.counts()
        position = work.tenants.position()
    stats: dict[str, Json] = {
        "tenant_id": tenant,
        "instance_id": instance_id,
        "entities": counts.entities,
        "auto_messages": counts.messages,
        "messages": counts.messages,
        "decisions": counts.decisions,
        "attention_links": counts.attention_links,
        "compound_concepts": counts.compound_concepts,
        "sessions": counts.sessions,
        "vectors": counts.vectors,
        "log_position": position,
        "cache_enabled": engine.cache is not None,
    }
    if engine.cache is not None:
        stats["cache"] = engine.cache.stats()
    return stats


def messages_of(
    engine: Engine,
    tenant: TenantId,
    *,
    session_id: str | None,
    since: Timestamp,
    until: Timestamp,
    limit: int,
    role: Role | None,
    before_seq: int | None,
    include_hidden: bool = False,
) -> list[StoredMessage]:
    """Stored messages, newest first, at most 10,000; quarantined ones only if asked for. Raises InvalidInputError."""
    session = None if session_id is None else checked_label(session_id, "session_id")
    said_by = None if role is None else checked_role(role, "role")
    start, end = checked_time(since, "start_time"), checked_time(until, "end_time")
    size = checked_count(limit, "limit", 1, ROWS_PER_PAGE_MAX)
    before = None if before_seq is None else checked_count(before_seq, "before_seq", 0, SEQ_MAX)
    with engine.unit(tenant, write=False) as work:
        found = work.messages.list(
            session_id=session, role=said_by, since=start, until=end, limit=size, before_seq=before
        )
        if include_hidden:
            found += work.quarantines.list_messages(
                session_id=session, role=said_by, since=start, until=end, limit=size, before_seq=before
            )
            found = sorted(found, key=lambda message: -message.seq)[:size]
    return found


def entities_of(
    engine: Engine, tenant: TenantId, *, entity_type: str | None, limit: int, offset: int, query: str | None
) -> list[Entity]:
    """Entities by name, at most 10,000; `query` is the beginning of a name. Raises InvalidInputError."""
    kind = None if entity_type is None else checked_name(entity_type, "entity_type")
    size = checked_count(limit, "limit", 1, ROWS_PER_PAGE_MAX)
    skipped = checked_count(offset, "offset", 0, OFFSET_MAX)
    prefix = None if query is None else key_prefix(_checked_beginning(query))
    with engine.unit(tenant, write=False) as work:
        return work.entities.list(entity_type=kind, limit=size, offset=skipped, query=prefix)


def _checked_beginning(query: object) -> str:
    """The beginning of a name; one that is blank is that of all names. Raises InvalidInputError."""
    text = checked_text(query, "query", 4 * LABEL_CHARS_MAX)
    if len(text) > LABEL_CHARS_MAX:
        problem = f"has {len(text)} characters; a name has {LABEL_CHARS_MAX} at most"
        raise InvalidInputError("query", problem, limit=LABEL_CHARS_MAX)
    return text
