"""What may be stated otherwise when messages or entries go out of sight or come back: statements that lean on others.

More than needed may be named: to state a thing again changes nothing where nothing has changed.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from continuum.core.fact_writing import REFERENCE_MESSAGES_MAX
from continuum.core.rebuilding import exchange_of
from continuum.core.validation import MESSAGES_PER_EXCHANGE_MAX
from continuum.domain.facts import FactMode, Statement
from continuum.domain.records import LogEntry, LogKind, StoredMessage
from continuum.language.attributes import fact_key
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

_BY_HAND: tuple[LogKind, ...] = ("retraction", "supersession")


def after_a_move(engine: Engine, work: UnitOfWork, changed: Collection[int]) -> set[int]:
    """Messages and entries that may state something else without these, or with them again, and what leans on those."""
    first = min(changed, default=0)
    former = [(seq, fact_key(value)) for seq, value in work.apart.former_values(first)]
    found: set[int] = set()
    new = set(changed)
    while new:
        messages = work.messages.by_seqs(new)
        values = _values(engine, work, new, messages, changed)
        near = _looking_back(work, messages.values()) | work.apart.looking_for(values, first)
        near |= {seq for seq, value in former if value in values}
        near |= {each.seq for each in work.facts.referring_to(sorted(new))}
        new = near - found - set(changed)
        found |= new
    return found | _naming(work, first, {*changed, *found})


def _values(
    engine: Engine,
    work: UnitOfWork,
    seqs: Collection[int],
    messages: Mapping[int, StoredMessage],
    moved: Collection[int],
) -> set[str]:
    """The values that messages and entries state, or would if what they wait for were there."""
    values = {fact_key(each.value) for each in work.facts.statements_at(seqs)}
    waiting = work.apart.waiting(seqs) | (set(seqs) & set(moved))
    values |= _said(engine, work, [message for seq, message in messages.items() if seq in waiting])
    return values | _taught(work.history.entries(waiting - messages.keys()))


def _looking_back(work: UnitOfWork, messages: Iterable[StoredMessage]) -> set[int]:
    """What follows in the sessions of messages and may mean what was stated last there."""
    near: set[int] = set()
    for message in messages:
        near |= set(work.history.seqs_following(message.session_id, message.seq, REFERENCE_MESSAGES_MAX))
    stated = work.facts.statements_at(near)
    found = {each.seq for each in stated if each.refers_to is not None or _renames(each)}
    return found | work.apart.waiting(near)


def _renames(statement: Statement) -> bool:
    """Whether a statement looked for the name that it changes, and may not have found it."""
    return statement.attribute == "name" and statement.mode in (FactMode.CHANGE, FactMode.CORRECTION)


def counting_since(work: UnitOfWork, seqs: Collection[int]) -> dict[int, int]:
    """From where on messages and entries state what they do, where that is not their own place: as a rebuild says."""
    since = {seq: at for seq, at in work.facts.counting_since().items() if seq in seqs}
    for wording in work.history.wordings(seqs):
        since[wording.seq] = max(since.get(wording.seq, 0), wording.until_seq)
    return since


def _said(engine: Engine, work: UnitOfWork, messages: Iterable[StoredMessage]) -> set[str]:
    """The values that messages state, whether or not that is kept now."""
    by_exchange: dict[str, list[StoredMessage]] = {}
    for message in messages:
        by_exchange.setdefault(message.exchange_id, []).append(message)
    found: set[str] = set()
    for together in by_exchange.values():
        extraction = engine.pipeline.extract(exchange_of(sorted(together, key=lambda each: each.seq)))
        found |= {fact_key(value) for each in extraction.facts for value in (each.value, each.replaces) if value}
    return found


def _taught(entries: Iterable[LogEntry]) -> set[str]:
    facts = [fact for entry in entries if entry.kind == "facts" for fact in json.loads(entry.payload)["facts"] if fact]
    return {fact_key(value) for fact in facts for value in (fact["value"], fact["replaces"]) if value}


def _naming(work: UnitOfWork, first: int, seqs: Collection[int]) -> set[int]:
    """Retractions and supersessions after a position that are about one of these, or made by one."""
    stated = sorted(seqs)
    found: set[int] = set()
    for kind in _BY_HAND:
        for entries in work.log.pages(first, kind):
            for entry in entries:
                told = json.loads(entry.payload)
                targets = [told["target"]] if kind == "retraction" else told["targets"]
                about = {place[0] for place in targets} | set(told.get("messages", ()))
                place = bisect_left(stated, entry.seq)
                near = place > 0 and stated[place - 1] >= entry.seq - MESSAGES_PER_EXCHANGE_MAX
                if not about.isdisjoint(seqs) or (kind == "supersession" and near):
                    found.add(entry.seq)
    return found
