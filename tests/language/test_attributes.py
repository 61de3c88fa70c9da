"""One key for each slot and value, however it is written, and one home of what is single-valued."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.language.attributes import (
    attribute_named,
    attributes_asked,
    canonical_name,
    fact_key,
    is_single,
    relation_name,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the staging database", "staging database"),
        ("Staging-Databases", "staging database"),
        ("GitHub Actions", "github actions"),
        ("my favorite editor", "favourite editors"),
        ("a nurse", "nurse"),
        ("user's wife", "User’s wife"),
        ("the API's", "API"),
        ("e-mail", "email"),
    ],
)
def test_spellings_of_one_thing_share_a_key(one: str, other: str) -> None:
    assert fact_key(one) == fact_key(other) != ""


@pytest.mark.parametrize(("one", "other"), [("5432", "5433"), ("3.1", "31"), ("C", "C++"), ("Ana", "Anna")])
def test_different_values_keep_different_keys(one: str, other: str) -> None:
    assert fact_key(one) != fact_key(other)


@given(st.text(max_size=60))
def test_a_key_is_its_own_key_and_only_blanks_have_none(text: str) -> None:
    key = fact_key(text)
    assert fact_key(key) == key
    assert bool(key) == bool(text.strip())


@pytest.mark.parametrize(
    "name", ["lives in", "works at", "age", "favourite band", "port", "CTO", "uses for ci", "password policy"]
)
def test_what_one_has_one_of_is_single(name: str) -> None:
    assert is_single(name)


@pytest.mark.parametrize("name", ["likes", "dislikes", "eats", "owns", "speaks", "uses", "allergic to", "core values"])
def test_what_accumulates_is_not_single(name: str) -> None:
    assert not is_single(name)


def test_the_name_of_a_friend_is_one_of_many_but_that_of_a_wife_is_not() -> None:
    assert not is_single("name", "user's friend")
    assert is_single("name", "user's wife")
    assert is_single("name", "user")


@pytest.mark.parametrize(
    ("noun", "attribute"),
    [
        ("city", "lives in"),
        ("employer", "works at"),
        ("mobile number", "phone"),
        ("nickname", "called"),
        ("pet", "pet"),
    ],
)
def test_a_noun_of_a_question_reaches_the_canonical_attribute(noun: str, attribute: str) -> None:
    assert fact_key(attribute) in attributes_asked(noun)
    assert attributes_asked(noun)[0] == fact_key(noun)


def test_an_unknown_noun_is_an_open_attribute_of_its_own() -> None:
    assert attributes_asked("tide table") == (fact_key("tide table"),)
    assert attribute_named("tide table").single


def test_a_noun_with_one_meaning_gets_the_canonical_name() -> None:
    assert canonical_name("Phone number") == "phone"
    assert canonical_name("sail number") == "sail number"


def test_relatives_are_named_plainly_but_told_apart() -> None:
    assert relation_name(["dear", "Cousin"]) == "Cousin"
    assert relation_name(["older", "brother"]) == "older brother"
    assert relation_name(["new", "cello", "teacher"]) == "cello teacher"
