"""The wire shapes of looking back: what changed between two moments, the life of a concept, the whole of a moment."""

from __future__ import annotations

from datetime import datetime

from continuum.api.schema_types import Answer, MicrosTime, Query
from continuum.api.schemas_facts import FactBody, RecalledFactBody, StoredMessageBody


class DiffQuery(Query):
    """Two moments; the later one is now if it is left out."""

    since: str
    until: str | None = None
    limit: int = 1_000


class FactChangeBody(Answer):
    """What became of one fact."""

    before: RecalledFactBody | None
    after: RecalledFactBody | None
    change: str


class DiffResponse(Answer):
    """What happened to a memory between two moments, as recorded."""

    since: datetime
    until: datetime
    learnt: list[str]
    concepts: list[str]
    facts: list[FactChangeBody]
    revised: list[str]
    merged: list[str]
    superseded: int
    retracted: int
    erased: int
    truncated: bool


class TimelineQuery(Query):
    """Whose life, and how much of it."""

    concept: str
    limit: int = 1_000


class TimelineEventBody(Answer):
    """One event in the life of a concept."""

    at: datetime
    recorded_at: datetime
    kind: str
    text: str
    id: str


class TimelineResponse(Answer):
    """The life of a concept, oldest first."""

    concept: str
    events: list[TimelineEventBody]


class StateQuery(Query):
    """A moment in both times."""

    as_of: str | None = None
    known_at: str | None = None


class StateEntityBody(Answer):
    """An entity as it was."""

    id: str
    name: str
    entity_type: str
    description: str
    aliases: list[str]
    created_at: MicrosTime
    last_seen: MicrosTime
    occurrences: int


class LinkBody(Answer):
    """A link as it was, by the ids of its ends."""

    concept_a: str
    concept_b: str
    link_type: str
    strength: float
    co_occurrences: int


class CompoundBody(Answer):
    """Concepts that kept standing together, by their ids."""

    id: str
    compound_name: str
    component_concepts: list[str]
    co_occurrence_count: int


class StateDecisionBody(Answer):
    """A decision as it was; `extracted_from` is the message it was taken in."""

    id: str
    decision_text: str
    context: str
    role: str
    timestamp: MicrosTime
    extracted_from: str
    start: int
    end: int


class StateResponse(Answer):
    """Everything that was known and true at a moment."""

    messages: list[StoredMessageBody]
    entities: list[StateEntityBody]
    links: list[LinkBody]
    compounds: list[CompoundBody]
    decisions: list[StateDecisionBody]
    facts: list[FactBody]
