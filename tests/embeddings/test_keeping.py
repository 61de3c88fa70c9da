"""Vectors in memory follow what the log takes back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from continuum.core.assembly import Engine, build_engine
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.domain.ids import tenant_id, uuid7
from continuum.domain.records import LogEntry, LogKind, StoredVector
from continuum.embeddings.base import Vectors
from continuum.embeddings.keeping import VectorKeeper
from continuum.retrieval.index_subset import subset
from continuum.retrieval.vectors import VectorSet
from tests.embeddings.test_search_and_keeping import AxisProvider

TENANT = tenant_id("t")
TEXTS = ("My cat sleeps", "Lisbon is bright", "The hammer is lost")


@pytest.fixture
def engine(db_path: Path) -> Iterator[Engine]:
    engine = build_engine(MemoryConfig(db_path=db_path))
    memory = ConsciousMemory(TENANT, engine=engine)
    for text in TEXTS:
        memory.learn(text)
    yield engine
    engine.close()


@pytest.fixture
def keeper(engine: Engine) -> Iterator[VectorKeeper]:
    keeper = VectorKeeper(AxisProvider(), lambda tenant, write: engine.unit(tenant, write=write))
    assert keeper.fill(TENANT) == 3
    yield keeper
    keeper.close()


def held(engine: Engine, keeper: VectorKeeper) -> dict[int, list[float]]:
    vectors = current(engine, keeper)
    seqs = [seq for seq in range(1, 20) if seq in vectors]
    rows = {seq: [0.0, 0.0, 0.0] for seq in seqs}
    for axis in range(3):
        found, scores = vectors.scores(np.eye(3, dtype=np.float32)[axis])
        for seq, score in zip(found.tolist(), scores.tolist(), strict=True):
            rows[seq][axis] = round(score)
    return rows


def current(engine: Engine, keeper: VectorKeeper) -> VectorSet:
    with engine.unit(TENANT, write=False) as work:
        record = work.tenants.get()
        assert record is not None
        return keeper.current(work, record)[0]


def append(engine: Engine, kind: LogKind, payload: object) -> None:
    with engine.unit(TENANT, write=True) as work:
        seq = work.tenants.advance(1, 0).last_seq
        work.log.append([LogEntry(seq, kind, uuid7(0), 0, json.dumps(payload))])


def test_vectors_of_erased_messages_are_gone_at_the_next_read(engine: Engine, keeper: VectorKeeper) -> None:
    assert held(engine, keeper) == {1: [1, 0, 0], 2: [0, 1, 0], 3: [0, 0, 1]}
    append(engine, "erasure", {"seqs": [2]})
    assert held(engine, keeper) == {1: [1, 0, 0], 3: [0, 0, 1]}


def test_a_revised_message_has_no_vector_until_its_new_one_comes(engine: Engine, keeper: VectorKeeper) -> None:
    held(engine, keeper)
    append(engine, "revision", {"seq": 1})
    with engine.unit(TENANT, write=True) as work:
        work.vectors.put([StoredVector(1, "axes-1", np.array([0, 0, 1], dtype="<f4").tobytes())])
    assert held(engine, keeper) == {1: [0, 0, 1], 2: [0, 1, 0], 3: [0, 0, 1]}
    ConsciousMemory(TENANT, engine=engine).learn("The saw is lost")
    keeper.fill(TENANT)
    assert held(engine, keeper)[5] == [0, 0, 1]


def test_forgotten_vectors_are_read_again_when_they_are_asked_for(engine: Engine, keeper: VectorKeeper) -> None:
    first = current(engine, keeper)
    assert current(engine, keeper) is first
    keeper.forget(TENANT)
    again = current(engine, keeper)
    assert again is not first
    assert len(again) == 3


def test_a_vector_counts_for_nothing_where_its_message_is_gone(engine: Engine, keeper: VectorKeeper) -> None:
    vectors = current(engine, keeper)
    with engine.unit(TENANT, write=False) as work:
        record = work.tenants.get()
        assert record is not None
        view = engine.index_store.view(work, record)
    part = subset(view, view.seqs != 2)
    cosines = vectors.by_place(part, np.array([0, 1, 0], dtype=np.float32))
    assert len(cosines) == 2
    assert cosines.max() < 0.1


def test_a_vector_of_former_words_is_not_put_in_place_of_the_new_ones(engine: Engine) -> None:
    keeper = VectorKeeper(_Meanwhile(engine), lambda tenant, write: engine.unit(tenant, write=write))
    keeper.fill(TENANT)
    assert sorted(held(engine, keeper)) == [2, 3]


class _Meanwhile(AxisProvider):
    """A model during whose work a message gets other words."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def embed(self, texts: Sequence[str]) -> Vectors:
        self._engine.backend.execute(
            "UPDATE auto_messages SET content = ? WHERE tenant_id = ? AND seq = 1", ("new", TENANT)
        )
        return super().embed(texts)
