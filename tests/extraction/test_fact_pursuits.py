"""Habits, clubs, skills, books, medicines, what one runs and hosts where, and how they end."""

from __future__ import annotations

import pytest

from continuum.domain.facts import ExtractedFact, FactMode
from continuum.extraction.fact_extractor import FactExtractor

NOON = 1_780_000_000_000_000


def _find(text: str) -> tuple[ExtractedFact, ...]:
    return FactExtractor().find(text, 0, role="user", speaker=None, said_at=NOON)


@pytest.mark.parametrize(
    ("text", "subject", "attribute", "value"),
    [
        ("I smoke.", "user", "practises", "smoking"),
        ("I'm a member of the sailing club.", "user", "member of", "sailing club"),
        ("Ines leads the payments team.", "Ines", "leads", "payments team"),
        ("Ines knows Rust.", "Ines", "knows", "Rust"),
        ("I'm reading Dune.", "user", "reads", "Dune"),
        ("I take metformin.", "user", "takes", "metformin"),
        ("I take vitamin C.", "user", "takes", "vitamin C"),
        ("We run Postgres 15.", "user", "Postgres version", "Postgres 15"),
        ("We upgraded to Postgres 17.", "user", "Postgres version", "Postgres 17"),
        ("We host the blog on Netlify.", "blog", "hosted on", "Netlify"),
        ("We deploy with Kamal.", "user", "deploys with", "Kamal"),
        ("I drink a lot of mint tea.", "user", "drinks", "mint tea"),
        ("I'm a team lead.", "user", "job", "team lead"),
        ("Yuki is now the head of design.", "Yuki", "job", "head of design"),
        ("Our CTO is now Mateo.", "user", "CTO", "Mateo"),
        ("The cache server runs Debian 12.", "cache server", "runs", "Debian 12"),
        ("The gateway listens on port 8443.", "gateway", "port", "8443"),
        ("The pool opens at 7 am.", "pool", "opens at", "7 am"),
        ("The bakery sells rye bread.", "bakery", "sells", "rye bread"),
        ("The office has a canteen.", "office", "has", "canteen"),
        ("My blood type is A.", "user", "blood type", "A"),
        ("The gate code is 4711.", "user", "gate code", "4711"),
        ("The wifi password is bluewhale.", "wifi", "password", "bluewhale"),
        ("Please note that my email is jo@new.example.", "user", "email", "jo@new.example"),
        ("These days my favourite editor is Zed.", "user", "favourite editor", "Zed"),
        ("Turns out I like okra.", "user", "likes", "okra"),
    ],
)
def test_a_statement_gives_its_slot_and_value(text: str, subject: str, attribute: str, value: str) -> None:
    (fact,) = _find(text)
    assert (fact.subject, fact.attribute, fact.value) == (subject, attribute, value)


@pytest.mark.parametrize(
    "text",
    [
        "I know Tom.",
        "I take the train.",
        "I take it.",
        "I smoke salmon in the garden.",
        "I left early.",
        "I left the house at nine.",
        "I sold it for parts.",
        "I finished the report.",
        "The dog has a point.",
        "We run a shop.",
        "We build with care.",
        "The office is in good shape.",
        "I mean it.",
    ],
)
def test_what_only_looks_like_a_statement_gives_nothing(text: str) -> None:
    assert _find(text) == ()


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ("I left Pinecone Media last Friday.", "", "Pinecone Media"),
        ("I sold my Volvo.", "", "Volvo"),
        ("I cancelled my Mubi subscription.", "", "Mubi"),
        ("I left the chess club.", "member of", "chess club"),
        ("I gave up learning Finnish.", "studies", "Finnish"),
        ("I stopped taking ibuprofen.", "takes", "ibuprofen"),
        ("I finished Dune.", "reads", "Dune"),
        ("The office no longer has a gym.", "has", "gym"),
        ("He's no longer my boyfriend.", "name", ""),
    ],
)
def test_an_end_names_the_slot_or_the_value_that_is_over(text: str, attribute: str, value: str) -> None:
    (fact,) = _find(text)
    assert (fact.attribute, fact.value, fact.mode) == (attribute, value, FactMode.END)


@pytest.mark.parametrize(
    ("text", "attribute", "value", "replaces"),
    [
        ("We use Jitsi instead of Zoom now.", "uses", "Jitsi", "Zoom"),
        ("I swapped coffee for green tea.", "", "green tea", "coffee"),
        ("We moved billing from MySQL to Postgres.", "uses for billing", "Postgres", "MySQL"),
    ],
)
def test_a_takeover_names_what_it_replaces(text: str, attribute: str, value: str, replaces: str) -> None:
    (fact,) = _find(text)
    assert (fact.attribute, fact.value, fact.replaces, fact.mode) == (attribute, value, replaces, FactMode.CHANGE)


@pytest.mark.parametrize(
    ("text", "value", "replaces"),
    [
        ("The meeting room is not Saturn but Jupiter.", "Jupiter", "Saturn"),
        ("It's John, not Jon.", "John", "Jon"),
        ("Sorry, it leaves at 8:45.", "8:45", ""),
        ("Correction: he lives in Augsburg.", "Augsburg", ""),
        ("I mean Low.", "Low", ""),
        ("Wait, no, my dog's name is Ralf.", "Ralf", ""),
    ],
)
def test_a_correction_is_told_from_a_change(text: str, value: str, replaces: str) -> None:
    (fact,) = _find(text)
    assert (fact.value, fact.replaces, fact.mode) == (value, replaces, FactMode.CORRECTION)


def test_two_tools_with_two_purposes_are_two_slots() -> None:
    found = _find("I use Vim for code and Obsidian for notes.")
    assert [(fact.attribute, fact.value) for fact in found] == [
        ("uses for code", "Vim"),
        ("uses for notes", "Obsidian"),
    ]
