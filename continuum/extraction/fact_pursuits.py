"""What people keep doing: habits, clubs, skills, books, medicines, and what they run and host where."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from continuum.domain.facts import FactMode
from continuum.extraction.fact_drafts import Draft, Reading
from continuum.extraction.fact_holdings import drug_drafts
from continuum.extraction.fact_object_forms import draft_of, is_name, is_tool, is_version
from continuum.extraction.fact_predicates import HABITS, Predicate
from continuum.extraction.fact_subjects import Subject
from continuum.extraction.fact_values import Value, value_at, values_at

_HABIT_ENDS: Final = frozenset({"", ".", ",", "!", ";", "anymore", "any", "now", "and", "but", "every", "again"})
_CLUBS: Final = frozenset(
    "club team society band choir orchestra association union league committee board group gym squad council guild "
    "party church department project crew unit division chapter".split()
)
_DRUG_ENDINGS: Final = (
    "fen", "pril", "statin", "sartan", "mycin", "cillin", "zepam", "zolam", "oxetine", "prazole", "olol", "formin",
    "cetamol", "aspirin", "insulin", "melatonin", "thyroxine", "dronate", "triptan",
)  # fmt: skip
_PARTICIPLES: Final = {
    form: (plain, participle)
    for plain, participle, forms in (
        ("hosts", "hosted", "host hosts hosting"),
        ("deploys", "deployed", "deploy deploys deploying"),
        ("monitors", "monitored", "monitor monitors monitoring"),
        ("builds", "built", "build builds"),
        ("stores", "stored", "store stores storing"),
    )
    for form in forms.split()
}


def habit_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """ "I smoke." is the activity of that name."""
    words = reading.words
    if words.at(after) not in _HABIT_ENDS:
        return []
    drafted = draft_of(reading, subject.name, predicate, Value(after - 1, after))
    return [replace(drafted, value=HABITS[words.lower[after - 1]])]


def club_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """A club or a team: written as a name, or called one."""
    words = reading.words
    if words.at(after) in ("the", "a", "an", "my", "our"):
        after += 1
    value = value_at(words, after)
    if value is None or words.at(value.last) == "of":
        return []
    grouped = words.lower[value.last - 1] in _CLUBS and value.last - value.first > 1
    named = predicate.attribute == "member of" and predicate.mode is not FactMode.END and is_name(reading, value)
    return [draft_of(reading, subject.name, predicate, value)] if grouped or named else []


def tool_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """Only what is known to be a tool: one knows people and places too, in another sense."""
    values = [value for value in values_at(reading.words, after) if is_tool(reading.words, value)]
    return [draft_of(reading, subject.name, predicate, value) for value in values]


def title_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, after)
    if value is None or words.raw[value.first] in ("I", "The") or not words.raw[value.first][0].isupper():
        return []
    return [draft_of(reading, subject.name, predicate, value)]


def medicine_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """A medicine: with its dose, or by a name that only medicines have."""
    words = reading.words
    value = value_at(words, after)
    if value is not None and value.first == after:
        vitamin = words.lower[after] == "vitamin" and value.last - after == 2
        if vitamin or (value.last - after == 1 and words.lower[after].endswith(_DRUG_ENDINGS)):
            return [draft_of(reading, subject.name, predicate, value)]
    return drug_drafts(reading, subject, predicate, after)


def version_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """ "We run Postgres 14", "upgraded to Postgres 16": the version of that."""
    value = value_at(reading.words, after)
    if value is None or not is_version(reading.words, value):
        return []
    product = Value(value.first, value.last - 1).text(reading.text, reading.words)
    return [draft_of(reading, subject.name, predicate, value, f"{product} version")]


def placed_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """ "we host the site on Fly.io" is where the site is hosted; "we deploy with Ansible" is what the speaker does."""
    words = reading.words
    verb = _PARTICIPLES.get(words.at(after - 1))
    if verb is None or subject.kind != "self":
        return []
    plain, participle = verb
    thing = value_at(words, after + 1) if words.at(after) in ("the", "our", "my") else None
    index = after if thing is None else thing.last
    value = value_at(words, index + 1) if words.at(index) in ("on", "with", "to") else None
    if value is None or not is_name(reading, value):
        return []
    if thing is None:
        return [draft_of(reading, subject.name, predicate, value, f"{plain} {words.at(index)}")]
    owner = thing.text(reading.text, words)
    return [draft_of(reading, owner, predicate, value, f"{participle} {words.at(index)}")]
