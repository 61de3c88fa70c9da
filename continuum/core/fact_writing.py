"""Turns what a message states into statements of slots, and keeps the facts of those slots current."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from continuum.core.fact_ledger import applied, fact_id, fold_statements
from continuum.domain.clock import EARLIEST_MICROS, Micros
from continuum.domain.facts import ExtractedFact, Fact, FactMode, Statement
from continuum.domain.ids import derived_id
from continuum.domain.records import Origin, Scope, StoredMessage
from continuum.language.attributes import fact_key
from continuum.storage.unit_of_work import UnitOfWork

REFERENCE_MESSAGES_MAX = 8
"""How many messages of its session a correction that names nothing looks back."""
SAME_VALUE_MAX = 32
"""How many statements of a former value are looked at for the slot that it had."""
_BY_HAND = (FactMode.RETRACT, FactMode.SUPERSEDE)


@dataclass(frozen=True, slots=True)
class Said:
    """Who states something, where and when; `seq` is the position of the message or entry."""

    seq: int
    message_id: str
    session_id: str | None
    source: str
    origin: Origin
    scope: Scope
    timestamp: Micros
    recorded_at: Micros
    since_seq: int
    until_seq: int | None = None


def said_in(message: StoredMessage, since_seq: int | None = None, until_seq: int | None = None) -> Said:
    """The circumstances of a message; a wording counts from `since_seq` until `until_seq`."""
    return Said(
        seq=message.seq,
        message_id=message.id,
        session_id=message.session_id,
        source=message.speaker or message.role,
        origin=message.origin,
        scope=message.scope,
        timestamp=message.timestamp,
        recorded_at=message.recorded_at,
        since_seq=message.seq if since_seq is None else since_seq,
        until_seq=until_seq,
    )


def resolve_and_keep(
    work: UnitOfWork, secret: bytes, said: Said, found: Iterable[ExtractedFact | None]
) -> list[Statement]:
    """Find the slots of what is said and keep the statements; what refers to nothing known is left out.

    The n-th fact has the numbers 2n and, where it ends another in a slot of its own, 2n + 1. None holds the place
    of a fact that was forgotten.
    """
    kept: list[Statement] = []
    pending: list[Statement] = []
    for place, fact in enumerate(found):
        if fact is None:
            continue
        if not (fact.attribute and fact.subject) or fact.replaces:
            work.facts.append(pending)
            pending = []
        new = _resolved(work, secret, said, fact, 2 * place)
        kept += new
        pending += new
    work.facts.append(pending)
    return kept


def keep_current(work: UnitOfWork, secret: bytes, statements: Sequence[Statement]) -> list[Fact]:
    """Apply new statements, the newest of their slots, to the facts; gives the facts that are new or changed."""
    slots = dict.fromkeys(statement.slot_id for statement in statements)
    if not slots:
        return []
    known: dict[str, list[Fact]] = {slot: [] for slot in slots}
    for fact in work.facts.of_slots(slots):
        known[fact.slot_id].append(fact)
    changed: list[Fact] = []
    for slot, before in known.items():
        after: list[Fact] = before
        for statement in statements:
            if statement.slot_id == slot:
                after = applied(secret, after, statement)
        changed += _written(work, before, after)
    return changed


def fold_again(work: UnitOfWork, secret: bytes, slot_ids: Iterable[str]) -> None:
    """Fold the facts of slots anew from all that is stated about them."""
    slots = sorted(set(slot_ids))
    known: dict[str, list[Fact]] = {slot: [] for slot in slots}
    for fact in work.facts.of_slots(slots):
        known[fact.slot_id].append(fact)
    for slot, before in known.items():
        _written(work, before, fold_statements(secret, work.facts.statements(slot)))


def _written(work: UnitOfWork, before: Sequence[Fact], after: Sequence[Fact]) -> list[Fact]:
    old = {fact.id: fact for fact in before}
    new = {fact.id: fact for fact in after}
    changed = [fact for fact in after if old.get(fact.id) != fact]
    gone = sorted(old.keys() - new.keys())
    # A fact may keep its id and begin with another statement: its row is written whole.
    moved = [fact.id for fact in changed if fact.id in old and _is_rewritten(old[fact.id], fact)]
    work.facts.remove([*gone, *moved])
    work.facts.write(changed)
    work.facts.added(len(new) - len(old))
    return changed


def _is_rewritten(old: Fact, new: Fact) -> bool:
    return (old.value, old.subject, old.attribute, old.start, old.end) != (
        new.value,
        new.subject,
        new.attribute,
        new.start,
        new.end,
    )


def _resolved(work: UnitOfWork, secret: bytes, said: Said, found: ExtractedFact, number: int) -> list[Statement]:
    earlier = _referred_to(work, said, found)
    if earlier is None and not (found.attribute and found.subject):
        return []
    if earlier is not None:
        replaces = found.replaces or earlier.value
        found = replace(
            found, subject=earlier.subject, attribute=earlier.attribute, single=earlier.single, replaces=replaces
        )
    refers_to = None if earlier is None else (earlier.seq, earlier.number)
    new = _statement(secret, said, found, number, refers_to)
    if not found.replaces or found.single or found.mode == FactMode.END:
        return [new]
    # Each value of such an attribute is a slot of its own: the former one is ended there.
    mode = FactMode.CORRECTION if found.mode == FactMode.CORRECTION else FactMode.END
    former = replace(found, value=found.replaces, polarity=False, mode=mode, replaces="", valid_to=None)
    ended = replace(_statement(secret, said, former, number + 1, refers_to), replaces=fact_id(secret, new))
    return [new, ended]


def _referred_to(work: UnitOfWork, said: Said, found: ExtractedFact) -> Statement | None:
    """The earlier statement whose slot this one is about, where it names a former value or nothing at all."""
    if found.replaces:
        key = fact_key(found.replaces)
        candidates = work.facts.with_value(key, said.seq, SAME_VALUE_MAX)
        for statement in candidates:
            same_subject = not found.subject or fact_key(statement.subject) == fact_key(found.subject)
            if same_subject and statement.scope == said.scope and statement.polarity and _is_value(statement):
                return statement
    if found.attribute and found.subject:
        return None
    if said.session_id is None:
        return None
    recent = work.messages.list(session_id=said.session_id, before_seq=said.seq + 1, limit=REFERENCE_MESSAGES_MAX)
    stated = work.facts.statements_at([message.seq for message in recent])
    own = [each for each in stated if each.source == said.source and _is_value(each) and each.scope == said.scope]
    return own[-1] if own else None


def _is_value(statement: Statement) -> bool:
    return statement.mode not in _BY_HAND and statement.mode != FactMode.END


def _statement(
    secret: bytes, said: Said, found: ExtractedFact, number: int, refers_to: tuple[int, int] | None
) -> Statement:
    ended = found.valid_to is not None
    began = said.timestamp if found.valid_from is None else found.valid_from
    if ended and found.valid_from is None:
        began = EARLIEST_MICROS
    return Statement(
        slot_id=slot_id(secret, said.scope, found.subject, found.attribute, None if found.single else found.value),
        seq=said.seq,
        number=number,
        subject=found.subject,
        attribute=found.attribute,
        value=found.value,
        mode=found.mode,
        polarity=found.polarity,
        single=found.single,
        replaces=found.replaces,
        confidence=found.confidence,
        valid_from=began,
        valid_to=found.valid_to,
        recorded_at=said.recorded_at,
        message_id=said.message_id,
        start=found.span.start,
        end=found.span.end,
        origin=said.origin,
        source=said.source,
        scope=said.scope,
        refers_to=refers_to,
        since_seq=said.since_seq,
        until_seq=said.until_seq,
    )


def slot_id(secret: bytes, scope: Scope, subject: str, attribute: str, value: str | None) -> str:
    """The id of a slot; `value` is None for an attribute with one value at a time."""
    own = "" if value is None else fact_key(value)
    names = [part or "" for part in (scope.user_id, scope.agent_id, scope.project_id)]
    return derived_id(secret, "slot", *names, fact_key(subject), fact_key(attribute), own)
