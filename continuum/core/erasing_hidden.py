"""Finds what is hidden among what is to be forgotten, and erases it: nothing is derived from it or folded."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from continuum.core.feedback import take_feedback_away
from continuum.core.hiding import is_summary
from continuum.core.stating import stated_in
from continuum.domain.facts import FactMode, Statement
from continuum.domain.records import Json, LogEntry, LogKind, Origin, Scope, StoredMessage
from continuum.storage.unit_of_work import UnitOfWork

MESSAGES_AT_ONCE = 2_000


def erase_hidden_messages(work: UnitOfWork, seqs: Sequence[int]) -> list[StoredMessage]:
    """Erase those of the messages that are hidden, with the entries in which they superseded others; gives them."""
    messages = work.quarantines.messages(seqs)
    if not messages:
        return []
    there = sorted(messages)
    ids = {message.id for message in messages.values()}
    behind = work.history.entries([seq + 1 for seq in there])
    made = [e.seq for e in behind if e.kind == "supersession" and json.loads(e.payload)["by"] in ids]
    work.idempotency.forget(there)
    work.apart.drop([*there, *made])
    work.history.blank_entries([*there, *made])
    take_feedback_away(work, there)
    work.history.remove_messages(there)  # their vectors, wordings and notes
    work.quarantines.drop([*there, *made])
    for session_id in sorted({message.session_id for message in messages.values()}):
        work.history.settle_session(session_id)
    return [messages[seq] for seq in there]


def hidden_messages(work: UnitOfWork, wanted: Callable[[StoredMessage], bool]) -> set[int]:
    """The positions of hidden messages that a condition holds for; reads all hidden messages."""
    found: set[int] = set()
    before: int | None = None
    while page := work.quarantines.list_messages(limit=MESSAGES_AT_ONCE, before_seq=before):
        found |= {message.seq for message in page if wanted(message)}
        before = page[-1].seq
    return found


def hidden_summaries(work: UnitOfWork, seqs: Collection[int]) -> set[int]:
    """Hidden summaries of sessions that messages belong to, behind the first of those: they may repeat their words."""
    sums = work.quarantines.messages(hidden_messages(work, is_summary))
    if not sums:
        return set()
    messages = {**work.messages.by_seqs(seqs), **work.quarantines.messages(seqs)}
    first: dict[str, int] = {}
    for seq in sorted(messages, reverse=True):
        first[messages[seq].session_id] = seq
    return {seq for seq, summary in sums.items() if seq > first.get(summary.session_id, seq)}


def hidden_about(work: UnitOfWork, secret: bytes, entity_ids: Collection[str]) -> set[int]:
    """The positions of hidden entity and link entries that speak of entities."""
    kinds: tuple[LogKind, ...] = ("entity", "link")
    entries = [entry for kind in kinds for page in work.log.pages(kind=kind) for entry in page]
    hidden = work.quarantines.hidden([entry.seq for entry in entries])
    stated = [stated_in(secret, entry) for entry in entries if entry.seq in hidden]
    return {each.entry.seq for each in stated if not {entity.id for entity in each.entities}.isdisjoint(entity_ids)}


def hidden_taught(work: UnitOfWork, entries: Iterable[LogEntry]) -> Iterator[Statement]:
    """What hidden entries among those given teach, as far as words alone tell: their slots are not looked for."""
    given = {entry.seq: entry for entry in entries}
    for seq in sorted(work.quarantines.hidden(given)):
        told = json.loads(given[seq].payload)
        for place, fact in enumerate(told["facts"]):
            if fact is not None:
                yield _statement(given[seq], told, fact, 2 * place)


def _statement(entry: LogEntry, told: dict[str, Json], fact: dict[str, Json], number: int) -> Statement:
    return Statement(
        slot_id="",
        seq=entry.seq,
        number=number,
        subject=fact["subject"],
        attribute=fact["attribute"],
        value=fact["value"],
        mode=FactMode(fact["mode"]),
        polarity=fact["polarity"],
        single=fact["single"],
        replaces=fact["replaces"],
        confidence=fact["confidence"],
        valid_from=entry.recorded_at,
        valid_to=None,
        recorded_at=entry.recorded_at,
        message_id=entry.entry_id,
        start=0,
        end=0,
        origin=Origin(told["origin"]),
        source=told["source"],
        scope=Scope(*told["scope"]),
        since_seq=entry.seq,
    )
