"""Folds the statements of one slot into its facts: what held from when to when, and why it ended. Pure.

A slot is (scope, subject, attribute), and for an attribute of many values the value too, so nothing that is said of
one slot can touch another. Statements come in the order of the log and may speak of any time. Nothing is deleted: a
fact that is replaced, wrong, over or retracted says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from continuum.domain.clock import EARLIEST_MICROS, Micros
from continuum.domain.facts import USER_SUBJECT, Fact, FactMode, FactStatus, Statement
from continuum.domain.ids import derived_id
from continuum.domain.records import Origin
from continuum.language.attributes import fact_key
from continuum.storage.repositories.facts import MODES_BY_HAND, fact_order

CONFIDENCE_MAX = 0.99
_TRUST = {
    Origin.USER: 2,
    Origin.IMPORT: 1,
    Origin.ASSISTANT: 0,
    Origin.TOOL: 0,
    Origin.EXTERNAL: 0,
    Origin.FEDERATION: 0,
}


def fold_statements(secret: bytes, statements: Iterable[Statement]) -> list[Fact]:
    """The facts of one slot, in the order in which they began."""
    facts: list[Fact] = []
    for statement in statements:
        facts = applied(secret, facts, statement)
    return facts


def applied(secret: bytes, facts: Sequence[Fact], statement: Statement) -> list[Fact]:
    """The facts of a slot after one more statement, in the order in which they began."""
    slot = _Slot(secret, facts)
    if statement.mode in MODES_BY_HAND:
        slot.take_by_hand(statement)
    elif statement.mode == FactMode.END or not statement.polarity:
        slot.take_end(statement)
    elif statement.valid_to is not None:
        slot.take_past(statement)
    elif statement.mode == FactMode.CORRECTION:
        slot.take_correction(statement)
    else:
        slot.take_value(statement)
    return _disjoint(slot.facts()) if statement.single else slot.facts()


def held_at(fact: Fact, moment: Micros) -> bool:
    """Whether the fact held at a moment, as far as is known: what was wrong or retracted never did."""
    return (
        fact.status not in ("wrong", "retracted")
        and fact.valid_from <= moment
        and (fact.valid_to is None or moment < fact.valid_to)
    )


def is_open(fact: Fact) -> bool:
    """Whether nothing has ended the fact."""
    return fact.status in ("current", "disputed")


def fact_id(secret: bytes, said: Statement) -> str:
    """The id of the fact that begins with a statement."""
    return derived_id(secret, "fact", said.message_id, str(said.number), said.slot_id)


def _disjoint(facts: list[Fact]) -> list[Fact]:
    """The facts of a slot of one value with its believed times apart: each value ends where the next one begins.

    What holds now is not cut by what is said to have been over meanwhile, and of two that begin together the later
    statement counts; the other keeps its place with no time of its own. A beginning that nobody knows claims none.
    """
    believed = [f for f in facts if f.polarity and f.status not in ("wrong", "retracted", "disputed")]
    if len(believed) < 2:
        return facts
    believed.sort(key=lambda f: (f.valid_from, f.valid_to is None, f.last_seq, f.first_number))
    ends: dict[str, Micros] = {}
    reached: Fact | None = None
    for fact in believed:
        if fact.valid_from == fact.valid_to:
            continue
        if reached is not None and reached.valid_to is None:
            ends[fact.id] = fact.valid_from
            continue
        unknown = reached is not None and reached.valid_from == fact.valid_from <= EARLIEST_MICROS
        if reached is not None and (reached.valid_to or 0) > fact.valid_from and not unknown:
            ends[reached.id] = fact.valid_from
        reached = fact
    return [replace(fact, valid_to=ends[fact.id]) if fact.id in ends else fact for fact in facts] if ends else facts


class _Slot:
    def __init__(self, secret: bytes, facts: Sequence[Fact]) -> None:
        self._secret = secret
        self._facts = {fact.id: fact for fact in facts}

    def facts(self) -> list[Fact]:
        return sorted(self._facts.values(), key=fact_order)

    def take_value(self, said: Statement) -> None:
        """A value that holds from some moment on: a witness, something new, or what replaces the present value."""
        key = fact_key(said.value)
        for negative in self._open(polarity=False, value_key=key):
            self._close(negative, "replaced", said.valid_from, self._id(said))
        rivals = [fact for fact in self._open() if fact_key(fact.value) != key]
        same = self._open(value_key=key)
        if same:
            self._witness(same[-1], said)
            self._settle(said, same[-1], rivals)
        elif not rivals:
            self._add(said, valid_to=self._next_start(said))
        elif (
            said.mode == FactMode.CHANGE
            and said.valid_from >= rivals[-1].valid_from
            and self._may_replace(said, rivals)
        ):
            self._replace(said, rivals)
        elif said.valid_from < rivals[0].valid_from:
            self._insert_before(said)
        elif self._is_disputed(said, rivals):
            self._dispute(said, rivals)
        else:
            self._replace(said, rivals)

    def take_correction(self, said: Statement) -> None:
        """What was said was wrong: the right value held all along."""
        corrected = fact_key(said.replaces)
        right = fact_key(said.value)
        wrong = [fact for fact in self._open() if fact_key(fact.value) != right]
        if corrected:
            wrong = [fact for fact in wrong if fact_key(fact.value) == corrected] or wrong
        if not wrong or not self._may_replace(said, wrong):
            self.take_value(said)
            return
        latest = wrong[-1]
        self._mark(latest, "wrong", replaced_by=self._id(said))
        for former in list(self._facts.values()):
            if former.replaced_by == latest.id and former.status == "replaced":
                self._facts[former.id] = replace(former, replaced_by=self._id(said))
        same = self._open(value_key=right)
        if same:
            self._witness(same[-1], said)
        else:
            self._add(replace(said, valid_from=latest.valid_from))

    def take_end(self, said: Statement) -> None:
        """A value no longer holds, or never did; without a value, whatever holds. `replaces` names what follows it."""
        key = fact_key(said.value)
        ended = [fact for fact in self._open() if not key or fact_key(fact.value) == key]
        ended = [fact for fact in ended if fact.valid_from <= said.valid_from]
        if ended and not self._may_replace(said, ended):
            if key:
                self._add(replace(said, polarity=False), status="disputed")
            return
        for fact in ended:
            status: FactStatus = "wrong" if said.mode == FactMode.CORRECTION else "ended"
            self._close(fact, "replaced" if said.replaces else status, said.valid_from, said.replaces or None)
        if not key or said.replaces:
            return
        known = self._open(polarity=False, value_key=key)
        if known:
            self._witness(known[-1], said)
        else:
            self._add(replace(said, polarity=False))

    def take_past(self, said: Statement) -> None:
        """What the text itself says is over."""
        key = fact_key(said.value)
        for fact in self._open(value_key=key):
            if fact.valid_from <= said.valid_from or said.valid_from < fact.valid_from < (said.valid_to or 0):
                self._witness(fact, said)
                self._close(self._facts[fact.id], "ended", max(said.valid_to or 0, fact.valid_from))
                return
        for fact in self._facts.values():
            if fact.status in ("replaced", "ended") and fact.polarity and fact_key(fact.value) == key:
                self._facts[fact.id] = _witnessed(fact, said, valid_from=fact.valid_from)
                return
        self._add(said, status="ended", valid_to=said.valid_to)

    def take_by_hand(self, said: Statement) -> None:
        fact = next((f for f in self._facts.values() if (f.first_seq, f.first_number) == said.refers_to), None)
        if fact is None:
            return
        if said.mode == FactMode.SUPERSEDE:
            if is_open(fact):
                self._close(fact, "replaced", max(said.valid_from, fact.valid_from), said.replaces or None)
            return
        self._mark(fact, "retracted", reason=said.value)
        self._heal(fact)

    def _heal(self, gone: Fact) -> None:
        """What a retracted fact had replaced goes on, until what came after it."""
        for former in list(self._facts.values()):
            if former.replaced_by == gone.id and former.status == "replaced":
                follows = self._facts.get(gone.replaced_by or "")
                if follows is None:
                    status: FactStatus = "current" if gone.valid_to is None else "ended"
                    self._facts[former.id] = replace(former, status=status, valid_to=gone.valid_to, replaced_by=None)
                else:
                    self._facts[former.id] = replace(former, valid_to=follows.valid_from, replaced_by=follows.id)

    def _open(self, *, polarity: bool = True, value_key: str | None = None) -> list[Fact]:
        found = [
            fact
            for fact in self._facts.values()
            if is_open(fact) and fact.polarity is polarity and (value_key is None or fact_key(fact.value) == value_key)
        ]
        return sorted(found, key=fact_order)

    def _next_start(self, said: Statement) -> Micros | None:
        """Where a value must end that is said of a time before others that are known to have held."""
        later = [
            fact.valid_from
            for fact in self._facts.values()
            if said.single
            and fact.polarity
            and fact.status in ("replaced", "ended")
            and fact.valid_from > said.valid_from
        ]
        return min(later, default=None)

    def _insert_before(self, said: Statement) -> None:
        """A value of an earlier time: it ends where the next one begins, and cuts the one that it falls into."""
        believed = [f for f in self._facts.values() if f.polarity and f.status not in ("wrong", "retracted")]
        later = min((f for f in believed if f.valid_from > said.valid_from), key=fact_order)
        for earlier in believed:
            if earlier.valid_from <= said.valid_from and (earlier.valid_to or said.valid_from) > said.valid_from:
                if fact_key(earlier.value) == fact_key(said.value):
                    self._witness(earlier, said)
                    return
                self._close(earlier, "replaced", said.valid_from, self._id(said))
        self._add(said, status="replaced", valid_to=later.valid_from, replaced_by=later.id)

    def _is_disputed(self, said: Statement, rivals: Sequence[Fact]) -> bool:
        """Whether nothing tells which of two values is right.

        Whoever spoke may change their mind, and a subject knows about itself; others who plainly state something
        else do not decide, nor does a less trusted origin, nor two values in one message.
        """
        if not self._may_replace(said, rivals):
            return True
        rival = rivals[-1]
        if rival.message_id == said.message_id and said.mode == FactMode.STATE:
            return rival.valid_from == said.valid_from
        if rival.source == said.source or said.mode == FactMode.CHANGE or _is_own(said.source, said.subject):
            return False
        return _TRUST[said.origin] == _TRUST[rival.origin]

    @staticmethod
    def _may_replace(said: Statement, rivals: Sequence[Fact]) -> bool:
        """A less trusted origin never takes the place of a more trusted one."""
        return all(_TRUST[said.origin] >= _TRUST[rival.origin] for rival in rivals)

    def _dispute(self, said: Statement, rivals: Sequence[Fact]) -> None:
        self._add(said, status="disputed")
        for rival in rivals:
            if _TRUST[rival.origin] <= _TRUST[said.origin] and not _is_own(rival.source, rival.subject):
                self._mark(rival, "disputed")

    def _settle(self, said: Statement, fact: Fact, rivals: Sequence[Fact]) -> None:
        """A dispute ends when whoever held the other value, or who must know, says this one too."""
        for rival in rivals:
            changed_mind = rival.source == said.source and rival.source != fact.source
            if (
                changed_mind or said.mode == FactMode.CHANGE or _is_own(said.source, said.subject)
            ) and self._may_replace(said, [rival]):
                self._close(rival, "replaced", max(said.valid_from, rival.valid_from), fact.id)
        if not [other for other in self._open() if fact_key(other.value) != fact_key(fact.value)]:
            self._mark(self._facts[fact.id], "current")

    def _replace(self, said: Statement, rivals: Sequence[Fact]) -> None:
        for rival in rivals:
            self._close(rival, "replaced", max(said.valid_from, rival.valid_from), self._id(said))
        self._add(said)

    def _witness(self, fact: Fact, said: Statement) -> None:
        """The same again: stronger, and from the earlier of both moments on, as far as nothing else held then."""
        start = min(fact.valid_from, said.valid_from)
        if start < fact.valid_from:
            held = [f for f in self._facts.values() if f.replaced_by == fact.id and f.status == "replaced"]
            start = max([start, *(f.valid_from for f in held)])
            for former in held:
                self._facts[former.id] = replace(former, valid_to=start)
        self._facts[fact.id] = _witnessed(fact, said, valid_from=start)

    def _close(self, fact: Fact, status: FactStatus, at: Micros, replaced_by: str | None = None) -> None:
        self._facts[fact.id] = replace(fact, status=status, valid_to=max(at, fact.valid_from), replaced_by=replaced_by)

    def _mark(self, fact: Fact, status: FactStatus, *, reason: str = "", replaced_by: str | None = None) -> None:
        self._facts[fact.id] = replace(fact, status=status, reason=reason, replaced_by=replaced_by or fact.replaced_by)

    def _id(self, said: Statement) -> str:
        return fact_id(self._secret, said)

    def _add(
        self,
        said: Statement,
        *,
        status: FactStatus = "current",
        valid_to: Micros | None = None,
        replaced_by: str | None = None,
    ) -> None:
        if status == "current" and valid_to is not None:
            status = "ended"
        own_id = self._id(said)
        self._facts[own_id] = Fact(
            id=own_id,
            slot_id=said.slot_id,
            subject=said.subject,
            attribute=said.attribute,
            value=said.value,
            polarity=said.polarity,
            single=said.single,
            status=status,
            confidence=said.confidence,
            valid_from=said.valid_from,
            valid_to=valid_to,
            recorded_at=said.recorded_at,
            message_id=said.message_id,
            start=said.start,
            end=said.end,
            origin=said.origin,
            source=said.source,
            scope=said.scope,
            first_seq=said.seq,
            first_number=said.number,
            last_seq=said.seq,
            replaced_by=replaced_by,
        )


def _witnessed(fact: Fact, said: Statement, *, valid_from: Micros) -> Fact:
    surer = 1.0 - (1.0 - fact.confidence) * (1.0 - said.confidence)
    return replace(
        fact,
        valid_from=valid_from,
        witnesses=fact.witnesses + 1,
        last_seq=max(fact.last_seq, said.seq),
        confidence=max(fact.confidence, min(CONFIDENCE_MAX, surer)),
    )


def _is_own(source: str, subject: str) -> bool:
    """Whether somebody speaks of themselves."""
    return subject == USER_SUBJECT or fact_key(source) == fact_key(subject)
