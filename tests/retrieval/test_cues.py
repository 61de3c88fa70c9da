"""What a question asks for is told by its form."""

from __future__ import annotations

import pytest

from continuum.retrieval.cues import read_cues


@pytest.mark.parametrize(
    "question",
    [
        "What did you suggest for the soup?",
        "Remind me which hotel you recommended",
        "Which book have you mentioned?",
        "What was your advice about the lease?",
        "the three names you've given me",
    ],
)
def test_a_question_about_what_the_assistant_said(question: str) -> None:
    assert read_cues(question).asks_assistant


@pytest.mark.parametrize(
    "question",
    ["Can you list my plants?", "What would you suggest for soup?", "Could you show me how?", "Who told you?", ""],
)
def test_a_request_for_something_new_is_no_such_question(question: str) -> None:
    assert not read_cues(question).asks_assistant


@pytest.mark.parametrize("question", ["When did we move?", "How many weeks was she away?", "Which month was it?"])
def test_a_question_about_a_time(question: str) -> None:
    assert read_cues(question).asks_time


@pytest.mark.parametrize("question", ["Can you help me plan it?", "What should I cook?", "Any tips for the garden?"])
def test_a_request_for_help(question: str) -> None:
    assert read_cues(question).asks_help


@pytest.mark.parametrize("question", ["Who can help with payments?", "When should I go?", "Where do I get help?"])
def test_who_when_and_where_ask_for_a_fact(question: str) -> None:
    assert not read_cues(question).asks_help


@pytest.mark.parametrize("question", ["Who painted the boat?", "", "\x00", "a" * 100_000])
def test_other_texts_ask_for_none_of_them(question: str) -> None:
    cues = read_cues(question)
    assert not any([cues.asks_time, cues.asks_assistant, cues.asks_help])
