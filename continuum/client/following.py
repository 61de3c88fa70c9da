"""Live sync of one instance, without a socket: what is told, what is said back, and where to go on after a break.

Pure: somebody else connects, reads and writes, in either colour. The place that was handled last is kept here, and
each connection begins behind it, so that a break gives neither a gap nor a double.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from continuum.client.attempts import Lost, Patience
from continuum.client.decoding import NotUnderstoodError, mapping, member, moment, text
from continuum.client.problems import Answer, refusal_of
from continuum.client.records import Event
from continuum.domain.records import Json
from continuum.errors import (
    AuthenticationError,
    ContinuumError,
    InvalidInputError,
    PermissionDeniedError,
    QuotaExceededError,
    ServiceConnectionError,
)

GIVE_UP_SECONDS = 300.0
ACK_SECONDS = 0.05
"""Acknowledgements are said at most this often: the service reads 200 messages a second."""
SILENT_BEATS = 2.5
"""Heartbeats that may be missing until the connection counts as dead."""
FIRST_WORD_SECONDS = 30.0
_TOLD = frozenset(
    {"memory_added", "concept_learned", "decision_made", "instance_joined", "instance_left", "resync_required"}
)
_FINAL: dict[int, type[ContinuumError]] = {
    4401: AuthenticationError,
    4403: PermissionDeniedError,
    4429: QuotaExceededError,
    1008: ContinuumError,
    1009: ContinuumError,
}
_BAD_REQUEST = 4422
_ACKNOWLEDGED = "acked"
_PLACE = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,9}))?\Z")
_WHOLE = 1 << 31
"""Behind every part of an entry."""


class Following:
    """What one instance hears. `after` is an event's id, a position of the log, ``acked`` for what this instance
    acknowledged last, or None for what happens from now on.
    """

    def __init__(
        self,
        instance_id: str,
        after: str | int | None,
        session_id: str | None,
        patience: Patience,
        *,
        echo: bool,
        give_up_seconds: float,
    ) -> None:
        self._query = {"instance_id": instance_id} | ({} if session_id is None else {"session_id": session_id})
        if echo:
            self._query["echo"] = "true"
        self._after = None if after is None else _checked_after(after)
        self._patience = patience
        self._give_up = give_up_seconds
        self._failures = 0
        self._heard_at = patience.monotonic()
        self._has_joined = False
        self._beat_seconds = 0.0
        self._retry_after: float | None = None
        self._waiting: str | None = None
        self._acked_at = 0.0
        self._to_say: list[str] = []

    # -- a connection

    def query(self) -> dict[str, str]:
        """What the next connection asks for."""
        self._to_say.clear()
        self._waiting = None
        self._beat_seconds = 0.0
        self._retry_after = None
        return self._query if self._after is None else {**self._query, "after": self._after}

    def to_say(self) -> list[str]:
        """What is to be sent now, oldest first; given once."""
        now = self._patience.monotonic()
        if self._waiting is not None and now - self._acked_at >= ACK_SECONDS:
            self._to_say.append(json.dumps({"type": "ack", "event_id": self._waiting}))
            self._waiting, self._acked_at = None, now
        told, self._to_say = self._to_say, []
        return told

    def last_words(self) -> list[str]:
        """What is to be said before leaving: what was handled is acknowledged, the event told last is not."""
        self._acked_at = -ACK_SECONDS
        return self.to_say()

    @property
    def wait_seconds(self) -> float:
        """How long to wait for the next message until `silent` is to be asked."""
        return self._quiet_seconds if self._waiting is None else ACK_SECONDS

    @property
    def _quiet_seconds(self) -> float:
        return SILENT_BEATS * self._beat_seconds + 1.0 if self._beat_seconds else FIRST_WORD_SECONDS

    def silent(self) -> bool:
        """Whether the connection is dead: nothing was heard for longer than the service promised."""
        return self._patience.monotonic() - self._heard_at >= self._quiet_seconds

    # -- what is told

    def heard(self, message: str | bytes) -> Event | None:
        """The event that a message is, None for what is between the two of us. Raises ServiceConnectionError."""
        self._heard_at = self._patience.monotonic()
        try:
            told = mapping(json.loads(message))
            kind = text(member(told, "event_type"))
            if kind in _TOLD:
                return self._event(kind, told)
            self._heed(kind, mapping(member(told, "data")))
        except (ValueError, RecursionError) as exc:
            raise ServiceConnectionError(f"the socket said what this client does not understand: {exc}") from exc
        return None

    def _event(self, kind: str, told: dict[str, Json]) -> Event | None:
        event = Event(
            kind,
            text(member(told, "tenant_id")),
            text(member(told, "instance_id")),
            moment(member(told, "timestamp")),
            mapping(member(told, "data")),
            text(told.get("event_id", "")),
            int(told.get("position", 0)),
        )
        if kind == "resync_required":
            self._after = str(int(member(event.data, "position")))
        elif event.event_id and self._after is not None and _order(event.event_id) <= _order(self._after):
            return None  # it was told before
        return event

    def _heed(self, kind: str, data: Mapping[str, Json]) -> None:
        if kind == "welcome":
            self._has_joined, self._failures = True, 0
            self._beat_seconds = float(member(data, "heartbeat_seconds"))
            if self._after in (None, _ACKNOWLEDGED):
                resumed = data.get("resumed_from")
                self._after = str(int(member(data, "position"))) if resumed is None else text(resumed)
        elif kind == "heartbeat":
            self._to_say.append('{"type": "heartbeat"}')
        elif kind == "goodbye":
            self._retry_after = float(data.get("retry_after_seconds") or 0.0) or None

    def handled(self, event: Event) -> None:
        """Whoever listens has asked for what comes after this event."""
        if event.event_id:
            self._after = self._waiting = event.event_id

    # -- a break

    def closed(self, code: int, reason: str) -> float:
        """The service closed the connection; seconds until the next one. Raises ContinuumError for a final reason."""
        if code == _BAD_REQUEST:
            field, _, problem = reason.partition(": ")
            raise InvalidInputError(field or "request", problem or reason)
        if code in _FINAL:
            raise _FINAL[code](f"the socket was closed ({code}): {reason or 'without a reason'}")
        return self._pause(ServiceConnectionError(f"the socket was closed ({code}): {reason or 'without a reason'}"))

    def refused(self, answer: Answer, asked: str) -> float:
        """The service answered the hand-shake with a status. Raises ContinuumError for a final one."""
        refusal = refusal_of(answer, asked)
        if not refusal.may_come:
            raise refusal.error
        self._retry_after = answer.retry_after_seconds
        return self._pause(refusal.error)

    def lost(self, lost: Lost) -> float:
        """The connection broke or was not made; seconds until the next one. Raises ServiceConnectionError."""
        return self._pause(ServiceConnectionError(f"the socket: {lost.reason}"))

    def _pause(self, error: ContinuumError) -> float:
        """Who was connected once is waited for; who never was is tried as often as any call."""
        self._failures += 1
        seconds = self._patience.pause(self._failures, self._retry_after)
        away = self._patience.monotonic() - self._heard_at + seconds
        if away > self._give_up or (not self._has_joined and self._failures > self._patience.retries):
            raise error
        return seconds


def _checked_after(after: str | int) -> str:
    told = str(after)
    if isinstance(after, bool) or (told != _ACKNOWLEDGED and not _PLACE.match(told)):
        raise InvalidInputError("after", "must be the id of an event (7.2), a position (7) or 'acked'")
    return told


def _order(place: str) -> tuple[int, int]:
    """Where a place stands among others. Raises NotUnderstoodError."""
    found = _PLACE.match(place)
    if found is None:
        raise NotUnderstoodError(f"{place!r:.40} is no place in a log")
    return int(found[1]), _WHOLE if found[2] is None else int(found[2])
