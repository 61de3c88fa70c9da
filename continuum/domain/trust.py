"""How far what a source says is trusted, from 0 to 1. Bound to the origin at the moment of writing, never raised.

One derivation is trusted as its least trusted part; a thing that was derived several times, independently, as the best
of its derivations, since another mention takes nothing from what the user has said.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from continuum.domain.records import Origin, Sources

TRUST: dict[Origin, float] = {
    Origin.USER: 1.0,
    Origin.IMPORT: 0.8,
    Origin.ASSISTANT: 0.6,
    Origin.TOOL: 0.5,
    Origin.EXTERNAL: 0.3,
    Origin.FEDERATION: 0.2,
}
UNSEALED = 0.0
"""The trust of a message whose seal does not fit its words or its origin."""


def trust_of(origin: Origin | str) -> float:
    """The trust of one statement.

    >>> trust_of("tool")
    0.5
    """
    return TRUST[Origin(origin)]


def least_trust(origins: Iterable[Origin | str]) -> float:
    """The trust of what needs several statements; 1 if it needs none."""
    return min(map(trust_of, origins), default=1.0)


@lru_cache(maxsize=256)  # of few sets, asked for each link of each recall: flags are slow to join
def trust_of_sources(sources: Sources) -> float:
    """The trust of what each of several sources says by itself; 0 if none does."""
    return max((trust for origin, trust in TRUST.items() if sources & Sources.of(origin)), default=0.0)


def origins_below(min_trust: float) -> tuple[Origin, ...]:
    """The origins that are trusted less."""
    return tuple(origin for origin, trust in TRUST.items() if trust < min_trust)
