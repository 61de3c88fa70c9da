"""Vectors of messages: filled in the background, searched by meaning, never mixed between models."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from continuum import SemanticSearch
from continuum.core.assembly import build_engine
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.embeddings.base import Vectors
from continuum.embeddings.providers import provider_from_name
from continuum.errors import EmbeddingError, InvalidInputError
from tests.requirements import requirement

AXES = ("animal", "city", "tool")
MEANING = {"cat": 0, "dog": 0, "pet": 0, "lisbon": 1, "porto": 1, "town": 1, "hammer": 2, "saw": 2}


class AxisProvider:
    """A small model of our own: each known word points along the axis of its kind."""

    dimensions = len(AXES)

    def __init__(self, model: str = "axes-1", broken: bool = False, error: Exception | None = None) -> None:
        self.model = model
        self.broken = broken
        self.error = error or EmbeddingError("the provider is away")
        self.calls = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.broken:
            raise self.error
        self.calls += 1
        rows = np.full((len(texts), self.dimensions), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().replace("?", "").split():
                if word in MEANING:
                    row[MEANING[word]] += 1.0
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def memory_with(path: Path, provider: AxisProvider) -> ConsciousMemory:
    engine = build_engine(MemoryConfig(db_path=path), provider=provider)
    return ConsciousMemory("t", engine=engine)


@requirement("embeddings:background")
def test_vectors_are_filled_behind_the_learner_and_found_by_meaning(db_path: Path) -> None:
    memory = memory_with(db_path, AxisProvider())
    memory.learn("My cat sleeps")
    memory.learn("Lisbon is bright")
    memory.learn("The hammer is lost")
    deadline = time.monotonic() + 20
    while memory.get_stats()["vectors"] < 3:
        assert time.monotonic() < deadline
    context = memory.recall("Which town?")
    assert context.memories[0].passage == "Lisbon is bright"
    assert context.memories[0].reasons["vector"] > 0.5
    assert context.degraded == ()
    memory._engine.close()


@requirement("embeddings:background", "recall:degraded")
def test_a_provider_that_is_away_degrades_recall_and_never_empties_it(db_path: Path) -> None:
    provider = AxisProvider(broken=True)
    memory = memory_with(db_path, provider)
    memory.learn("Lisbon is bright")
    context = memory.recall("How is Lisbon?")
    assert context.memories[0].passage == "Lisbon is bright"
    assert [part.part for part in context.degraded] == ["vectors"]
    with pytest.raises(EmbeddingError):
        memory.fill_vectors()
    provider.broken = False
    memory.fill_vectors()
    assert memory.get_stats()["vectors"] == 1
    assert memory.recall("How is Lisbon?").degraded == ()
    memory._engine.close()


@requirement("embeddings:background", "recall:degraded")
@pytest.mark.parametrize("error", [KeyError("weights"), ZeroDivisionError(), InvalidInputError("text", "is odd")])
def test_whatever_a_provider_raises_recall_answers_and_filling_goes_on(
    db_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    provider = AxisProvider(broken=True, error=error)
    memory = memory_with(db_path, provider)
    memory.learn("Lisbon is bright")
    context = memory.recall("How is Lisbon?")
    assert context.memories[0].passage == "Lisbon is bright"
    assert type(error).__name__ in context.degraded[0].reason
    with pytest.raises(EmbeddingError, match=type(error).__name__):
        memory.fill_vectors()
    deadline = time.monotonic() + 20
    while "could not be filled" not in caplog.text:  # the background thread has met the error
        assert time.monotonic() < deadline
    provider.broken = False
    memory.learn("Porto is old")
    while memory.get_stats()["vectors"] < 2:
        assert time.monotonic() < deadline
    memory._engine.close()


def test_rows_that_do_not_fit_the_texts_are_refused(db_path: Path) -> None:
    class Short(AxisProvider):
        def embed(self, texts: Sequence[str]) -> Vectors:
            return super().embed(texts)[:, :2]

    memory = memory_with(db_path, Short())
    memory.learn("Lisbon is bright")
    with pytest.raises(EmbeddingError, match="shape"):
        memory.fill_vectors()
    assert "shape" in memory.recall("Lisbon").degraded[0].reason
    memory._engine.close()


@requirement("embeddings:background")
def test_vectors_of_another_model_are_never_compared(db_path: Path) -> None:
    first = memory_with(db_path, AxisProvider("axes-1"))
    first.learn("Lisbon is bright")
    first.fill_vectors()
    first._engine.close()
    second = memory_with(db_path, AxisProvider("axes-2"))
    context = second.recall("Which town?")
    assert [part.reason for part in context.degraded] == ["1 messages have no vector yet"]
    second.fill_vectors()
    assert "vector" in second.recall("Which town?").memories[0].reasons
    second._engine.close()


@requirement("embeddings:semantic-search", "recall:tenant:isolation")
def test_semantic_search_gives_the_nearest_messages_of_its_tenant(db_path: Path) -> None:
    with ConsciousMemory("alice", db_path) as memory:
        memory.learn("My cat sleeps")
        memory.learn("Porto is old")
    with ConsciousMemory("bob", db_path) as memory:
        memory.learn("The dog of Bob barks")
    with SemanticSearch(db_path, AxisProvider(), "alice") as search:
        assert search.search("a pet") == []
        assert search.index() == 2
        assert search.index() == 0
        hits = search.search("a pet", limit=5, min_score=0.5)
        assert [hit.text for hit in hits] == ["My cat sleeps"]
        assert hits[0].score > 0.9
        assert [hit.text for hit in search.search("town")] == ["Porto is old", "My cat sleeps"]
        assert search.get_stats()["vectors"] == 2
        with pytest.raises(InvalidInputError):
            search.search("x", limit=0)
    with SemanticSearch(db_path, AxisProvider(), "nobody") as search:
        assert search.index() == 0
        assert search.search("pet") == []


@requirement("embeddings:background")
def test_the_local_model_finds_a_memory_that_shares_no_word(db_path: Path) -> None:
    engine = build_engine(MemoryConfig(db_path=db_path), provider=provider_from_name("minilm"))
    memory = ConsciousMemory("t", engine=engine)
    for text in ("My cat is called Minka", "The invoice is due on Friday", "We fly to Galway in July"):
        memory.learn(text)
    memory.fill_vectors()
    assert memory.recall("When do I have to pay?").memories[0].passage == "The invoice is due on Friday"
    engine.close()
