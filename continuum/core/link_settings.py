"""How strong links are when they begin, and how they gain."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How strong a first co-occurrence is, and what share of the rest a repeated one gains."""

    initial: float
    rate: float
