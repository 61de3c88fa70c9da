"""Small conversations that the retrieval tests share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import strategies as st

from continuum.domain.clock import to_micros
from continuum.domain.records import IndexedMessage, Role
from continuum.language.tokens import encode_tags, encode_terms
from continuum.retrieval.index_view import VIEW_COLUMNS, IndexView
from continuum.retrieval.message_index import MessageIndex
from continuum.retrieval.query import DEFAULT_WEIGHTS, Query, Ranking, SignalWeights
from continuum.retrieval.ranking import rank
from continuum.retrieval.signatures import with_wording

START = datetime(2024, 3, 1, 9, tzinfo=UTC)
NOW = to_micros(datetime(2024, 6, 1, tzinfo=UTC))


def message(
    seq: int,
    text: str,
    *,
    session: str = "s1",
    role: Role = "user",
    speaker: str | None = None,
    at: datetime | None = None,
    tags: Sequence[tuple[str, str]] = (),
    worded: bool = False,
) -> IndexedMessage:
    """A row of the index; `worded` rows carry the mark by which near-duplicates are known."""
    moment = at or START + timedelta(minutes=seq)
    terms = with_wording(encode_terms(text), text) if worded else encode_terms(text)
    return IndexedMessage(seq, to_micros(moment), session, role, speaker, terms, encode_tags(tags))


def view_of(*messages: IndexedMessage) -> IndexView:
    index = MessageIndex()
    index.extend(messages)
    return index.view()


def ask(
    view: IndexView, text: str, weights: SignalWeights = DEFAULT_WEIGHTS, limit: int = 10, **filters: object
) -> Ranking:
    return rank(view, Query(text, NOW, **filters), weights, limit)  # type: ignore[arg-type]  # each test names its own


def seqs(ranking: Ranking) -> list[int]:
    return [int(seq) for seq in ranking.seqs]


def same_columns(first: IndexView, second: IndexView) -> bool:
    """Whether two views hold the same, numbers and names included; how their postings are cut does not matter."""
    counts = ("session_terms", "role_counts")
    return (
        all(np.array_equal(getattr(first, name), getattr(second, name)) for name in (*VIEW_COLUMNS, *counts))
        and list(first.session_ids) == list(second.session_ids)
        and list(first.speaker_ids) == list(second.speaker_ids)
        and first.name_terms == second.name_terms
        and first.speakers_count == second.speakers_count
    )


def same_ranking(first: Ranking, second: Ranking) -> bool:
    return (
        seqs(first) == seqs(second)
        and np.array_equal(first.scores, second.scores)
        and first.reasons == second.reasons
        and first.witnesses == second.witnesses
        and first.witness_counts == second.witness_counts
    )


WORDS = ["garden", "piano", "Lisbon", "tax", "bicycle", "soup", "garden party", "2024", "my", "always", "the", "why?"]
texts = st.lists(st.sampled_from(WORDS), min_size=0, max_size=7).map(" ".join)


@st.composite
def conversations(draw: st.DrawFn, max_size: int = 40) -> list[IndexedMessage]:
    """Messages of a few sessions, speakers and roles, some equal in text and time."""
    count = draw(st.integers(0, max_size))
    seq = 0
    found = []
    for _ in range(count):
        seq += draw(st.integers(1, 3))
        found.append(
            message(
                seq,
                draw(texts),
                session=draw(st.sampled_from(["a", "b", "c"])),
                role=draw(st.sampled_from(["user", "assistant", "tool"])),
                speaker=draw(st.sampled_from([None, "Nadia", "Tom Reed"])),
                at=START + timedelta(days=draw(st.integers(0, 5))),
                worded=draw(st.booleans()),
                tags=draw(st.sampled_from([(), (("user_id", "u1"),), (("user_id", "u1"), ("kind", "note"))])),
            )
        )
    return found
