"""Learns one tenant's signal weights from feedback, and says whether they beat the default ones. Pure.

Each feedback on a recall is first a test, then a lesson. As a test it asks which weights would have shown what was
used further up, the default ones or those learnt so far: a measured comparison on what the weights have not seen. As a
lesson it moves the weights a little wherever something that was used stood below something that was not (logistic
loss on pairs), and pulls them gently back towards the default. The learnt weights rank only while the mean gain of
the tests is above zero by a margin of its own scatter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from continuum.core.recall_id import SIGNALS, vector_of
from continuum.retrieval.query import DEFAULT_WEIGHTS, SignalWeights

TESTS_MIN = 40
"""Different questions with feedback before learnt weights may rank."""
MARGIN = 1.64
"""Standard errors by which the mean gain must exceed zero: one case in twenty by chance."""
MEMORY = 400.0
"""Tests count less the older they are: about so many count in all."""
RATE = 0.02
PULL = 0.002
"""How much of the way back to the default each lesson goes."""
TEMPERATURE = 0.25
"""A difference in score that counts as clear."""
REACH = 0.3
"""No weight moves further from its default than this, or than the default's own size, whichever is more."""
PAIRS_MAX = 64

Floats = NDArray[np.float64]
_DEFAULT: Floats = np.array(vector_of({name: getattr(DEFAULT_WEIGHTS, name) for name in SIGNALS}))
_REACH: Floats = np.maximum(REACH, np.abs(_DEFAULT))
_LEARNT: Floats = (_DEFAULT != 0.0).astype(np.float64)
"""A signal that is off by default is not computed, so nothing is learnt of it."""


@dataclass(frozen=True, slots=True)
class RankerReport:
    """How a tenant's own weights do.

    `hit_rate` and `default_hit_rate` say how often what stood first was used, by either weights; `gain` is the mean
    difference of the reciprocal rank of what was used first, `margin` what it must exceed for `in_force`.
    """

    in_force: bool
    feedbacks: int
    hit_rate: float
    default_hit_rate: float
    gain: float
    margin: float
    weights: Mapping[str, float]


@dataclass(slots=True)
class Ranker:
    """Weights as learnt so far. Two rankers that were taught the same feedbacks in the same order are equal."""

    _weights: Floats = field(default_factory=_DEFAULT.copy)
    _tests: int = 0
    _mass: float = 0.0
    _gain: float = 0.0
    _square: float = 0.0
    _hits: float = 0.0
    _default_hits: float = 0.0
    _questions: set[tuple[int, ...]] = field(default_factory=set)
    """Different ones: who says the same of one question a hundred times has tested one."""

    def learn(self, shown: Sequence[Mapping[str, float]], used: Sequence[bool], question: tuple[int, ...] = ()) -> None:
        """One feedback: the signals of each memory that was shown, and which of them were used for which question."""
        if not any(used) or all(used):
            return  # says nothing about order
        self._questions.add(question)
        signals = np.array([vector_of(each) for each in shown])
        marks = np.array(used, dtype=np.bool_)
        self._test(signals, marks)
        self._teach(signals, marks)

    def _test(self, signals: Floats, used: NDArray[np.bool_]) -> None:
        own, default = _first_used(signals @ self._weights, used), _first_used(signals @ _DEFAULT, used)
        gain = 1.0 / own - 1.0 / default
        keep = 1.0 - 1.0 / MEMORY
        self._tests += 1
        self._mass = keep * self._mass + 1.0
        self._gain = keep * self._gain + gain
        self._square = keep * self._square + gain * gain
        self._hits = keep * self._hits + (own == 1)
        self._default_hits = keep * self._default_hits + (default == 1)

    def _teach(self, signals: Floats, used: NDArray[np.bool_]) -> None:
        better, worse = np.flatnonzero(used), np.flatnonzero(~used)
        pairs = [(i, j) for i in better.tolist() for j in worse.tolist()][:PAIRS_MAX]
        differences = np.array([signals[i] - signals[j] for i, j in pairs])
        doubt = 1.0 / (1.0 + np.exp(np.clip(differences @ self._weights / TEMPERATURE, -30.0, 30.0)))
        step = RATE * (doubt[:, None] * differences).mean(axis=0) / TEMPERATURE
        moved = self._weights + _LEARNT * step
        moved += PULL * (_DEFAULT - moved)
        self._weights = np.clip(moved, _DEFAULT - _REACH, _DEFAULT + _REACH)

    @property
    def in_force(self) -> bool:
        """Whether the learnt weights have shown themselves better than the default ones."""
        return len(self._questions) >= TESTS_MIN and self._mean() > self._margin()

    def _mean(self) -> float:
        return self._gain / self._mass if self._mass else 0.0

    def _margin(self) -> float:
        if not self._mass:
            return 0.0
        variance = max(0.0, self._square / self._mass - self._mean() ** 2)
        return MARGIN * math.sqrt(variance / self._mass)

    def weights(self) -> SignalWeights:
        """The weights to rank by: the learnt ones if they are in force."""
        return self.learnt() if self.in_force else DEFAULT_WEIGHTS

    def learnt(self) -> SignalWeights:
        """The weights as learnt so far, in force or not."""
        return SignalWeights(**{name: round(float(w), 6) for name, w in zip(SIGNALS, self._weights, strict=True)})

    def report(self) -> RankerReport:
        """What was measured."""
        mass = self._mass or 1.0
        learnt = self.learnt()
        return RankerReport(
            in_force=self.in_force,
            feedbacks=self._tests,
            hit_rate=self._hits / mass,
            default_hit_rate=self._default_hits / mass,
            gain=self._mean(),
            margin=self._margin(),
            weights={each.name: getattr(learnt, each.name) for each in fields(learnt)},
        )


def _first_used(scores: Floats, used: NDArray[np.bool_]) -> int:
    """The rank, from 1, of the first of those used; of equal scores the one shown first stands first."""
    order = np.argsort(-scores, kind="stable")
    return int(np.flatnonzero(used[order])[0]) + 1
