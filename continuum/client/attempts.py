"""One call from the first request to its answer: what is tried again, when, and when it is given up.

Pure: somebody else sends and waits, in either colour.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeVar
from uuid import uuid4

from continuum.client.calls import Call
from continuum.client.decoding import NotUnderstoodError
from continuum.client.problems import Answer, Refusal, not_understood, refusal_of
from continuum.errors import InvalidInputError, KeyInFlightError, ServiceConnectionError

T = TypeVar("T")
KEY_HEADER = "Idempotency-Key"
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
RETRIES_MAX = 100


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried again (`retries`), and for how many seconds in all, counted from its first request.

    Waiting for an answer under a key that is in flight is no retry, and ends with `seconds`, too.
    """

    retries: int = 3
    seconds: float = 60.0
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if not 0 <= self.retries <= RETRIES_MAX:
            raise InvalidInputError("retries", f"must lie between 0 and {RETRIES_MAX}", limit=RETRIES_MAX)
        if not 0 <= self.seconds <= 86_400:
            raise InvalidInputError("retry_seconds", "must lie between 0 and 86400", limit=86_400)

    def pause(self, failures: int, asked_for: float | None = None) -> float:
        """Seconds to wait after this many failures: doubling, never shorter than was asked for, never in step."""
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 20))
        own = longest * (0.5 + 0.5 * self.jitter())
        return own if asked_for is None else asked_for + own * 0.5


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no answer, for this reason; `may_come` is whether asking again may help."""

    reason: str
    may_come: bool = True


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The answer."""

    value: T


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again in so many seconds."""

    seconds: float


class Attempts(Generic[T]):
    """The attempts of one call. A write carries one idempotency key through all of them, so it has one effect."""

    def __init__(self, call: Call[T], place: str, patience: Patience) -> None:
        self.call = call
        self.headers: Mapping[str, str] = {KEY_HEADER: str(uuid4())} if call.needs_key else {}
        self._asked = f"{call.method} {place}{call.path}"
        self._patience = patience
        self._began = patience.monotonic()
        self._failures = 0

    def judge(self, outcome: Answer | Lost) -> Done[T] | Wait:
        """What became of an attempt: the answer, or another attempt. Raises ContinuumError for the end of it."""
        if isinstance(outcome, Answer) and self._is_success(outcome):
            return self._done(outcome)
        asked_for = outcome.retry_after_seconds if isinstance(outcome, Answer) else None
        refusal = self._refusal(outcome)
        seconds = self._pause(refusal, asked_for)
        if seconds is None:
            raise refusal.error
        return Wait(seconds)

    def _is_success(self, answer: Answer) -> bool:
        return answer.status in (HTTPStatus.OK, HTTPStatus.CREATED) or (
            self.call.is_probe and answer.status == HTTPStatus.SERVICE_UNAVAILABLE and answer.media_type == _JSON
        )

    def _done(self, answer: Answer) -> Done[T]:
        try:
            return Done(self.call.parse(None if self.call.sink is not None else _parsed(answer)))
        except NotUnderstoodError as exc:
            raise not_understood(answer, self._asked, str(exc)) from exc

    def _refusal(self, outcome: Answer | Lost) -> Refusal:
        if isinstance(outcome, Answer):
            return refusal_of(outcome, self._asked)
        tried = f", {self._failures + 1} times" if self._failures else ""
        unknown = "" if self.call.is_read else "; whether it was done is not known"
        return Refusal(ServiceConnectionError(f"{self._asked}{tried}: {outcome.reason}{unknown}"), outcome.may_come)

    def _pause(self, refusal: Refusal, asked_for: float | None) -> float | None:
        """Seconds until the next attempt, None if there is none."""
        if not refusal.may_come or not self.call.may_repeat:
            return None
        if not isinstance(refusal.error, KeyInFlightError):
            if self._failures >= self._patience.retries:
                return None
            self._failures += 1
        seconds = self._patience.pause(self._failures, asked_for)
        elapsed = self._patience.monotonic() - self._began
        return seconds if elapsed + seconds <= self._patience.seconds else None


_JSON = "application/json"


def _parsed(answer: Answer) -> object:
    if answer.media_type != _JSON:
        raise NotUnderstoodError("it is no JSON")
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as exc:
        raise NotUnderstoodError("it is broken JSON") from exc
