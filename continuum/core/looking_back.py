"""What was learnt, changed and forgotten between two moments, the life of one concept, and the whole of a moment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from continuum.core.adjusting import adjustments_of
from continuum.core.fact_ledger import held_at
from continuum.core.fact_reading import recalled
from continuum.core.moments import Moment
from continuum.core.past import Past
from continuum.domain.clock import Micros, from_micros
from continuum.domain.facts import Fact
from continuum.domain.ids import TenantId, derived_id
from continuum.domain.records import (
    AttentionLink,
    CompoundConcept,
    Decision,
    Entity,
    LogEntry,
    StoredMessage,
    TenantRecord,
)
from continuum.domain.results import RecalledFact
from continuum.errors import NotFoundError, shown
from continuum.language.attributes import fact_key
from continuum.language.names import entity_key
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

NAMES_LOOKED_AT = 4
"""Times as many names are read as are shown: some are those of sessions and decisions."""


@dataclass(frozen=True, slots=True)
class FactChange:
    """What became of one slot between two moments: before and after, either may be None."""

    before: RecalledFact | None
    after: RecalledFact | None
    change: str
    """``learnt``, ``superseded``, ``ended``, ``corrected``, ``retracted`` or ``disputed``."""


@dataclass(frozen=True, slots=True)
class MemoryDiff:
    """What happened to a memory between two moments, as recorded: (t1, t2].

    Lists hold at most `limit` each; `truncated` says that some were longer.
    """

    since: datetime
    until: datetime
    learnt: tuple[str, ...]
    """Ids of messages."""
    concepts: tuple[str, ...]
    """Names of concepts that were met for the first time."""
    facts: tuple[FactChange, ...]
    revised: tuple[str, ...]
    """Ids of messages that were worded anew."""
    merged: tuple[str, ...]
    """Merges and renames, in words."""
    superseded: int
    retracted: int
    erased: int
    """Entries that were forgotten."""
    truncated: bool


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event in the life of a concept; `id` names the message, fact, decision or entry behind it."""

    at: datetime
    recorded_at: datetime
    kind: str
    text: str
    id: str


@dataclass(frozen=True, slots=True)
class MemoryState:
    """Everything that was known and true at a moment. Reads the whole memory."""

    messages: tuple[StoredMessage, ...]
    entities: tuple[Entity, ...]
    links: tuple[AttentionLink, ...]
    compounds: tuple[CompoundConcept, ...]
    decisions: tuple[Decision, ...]
    facts: tuple[Fact, ...]


def state_at(engine: Engine, tenant: TenantId, moment: Moment) -> MemoryState:
    """The whole memory at a moment, folded from its evidence."""
    with engine.unit(tenant, write=False) as work:
        record = work.tenants.get()
        if record is None:
            return MemoryState((), (), (), (), (), ())
        past = Past(engine, work, record, moment)
        folded = past.whole()
        messages = tuple(past.message(message) for message in _messages(work, past))
        decisions = past.decisions([message.seq for message in messages])
        facts = [f for slot in work.facts.every_slot() for f in past.facts([slot]) if _held(f, moment)]
    return MemoryState(
        messages,
        tuple(folded.entities[key] for key in sorted(folded.entities)),
        tuple(folded.links[key].link for key in sorted(folded.links)),
        tuple(folded.compounds[key] for key in sorted(folded.compounds)),
        tuple(decisions),
        tuple(sorted(facts, key=lambda fact: fact.id)),
    )


def _held(fact: Fact, moment: Moment) -> bool:
    return moment.as_of is None or held_at(fact, moment.as_of)


def _messages(work: UnitOfWork, past: Past) -> Iterator[StoredMessage]:
    for entries in work.log.pages():
        seqs = [entry.seq for entry in entries if entry.kind == "message" and entry.seq <= past.seq]
        for _, message in sorted(work.messages.by_seqs(seqs).items()):
            if past.moment.as_of is None or message.timestamp <= past.moment.as_of:
                yield message


def diff_between(engine: Engine, tenant: TenantId, since: Micros, until: Micros, limit: int) -> MemoryDiff:
    """What was learnt, changed, superseded, retracted and erased between two moments, as recorded."""
    with engine.unit(tenant, write=False) as work:
        record = work.tenants.get()
        if record is None:
            return MemoryDiff(from_micros(since), from_micros(until), (), (), (), (), (), 0, 0, 0, truncated=False)
        first = work.history.position_at(since, record.last_seq)
        last = work.history.position_at(until, record.last_seq)
        entries = [entry for page in work.log.pages(first) for entry in _shown(work, page) if entry.seq <= last]
        changes = _fact_changes(engine, work, record, (since, until), (first, last), limit + 1)
        names = _new_concepts(work, first, last, limit + 1)
        learnt = [entry.entry_id for entry in entries if entry.kind == "message"]
        revised = _revised(work, entries)
    merged = [_adjustment_words(entry) for entry in entries if entry.kind in ("merge", "rename", "undo")]
    lists = (learnt, names, changes, revised, merged)
    return MemoryDiff(
        from_micros(since),
        from_micros(until),
        tuple(learnt[:limit]),
        tuple(names[:limit]),
        tuple(changes[:limit]),
        tuple(revised[:limit]),
        tuple(merged[:limit]),
        superseded=sum(change.change == "superseded" for change in changes),
        retracted=sum(entry.kind == "retraction" for entry in entries),
        erased=sum(len(json.loads(entry.payload)["seqs"]) for entry in entries if entry.kind == "erasure"),
        truncated=any(len(each) > limit for each in lists),
    )


def _shown(work: UnitOfWork, entries: Sequence[LogEntry]) -> list[LogEntry]:
    """Entries that are not quarantined."""
    hidden = work.quarantines.hidden([entry.seq for entry in entries]) if work.quarantines.any() else set()
    return [entry for entry in entries if entry.seq not in hidden]


def _revised(work: UnitOfWork, entries: Sequence[LogEntry]) -> list[str]:
    """The ids of messages that were worded anew and are not quarantined."""
    ids = [json.loads(entry.payload)["message_id"] for entry in entries if entry.kind == "revision"]
    hidden = work.quarantines.places(ids)
    return [each for each in ids if each not in hidden]


def _new_concepts(work: UnitOfWork, after: int, until: int, limit: int) -> list[str]:
    """Names of concepts that were met for the first time between two positions."""
    found = [name for name in work.entities.names_after(after, NAMES_LOOKED_AT * limit) if name.first_seq <= until]
    entities = work.entities.by_ids([name.id for name in found])
    return [name.name for name in found if entities[name.id].entity_type not in ("session", "decision")][:limit]


def _fact_changes(
    engine: Engine,
    work: UnitOfWork,
    record: TenantRecord,
    moments: tuple[Micros, Micros],
    seqs: tuple[int, int],
    limit: int,
) -> list[FactChange]:
    """What became of each slot that anything was stated about between two positions."""
    before, after = (Past(engine, work, record, Moment(known_at=moment)) for moment in moments)
    changes: list[FactChange] = []
    for slot in work.facts.slots_changed(*seqs, limit):
        old, new = before.facts([slot]), after.facts([slot])
        known = {fact.id: fact for fact in old}
        by_id = {fact.id: fact for fact in new}
        for fact in new:
            if known.get(fact.id) is None or known[fact.id].status != fact.status:
                former = known.get(fact.id)
                changes.append(
                    FactChange(
                        None if former is None else recalled(former, known, moments[0]),
                        recalled(fact, by_id, moments[1]),
                        _CHANGES.get(fact.status, "learnt") if former is not None else "learnt",
                    )
                )
    return changes


_CHANGES = {
    "replaced": "superseded",
    "wrong": "corrected",
    "ended": "ended",
    "retracted": "retracted",
    "disputed": "disputed",
}


def _adjustment_words(entry: LogEntry) -> str:
    told = json.loads(entry.payload)
    if entry.kind == "merge":
        return f"merged {told['name']!r} into {told['into']!r}"
    if entry.kind == "rename":
        return f"renamed {told['name']!r} to {told['new_name']!r}"
    return f"undid entry {told['seq']}"


def timeline_of(engine: Engine, tenant: TenantId, concept: str, limit: int) -> tuple[TimelineEvent, ...]:
    """The life of a concept, oldest first, at most `limit` events. Raises NotFoundError."""
    with engine.unit(tenant, write=False) as work:
        record = work.tenants.get()
        adjustments = adjustments_of(work, 0 if record is None else record.adjustments)
        key = entity_key(concept)
        entity_id = "" if record is None else adjustments.entity(derived_id(record.secret, "concept", key))
        known = work.entities.by_ids([entity_id])
        if record is None or not known:
            raise NotFoundError(f"concept: no concept of this tenant is called {shown(concept)}")
        group = adjustments.group(entity_id)
        events = [*_mentioned(work, group, limit), *_decided(work, group), *_about(work, concept)]
        events += _by_hand(work, group)
    events.sort(key=lambda event: (event.at, event.recorded_at, "mentioned" not in event.kind, event.kind, event.id))
    return tuple(islice(events, limit))


def _mentioned(work: UnitOfWork, group: Iterable[str], limit: int) -> Iterator[TimelineEvent]:
    seqs = work.history.seqs_naming(group)[:limit]
    for number, (_, message) in enumerate(sorted(work.messages.by_seqs(seqs).items())):
        kind = "mentioned" if number else "first mentioned"
        yield _event(message.timestamp, message.recorded_at, kind, message.text[:200], message.id)


def _decided(work: UnitOfWork, group: Iterable[str]) -> Iterator[TimelineEvent]:
    seqs = work.history.seqs_naming(group)
    messages = work.messages.by_seqs(seqs)
    for decision in work.decisions.of_messages(seqs):
        recorded = messages[decision.message_seq].recorded_at
        yield _event(decision.timestamp, recorded, "decided", decision.decision_text, decision.id)


def _about(work: UnitOfWork, concept: str) -> Iterator[TimelineEvent]:
    """Facts whose subject or value is the concept."""
    key = fact_key(concept)
    found = work.facts.list(subject_key=key, limit=1_000)
    slots = {statement.slot_id for statement in work.facts.with_value(key, (1 << 62), 1_000)}
    found += [fact for fact in work.facts.of_slots(slots) if fact_key(fact.value) == key]
    for fact in {fact.id: fact for fact in found}.values():
        words = f"{fact.subject} {fact.attribute}: {'' if fact.polarity else 'not '}{fact.value}"
        yield _event(fact.valid_from, fact.recorded_at, "fact", words, fact.id)
        if fact.valid_to is not None:
            yield _event(fact.valid_to, fact.recorded_at, f"fact {fact.status}", words, fact.id)


def _by_hand(work: UnitOfWork, group: Iterable[str]) -> Iterator[TimelineEvent]:
    seqs = {seq for found in work.evidence.entries_of(group).values() for seq in found}
    for entry in work.history.entries(seqs):
        words = entry.kind if entry.kind in ("entity", "link") else _adjustment_words(entry)
        yield _event(entry.recorded_at, entry.recorded_at, f"{entry.kind} by hand", words, entry.entry_id)


def _event(at: Micros, recorded_at: Micros, kind: str, text: str, event_id: str) -> TimelineEvent:
    return TimelineEvent(from_micros(at), from_micros(recorded_at), kind, text, event_id)
