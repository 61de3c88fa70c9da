"""Errors and timings to Sentry, by its own client, without anything that was said, sent or typed.

The client is ours alone: nothing global is set, nothing is patched, so that a program around us keeps its own Sentry.
"""

from __future__ import annotations

import logging
import math
import random
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from continuum.core.config import MemoryConfig
from continuum.errors import ConfigurationError, FeatureUnavailableError, install_hint
from continuum.observability.in_time import CLOSE_SECONDS, within
from continuum.observability.requests_seen import RequestSeen
from continuum.observability.scrubbing import Scrubber

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

QUEUE_MAX: Final = 100
"""Events that wait to be sent; more are dropped."""
_REPORTED: Final = "_continuum_reported"
_KEPT: Final = frozenset(
    {
        "contexts", "environment", "event_id", "exception", "level", "logger", "platform", "release", "sdk", "spans",
        "start_timestamp", "tags", "timestamp", "transaction", "transaction_info", "type", "logentry",
    }
)  # fmt: skip
"""Parts of an event that may leave. All others (request, user, breadcrumbs, extra, modules, server name, ...) go."""
_KEPT_CONTEXTS: Final = frozenset({"trace", "runtime"})
_KEPT_OF_FRAMES: Final = frozenset(
    {"filename", "abs_path", "function", "module", "lineno", "in_app", "context_line", "pre_context", "post_context"}
)
_STATUS: Final = {401: "unauthenticated", 403: "permission_denied", 404: "not_found", 409: "already_exists",
                  429: "resource_exhausted", 499: "cancelled", 503: "unavailable"}  # fmt: skip


def share_of(text: str, name: str = "SENTRY_TRACES_SAMPLE_RATE") -> float:
    """A share of all, from 0 to 1, as a setting says it. Raises ConfigurationError."""
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise ConfigurationError(f"{name} is {text[:40]!r}; it must be a number from 0 to 1")
    return share


class SentryReporter:
    """Sends failures and a share of the timings. Nobody waits for Sentry but `close`, two seconds at most.

    Raises ConfigurationError for an address that is none, FeatureUnavailableError without the package sentry-sdk.
    """

    def __init__(
        self,
        dsn: str,
        *,
        release: str,
        environment: str,
        traces_share: float,
        scrubber: Scrubber,
        drawn: Callable[[], float] = random.random,
    ) -> None:
        try:
            from sentry_sdk import Client
            from sentry_sdk.utils import BadDsn, event_from_exception
        except ImportError as exc:
            raise FeatureUnavailableError(f"SENTRY_DSN needs the extra 'sentry': {install_hint('sentry')}") from exc
        self._scrubber = scrubber
        self._share = traces_share
        self._drawn = drawn
        self._closed = False
        self._event_of = event_from_exception
        try:
            self._client = Client(  # send_default_pii is off unless set, and deprecated: `_clean` does not rely on it
                dsn,
                release=release,
                environment=environment,
                default_integrations=False,
                auto_enabling_integrations=False,
                auto_session_tracking=False,
                include_local_variables=False,
                max_request_body_size="never",
                send_client_reports=False,
                server_name="",
                shutdown_timeout=CLOSE_SECONDS,
                transport_queue_size=QUEUE_MAX,
                before_send=self._clean,
                before_send_transaction=self._clean,
            )
        except BadDsn as exc:
            raise ConfigurationError("SENTRY_DSN is no address of a Sentry project; it is not used as it is") from exc

    def handler(self) -> logging.Handler:
        """What makes a report of each error that is logged with its exception, once."""
        return _Reports(self)

    def failed(self, error: BaseException, logger: str = "") -> None:
        """Report an exception, unless it was reported before."""
        if getattr(error, _REPORTED, False):
            return
        setattr(error, _REPORTED, True)
        event, hint = self._event_of(error, client_options=self._client.options)
        event["logger"] = logger
        self._client.capture_event(event, hint)

    def watch(self, seen: RequestSeen) -> None:
        """Send the timing of a share of the requests, under the names of their routes."""
        if not self._share or self._drawn() >= self._share:
            return
        status = _STATUS.get(seen.status, "ok" if seen.status < 400 else "internal_error" if seen.status >= 500 else
                             "invalid_argument")  # fmt: skip
        self._client.capture_event(
            {
                "type": "transaction",
                "transaction": f"{seen.method} {seen.route}",
                "transaction_info": {"source": "route"},
                "start_timestamp": datetime.fromtimestamp(seen.began_at, UTC),
                "timestamp": datetime.fromtimestamp(seen.began_at + seen.seconds, UTC),
                "platform": "python",
                "spans": [],
                "tags": {"http.status_code": str(seen.status)},
                "contexts": {
                    "trace": {
                        "trace_id": secrets.token_hex(16),
                        "span_id": secrets.token_hex(8),
                        "op": "http.server",
                        "status": status,
                    }
                },
            }
        )

    def close(self) -> None:
        """Send what waits, for two seconds at most. Calling it again does nothing."""
        if not self._closed:
            self._closed = True
            within(CLOSE_SECONDS, lambda: self._client.close(timeout=CLOSE_SECONDS))

    def _clean(self, event: Event, _: Hint) -> Event | None:
        """What may leave of an event, with every text of it looked through."""
        told: Any = event  # Any: Sentry's own shape
        for name in [name for name in told if name not in _KEPT]:
            del told[name]
        told["contexts"] = {name: each for name, each in told.get("contexts", {}).items() if name in _KEPT_CONTEXTS}
        for exception in (told.get("exception") or {}).get("values", []):
            exception["value"] = self._scrubber.text(str(exception.get("value") or ""), 1_000)
            exception.pop("mechanism", None)
            for frame in (exception.get("stacktrace") or {}).get("frames", []):
                for name in [name for name in frame if name not in _KEPT_OF_FRAMES]:
                    del frame[name]
        return event


class _Reports(logging.Handler):
    def __init__(self, reporter: SentryReporter) -> None:
        super().__init__(logging.ERROR)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None and not record.name.startswith("sentry_sdk"):
            self._reporter.failed(record.exc_info[1], record.name)


def reporter_from(config: MemoryConfig, scrubber: Scrubber, version: str) -> SentryReporter | None:
    """The reporter that the settings ask for; None without a DSN. Raises ConfigurationError."""
    if config.sentry_dsn is None:
        return None
    return SentryReporter(
        config.sentry_dsn.reveal(),
        release=config.sentry_release or f"continuum@{version}",
        environment=config.env,
        traces_share=share_of(config.sentry_traces_sample_rate),
        scrubber=scrubber,
    )
