"""What core tells the rest of the house after a commit; it knows none of the listeners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from continuum.domain.clock import Micros


@dataclass(frozen=True, slots=True)
class MemoryAdded:
    """A message became durable."""

    tenant_id: str
    instance_id: str
    message_id: str
    seq: int
    timestamp: Micros


@dataclass(frozen=True, slots=True)
class ConceptLearned:
    """An exchange named a concept that the tenant did not have."""

    tenant_id: str
    instance_id: str
    name: str
    seq: int


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """An exchange held a decision."""

    tenant_id: str
    instance_id: str
    decision_id: str
    text: str
    seq: int


@dataclass(frozen=True, slots=True)
class Recalled:
    """A recall was answered."""

    tenant_id: str
    instance_id: str
    memories: int
    query_time_ms: float


Event = MemoryAdded | ConceptLearned | DecisionMade | Recalled


class EventSink(Protocol):
    """Takes events after the commit. `publish` returns at once and never raises into the caller's work."""

    def publish(self, events: tuple[Event, ...]) -> None: ...


class NoEvents:
    """Nobody listens."""

    def publish(self, events: tuple[Event, ...]) -> None:
        return None
