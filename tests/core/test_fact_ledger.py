"""Folding statements into facts: whatever is said in whatever order, a slot is of one mind or says that it is not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from continuum.core.fact_ledger import applied, fold_statements, held_at, is_open
from continuum.domain.clock import Micros
from continuum.domain.facts import Fact, FactMode, Statement
from continuum.domain.records import Origin

SECRET = b"secret of a tenant"
VALUES = ("Berlin", "Lisbon", "Porto", "Ghent")
SOURCES = ("user", "Mira", "wiki")
TIMES = range(1_000, 1_012)
FOREVER = 1 << 60
OVER = ("wrong", "retracted")


def statement(seq: int, value: str = "Berlin", mode: FactMode = FactMode.STATE, at: Micros = 1_000) -> Statement:
    return Statement(
        slot_id="slot",
        seq=seq,
        number=0,
        subject="user",
        attribute="lives in",
        value=value,
        mode=mode,
        polarity=True,
        single=True,
        replaces="",
        confidence=0.8,
        valid_from=at,
        valid_to=None,
        recorded_at=at,
        message_id=f"message-{seq}",
        start=0,
        end=10,
        origin=Origin.USER,
        source="user",
        since_seq=seq,
    )


@st.composite
def sequences(draw: st.DrawFn) -> list[Statement]:
    """Statements of one single-valued slot in the order of the log, about any time, by anybody."""
    said: list[Statement] = []
    for seq in range(1, draw(st.integers(1, 9)) + 1):
        mode = draw(st.sampled_from(FactMode))
        at = draw(st.sampled_from(TIMES))
        over = mode is FactMode.STATE and draw(st.booleans())
        each = replace(
            statement(seq, draw(st.sampled_from(VALUES)), mode, at),
            message_id=f"message-{draw(st.integers(1, seq))}",
            polarity=mode not in (FactMode.STATE, FactMode.END) or draw(st.booleans()),
            valid_to=at + draw(st.integers(1, 5)) if over else None,
            replaces=draw(st.sampled_from(("", *VALUES))) if mode is FactMode.CORRECTION else "",
            origin=draw(st.sampled_from((Origin.USER, Origin.IMPORT, Origin.ASSISTANT))),
            source=draw(st.sampled_from(SOURCES)),
            subject=draw(st.sampled_from(("user", "Mira"))),
        )
        if mode in (FactMode.RETRACT, FactMode.SUPERSEDE):
            earlier = draw(st.integers(1, seq))
            each = replace(each, refers_to=(earlier, 0), value="a reason")
        said.append(each)
    return said


def fold(said: Sequence[Statement]) -> list[Fact]:
    return fold_statements(SECRET, said)


@given(sequences())
def test_folding_again_gives_the_same_facts(said: list[Statement]) -> None:
    assert fold(said) == fold(list(said))


@given(sequences())
def test_folding_all_at_once_is_applying_one_after_the_other(said: list[Statement]) -> None:
    facts: list[Fact] = []
    for each in said:
        facts = applied(SECRET, list(reversed(facts)), each)
    assert facts == fold(said)


@given(sequences())
def test_two_open_values_of_a_single_slot_are_disputed(said: list[Statement]) -> None:
    held = [fact for fact in fold(said) if is_open(fact) and fact.polarity]
    if len(held) > 1:
        assert sum(fact.status == "current" for fact in held) <= 1
        assert any(fact.status == "disputed" for fact in held)


@given(sequences())
def test_intervals_are_half_open_and_never_turned_around(said: list[Statement]) -> None:
    for fact in fold(said):
        if fact.valid_to is not None:
            assert fact.valid_from <= fact.valid_to
            assert not held_at(fact, fact.valid_to)
        if fact.status not in OVER and fact.valid_from != fact.valid_to:
            assert held_at(fact, fact.valid_from)
        assert not held_at(fact, fact.valid_from - 1)


@given(sequences())
def test_believed_values_do_not_overlap_unless_they_are_disputed(said: list[Statement]) -> None:
    believed = [f for f in fold(said) if f.polarity and f.status not in (*OVER, "disputed")]
    spans = sorted((f.valid_from, f.valid_to or FOREVER) for f in believed if f.valid_from != f.valid_to)
    for (_, former_end), (later_start, _) in pairwise(spans):
        assert former_end <= later_start


@given(sequences(), st.sampled_from(TIMES))
def test_what_is_wrong_or_retracted_never_held(said: list[Statement], moment: Micros) -> None:
    assert not [fact for fact in fold(said) if fact.status in OVER and held_at(fact, moment)]


@given(sequences())
def test_nothing_is_deleted_and_every_fact_began_with_a_statement(said: list[Statement]) -> None:
    places = {(each.seq, each.number) for each in said}
    known: set[str] = set()
    facts: list[Fact] = []
    for each in said:
        facts = applied(SECRET, facts, each)
        assert known <= {fact.id for fact in facts}
        known = {fact.id for fact in facts}
    assert {(fact.first_seq, fact.first_number) for fact in facts} <= places
    assert {fact.slot_id for fact in facts} <= {"slot"}


def test_a_thousand_changes_fold_in_bounded_time() -> None:
    said = [statement(n, f"city {n}", FactMode.CHANGE, 1_000 + n) for n in range(1, 1_001)]
    started = time.perf_counter()
    facts = fold(said)
    assert time.perf_counter() - started < 20
    assert [fact.value for fact in facts if is_open(fact)] == ["city 1000"]
    assert len(facts) == 1_000


def test_a_retracted_value_lets_go_on_what_it_had_replaced() -> None:
    said = [statement(1, "Berlin"), statement(2, "Lisbon", FactMode.CHANGE, 1_005)]
    undone = replace(statement(3, "a slip", FactMode.RETRACT, 1_009), refers_to=(2, 0))
    berlin, lisbon = fold([*said, undone])
    assert (berlin.value, berlin.status, berlin.valid_to) == ("Berlin", "current", None)
    assert (lisbon.status, lisbon.reason) == ("retracted", "a slip")


def test_a_correction_takes_over_the_time_of_what_was_wrong() -> None:
    wrong, right = fold([statement(1, "Porto"), statement(2, "Braga", FactMode.CORRECTION, 1_007)])
    assert (wrong.status, right.status, right.valid_from) == ("wrong", "current", 1_000)
    assert wrong.replaced_by == right.id
