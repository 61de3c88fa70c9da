"""Sums up old sessions by extraction: what was stated, what was decided, the most telling sentences."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from continuum.core.erasing import begin, finish
from continuum.core.fact_ledger import is_open
from continuum.core.facts_by_hand import FACTS_PER_CALL_MAX, VALUE_MODES, apply_facts, facts_payload
from continuum.core.rebuild_rule import refuse_if_outdated
from continuum.core.recording import prepare, record
from continuum.core.selecting import Selector
from continuum.core.stating import append_entry
from continuum.domain.clock import Micros
from continuum.domain.facts import Statement
from continuum.domain.ids import TenantId, uuid7
from continuum.domain.records import Decision, Exchange, Mention, Origin, StoredMessage, Utterance
from continuum.language.sentences import sentences
from continuum.storage.repositories.erasures import ErasureRow
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

SENTENCES_MAX = 12
SENTENCE_CHARS_MAX = 400
MESSAGES_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class ConsolidatedSession:
    """A session that was summed up: its summaries (one a scope), the messages they sum up, whether those stay."""

    session_id: str
    message_ids: tuple[str, ...]
    messages: int
    originals_kept: bool


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    seq: int
    start: int
    score: float


def consolidate_sessions(
    engine: Engine, tenant: TenantId, before: Micros, limit: int, *, keep_originals: bool
) -> tuple[ConsolidatedSession, ...]:
    """Sum up sessions that were last active before a moment, oldest first. Raises StorageError.

    A summary repeats words of the session and adds none. It is a message of its own, said by nobody, at the end of
    the session: found like any other, and gone when it is forgotten.
    """
    with engine.unit(tenant, write=False) as work:
        names = work.history.old_sessions(before, limit)
    return tuple(
        done
        for name in names
        if (done := _consolidate(engine, tenant, name, keep_originals=keep_originals)) is not None
    )


def _consolidate(
    engine: Engine, tenant: TenantId, session_id: str, *, keep_originals: bool
) -> ConsolidatedSession | None:
    """One session, in one transaction with the beginning of the erasure of what it sums up."""
    ids: list[str] = []
    begun: ErasureRow | None = None
    with engine.unit(tenant, write=True) as work:
        refuse_if_outdated(work)
        messages = _not_summed_up(work, session_id)
        if not messages:
            return None
        # Each scope has its own: what one user said is no part of what is shown to another.
        for scope in dict.fromkeys(message.scope for message in messages):
            own = [message for message in messages if message.scope == scope]
            prepared = prepare(_summary(engine, work, own), engine.pipeline.extract)
            learned = record(work, prepared, engine.pipeline.extract, engine.links, engine.sealer).result
            ids += learned.message_ids
            work.history.set_summary(session_id, learned.seq)
            if not keep_originals:
                _teach_facts(engine, work, own)
        seqs = tuple(message.seq for message in messages)
        if not keep_originals:
            begun = begin(engine, work, Selector("expired", seqs=seqs, keeps_summaries=True), "summed up")
    if begun is not None:
        finish(engine, tenant, begun)
    return ConsolidatedSession(session_id, tuple(ids), len(seqs), keep_originals)


def _not_summed_up(work: UnitOfWork, session_id: str) -> list[StoredMessage]:
    """The messages of a session behind its last summary, oldest first; all of them if it has none."""
    summaries = set(work.history.summaries_of(session_id))
    last = max(summaries, default=0)
    found: list[StoredMessage] = []
    before: int | None = None
    while page := work.messages.list(session_id=session_id, limit=MESSAGES_AT_ONCE, before_seq=before):
        found += [message for message in page if message.seq > last]
        before = page[-1].seq
        if before <= last:
            break
    return found[::-1]


def _teach_facts(engine: Engine, work: UnitOfWork, messages: Sequence[StoredMessage]) -> None:
    """State by hand the facts that hold and that messages which will go have stated, so that they outlive them.

    What was replaced, wrong or retracted goes with its words. The entry says which session it comes from and how
    late that was said, so that forgetting either takes it along.
    """
    stated = work.facts.statements_at([message.seq for message in messages])
    places = {(each.seq, each.number): each for each in stated if each.mode in VALUE_MODES and each.number % 2 == 0}
    facts = work.facts.of_slots(sorted({each.slot_id for each in stated}))
    held = [
        places[f.first_seq, f.first_number] for f in facts if is_open(f) and (f.first_seq, f.first_number) in places
    ]
    by_source: dict[tuple[Origin, str], list[Statement]] = {}
    for each in held:
        by_source.setdefault((each.origin, each.source), []).append(each)
    for (origin, source), statements in by_source.items():
        for start in range(0, len(statements), FACTS_PER_CALL_MAX):
            part = statements[start : start + FACTS_PER_CALL_MAX]
            payload = facts_payload(part, origin, source, messages)
            record_, entry = append_entry(work, "facts", payload, engine.clock.now())
            apply_facts(work, record_.secret, entry)


def _summary(engine: Engine, work: UnitOfWork, messages: Sequence[StoredMessage]) -> Exchange:
    """The exchange that holds the summary of a session."""
    first, last = messages[0], messages[-1]
    now = engine.clock.now()
    metadata = {"summary_of": first.session_id, "messages": len(messages)}
    text = summary_text(messages, work.mentions.of_messages([m.seq for m in messages]), _decisions(work, messages))
    told = Utterance(
        role="system",  # said by nobody: no fact is read from it
        text=text,
        speaker=None,
        timestamp=last.timestamp,
        timestamp_given=True,
        origin=_least_trusted(messages),
        metadata=json.dumps(metadata, ensure_ascii=False, sort_keys=True),
    )
    return Exchange(uuid7(now), (told,), first.session_id, last.instance_id, first.scope, now)


def summary_text(messages: Sequence[StoredMessage], mentions: Sequence[Mention], decisions: Sequence[Decision]) -> str:
    """The most telling sentences of a session in their order, at most 12: those that decide, then those that name
    what the session names most. Every line is a sentence of the session, behind the name of who said it.
    """
    often = Counter(mention.entity_id for mention in mentions)
    decided = {(decision.message_seq, decision.start) for decision in decisions}
    found = [sentence for message in messages for sentence in _sentences(message, mentions, often, decided)]
    best = sorted(found, key=lambda each: (-each.score, each.seq, each.start))[:SENTENCES_MAX]
    names = {message.seq: message.speaker or message.role for message in messages}
    lines = [f"{names[each.seq]}: {each.text}" for each in sorted(best, key=lambda each: (each.seq, each.start))]
    return "\n".join(dict.fromkeys(lines))


def _sentences(
    message: StoredMessage, mentions: Sequence[Mention], often: Counter[str], decided: set[tuple[int, int]]
) -> list[_Sentence]:
    own = [mention for mention in mentions if mention.message_seq == message.seq]
    starts = [start for seq, start in decided if seq == message.seq]
    found = []
    for start, end in sentences(message.text):
        named = {mention.entity_id for mention in own if start <= mention.start < end}
        score = sum(often[each] for each in named) / (1 + (end - start) / 80)
        score += 100.0 if any(start <= place < end for place in starts) else 0.0
        score *= 1.0 if message.role == "user" else 0.5
        if message.text[end - 1] != "?":
            found.append(_Sentence(message.text[start:end][:SENTENCE_CHARS_MAX], message.seq, start, score))
    return found


def _decisions(work: UnitOfWork, messages: Sequence[StoredMessage]) -> list[Decision]:
    return work.decisions.of_messages([message.seq for message in messages])


def _least_trusted(messages: Sequence[StoredMessage]) -> Origin:
    """A summary is no more trusted than the least trusted of what it repeats."""
    order = (Origin.USER, Origin.ASSISTANT, Origin.IMPORT, Origin.TOOL, Origin.EXTERNAL, Origin.FEDERATION)
    return max((message.origin for message in messages), key=order.index)
