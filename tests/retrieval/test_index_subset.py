"""Parts of an index rank as if they had been built from their messages alone, and leave the whole as it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from continuum.domain.records import IndexedMessage
from continuum.retrieval import message_index
from continuum.retrieval.index_subset import replaced, subset
from continuum.retrieval.message_index import MessageIndex
from tests.retrieval.conversations import ask, conversations, message, same_columns, same_ranking, texts, view_of


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_index, "TAIL_MAX", 3)
    monkeypatch.setattr(message_index, "INLINE_MERGE_MAX", 12)
    monkeypatch.setattr(message_index, "UNORDERED_MAX", 5)


@settings(deadline=None)
@given(conversations(), st.data(), texts)
def test_a_subset_equals_an_index_of_just_its_messages(
    messages: list[IndexedMessage], data: st.DataObject, question: str
) -> None:
    keep = np.array([data.draw(st.booleans()) for _ in messages], dtype=np.bool_)
    index = MessageIndex()
    for start in range(0, len(messages), 4):
        index.extend(messages[start : start + 4])
    view = index.view()
    before = ask(view, question)
    part = subset(view, keep)
    alone = view_of(*(row for row, kept in zip(messages, keep.tolist(), strict=True) if kept))
    assert same_columns(part, alone)
    assert same_ranking(ask(part, question), ask(alone, question))
    assert same_ranking(ask(view, question), before)


def test_rows_that_are_not_there_replace_nothing() -> None:
    view = view_of(message(1, "piano"), message(2, "garden"))
    assert replaced(view, view_of(message(7, "soup"))) is view
    changed = replaced(view, view_of(message(2, "tax"), message(7, "soup")))
    assert same_columns(changed, view_of(message(1, "piano"), message(2, "tax")))


@settings(deadline=None)
@given(conversations(max_size=60), st.data())
def test_witnesses_are_the_others_with_the_same_signature(messages: list[IndexedMessage], data: st.DataObject) -> None:
    index = MessageIndex()
    for start in range(0, len(messages), 7):
        index.extend(messages[start : start + 7])
        view = index.view()
    if not messages:
        return
    places = np.array(data.draw(st.lists(st.integers(0, len(view) - 1), max_size=9)), dtype=np.int64)
    for place, found in zip(places.tolist(), view.witnesses(places), strict=True):
        mine = view.signatures[place]
        others = np.flatnonzero(view.signatures == mine).tolist() if mine else []
        assert found.tolist() == [other for other in others if other != place]


def test_the_bytes_of_a_view_are_counted() -> None:
    view = view_of(*(message(seq, "piano garden soup") for seq in range(1, 200)))
    assert view.nbytes > 199 * 40
    assert subset(view, view.seqs < 10).nbytes < view.nbytes / 5
