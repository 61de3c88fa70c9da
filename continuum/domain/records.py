"""What is said to the memory, what is understood from it, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntFlag, StrEnum
from typing import TYPE_CHECKING, Any, Literal

from continuum.domain.clock import Micros

if TYPE_CHECKING:
    from continuum.domain.facts import ExtractedFact

Role = Literal["user", "assistant", "tool", "system"]
ROLES: tuple[Role, ...] = ("user", "assistant", "tool", "system")

Json = Any
"""A value that `json` can carry; JSON has no closed type in Python."""


class Origin(StrEnum):
    """Who a statement comes from. Bound when it is written, never raised afterwards."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    EXTERNAL = "external"
    IMPORT = "import"
    FEDERATION = "federation"


class Sources(IntFlag):
    """The set of origins that support a link; kept as one integer, joined by OR, so order never matters."""

    NONE = 0
    USER = 1
    ASSISTANT = 2
    TOOL = 4
    EXTERNAL = 8
    IMPORT = 16
    FEDERATION = 32

    @classmethod
    def of(cls, origin: Origin) -> Sources:
        return cls[origin.name]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a message concerns, inside its tenant. Empty fields mean "not said"."""

    user_id: str | None = None
    agent_id: str | None = None
    project_id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One utterance as a caller hands it over; `timestamp` without a zone is UTC, None means now.

    `timestamp` takes a datetime, an RFC 3339 text, or seconds since 1970. `origin` follows from the role
    unless it is named. Scopes left out are those of the call.
    """

    role: Role
    text: str
    speaker: str | None = None
    timestamp: datetime | str | float | None = None
    origin: Origin | None = None
    metadata: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """A checked message: everything filled in, nothing left to doubt."""

    role: Role
    text: str
    speaker: str | None
    timestamp: Micros
    timestamp_given: bool
    origin: Origin
    metadata: str
    """A JSON object in text form."""


@dataclass(frozen=True, slots=True)
class MessageRedaction:
    """A secret or a private span that was replaced before it was stored: in which message of the exchange, where.

    [start, end) are the characters of the text as it is stored; 0 where it stood in the metadata.
    """

    message: int
    field: Literal["text", "speaker", "metadata"]
    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why a message of an exchange is recalled only where it came from: it reads like an order to a model.

    `score` lies in [0, 1]; `spans` are the sentences [start, end) that say so. Nothing is learnt from such a message.
    """

    message: int
    score: float
    reasons: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is learnt in one transaction: one or more utterances of one session."""

    exchange_id: str
    utterances: tuple[Utterance, ...]
    session_id: str
    instance_id: str
    scope: Scope
    recorded_at: Micros
    idempotency_key: str | None = None
    session_given: bool = True
    """False if the session is only the memory's own name, which a restart changes."""
    supersedes: tuple[str, ...] = ()
    """Ids of facts and messages that it takes the place of."""
    expires_at: Micros | None = None
    """When it is to be forgotten."""
    redactions: tuple[MessageRedaction, ...] = ()
    """What was taken out of it before anything else saw it."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the log keeps it."""

    id: str
    seq: int
    exchange_id: str
    session_id: str
    instance_id: str
    message_number: int
    role: Role
    speaker: str | None
    origin: Origin
    text: str
    timestamp: Micros
    recorded_at: Micros
    scope: Scope
    metadata: str
    same_key: bytes | None = None
    """16 bytes that are equal for the same (session, timestamp, speaker, role, text); None if no time was given."""


@dataclass(frozen=True, slots=True)
class IndexedMessage:
    """What the index needs of a message, without its words.

    `terms` and `tags` are little-endian uint32 arrays: the hashed stems in order of the text, and the hashed
    ``name=value`` pairs (scopes, scalar metadata) that filters look up.
    """

    seq: int
    timestamp: Micros
    session_id: str
    role: Role
    speaker: str | None
    terms: bytes
    tags: bytes = b""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters [start, end) of message number `message` of the exchange, counted from 0."""

    message: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ExtractedConcept:
    """One concept of one exchange, with every place that names it.

    `key` is the canonical name (case, plural, hyphen and underscore twins share it), `name` the form to show,
    `aliases` the other forms met here. `description` is words of the text that say what it is, or ''.
    """

    key: str
    name: str
    entity_type: str
    spans: tuple[Span, ...]
    description: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtractedDecision:
    """Something somebody resolved to do: the clause itself, its sentence as context, where it stands."""

    text: str
    context: str
    span: Span
    role: Role


@dataclass(frozen=True, slots=True)
class ConceptPair:
    """Two concept keys of one exchange, a < b, and the least trusted origin that is needed to join them."""

    a: str
    b: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class ExtractedCompound:
    """Two to four concept keys, sorted, that stand together in one sentence."""

    components: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that one exchange teaches besides its words; a pure function of the exchange and the version."""

    concepts: tuple[ExtractedConcept, ...] = ()
    decisions: tuple[ExtractedDecision, ...] = ()
    pairs: tuple[ConceptPair, ...] = ()
    compounds: tuple[ExtractedCompound, ...] = ()
    echoes: tuple[Span, ...] = ()
    """Spans that came out of a recall: kept verbatim, never learnt from."""
    facts: tuple[ExtractedFact, ...] = ()
    suspicions: tuple[Suspicion, ...] = ()


LogKind = Literal[
    "message", "entity", "link", "extractors", "facts", "retraction", "supersession", "revision", "merge", "rename",
    "undo", "policy", "erasure", "erased", "feedback", "ranker", "prune", "quarantine", "release",
]  # fmt: skip
"""``erased`` is what becomes of an entry that was forgotten: its place stays, its words do not."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a tenant's append-only log. A message's words stand in its own row, not in `payload`."""

    seq: int
    kind: LogKind
    entry_id: str
    recorded_at: Micros
    payload: str = "{}"
    """A JSON object in text form."""


FIRST_RECORDED_AT = "first_recorded_at"
"""What the payload of an entry calls the time at which another store of the same memory recorded it."""


def first_recorded_at(entry: LogEntry) -> Micros:
    """When the memory learnt of an entry, in whichever of its stores."""
    if FIRST_RECORDED_AT not in entry.payload:
        return entry.recorded_at
    first: Micros = json.loads(entry.payload).get(FIRST_RECORDED_AT, entry.recorded_at)
    return first


@dataclass(frozen=True, slots=True)
class Entity:
    """A concept, session, person, decision or custom thing, as a projection of the log."""

    id: str
    name: str
    entity_type: str
    key: str
    description: str
    created_at: Micros
    last_seen: Micros
    occurrences: int
    aliases: tuple[str, ...] = ()
    metadata: str = "{}"
    first_seq: int = 0
    last_seq: int = 0


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a concept is named: the evidence that leads from derived rows back to words."""

    entity_id: str
    message_seq: int
    start: int
    end: int
    exchange_id: str


@dataclass(frozen=True, slots=True)
class AttentionLink:
    """A link between two entities; for hebbian links a < b by id, for typed links a points to b."""

    concept_a: str
    concept_b: str
    link_type: str
    strength: float
    co_occurrences: int
    sources: Sources
    created_at: Micros
    last_seen: Micros
    first_seq: int = 0
    last_seq: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as kept: `extracted_from` is the id of the message, [start, end) its characters there."""

    id: str
    decision_text: str
    context: str
    role: Role
    instance_id: str
    timestamp: Micros
    extracted_from: str
    message_seq: int
    start: int
    end: int
    entity_id: str | None = None
    """The entity that stands for this decision's text, wherever it was taken."""


@dataclass(frozen=True, slots=True)
class CompoundConcept:
    """Concepts that keep appearing together, with how often and when last."""

    id: str
    compound_name: str
    component_concepts: tuple[str, ...]
    """Entity ids, in the order of `compound_name`."""
    co_occurrence_count: int
    last_seen: Micros
    first_seq: int = 0
    last_seq: int = 0


@dataclass(frozen=True, slots=True)
class StoredVector:
    """A vector of one model, as little-endian float32 bytes of unit length; long messages have several chunks."""

    message_seq: int
    model: str
    vector: bytes
    chunk: int = 0


@dataclass(frozen=True, slots=True)
class TenantRecord:
    """One tenant. `last_seq` is the position of its log; `secret` keys its derived ids and signs its tokens."""

    tenant_id: str
    created_at: Micros
    last_active: Micros
    last_seq: int
    secret: bytes = field(repr=False)
    metadata: str = "{}"
    extractors: int = 0
    """The version of the extractors that derived its rows."""
    facts: int = 0
    adjustments: int = 0
    """How many merges and renames it has had: without one, nobody has to look for them."""
    notes: int = 0
    """How often messages were given an end, superseded as a whole, or worded anew; never counted down."""
    policy: str = "{}"
    """Its retention rules, a JSON object in text form."""
    uses: int = 0
    """How often feedback was given, changed or taken away; never counted down."""
    limits: str = "{}"
    """What it may hold and ask for, a JSON object in text form."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What one exchange taught, as it was observed before any merge or rename: the evidence under derived rows.

    `links` hold two entity ids, a < b, and the sources that join them; `compounds` component ids, name, time and
    position of each sighting.
    """

    exchange_id: str
    first_seq: int
    last_seq: int
    at: Micros
    entities: tuple[Entity, ...] = ()
    links: tuple[tuple[str, str, Sources], ...] = ()
    compounds: tuple[CompoundSighting, ...] = ()


@dataclass(frozen=True, slots=True)
class CompoundSighting:
    """One sentence that holds the concepts of a compound."""

    component_ids: tuple[str, ...]
    name: str
    at: Micros
    seq: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A merge of `subject_id` into `object_id`, which is called `name`, or a rename of `subject_id` to `name`, by hand.

    In force from `seq` on until `undone_seq`. A rename's `object_id` is the id that the new name leads to. Of a prune
    `name` is the rule, a JSON object, and both ids are empty.
    """

    seq: int
    entry_id: str
    kind: Literal["merge", "rename", "prune"]
    subject_id: str
    object_id: str
    name: str
    undone_seq: int | None = None


@dataclass(frozen=True, slots=True)
class MessageNote:
    """What few messages have: an end, or a successor that superseded them as a whole."""

    seq: int
    expires_at: Micros | None = None
    superseded_seq: int | None = None
    superseded_at: Micros | None = None
    superseded_by: str | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """An earlier wording of a message, in force from `since_seq` until `until_seq`."""

    seq: int
    until_seq: int
    since_seq: int
    text: str


@dataclass(frozen=True, slots=True)
class TenantCounts:
    """How many of each thing a tenant has."""

    messages: int = 0
    entities: int = 0
    decisions: int = 0
    attention_links: int = 0
    compound_concepts: int = 0
    sessions: int = 0
    vectors: int = 0
    facts: int = 0
    text_bytes: int = 0
    """What its messages say, with earlier wordings, in bytes of UTF-8."""
