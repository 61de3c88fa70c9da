"""Finds what a caller wants forgotten: messages by position, and facts that were taught by hand."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from continuum.core.adjusting import adjustments_of
from continuum.core.erasing_hidden import hidden_about, hidden_messages, hidden_summaries, hidden_taught
from continuum.core.facts_by_hand import fact_of
from continuum.core.receipts import ReceiptKind
from continuum.core.validation import Timestamp, checked_label, checked_scope, checked_time
from continuum.domain.clock import Micros
from continuum.domain.facts import Statement
from continuum.domain.ids import derived_id
from continuum.domain.records import Json, Scope, TenantRecord
from continuum.errors import InvalidInputError, NotFoundError, shown
from continuum.language.attributes import fact_key
from continuum.language.names import entity_key
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT_NAME_CHARS = 3


@dataclass(frozen=True, slots=True)
class Selector:
    """A checked wish to forget: exactly one of its parts is given."""

    kind: ReceiptKind
    message_id: str = ""
    concept: str = ""
    fact_id: str = ""
    session_id: str = ""
    scope: Scope = Scope()
    before: Micros = 0
    seqs: tuple[int, ...] = ()
    """Positions that are known already, of what has expired or was forgotten elsewhere."""
    keeps_summaries: bool = False
    """Whether summaries of the sessions stay, because they take the place of what goes."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What is to go: messages, whole entries made by hand, and single facts (entry, number) of taught entries."""

    seqs: tuple[int, ...]
    entries: tuple[int, ...] = ()
    taught: tuple[tuple[int, int], ...] = ()


def checked_selector(
    *,
    message_id: str | None,
    concept: str | None,
    fact_id: str | None,
    session_id: str | None,
    user_id: str | None,
    agent_id: str | None,
    project_id: str | None,
    before: Timestamp,
) -> Selector:
    """The one thing that is to be forgotten; several scopes together are one. Raises InvalidInputError."""
    scoped = any(each is not None for each in (user_id, agent_id, project_id))
    names = {"message_id": message_id, "concept": concept, "fact_id": fact_id, "session_id": session_id}
    given = [name for name, value in names.items() if value is not None]
    given += ["user_id, agent_id or project_id"] if scoped else []
    given += ["before"] if before is not None else []
    if len(given) != 1:
        said = ", ".join(given) or "nothing"
        raise InvalidInputError(
            "forget", f"names {said}; name exactly one of message_id, concept, fact_id, session_id, a scope, before"
        )
    if scoped:
        return Selector("scope", scope=checked_scope(user_id, agent_id, project_id))
    if before is not None:
        moment = checked_time(before, "before")
        assert moment is not None
        return Selector("before", before=moment)
    if message_id is not None:
        return Selector("message", message_id=checked_label(message_id, "message_id"))
    if concept is not None:
        return Selector("concept", concept=checked_label(concept, "concept"))
    if fact_id is not None:
        return Selector("fact", fact_id=checked_label(fact_id, "fact_id"))
    assert session_id is not None
    return Selector("session", session_id=checked_label(session_id, "session_id"))


def select(work: UnitOfWork, tenant: TenantRecord, wanted: Selector) -> Selected:
    """What the selector means in this tenant. Raises NotFoundError if it names what is not there."""
    if wanted.kind == "message":
        message = work.messages.by_ids([wanted.message_id]).get(wanted.message_id)
        hidden = work.quarantines.places([wanted.message_id]) if message is None else {}
        if hidden:
            return Selected(tuple(hidden.values()))
        if message is None:
            raise NotFoundError(f"message_id: {shown(wanted.message_id)} is no message of this tenant")
        return Selected((message.seq,))
    if wanted.kind == "fact":
        return _of_fact(work, wanted.fact_id)
    if wanted.kind == "concept":
        return _of_concept(work, tenant, wanted.concept)
    if wanted.kind == "session":
        seqs = work.history.seqs_of_session(wanted.session_id)
        seqs += hidden_messages(work, lambda message: message.session_id == wanted.session_id)
        outlived = _outlived(work, lambda told: told.get("session_id") == wanted.session_id)
        if not (seqs or outlived):
            raise NotFoundError(f"session_id: {shown(wanted.session_id)} is no session of this tenant")
        return Selected(tuple(sorted(seqs)), (), outlived)
    if wanted.kind == "scope":
        taught = _taught(work, lambda statement: _within(statement.scope, wanted.scope))
        hidden_seqs = hidden_messages(work, lambda message: _within(message.scope, wanted.scope))
        return Selected(tuple(sorted({*work.history.seqs_of_scope(wanted.scope), *hidden_seqs})), (), taught)
    if wanted.kind == "before":
        taught = _taught(work, lambda statement: statement.recorded_at < wanted.before)
        outlived = _outlived(work, lambda told: told["said_at"] < wanted.before)
        taught = tuple(sorted({*taught, *outlived}))
        hidden_seqs = hidden_messages(work, lambda message: message.timestamp < wanted.before)
        return Selected(tuple(sorted({*work.history.seqs_before(wanted.before), *hidden_seqs})), (), taught)
    return Selected(wanted.seqs) if wanted.kind == "expired" else _at_places(work, wanted.seqs)


def _at_places(work: UnitOfWork, seqs: tuple[int, ...]) -> Selected:
    """Whatever stands at positions: messages, entries made by hand, all that was taught there."""
    kinds = {entry.seq: entry.kind for entry in work.history.entries(seqs)}
    facts = [seq for seq, kind in kinds.items() if kind == "facts"]
    taught = {(statement.seq, statement.number // 2) for statement in work.facts.every_statement_at(facts)}
    return Selected(
        tuple(seq for seq, kind in kinds.items() if kind == "message"),
        tuple(seq for seq, kind in kinds.items() if kind in ("entity", "link", "merge", "rename")),
        tuple(sorted(taught)),
    )


def _of_fact(work: UnitOfWork, fact_id: str) -> Selected:
    """The messages that state a fact, and where it was taught; of hidden ones those that name its value."""
    fact = fact_of(work, fact_id)
    key = fact_key(fact.value)
    own = [s for s in work.facts.every_statement(fact.slot_id) if fact_key(s.value) == key]
    stated = {s.seq for s in own if s.start != s.end}
    # A taught fact may name the value as what it replaced.
    slot = (fact_key(fact.subject), fact_key(fact.attribute))
    taught = _taught(
        work,
        lambda s: (
            (s.slot_id == fact.slot_id and fact_key(s.replaces) == key)
            or (not s.slot_id and (fact_key(s.subject), fact_key(s.attribute)) == slot and _speaks_of(s, key))
        ),
    )
    stated |= hidden_messages(work, lambda message: _names_one(message.text, [fact.value]))
    return Selected(tuple(sorted(stated)), (), tuple(sorted({*_places(s for s in own if s.start == s.end), *taught})))


def _of_concept(work: UnitOfWork, tenant: TenantRecord, name: str) -> Selected:
    """The messages that name a concept, the entries that speak of it, and what was taught about it."""
    adjustments = adjustments_of(work, tenant.adjustments)
    entity_id = adjustments.entity(derived_id(tenant.secret, "concept", entity_key(name)))
    group = adjustments.group(entity_id)
    entity = work.entities.by_ids([entity_id]).get(entity_id)
    names = {name} if entity is None else {name, entity.name, *entity.aliases}
    entries = {seq for seqs in work.evidence.entries_of(group).values() for seq in seqs}
    entries |= hidden_about(work, tenant.secret, group)
    keys = set(map(fact_key, names))
    taught = _taught(work, lambda s: bool({fact_key(s.subject), fact_key(s.value), fact_key(s.replaces)} & keys))
    former = {wording.seq for wording in work.history.every_wording() if _names_one(wording.text, names)}
    seqs = {*work.history.seqs_naming(group), *former}
    seqs |= hidden_messages(work, lambda message: _names_one(message.text, names))
    if entity is None and not (taught or seqs):
        raise NotFoundError(f"concept: no concept of this tenant is called {shown(name)}")
    return Selected(tuple(sorted(seqs)), tuple(sorted(entries)), taught)


def _names_one(text: str, names: Iterable[str]) -> bool:
    """Whether a former wording, of which there are few, holds one of some names as words of its own.

    Names of up to three characters count only as they are written: "Go" is not "go".
    """
    for name in names:
        flags = 0 if len(name) <= SHORT_NAME_CHARS else re.IGNORECASE
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, flags):
            return True
    return False


def with_summaries(work: UnitOfWork, selected: Selected, wanted: Selector) -> Selected:
    """What was selected, and the summaries of the sessions it is part of: they repeat its words.

    Where the originals stay, such a session is summed up again when its time comes.
    """
    if wanted.keeps_summaries:
        return selected
    gone = set(selected.seqs)
    gone |= hidden_summaries(work, gone)
    for session in work.history.sessions_of(selected.seqs):
        summaries = work.history.summaries_of(session)
        # Each sums up what stands between the one before it and itself.
        for seq in work.history.seqs_of_session(session) if summaries else ():
            if seq in gone and (place := bisect_right(summaries, seq)) < len(summaries):
                gone.add(summaries[place])
    return replace(selected, seqs=tuple(sorted(gone)))


def _outlived(work: UnitOfWork, wanted: Callable[[dict[str, Json]], bool]) -> tuple[tuple[int, int], ...]:
    """Facts that were taught again when the messages that stated them went with a summary, by what their entry says."""
    found: list[tuple[int, int]] = []
    for entries in work.log.pages(kind="facts"):
        for entry in entries:
            told = json.loads(entry.payload)
            if told.get("session_id") is not None and wanted(told):
                found += [(entry.seq, number) for number, fact in enumerate(told["facts"]) if fact is not None]
    return tuple(found)


def _taught(work: UnitOfWork, wanted: Callable[[Statement], bool]) -> tuple[tuple[int, int], ...]:
    """The taught facts that a condition holds for, by entry and number."""
    found: list[Statement] = []
    for entries in work.log.pages(kind="facts"):
        seqs = [entry.seq for entry in entries]
        found += [s for s in work.facts.every_statement_at(seqs) if wanted(s)]
        found += [s for s in hidden_taught(work, entries) if wanted(s)]
    return _places(found)


def _speaks_of(statement: Statement, key: str) -> bool:
    return key in (fact_key(statement.value), fact_key(statement.replaces))


def _places(statements: Iterable[Statement]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted({(statement.seq, statement.number // 2) for statement in statements}))


def _within(scope: Scope, wanted: Scope) -> bool:
    return all(
        asked is None or asked == own
        for asked, own in (
            (wanted.user_id, scope.user_id),
            (wanted.agent_id, scope.agent_id),
            (wanted.project_id, scope.project_id),
        )
    )


def without_taught(payload: str, numbers: Iterable[int]) -> str | None:
    """The payload of a taught entry without some facts, whose places stay; None if none is left."""
    told = json.loads(payload)
    for number in numbers:
        told["facts"][number] = None
    if not any(told["facts"]):
        return None
    return json.dumps(told, ensure_ascii=False, sort_keys=True)
