"""What a speaker resolved to do is found in their own words, and only what is theirs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.domain.records import Role
from continuum.errors import InvalidInputError
from continuum.extraction.decision_extractor import DECISIONS_MAX, DecisionExtractor
from tests.requirements import requirement

EXTRACTOR = DecisionExtractor()


def _texts(text: str, role: Role = "user") -> list[str]:
    return [found.text for found in EXTRACTOR.extract(text, role)]


@pytest.mark.parametrize("role", ["user", "assistant"])
@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("Fine. I will rewrite the invoice page.", "I will rewrite the invoice page"),
        ("I'll repaint the fence on Saturday!", "I'll repaint the fence on Saturday"),
        ("I’ll repaint the fence.", "I’ll repaint the fence"),
        ("I'm going to adopt a second dog.", "I'm going to adopt a second dog"),
        ("Creating the schema now.", "Creating the schema now"),
        ("Sure. Building API with FastAPI.", "Building API with FastAPI"),
        ("My plan is to move to Porto.", "My plan is to move to Porto"),
        ("After lunch we decided to sue.", "we decided to sue"),
        ("Let's go with the oak table.", "Let's go with the oak table"),
        ("We've chosen Kafka for events.", "We've chosen Kafka for events"),
        ("I have decided to stop smoking.", "I have decided to stop smoking"),
        ("In the end, decided on the blue tiles.", "decided on the blue tiles"),
        ("We are switching to solar power.", "We are switching to solar power"),
        ("Going forward we review every contract.", "Going forward we review every contract"),
        ("I will bring the tent, ok?", "I will bring the tent"),
    ],
)
def test_resolutions_are_found_in_both_roles(text: str, decision: str, role: Role) -> None:
    assert _texts(text, role) == [decision]


@pytest.mark.parametrize(
    "text",
    [
        "I will not renew the lease.",
        "I won't renew the lease.",
        "We decided against renewing.",
        "I'm not going to renew it.",
    ],
)
def test_a_decision_not_to_keeps_its_negation(text: str) -> None:
    assert _texts(text) == [text.rstrip(".")]


@pytest.mark.parametrize(
    "text",
    [
        "Will I need a visa? Shall I will it away?",
        "I will need a visa for that trip, will I not?",
        "If I will have time I will go swimming.",
        "I wonder whether I will pass the exam.",
        "She said she will paint the door.",
        "She said I will regret the tattoo.",
        'The note read "I will leave you tomorrow" in red.',
        "According to the book, I will sleep better.",
        "I'll be happy to help with that!",
        "We'll see about the holiday.",
        "I haven't decided to leave the firm.",
        "The will of my uncle names two heirs.",
        "Wei will call the supplier later.",
        "Building is fun and creating is human.",
    ],
)
def test_questions_ifs_others_words_and_politeness_are_no_decisions(text: str) -> None:
    assert _texts(text) == []


@requirement("extraction:decisions")
def test_the_sentence_is_the_context_and_the_span_is_exact() -> None:
    text = "Hello there. After the audit, we decided to encrypt backups. Bye."
    (found,) = EXTRACTOR.find(text, "user", 2)
    assert found.context == "After the audit, we decided to encrypt backups."
    assert (found.span.message, text[found.span.start : found.span.end]) == (2, found.text)


def test_two_decisions_of_one_sentence_are_two() -> None:
    assert _texts("I will call Ana and I will order the cake.") == ["I will call Ana", "I will order the cake"]


def test_too_short_is_nothing_and_too_long_is_cut_between_words() -> None:
    extractor = DecisionExtractor(min_length=10, max_length=30)
    assert extractor.extract("I will go.", "user") == []
    assert [found.text for found in extractor.extract("I will run.", "user")] == ["I will run"]
    (found,) = extractor.extract("I will carry every single box upstairs tonight.", "user")
    assert found.text == "I will carry every single box"


def test_decisions_of_one_text_are_bounded() -> None:
    line = "I will plant a tree.\n"
    assert len(EXTRACTOR.extract(line * DECISIONS_MAX, "user")) == DECISIONS_MAX
    assert len(EXTRACTOR.extract(line * (DECISIONS_MAX + 1), "user")) == DECISIONS_MAX


def test_contradicting_limits_are_refused() -> None:
    with pytest.raises(InvalidInputError):
        DecisionExtractor(min_length=20, max_length=10)


_PIECES = st.sampled_from(
    [
        *("I will", "we decided to", "Let's go with", "building ", "go home", "paint the fence", "if", "she said"),
        *('"', "“", "?", ".", "\n", "and", ",", "İ", "ok?", "’"),
    ]
)


@given(st.lists(_PIECES, max_size=30).map(" ".join))
def test_every_span_is_exactly_the_words_of_its_decision(text: str) -> None:
    for found in EXTRACTOR.extract(text, "user"):
        assert text[found.span.start : found.span.end] == found.text
        assert found.text in found.context
        assert found.context in text
        assert 10 <= len(found.text) <= 200
