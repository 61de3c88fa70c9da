"""What a text names is found, where it names it, and nothing beside it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.domain.records import ExtractedConcept
from continuum.errors import InvalidInputError
from continuum.extraction.concept_extractor import CONCEPTS_MAX, SPANS_MAX, ConceptExtractor
from continuum.language.names import normalise_name
from tests.requirements import requirement

EXTRACTOR = ConceptExtractor()


def _keys(text: str) -> set[str]:
    return {concept.key for concept in EXTRACTOR.find(text)}


def _one(text: str, name: str) -> ExtractedConcept:
    return next(concept for concept in EXTRACTOR.find(text) if concept.key == normalise_name(name))


def _assert_spans_name(concept: ExtractedConcept, text: str) -> None:
    allowed = {concept.key, *map(normalise_name, concept.aliases)}
    for span in concept.spans:
        assert normalise_name(text[span.start : span.end]) in allowed


@requirement("extraction:concepts")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I prefer FastAPI for web projects", {"FastAPI", "web projects"}),
        ("FastAPI uses Python for a web framework", {"FastAPI", "Python", "web framework"}),
        ("We keep rate limiting and database migrations in one service.", {"rate limiting", "database migrations"}),
        ("My sister reads 'The Left Hand of Darkness' on trains.", {"The Left Hand of Darkness"}),
        ("The “blue notebook” and «Le Monde» and `user_id` matter.", {"blue notebook", "Le Monde", "user_id"}),
        ("Set MAX_RETRIES, call os.path.join and pass --dry-run.", {"MAX_RETRIES", "os.path.join", "dry-run"}),
        ("Look into src/billing/invoice.py and ./run.sh.", {"src/billing/invoice.py", "run.sh"}),
        ("We moved from C++ to C# and Node.js over gRPC.", {"C++", "C#", "Node.js", "gRPC"}),
        ("It broke with Python 3.11 on GPT-4.", {"Python", "Python 3.11", "GPT-4"}),
        ("Write to ana@example.org or see https://example.org/help.", {"ana@example.org", "https://example.org/help"}),
        ("Thanks @nora_k for the #fermentation tips.", {"nora_k", "fermentation"}),
        ("We flew with Aunt May to Rio de Janeiro and the Bank of America.", {"Rio de Janeiro", "Bank of America"}),
        ("Dr. Okafor works at St. Mary's Hospital.", {"Okafor", "St. Mary's Hospital"}),
        ("Emma never eats broccoli.", {"Emma", "broccoli"}),
        ("I'm allergic to peanuts and shellfish.", {"peanuts", "shellfish"}),
        ("She is learning the violin.", {"violin"}),
        ("i have a dog named rex", {"rex"}),
        ("The LGBTQ support group meets in the VS Code office near La Paz.", {"support group", "VS Code", "La Paz"}),
        ("Мой друг Иван Петров живёт в Казани.", {"Иван Петров", "Казани"}),
        ("Η Μαρία Παππά μένει στην Αθήνα.", {"Μαρία Παππά", "Αθήνα"}),
        ("毎日「深層学習」とプログラミングを学ぶ。", {"深層学習", "プログラミング"}),
    ],
)
def test_named_things_are_found(text: str, expected: set[str]) -> None:
    assert {normalise_name(name) for name in expected} <= _keys(text)


@pytest.mark.parametrize(
    "text",
    [
        "Today we will see what they do about it.",
        "On Monday, 3 March 2024 at 10:30 it was 12.5 kg.",
        "Yes! Okay. Thanks. However, that is what I would like to know.",
        'She said: "I don\'t know what he means."',
        "User is tired. Assistant was glad.",
        "He asked me whether I could come with them next week.",
        "",
        "\x00\ud800 \u0301",
    ],
)
def test_small_words_dates_numbers_and_quoted_sentences_are_no_concepts(text: str) -> None:
    assert EXTRACTOR.extract(text) == []


def test_a_capital_at_the_start_of_a_sentence_is_no_name_by_itself() -> None:
    assert _keys("Database migrations took hours. Dinner was late. Add error handling.") == {
        "databasemigration",
        "dinner",
        "errorhandling",
    }
    assert "perhaps" not in _keys("Perhaps. Walking home. Alice waved to Perry.")


def test_a_raised_voice_is_not_read_as_acronyms() -> None:
    assert _keys("PLEASE STOP SHIPPING BROKEN BUILDS BEFORE LUNCH EVERYBODY") == set()


def test_twins_are_one_concept_that_shows_its_best_form() -> None:
    text = "I use fastapi. She uses FastAPI and `fast_api` daily."
    concept = _one(text, "FastAPI")
    assert concept.name == "FastAPI"
    assert set(concept.aliases) == {"fastapi", "fast_api"}
    assert [text[span.start : span.end] for span in concept.spans] == ["fastapi", "FastAPI", "fast_api"]


@pytest.mark.parametrize(
    ("text", "name", "description"),
    [
        ("FastAPI is a modern web framework.", "FastAPI", "a modern web framework"),
        ("Minka, my cat, hates baths.", "Minka", "my cat"),
        ("Alice (our CTO) agreed.", "Alice", "our CTO"),
        ("My cat is called Minka.", "Minka", "My cat"),
        ("We met my neighbour Klaus there.", "Klaus", "my neighbour"),
        ("We met Klaus there.", "Klaus", ""),
    ],
)
def test_a_description_is_the_words_of_the_text(text: str, name: str, description: str) -> None:
    found = _one(text, name).description
    assert found == description
    assert found in text


@pytest.mark.parametrize(
    ("text", "name", "alias"),
    [
        ("We run PostgreSQL (Postgres) there.", "PostgreSQL", "Postgres"),
        ("Kubernetes, also known as K8s, is heavy.", "Kubernetes", "K8s"),
        ("I met Robert (aka Bobby) there.", "Robert", "Bobby"),
    ],
)
def test_other_names_become_aliases_and_no_concepts_of_their_own(text: str, name: str, alias: str) -> None:
    concept = _one(text, name)
    assert concept.aliases == (alias,)
    assert normalise_name(alias) not in _keys(text)
    _assert_spans_name(concept, text)


@pytest.mark.parametrize(
    ("text", "name", "entity_type"),
    [
        ("My brother Tom cooks.", "Tom", "person"),
        ("Ask Dr. Okafor.", "Okafor", "person"),
        ("Yesterday Nadia said so.", "Nadia", "person"),
        ("We started Project Apollo.", "Project Apollo", "project"),
        ("We use PostgreSQL there.", "PostgreSQL", "tool"),
        ("More about #sourdough soon.", "sourdough", "topic"),
        ("We talked about rate limiting.", "rate limiting", "concept"),
    ],
)
def test_cheap_cues_tell_the_type(text: str, name: str, entity_type: str) -> None:
    assert _one(text, name).entity_type == entity_type


def test_counts_say_how_often_the_text_has_it() -> None:
    assert EXTRACTOR.extract_with_counts("Redis here, Redis there, and Kafka.") == {"Redis": 2, "Kafka": 1}


def test_the_callers_stop_words_and_patterns_count() -> None:
    extractor = ConceptExtractor(stopwords=["acme corp"], custom_patterns=[r"closed (\w+-\d+)", re.compile("zq+")])
    assert set(extractor.extract("Acme Corp closed web-77 about zqq.")) == {"web-77", "zqq"}


@pytest.mark.parametrize(
    "settings",
    [{"min_length": 0}, {"min_length": 9, "max_length": 3}, {"max_concepts": 0}, {"max_concepts": CONCEPTS_MAX + 1}],
)
def test_contradicting_limits_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(InvalidInputError):
        ConceptExtractor(**settings)  # type: ignore[arg-type]  # only integers are passed


def test_a_pattern_that_does_not_compile_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="custom_patterns"):
        ConceptExtractor(custom_patterns=["("])


def test_concepts_of_one_text_are_bounded() -> None:
    at_limit = " ".join(f'"term{number}x"' for number in range(CONCEPTS_MAX))
    assert len(EXTRACTOR.find(at_limit)) == CONCEPTS_MAX
    assert len(EXTRACTOR.find(at_limit + ' "one more"')) == CONCEPTS_MAX
    assert len(ConceptExtractor(max_concepts=3).find(at_limit)) == 3


def test_places_of_one_concept_are_bounded() -> None:
    assert len(_one("we use Redis, " * SPANS_MAX, "Redis").spans) == SPANS_MAX
    assert len(_one("we use Redis, " * (SPANS_MAX + 1), "Redis").spans) == SPANS_MAX


_WORDS = st.sampled_from(
    [
        *("Alice", "Kafka", "my", "cat", "uses", "FastAPI", "(aka", "K8s)", "is a", "web", "framework", "`a_b`"),
        *("'x y'", '"Big Idea"', "and", "the", "of", "St.", "C++", "3.11", "said", "-", ",", ".", "\n"),
        *("é\u0301", "東京", "\x00"),
    ]
)


@given(st.lists(_WORDS, max_size=40).map(" ".join))
def test_every_span_names_its_concept_and_reading_again_says_the_same(text: str) -> None:
    found = EXTRACTOR.find(text, 3)
    assert found == ConceptExtractor().find(text, 3)
    assert len({concept.key for concept in found}) == len(found)
    for concept in found:
        assert concept.key == normalise_name(concept.name)
        assert concept.spans == tuple(sorted(set(concept.spans)))
        assert concept.description in text
        assert all(span.message == 3 and 0 <= span.start < span.end <= len(text) for span in concept.spans)
        _assert_spans_name(concept, text)


@given(st.text(max_size=300))
def test_any_text_at_all_is_read(text: str) -> None:
    for concept in EXTRACTOR.find(text):
        _assert_spans_name(concept, text)
