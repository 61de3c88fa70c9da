"""Tells from an answer alone which recalled memories it plainly repeats. Off unless the settings switch it on.

A memory counts as used if the answer holds at least two words of it that the question did not hold, and at least half
of all such words. An answer that says the same in other words is missed; one that shares a word by chance is not taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from continuum.domain.results import MemoryContext
from continuum.language.tokens import query_terms

SHARED_MIN = 2
SHARE_MIN = 0.5
ANSWER_CHARS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class LastRecall:
    """What an instance was shown last."""

    recall_id: str
    question: str
    shown: tuple[tuple[str, str], ...]
    """Ids and passages of the memories."""


def last_recall(question: str, context: MemoryContext) -> LastRecall | None:
    """What is kept of a recall until its answer comes; None if it showed nothing."""
    if not context.memories:
        return None
    return LastRecall(context.recall_id, question, tuple((each.id, each.passage) for each in context.memories))


def plainly_used(shown: LastRecall, answer: str) -> list[str]:
    """The ids of the memories whose own words stand in the answer."""
    said = _terms(answer[:ANSWER_CHARS_MAX])
    asked = _terms(shown.question)
    return [each for each, passage in shown.shown if _is_repeated(_terms(passage) - asked, said)]


def _is_repeated(own: set[int], said: set[int]) -> bool:
    shared = len(own & said)
    return shared >= SHARED_MIN and shared >= SHARE_MIN * len(own)


def _terms(text: str) -> set[int]:
    return {term.hash for term in query_terms(text)}
