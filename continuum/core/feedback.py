"""Feedback: which of what a recall showed was used. A log entry; what follows from it is folded by `use_state`.

Each thing that a recall showed counts once: who repeats a feedback changes nothing, who adds to one adds only what is
new. An entry names positions and ids, never words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from continuum.core.ranker import Ranker, RankerReport
from continuum.core.recall_id import RECALL_ID_CHARS_MAX, RecallNote, digest_of, read_recall
from continuum.core.stating import append_entry
from continuum.core.validation import checked_iterable, checked_text
from continuum.domain.ids import TenantId
from continuum.domain.records import Json, LogEntry
from continuum.errors import InvalidInputError, NotFoundError, shown
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

ITEMS_MAX = 300
CONCEPTS_PER_MEMORY_MAX = 6
"""Of a memory's concepts the first so many are tied to what the question named."""
DAY_MICROS: Final = 86_400_000_000
SUBJECT_OF_MESSAGE: Final = "message:"


@dataclass(frozen=True, slots=True)
class FeedbackResult:
    """How many things counted; `duplicate` if all of them had been said before, and nothing was written."""

    used: int
    ignored: int
    duplicate: bool
    seq: int = 0
    """The position of the log entry, 0 if there is none."""


@dataclass(frozen=True, slots=True)
class _Items:
    """Some of what a recall showed: messages by position, concepts by id."""

    seqs: tuple[int, ...]
    concepts: tuple[str, ...]


def give_feedback(
    engine: Engine,
    tenant: TenantId,
    recall_id: str,
    used: str | Iterable[str],
    ignored: str | Iterable[str],
    *,
    detected: bool = False,
) -> FeedbackResult:
    """Keep which of the ids that a recall showed were used, and which were not. Ids are those of memories, facts and
    concepts.

    Raises InvalidInputError (a forged, foreign or expired recall id; an id that it did not show; one on both sides)
    and NotFoundError (an id that is no longer there).
    """
    token = checked_text(recall_id, "recall_id", RECALL_ID_CHARS_MAX)
    chosen = {"used": _ids(used, "used"), "ignored": _ids(ignored, "ignored")}
    both = set(chosen["used"]) & set(chosen["ignored"])
    if both:
        raise InvalidInputError("ignored", f"{shown(min(both))} is named as used too; name it once")
    if not (chosen["used"] or chosen["ignored"]):
        raise InvalidInputError("used", "names nothing; name at least one id that was used or ignored")
    with engine.unit(tenant, write=True) as work:
        record = work.tenants.get()
        if record is None:
            raise InvalidInputError("recall_id", "is not a recall id of this tenant; it has no memories yet")
        note = read_recall(record.secret, token)
        _refuse_expired(engine, note)
        said, listed = (_resolved(work, note, ids, name) for name, ids in chosen.items())
        before = _said_before(work, digest_of(token))
        used_items, ignored_items = _without(said, before), _without(listed, before)
        if not (used_items.seqs or used_items.concepts or ignored_items.seqs or ignored_items.concepts):
            return FeedbackResult(0, 0, duplicate=True)
        entry = _keep(engine, work, note, token, used_items, ignored_items, detected=detected)
    return FeedbackResult(
        len(used_items.seqs) + len(used_items.concepts),
        len(ignored_items.seqs) + len(ignored_items.concepts),
        duplicate=False,
        seq=entry.seq,
    )


def _ids(given: str | Iterable[str], field: str) -> list[str]:
    ids = [given] if isinstance(given, str) else list(islice(checked_iterable(given, field, "ids"), ITEMS_MAX + 1))
    if len(ids) > ITEMS_MAX:
        raise InvalidInputError(field, f"names more than {ITEMS_MAX} ids", limit=ITEMS_MAX)
    return list(dict.fromkeys(checked_text(each, f"{field}[{number}]", 256) for number, each in enumerate(ids)))


def _refuse_expired(engine: Engine, note: RecallNote) -> None:
    days = engine.config.recall_id_days
    if engine.clock.now() - note.at > days * DAY_MICROS:
        raise InvalidInputError("recall_id", f"has expired: feedback is taken for {days} days; recall again")


def _resolved(work: UnitOfWork, note: RecallNote, ids: Sequence[str], field: str) -> _Items:
    """What the ids name, all of which the recall showed. Raises InvalidInputError and NotFoundError."""
    concepts = [each for each in ids if each in note.concept_ids]
    rest = [each for each in ids if each not in note.concept_ids]
    stated = work.facts.by_ids([each for each in rest if each in note.fact_ids])
    facts = {fact_id: fact.message_id for fact_id, fact in stated.items()}
    messages = work.messages.by_ids([facts.get(each, each) for each in rest])
    seqs: list[int] = []
    for each in rest:
        message = messages.get(facts.get(each, each))
        if message is None:
            raise NotFoundError(f"{field}: {shown(each)} is no memory, fact or concept of this tenant")
        if each not in facts and message.seq not in note.message_seqs:
            raise InvalidInputError(field, f"{shown(each)} was not shown by this recall")
        seqs.append(message.seq)
    return _Items(tuple(dict.fromkeys(seqs)), tuple(concepts))


def _said_before(work: UnitOfWork, digest: str) -> _Items:
    """What earlier feedback on the same recall named."""
    seqs = work.evidence.entries_of([digest]).get(digest, set())
    told = [json.loads(entry.payload) for entry in work.history.entries(seqs) if entry.kind == "feedback"]
    return _Items(
        tuple(seq for each in told for seq in (*each["used"], *each["ignored"])),
        tuple(concept for each in told for concept in (*each["concepts_used"], *each["concepts_ignored"])),
    )


def _without(items: _Items, before: _Items) -> _Items:
    return _Items(
        tuple(seq for seq in items.seqs if seq not in before.seqs),
        tuple(each for each in items.concepts if each not in before.concepts),
    )


def _keep(
    engine: Engine, work: UnitOfWork, note: RecallNote, token: str, used: _Items, ignored: _Items, *, detected: bool
) -> LogEntry:
    spoken = concepts_of(work, {*used.seqs, *ignored.seqs})
    payload: dict[str, Json] = {
        "recall": digest_of(token),
        "at": note.at,
        "cues": list(note.cues),
        "named": list(note.concept_ids[: note.named]),
        "used": list(used.seqs),
        "ignored": list(ignored.seqs),
        "concepts_used": list(used.concepts),
        "concepts_ignored": list(ignored.concepts),
        "speaks": {str(seq): spoken.get(seq, []) for seq in (*used.seqs, *ignored.seqs)},
        "signals": _signals(note) if used.seqs else [],
        "detected": detected,
    }
    _, entry = append_entry(work, "feedback", payload, engine.clock.now())
    note_subjects(work, entry)
    work.tenants.used()
    return entry


def note_subjects(work: UnitOfWork, entry: LogEntry) -> None:
    """Note of whom a feedback entry speaks: its recall and its messages, so that either leads to it."""
    told = json.loads(entry.payload)
    named = {seq for seq, _ in told["signals"]} | {*told["used"], *told["ignored"]}
    work.evidence.add_entry(entry.seq, [told["recall"], *(f"{SUBJECT_OF_MESSAGE}{seq}" for seq in sorted(named))])


def concepts_of(work: UnitOfWork, seqs: Iterable[int]) -> dict[int, list[str]]:
    """The first concepts that each message names."""
    found: dict[int, list[str]] = {}
    for mention in work.mentions.of_messages(sorted(seqs)):
        own = found.setdefault(mention.message_seq, [])
        if mention.entity_id not in own and len(own) < CONCEPTS_PER_MEMORY_MAX:
            own.append(mention.entity_id)
    return found


def _signals(note: RecallNote) -> list[list[Json]]:
    """What the ranker learns from: nothing if the caller had named the weights."""
    if not note.default_weights:
        return []
    return [[seq, dict(signals)] for seq, signals in zip(note.message_seqs, note.signals, strict=False)]


def take_feedback_away(work: UnitOfWork, gone: Sequence[int]) -> None:
    """Rewrite what feedback said of messages that are erased, as if it had never spoken of them."""
    named = work.evidence.entries_of([f"{SUBJECT_OF_MESSAGE}{seq}" for seq in gone])
    for entry in work.history.entries({seq for seqs in named.values() for seq in seqs}):
        left = _without_messages(entry.payload, gone)
        work.evidence.remove_entries([entry.seq])
        if left is None:
            work.history.blank_entries([entry.seq])
        else:
            work.history.rewrite_entry(entry.seq, left)
            note_subjects(work, replace(entry, payload=left))
        work.tenants.used()


def _without_messages(payload: str, gone: Iterable[int]) -> str | None:
    """A feedback entry's payload without some messages, which were erased; None if nothing is left of it."""
    told = json.loads(payload)
    lost = set(gone)
    for name in ("used", "ignored"):
        told[name] = [seq for seq in told[name] if seq not in lost]
    told["speaks"] = {seq: ids for seq, ids in told["speaks"].items() if int(seq) not in lost}
    told["signals"] = [[seq, signals] for seq, signals in told["signals"] if seq not in lost]
    if not (told["used"] or told["ignored"] or told["concepts_used"] or told["concepts_ignored"]):
        return None
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def ranker_report(engine: Engine, tenant: TenantId) -> RankerReport:
    """How the tenant's own weights do against the default ones."""
    with engine.unit(tenant, write=False) as work:
        record = work.tenants.get()
        if record is not None:
            use = engine.uses.current(work, record)
            if use is not None:
                return use.ranker.report()
    return Ranker().report()


def reset_ranker(engine: Engine, tenant: TenantId) -> None:
    """Forget what was learnt about weights: they begin anew at the default. A log entry."""
    with engine.unit(tenant, write=True) as work:
        append_entry(work, "ranker", {"reset": True}, engine.clock.now())
        work.tenants.used()
