"""Misspelt names find their owner; short words find nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.retrieval.fuzzy import NameMatcher


@pytest.fixture
def matcher() -> NameMatcher:
    found = NameMatcher()
    found.add(["Marguerite", "PostgreSQL", "Tom Reed", "Łukasz", "Tallinn", "Benedikt", "Anna"])
    return found


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Margarite", "Marguerite"),
        ("Margureite", "Marguerite"),
        ("postgresql", "PostgreSQL"),
        ("Postgre5QL", "PostgreSQL"),
        ("Tallin", "Tallinn"),
        ("Xallinn", "Tallinn"),
        ("Tallinx", "Tallinn"),
        ("Ried", "Tom Reed"),
        ("Bendeikt", "Benedikt"),
        ("ANNA", "Anna"),
    ],
)
def test_one_or_two_edits_are_forgiven(matcher: NameMatcher, written: str, meant: str) -> None:
    assert matcher.closest(written, 1)[0][0] == meant


@pytest.mark.parametrize("written", ["", "To", "Tom", "Ann", "xyzzy", "Margarine", "12345", "\ud800", "a" * 5000])
def test_short_or_distant_words_find_nobody(matcher: NameMatcher, written: str) -> None:
    assert matcher.closest(written) == []


def test_the_nearest_comes_first_and_the_limit_holds() -> None:
    matcher = NameMatcher()
    matcher.add(["Martina", "Martino", "Martin", "Karting"])
    found = matcher.closest("Martina", 2)
    assert [name for name, _ in found] == ["Martina", "Martin"]
    assert found[0][1] == 1.0
    assert matcher.closest("Martina", 0) == []


def test_adding_again_changes_nothing(matcher: NameMatcher) -> None:
    before = len(matcher)
    matcher.add(["Marguerite", "Marguerite"])
    assert len(matcher) == before
    assert len(matcher.closest("Marguerita")) == 1


@given(st.text(alphabet="abcdefgh", min_size=5, max_size=7), st.data())
def test_one_change_anywhere_is_found(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    matcher = NameMatcher()
    matcher.add([name])
    assert matcher.closest(name[:place] + "z" + name[place + 1 :]) != []
    assert matcher.closest(name[:place] + "z" + name[place:]) != []
    if len(name) > 4:
        assert matcher.closest(name[:place] + name[place + 1 :]) != []
