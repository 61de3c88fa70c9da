"""Twins share one key, strangers do not, and a question finds the key of what it names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from continuum.language.names import QUERY_KEYS_MAX, entity_key, key_prefix, normalise_name, query_keys

TWINS = [
    ("web_framework", "web-framework", "Web Framework", "WebFramework", "web frameworks", "WEB_FRAMEWORKS"),
    ("FastAPI", "fastapi", "Fast API", "fast-api"),
    ("API", "APIs", "apis", "Apis"),
    ("Node.js", "NodeJS", "node js"),
    ("library", "Libraries"),
    ("movie", "movies"),
    ("box", "boxes"),
    ("cache", "caches"),
    ("branch", "branches"),
    ("class", "classes"),
    ("analysis", "analyses", "Analysis"),
    ("database", "databases"),
    ("potato", "potatoes"),
    ("photo", "photos"),
    ("status", "statuses"),
    ("dollar", "dollars"),
    ("board", "boards"),
    ("law", "laws"),
    ("child", "children"),
    ("Alice", "Alice's", "alice’s"),
    ("Zürich", "ZÜRICH", unicodedata.normalize("NFD", "zürich")),
    ("Straße", "STRASSE"),
    ("Python", "ｐｙｔｈｏｎ", "#python", "--python"),
    ("Москва", "москва"),
]


@pytest.mark.parametrize("twins", TWINS, ids=lambda twins: str(twins[0]))
def test_twins_share_one_key(twins: tuple[str, ...]) -> None:
    assert {normalise_name(twin) for twin in twins} == {normalise_name(twins[0])}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Redis", "redis"),
        ("Kubernetes", "kubernetes"),
        ("AWS", "aws"),
        ("class", "class"),
        ("analysis", "analysis"),
        ("iOS", "ios"),
        ("James", "james"),
        ("C++", "c++"),
        ("C#", "c#"),
        ("Python 3.11", "python3.11"),
        ("10-20", "10 20"),
        ("東京", "東京"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_names_that_only_look_like_plurals_or_symbols_keep_their_letters(name: str, key: str) -> None:
    assert normalise_name(name) == key


def test_different_things_have_different_keys() -> None:
    names = ["C", "C++", "C#", "Python 3.1", "Python 31", "Redis", "news", "new", "10 20", "1020", "Marie", "Mary"]
    assert len({normalise_name(name) for name in names}) == len(names)


@pytest.mark.parametrize("text", ["", "   ", "!?", "🎉", "\x00", "\ud800", "---"])
def test_what_has_no_letter_or_digit_names_nothing(text: str) -> None:
    assert normalise_name(text) == ""


@given(st.text(max_size=60))
def test_every_name_that_is_not_blank_has_a_key_and_begins_with_its_beginning(text: str) -> None:
    key = entity_key(text)
    assert entity_key(key) == key
    assert bool(key) == bool(text.strip())
    assert key == (normalise_name(text) or key)


def test_names_without_letters_differ_and_a_question_finds_them() -> None:
    names = ["🚀", "🔥", "👩‍👩‍👧‍👦", "!!!", "-"]
    assert len({entity_key(name) for name in names}) == len(names)
    assert entity_key("🚀") in query_keys("What about 🚀, then?")
    assert query_keys("What about — it?") == query_keys("What about it?")


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("New York", "New"),
        ("New York", "new y"),
        ("Minka", "MIN"),
        ("Web frameworks", "web frameworks"),
        ("Libraries", "Libraries"),
        ("Python 3.11", "Python 3."),
        ("Straße", "STRASS"),
        ("🚀🔥", "🚀"),
    ],
)
def test_a_key_begins_with_what_its_name_begins_with(name: str, beginning: str) -> None:
    prefix = key_prefix(beginning)
    assert prefix
    assert entity_key(name).startswith(prefix)


@given(st.text(max_size=60))
@example("childrens")
@example("a_#b")
@example("C++ 20s")
@example("İstanbul's")
@example("ǰss")
def test_a_key_is_its_own_key(text: str) -> None:
    key = normalise_name(text)
    assert normalise_name(key) == key


@given(st.from_regex(r"[a-zA-Z]{2,12}( [a-zA-Z]{2,12}){0,3}", fullmatch=True))
def test_separators_never_matter_between_letters(name: str) -> None:
    assert normalise_name(name.replace(" ", "_")) == normalise_name(name.replace(" ", "-"))


def test_a_question_finds_the_keys_of_what_it_names() -> None:
    keys = query_keys("Which web frameworks did Alice's team pick for the Bank of America project?")
    assert {normalise_name(name) for name in ("web framework", "Alice", "Bank of America")} <= set(keys)


def test_function_words_are_no_candidates_by_themselves() -> None:
    assert query_keys("What should I do with it?") == ()


@given(st.text(max_size=2_000))
def test_candidates_of_any_text_are_bounded_and_distinct(text: str) -> None:
    keys = query_keys(text)
    assert len(keys) <= QUERY_KEYS_MAX
    assert len(set(keys)) == len(keys)
    assert "" not in keys


def test_a_long_question_still_offers_names_of_several_words() -> None:
    keys = query_keys(" ".join(f"word{number}x" for number in range(300)))
    assert len(keys) == QUERY_KEYS_MAX
    assert normalise_name("word0x word1x word2x word3x") in keys
