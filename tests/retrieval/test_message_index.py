"""The index: however it came about, it ranks the same; what is removed was never there; damage is noticed."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from continuum.domain.records import IndexedMessage
from continuum.language.tokens import query_terms
from continuum.retrieval import message_index
from continuum.retrieval.message_index import MessageIndex
from tests.requirements import requirement
from tests.retrieval.conversations import (
    ask,
    conversations,
    message,
    same_columns,
    same_ranking,
    seqs,
    texts,
    view_of,
)


def built(messages: list[IndexedMessage], sizes: list[int]) -> MessageIndex:
    """Messages added in portions of the given sizes, over and over."""
    index = MessageIndex()
    position = turn = 0
    while position < len(messages):
        size = sizes[turn % len(sizes)]
        index.extend(messages[position : position + size])
        index.view()
        position, turn = position + size, turn + 1
    return index


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seal and merge after a handful of messages, so that small examples meet every path."""
    monkeypatch.setattr(message_index, "TAIL_MAX", 3)
    monkeypatch.setattr(message_index, "INLINE_MERGE_MAX", 12)
    monkeypatch.setattr(message_index, "SEGMENTS_KEPT", 1)


@requirement("retrieval:index")
@settings(deadline=None)
@given(conversations(), st.lists(st.integers(1, 5), min_size=1, max_size=4), texts)
def test_portions_and_merges_change_nothing(messages: list[IndexedMessage], sizes: list[int], question: str) -> None:
    fresh, grown = MessageIndex(), built(messages, sizes)
    fresh.extend(messages)
    expected = ask(fresh.view(), question)
    assert same_ranking(ask(grown.view(), question), expected)
    grown.compact()
    assert same_ranking(ask(grown.view(), question), expected)


@settings(deadline=None)
@given(conversations(), st.sets(st.integers(1, 80)), texts)
def test_removed_messages_were_never_there(messages: list[IndexedMessage], gone: set[int], question: str) -> None:
    index, without = built(messages, [4]), MessageIndex()
    removed = index.remove(gone)
    without.extend([row for row in messages if row.seq not in gone])
    assert removed == len(messages) - len(without)
    assert same_columns(index.view(), without.view())
    assert same_ranking(ask(index.view(), question), ask(without.view(), question))
    later = [message(place, "piano in Lisbon", session="b", speaker="Tom Reed") for place in range(200, 208)]
    index.extend(later)
    without.extend(later)
    assert same_columns(index.view(), without.view())
    assert same_ranking(ask(index.view(), question), ask(without.view(), question))


@settings(deadline=None)
@given(conversations(), st.dictionaries(st.integers(1, 80), texts, max_size=6), texts)
def test_replaced_messages_had_their_new_words_from_the_start(
    messages: list[IndexedMessage], words: dict[int, str], question: str
) -> None:
    rows = [message(seq, text, session="new", speaker="Ada", worded=True) for seq, text in sorted(words.items())]
    index, expected = built(messages, [4]), MessageIndex()
    index.replace(rows)
    new = {row.seq: row for row in rows}
    expected.extend([new.get(row.seq, row) for row in messages])
    assert same_columns(index.view(), expected.view())
    assert same_ranking(ask(index.view(), question), ask(expected.view(), question))


def test_readers_go_on_while_messages_are_removed() -> None:
    index = MessageIndex()
    index.extend([message(seq, "piano", session=f"s{seq % 5}", speaker=f"n{seq % 7}") for seq in range(1, 200)])
    failures: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            view = index.view()
            found = seqs(ask(view, "piano", limit=500))
            if sorted(found) != view.seqs.tolist() or view.postings(piano).counts[0] != len(view):
                failures.append(f"{len(found)} of {len(view)}")

    piano = np.array([term.hash for term in query_terms("piano")], dtype=np.uint32)
    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for seq in range(1, 150):
        assert index.remove([seq]) == 1
        index.extend([message(200 + seq, "piano", session="later")])
        if seq % 40 == 0:
            index.compact()
    done.set()
    for reader in readers:
        reader.join(timeout=30)
    assert not failures
    assert index.view().seqs.tolist() == [*range(150, 200), *range(201, 350)]


@settings(deadline=None)
@given(conversations(), conversations(max_size=6), texts)
def test_a_saved_index_comes_back_and_grows_on(
    messages: list[IndexedMessage], more: list[IndexedMessage], question: str
) -> None:
    index = built(messages, [4])
    restored = MessageIndex.from_bytes(index.to_bytes())
    assert (len(restored), restored.position) == (len(index), index.position)
    later = [
        message(index.position + 1 + place, "piano in Lisbon", session=row.session_id) for place, row in enumerate(more)
    ]
    index.extend(later)
    restored.extend(later)
    assert same_ranking(ask(restored.view(), question), ask(index.view(), question))
    assert same_columns(restored.view(), index.view())


def test_a_view_does_not_see_what_comes_later() -> None:
    index = MessageIndex()
    index.extend([message(1, "the piano is old"), message(2, "a garden")])
    before = index.view()
    expected = ask(before, "piano garden")
    index.extend([message(seq, "piano piano garden", session="s1") for seq in range(3, 40)])
    assert same_ranking(ask(before, "piano garden"), expected)
    assert len(ask(index.view(), "piano garden", limit=100)) == 39


def test_known_messages_are_passed_over_and_the_position_moves() -> None:
    index = MessageIndex()
    rows = [message(1, "piano"), message(4, "garden")]
    index.extend(rows)
    index.extend([*rows, message(6, "soup")])
    assert (len(index), index.position) == (3, 6)
    index.advance(9)
    index.extend([message(8, "late")])
    assert (len(index), index.position) == (3, 9)


def test_messages_out_of_order_are_refused_and_nothing_is_kept() -> None:
    index = MessageIndex()
    with pytest.raises(ValueError, match="ascending"):
        index.extend([message(2, "piano"), message(1, "garden")])
    assert len(index) == 0


def test_readers_go_on_while_a_writer_appends_and_compacts() -> None:
    index = MessageIndex()
    index.extend([message(1, "piano")])
    failures: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            view = index.view()
            found = seqs(ask(view, "piano", limit=500))
            if sorted(found) != view.seqs.tolist():
                failures.append(f"{len(found)} of {len(view)}")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for seq in range(2, 200):
        index.extend([message(seq, "piano", session=f"s{seq % 5}")])
        if seq % 40 == 0:
            index.compact()
    done.set()
    for reader in readers:
        reader.join(timeout=30)
    assert not failures
    assert len(index.view()) == 199


@pytest.mark.parametrize("place", [0, 9, 20, 200, -1])
def test_a_damaged_blob_is_refused(place: int) -> None:
    index = MessageIndex()
    index.extend([message(seq, "piano garden soup") for seq in range(1, 9)])
    blob = bytearray(index.to_bytes())
    blob[place] ^= 0x41
    with pytest.raises(ValueError, match="index"):
        MessageIndex.from_bytes(bytes(blob))


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(ValueError, match="index"):
        MessageIndex.from_bytes(blob)


def test_a_truncated_blob_is_refused() -> None:
    index = MessageIndex()
    index.extend([message(1, "piano")])
    blob = index.to_bytes()
    for end in range(0, len(blob), 37):
        with pytest.raises(ValueError, match="index"):
            MessageIndex.from_bytes(blob[:end])


def test_a_blob_of_another_term_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    index = MessageIndex()
    index.extend([message(1, "piano")])
    blob = index.to_bytes()
    monkeypatch.setattr("continuum.retrieval.index_format.TERMS_VERSION", 0)
    with pytest.raises(ValueError, match="version"):
        MessageIndex.from_bytes(blob)


def test_compact_says_whether_there_was_something_to_merge() -> None:
    index = built([message(seq, "piano") for seq in range(1, 40)], [1])
    assert index.compact()
    assert not index.compact()


def test_bytes_are_counted() -> None:
    empty = MessageIndex().nbytes
    index = MessageIndex()
    index.extend([message(seq, "piano garden soup") for seq in range(1, 200)])
    assert index.nbytes > empty + 199 * 40


def test_an_empty_index_answers_nothing() -> None:
    assert len(ask(view_of(), "piano")) == 0
    assert len(MessageIndex.from_bytes(MessageIndex().to_bytes())) == 0
