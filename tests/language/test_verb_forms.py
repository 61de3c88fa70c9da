"""Verbs meet in one form, however they are written."""

from __future__ import annotations

import pytest

from continuum.language.verb_forms import is_past, participle, third_person


@pytest.mark.parametrize(
    ("form", "third"),
    [
        ("bank", "banks"),
        ("banks", "banks"),
        ("try", "tries"),
        ("tries", "tries"),
        ("pass", "passes"),
        ("passes", "passes"),
        ("using", "uses"),
        ("running", "runs"),
        ("wearing", "wears"),
        ("doing", "does"),
        ("bring", "brings"),
        ("have", "has"),
    ],
)
def test_every_form_of_a_verb_has_one_third_person(form: str, third: str) -> None:
    assert third_person(form) == third


@pytest.mark.parametrize(
    ("form", "done"),
    [("owns", "owned"), ("carry", "carried"), ("runs", "run"), ("leads", "led"), ("maintain", "maintained")],
)
def test_who_does_something_is_by_whom_it_is_done(form: str, done: str) -> None:
    assert participle(form) == done


def test_past_forms_are_no_habits() -> None:
    assert [word for word in ("went", "spent", "meant", "track", "deploys", "bank") if is_past(word)] == [
        "went",
        "spent",
        "meant",
    ]
