"""What `recall` and `learn` answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from continuum.domain.facts import Fact
from continuum.domain.records import Json, MessageRedaction, Suspicion


@dataclass(frozen=True, slots=True)
class RecalledMemory:
    """One remembered message: `passage` is characters [start, end) of it, `text` all of it when asked for.

    `score` is the sum of `reasons`, one share for each signal that spoke for it.
    """

    id: str
    passage: str
    start: int
    end: int
    role: str
    speaker: str | None
    timestamp: datetime
    session_id: str
    score: float
    reasons: Mapping[str, float]
    metadata: Mapping[str, Json]
    origin: str = "user"
    seq: int = 0
    text: str | None = None
    witnesses: tuple[str, ...] = ()
    """Other messages that say the same, oldest first, at most 20; `witness_count` says how many there are."""
    witness_count: int = 0
    outdated: str = ""
    """What has become of what it states ("until 2026-03-01; now: Lisbon"), '' if nothing has."""
    trust: float = 1.0
    """How far its origin is trusted, from 0 to 1; 0 if its seal does not fit."""
    suspicious: bool = False
    """Whether it reads like an order to a model."""


@dataclass(frozen=True, slots=True)
class RecalledFact:
    """A fact that bears on the question: `attribute` of `subject` is `value` (with `polarity` False, is not).

    `label` says in words when it held: "since 2026-03-01", "until 2026-03-01; now: Lisbon". `current` is True if it
    holds at the moment that is asked for. [start, end) are the characters of message `message_id` that say so.
    """

    id: str
    subject: str
    attribute: str
    value: str
    polarity: bool
    status: str
    current: bool
    label: str
    valid_from: datetime | None
    """None: from some unknown moment on."""
    valid_to: datetime | None
    confidence: float
    witnesses: int
    source: str
    origin: str
    message_id: str
    start: int
    end: int
    trust: float = 1.0


@dataclass(frozen=True, slots=True)
class RecalledConcept:
    """A concept near the question; `depth` 0 was named by it, 1 and 2 were reached over links."""

    id: str
    name: str
    entity_type: str
    description: str
    relevance: float
    depth: int
    trust: float | None = None
    """The trust of the most trusted of its newest mentions; only if `min_trust` or an explanation was asked for."""


@dataclass(frozen=True, slots=True)
class RecalledRelationship:
    """A link between two recalled concepts, by name."""

    concept_a: str
    concept_b: str
    link_type: str
    strength: float
    trust: float = 1.0
    """The trust of the most trusted source that joins the two."""


@dataclass(frozen=True, slots=True)
class RecalledDecision:
    """A decision that bears on the question, with the message it was taken in."""

    id: str
    text: str
    context: str
    timestamp: datetime
    message_id: str
    role: str
    trust: float = 1.0
    origin: str = "user"


@dataclass(frozen=True, slots=True)
class Degradation:
    """A part of the answer that was left out: which, and why. Never reported as "nothing found"."""

    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class MemoryContext:
    """The answer of `recall`; `context_string` is ready to put before a model."""

    context_string: str
    concepts_found: int
    relationships_found: int
    query_time_ms: float
    tenant_id: str
    facts: tuple[RecalledFact, ...] = ()
    """The facts asked for: what holds first, then what it replaced."""
    memories: tuple[RecalledMemory, ...] = ()
    concepts: tuple[RecalledConcept, ...] = ()
    relationships: tuple[RecalledRelationship, ...] = ()
    decisions: tuple[RecalledDecision, ...] = ()
    recall_id: str = ""
    tokens: int = 0
    """The estimate of `context_string`'s size in tokens."""
    degraded: tuple[Degradation, ...] = ()
    explanation: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class LearningResult:
    """The answer of `learn`; once it is returned, what it counts survives a power cut.

    `concepts_extracted` and `decisions_detected` count what this exchange holds, `links_created` and
    `compounds_found` what is new because of it. `duplicate` says that it was known already and only counted.
    """

    concepts_extracted: int
    decisions_detected: int
    links_created: int
    compounds_found: int
    tenant_id: str
    session_id: str = ""
    exchange_id: str = ""
    message_ids: tuple[str, ...] = ()
    seq: int = 0
    concepts: tuple[str, ...] = field(default=())
    decisions: tuple[str, ...] = field(default=())
    facts: tuple[Fact, ...] = field(default=())
    """The facts that are new or changed because of this exchange."""
    redactions: tuple[MessageRedaction, ...] = field(default=())
    """Secrets and private spans that were replaced before anything was stored."""
    suspicious: tuple[Suspicion, ...] = field(default=())
    """Messages that read like orders to a model: kept, but recalled only where they came from."""
    duplicate: bool = False
    learn_time_ms: float = 0.0
