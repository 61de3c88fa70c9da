"""One place where a text names a concept, before places with the same key are joined."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """Characters [start, end) name something; `weight` says how telling the way of naming is."""

    start: int
    end: int
    weight: float
    entity_type: str = "concept"
    description: str = ""
