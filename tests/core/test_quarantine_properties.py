"""What is hidden has never been said, and what is put back had never been away: whatever else happened meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from continuum.core import quarantining
from tests.core.test_lasting_properties import (
    START,
    Step,
    World,
    changing,
    forgetting,
    learning,
    run,
    world,
)

QUESTIONS = ("Where do I live?", "Which editor do I like?", "What runs our CI?", "PostgreSQL", "Who works at Siemens?")


def hide_session(here: World, session: int) -> None:
    here.memory.quarantine("suspect", session_id=f"session-{session}", dry_run=False)


def hide_origin(here: World, number: int) -> None:
    here.memory.quarantine("suspect", origin=("user", "assistant")[number % 2], dry_run=False)


def hide_moments(here: World, first: int, seconds: int) -> None:
    since, until = (START / 1_000_000 + each for each in (first, first + seconds + 1))
    here.memory.quarantine("suspect", since=since, until=until, dry_run=False)


def hide_user(here: World) -> None:
    here.memory.quarantine("suspect", source="user", dry_run=False)


def put_back(here: World, number: int) -> None:
    made = here.memory.quarantines()
    if made:
        here.memory.release(made[number % len(made)].id)


def rankings(here: World) -> list[Any]:  # Any: ids and scores
    found = [here.memory.recall(question, now=START / 1_000_000 + 1_000) for question in QUESTIONS]
    return [
        ([(each.id, round(each.score, 9)) for each in context.memories], sorted(fact.id for fact in context.facts))
        for context in found
    ]


def seen(here: World) -> tuple[Any, ...]:  # Any: rows of many tables
    moments = [None, START / 1_000_000 + 2, START / 1_000_000 + 5]
    states = [here.memory.state(known_at=moment) for moment in moments]
    return here.derived(), here.counts(), here.memory.get_stats()["messages"], rankings(here), states


moving = st.one_of(
    st.tuples(st.just(hide_session), st.tuples(st.integers(0, 2))),
    st.tuples(st.just(hide_origin), st.tuples(st.integers(0, 1))),
    st.tuples(st.just(hide_moments), st.tuples(st.integers(0, 10), st.integers(0, 5))),
    st.tuples(st.just(hide_user), st.just(())),
    st.tuples(st.just(put_back), st.tuples(st.integers(0, 5))),
)
patient = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True, params=[3, 500])
def batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most histories are shorter than a batch: they are moved by threes as well."""
    monkeypatch.setattr(quarantining, "ENTRIES_PER_BATCH", request.param)


def compared(before: dict[str, Any], after: dict[str, Any]) -> None:  # Any: rows of many tables
    for table, rows in after.items():
        assert before.get(table) == rows, table


@patient
@given(st.lists(st.one_of(learning, learning, changing, forgetting, moving, moving), min_size=2, max_size=14))
def test_hiding_and_putting_back_leave_what_a_rebuild_gives(steps: list[Step]) -> None:
    with world() as here:
        for step in steps:
            run(here, step)
        before, counts = here.derived(), here.counts()
        here.memory.rebuild()
        compared(before, here.derived())
        assert counts == here.counts()


@patient
@given(st.lists(st.one_of(learning, learning, changing, forgetting), min_size=1, max_size=12), moving)
def test_what_is_hidden_and_put_back_is_as_it_was(steps: list[Step], hiding: Step) -> None:
    with world() as here:
        for step in steps:
            run(here, step)
        before = seen(here)
        run(here, hiding)
        for each in here.memory.quarantines():
            here.memory.release(each.id)
        compared(before[0], here.derived())
        assert before[1:] == seen(here)[1:]


@patient
@given(st.lists(st.one_of(learning, learning, changing), min_size=1, max_size=12))
def test_everything_can_be_hidden_and_put_back(steps: list[Step]) -> None:
    with world() as here:
        for step in steps:
            run(here, step)
        before = seen(here)
        hidden = here.memory.quarantine("suspect", since=0, dry_run=False)
        empty = here.derived()
        assert not any(empty[table] for table in empty if table not in ("adjustments", "entry_subjects"))
        assert all(not context[0] and not context[1] for context in rankings(here))
        assert here.memory.get_messages() == []
        if hidden.id:
            here.memory.release(hidden.id)
        compared(before[0], here.derived())
        assert before[1:] == seen(here)[1:]
