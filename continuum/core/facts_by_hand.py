"""Facts that a caller teaches, retracts or supersedes by hand: log entries first, derived rows from them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from continuum.core.fact_ledger import fact_id
from continuum.core.fact_writing import Said, fold_again, keep_current, resolve_and_keep
from continuum.core.rebuild_rule import refuse_if_outdated
from continuum.core.redacting import redacted_json, redacted_member
from continuum.core.stating import append_entry
from continuum.core.validation import (
    Timestamp,
    checked_iterable,
    checked_label,
    checked_text,
    checked_time,
)
from continuum.domain.clock import Micros
from continuum.domain.facts import ExtractedFact, Fact, FactMode, Statement
from continuum.domain.ids import TenantId
from continuum.domain.records import Json, LogEntry, MessageNote, Origin, Scope, Span, StoredMessage, first_recorded_at
from continuum.errors import InvalidInputError, NotFoundError, shown
from continuum.extraction.base import Redacting
from continuum.language.attributes import fact_key, is_single
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

FACTS_PER_CALL_MAX = 400
FACT_TEXT_BYTES_MAX = 1_024
REASON_BYTES_MAX = 1_024
VALUE_MODES = (FactMode.STATE, FactMode.CHANGE, FactMode.CORRECTION, FactMode.END)


@dataclass(frozen=True, slots=True)
class TaughtFact:
    """A fact as a caller teaches it: `attribute` of `subject` is `value`.

    `single` says whether the attribute has one value at a time; None takes what is known of the attribute.
    `polarity` False states that the value does not hold. Times without a zone are UTC; no `valid_from` means now.
    """

    subject: str
    attribute: str
    value: str
    polarity: bool = True
    single: bool | None = None
    mode: FactMode | str = FactMode.STATE
    replaces: str = ""
    confidence: float = 0.9
    valid_from: Timestamp = None
    valid_to: Timestamp = None


TaughtFactInput = TaughtFact | Mapping[str, Json]


def teach_facts(
    engine: Engine,
    tenant: TenantId,
    facts: Iterable[TaughtFactInput],
    *,
    origin: Origin | str,
    source: str,
    scope: Scope,
) -> tuple[Fact, ...]:
    """Learn facts directly, all of them or none; gives those that are new or changed. Raises InvalidInputError."""
    given = islice(checked_iterable(facts, "facts", "facts"), FACTS_PER_CALL_MAX + 1)
    checked = [_checked(number, fact) for number, fact in enumerate(given)]
    if not 1 <= len(checked) <= FACTS_PER_CALL_MAX:
        count = len(checked) if len(checked) <= FACTS_PER_CALL_MAX else f"more than {FACTS_PER_CALL_MAX}"
        problem = f"holds {count}; teach 1 to {FACTS_PER_CALL_MAX} in one call"
        raise InvalidInputError("facts", problem, limit=FACTS_PER_CALL_MAX)
    clean = [_without_secrets(fact, engine.redactor) for fact in checked]
    payload = {
        "facts": clean,
        "origin": _checked_origin(origin).value,
        "source": checked_label(source, "source"),
        "scope": [scope.user_id, scope.agent_id, scope.project_id],
        "session_id": None,
        "said_at": None,
    }
    with engine.unit(tenant, write=True) as work:
        refuse_if_outdated(work)
        record, entry = append_entry(work, "facts", payload, engine.clock.now())
        return tuple(apply_facts(work, record.secret, entry))


def _without_secrets(fact: Mapping[str, Json], redactor: Redacting) -> dict[str, Json]:
    """A fact without secrets; its values are read together with what they are values of."""
    clean: dict[str, Json] = json.loads(redacted_json(json.dumps(fact, ensure_ascii=False), redactor, []))
    for name in ("value", "replaces"):
        clean[name] = redacted_member(clean["attribute"], clean[name], redactor, [])
    return clean


def apply_facts(work: UnitOfWork, secret: bytes, entry: LogEntry, since: int | None = None) -> list[Fact]:
    """Derive the facts of an entry; its statements count from `since`, None for its own place."""
    return keep_current(work, secret, state_entry(work, secret, entry, since))


def state_entry(work: UnitOfWork, secret: bytes, entry: LogEntry, since: int | None = None) -> list[Statement]:
    """Keep the statements of an entry, without folding the facts; they count from `since`, None for its own place."""
    taught = json.loads(entry.payload)
    said = Said(
        seq=entry.seq,
        message_id=entry.entry_id,
        session_id=None,
        source=taught["source"],
        origin=Origin(taught["origin"]),
        scope=Scope(*taught["scope"]),
        timestamp=first_recorded_at(entry),
        recorded_at=first_recorded_at(entry),
        since_seq=entry.seq if since is None else since,
    )
    facts = [None if fact is None else _extracted(fact) for fact in taught["facts"]]
    return resolve_and_keep(work, secret, said, facts)


def facts_payload(
    statements: Sequence[Statement], origin: Origin, source: str, messages: Sequence[StoredMessage]
) -> dict[str, Json]:
    """The payload of an entry that states again what statements of messages of one session and scope say."""
    scope = messages[0].scope
    return {
        "facts": [
            {
                "subject": each.subject,
                "attribute": each.attribute,
                "value": each.value,
                "polarity": each.polarity,
                "single": each.single,
                "mode": each.mode.value,
                "replaces": "",
                "confidence": each.confidence,
                "valid_from": each.valid_from,
                "valid_to": each.valid_to,
            }
            for each in statements
        ],
        "origin": origin.value,
        "source": source,
        "scope": [scope.user_id, scope.agent_id, scope.project_id],
        "session_id": messages[0].session_id,
        "said_at": max(message.timestamp for message in messages),
    }


def retract_fact(engine: Engine, tenant: TenantId, wanted: str, reason: str) -> Fact:
    """Say that a fact was never right; what it had replaced goes on. Doing it again changes nothing.

    Raises NotFoundError and InvalidInputError.
    """
    why = checked_text(reason, "reason", REASON_BYTES_MAX)
    with engine.unit(tenant, write=True) as work:
        refuse_if_outdated(work)
        fact = fact_of(work, wanted)
        if fact.status == "retracted":
            return fact
        payload = {"target": [fact.first_seq, fact.first_number], "reason": why}
        record, entry = append_entry(work, "retraction", payload, engine.clock.now())
        apply_retraction(work, record.secret, entry)
        return work.facts.by_ids([fact.id])[fact.id]


def apply_retraction(work: UnitOfWork, secret: bytes, entry: LogEntry, since: int | None = None) -> None:
    """Keep what an entry retracts, and fold its slot; its marks count from `since`, None for its own place."""
    _mark(work, secret, marks_again(work, secret, entry, since))


def supersede(work: UnitOfWork, secret: bytes, ids: Iterable[str], message: StoredMessage, now: Micros) -> None:
    """Let facts and messages be superseded by the last message of an exchange, right after it. Raises NotFoundError."""
    targets: list[tuple[int, int]] = []
    seqs: list[int] = []
    wanted = list(dict.fromkeys(ids))
    facts, messages = work.facts.by_ids(wanted), work.messages.by_ids(wanted)
    for each in wanted:
        if each in facts:
            targets.append((facts[each].first_seq, facts[each].first_number))
        elif each in messages:
            seqs.append(messages[each].seq)
        elif work.quarantines.places([each]):
            raise NotFoundError(f"supersedes: {shown(each)} is quarantined; release it first")
        else:
            raise NotFoundError(f"supersedes: {shown(each)} is no fact and no message of this tenant")
    payload = {"targets": targets, "messages": seqs, "by": message.id, "at": message.timestamp}
    _, entry = append_entry(work, "supersession", payload, now)
    apply_supersession(work, secret, entry)


def apply_supersession(work: UnitOfWork, secret: bytes, entry: LogEntry, since: int | None = None) -> None:
    """Mark what an entry supersedes: facts, and messages with all that they state.

    Its marks count from `since`, None for its own place.
    """
    _note_superseded(work, entry)
    _mark(work, secret, marks_again(work, secret, entry, since))


def mark_superseded_again(work: UnitOfWork, seqs: Sequence[int]) -> None:
    """Mark messages whose last successor went, or came back, as superseded by the last that is there, if one is."""
    for entries in work.log.pages(min(seqs), "supersession") if seqs else ():
        about = [entry for entry in entries if not set(seqs).isdisjoint(json.loads(entry.payload)["messages"])]
        hidden = work.quarantines.hidden([entry.seq for entry in about])
        for entry in about:
            if entry.seq not in hidden:
                _note_superseded(work, entry, seqs)


def _note_superseded(work: UnitOfWork, entry: LogEntry, only: Collection[int] | None = None) -> None:
    told = json.loads(entry.payload)
    there = work.messages.by_seqs(seq for seq in told["messages"] if only is None or seq in only)
    notes = [MessageNote(seq, None, entry.seq, told["at"], told["by"]) for seq in told["messages"] if seq in there]
    work.history.put_superseded(notes)


def marks_again(work: UnitOfWork, secret: bytes, entry: LogEntry, since: int | None = None) -> list[Statement]:
    """The marks that a retraction or supersession entry sets on what is stated now; they count from `since`."""
    marks = _marks_now(work, secret, entry)
    return marks if since is None else [replace(mark, since_seq=since) for mark in marks]


def _marks_now(work: UnitOfWork, secret: bytes, entry: LogEntry) -> list[Statement]:
    told = json.loads(entry.payload)
    if entry.kind == "retraction":
        at = first_recorded_at(entry)
        return marks_of(work, secret, entry, FactMode.RETRACT, [told["target"]], told["reason"], at, "")
    stated = work.facts.statements_at(told["messages"])
    targets = [*told["targets"], *((each.seq, each.number) for each in stated if each.mode in VALUE_MODES)]
    return marks_of(work, secret, entry, FactMode.SUPERSEDE, targets, "", told["at"], told["by"])


def _mark(work: UnitOfWork, secret: bytes, marks: Sequence[Statement]) -> None:
    work.facts.append(marks)
    fold_again(work, secret, [mark.slot_id for mark in marks])


def marks_of(
    work: UnitOfWork,
    secret: bytes,
    entry: LogEntry,
    mode: FactMode,
    targets: Iterable[Sequence[int]],
    reason: str,
    at: Micros,
    by_message: str,
) -> list[Statement]:
    """The statements that mark others; words that are newer than the entry are not meant by it."""
    wanted = dict.fromkeys((seq, number) for seq, number in targets)
    stated = {(each.seq, each.number): each for each in work.facts.statements_at([seq for seq, _ in wanted])}
    worded = {wording.seq: wording.until_seq for wording in work.history.wordings([seq for seq, _ in wanted])}
    marks: list[Statement] = []
    for place in wanted:
        target = stated.get(place)
        if target is None or worded.get(target.seq, 0) > entry.seq:
            continue
        successor = _successor(work, secret, target, by_message) if mode == FactMode.SUPERSEDE else ""
        marks.append(
            replace(
                target,
                seq=entry.seq,
                number=len(marks),
                mode=mode,
                value=reason,
                replaces=successor,
                valid_from=at,
                valid_to=None,
                recorded_at=first_recorded_at(entry),
                message_id=entry.entry_id,
                start=0,
                end=0,
                refers_to=place,
                since_seq=entry.seq,
            )
        )
    return marks


def _successor(work: UnitOfWork, secret: bytes, target: Statement, message_id: str) -> str:
    """The fact of the same attribute that the superseding exchange states, '' if there is none."""
    found = work.messages.by_ids([message_id]).get(message_id)
    if found is None:
        return ""
    stated = work.facts.statements_at(work.history.seqs_of_exchanges([found.exchange_id]))
    key = fact_key(target.attribute)
    same = [s for s in stated if s.mode in VALUE_MODES and s.polarity and fact_key(s.attribute) == key]
    return fact_id(secret, same[0]) if same else ""


def fact_of(work: UnitOfWork, named: str) -> Fact:
    """A fact of this tenant. Raises NotFoundError, for another tenant's too, and InvalidInputError."""
    wanted = checked_label(named, "fact_id")
    found = work.facts.by_ids([wanted]).get(wanted)
    if found is None:
        raise NotFoundError(f"fact_id: {shown(named)} is no fact of this tenant")
    return found


def _extracted(taught: Mapping[str, Json]) -> ExtractedFact:
    return ExtractedFact(
        subject=taught["subject"],
        attribute=taught["attribute"],
        value=taught["value"],
        span=Span(0, 0, 0),
        mode=FactMode(taught["mode"]),
        polarity=taught["polarity"],
        single=taught["single"],
        replaces=taught["replaces"],
        confidence=taught["confidence"],
        valid_from=taught["valid_from"],
        valid_to=taught["valid_to"],
    )


def _checked(number: int, given: object) -> dict[str, Json]:
    field = f"facts[{number}]"
    if isinstance(given, Mapping):
        given = _from_mapping(field, given)
    if not isinstance(given, TaughtFact):
        raise InvalidInputError(field, f"must be a TaughtFact or an object, not {type(given).__name__}")
    texts = {name: _fact_text(field, name, getattr(given, name)) for name in ("subject", "attribute")}
    if given.mode not in tuple(VALUE_MODES):
        raise InvalidInputError(f"{field}.mode", f"is {shown(given.mode)}; it must be one of {', '.join(VALUE_MODES)}")
    began, ended = (
        checked_time(given.valid_from, f"{field}.valid_from"),
        checked_time(given.valid_to, f"{field}.valid_to"),
    )
    if began is not None and ended is not None and ended <= began:
        raise InvalidInputError(f"{field}.valid_to", "must be later than valid_from")
    if given.single is not None and not isinstance(given.single, bool):
        raise InvalidInputError(f"{field}.single", "must be true, false or left out")
    if not isinstance(given.polarity, bool):
        raise InvalidInputError(f"{field}.polarity", "must be true or false")
    return {
        **texts,
        "value": _fact_text(field, "value", given.value),
        "polarity": given.polarity,
        "single": is_single(texts["attribute"], texts["subject"]) if given.single is None else given.single,
        "mode": FactMode(given.mode).value,
        "replaces": checked_text(given.replaces, f"{field}.replaces", FACT_TEXT_BYTES_MAX),
        "confidence": _checked_confidence(field, given.confidence),
        "valid_from": began,
        "valid_to": ended,
    }


def _from_mapping(field: str, given: Mapping[str, Json]) -> TaughtFact:
    names = tuple(TaughtFact.__dataclass_fields__)
    for name in given:
        if name not in names:
            raise InvalidInputError(f"{field}.{str(name)[:60]}", f"is not known; a fact has {', '.join(names)}")
    for name in ("subject", "attribute", "value"):
        if name not in given:
            raise InvalidInputError(f"{field}.{name}", "is missing")
    return TaughtFact(**given)


def _fact_text(field: str, name: str, value: object) -> str:
    text = checked_text(value, f"{field}.{name}", FACT_TEXT_BYTES_MAX)
    if not any(map(str.isalnum, text)):
        raise InvalidInputError(f"{field}.{name}", "holds no word")
    return text


def _checked_confidence(field: str, value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        raise InvalidInputError(f"{field}.confidence", f"is {shown(value)}; it must lie above 0 and at most at 1")
    return float(value)


def _checked_origin(origin: Origin | str) -> Origin:
    try:
        return Origin(origin)
    except ValueError:
        known = ", ".join(each.value for each in Origin)
        raise InvalidInputError("origin", f"is {shown(origin)}; it must be one of {known}") from None
