"""Questions ask for the attribute that their verb would state."""

from __future__ import annotations

import pytest

from continuum.language.attributes import fact_key
from continuum.retrieval.fact_question_verbs import open_attributes


@pytest.mark.parametrize(
    ("question", "attribute"),
    [
        ("who do i bank with", "banks with"),
        ("where do we track bugs", "tracks bugs in"),
        ("how do i commute", "commutes by"),
        ("when does the cron job run", "runs at"),
        ("what is the queue backed by", "backed by"),
        ("where are logs shipped", "shipped to"),
        ("who owns the billing service", "owned by"),
        ("how many nodes does the cluster have", "nodes count"),
        ("do i wear contact lenses", "wears"),
    ],
)
def test_a_question_asks_for_the_attribute_of_its_verb(question: str, attribute: str) -> None:
    assert fact_key(attribute) in open_attributes(question.split())


@pytest.mark.parametrize("question", ["what is my age", "what does my sister do", "do", "who", "where did", "how many"])
def test_a_question_without_an_own_verb_asks_for_nothing_more(question: str) -> None:
    found = open_attributes(question.split())
    assert all(found)
    assert len(found) <= 1
