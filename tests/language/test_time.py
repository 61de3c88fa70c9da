"""Times named in a text become windows of event time, against a given now."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.domain.clock import EARLIEST_MICROS, LATEST_MICROS, from_micros, to_micros
from continuum.language.time import WINDOWS_MAX, time_windows
from tests.requirements import requirement

NOW = to_micros(datetime(2024, 3, 13, 15, 30, tzinfo=UTC))  # a Wednesday


def days(text: str) -> list[tuple[str, str]]:
    return [
        (from_micros(window.start).date().isoformat(), from_micros(window.end).date().isoformat())
        for window in time_windows(text, NOW)
    ]


@requirement("language:times")
@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("in May 2023", "2023-05-01", "2023-06-01"),
        ("on 2023-05-08", "2023-05-08", "2023-05-09"),
        ("2023-05", "2023-05-01", "2023-06-01"),
        ("on 8 May", "2023-05-08", "2023-05-09"),
        ("the 8th of May, 2022", "2022-05-08", "2022-05-09"),
        ("March 3rd, 2021", "2021-03-03", "2021-03-04"),
        ("Feb 2", "2024-02-02", "2024-02-03"),
        ("05/08/2023", "2023-05-08", "2023-05-09"),
        ("28/08/2023", "2023-08-28", "2023-08-29"),
        ("March 13 at 10:30", "2024-03-13", "2024-03-14"),
        ("late August", "2023-08-21", "2023-09-01"),
        ("early February", "2024-02-01", "2024-02-11"),
        ("last March", "2023-03-01", "2023-04-01"),
        ("in January", "2024-01-01", "2024-02-01"),
        ("two weeks ago", "2024-02-25", "2024-03-03"),
        ("a couple of days ago", "2024-03-11", "2024-03-12"),
        ("yesterday", "2024-03-12", "2024-03-13"),
        ("the day before yesterday", "2024-03-11", "2024-03-12"),
        ("today", "2024-03-13", "2024-03-14"),
        ("in the last 3 days", "2024-03-10", "2024-03-14"),
        ("over the past few weeks", "2024-02-21", "2024-03-14"),
        ("last Monday", "2024-03-11", "2024-03-12"),
        ("last Wednesday", "2024-03-06", "2024-03-07"),
        ("last week", "2024-03-04", "2024-03-11"),
        ("last weekend", "2024-03-09", "2024-03-12"),
        ("this month", "2024-03-01", "2024-04-01"),
        ("last month", "2024-02-01", "2024-03-01"),
        ("last year", "2023-01-01", "2024-01-01"),
        ("in 2021", "2021-01-01", "2022-01-01"),
        ("this summer", "2023-06-01", "2023-09-01"),
        ("summer 2022", "2022-06-01", "2022-09-01"),
        ("since May 2023", "2023-05-01", "2024-03-13"),
        ("before 3 June", "1970-01-01", "2023-06-03"),
        ("after February 10", "2024-02-11", "2024-03-13"),
        ("since March", "2024-03-01", "2024-04-01"),
    ],
)
def test_a_time_is_understood(text: str, start: str, end: str) -> None:
    assert days(f"What happened {text}?") == [(start, end)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "May I come in?",
        "He may march to the spring.",
        "the last word",
        "31 February 2023",
        "2023-13-45",
        "10 apples",
        "v2023-05-08x",
        "99/99/2023",
    ],
)
def test_other_words_are_no_times(text: str) -> None:
    assert days(text) == []


def test_several_times_come_in_the_order_of_the_text_with_their_places() -> None:
    text = "between 3 May 2023 and 8 May 2023"
    windows = time_windows(text, NOW)
    assert [text[slice(*window.span)] for window in windows] == ["3 May 2023", "8 May 2023"]


def test_a_day_is_surer_than_a_month_and_a_month_than_a_year() -> None:
    day, month, year = (time_windows(text, NOW)[0].confidence for text in ("3 May 2023", "May 2023", "in 2023"))
    assert 1.0 >= day > month > year > 0.0


def test_the_number_of_windows_is_bounded() -> None:
    assert len(time_windows("yesterday " * 100, NOW)) == WINDOWS_MAX


@given(st.text(alphabet=st.characters(codec=None)), st.integers(-(2**62), 2**62))
def test_no_text_and_no_moment_raises(text: str, now: int) -> None:
    time_windows(text, now)


@given(
    st.lists(
        st.sampled_from(["last", "31", "May", "2024", "two", "years", "ago", "before", "since", "winter", "/", "-"])
    ),
    st.sampled_from([EARLIEST_MICROS, 0, NOW, LATEST_MICROS]),
)
def test_windows_are_never_empty(words: list[str], now: int) -> None:
    for window in time_windows(" ".join(words), now):
        assert window.start < window.end


@pytest.mark.parametrize("unit", ["may ", "1 ", "in the ", "2023-", "a few ", "last ", "12/", " "])
def test_time_grows_linearly_with_the_text(unit: str) -> None:
    def seconds(chars: int) -> float:
        text = unit * (chars // len(unit))
        runs = []
        for _ in range(3):
            start = time.thread_time()
            time_windows(text, NOW)
            runs.append(time.thread_time() - start)
        return min(runs)

    assert seconds(20_000) < 12 * seconds(5_000) + 0.002
