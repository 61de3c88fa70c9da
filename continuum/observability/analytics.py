"""Which features are used, to PostHog, under pseudonyms: nothing of what is remembered, and no addresses.

Off unless a key is configured. What is told, each at most once an hour for a tenant and feature: a feature was used
(how often), a feature was used for the first time, and three steps of a tenant's way (first learn, first recall, first
recall that found something). "First" is as far as this process remembers.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from continuum.domain.events import Event, MemoryAdded, Recalled
from continuum.errors import FeatureUnavailableError, install_hint
from continuum.observability.in_time import CLOSE_SECONDS, within

HOST: Final = "https://us.i.posthog.com"
QUEUE_MAX: Final = 1_000
"""Events that wait to be sent; more are dropped."""
REMEMBERED_MAX: Final = 20_000
"""Pairs of tenant and feature that are remembered; one forgotten counts as new."""
USE_SECONDS: Final = 3_600.0
SEND_SECONDS: Final = 5
FLUSH_SECONDS: Final = 5.0
USED, FIRST, JOURNEY = "feature used", "feature first used", "journey"
LEARNED, RECALLED, FOUND = "first learn", "first recall", "first recall that found something"


class Analytics:
    """Tells PostHog of use. An `EventSink` too. Nobody waits for PostHog but `close`, two seconds at most.

    `secret` is the store's: pseudonyms of two stores cannot be compared. Raises FeatureUnavailableError without the
    package posthog.
    """

    def __init__(
        self,
        api_key: str,
        *,
        secret: bytes,
        host: str | None = None,
        version: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            from posthog import Posthog
        except ImportError as exc:
            hint = install_hint("analytics")
            raise FeatureUnavailableError(f"POSTHOG_API_KEY needs the extra 'analytics': {hint}") from exc
        self._secret = secret
        self._version = version
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._used: OrderedDict[tuple[str, str], _Use] = OrderedDict()
        self._closed = False
        self._client = Posthog(
            api_key,
            host=host or HOST,
            max_queue_size=QUEUE_MAX,
            flush_interval=FLUSH_SECONDS,
            max_retries=1,
            timeout=SEND_SECONDS,
            disable_geoip=True,
        )

    def used(self, tenant_id: str, feature: str) -> None:
        """Hear that a tenant used a feature, by the name of the operation."""
        told = self._noted(tenant_id, feature)
        if told is None:
            return
        times, is_first = told
        if is_first:
            self._tell(tenant_id, FIRST, {"feature": feature})
        self._tell(tenant_id, USED, {"feature": feature, "times": times})

    def publish(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, MemoryAdded):
                self._step(event.tenant_id, LEARNED)
            elif isinstance(event, Recalled):
                self._step(event.tenant_id, RECALLED)
                if event.memories:
                    self._step(event.tenant_id, FOUND)

    def pseudonym(self, tenant_id: str) -> str:
        """What PostHog knows a tenant as: the same at each call, and nothing to find the tenant by."""
        return hmac.new(self._secret, b"analytics\x1f" + tenant_id.encode(), hashlib.sha256).hexdigest()[:32]

    def close(self) -> None:
        """Send what waits, for two seconds at most. Calling it again does nothing."""
        if not self._closed:
            self._closed = True
            within(CLOSE_SECONDS, self._client.shutdown)

    def _step(self, tenant_id: str, step: str) -> None:
        told = self._noted(tenant_id, step)
        if told is not None and told[1]:
            self._tell(tenant_id, JOURNEY, {"step": step})

    def _noted(self, tenant_id: str, what: str) -> tuple[int, bool] | None:
        """How often it happened since it was told last, and whether for the first time; None if it was told lately."""
        key, now = (tenant_id, what), self._monotonic()
        with self._lock:
            known = self._used.get(key)
            if known is None:
                self._used[key] = _Use(now)
                if len(self._used) > REMEMBERED_MAX:
                    self._used.popitem(last=False)
                return 1, True
            known.times += 1
            if now - known.told_at < USE_SECONDS:
                return None
            self._used.move_to_end(key)
            times, known.times, known.told_at = known.times, 0, now
            return times, False

    def _tell(self, tenant_id: str, event: str, about: dict[str, str | int]) -> None:
        if self._closed:
            return
        properties = {
            **about,
            "version": self._version,
            "$ip": "0.0.0.0",  # noqa: S104  no address to serve on: it stands in place of the one that is seen
            "$process_person_profile": False,
        }
        self._client.capture(event, distinct_id=self.pseudonym(tenant_id), properties=properties, disable_geoip=True)


class _Use:
    __slots__ = ("times", "told_at")

    def __init__(self, told_at: float) -> None:
        self.times = 0
        self.told_at = told_at
