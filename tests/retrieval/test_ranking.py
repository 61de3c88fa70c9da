"""Ranking: filters are exact, shares add up, signals do what they say, no question breaks it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from continuum.domain.clock import to_micros
from continuum.domain.records import IndexedMessage
from continuum.language.tokens import tag
from continuum.retrieval import candidates
from continuum.retrieval.query import DEFAULT_WEIGHTS, Query, Ranking, SignalWeights
from continuum.retrieval.ranking import rank, unknown_words
from continuum.retrieval.vectors import VectorSet
from tests.retrieval.conversations import NOW, START, ask, conversations, message, same_ranking, seqs, texts, view_of

SILENT = SignalWeights(**{entry.name: 0.0 for entry in fields(SignalWeights)})


def only(**weights: float) -> SignalWeights:
    return replace(SILENT, **weights)


@settings(deadline=None)
@given(conversations(), texts)
def test_shares_add_up_and_the_order_is_by_score_then_newest(messages: list[IndexedMessage], question: str) -> None:
    ranking = ask(view_of(*messages), question)
    times = {row.seq: row.timestamp for row in messages}
    for score, reasons in zip(ranking.scores, ranking.reasons, strict=True):
        assert score == pytest.approx(sum(reasons.values()), abs=1e-6)
    keys = [(-score, -times[seq], -seq) for score, seq in zip(ranking.scores, seqs(ranking), strict=True)]
    assert keys == sorted(keys)


@settings(deadline=None)
@given(
    conversations(),
    texts,
    st.sampled_from([None, frozenset({"user"}), frozenset({"user", "tool"}), frozenset[str]()]),
    st.integers(0, 5),
    st.integers(0, 5),
    st.sampled_from([(), ("u1",), ("u1", "note")]),
    st.booleans(),
)
def test_filters_are_exact(
    messages: list[IndexedMessage],
    question: str,
    roles: frozenset[str] | None,
    since: int,
    until: int,
    scopes: tuple[str, ...],
    small: bool,
) -> None:
    tags = tuple(tag(name, value) for name, value in zip(("user_id", "kind"), scopes, strict=False))
    first, last = (to_micros(START + timedelta(days=day)) for day in (since, until))
    view = view_of(*messages)
    excluded = tuple(row.seq for row in messages[:2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "SMALL", 1000 if small else 0)
        found = seqs(
            ask(view, question, limit=100, roles=roles, since=first, until=last, tags=tags, exclude_seqs=excluded)
        )
    allowed = {
        row.seq
        for row in messages
        if (roles is None or row.role in roles)
        and first <= row.timestamp < last
        and all(value in np.frombuffer(row.tags, dtype="<u4") for value in tags)
        and row.seq not in excluded
    }
    assert set(found) <= allowed


def test_a_filter_keeps_every_match_that_passes() -> None:
    rows = [message(seq, "piano", role="user" if seq % 2 else "assistant") for seq in range(1, 41)]
    assert set(seqs(ask(view_of(*rows), "piano", limit=100, roles=frozenset({"user"})))) == set(range(1, 41, 2))


HOSTILE = [
    "",
    " ",
    "\x00",
    "\ud800",
    "\u202e\u202d",
    "a" + "\u0301" * 1000,
    "👩‍👩‍👧‍👦",
    'NEAR("a", 5) OR "',
    "*:*",
    "' OR 1=1 --",
    "(((((",
    "SELECT",
    "[a-z]+",
    "\\",
    "a" * 10_000,
    "0" * 400,
    "31 February 0000 99/99/2023",
    "the of and",
]


@pytest.mark.parametrize("question", HOSTILE)
def test_no_question_raises(question: str) -> None:
    view = view_of(message(1, "the piano"), message(2, question), message(3, "garden", role="assistant"))
    ask(view, question)
    ask(view, question, session_id=question, extra_terms=((question, 0.5),))
    unknown_words(view, question)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec=None)), st.text(alphabet=st.characters(codec=None)))
def test_any_text_can_be_asked_and_learnt(text: str, question: str) -> None:
    ask(view_of(message(1, text, speaker=text, session=text)), question)


def test_words_in_a_message_beat_none() -> None:
    view = view_of(
        message(1, "The weather was fine"), message(2, "We bought an old piano"), message(3, "Soup for dinner")
    )
    assert seqs(ask(view, "Who bought the piano?"))[0] == 2


def test_what_nothing_speaks_for_is_left_out() -> None:
    view = view_of(*[message(seq, "soup", session=f"s{seq}") for seq in range(1, 5)])
    assert seqs(ask(view, "What about the piano?")) == []


def test_a_named_speaker_is_taken_out_of_the_words_and_rewarded() -> None:
    rows = [
        message(1, "Nadia, how is the garden?", speaker="Tom"),
        message(2, "The garden is blooming", speaker="Nadia"),
        message(3, "The garden is blooming", speaker="Tom"),
    ]
    ranking = ask(view_of(*rows), "What does Nadia say about the garden?")
    assert seqs(ranking)[0] == 2
    assert ranking.reasons[0]["speaker"] > 0
    assert "speaker" not in ranking.reasons[seqs(ranking).index(3)]


@pytest.mark.parametrize(("question", "best"), [("Which piano did I buy?", 1), ("Which piano did you suggest?", 2)])
def test_the_role_follows_the_question(question: str, best: int) -> None:
    view = view_of(message(1, "a piano", session="a"), message(2, "a piano", role="assistant", session="b"))
    assert seqs(ask(view, question, only(text=1.0, role=0.5)))[0] == best


def test_neighbours_lift_a_message_that_says_it_in_other_words() -> None:
    rows = [
        message(1, "Which piano did you get?", session="a"),
        message(2, "An upright one, from the shop near us", session="a"),
        message(3, "An upright one, from the shop near us", session="b"),
    ]
    assert seqs(ask(view_of(*rows), "piano shop"))[:2] == [1, 2] or seqs(ask(view_of(*rows), "piano shop"))[0] == 2
    ranking = ask(view_of(*rows), "piano shop")
    assert seqs(ranking).index(2) < seqs(ranking).index(3)


def test_words_close_together_beat_words_apart() -> None:
    far = "garden " + "soup " * 12 + "party"
    rows = [message(1, far, session="a"), message(2, "soup " * 12 + "garden party", session="b")]
    assert seqs(ask(view_of(*rows), "garden party", only(text=1.0, proximity=0.5)))[0] == 2


def test_a_date_in_the_question_lifts_what_was_said_then() -> None:
    rows = [
        message(seq, "the garden", session=f"s{seq}", at=datetime(2024, month, 5, tzinfo=UTC))
        for seq, month in ((1, 2), (2, 3), (3, 4))
    ]
    assert seqs(ask(view_of(*rows), "What about the garden in March 2024?"))[0] == 2


def test_a_session_is_lifted_and_nothing_else_is_lost() -> None:
    rows = [message(1, "the garden", session="a"), message(2, "the garden", session="b")]
    found = ask(view_of(*rows), "garden", session_id="a")
    assert seqs(found) == [1, 2]
    assert seqs(ask(view_of(*rows), "garden")) == [2, 1]
    assert seqs(ask(view_of(*rows), "garden", session_id="unheard of")) == [2, 1]


def test_a_standing_instruction_is_found_when_help_is_asked_for() -> None:
    rows = [
        message(1, "Always use metric units in recipes.", session="a"),
        message(2, "Understood.", role="assistant", session="a"),
        message(3, "Units in recipes were invented.", session="b"),
        message(4, "Indeed.", role="assistant", session="b"),
    ]
    ranking = ask(view_of(*rows), "Can you help me with a soup recipe?")
    assert seqs(ranking)[0] == 1
    assert ranking.reasons[0]["standing"] > 0


def test_corrections_count_like_words() -> None:
    view = view_of(message(1, "we saw Lisbon", session="a"), message(2, "we saw Porto", session="b"))
    assert seqs(ask(view, "Lizbon", extra_terms=(("Lisbon", 0.7),))) == [1]
    assert unknown_words(view, "Who saw Lizbon?") == ["Lizbon"]
    assert unknown_words(view, "Who saw Lisbon?") == []


def test_concept_scores_are_one_more_signal() -> None:
    view = view_of(message(1, "piano", session="a"), message(2, "soup", session="b"))
    scores = (np.array([2, 77]), np.array([0.8, 0.4]))
    ranking = ask(view, "violin", only(text=1.0, concept=0.5), concept_scores=scores)
    assert seqs(ranking) == [2]
    assert ranking.reasons[0] == {"concept": pytest.approx(0.5)}


def test_a_signal_switched_off_gives_no_share() -> None:
    view = view_of(message(1, "my piano"), message(2, "piano party", role="assistant"))
    for entry in fields(SignalWeights):
        weights = replace(DEFAULT_WEIGHTS, **{entry.name: 0.0})
        assert all(entry.name not in reasons for reasons in ask(view, "my piano party", weights).reasons)


def test_weights_must_be_numbers() -> None:
    with pytest.raises(ValueError, match="text"):
        SignalWeights(text=float("nan"))


@settings(deadline=None, max_examples=30)
@given(conversations(), texts, st.integers(0, 2**32 - 1))
def test_vectors_add_a_signal_and_match_their_messages(
    messages: list[IndexedMessage], question: str, seed: int
) -> None:
    random = np.random.default_rng(seed)
    vectors = VectorSet("test", 8)
    order = random.permutation(len(messages))[: max(len(messages) - 2, 0)]
    rows = random.normal(size=(len(order), 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    vectors.append([messages[i].seq for i in order], rows)
    wanted = np.eye(8, dtype=np.float32)[0]
    # Messages that say the same are shown once, whichever of them has the vector: here each counts.
    ranking = rank(
        view_of(*messages), Query(question, NOW, vector=wanted), only(vector=1.0), 100, vectors, collapse=False
    )
    cosines = {messages[i].seq: float(row[0]) for i, row in zip(order, rows, strict=True)}
    assert set(seqs(ranking)) == {seq for seq, cosine in cosines.items() if cosine > 0.2}
    for first, second in pairwise(zip(seqs(ranking), ranking.scores, strict=True)):
        assert first[1] >= second[1]
        assert first[1] == second[1] or cosines[first[0]] >= cosines[second[0]]


ROWS = np.eye(4, dtype=np.float32)


def by_vectors(weights: SignalWeights, *rows: IndexedMessage, near: int, question: str = "piano") -> Ranking:
    """Ask where only the message `near` has the question's vector, and all share a word with it."""
    vectors = VectorSet("test", 4)
    vectors.append([row.seq for row in rows], np.stack([ROWS[0 if row.seq == near else 1] for row in rows]))
    return rank(view_of(*rows), Query(question, NOW, vector=ROWS[0]), weights, 10, vectors)


def share(ranking: Ranking, seq: int, signal: str) -> float:
    return ranking.reasons[seqs(ranking).index(seq)].get(signal, 0.0)


def test_the_next_message_of_the_same_role_lends_its_vector() -> None:
    same = by_vectors(only(text=1.0, vector_neighbours=1.0), message(1, "piano"), message(2, "piano"), near=2)
    other = by_vectors(
        only(text=1.0, vector_neighbours=1.0), message(1, "piano"), message(2, "piano", role="assistant"), near=2
    )
    assert share(same, 1, "vector_neighbours") > 0.5
    assert share(other, 1, "vector_neighbours") == 0.0


def test_the_nearest_message_lifts_what_its_role_says_in_its_session() -> None:
    rows = [
        message(1, "piano", session="a"),
        message(2, "piano", session="a", role="assistant"),
        message(3, "piano", session="a"),
        message(4, "piano", session="b"),
    ]
    ranking = by_vectors(only(text=1.0, vector_session=1.0), *rows, near=3)
    assert share(ranking, 1, "vector_session") == share(ranking, 3, "vector_session") > 0.5
    assert max(share(ranking, seq, "vector_session") for seq in (2, 4)) <= 0.0


def test_a_reply_yields_to_the_near_message_it_replies_to_unless_the_reply_is_asked_for() -> None:
    rows = [message(1, "piano"), message(2, "piano", role="assistant")]
    weights = only(text=1.0, vector_asked=-1.0)
    assert share(by_vectors(weights, *rows, near=1), 2, "vector_asked") < -0.5
    asked = by_vectors(weights, *rows, near=1, question="Which piano did you suggest?")
    assert share(asked, 2, "vector_asked") == 0.0


@pytest.mark.parametrize(("before", "lent"), [("Which piano?", True), ("A piano.", False)])
def test_the_answer_to_a_near_question_is_lifted(before: str, lent: bool) -> None:
    ranking = by_vectors(only(text=1.0, vector_answer=1.0), message(1, before), message(2, "The old piano"), near=1)
    assert (share(ranking, 2, "vector_answer") > 0.5) is lent


@pytest.mark.parametrize("small", [True, False])
def test_a_standing_wish_is_found_for_a_request_that_shares_no_word_with_it(small: bool) -> None:
    rows = [message(1, "Always answer in metric units", session="a"), message(2, "Noted", role="assistant")]
    rows += [message(seq, "soup", session=f"s{seq}") for seq in range(3, 9)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "SMALL", 1000 if small else 0)
        assert seqs(ask(view_of(*rows), "Can you help with the ladder?")) == [1]
        assert seqs(ask(view_of(*rows), "Where is the ladder?")) == []


def test_the_limit_is_kept() -> None:
    view = view_of(*[message(seq, "piano") for seq in range(1, 30)])
    assert len(ask(view, "piano", limit=7)) == 7
    assert len(ask(view, "piano", limit=0)) == 0


@settings(deadline=None, max_examples=20)
@given(conversations(max_size=60), texts)
def test_choosing_candidates_keeps_the_first_answers(messages: list[IndexedMessage], question: str) -> None:
    view = view_of(*messages)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "SMALL", 0)
        chosen = ask(view, question, limit=5)
    assert same_ranking(chosen, ask(view, question, limit=5))


def test_equal_messages_tie_exactly_and_the_newest_comes_first() -> None:
    rows = [message(seq, "the piano in the garden", session=f"s{seq}") for seq in range(1, 38)]
    ranking = ask(view_of(*rows), "piano garden", limit=37)
    assert len(set(ranking.scores.tolist())) == 1
    assert seqs(ranking) == list(range(37, 0, -1))


@settings(deadline=None)
@given(conversations(), texts, st.integers(1, 6))
def test_near_duplicates_are_shown_once_and_the_next_move_up(
    messages: list[IndexedMessage], question: str, limit: int
) -> None:
    view = view_of(*messages)
    every = rank(view, Query(question, NOW), limit=100, collapse=False)
    signature = dict(zip(view.seqs.tolist(), view.signatures.tolist(), strict=True))
    expected: list[int] = []
    for seq in seqs(every):
        if not signature[seq] or signature[seq] not in {signature[kept] for kept in expected}:
            expected.append(seq)
    found = ask(view, question, limit=limit)
    assert seqs(found) == expected[:limit]
    for seq, witnesses, count in zip(seqs(found), found.witnesses, found.witness_counts, strict=True):
        others = {other for other, same in signature.items() if same and same == signature[seq]} - {seq}
        assert set(witnesses) == others
        assert count == len(others)


def test_witnesses_come_oldest_first_are_capped_and_pass_the_filters() -> None:
    rows = [message(seq, "I love espresso", worded=True, session=f"s{seq}") for seq in range(1, 31)]
    rows.append(message(31, "espresso machines break", worded=True))
    view = view_of(*rows)
    found = ask(view, "espresso", limit=2)
    shown = seqs(found).index(31)
    assert (found.witnesses[shown], found.witness_counts[shown]) == ((), 0)
    assert found.witness_counts[1 - shown] == 29
    assert found.witnesses[1 - shown] == tuple(seq for seq in range(1, 31) if seq not in seqs(found))[:20]
    late = ask(view, "love espresso", limit=1, since=rows[27].timestamp, exclude_seqs=(29,))
    assert {*seqs(late), *late.witnesses[0]} == {28, 30}
    assert late.witness_counts == [1]


def test_without_collapsing_each_message_stands_for_itself() -> None:
    view = view_of(*(message(seq, "I love espresso", worded=True) for seq in range(1, 4)))
    found = rank(view, Query("espresso", NOW), collapse=False)
    assert sorted(seqs(found)) == [1, 2, 3]
    assert found.witnesses == []
