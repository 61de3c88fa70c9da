"""What is asked of the index, and how much each signal counts."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from continuum.domain.clock import Micros


@dataclass(frozen=True, slots=True)
class SignalWeights:
    """One weight for each signal; 0 switches it off and saves its cost.

    Each signal lies in [0, 1] before it is weighted (those of vectors from -0.5), so weights compare. The
    defaults were chosen by cross-validation over conversations, those of vectors with all others held; `docs` holds
    each signal's paired on/off difference.
    """

    text: float = 0.15
    """BM25 of the message's own words, without the speaker's name."""
    window: float = 0.3
    """BM25 of the message together with its neighbours in the session, as far as they have its role."""
    session: float = 0.27
    """BM25 of all that the message's role says in the session."""
    around: float = 0.12
    """The BM25 of the messages two places away, as far as they have its role."""
    reply: float = 0.22
    """For what a user said: the BM25 of the assistant's reply, which says it again in other words."""
    asked: float = -0.4
    """For a reply: the BM25 of what it replies to, which already says it."""
    answer: float = 0.25
    """The BM25 of the message before, if that was a question."""
    proximity: float = 0.17
    """Words of the question that stand close together."""
    speaker: float = 0.55
    """The question names the speaker."""
    role: float = 0.1
    """A user's message, unless the question is about what the assistant said."""
    first_person: float = 0.15
    """The message speaks of its speaker."""
    time_named: float = 0.18
    """A question about a time, and a message that names one."""
    standing: float = 0.4
    """The question asks for help, and the message says how its user wants to be helped."""
    opening: float = 0.15
    """The message opens its session, and so says what it is about."""
    date: float = 0.5
    """The message was said in the time the question names."""
    current_session: float = 0.1
    """The message belongs to the session the question is asked in."""
    recency: float = 0.0
    """How recent the message is, by half-lives of 90 days."""
    vector: float = 0.63
    """How much nearer the message's vector is to the question's than usual: see `nearness`."""
    vector_neighbours: float = 0.19
    """The same of the message after, if it has the message's role."""
    vector_session: float = 0.29
    """The same of the nearest message of its role in its session."""
    vector_asked: float = -0.5
    """For a reply: the same of what it replies to."""
    vector_answer: float = 0.09
    """The same of the message before, if that was a question."""
    concept: float = 0.0
    """What the concept graph hands in."""
    use: float = 1.0
    """Words like the question's led to the message before, and it was used."""

    def __post_init__(self) -> None:
        for entry in fields(self):
            if not np.isfinite(getattr(self, entry.name)):
                raise ValueError(f"signal weight {entry.name} must be a finite number")


DEFAULT_WEIGHTS = SignalWeights()
WITNESSES_MAX = 20


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A question to the index. `roles`, `since`, `until` (half-open, in event time) and `tags` (all of them) filter
    exactly; `session_id` only lifts that session. `extra_terms` are words that count like the question's own, each
    times a weight.
    """

    text: str
    now: Micros
    session_id: str | None = None
    roles: frozenset[str] | None = None
    since: Micros | None = None
    until: Micros | None = None
    tags: tuple[int, ...] = ()
    exclude_seqs: tuple[int, ...] = ()
    exclude_tags: tuple[int, ...] = ()
    """Messages that carry one of these are left out."""
    hold_back: bool = False
    """Leave out what reads like an order to a model, except where it came from: `session_id` and `own_tags`."""
    own_tags: tuple[int, ...] = ()
    extra_terms: tuple[tuple[str, float], ...] = ()
    vector: NDArray[np.float32] | None = None
    concept_scores: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None
    use_scores: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Messages, best first. `scores[i]` is the sum of `reasons[i]`.

    `witnesses[i]` are the other messages that say the same as the i-th, oldest first and at most `WITNESSES_MAX`;
    `witness_counts[i]` says how many there are in all. Both are empty if near-duplicates were not joined.
    """

    seqs: NDArray[np.int64]
    scores: NDArray[np.float64]
    reasons: list[dict[str, float]] = field(default_factory=list)
    witnesses: list[tuple[int, ...]] = field(default_factory=list)
    witness_counts: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.seqs)
