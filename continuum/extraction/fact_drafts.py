"""What a clause reader hands over: a fact without its times and its message."""

from __future__ import annotations

from dataclasses import dataclass

from continuum.domain.facts import FactMode
from continuum.extraction.fact_words import Words


@dataclass(frozen=True, slots=True)
class Draft:
    """A fact as its clause states it; [first, last) are the words that support it."""

    subject: str
    attribute: str
    value: str
    first: int
    last: int
    mode: FactMode = FactMode.STATE
    polarity: bool = True
    replaces: str = ""
    confidence: float = 0.9
    over: bool = False
    """The text itself says that it is past."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the readers of clauses share: the text, a sentence of it, who speaks and of whom the last one spoke."""

    text: str
    words: Words
    speaker: str
    person: str | None
    """Whom "he", "she" or "they" means, if only one can be meant."""
    casual: bool
    """The writer uses no capitals, so that a name may be written small."""
