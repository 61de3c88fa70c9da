"""A question leads to the slots it asks for, and a text that asks for none costs nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.domain.clock import to_micros
from continuum.domain.facts import FactQuestion
from continuum.language.attributes import fact_key
from continuum.retrieval.fact_questions import (
    ATTRIBUTES_MAX,
    QUESTION_CHARACTERS_MAX,
    SUBJECTS_MAX,
    VALUES_MAX,
    fact_question,
)
from tests.requirements import requirement

NOW = to_micros(datetime(2026, 3, 15, 12, tzinfo=UTC))


def _asked(text: str, speakers: tuple[str, ...] = ()) -> FactQuestion:
    found = fact_question(text, NOW, speakers)
    assert found is not None
    return found


@requirement("facts:ask:slots")
@pytest.mark.parametrize(
    ("text", "attribute", "subject"),
    [
        ("Where do I live?", "lives in", "user"),
        ("What city am I in?", "lives in", "user"),
        ("Where does Marta live now?", "lives in", "Marta"),
        ("what's my favourite editor", "favourite editor", "user"),
        ("What is my favorite colour?", "favourite colour", "user"),
        ("Which editor do I like best?", "favourite editor", "user"),
        ("What CI do we use?", "uses for CI", "user"),
        ("What do we use for analytics?", "uses for analytics", "user"),
        ("Which database do we use?", "uses", "user"),
        ("what port is the staging database on?", "port", "staging database"),
        ("What's the port of the mail relay?", "port", "mail relay"),
        ("staging database port", "port", "staging database"),
        ("What is the API's rate limit?", "rate limit", "API"),
        ("Python version?", "version", "Python"),
        ("When is the deadline?", "deadline", "user"),
        ("Who is our CTO?", "CTO", "user"),
        ("What should you call me?", "called", "user"),
        ("What's my name?", "name", "user"),
        ("How old am I?", "age", "user"),
        ("When is Tom's birthday?", "birthday", "Tom"),
        ("What is my phone number?", "phone", "user"),
        ("Where do I work?", "works at", "user"),
        ("Do I smoke?", "practises", "user"),
        ("What is the build number?", "build number", "build"),
        ("What is the start date?", "start date", "start"),
        ("What does my father do?", "job", "user's father"),
        ("What is my son called?", "called", "user's son"),
        ("Who is our cleaner?", "name", "user's cleaner"),
        ("Who is my wife?", "spouse", "user"),
        ("What do we deploy with?", "deploys with", "user"),
        ("When does the pool open?", "opens at", "pool"),
        ("What is Viktor's favourite drink?", "favourite drink", "Viktor"),
        ("When do I go to bed?", "goes to bed at", "user"),
        ("What's my job?", "job", "user"),
        ("Where does my wife work?", "works at", "user's wife"),
        ("What is my dog called?", "name", "user's dog"),
        ("Who is my landlord?", "name", "user's landlord"),
        ("What am I allergic to?", "allergic to", "user"),
        ("Which languages do I speak?", "speaks", "user"),
        ("What do I like?", "likes", "user"),
        ("What do I drive?", "drives", "user"),
        ("my editor", "editor", "user"),
        ("Am I married?", "marital status", "user"),
        ("Where am I from?", "from", "user"),
        ("When was I born?", "birthday", "user"),
    ],
)
def test_a_question_names_attribute_and_subject(text: str, attribute: str, subject: str) -> None:
    found = _asked(text)
    assert fact_key(attribute) in found.attributes
    assert fact_key(subject) in found.subjects
    assert found.time == "now"


@requirement("facts:ask:past")
@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("Where did I live before Lisbon?", "Lisbon"),
        ("Where did I live before?", ""),
        ("Where did I use to work?", ""),
        ("What was my previous job?", ""),
        ("What did we use before GitHub Actions?", "GitHub Actions"),
        ("Who was our former CTO?", ""),
    ],
)
def test_a_question_about_before_says_what_came_after(text: str, before: str) -> None:
    found = _asked(text)
    assert (found.time, found.before_value) == ("before", fact_key(before) if before else "")


def test_a_question_about_a_past_time_names_its_window() -> None:
    found = _asked("What was the port last March?")
    assert (found.time, found.attributes[0]) == ("at", "port")
    assert found.start == to_micros(datetime(2025, 3, 1, tzinfo=UTC))
    assert found.end == to_micros(datetime(2025, 4, 1, tzinfo=UTC))
    assert _asked("Where did I live in 2018?").start == to_micros(datetime(2018, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["Where have I lived?", "Which jobs have I ever had?", "history of my port"])
def test_a_question_about_all_time_asks_for_the_history(text: str) -> None:
    assert _asked(text).time == "ever"


@pytest.mark.parametrize(
    ("text", "value"),
    [("Do I eat meat?", "meat"), ("Do I still play tennis?", "tennis"), ("Do we use Redis?", "Redis")],
)
def test_a_yes_or_no_question_names_the_value(text: str, value: str) -> None:
    assert fact_key(value) in _asked(text).values
    assert _asked(text).time == "now"


def test_speakers_may_be_meant_by_i_and_my() -> None:
    assert {"user", "ana"} <= set(_asked("Where do I live?", ("Ana",)).subjects)
    assert {"userwife", fact_key("Ana's wife")} <= set(_asked("Where does my wife live?", ("Ana",)).subjects)
    assert "ana" in _asked("Where does Ana live?", ("Ana",)).subjects


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "?",
        "!!! ...",
        "Thanks, that was a great help and I will try it out tomorrow morning.",
        "The harbour was calm this morning and the rain came only after lunch.",
        "x" * (QUESTION_CHARACTERS_MAX + 1),
    ],
)
def test_what_asks_for_no_fact_gives_none(text: str) -> None:
    assert fact_question(text, NOW) is None


@given(st.text(max_size=QUESTION_CHARACTERS_MAX + 20))
def test_any_text_keeps_the_bounds_and_keys_are_keys(text: str) -> None:
    found = fact_question(f"{text}?", NOW, ("Ana", "Bo"))
    if found is not None:
        assert 0 < len(found.attributes) <= ATTRIBUTES_MAX
        assert len(found.subjects) <= SUBJECTS_MAX
        assert len(found.values) <= VALUES_MAX
        assert all(key and fact_key(key) == key for key in (*found.attributes, *found.subjects, *found.values))
        assert found == fact_question(f"{text}?", NOW, ("Ana", "Bo"))


def test_a_question_is_read_in_well_under_a_millisecond() -> None:
    questions = ["Where did I live before Lisbon?", "what port is the staging database on?", "Who is our CTO?"]
    best = 1e9
    for _ in range(5):
        started = process_time()
        for question in questions * 20:
            fact_question(question, NOW)
        best = min(best, (process_time() - started) / 60)
    assert best < 400e-6
