"""A checked question, and the checks of what it may ask for, once for every door: sizes, filters, roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from continuum.core.validation import checked_iterable, checked_metadata, checked_role
from continuum.domain.clock import Micros
from continuum.domain.records import Json, Scope
from continuum.errors import InvalidInputError, shown
from continuum.retrieval.query import SignalWeights

MAX_CONCEPTS_LIMIT = 100
MAX_MEMORIES_LIMIT = 200
MAX_TOKENS_LIMIT = 1_000_000
DEPTH_MAX = 2
QUERY_BYTES_MAX = 65_536
ROLES_NAMED_MAX = 1_000
"""Of more roles only the first count: there are four."""


@dataclass(frozen=True, slots=True)
class RecallRequest:
    """A checked question with its filters; times in microseconds."""

    message: str
    now: Micros
    max_concepts: int = 10
    max_memories: int = 10
    max_tokens: int = 2_000
    traverse_depth: int = 2
    session_id: str | None = None
    scope: Scope = Scope()
    filters: tuple[tuple[str, Json], ...] = ()
    roles: frozenset[str] | None = None
    since: Micros | None = None
    until: Micros | None = None
    explain: bool = False
    include_text: bool = False
    as_of: Micros | None = None
    """Answer with what was true at this moment."""
    known_at: Micros | None = None
    """Answer with what was known at this moment."""
    current_only: bool = False
    """Leave out what no longer holds."""
    min_trust: float = 0.0
    """Leave out what is trusted less."""
    hold_back: bool = True
    """Leave out what reads like an order to a model, except where it came from."""
    working_memory: tuple[str, ...] = ()
    weights: SignalWeights | None = None
    """None: the tenant's own where they have shown themselves better, else the measured ones."""


def checked_roles(roles: Iterable[str] | None) -> frozenset[str] | None:
    """The roles to keep to, one or several; None means all. Raises InvalidInputError."""
    if roles is None:
        return None
    given = [roles] if isinstance(roles, str) else checked_iterable(roles, "roles", "roles")
    return frozenset(checked_role(role, "roles") for role in islice(given, ROLES_NAMED_MAX))


def checked_trust(trust: object) -> float:
    """A trust from 0 to 1. Raises InvalidInputError."""
    if not isinstance(trust, int | float) or isinstance(trust, bool) or not 0 <= trust <= 1:
        raise InvalidInputError("min_trust", f"is {shown(trust)}; it must lie between 0 and 1")
    return float(trust)


def checked_weights(weights: SignalWeights | None) -> SignalWeights | None:
    """The weights to rank by, if the caller names some. Raises InvalidInputError."""
    if weights is not None and not isinstance(weights, SignalWeights):
        raise InvalidInputError("weights", f"must be SignalWeights, not {type(weights).__name__}")
    return weights


def checked_filters(filters: Mapping[str, Json] | None, limit_bytes: int) -> tuple[tuple[str, Json], ...]:
    """Metadata keys with the values they must have, by name. Raises InvalidInputError."""
    checked_metadata(filters, "filters", limit_bytes)
    for key, value in (filters or {}).items():
        if not isinstance(value, str | int | float | bool):
            raise InvalidInputError(f"filters.{key[:40]}", "must be a text, a number or a boolean to compare with")
    return tuple(sorted((filters or {}).items()))


def beginning(text: str, bytes_max: int = QUERY_BYTES_MAX) -> str:
    """As much of a text as a question may have, cut between two characters."""
    if not isinstance(text, str) or 4 * len(text) <= bytes_max:
        return text  # what is no text is refused by those who use it
    return text.encode("utf-8", "surrogatepass")[:bytes_max].decode("utf-8", "ignore")
