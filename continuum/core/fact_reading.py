"""Finds the facts that bear on a question: what holds at the moment asked for first, then what it replaced.

Slots come from the question's own words (attribute and subject) and from what the best memories state. A memory that
states what no longer holds is labelled, and never stands before the one that states what does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

from continuum.core.fact_ledger import held_at
from continuum.core.questions import RecallRequest
from continuum.domain.clock import EARLIEST_MICROS, Micros, from_micros
from continuum.domain.facts import Fact, FactMode, FactQuestion
from continuum.domain.records import Scope, TenantRecord
from continuum.domain.results import RecalledFact
from continuum.domain.trust import trust_of
from continuum.language.attributes import fact_key
from continuum.language.tokens import query_terms, terms_of
from continuum.retrieval.fact_questions import fact_question
from continuum.storage.repositories.facts import Stated
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.past import Past

TERMS_CACHED = 4_096
GROUPS_MAX = 4
FACTS_MAX = 12
FORMER_PER_GROUP_MAX = 4
FACTS_LOOKED_AT_MAX = 400
CROWDED_MIN = 12
"""Facts of the attributes asked for from which on only those of the subjects asked for are looked at."""
PAIRS_LOOKED_AT_MAX = 9
"""Attributes times subjects that are looked up one by one where the attributes are crowded."""
STATING_MEMORIES_MAX = 5
"""What the best few memories state is looked at, even if the question names no attribute."""
ATTRIBUTE_STEP = 0.08
SUBJECT_SHARE = 0.6
VALUE_SHARE = 0.5
STATED_SHARE = 0.35
ASKED_AND_STATED = 0.2
LEAST_SCORE = 0.75
"""Below, a slot neither is the one that was asked for nor stands in the best memories under the question's words."""

Group = tuple[str, str, Scope]
"""Subject, attribute and scope: the slots of an attribute of many values belong together."""


@dataclass(frozen=True, slots=True)
class FoundFacts:
    """The facts to show, and what they say of ranked messages."""

    facts: tuple[RecalledFact, ...]
    outdated: Mapping[int, str]
    """By position: what has become of what a message states."""
    ahead: tuple[tuple[int, int], ...]
    """Pairs of positions (current, outdated): the first must not stand behind the second."""


NO_FACTS = FoundFacts((), {}, ())


def asked_for(request: RecallRequest, speakers: Collection[str]) -> FactQuestion | None:
    """Which fact a question asks for, if it does."""
    return fact_question(request.message, _moment_of(request), speakers)


def _moment_of(request: RecallRequest) -> Micros:
    return request.now if request.as_of is None else request.as_of


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What the words of a question and its best messages lead to."""

    stated: list[Stated]
    known: list[Fact]
    missing: frozenset[str]
    """Slots that the messages speak of, and whose facts are not known yet."""


def look_up(work: UnitOfWork, asked: FactQuestion | None, seqs: Sequence[int], past: Past | None) -> LookedUp:
    """The first look for facts: what the messages at `seqs` state, and what the question `asked` for names."""
    stated = work.facts.stated_at(seqs) if past is None else work.facts.stated_at(seqs, past.seq)
    known = _looked_up(work, asked) if asked is not None else []
    missing = frozenset({each.slot_id for each in stated} - {fact.slot_id for fact in known})
    if past is None:
        work.facts.foresee_slots(missing)
    return LookedUp(stated, known, missing)


def facts_for(
    work: UnitOfWork,
    request: RecallRequest,
    asked: FactQuestion | None,
    looked: LookedUp,
    seqs: Sequence[int],
    past: Past | None,
    expired: Collection[int] = (),
) -> FoundFacts:
    """The facts that bear on a question whose best messages stand at `seqs`, best first; none of `expired` messages.

    `asked` is what `asked_for` gives, and `looked` what `look_up` does.
    """
    moment = _moment_of(request)
    stated, known = looked.stated, looked.known
    if past is not None:
        slots = {each.slot_id for each in (*stated, *work.facts.stated_at(past.reworded, past.seq))}
        facts = past.facts(sorted(slots | {fact.slot_id for fact in known}))
    else:
        facts = [*_whole_slots(work, known), *work.facts.of_slots(sorted(looked.missing))]
    facts = [fact for fact in facts if fact.first_seq not in expired and _is_allowed(fact, request, seqs)]
    if not facts:
        return NO_FACTS
    groups = _best_groups(request, asked, facts, stated, seqs)
    shown = [f for group in groups for f in _shown(group, asked, moment, current_only=request.current_only)]
    # Into a view of the past nothing may come that its search did not find.
    slots_asked = {fact.slot_id for group in groups for fact in group}
    brought_in = slots_asked if past is None else set()
    outdated, ahead = _outdated(facts, stated, moment, seqs, slots_asked, brought_in)
    if asked is not None and asked.time != "now":
        ahead = ()
    return FoundFacts(tuple(shown[:FACTS_MAX]), outdated, ahead)


def _looked_up(work: UnitOfWork, asked: FactQuestion) -> list[Fact]:
    """Facts of the attributes that the question may ask for."""
    limit = CROWDED_MIN if asked.subjects else FACTS_LOOKED_AT_MAX
    found = work.facts.of_attributes(asked.attributes, limit)
    if len(found) < limit or not asked.subjects:
        return found
    return work.facts.of_pairs(_likely_pairs(asked), FACTS_LOOKED_AT_MAX)


def _likely_pairs(asked: FactQuestion) -> list[tuple[str, str]]:
    likely = sorted(product(range(len(asked.attributes)), range(len(asked.subjects))), key=sum)
    return [(asked.attributes[a], asked.subjects[s]) for a, s in likely[:PAIRS_LOOKED_AT_MAX]]


def foresee_look_up(work: UnitOfWork, tenant: TenantRecord, asked: FactQuestion | None, seqs: Sequence[int]) -> None:
    """`look_up` will be asked, about the present."""
    work.facts.foresee_stated(seqs)
    if asked is None:
        return
    work.facts.foresee_attributes(asked.attributes, CROWDED_MIN if asked.subjects else FACTS_LOOKED_AT_MAX)
    if asked.subjects and tenant.facts >= CROWDED_MIN:
        work.facts.foresee_pairs(_likely_pairs(asked), FACTS_LOOKED_AT_MAX)


def _whole_slots(work: UnitOfWork, facts: Sequence[Fact]) -> list[Fact]:
    """All facts of the slots of some; a look-up that was cut off may have left a part behind."""
    if len(facts) < FACTS_LOOKED_AT_MAX:
        return list(facts)
    return work.facts.of_slots(sorted({fact.slot_id for fact in facts}))


def _is_allowed(fact: Fact, request: RecallRequest, seqs: Sequence[int]) -> bool:
    """Whether the filters let a fact through: scopes are its own, the rest is that of the message that states it."""
    if trust_of(fact.origin) < request.min_trust:
        return False
    scope = request.scope
    for asked, own in (
        (scope.user_id, fact.scope.user_id),
        (scope.agent_id, fact.scope.agent_id),
        (scope.project_id, fact.scope.project_id),
    ):
        if asked is not None and asked != own:
            return False
    if request.filters or request.roles is not None or request.since is not None or request.until is not None:
        return fact.first_seq in seqs
    return True


def _best_groups(
    request: RecallRequest,
    asked: FactQuestion | None,
    facts: Sequence[Fact],
    stated: Sequence[Stated],
    seqs: Sequence[int],
) -> list[list[Fact]]:
    """The groups that the question most likely asks for, best first."""
    groups: dict[Group, list[Fact]] = {}
    for fact in {fact.id: fact for fact in facts}.values():
        groups.setdefault((fact_key(fact.subject), fact_key(fact.attribute), fact.scope), []).append(fact)
    place = {seq: number for number, seq in enumerate(seqs[:STATING_MEMORIES_MAX])}
    said_in = {s.slot_id: place[s.seq] for s in reversed(stated) if s.seq in place}
    words = {term.hash for term in query_terms(request.message)}
    scored = []
    for key, members in groups.items():
        places = [said_in[fact.slot_id] for fact in members if fact.slot_id in said_in]
        score = _score(key, members, asked, words)
        stated_share = STATED_SHARE / (1 + min(places)) if places else 0.0
        if score + stated_share >= LEAST_SCORE:
            # A slot that the question names needs no memory to speak for it: that only decides between equals.
            named = asked is not None and key[1] in asked.attributes
            score += stated_share * (ASKED_AND_STATED if named else 1.0)
            newest = max(fact.last_seq for fact in members)
            scored.append((-score, -newest, key[1], key[0], members))
    scored.sort(key=lambda each: each[:4])
    return [members for *_, members in scored[:GROUPS_MAX]]


def _score(key: Group, members: Sequence[Fact], asked: FactQuestion | None, words: set[int]) -> float:
    subject, attribute, _ = key
    score = 0.0
    if asked is not None and attribute in asked.attributes:
        score += 1.0 - ATTRIBUTE_STEP * asked.attributes.index(attribute)
        if subject in asked.subjects:
            score += SUBJECT_SHARE * (1.0 - ATTRIBUTE_STEP * asked.subjects.index(subject))
        elif asked.subjects:
            score -= SUBJECT_SHARE * (1.0 - _overlap(members[0].subject, words))
    else:
        score += 0.5 * _overlap(members[0].attribute, words) + 0.25 * _overlap(members[0].subject, words)
    if asked is not None and any(fact_key(fact.value) in asked.values for fact in members):
        score += VALUE_SHARE
    return score


def _overlap(text: str, words: set[int]) -> float:
    """The share of a text's terms that the question holds."""
    terms = _terms(text)
    return len(terms & words) / len(terms) if terms else 0.0


@lru_cache(maxsize=TERMS_CACHED)
def _terms(text: str) -> frozenset[int]:
    """The terms of a subject or an attribute, of which there are few; kept apart from those of questions."""
    return frozenset(next(iter(terms_of(text, [(0, len(text))]))))


def _shown(
    group: Sequence[Fact], asked: FactQuestion | None, moment: Micros, *, current_only: bool
) -> list[RecalledFact]:
    """The facts of a group in the order in which the question wants them."""
    by_id = {fact.id: fact for fact in group}
    held = sorted((f for f in group if held_at(f, moment)), key=_surest_first)
    former = sorted(
        (f for f in group if not held_at(f, moment) and f.valid_from <= moment and _is_worth_showing(f)),
        key=lambda f: (f.status == "wrong", -(f.valid_to or moment), -f.last_seq),
    )
    wanted = [f for f in _of_the_past(group, asked, moment) if held_at(f, moment) or not current_only]
    ordered = [*wanted, *(f for f in held if f not in wanted)]
    if not current_only:
        ordered += [f for f in former if f not in wanted][:FORMER_PER_GROUP_MAX]
    if asked is not None and asked.values:
        ordered.sort(key=lambda f: fact_key(f.value) not in asked.values)
    return [recalled(fact, by_id, moment) for fact in ordered]


def _surest_first(fact: Fact) -> tuple[bool, bool, int, int]:
    """What holds before what is disputed beside it, however new that is; then the newest."""
    return (not fact.polarity, fact.status == "disputed", -fact.valid_from, -fact.last_seq)


def _is_worth_showing(fact: Fact) -> bool:
    """What was retracted is not shown; a mistake is, labelled, since a memory that states it may be found."""
    return fact.status != "retracted" and fact.polarity


def _of_the_past(group: Sequence[Fact], asked: FactQuestion | None, moment: Micros) -> list[Fact]:
    """What a question about the past asks for, best first."""
    if asked is None or asked.time == "now":
        return []
    true = [f for f in group if f.status not in ("wrong", "retracted") and f.polarity and f.valid_from <= moment]
    if asked.time == "at" and asked.start is not None and asked.end is not None:
        start, end = asked.start, asked.end
        then = [f for f in true if f.valid_from < end and (f.valid_to is None or f.valid_to > start)]
        return sorted(then, key=lambda f: -_shared(f, start, end))
    if asked.time == "before":
        named = [f for f in true if fact_key(f.value) == asked.before_value]
        pivot = min((f.valid_from for f in named or [f for f in true if held_at(f, moment)]), default=moment)
        pivot = max(pivot, EARLIEST_MICROS + 1)
        earlier = [f for f in true if f.valid_to is not None and f.valid_to <= pivot]
        if asked.start is not None:
            return sorted(earlier, key=lambda f: (f.valid_from, f.valid_to or 0, f.first_seq))
        return sorted(earlier, key=lambda f: (-(f.valid_to or 0), -f.valid_from, -f.last_seq))
    if asked.time == "ever":
        return sorted(true, key=lambda f: (f.valid_to is not None, -f.valid_from))
    return []


def _shared(fact: Fact, start: Micros, end: Micros) -> Micros:
    """How long a fact held within a window."""
    return min(end, end if fact.valid_to is None else fact.valid_to) - max(start, fact.valid_from)


def recalled(fact: Fact, by_id: Mapping[str, Fact], moment: Micros) -> RecalledFact:
    """The fact as it is shown at a moment."""
    successor = by_id.get(fact.replaced_by or "")
    return RecalledFact(
        id=fact.id,
        subject=fact.subject,
        attribute=fact.attribute,
        value=fact.value,
        polarity=fact.polarity,
        status=fact.status,
        current=held_at(fact, moment),
        label=label_of(fact, successor, moment),
        valid_from=None if fact.valid_from <= EARLIEST_MICROS else from_micros(fact.valid_from),
        valid_to=None if fact.valid_to is None else from_micros(fact.valid_to),
        confidence=round(fact.confidence, 4),
        witnesses=fact.witnesses,
        source=fact.source,
        origin=fact.origin.value,
        message_id=fact.message_id,
        start=fact.start,
        end=fact.end,
        trust=trust_of(fact.origin),
    )


def label_of(fact: Fact, successor: Fact | None, moment: Micros) -> str:
    """When a fact held, in words, and what follows it."""
    if fact.status == "retracted":
        return "retracted"
    if fact.status == "wrong":
        return "corrected" if successor is None else f"corrected to: {successor.value}"
    if held_at(fact, moment):
        since = "" if fact.valid_from <= EARLIEST_MICROS else f"since {_day(fact.valid_from)}"
        words = since if fact.polarity else f"not {since}".strip()
        return f"disputed {words}".strip() if fact.status == "disputed" else words
    if fact.valid_from > moment:
        return f"from {_day(fact.valid_from)}"
    until = f"until {_day(fact.valid_to)}" if fact.valid_to is not None else "in the past"
    return until if successor is None else f"{until}; then: {successor.value}"


def _day(moment: Micros) -> str:
    return from_micros(moment).date().isoformat()


def _outdated(
    facts: Sequence[Fact],
    stated: Sequence[Stated],
    moment: Micros,
    seqs: Sequence[int],
    asked_for: Collection[str],
    brought_in: Collection[str],
) -> tuple[dict[int, str], tuple[tuple[int, int], ...]]:
    """Which of the ranked messages state only what does not hold, and which messages state what does instead.

    The latter may be messages that were not ranked, for slots that are to be `brought_in`.
    """
    by_slot: dict[str, list[Fact]] = {}
    for fact in facts:
        by_slot.setdefault(fact.slot_id, []).append(fact)
    labels: dict[int, str] = {}
    asked: set[int] = set()
    holds: set[int] = set()
    pairs: list[tuple[int, int]] = []
    by_id = {fact.id: fact for fact in facts}
    for statement in stated:
        own = _facts_stated(statement, by_slot.get(statement.slot_id, ()))
        if any(held_at(fact, moment) for fact in own):
            holds.add(statement.seq)
        elif own and own[-1].valid_from <= moment:
            former = own[-1]
            labels.setdefault(statement.seq, label_of(former, by_id.get(former.replaced_by or ""), moment))
            asked |= {statement.seq} if statement.slot_id in asked_for else set()
            pairs += [
                (fact.first_seq, statement.seq)
                for fact in by_slot[statement.slot_id]
                if _may_stand_ahead(fact, moment) and (fact.first_seq in seqs or fact.slot_id in brought_in)
            ]
    # Of a message that states other things too, which still hold, only the slot that was asked for is told.
    outdated = {seq: label for seq, label in labels.items() if seq not in holds or seq in asked}
    return outdated, tuple((current, seq) for current, seq in pairs if seq in outdated)


def _facts_stated(statement: Stated, facts: Iterable[Fact]) -> list[Fact]:
    """The facts that a statement is a witness of, the newest last."""
    key, polarity = fact_key(statement.value), bool(statement.polarity) and statement.mode != FactMode.END
    own = [fact for fact in facts if fact_key(fact.value) == key and fact.polarity == polarity]
    return sorted(own, key=lambda fact: fact.last_seq)


def _may_stand_ahead(fact: Fact, moment: Micros) -> bool:
    """Whether a fact holds, and a message says so."""
    return held_at(fact, moment) and fact.polarity and fact.start != fact.end


def current_first(seqs: Sequence[int], ahead: Iterable[tuple[int, int]]) -> list[int]:
    """Positions with each current one before the outdated ones that it replaces; as many as before.

    >>> current_first([5, 7, 9], [(9, 5)]), current_first([5, 7], [(8, 7)])
    ([9, 5, 7], [5, 8])
    """
    ordered = list(seqs)
    for current, outdated in ahead:
        if outdated not in ordered or (current in ordered and ordered.index(current) < ordered.index(outdated)):
            continue
        if current in ordered:
            ordered.remove(current)
        ordered.insert(ordered.index(outdated), current)
    return ordered[: len(seqs)]
