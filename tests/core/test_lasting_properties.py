"""What is derived is a function of what is left of the log: whatever was said, changed, merged or forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from continuum.core.assembly import Engine, build_engine
from continuum.core.config import MemoryConfig
from continuum.core.facts_by_hand import TaughtFact
from continuum.core.looking_back import MemoryState, state_at
from continuum.core.memory import ConsciousMemory
from continuum.core.moments import Moment
from continuum.domain.clock import Micros
from continuum.errors import ConflictError, InvalidInputError, NotFoundError
from tests.requirements import requirement

START = 1_700_000_000_000_000
SECOND = 1_000_000
SENTENCES = (
    "I live in Berlin with my cat Minka",
    "I moved to Lisbon",
    "I no longer live in Lisbon",
    "no, I meant Porto",
    "We use Jenkins for CI",
    "We moved from Jenkins to GitHub Actions",
    "My favourite editor is Helix and I like FastAPI",
    "I switched from Helix to Vim",
    "We decided to use PostgreSQL with FastAPI for the billing service",
    "The staging database is on port 5432",
    "The staging database is on port 5433",
    "I like jazz and I play the cello",
    "I no longer like jazz",
    "Alice works at Siemens with PostgreSQL",
    "I will move the billing service to Fly.io",
    "I used to live in Porto",
)
CONCEPTS = ("Jenkins", "PostgreSQL", "FastAPI", "Helix", "Minka", "jazz", "Siemens", "billing service")


@dataclass
class Ticking:
    """A clock that a test moves."""

    micros: Micros = START

    def now(self) -> Micros:
        return self.micros


@dataclass
class World:
    """A memory, and what a sequence of operations needs to know of it."""

    memory: ConsciousMemory
    engine: Engine
    clock: Ticking
    messages: list[str] = field(default_factory=list)

    def learn(self, first: int, second: int, session: int) -> None:
        result = self.memory.learn(SENTENCES[first], SENTENCES[second], session_id=f"session-{session}")
        self.messages += result.message_ids

    def revise(self, number: int, sentence: int) -> None:
        self.memory.revise(self._message(number), SENTENCES[sentence])

    def merge(self, first: int, second: int) -> None:
        self.memory.merge_concepts(CONCEPTS[first], CONCEPTS[second])

    def rename(self, first: int, second: int) -> None:
        self.memory.rename_concept(CONCEPTS[first], f"{CONCEPTS[second]} renamed")

    def undo(self, back: int) -> None:
        with self.engine.unit(self.memory.tenant_id, write=False) as work:
            made = [each for each in work.evidence.adjustments() if each.undone_seq is None]
        if made:
            self.memory.undo(made[back % len(made)].seq)

    def teach(self, number: int) -> None:
        value = CONCEPTS[number]
        self.memory.learn_facts([TaughtFact("user", "favourite editor", value), TaughtFact("user", "likes", value)])

    def retract(self, number: int) -> None:
        facts = self.memory.facts(limit=1_000)
        if facts:
            self.memory.retract(facts[number % len(facts)].id, "mistaken")

    def supersede(self, number: int, sentence: int) -> None:
        self.messages += self.memory.learn(SENTENCES[sentence], supersedes=self._message(number)).message_ids

    def state_by_hand(self, first: int, second: int) -> None:
        self.memory.create_entity(CONCEPTS[first], "tool", f"about {CONCEPTS[first]}")
        self.memory.link_entities(CONCEPTS[first], CONCEPTS[second], "uses", 0.7)

    def use(self, first: int, number: int) -> None:
        context = self.memory.recall(SENTENCES[first])
        shown = [memory.id for memory in context.memories]
        if shown:
            self.memory.feedback(context.recall_id, used=shown[number % len(shown)])

    def prune(self, tenths: int, back: int) -> None:
        before = (self.clock.micros - back * SECOND) / SECOND
        self.memory.prune(max(1, tenths) / 10, before, dry_run=False)

    def forget_message(self, number: int) -> None:
        self.memory.forget(self._message(number), reason="asked to")

    def forget_concept(self, number: int) -> None:
        self.memory.forget(concept=CONCEPTS[number], reason="asked to")

    def forget_session(self, number: int) -> None:
        self.memory.forget(session_id=f"session-{number}", reason="asked to")

    def forget_fact(self, number: int) -> None:
        facts = self.memory.facts(limit=1_000)
        if facts:
            self.memory.forget(fact_id=facts[number % len(facts)].id, reason="asked to")

    def _message(self, number: int) -> str:
        return self.messages[number % len(self.messages)] if self.messages else "none"

    def derived(self) -> dict[str, list[Any]]:  # Any: rows of many tables
        with self.engine.unit(self.memory.tenant_id, write=False) as work:
            return work.export_derived()

    def counts(self) -> dict[str, Any]:  # Any: JSON
        stats = self.memory.get_stats()
        return {name: stats[name] for name in ("entities", "attention_links", "compound_concepts", "decisions")}


@contextmanager
def world() -> Iterator[World]:
    clock = Ticking()
    engine = build_engine(MemoryConfig(), storage=":memory:", clock=clock)
    memory = ConsciousMemory("property", session_id="session-0", engine=engine)
    try:
        yield World(memory, engine, clock)
    finally:
        engine.close()


def run(here: World, step: Step) -> None:
    """Do one thing, a second later; things that are not there cannot be changed, which is fine."""
    here.clock.micros += SECOND
    operation, arguments = step
    with suppress(NotFoundError, InvalidInputError, ConflictError):
        operation(here, *arguments)


Step = tuple[Callable[..., None], tuple[int, ...]]
sentence = st.integers(0, len(SENTENCES) - 1)
concept = st.integers(0, len(CONCEPTS) - 1)
some = st.integers(0, 30)
learning = st.tuples(st.just(World.learn), st.tuples(sentence, sentence, st.integers(0, 2)))
changing = st.one_of(
    st.tuples(st.just(World.revise), st.tuples(some, sentence)),
    st.tuples(st.just(World.merge), st.tuples(concept, concept)),
    st.tuples(st.just(World.rename), st.tuples(concept, concept)),
    st.tuples(st.just(World.undo), st.tuples(some)),
    st.tuples(st.just(World.teach), st.tuples(concept)),
    st.tuples(st.just(World.retract), st.tuples(some)),
    st.tuples(st.just(World.supersede), st.tuples(some, sentence)),
    st.tuples(st.just(World.state_by_hand), st.tuples(concept, concept)),
    st.tuples(st.just(World.use), st.tuples(sentence, some)),
    st.tuples(st.just(World.prune), st.tuples(st.integers(1, 10), st.integers(0, 5))),
)
forgetting = st.one_of(
    st.tuples(st.just(World.forget_message), st.tuples(some)),
    st.tuples(st.just(World.forget_concept), st.tuples(concept)),
    st.tuples(st.just(World.forget_session), st.tuples(st.integers(0, 2))),
    st.tuples(st.just(World.forget_fact), st.tuples(some)),
)
patient = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@requirement("forget:erase")
@patient
@given(st.lists(st.one_of(learning, learning, changing, forgetting), min_size=2, max_size=14))
def test_forgetting_and_changing_leave_what_a_rebuild_gives(steps: list[Step]) -> None:
    with world() as here:
        for step in steps:
            run(here, step)
        before, counts = here.derived(), here.counts()
        here.memory.rebuild()
        after = here.derived()
        for table, rows in after.items():
            assert before.get(table) == rows, table
        assert counts == here.counts()


@requirement("time:known-at")
@patient
@given(st.lists(st.one_of(learning, learning, changing), min_size=2, max_size=10))
def test_the_state_known_at_a_moment_is_the_state_that_was_there(steps: list[Step]) -> None:
    with world() as here:
        seen: list[tuple[Micros, MemoryState]] = []
        for step in steps:
            run(here, step)
            seen.append((here.clock.micros, present(here)))
        here.clock.micros += SECOND
        for _ in range(2):
            for moment, then in seen:
                assert state_at(here.engine, here.memory.tenant_id, Moment(known_at=moment)) == then
            here.memory.rebuild()  # folds the present anew, and loses nothing of what was known


def present(here: World) -> MemoryState:
    """The rows that recalls read now, as a state."""
    tenant = here.memory.tenant_id
    with here.engine.unit(tenant, write=False) as work:
        if work.tenants.get() is None:
            return MemoryState((), (), (), (), (), ())
        messages = work.messages.list(limit=1_000)[::-1]
        entities = work.entities.list(limit=1_000)
        links = [work.links.get(row[0], row[1], row[2]) for row in work.export_derived()["links"]]
        compounds = work.compounds.list(limit=1_000)
        decisions = work.decisions.list(limit=1_000)
        facts = work.facts.list(limit=1_000)
    return MemoryState(
        tuple(messages),
        tuple(sorted(entities, key=lambda each: each.id)),
        tuple(found[0] for found in links if found is not None),
        tuple(sorted(compounds, key=lambda each: each.id)),
        tuple(sorted(decisions, key=lambda each: (each.message_seq, each.start, each.id))),
        tuple(facts),
    )


@requirement("time:as-of")
def test_as_of_a_moment_before_the_first_memory_there_is_honestly_nothing() -> None:
    with world() as here:
        here.learn(0, 1, 0)
        for as_of, known_at in ((1.0, None), (None, 1.0)):
            context = here.memory.recall("Where do I live?", as_of=as_of, known_at=known_at)
            assert (context.memories, context.concepts, context.facts, context.degraded) == ((), (), (), ())
            assert not here.memory.state(as_of=as_of, known_at=known_at).messages


@pytest.mark.parametrize("moment", ["2026-02-30", "yesterday", float("nan")])
def test_a_moment_that_does_not_exist_is_refused_by_name(moment: object) -> None:
    with world() as here, pytest.raises(InvalidInputError, match="as_of"):
        here.memory.recall("Where do I live?", as_of=moment)  # type: ignore[arg-type]  # that is the test
