"""Sentences end where a reader would end them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.language.sentences import sentences


def _split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "whole",
    [
        "Dr. Osei saw Mrs. Lund at 5 p.m. on Friday.",
        "J. K. Rowling lives there.",
        "We need tools, e.g. ruff, for this.",
        "Version 3.11 is out.",
        "See continuum.language.names for details.",
        "Add approx. 200 grams of flour.",
    ],
)
def test_abbreviations_initials_and_dots_inside_words_do_not_end_a_sentence(whole: str) -> None:
    assert _split(whole) == [whole]


def test_stops_with_closing_quotes_and_brackets_end_a_sentence() -> None:
    assert _split('He said "stop." Then (at last!) she slept. Really?!') == [
        'He said "stop."',
        "Then (at last!) she slept.",
        "Really?!",
    ]


def test_list_items_and_paragraphs_are_sentences_of_their_own() -> None:
    assert _split("Plan:\n- buy milk\n- call Ana\n\n1. First step\n2. Second step") == [
        "Plan:",
        "- buy milk",
        "- call Ana",
        "1. First step",
        "2. Second step",
    ]


def test_a_hard_wrapped_line_goes_on() -> None:
    assert _split("The harbour was quiet\nand the boats were in.") == ["The harbour was quiet\nand the boats were in."]


def test_code_lines_stand_for_themselves() -> None:
    assert _split("Run this:\n```py\nx = a. b\nprint(x)\n```\nDone.") == [
        "Run this:",
        "```py",
        "x = a. b",
        "print(x)",
        "```",
        "Done.",
    ]


def test_cjk_stops_need_no_blank() -> None:
    assert _split("東京に住んでいます。猫が好き！") == ["東京に住んでいます。", "猫が好き！"]


@given(st.text(alphabet=st.sampled_from("aA1 .!?。\n\t\"'`-)(é\u0301"), max_size=200))
def test_sentences_are_ordered_disjoint_and_lose_nothing_but_white_space(text: str) -> None:
    spans = sentences(text)
    position = 0
    for start, end in spans:
        assert position <= start < end <= len(text)
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()
