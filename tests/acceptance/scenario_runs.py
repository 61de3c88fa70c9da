"""Plays an update scenario on a store of its own and says what came first, what was touched, and what came back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from continuum.core.assembly import Engine, build_engine
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.domain.clock import Micros
from continuum.domain.records import Message
from continuum.domain.results import MemoryContext, RecalledFact
from tests.acceptance.update_scenarios import Ask, ByHand, Keep, Say, Scenario, has_words

DAY = 86_400_000_000
FIRST_DAY: Micros = 1_767_225_600_000_000
"""2026-01-01."""
ASKING_DAY = 304
EXTRA_WORDS_MAX = 4
DISLIKING = ("dislikes",)
"""Attributes that say themselves that somebody does not like the value."""
UNRELATED = "The museum of clocks has a new roof."
_RECALLED = re.compile(r"<recalled (.+)>")


Stated = tuple[str, str, str]
"""Subject, attribute and value."""


@dataclass
class Ticking:
    """A clock that the scenario moves."""

    micros: Micros = FIRST_DAY

    def now(self) -> Micros:
        return self.micros


@dataclass
class Outcome:
    """What went wrong in a scenario; nothing of it if all is well."""

    missed: list[str] = field(default_factory=list)
    """Questions whose first fact was another one."""
    touched: list[str] = field(default_factory=list)
    """Unrelated facts that were learnt and are no longer current."""
    resurrected: list[str] = field(default_factory=list)
    """Values that were known to be over and are shown as current though nobody stated them again."""
    outdated: list[str] = field(default_factory=list)
    """Values that are over, known or not, and are shown as current."""
    unlearnt: list[str] = field(default_factory=list)
    """Unrelated facts that never became facts."""


def play(scenario: Scenario, folder: Path) -> Outcome:
    """Learn the scenario; ask at once, again (cached), after something unrelated, after a rebuild and a reopening."""
    played = _Played(scenario, folder / "memory.db")
    try:
        for step in scenario.steps:
            played.take(step)
        played.clock.micros = FIRST_DAY + ASKING_DAY * DAY
        played.judge("at once")
        played.judge("again")
        played.memory.learn(UNRELATED)
        played.judge("later")
        played.memory.rebuild()
        played.judge("rebuilt")
        played.reopen()
        played.judge("reopened")
    finally:
        played.engine.close()
    return played.outcome


class _Played:
    def __init__(self, scenario: Scenario, path: Path) -> None:
        self.scenario = scenario
        self.path = path
        self.clock = Ticking()
        self.outcome = Outcome()
        self.memory, self.engine = self._opened()
        self.kept: set[Keep] = set()
        self.superseded: list[str] = []
        self.over: set[Stated] = set()

    def reopen(self) -> None:
        self.engine.close()
        self.memory, self.engine = self._opened()

    def take(self, step: Say | ByHand) -> None:
        if isinstance(step, Say):
            self._say(step)
            if step.speaker != "assistant" and _RECALLED.fullmatch(step.text) is None and '"' not in step.text:
                self.over = {each for each in self.over if not has_words(step.text, each[2])}
        else:
            getattr(self, f"_{step.action}")(*step.arguments)
            self.over.clear()  # what a hand takes back may let something else hold again
        self._watch("learning")

    def judge(self, phase: str) -> None:
        for ask in self.scenario.asks:
            self._judge_one(ask, phase)
        disputed = [{fact.value for fact in conflict.facts} for conflict in self.memory.conflicts()]
        for pair in self.scenario.conflicts:
            if set(pair) not in disputed:
                _note(self.outcome.missed, f"{phase}: no conflict of {pair}")
        self._watch(phase)
        if phase == "reopened":
            self.outcome.unlearnt += [str(keep) for keep in self.scenario.keeps if keep not in self.kept]

    def _opened(self) -> tuple[ConsciousMemory, Engine]:
        engine = build_engine(MemoryConfig(), storage=str(self.path), clock=self.clock)
        return ConsciousMemory("scenario", session_id="one", engine=engine), engine

    def _say(self, step: Say) -> None:
        self.clock.micros = max(self.clock.micros + 1_000_000, FIRST_DAY + step.day * DAY)
        dated = self.clock.micros - (step.day - step.dated) * DAY
        asked = _RECALLED.fullmatch(step.text)
        text = step.text if asked is None else self.memory.recall(asked[1]).context_string
        by_assistant = step.speaker == "assistant"
        self.memory.learn_messages(
            [
                Message(
                    "assistant" if by_assistant else "user",
                    text,
                    speaker=None if by_assistant else step.speaker or None,
                    timestamp=dated / 1_000_000,
                )
            ],
            user_id=step.scope,
            supersedes=self.superseded,
        )
        self.superseded = []

    def _retract(self, subject: str, value: str, reason: str) -> None:
        found = [fact for fact in self._facts() if has_words(fact.subject, subject) and has_words(fact.value, value)]
        for fact in found:
            self.memory.retract(fact.id, reason)

    def _revise(self, old: str, new: str) -> None:
        self.memory.revise(self._message_id(old), new)

    def _supersede(self, text: str) -> None:
        self.superseded = [self._message_id(text)]

    def _teach(self, subject: str, attribute: str, value: str, *more: str) -> None:
        dated = len(more) == 2 or (len(more) == 1 and more[0][:1].isdigit())
        fact = {"subject": subject, "attribute": attribute, "value": value}
        if dated:
            fact |= dict(zip(("valid_from", "valid_to"), more, strict=False))
        self.memory.learn_facts([dict(fact)], source="user" if dated or not more else more[0])

    def _message_id(self, text: str) -> str:
        return next(each.id for each in self.memory.get_messages(limit=100) if each.text == text)

    def _facts(self) -> list[RecalledFact]:
        return self.memory.facts(limit=500)

    def _watch(self, phase: str) -> None:
        facts = self._facts()
        held = {_stated(fact) for fact in facts if fact.current and fact.polarity}
        for subject, attribute, value in sorted(self.over & held):
            _note(self.outcome.resurrected, f"{phase}: {subject} {attribute} {value}")
        self.over |= {_stated(fact) for fact in facts if fact.polarity} - held
        for keep in self.scenario.keeps:
            if any(fact.current and _is(keep, fact) for fact in facts):
                self.kept.add(keep)
            elif keep in self.kept:
                _note(self.outcome.touched, f"{phase}: {keep.subject}: {keep.value}")

    def _judge_one(self, ask: Ask, phase: str) -> None:
        context = self.memory.recall(
            ask.question,
            user_id=ask.scope,
            as_of=_day(ask.as_of),
            known_at=_day(ask.known_at),
        )
        if not _comes_first(ask, context):
            shown = [f"{f.subject} {f.attribute} {f.value}{'' if f.polarity else ' (not)'}" for f in context.facts[:2]]
            _note(self.outcome.missed, f"{ask.question} wants {ask.wanted} {'|'.join(ask.values)}, has {shown}")
        if ask.as_of is None and ask.known_at is None:
            over = (*ask.stale, *(ask.values if ask.wanted in ("over", "denied") else ()))
            for fact in context.facts:
                unrelated = any(_is(keep, fact) for keep in self.scenario.keeps)
                holds = fact.current and fact.polarity and fact.attribute not in DISLIKING and not unrelated
                if holds and any(has_words(fact.value, v) for v in over):
                    _note(self.outcome.outdated, f"{ask.question} shows {fact.subject} {fact.attribute} {fact.value}")


def _stated(fact: RecalledFact) -> Stated:
    return fact.subject, fact.attribute, fact.value


def _note(notes: list[str], words: str) -> None:
    if words not in notes:
        notes.append(words)


def _day(day: int | None) -> float | None:
    return None if day is None else (FIRST_DAY + day * DAY) / 1_000_000


def _is(keep: Keep, fact: RecalledFact) -> bool:
    return (
        fact.polarity is keep.polarity and has_words(fact.subject, keep.subject) and has_words(fact.value, keep.value)
    )


def _comes_first(ask: Ask, context: MemoryContext) -> bool:
    """Whether the first fact is the one that is wanted, and no stale value stands before it in the text."""
    if not context.facts:
        return ask.wanted == "none"
    first = context.facts[0]
    if ask.wanted == "none":
        return not first.current
    if not any(_names(first.value, value) for value in ask.values):
        return False
    if ask.wanted == "over":
        return not (first.polarity and first.current) or first.attribute in DISLIKING
    if ask.wanted == "denied":
        return not first.polarity
    return first.polarity and (first.current or ask.of_the_past) and _stands_first(context.context_string, ask)


def _names(value: str, wanted: str) -> bool:
    return has_words(value, wanted) and len(value.split()) <= len(wanted.split()) + EXTRA_WORDS_MAX


def _stands_first(text: str, ask: Ask) -> bool:
    right = min(_place(text, value) for value in ask.values)
    return right < len(text) and all(right <= _place(text, stale) for stale in ask.stale)


def _place(text: str, value: str) -> int:
    found = re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text)
    return len(text) if found is None else found.start()


def share_first(outcomes: Sequence[Outcome]) -> float:
    """The share of scenarios in which every question got the right fact first, each time it was asked."""
    return sum(not outcome.missed for outcome in outcomes) / len(outcomes)
