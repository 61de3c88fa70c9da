"""The answer of a recall, written without its model, is what the model describes."""

from __future__ import annotations

import inspect
from pathlib import Path

import orjson

from continuum.api.recall_answer import recall_json
from continuum.api.schemas import RecallResponse
from continuum.core.config import MemoryConfig
from continuum.core.memory import _UNSAID, ConsciousMemory
from tests.conftest import MemoryFactory


def test_the_answer_is_what_its_model_describes(memory_for: MemoryFactory) -> None:
    memory = memory_for("alice")
    memory.learn("I live in Lisbon and work at Acme", "Noted.", metadata={"ticket": "T-1", "n": 1.5}, speaker="Ann")
    memory.learn("We decided to use Kafka Streams for Aurora. I moved to Porto.", "We decided to use Kafka Streams.")
    context = memory.recall("Where do I live, and what runs Aurora?", explain=True, include_text=True)
    assert context.memories
    assert context.facts
    assert context.decisions
    assert context.relationships
    assert context.explanation
    assert orjson.loads(recall_json(context)) == orjson.loads(RecallResponse.of(context).model_dump_json())


def test_a_written_answer_is_kept_until_something_is_learnt(db_path: Path) -> None:
    with ConsciousMemory("alice", config=MemoryConfig(db_path=db_path, cache_enabled=True)) as memory:
        memory.learn("Minka is my cat")
        assert memory.recall_rendered(recall_json, "Minka", kept_only=True) is None
        first = memory.recall_rendered(recall_json, "Minka")
        assert memory.recall_rendered(recall_json, "Minka", kept_only=True) == first
        assert memory.recall_rendered(recall_json, "Minka", kept_only=True, max_memories=1) is None
        memory.learn("Minka is grey")
        assert memory.recall_rendered(recall_json, "Minka", kept_only=True) is None
        assert memory.get_stats()["cache"]["hits"] == 1


def test_what_recall_takes_when_nothing_is_said_is_written_down_once() -> None:
    said = inspect.signature(ConsciousMemory.recall).parameters
    keyword_only = {name: each.default for name, each in said.items() if each.kind is inspect.Parameter.KEYWORD_ONLY}
    assert keyword_only == _UNSAID
