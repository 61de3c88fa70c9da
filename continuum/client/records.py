"""What the service answers where the library's own types are out of a caller's reach: listings, receipts, keys.

What `recall` and `learn` answer are the dataclasses of `continuum.domain.results`, the same in a library and here.
Times are aware datetimes in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from continuum.domain.records import Json, Message, Scope
from continuum.domain.results import RecalledFact

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a listing; `next_cursor` goes on behind it, None if there is no more."""

    items: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ListedEntity:
    """One entity."""

    id: str
    name: str
    entity_type: str
    description: str
    created_at: datetime
    occurrences: int


@dataclass(frozen=True, slots=True)
class EntityLink:
    """A link between two entities, by their ids; a typed one points from `concept_a` to `concept_b`."""

    concept_a: str
    concept_b: str
    link_type: str
    strength: float


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Entities around one, nearest first, and the links among them; `is_cut` if there were more than fit."""

    centre: ListedEntity
    entities: tuple[ListedEntity, ...]
    links: tuple[EntityLink, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class FoundEntity:
    """A concept that a question leads to; `depth` 0 was named by it."""

    name: str
    entity_type: str
    description: str
    relevance: float
    depth: int


@dataclass(frozen=True, slots=True)
class EntitySearch:
    """The concepts that a question names, and those that it leads to, nearest first."""

    query_concepts: tuple[str, ...]
    matches: tuple[FoundEntity, ...]


@dataclass(frozen=True, slots=True)
class ListedSession:
    """One session: when its first and newest message were said, and how many there are."""

    session_id: str
    created_at: datetime
    last_active: datetime
    message_count: int


@dataclass(frozen=True, slots=True)
class ListedDecision:
    """One decision, and the message that it stands in."""

    id: str
    text: str
    context: str
    role: str
    timestamp: datetime
    instance_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class RevisedMessage:
    """A message with its new words."""

    id: str
    seq: int
    session_id: str
    role: str
    speaker: str | None
    origin: str
    text: str
    timestamp: datetime
    recorded_at: datetime
    scope: Scope
    metadata: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What a bulk learn did; `skipped` exchanges were durable from an earlier run of the same job."""

    exchanges: int
    messages: int
    duplicates: int
    skipped: int

    def __add__(self, other: BulkResult) -> BulkResult:
        return BulkResult(
            self.exchanges + other.exchanges,
            self.messages + other.messages,
            self.duplicates + other.duplicates,
            self.skipped + other.skipped,
        )


@dataclass(frozen=True, slots=True)
class Conflict:
    """Values of one slot that contradict each other, where nothing tells which is right; newest first."""

    subject: str
    attribute: str
    facts: tuple[RecalledFact, ...]


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event in the life of a concept; `id` names the message, fact, decision or entry behind it."""

    at: datetime
    recorded_at: datetime
    kind: str
    text: str
    id: str


@dataclass(frozen=True, slots=True)
class FactChange:
    """What became of one fact between two moments: before and after, either may be None."""

    before: RecalledFact | None
    after: RecalledFact | None
    change: str


@dataclass(frozen=True, slots=True)
class MemoryDiff:
    """What happened to a memory between two moments, as recorded: (since, until]; `truncated` if lists were cut."""

    since: datetime
    until: datetime
    learnt: tuple[str, ...]
    concepts: tuple[str, ...]
    facts: tuple[FactChange, ...]
    revised: tuple[str, ...]
    merged: tuple[str, ...]
    superseded: int
    retracted: int
    erased: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """That something was forgotten, without words; `scrubbed_at` says when the bytes had left the files."""

    id: str
    tenant_id: str
    number: int
    requested_at: datetime
    kind: str
    reason: str
    ids_digest: str
    erased_at: datetime
    messages: int
    entries: int
    concepts: int
    links: int
    decisions: int
    facts: int
    scrubbed_at: datetime | None
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """What was forgotten, or with `dry_run` what would be. Counts are of what is gone; `receipt` has no words."""

    dry_run: bool
    messages: int
    entries: int
    concepts: int
    links: int
    decisions: int
    facts: int
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long a tenant keeps what, in days; None keeps for ever."""

    message_days: int | None = None
    history_days: int | None = 365
    consolidate_after_days: int | None = None
    keep_originals: bool = True


@dataclass(frozen=True, slots=True)
class FeedbackResult:
    """How many things counted; `duplicate` if all of them had been said before. `seq` is 0 if nothing was written."""

    used: int
    ignored: int
    duplicate: bool
    seq: int


@dataclass(frozen=True, slots=True)
class QuarantineResult:
    """What was hidden or put back, or with `dry_run` would be; `id` is what `release` takes."""

    id: str
    dry_run: bool
    messages: int
    entries: int
    concepts: int
    links: int
    decisions: int
    facts: int


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Something that was hidden; `hidden` entries still are. `seq` is its place in the log."""

    id: str
    seq: int
    state: str
    rule: Mapping[str, Json]
    reason: str
    at: datetime
    hidden: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What an export gave. `position` is what the next one may go on from, as its `after_seq`."""

    tenant_id: str
    position: int
    entries: int
    messages: int
    lines: int
    bytes: int
    """Before packing."""
    digest: str
    """SHA-256 of all lines but the last, compared with what the service wrote there."""


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong with one line of a file; lines are counted from 1."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did: `duplicates` were here already, `tombstoned` had been forgotten here and stay so."""

    tenant_id: str
    position: int
    entries: int
    messages: int
    duplicates: int
    tombstoned: int
    left_out: int
    broken_lines: int
    problems: tuple[LineProblem, ...]
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """What a tenant may hold and ask for; None is no limit of its own."""

    messages_max: int | None = None
    bytes_max: int | None = None
    instances_max: int | None = None
    requests_per_minute: int | None = None
    audit_reads: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What a tenant holds."""

    messages: int
    bytes: int


@dataclass(frozen=True, slots=True)
class OwnLimits:
    """What the caller's tenant may hold and ask for, and what it holds."""

    tenant_id: str
    limits: TenantLimits
    held: Held


@dataclass(frozen=True, slots=True)
class ListedTenant:
    """One tenant of a listing."""

    tenant_id: str
    created_at: datetime
    last_active: datetime
    metadata: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Tenant(ListedTenant):
    """One tenant with its limits and what it holds."""

    limits: TenantLimits
    held: Held


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is listed: never its secret."""

    id: str
    tenant_id: str
    name: str
    role: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class HiddenText:
    """A secret that never shows itself; `reveal` gives it to the one who needs it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "***"

    def reveal(self) -> str:
        return self._value


@dataclass(frozen=True, slots=True)
class NewApiKey(ApiKey):
    """A key that was made; `api_key.reveal()` is the key itself, which nobody is shown again."""

    api_key: HiddenText


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what, from where, and how it went."""

    number: int
    recorded_at: datetime
    actor: str
    action: str
    target: str
    source: str
    outcome: str
    request_id: str
    details: Mapping[str, Json]
    digest: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Whether the chain of a tenant's audit log is whole; `head` may be noted, and given to a later check."""

    tenant_id: str
    is_whole: bool
    rows: int
    head: str
    broken_at: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance of an agent. `acknowledged` is the id of the last event that it said it has."""

    instance_id: str
    state: str
    joined_at: datetime
    beat_at: datetime
    session_id: str
    acknowledged: str
    details: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class LearntApart:
    """One exchange that an instance learnt while it was apart, under the number that it gave it there."""

    number: int
    messages: tuple[Message, ...]
    timestamp: datetime
    session_id: str
    metadata: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of one exchange; `error` is the code of a refusal for good, '' without one."""

    number: int
    exchange_id: str
    message_ids: tuple[str, ...]
    seq: int
    duplicate: bool
    error: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChangedSource:
    """Whose message it was."""

    exchange_id: str
    session_id: str
    instance_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log, without its words; `concerns` are earlier positions that it is about."""

    seq: int
    kind: str
    entry_id: str
    recorded_at: datetime
    concerns: tuple[int, ...]
    said: ChangedSource | None


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What became of each exchange, the changes behind `after_seq`, and where the log ends now."""

    merged: tuple[Merged, ...]
    changes: tuple[Change, ...]
    position: int
    has_more: bool
    tenant_id: str


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the service works: `status` is ``healthy``, ``degraded`` or ``unhealthy``."""

    status: str
    version: str
    timestamp: datetime
    storage: str
    dependencies: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """What another instance did. `event_id` is its place in the log, '' for an arrival or departure."""

    event_type: str
    tenant_id: str
    instance_id: str
    timestamp: datetime
    data: Mapping[str, Json]
    event_id: str = ""
    position: int = 0
