"""Feedback: what is used grows strong, what is read alone does not, and nobody can say what they were not shown."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from continuum.core.assembly import build_engine
from continuum.core.config import MemoryConfig
from continuum.core.feedback import FeedbackResult
from continuum.core.memory import ConsciousMemory
from continuum.core.recall_id import RecallNote, read_recall, sign_recall
from continuum.core.tenants import TenantManager
from continuum.domain.clock import Micros
from continuum.domain.results import MemoryContext
from continuum.errors import InvalidInputError, NotFoundError
from continuum.retrieval.query import DEFAULT_WEIGHTS
from tests.requirements import requirement

DAY = 86_400_000_000


class TurnedClock:
    """A clock that a test turns."""

    def __init__(self, now: Micros) -> None:
        self.at = now

    def now(self) -> Micros:
        return self.at


@pytest.fixture
def snakes(memory: ConsciousMemory) -> ConsciousMemory:
    """Forty memories that the question "python" fits equally well."""
    for number in range(20):
        memory.learn(f"The python script number {number} parses logs.")
        memory.learn(f"The python in terrarium {number} sleeps.")
    return memory


def place(context: MemoryContext, words: str) -> int:
    return next(n for n, each in enumerate(context.memories, 1) if words in each.passage)


def entries(memory: ConsciousMemory, kind: str = "feedback") -> list[dict[str, object]]:
    with memory._engine.unit(memory.tenant_id, write=False) as work:
        return [json.loads(e.payload) for page in work.log.pages() for e in page if e.kind == kind]


def use(memory: ConsciousMemory, question: str, words: str) -> FeedbackResult:
    context = memory.recall(question, max_memories=100)
    return memory.feedback(context.recall_id, used=[m.id for m in context.memories if words in m.passage])


@requirement("use:feedback")
def test_what_was_used_stands_first_next_time(snakes: ConsciousMemory) -> None:
    before = snakes.recall("What about the python?", max_memories=100)
    assert place(before, "number 7 ") > 5
    use(snakes, "What about the python?", "number 7 ")
    after = snakes.recall("Tell me of that python", max_memories=100)
    assert place(after, "number 7 ") == 1
    assert after.memories[0].reasons["use"] > 0


@requirement("use:feedback")
def test_reading_alone_changes_nothing(snakes: ConsciousMemory) -> None:
    first = snakes.recall("What about the python?", explain=True)
    position = snakes.get_stats()["log_position"]
    for _ in range(20):
        snakes.recall("What about the python?")
    again = snakes.recall("What about the python?", explain=True)
    assert [m.id for m in again.memories] == [m.id for m in first.memories]
    assert [m.score for m in again.memories] == [m.score for m in first.memories]
    assert snakes.get_stats()["log_position"] == position


@requirement("use:feedback")
def test_the_same_feedback_twice_counts_once(snakes: ConsciousMemory) -> None:
    context = snakes.recall("What about the python?")
    used = [context.memories[3].id]
    first = snakes.feedback(context.recall_id, used=used)
    again = snakes.feedback(context.recall_id, used=used)
    assert (first.used, first.duplicate) == (1, False)
    assert (again.used, again.duplicate, again.seq) == (0, True, 0)
    assert len(entries(snakes)) == 1


def test_more_feedback_on_a_recall_adds_only_what_is_new(snakes: ConsciousMemory) -> None:
    context = snakes.recall("What about the python?")
    one, two, three = (memory.id for memory in context.memories[:3])
    snakes.feedback(context.recall_id, used=[one], ignored=[two])
    more = snakes.feedback(context.recall_id, used=[one, two, three])
    assert (more.used, more.ignored, more.duplicate) == (1, 0, False)
    assert [len(each["used"]) for each in entries(snakes)] == [1, 1]  # type: ignore[arg-type]  # a list of positions


def test_many_who_say_the_same_at_once_count_once(manager: TenantManager) -> None:
    memory = manager.get_tenant("alice")
    memory.learn("The python sleeps.")
    context = memory.recall("the python")
    start = threading.Barrier(8)
    found: list[FeedbackResult] = []

    def tell() -> None:
        start.wait()
        found.append(memory.feedback(context.recall_id, used=[context.memories[0].id]))

    threads = [threading.Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not each.duplicate for each in found) == 1
    assert len(entries(memory)) == 1


@requirement("use:links")
def test_concepts_that_are_used_together_are_tied_and_ignored_ones_loosen(memory: ConsciousMemory) -> None:
    memory.learn("The Aurora project has a budget.")
    memory.learn("Kafka moves the events of the night shift.")

    def strength() -> float:
        context = memory.recall("What of Aurora and Kafka?")
        pairs = {frozenset((r.concept_a, r.concept_b)): r for r in context.relationships}
        found = pairs.get(frozenset(("Aurora", "Kafka")))
        return 0.0 if found is None else found.strength

    assert strength() == 0.0
    seen = []
    for _ in range(12):
        use(memory, "What of Aurora?", "Aurora")
        context = memory.recall("How does Aurora move its events?", max_memories=10)
        memory.feedback(context.recall_id, used=[m.id for m in context.memories if "Kafka" in m.passage])
        seen.append(strength())
    assert seen == sorted(seen)
    assert seen[-1] > 0.5
    for _ in range(12):
        context = memory.recall("How does Aurora move its events?", max_memories=10)
        memory.feedback(context.recall_id, ignored=[m.id for m in context.memories if "Kafka" in m.passage])
    assert strength() < seen[-1] / 2


def test_disuse_makes_weak() -> None:
    clock = TurnedClock(1_760_000_000_000_000)
    engine = build_engine(MemoryConfig(), storage=":memory:", clock=clock)
    try:
        memory = ConsciousMemory("t", engine=engine)
        for number in range(20):
            memory.learn(f"The python script number {number} parses logs.")
        use(memory, "What about the python?", "number 7 ")
        shares = []
        for _ in range(4):
            context = memory.recall("What about the python?", max_memories=100)
            shares.append(context.memories[place(context, "number 7 ") - 1].reasons["use"])
            clock.at += 60 * DAY
    finally:
        engine.close()
    for stronger, weaker in pairwise(shares):
        assert weaker == pytest.approx(stronger / 2**0.5)


@requirement("use:bad-input")
@pytest.mark.parametrize("forge", ["", "!!", "AAAA", "x" * 40_000])
def test_a_forged_recall_id_is_refused(snakes: ConsciousMemory, forge: str) -> None:
    context = snakes.recall("What about the python?")
    for token in (forge, context.recall_id[:-2] + "AA", context.recall_id + "A"):
        with pytest.raises(InvalidInputError, match="recall_id"):
            snakes.feedback(token, used=[context.memories[0].id])
    assert entries(snakes) == []


@requirement("use:bad-input")
def test_a_recall_id_of_another_tenant_is_refused(manager: TenantManager) -> None:
    alice, bob = manager.get_tenant("alice"), manager.get_tenant("bob")
    for each in (alice, bob):
        each.learn("The python sleeps.")
    context = bob.recall("the python")
    with pytest.raises(InvalidInputError, match="recall_id"):
        alice.feedback(context.recall_id, used=[context.memories[0].id])
    with pytest.raises(InvalidInputError, match="recall_id"):
        manager.get_tenant("nobody").feedback(context.recall_id, used=["x"])
    with pytest.raises(NotFoundError):
        alice.feedback(alice.recall("the python").recall_id, used=[context.memories[0].id])


@requirement("use:bad-input")
def test_an_expired_recall_id_is_refused() -> None:
    clock = TurnedClock(1_760_000_000_000_000)
    engine = build_engine(MemoryConfig(recall_id_days=2), storage=":memory:", clock=clock)
    try:
        memory = ConsciousMemory("t", engine=engine)
        memory.learn("The python sleeps.")
        context = memory.recall("the python", now="2020-01-01")
        clock.at += 2 * DAY
        assert memory.feedback(context.recall_id, used=[context.memories[0].id]).used == 1
        context = memory.recall("the python", now="2020-01-01")
        clock.at += 2 * DAY + 1
        with pytest.raises(InvalidInputError, match="expired"):
            memory.feedback(context.recall_id, used=[context.memories[0].id])
    finally:
        engine.close()


@requirement("use:bad-input")
def test_ids_that_the_recall_did_not_show_are_refused(snakes: ConsciousMemory) -> None:
    context = snakes.recall("What about the python?", max_memories=2)
    shown = {memory.id for memory in context.memories}
    other = next(message.id for message in snakes.get_messages() if message.id not in shown)
    with pytest.raises(InvalidInputError, match="was not shown"):
        snakes.feedback(context.recall_id, used=[other])
    with pytest.raises(NotFoundError):
        snakes.feedback(context.recall_id, used=["no such id"])
    with pytest.raises(InvalidInputError, match="names nothing"):
        snakes.feedback(context.recall_id)
    with pytest.raises(InvalidInputError, match="name it once"):
        snakes.feedback(context.recall_id, used=shown, ignored=shown)
    with pytest.raises(InvalidInputError, match="more than"):
        snakes.feedback(context.recall_id, used=[str(n) for n in range(301)])
    assert entries(snakes) == []


def test_facts_and_concepts_may_be_used_too(memory: ConsciousMemory) -> None:
    memory.learn("I live in Lisbon.")
    context = memory.recall("Where do I live, in Lisbon?")
    result = memory.feedback(context.recall_id, used=[context.facts[0].id, context.concepts[0].id])
    assert result.used == 2
    (told,) = entries(memory)
    assert (told["used"], told["concepts_used"]) == ([1], [context.concepts[0].id])


@requirement("use:ranker")
def test_own_weights_rank_once_they_are_better_and_can_be_reset(memory: ConsciousMemory) -> None:
    for number in range(12):
        memory.learn(f"We tuned the engine of car {number}.", session_id=f"s{number}", timestamp=1_700_000_000 + number)
        memory.learn(f"And the engine of car {number} stalled.", session_id=f"s{number}", timestamp=1_700_000_100)
    for number in range(60):
        question = f"Which engine stalled in test {number}?"
        context = memory.recall(question, max_memories=20)
        memory.feedback(context.recall_id, used=[m.id for m in context.memories if "tuned" in m.passage][-1:])
    report = memory.ranking()
    assert report.feedbacks == 60
    context = memory.recall("Which engine stalled?", explain=True)
    assert context.explanation is not None
    assert context.explanation["weights_in_force"] == ("learnt" if report.in_force else "default")
    assert context.explanation["weights"] == (
        dict(report.weights) if report.in_force else context.explanation["weights"]
    )
    assert memory.reset_ranking().feedbacks == 0
    again = memory.recall("Which engine stalled?", explain=True)
    assert again.explanation is not None
    assert again.explanation["weights_in_force"] == "default"


@requirement("use:ranker")
def test_another_process_and_a_rebuild_learn_the_same_from_the_log(snakes: ConsciousMemory, db_path: Path) -> None:
    for number in range(5):
        use(snakes, f"What about the python {number}?", f"number {number} ")
    kept, answer = snakes.ranking(), snakes.recall("What about the python?", now="2030-01-01")
    with ConsciousMemory("alice", db_path) as other:
        assert other.ranking() == kept
        assert [m.score for m in other.recall("What about the python?", now="2030-01-01").memories] == [
            m.score for m in answer.memories
        ]
        other.rebuild()
    assert snakes.ranking() == kept
    assert [m.id for m in snakes.recall("What about the python?", now="2030-01-01").memories] == [
        m.id for m in answer.memories
    ]


@requirement("use:feedback")
def test_forgetting_a_memory_takes_its_feedback_along(snakes: ConsciousMemory, db_path: Path) -> None:
    use(snakes, "What about the python?", "number 7 ")
    context = snakes.recall("What about the python?", max_memories=3)
    snakes.feedback(context.recall_id, used=[context.memories[0].id, context.memories[1].id])
    gone = context.memories[0]
    snakes.forget(message_id=gone.id, reason="test", dry_run=False)
    left = entries(snakes)
    assert all(gone.seq not in (*each["used"], *each["ignored"]) for each in left)  # type: ignore[misc]  # positions
    assert str(gone.seq) not in json.dumps([each["speaks"] for each in left])
    assert len(left) == 1
    with ConsciousMemory("alice", db_path) as fresh:
        assert fresh.ranking() == snakes.ranking()


def test_a_view_of_the_past_does_not_know_later_feedback(snakes: ConsciousMemory) -> None:
    before = max(message.recorded_at for message in snakes.get_messages())
    use(snakes, "What about the python?", "number 7 ")
    moment = before / 1_000_000
    then = snakes.recall("What about the python?", max_memories=100, known_at=moment)
    assert all("use" not in memory.reasons for memory in then.memories)


def test_given_weights_teach_the_ranker_nothing(snakes: ConsciousMemory) -> None:
    context = snakes.recall("What about the python?", weights=replace(DEFAULT_WEIGHTS, text=0.9))
    snakes.feedback(context.recall_id, used=[context.memories[2].id])
    assert snakes.ranking().feedbacks == 0


def test_a_note_comes_back_as_it_went() -> None:
    note = RecallNote(
        at=5,
        message_seqs=(1, 2**40),
        concept_ids=("a" * 16, "b" * 16),
        named=1,
        cues=(256, 2**32 - 1),
        signals=({"text": 0.5, "asked": -0.33}, {}),
        fact_ids=("f" * 16,),
        default_weights=False,
    )
    assert read_recall(b"secret", sign_recall(b"secret", note)) == note
    empty = RecallNote(0, (), ())
    assert read_recall(b"secret", sign_recall(b"secret", empty)) == empty


@requirement("use:graph")
def test_the_graph_in_numbers(memory: ConsciousMemory) -> None:
    memory.learn("Aurora runs on Kubernetes and Kafka.")
    memory.learn("Aurora runs on Kubernetes again.")
    memory.create_entity("Lonely")
    stats = memory.graph()
    assert stats.links == sum(stats.strengths) == sum(stats.links_by_type.values()) == 3
    assert "Lonely" in [each.name for each in stats.orphans]
    assert stats.most_connected[0].links == 2
    assert "Aurora" in stats.working_memory
    assert memory.graph(limit=0).most_connected == ()


@requirement("use:graph")
def test_pruning_takes_weak_old_links_and_says_first_which(memory: ConsciousMemory) -> None:
    memory.learn("Aurora runs on Kafka.", timestamp="2020-01-01")
    for _ in range(3):
        memory.learn("Aurora runs on Kubernetes.", timestamp=None)
    dry = memory.prune(0.6, "2021-01-01")
    assert (dry.dry_run, dry.links, dry.seq) == (True, 1, 0)
    assert {dry.weakest[0].concept_a, dry.weakest[0].concept_b} == {"Aurora", "Kafka"}
    assert memory.graph().links == 2
    done = memory.prune(0.6, "2021-01-01", dry_run=False)
    assert (done.links, done.seq > 0) == (1, True)
    assert memory.graph().links == 1
    assert "Kafka" in [each.name for each in memory.graph().orphans]
    memory.rebuild()
    assert memory.graph().links == 1
    memory.learn("Aurora runs on Kafka.", timestamp="2022-01-01")
    assert memory.graph().links == 2


@requirement("use:graph")
@pytest.mark.parametrize("below", [0, -1, 1.5, float("nan"), "0.5", True, None])
def test_a_bad_threshold_is_refused(memory: ConsciousMemory, below: object) -> None:
    with pytest.raises(InvalidInputError, match="below"):
        memory.prune(below, "2021-01-01")  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(InvalidInputError, match="older_than"):
        memory.prune(0.5, None)
