"""Verbs that no table knows state facts, if they speak of a habit and lead to a name or a figure."""

from __future__ import annotations

import pytest

from continuum.domain.facts import FactMode
from continuum.extraction.fact_extractor import FactExtractor


def _stated(text: str) -> list[tuple[str, str, str, FactMode]]:
    found = FactExtractor().find(text, 0, role="user", speaker=None, said_at=0)
    return [(fact.subject, fact.attribute, fact.value, fact.mode) for fact in found]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("I bank with Monzo.", ("user", "banks with", "Monzo", FactMode.STATE)),
        ("I now bank with Starling.", ("user", "banks with", "Starling", FactMode.CHANGE)),
        ("We track bugs in Bugzilla.", ("user", "tracks bugs in", "Bugzilla", FactMode.STATE)),
        ("Ida reports to Frank.", ("Ida", "reports to", "Frank", FactMode.STATE)),
        ("The token now expires after 60 minutes.", ("token", "expires after", "60 minutes", FactMode.CHANGE)),
        ("Yuki owns the billing service now.", ("billing service", "owned by", "Yuki", FactMode.CHANGE)),
        ("I don't wear contact lenses anymore.", ("user", "wears", "contact lenses", FactMode.END)),
        ("I stopped wearing contact lenses.", ("user", "wears", "contact lenses", FactMode.END)),
        ("The queue is backed by RabbitMQ.", ("queue", "backed by", "RabbitMQ", FactMode.STATE)),
        ("The staging cluster has 3 nodes.", ("staging cluster", "nodes count", "3 nodes", FactMode.STATE)),
    ],
)
def test_an_unknown_verb_states_its_own_attribute(text: str, fact: tuple[str, str, str, FactMode]) -> None:
    assert fact in _stated(text)


@pytest.mark.parametrize(
    "text",
    [
        "I went to Paris.",
        "I spent 3 hours on it.",
        "I agree with Tom.",
        "I think of Berlin.",
        "We talk to Ana.",
        "I work with Ben.",
        "My grandma stopped smoking the pipe.",
    ],
)
def test_events_thoughts_and_company_state_no_habit(text: str) -> None:
    assert [fact for fact in _stated(text) if fact[3] is not FactMode.END] == []
