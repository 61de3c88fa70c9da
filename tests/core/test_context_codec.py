"""A recalled answer comes back from its bytes as it was, to the last bit, or is refused."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from continuum.core import context_codec
from continuum.core.context_codec import decode, encode
from continuum.core.memory import ConsciousMemory
from continuum.domain.records import Json
from continuum.domain.results import (
    Degradation,
    MemoryContext,
    RecalledConcept,
    RecalledDecision,
    RecalledFact,
    RecalledMemory,
    RecalledRelationship,
)
from tests.requirements import requirement

texts = st.text(st.characters(codec=None), max_size=12)
"""Lone surrogates too."""
numbers = st.integers(-(2**70), 2**70)
floats = st.floats()
json_values: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, floats, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
mappings = st.dictionaries(texts, json_values, max_size=3)
moments = st.datetimes(timezones=st.just(UTC))


def some(made: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(made, max_size=2).map(tuple)


contexts = st.builds(
    MemoryContext,
    context_string=texts,
    concepts_found=numbers,
    relationships_found=numbers,
    query_time_ms=floats,
    tenant_id=texts,
    recall_id=texts,
    tokens=numbers,
    explanation=st.none() | mappings,
    degraded=some(st.builds(Degradation, texts, texts)),
    relationships=some(st.builds(RecalledRelationship, texts, texts, texts, floats, floats)),
    concepts=some(st.builds(RecalledConcept, *[texts] * 4, floats, numbers, trust=st.none() | floats)),
    decisions=some(st.builds(RecalledDecision, *[texts] * 3, moments, texts, texts, floats, texts)),
    facts=some(
        st.builds(
            RecalledFact,
            *(*[texts] * 4, st.booleans(), texts, st.booleans(), texts, st.none() | moments, st.none() | moments),
            *(floats, numbers, *[texts] * 3, numbers, numbers, floats),
        )
    ),
    memories=some(
        st.builds(
            RecalledMemory,
            *(texts, texts, numbers, numbers, texts, st.none() | texts, moments, texts, floats),
            *(st.dictionaries(texts, floats, max_size=3), mappings, texts, numbers, st.none() | texts),
            *(some(texts), numbers, texts, floats, st.booleans()),
        )
    ),
)


def exactly(value: object) -> object:
    """A value in a form in which only the very same is equal: types, order, and the bits of floats."""
    if is_dataclass(value):
        return type(value), [exactly(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, Mapping):
        return dict, [(key, exactly(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [exactly(item) for item in value]
    if isinstance(value, float):
        return float, "nan" if math.isnan(value) else struct.pack("d", value)
    return (str if isinstance(value, str) else type(value)), value


@requirement("cache:redis")
@given(context=contexts)
@example(context=MemoryContext("\ud83d\ude00", 0, 0, -0.0, "\ud800", explanation={"\udc00": float("inf")}))
def test_any_answer_comes_back_exactly(context: MemoryContext) -> None:
    assert exactly(decode(encode(context))) == exactly(context)


def test_what_real_recalls_give_comes_back_exactly(memory: ConsciousMemory) -> None:
    memory.learn("I live in Lisbon and work at Acme.", "Noted.", {"tags": ["a", {"b": 1.5}], "n": None})
    memory.learn("We decided to use PostgreSQL with FastAPI for the shop.", "FastAPI and PostgreSQL it is.")
    memory.learn("I moved to Porto last week.", "Good luck in Porto!")
    memory.learn("東京 Москва 👩‍👩‍👧 are places I like, and PostgreSQL too", "")
    questions = ("Where do I live?", "What does the shop use, PostgreSQL or FastAPI?", "places 東京", "nothing like it")
    seen = set()
    for question in questions:
        for context in (memory.recall(question), memory.recall(question, explain=True, include_text=True)):
            again = decode(encode(context))
            assert exactly(again) == exactly(context)
            assert again == context
            seen |= {
                name for name in ("facts", "memories", "concepts", "decisions", "explanation") if getattr(again, name)
            }
    assert seen == {"facts", "memories", "concepts", "decisions", "explanation"}


def test_nobody_who_gets_an_answer_can_change_anothers(memory: ConsciousMemory) -> None:
    memory.learn("I live in Lisbon.", "", {"tags": ["a"]})
    written = encode(memory.recall("Where do I live?"))
    one, other = decode(written), decode(written)
    one.memories[0].metadata["tags"].append("b")
    assert other.memories[0].metadata == {"tags": ["a"]}


def test_a_time_of_another_zone_keeps_it() -> None:
    moment = datetime(2026, 3, 1, 9, 30, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    context = MemoryContext("", 0, 0, 0.0, "t", decisions=(RecalledDecision("", "", "", moment, "", ""),))
    assert decode(encode(context)).decisions[0].timestamp.isoformat() == moment.isoformat()


PLAIN = MemoryContext("text", 1, 2, 3.5, "t")


def test_another_version_or_another_layout_is_refused() -> None:
    written = encode(PLAIN)
    for place in range(9):
        changed = bytearray(written)
        changed[place] ^= 1
        with pytest.raises(ValueError, match="another version"):
            decode(bytes(changed))
    assert context_codec._LAYOUTS[0].described.startswith("MemoryContext(context_string, concepts_found, ")


@given(cut=st.integers(0, 200), body=st.binary(max_size=40))
def test_what_was_not_written_here_is_a_value_error_and_nothing_else(cut: int, body: bytes) -> None:
    written = encode(PLAIN)
    for data in (written[: cut % len(written)], written[:9] + body, body):
        with pytest.raises(ValueError):
            decode(data)


@pytest.mark.parametrize("body", ["1", "[]", "{}", "null", '[1,2,3,4,5,[[1]],[],[],[],[],"",0,[],null]', "[" * 100_000])
def test_json_of_another_shape_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError):
        decode(encode(PLAIN)[:9] + body.encode())


def test_what_has_no_form_is_a_value_error() -> None:
    deep: list[Json] = []
    for _ in range(100_000):
        deep = [deep]
    for explanation in ({"x": object()}, {"x": {1, 2}}, {"x": deep}):
        with pytest.raises(ValueError):
            encode(replace(PLAIN, explanation=explanation))
