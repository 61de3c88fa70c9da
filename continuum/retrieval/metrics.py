"""Measures of a ranking against the messages that hold the answer, and how sure a difference is."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

RESAMPLES = 2_000
_SEED = 20_230_508


def frac_at_k(ranking: Sequence[Hashable], gold: Sequence[Hashable], k: int) -> float:
    """The share of the gold items among the first k.

    >>> frac_at_k(["a", "b", "c"], ["a", "c"], 2)
    0.5
    """
    wanted = _wanted(gold)
    return len(wanted & set(ranking[:k])) / len(wanted)


def any_at_k(ranking: Sequence[Hashable], gold: Sequence[Hashable], k: int) -> float:
    """1.0 if one gold item is among the first k, else 0.0."""
    return float(bool(_wanted(gold) & set(ranking[:k])))


def all_at_k(ranking: Sequence[Hashable], gold: Sequence[Hashable], k: int) -> float:
    """1.0 if every gold item is among the first k, else 0.0."""
    return float(_wanted(gold) <= set(ranking[:k]))


def ndcg_at_10(ranking: Sequence[Hashable], gold: Sequence[Hashable]) -> float:
    """Normalised discounted cumulative gain of the first ten, each gold item worth 1."""
    wanted = _wanted(gold)
    gain = sum(1.0 / log2(place + 2) for place, item in enumerate(ranking[:10]) if item in wanted)
    return gain / sum(1.0 / log2(place + 2) for place in range(min(len(wanted), 10)))


def mrr(ranking: Sequence[Hashable], gold: Sequence[Hashable]) -> float:
    """One over the place of the first gold item; 0.0 if there is none."""
    wanted = _wanted(gold)
    return next((1.0 / (place + 1) for place, item in enumerate(ranking) if item in wanted), 0.0)


def distinct_sessions(ranking: Sequence[str]) -> list[str]:
    """The sessions of ranked messages, each at its first place: hand this to the measures for session level."""
    return list(dict.fromkeys(ranking))


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean difference with its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether 0 lies outside."""
        return self.low > 0.0 or self.high < 0.0


def paired_bootstrap(first: Sequence[float], second: Sequence[float], resamples: int = RESAMPLES) -> Interval:
    """The mean of `first - second` over the same questions; the same answer each time.

    Raises ValueError if the lengths differ or there is nothing to compare.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"needs two equally long lists that are not empty; got {len(first)} and {len(second)}")
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    random = np.random.default_rng(_SEED)
    means = [differences[random.integers(0, len(first), len(first))].mean() for _ in range(resamples)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(differences.mean()), float(low), float(high))


def _wanted(gold: Sequence[Hashable]) -> set[Hashable]:
    if not gold:
        raise ValueError("a question without gold items cannot be measured; leave it out")
    return set(gold)
