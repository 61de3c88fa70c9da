"""Terms: equal in every process, the same for message and question, linear, never raising."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.language.forms import Form
from continuum.language.tokens import (
    RESERVED,
    encode_tags,
    encode_terms,
    query_terms,
    tag,
    term_hash,
    without_ranges,
)
from tests.requirements import requirement


def terms(text: str) -> list[int]:
    return [value for value in np.frombuffer(encode_terms(text), dtype="<u4").tolist() if value >= RESERVED]


def form(text: str) -> int:
    return int(np.frombuffer(encode_terms(text), dtype="<u4")[-1])


def asked(question: str) -> set[int]:
    return {value for term in query_terms(question) for value in (term.hash, *term.alternatives)}


def matches(question: str, message: str) -> bool:
    return not asked(question).isdisjoint(terms(message))


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("walking", "She walked home."),
        ("deploys", "We are deploying on Friday"),
        ("snake_case", "the snake case rule"),
        ("user id", "rename user_id everywhere"),
        ("FastAPI", "we chose fastapi"),
        ("fast api", "we chose FastAPI"),
        ("parse_http_header", "see parseHttpHeader for it"),
        ("main.py", "edit src/app/main.py please"),
        ("src/app/main.py", "edit src/app/main.py please"),
        ("3.11", "we run Python 3.11 there"),
        ("85000", "it costs $85,000 a year"),
        ("C++", "I write C++ daily"),
        ("self-care", "a self care day"),
        ("O'Brien", "Miss Obrien called"),
        ("café", "the cafe on the corner"),
        ("CAFE\u0301", "un caf\u00e9 noir"),
        ("Häuser", "Das Haus ist alt und die Häuser sind neu"),
        ("кошка", "у меня есть кошки"),
        ("苹果", "我喜欢吃苹果"),
        ("りんご", "昨日りんごを買いました"),
        ("사과", "나는 사과를 좋아해요"),
        ("בית", "גרנו בבית הגדול, הבית יפה"),
        ("كتاب", "قرأت الكِتَاب أمس"),
        ("γλώσσα", "η ελληνική γλωσσα"),
        ("किताब", "मुझे किताब पसंद है"),
        ("ﬁle", "a file"),
    ],
)
def test_a_question_finds_other_forms_of_its_word(question: str, message: str) -> None:
    assert matches(question, message)


@requirement("language:tokens")
@pytest.mark.parametrize(
    ("question", "message"),
    [("cat", "concatenate"), ("C++", "C# and Java"), ("3.11", "3.12"), ("苹果", "我喜欢香蕉"), ("the", "the and of")],
)
def test_different_words_and_function_words_do_not_meet(question: str, message: str) -> None:
    assert not matches(question, message)


def test_function_words_are_left_out_and_the_order_is_kept() -> None:
    assert terms("I walked to the old bridge") == [term_hash("walk"), term_hash("old"), term_hash("bridg")]


def test_terms_are_the_same_in_a_process_with_another_hash_seed() -> None:
    text = "Größe, naïve FastAPI 我喜欢 v3.11.2 don't"
    code = f"from continuum.language.tokens import encode_terms; print(encode_terms({text!r}).hex())"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert outputs == {encode_terms(text).hex()}


def test_skipped_ranges_leave_no_terms_and_the_rest_stays() -> None:
    text = "alpha beta gamma delta"
    without = encode_terms(text, [(6, 16), (6, 10)])
    assert without == encode_terms("alpha delta")


@given(st.text(), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40))))
def test_cutting_ranges_out_keeps_exactly_the_other_characters(text: str, pairs: list[tuple[int, int]]) -> None:
    ranges = [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
    gone = {place for start, end in ranges for place in range(start, end)}
    kept = "".join(letter for place, letter in enumerate(text) if place not in gone)
    assert without_ranges(text, ranges).replace(" ", "") == kept.replace(" ", "")


@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_any_text_gives_terms_and_one_form_at_the_end(text: str) -> None:
    values = np.frombuffer(encode_terms(text), dtype="<u4")
    assert (values[:-1] >= RESERVED).all()
    assert values[-1] < RESERVED
    query_terms(text)


@given(st.text(alphabet="aB1中文ไท./-'’@&,:_+# é", max_size=30))
def test_scripts_and_joining_marks_mixed_at_will_give_terms(text: str) -> None:
    assert len(encode_terms(text)) >= 4
    query_terms(text)


def test_a_word_joined_to_an_unspaced_script_is_found_without_the_mark_between() -> None:
    assert set(terms("src")) <= set(terms("src/中文"))
    assert set(terms("docs")) <= set(terms("中文/docs"))


@given(st.text(max_size=60))
def test_a_text_asked_for_itself_finds_all_its_terms(text: str) -> None:
    assert set(terms(text)) <= asked(text)


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "\ud800 lone \udfff",
        "\u202eright to left\u202c",
        "e" + "\u0301" * 1_000,
        "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪",
        'NEAR("a" AND b*) OR -c:d ^ ~ "unclosed (',
        "'; DROP TABLE messages; --",
        "\N{ZERO WIDTH JOINER}" * 50,
        "ﷺ" * 100,
    ],
)
def test_hostile_text_is_just_text(text: str) -> None:
    assert encode_terms(text) == encode_terms(text)
    assert len(encode_terms(text)) >= 4


def test_a_thousand_marks_on_one_letter_still_find_the_letter() -> None:
    assert matches("e", "e" + "\u0301" * 1_000)


@pytest.mark.parametrize(
    "unit",
    ["a", "a.b", "aA", "'a", "a/", "1,", "我", "é", "a\u0301", "\u0301", "can't ", "word ", "x_", "-", "😀", "?", "9:"],
)
def test_time_grows_linearly_with_the_text(unit: str) -> None:
    def seconds(chars: int) -> float:
        text = unit * (chars // len(unit))
        runs = []
        for _ in range(5):
            start = time.thread_time()
            encode_terms(text)
            runs.append(time.thread_time() - start)
        return min(runs)

    assert seconds(20_000) < 12 * seconds(5_000) + 0.002


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where did you park?", Form.QUESTION),
        ("We parked at 10:30", Form.TIME),
        ("the bill was 40 dollars", Form.NUMBER),
        ("My car broke down", Form.FIRST_PERSON),
        ("Always answer in French.", Form.STANDING),
        ("Well, I'd prefer tea.", Form.STANDING),
        ("He left yesterday", Form.TIME),
    ],
)
def test_the_form_of_a_message_is_told(text: str, expected: Form) -> None:
    assert form(text) & expected


def test_a_plain_statement_has_no_form() -> None:
    assert form("The bridge is old.") == Form.NONE


def test_a_word_that_is_always_there_is_no_standing_instruction() -> None:
    assert not form("She is always late") & Form.STANDING


def test_tags_are_sorted_distinct_and_depend_on_both_parts() -> None:
    packed = np.frombuffer(encode_tags([("user_id", "b"), ("user_id", "a"), ("user_id", "b")]), dtype="<u4").tolist()
    assert packed == sorted({tag("user_id", "a"), tag("user_id", "b")})
    assert tag("user_id", "x") != tag("agent_id", "x")
    assert tag("a", "b=c") != tag("a=b", "c")
