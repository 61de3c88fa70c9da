"""Indexes follow what the log takes back: the erased and the reworded leave memory, saved copies and past views."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from continuum.core import index_store
from continuum.core.assembly import Engine, build_engine
from continuum.core.config import MemoryConfig
from continuum.core.index_store import PAST_VIEWS_MAX, IndexStore
from continuum.core.memory import ConsciousMemory
from continuum.domain.ids import tenant_id, uuid7
from continuum.domain.records import IndexedMessage, Json, LogEntry, LogKind
from continuum.errors import StorageError
from continuum.language.tokens import encode_terms, query_terms
from continuum.retrieval.index_view import IndexView
from continuum.retrieval.message_index import MessageIndex
from continuum.retrieval.query import Query
from continuum.retrieval.ranking import rank
from continuum.storage.repositories.log import Log
from continuum.storage.unit_of_work import UnitOfWork

TENANT = tenant_id("t")
OTHER = tenant_id("other")
DAY = 86_400_000_000
NOW = 1_700_000_000_000_000
BOUND = 1 << 30


@pytest.fixture
def engine(db_path: Path) -> Iterator[Engine]:
    engine = build_engine(MemoryConfig(db_path=db_path))
    yield engine
    engine.close()


@pytest.fixture
def store(tmp_path: Path) -> IndexStore:
    return IndexStore(tmp_path / "indexes", BOUND)


def learn(engine: Engine, *texts: str, tenant: str = TENANT, session: str = "s") -> None:
    for day, text in enumerate(texts):
        ConsciousMemory(tenant, engine=engine).learn(text, session_id=session, timestamp=NOW / 1e6 + day * 86_400)


def append(engine: Engine, kind: LogKind, payload: Json) -> None:
    with engine.unit(TENANT, write=True) as work:
        append_to(work, kind, payload)


def append_to(work: UnitOfWork, kind: LogKind, payload: Json) -> None:
    seq = work.tenants.advance(1, NOW).last_seq
    work.log.append([LogEntry(seq, kind, uuid7(NOW), NOW, json.dumps(payload))])


def revise(engine: Engine, seq: int, text: str) -> IndexedMessage:
    """Give a message other words; returns its row as it was before."""
    with engine.unit(TENANT, write=True) as work:
        (before,) = work.messages.index_after(seq - 1, 1)
        work.messages.index([replace(before, terms=encode_terms(text))])
        append_to(work, "revision", {"seq": seq})
    return before


def view(engine: Engine, store: IndexStore, tenant: str = TENANT) -> IndexView:
    with engine.unit(tenant_id(tenant), write=False) as work:
        record = work.tenants.get()
        assert record is not None
        return store.view(work, record)


def view_at(
    engine: Engine,
    store: IndexStore,
    seq: int | None = None,
    until: int | None = None,
    replaced: tuple[IndexedMessage, ...] = (),
) -> IndexView:
    with engine.unit(TENANT, write=False) as work:
        record = work.tenants.get()
        assert record is not None
        return store.view_at(work, record, seq=seq, until=until, replaced=replaced)


def found(view: IndexView, words: str) -> list[int]:
    """The messages that hold any of the words, by the index's own postings."""
    wanted = np.array([term.hash for term in query_terms(words)], dtype=np.uint32)
    return sorted(set(view.seqs[view.postings(wanted).documents].tolist()))


def saved_files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "indexes"
    return sorted(folder.iterdir()) if folder.exists() else []


def save(store: IndexStore) -> None:
    for saver in store._savers:
        saver.join()


def test_an_erased_message_leaves_the_index_while_later_ones_come(engine: Engine, store: IndexStore) -> None:
    learn(engine, "piano one", "piano two", "piano three")
    assert found(view(engine, store), "piano") == [1, 2, 3]
    learn(engine, "piano four", session="later")
    append(engine, "erasure", {"seqs": [2, 4, 99]})
    learn(engine, "piano six", session="later")
    assert found(view(engine, store), "piano") == [1, 3, 6]
    assert view(engine, store).position == 6


def test_a_revised_message_is_found_by_its_new_words_only(engine: Engine, store: IndexStore) -> None:
    learn(engine, "piano lessons", "garden work")
    view(engine, store)
    revise(engine, 1, "violin lessons")
    now = view(engine, store)
    assert (found(now, "piano"), found(now, "violin"), found(now, "garden")) == ([], [1], [2])


def test_many_revisions_are_read_anew(engine: Engine, store: IndexStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_store, "REVISED_ONE_BY_ONE_MAX", 1)
    learn(engine, "piano lessons", "garden work", "tax")
    view(engine, store)
    revise(engine, 1, "violin lessons")
    revise(engine, 2, "violin repair")
    assert found(view(engine, store), "violin") == [1, 2]


def test_a_saved_copy_from_before_an_erasure_is_healed_and_dropped(
    engine: Engine, tmp_path: Path, store: IndexStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_store, "SAVE_AFTER_MESSAGES", 2)
    learn(engine, "piano one", session="kept")
    learn(engine, "piano two", session="secret session")
    view(engine, store)
    save(store)
    (copy,) = saved_files(tmp_path)
    assert b"secret session" in copy.read_bytes()
    monkeypatch.setattr(index_store, "SAVE_AFTER_MESSAGES", 1_000)
    append(engine, "erasure", {"seqs": [2]})
    fresh = IndexStore(tmp_path / "indexes", BOUND)
    assert found(view(engine, fresh), "piano") == [1]
    assert saved_files(tmp_path) == []
    monkeypatch.setattr(index_store, "SAVE_AFTER_MESSAGES", 1)
    learn(engine, "piano four", session="kept")
    view(engine, fresh)
    save(fresh)
    (copy,) = saved_files(tmp_path)
    assert b"secret session" not in copy.read_bytes()


def test_a_failure_between_reading_on_and_taking_back_loses_no_erasure(
    engine: Engine, store: IndexStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(engine, "piano one", "piano two")
    view(engine, store)
    append(engine, "erasure", {"seqs": [1]})
    learn(engine, "piano four", session="later")
    with engine.unit(TENANT, write=True) as work:  # as the eraser leaves the store
        (row,) = work.messages.index_after(0, 1)
        work.messages.index([replace(row, terms=encode_terms("nothing"))])

    def broken(*_: object) -> list[LogEntry]:
        raise StorageError("the disk went away")

    with monkeypatch.context() as patch:
        patch.setattr(Log, "read", broken)
        with pytest.raises(StorageError):
            view(engine, store)
    assert found(view(engine, store), "piano") == [2, 4]


def test_the_log_is_not_read_while_only_messages_come(
    engine: Engine, store: IndexStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(engine, "piano one")
    view(engine, store)
    learn(engine, "piano two", "piano three", session="later")
    monkeypatch.delattr(Log, "read")
    assert found(view(engine, store), "piano") == [1, 2, 3]


def test_names_of_erased_concepts_are_no_longer_suggested(engine: Engine, store: IndexStore) -> None:
    learn(engine, "We use Kubernetes")

    def suggestions() -> list[str]:
        view(engine, store)
        with engine.unit(TENANT, write=False) as work:
            record = work.tenants.get()
            assert record is not None
            return [name for name, _ in store.names(work, record).closest("Kubernetis")]

    assert suggestions() == ["Kubernetes"]
    with engine.unit(TENANT, write=True) as work:
        work.clear_derived()
        append_to(work, "erasure", {"seqs": [1]})
    assert suggestions() == []


def test_purge_drops_memory_files_and_leftovers_of_one_tenant(
    engine: Engine, tmp_path: Path, store: IndexStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_store, "SAVE_AFTER_MESSAGES", 1)
    for tenant in (TENANT, OTHER):
        learn(engine, "piano one", tenant=tenant)
        view(engine, store, tenant)
    save(store)
    mine = store._path(TENANT)
    mine.with_name(f"{mine.stem}abc.tmp").write_bytes(b"half a file")
    theirs = store._path(OTHER)
    left = theirs.with_name(f"{theirs.stem}abc.tmp")
    left.write_bytes(b"half a file")
    store.purge(TENANT)
    assert saved_files(tmp_path) == sorted([theirs, left])
    assert store.stats()["tenants"] == 1
    assert found(view(engine, store), "piano") == [1]


def test_a_save_under_way_does_not_bring_a_purged_file_back(
    engine: Engine, tmp_path: Path, store: IndexStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_store, "SAVE_AFTER_MESSAGES", 1)
    begun, go_on = threading.Event(), threading.Event()
    plain = MessageIndex.to_bytes

    def slowly(index: MessageIndex) -> bytes:
        blob = plain(index)
        begun.set()
        assert go_on.wait(30)
        return blob

    monkeypatch.setattr(MessageIndex, "to_bytes", slowly)
    learn(engine, "piano one")
    view(engine, store)
    assert begun.wait(30)
    store.purge(TENANT)
    go_on.set()
    save(store)
    assert saved_files(tmp_path) == []
    assert store._saves == {}


def test_the_past_holds_what_was_said_up_to_a_position_or_a_time(engine: Engine, store: IndexStore) -> None:
    learn(engine, "piano one", "piano two", "piano three")
    now = view(engine, store)
    assert found(view_at(engine, store, seq=2), "piano") == [1, 2]
    assert found(view_at(engine, store, until=NOW), "piano") == [1]
    assert found(view_at(engine, store, seq=1, until=NOW + 2 * DAY), "piano") == [1]
    assert len(view_at(engine, store, seq=0)) == 0
    assert view_at(engine, store) is now
    assert view_at(engine, store, seq=3, until=NOW + 2 * DAY) is now
    assert found(view(engine, store), "piano") == [1, 2, 3]


def test_the_past_speaks_in_its_former_words(engine: Engine, store: IndexStore) -> None:
    learn(engine, "piano lessons", "garden work")
    before = revise(engine, 1, "violin lessons")
    past = view_at(engine, store, seq=1, replaced=(before,))
    assert (found(past, "piano"), found(past, "violin"), len(past)) == ([1], [], 1)
    assert found(view_at(engine, store, replaced=(before,)), "lessons garden") == [1, 2]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 9), st.integers(-1, 8), st.sets(st.integers(1, 8)))
def test_a_past_view_ranks_like_an_index_of_its_time(
    tmp_path_factory: pytest.TempPathFactory, seq: int, days: int, gone: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("past")
    engine = build_engine(MemoryConfig(db_path=folder / "memory.db"))
    store, fresh = IndexStore(None, BOUND), MessageIndex()
    learn(engine, *(f"piano {number} garden" for number in range(8)))
    with engine.unit(TENANT, write=False) as work:
        rows = work.messages.index_after(0)
    view(engine, store)
    append(engine, "erasure", {"seqs": sorted(gone)})
    past = view_at(engine, store, seq=seq, until=NOW + days * DAY)
    fresh.extend([r for r in rows if r.seq <= seq and r.timestamp <= NOW + days * DAY and r.seq not in gone])
    mine, theirs = (rank(each, Query("piano", NOW)) for each in (past, fresh.view()))
    assert (mine.seqs.tolist(), mine.scores.tolist()) == (theirs.seqs.tolist(), theirs.scores.tolist())
    engine.close()


def test_past_views_are_kept_counted_bounded_and_dropped(engine: Engine, store: IndexStore) -> None:
    learn(engine, *(f"piano {number}" for number in range(8)))
    view(engine, store)
    alone = store.stats()["bytes"]
    first = view_at(engine, store, seq=1)
    assert view_at(engine, store, seq=1) is first
    assert store.stats()["bytes"] == alone + first.nbytes
    for seq in range(2, 2 + PAST_VIEWS_MAX):
        view_at(engine, store, seq=seq)
    assert len(store._past) == PAST_VIEWS_MAX
    assert view_at(engine, store, seq=1) is not first
    append(engine, "erasure", {"seqs": [1]})
    view(engine, store)
    assert len(store._past) == 0
    view_at(engine, store, seq=3)
    store.purge(TENANT)
    assert store.stats() == {"tenants": 0, "bytes": 0}


def test_past_views_leave_before_an_index_does(engine: Engine, store: IndexStore) -> None:
    learn(engine, "piano one", "piano two")
    view(engine, store)
    store._memory_bytes = store.stats()["bytes"]
    assert found(view_at(engine, store, seq=1), "piano") == [1]
    assert store.stats() == {"tenants": 1, "bytes": store._memory_bytes}


def test_the_past_of_one_tenant_is_never_anothers(engine: Engine, store: IndexStore) -> None:
    learn(engine, "piano one", "piano two")
    learn(engine, "garden one", "garden two", tenant=OTHER)
    assert found(view_at(engine, store, seq=1), "piano garden") == [1]
    with engine.unit(OTHER, write=False) as work:
        record = work.tenants.get()
        assert record is not None
        theirs = store.view_at(work, record, seq=1)
    assert (found(theirs, "piano"), found(theirs, "garden")) == ([], [1])
