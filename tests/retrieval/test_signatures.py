"""Signatures: what says the same shares one; what only looks alike does not."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.language.tokens import encode_terms
from continuum.retrieval.signatures import CHARS_MAX, TERMS_MAX, with_wording
from tests.retrieval.conversations import message, view_of


def signature(text: str, **how: object) -> int:
    row = message(1, text, worded=True, **how)  # type: ignore[arg-type]  # each test names its own
    return int(view_of(row).signatures[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I love espresso", "espresso is what I love"),
        ("I love espresso", "I love the espresso!"),
        ("My favourite drink is espresso", "espresso is my favourite drink."),
        ("Nadia lives in Lisbon", "nadia lives in Lisbon."),
        ("The staging port is 5433", "the staging port is 5433."),
        ("J'habite à Lyon", "j’habite à Lyon"),
    ],
)
def test_the_same_said_again_shares_a_signature(one: str, other: str) -> None:
    assert signature(one) == signature(other) != 0


ALIKE = [
    "I love espresso", "I don't love espresso", "I never love espresso", "Do I love espresso?", "do I love espresso",
    "I loved espresso", "I loved 2 espressos", "I loved 3 espressos", "She loves espresso", "He loves espresso",
    "You love espresso", "I would love espresso", "I love no espresso", "I love espresso?",
    "I moved from Lisbon to Porto", "I moved from Porto to Lisbon", "I told Tom of Anna", "I told Anna of Tom",
    "Tom beats Anna", "Anna beats Tom", "turn on the lamp", "turn off the lamp", "I think cats chase dogs",
    "I think dogs chase cats", "it is 5 degrees outside", "it is -5 degrees outside", "Is espresso good coffee",
    "Espresso is good coffee", "great work 👍", "great work 👎", "I know you love espresso", "you know I love espresso",
    "the port was open", "the port is open", "I told Anna Tom left", "I told Tom Anna left",
]  # fmt: skip


def test_what_only_looks_alike_does_not() -> None:
    found = {text: signature(text) for text in ALIKE}
    assert all(found.values())
    assert [pair for pair in combinations(ALIKE, 2) if found[pair[0]] == found[pair[1]]] == []


def test_who_says_it_and_whom_it_concerns_belong_to_it() -> None:
    said = [
        signature("I love espresso"),
        signature("I love espresso", role="assistant"),
        signature("I love espresso", speaker="Nadia"),
        signature("I love espresso", speaker="Tom"),
        signature("I love espresso", tags=[("user_id", "u1")]),
        signature("I love espresso", tags=[("user_id", "u2")]),
        signature("I love espresso", tags=[("user_id", "u1"), ("project_id", "p")]),
    ]
    assert len(set(said)) == len(said)
    assert signature("I love espresso", session="s9") == said[0]


@pytest.mark.parametrize("text", ["", "Yes.", "the", "Bye bye", "?!", "espresso"])
def test_too_little_said_has_none(text: str) -> None:
    assert signature(text) == 0


def test_very_much_said_has_none() -> None:
    words = [f"zq{chr(97 + place // 26)}{chr(97 + place % 26)}" for place in range(TERMS_MAX + 1)]
    assert signature(" ".join(words[:TERMS_MAX]))
    assert signature(" ".join(words)) == 0
    assert signature("piano garden".ljust(CHARS_MAX))
    assert signature("piano garden".ljust(CHARS_MAX + 1)) == 0


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_message_is_signed_the_same_in_any_company(one: str, other: str) -> None:
    first, second = message(1, one, worded=True), message(2, other, worded=True, tags=[("user_id", "u")])
    alone = [view_of(row).signatures[0] for row in (first, second)]
    assert view_of(first, second).signatures.tolist() == alone


@given(st.text(max_size=80))
def test_the_mark_changes_neither_terms_nor_form(text: str) -> None:
    plain, marked = view_of(message(1, text)), view_of(message(1, text, worded=True))
    assert np.array_equal(plain.stream, marked.stream)
    assert plain.forms.tolist() == marked.forms.tolist()
    assert plain.signatures.tolist() == [0]
    assert len(with_wording(encode_terms(text), text)) - len(encode_terms(text)) in (0, 12)
