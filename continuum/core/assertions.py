"""Entities and links that a caller states by hand: log entries first, derived rows from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from continuum.core.adjusting import Adjustments, adjusted, adjustments_of
from continuum.core.folding import stated_link
from continuum.core.redacting import redacted_json
from continuum.core.stating import append_entry, stated_in
from continuum.core.validation import checked_label, checked_metadata, checked_text
from continuum.domain.ids import TenantId, checked_name
from continuum.domain.records import AttentionLink, Entity, Json, LogEntry
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
        "description": engine.redactor.redact(checked_text(description, "description", DESCRIPTION_BYTES_MAX)).text,
        "metadata": redacted_json(
            checked_metadata(metadata, "metadata", engine.config.max_metadata_bytes), engine.redactor, []
        ),
    }
    now = engine.clock.now()
    with engine.unit(tenant, write=True) as work:
        record, entry = append_entry(work, "entity", payload, now)
        return apply_entity(work, record.secret, entry, adjustments_of(work, record.adjustments))


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
        record, entry = append_entry(work, "link", payload, now)
        return apply_link(work, record.secret, entry, adjustments_of(work, record.adjustments))


def apply_entity(work: UnitOfWork, secret: bytes, entry: LogEntry, adjustments: Adjustments) -> Entity:
    """Derive the row of an entity entry; used when it is stated and when the log is folded again."""
    stated = stated_in(secret, entry)
    work.evidence.add_entry(entry.seq, [entity.id for entity in stated.entities])
    entity = adjusted(stated.entities[0], adjustments)
    work.entities.observe([entity])
    work.entities.state(entity)
    return work.entities.by_ids([entity.id])[entity.id]


def apply_link(work: UnitOfWork, secret: bytes, entry: LogEntry, adjustments: Adjustments) -> AttentionLink:
    """Derive the row of a link entry, and its two ends where they are missing."""
    stated = stated_in(secret, entry)
    work.evidence.add_entry(entry.seq, [entity.id for entity in stated.entities])
    ends = [adjusted(entity, adjustments) for entity in stated.entities]
    work.entities.observe(ends)
    link = stated_link(entry, ends[0].id, ends[1].id)
    if link.concept_a != link.concept_b:  # a merge may have made one of the two
        work.links.set_link(link)
    return link
