"""Strength from use: the words of questions lead to the messages that answered them. Pure.

Each time a message is used for a question, every word of the question is tied closer to it: a gain that saturates,
``s + r (1 - s)``. Unused, a tie fades by half each half-life, reckoned when it is read, so nothing has to run. The
score of a message is divided by the size of its own ties, and a word counts less the more messages it leads to:
what was used for everything, and words that lead everywhere, lift nothing in particular.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from continuum.domain.clock import Micros
from continuum.language.tokens import query_terms
from continuum.retrieval.index_view import IndexView
from continuum.retrieval.words import inverse_frequency

CUES_MAX = 16
"""Of a question's words the first so many are tied to what was used."""
MESSAGES_PER_CUE_MAX = 64
"""Of the messages that a word leads to the strongest so many are looked at."""

Node = TypeVar("Node", int, str)


class Tie(NamedTuple):
    """How strong a tie was at a moment (microseconds)."""

    strength: float
    at: Micros


@dataclass(frozen=True, slots=True)
class UseSettings:
    """What share of the rest a use gains, and after how long half of a strength is gone (microseconds)."""

    rate: float
    half_life: Micros

    def faded(self, tie: Tie, now: Micros) -> float:
        """The strength that is left; what happens before a tie's own moment fades nothing."""
        return float(tie.strength * math.exp2(-max(0, now - tie.at) / self.half_life))


@dataclass(slots=True)
class Ties(Generic[Node]):
    """Ties from nodes to messages or to other nodes; both ends are looked up."""

    settings: UseSettings
    forward: dict[Node, dict[Node, Tie]] = field(default_factory=dict)
    backward: dict[Node, dict[Node, Tie]] = field(default_factory=dict)
    shared: bool = False
    """Whether others may read meanwhile: then what they may be walking through is replaced, never changed."""

    def used(self, first: Node, second: Node, at: Micros) -> None:
        """Tie two nodes closer."""
        before = self._strength(first, second, at)
        self._put(first, second, Tie(before + self.settings.rate * (1.0 - before), at))

    def ignored(self, first: Node, second: Node, at: Micros) -> None:
        """Loosen a tie, if there is one."""
        before = self._strength(first, second, at)
        if before:
            self._put(first, second, Tie(before * (1.0 - self.settings.rate), at))

    def _strength(self, first: Node, second: Node, at: Micros) -> float:
        tie = self.forward.get(first, {}).get(second)
        return 0.0 if tie is None else self.settings.faded(tie, at)

    def _put(self, first: Node, second: Node, tie: Tie) -> None:
        for ends, near, far in ((self.forward, first, second), (self.backward, second, first)):
            if self.shared:
                ends[near] = {**ends.get(near, {}), far: tie}
            else:
                ends.setdefault(near, {})[far] = tie

    def near(self, node: Node, now: Micros) -> dict[Node, float]:
        """The strengths of a node's ties in either direction."""
        ties = {**self.forward.get(node, {}), **self.backward.get(node, {})}
        return {other: self.settings.faded(tie, now) for other, tie in ties.items()}

    def strength(self, first: Node, second: Node, now: Micros) -> float:
        """The strength of one tie, 0 if there is none."""
        return self._strength(first, second, now)


def cues_of(view: IndexView, text: str) -> tuple[int, ...]:
    """The words of a question by which what answers it is remembered, as term hashes; names of speakers are none."""
    found = (term.hash for term in query_terms(text))
    return tuple(value for value in found if not view.bearers(value))[:CUES_MAX]


def use_scores(
    view: IndexView, cues: Iterable[int], ties: Ties[int], now: Micros
) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """The messages that words like these have led to, by `seq`, each with a score in (0, 1]; None if there are none.

    The cosine of the question's words and those a message was used for, times the root of the strongest tie.
    """
    asked = list(dict.fromkeys(cues))
    known = [cue for cue in asked if cue in ties.forward]
    if not known:
        return None
    reached = {seq for cue in known for seq in _strongest(ties, cue, now)}
    every = {cue for seq in reached for cue in ties.backward[seq]}
    weights = _weights(view, ties, {*asked, *every})
    length = math.sqrt(sum(weights[cue] ** 2 for cue in asked))
    scores = {seq: _score(ties, seq, known, weights, length, now) for seq in sorted(reached)}
    return np.array(list(scores), dtype=np.int64), np.array(list(scores.values()), dtype=np.float64)


def _strongest(ties: Ties[int], cue: int, now: Micros) -> list[int]:
    led = ties.forward[cue]
    if len(led) <= MESSAGES_PER_CUE_MAX:
        return list(led)
    ordered = sorted(led, key=lambda seq: (-ties.settings.faded(led[seq], now), -seq))
    return ordered[:MESSAGES_PER_CUE_MAX]


def _weights(view: IndexView, ties: Ties[int], cues: set[int]) -> dict[int, float]:
    """How telling each word is: by how few messages hold it, and by how few it has led to; one that is new says
    nothing."""
    ordered = np.array(sorted(cues), dtype=np.uint32)
    counts = view.postings(ordered).counts
    rarity = inverse_frequency(counts, max(len(view), 1)).tolist()
    weights = {}
    for cue, rare, held in zip(ordered.tolist(), rarity, counts.tolist(), strict=True):
        led = len(ties.forward.get(cue, ()))
        weights[cue] = rare / math.sqrt(max(1, led)) if held or led else 0.0
    return weights


def _score(ties: Ties[int], seq: int, known: list[int], weights: dict[int, float], length: float, now: Micros) -> float:
    own = {cue: ties.settings.faded(tie, now) for cue, tie in ties.backward[seq].items()}
    size = math.sqrt(sum((weights[cue] * strength) ** 2 for cue, strength in own.items()))
    if not size or not length:
        return 0.0
    shared = [cue for cue in known if cue in own]
    together = sum(weights[cue] ** 2 * own[cue] for cue in shared)
    strongest = max((own[cue] for cue in shared), default=0.0)
    return min(1.0, together / (size * length)) * math.sqrt(strongest)
