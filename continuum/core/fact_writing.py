"""Turns what a message states into statements of slots, and keeps the facts of those slots current."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from continuum.core.fact_ledger import applied, fact_id, fold_statements
from continuum.domain.clock import EARLIEST_MICROS, Micros
from continuum.domain.facts import ExtractedFact, Fact, FactMode, Statement
from continuum.domain.ids import derived_id
from continuum.domain.records import Origin, Scope, StoredMessage
from continuum.language.attributes import LASTING, OPPOSITES, fact_key
from continuum.storage.repositories.facts import MODES_BY_HAND, statement_order
from continuum.storage.unit_of_work import UnitOfWork

REFERENCE_MESSAGES_MAX = 8
"""How many messages of its session a correction that names nothing looks back."""
SAME_VALUE_MAX = 32
"""How many statements of a former value are looked at for the slot that it had."""


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

    What is left out is noted: it may mean what is put back later. The n-th fact has the numbers 2n and, where it ends
    another in a slot of its own, 2n + 1. None holds the place of a fact that was forgotten.
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
        if not new:
            work.apart.wait([(fact_key(fact.replaces or fact.value), said.seq)])
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
        own = [statement for statement in statements if statement.slot_id == slot]
        if any(fact.recorded_at > own[0].recorded_at for fact in before):  # it was said first, in another store
            after = fold_statements(secret, work.facts.statements(slot))
        else:
            after = reduce(lambda facts, statement: applied(secret, facts, statement), own, before)
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
        found = _in_the_slot_of(found, earlier)
    refers_to = None if earlier is None else (earlier.seq, earlier.number)
    new = _statement(secret, said, found, number, refers_to)
    more = _ended_besides(work, secret, said, found, new)
    return [new] if more is None else [new, more]


def _in_the_slot_of(found: ExtractedFact, earlier: Statement) -> ExtractedFact:
    ends = found.mode == FactMode.END and not found.replaces
    return replace(
        found,
        subject=earlier.subject,
        attribute=earlier.attribute,
        single=earlier.single,
        replaces="" if ends else found.replaces or earlier.value,
    )


def _ended_besides(
    work: UnitOfWork, secret: bytes, said: Said, found: ExtractedFact, new: Statement
) -> Statement | None:
    """What a statement ends outside its own slot: a former value, the opposite, the purpose that a tool had."""
    ended = replace(found, polarity=False, mode=FactMode.END, replaces="", valid_to=None)
    refers_to = new.refers_to
    if found.replaces and not found.single and found.mode != FactMode.END:
        # Each value of such an attribute is a slot of its own: the former one is ended there.
        mode = FactMode.CORRECTION if found.mode == FactMode.CORRECTION else FactMode.END
        ended = replace(ended, value=found.replaces, mode=mode)
    elif found.attribute in OPPOSITES and found.mode != FactMode.END and found.polarity and found.valid_to is None:
        ended = replace(ended, attribute=OPPOSITES[found.attribute])
    elif found.attribute == "uses" and (found.mode == FactMode.END or not found.polarity):
        purpose = _stated_with(work, said, found.subject, found.value, "uses for ")
        if purpose is None:
            return None
        ended = replace(ended, attribute=purpose.attribute, single=purpose.single)
        return _statement(secret, said, ended, new.number + 1, (purpose.seq, purpose.number))
    else:
        return None
    return replace(_statement(secret, said, ended, new.number + 1, refers_to), replaces=fact_id(secret, new))


def _referred_to(work: UnitOfWork, said: Said, found: ExtractedFact) -> Statement | None:
    """The earlier statement whose slot this one is about, where it names a former value or nothing at all."""
    if found.replaces:
        wanted = found.attribute if found.attribute.startswith("uses for ") else ""
        earlier = _stated_with(work, said, found.subject, found.replaces, wanted)
        if earlier is not None:
            return earlier
    if found.mode == FactMode.END and not found.attribute:
        return _stated_with(work, said, found.subject, found.value)
    renamed = found.attribute == "name" and not found.single and found.mode in (FactMode.CHANGE, FactMode.CORRECTION)
    if (found.attribute and found.subject and not renamed) or (found.subject and not found.attribute):
        return None
    return _stated_last(work, said, found.subject if renamed else "", found.attribute)


def _stated_with(work: UnitOfWork, said: Said, subject: str, value: str, attribute: str = "") -> Statement | None:
    """The last statement of a value of a subject, of an attribute whose name begins so; nothing that never ends."""
    stated = work.facts.with_value(fact_key(value), said.seq, SAME_VALUE_MAX)
    earlier = [each for each in stated if each.recorded_at <= said.recorded_at]
    for statement in sorted(earlier, key=statement_order, reverse=True):
        same_subject = not subject or fact_key(statement.subject) == fact_key(subject)
        ending = (
            statement.attribute.startswith(attribute) if attribute else fact_key(statement.attribute) not in LASTING
        )
        if same_subject and ending and statement.scope == said.scope and statement.polarity and _is_value(statement):
            return statement
    return None


def _stated_last(work: UnitOfWork, said: Said, subject: str, attribute: str) -> Statement | None:
    """What the same source stated last in this session, of one slot's attribute or of anything."""
    if said.session_id is None:
        return None
    recent = work.messages.list(session_id=said.session_id, before_seq=said.seq + 1, limit=REFERENCE_MESSAGES_MAX)
    recent = [message for message in recent if message.recorded_at <= said.recorded_at]
    stated = work.facts.statements_at([message.seq for message in recent])
    own = [
        each
        for each in stated
        if each.source == said.source
        and _is_value(each)
        and each.scope == said.scope
        and (not subject or (fact_key(each.subject), each.attribute) == (fact_key(subject), attribute))
    ]
    return own[-1] if own else None


def _is_value(statement: Statement) -> bool:
    return statement.mode not in MODES_BY_HAND and statement.mode != FactMode.END


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
