"""What is said on the wire: one JSON object for each event, in the format of the specification.

What comes from the log has an `event_id`, ``seq.part``: the same for everybody, every time it is sent, so that whoever
was away names the last one it has and is given those behind it. What is about instances and the connection itself has
none, and is not repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

from continuum.coordination.instance_manager import WHOLE, Instance, Place
from continuum.domain.clock import Micros, from_micros
from continuum.domain.records import Json
from continuum.errors import InvalidInputError, shown
from continuum.storage.repositories.happenings import Happening, HappeningPage

EventType = Literal[
    "memory_added", "concept_learned", "decision_made", "instance_joined", "instance_left", "heartbeat",
    "welcome", "resync_required", "goodbye", "error",
]  # fmt: skip
DECISION_PREVIEW_CHARS = 200
SEQ_MAX = (1 << 63) - 1

_EVENT_ID = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,9}))?")


@dataclass(frozen=True, slots=True)
class WireEvent:
    """One event as it is sent; written once, however many hear it.

    `instance_id` is whose doing it was. `place` is None for what is not from the log, and `change` is the number of an
    arrival or departure, 0 for everything else.
    """

    text: str
    instance_id: str = ""
    place: Place | None = None
    change: int = 0

    @property
    def size(self) -> int:
        """Characters, which is about its bytes."""
        return len(self.text)


@dataclass(frozen=True, slots=True)
class EventPage:
    """The events of a stretch of a log, which reaches to `upto`; the log itself ends at `position`."""

    position: int
    upto: int
    events: tuple[WireEvent, ...]


def event_id(place: Place) -> str:
    """How a place is written.

    >>> event_id(Place(7, 2)), event_id(Place(7))
    ('7.2', '7')
    """
    return str(place.seq) if place.part == WHOLE else f"{place.seq}.{place.part}"


def place_of(text: object, field: str = "event_id") -> Place:
    """The place that an event id, or a position as number or text, stands for. Raises InvalidInputError.

    >>> place_of("7.2")
    Place(seq=7, part=2)
    """
    found = _EVENT_ID.fullmatch(str(text)) if isinstance(text, str | int) and not isinstance(text, bool) else None
    if found is None or int(found[1]) > SEQ_MAX:
        raise InvalidInputError(field, f"is {shown(text)}; it must be the id of an event (7.2) or a position (7)")
    return Place(int(found[1]), WHOLE if found[2] is None else int(found[2]))


def timestamp(at: Micros) -> str:
    """A moment in UTC, to the millisecond.

    >>> timestamp(1_765_108_800_000_000)
    '2025-12-07T12:00:00.000Z'
    """
    moment = from_micros(at)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03}Z"


def plain_event(
    kind: EventType, tenant_id: str, instance_id: str, at: Micros, data: Mapping[str, Json], change: int = 0
) -> WireEvent:
    """An event that is not from the log."""
    return WireEvent(_text(kind, tenant_id, instance_id, at, data), instance_id, None, change)


def instance_event(tenant_id: str, instance: Instance, now: Micros) -> WireEvent:
    """An arrival or departure."""
    if instance.state == "here":
        data: dict[str, Json] = {"session_id": instance.session_id, "details": dict(instance.details)}
        return plain_event(
            "instance_joined", tenant_id, instance.instance_id, instance.joined_at, data, instance.changed
        )
    data = {"reason": instance.state}
    return plain_event("instance_left", tenant_id, instance.instance_id, now, data, instance.changed)


def page_of_events(tenant_id: str, page: HappeningPage) -> EventPage:
    """The events of a stretch of the log, each written once."""
    events = tuple(event for each in page.happenings for event in _events_of(tenant_id, each))
    return EventPage(page.position, page.upto, events)


def _events_of(tenant_id: str, happening: Happening) -> Iterator[WireEvent]:
    """A message, then the concepts that are new with it, then its decisions."""
    for part, (kind, data) in enumerate(_told(happening)):
        place = Place(happening.seq, part)
        text = _text(kind, tenant_id, happening.instance_id, happening.recorded_at, data, place)
        yield WireEvent(text, happening.instance_id, place)


def _told(happening: Happening) -> Iterator[tuple[EventType, dict[str, Json]]]:
    yield (
        "memory_added",
        {
            "memory_id": happening.message_id,
            "content_preview": happening.preview,
            "role": happening.role,
            "session_id": happening.session_id,
        },
    )
    for concept in happening.concepts:
        yield (
            "concept_learned",
            {"concept": concept.name, "entity_id": concept.entity_id},
        )
    for decision in happening.decisions:
        preview = decision.text[:DECISION_PREVIEW_CHARS]
        yield (
            "decision_made",
            {"decision_id": decision.decision_id, "text": preview, "memory_id": happening.message_id},
        )


def _text(
    kind: EventType,
    tenant_id: str,
    instance_id: str,
    at: Micros,
    data: Mapping[str, Json],
    place: Place | None = None,
) -> str:
    told: dict[str, Json] = {
        "event_type": kind,
        "tenant_id": tenant_id,
        "instance_id": instance_id,
        "timestamp": timestamp(at),
    }
    if place is not None:
        told |= {"event_id": event_id(place), "position": place.seq}
    return orjson.dumps({**told, "data": data}).decode()
