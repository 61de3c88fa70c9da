"""All that watches the service, built from the settings, and closed in reverse order."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

import continuum
from continuum.core.config import MemoryConfig
from continuum.core.listeners import HarmlessSink
from continuum.core.setting import Secret
from continuum.domain.events import Event, EventSink
from continuum.observability.logging import configure_logging, log_request
from continuum.observability.requests_seen import Watcher
from continuum.observability.scrubbing import Scrubber
from continuum.observability.sentry import reporter_from, share_of

if TYPE_CHECKING:
    from continuum.observability.analytics import Analytics
    from continuum.observability.metrics import ServiceMetrics, Source
    from continuum.observability.worker_group import WorkerGroup


@dataclass(slots=True)
class Watching:
    """What the doors tell of each request, and what they show of it."""

    metrics: ServiceMetrics
    watchers: list[Watcher] = field(default_factory=list)
    sinks: list[EventSink] = field(default_factory=list)
    analytics: Analytics | None = None
    group: WorkerGroup | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def publish(self, events: tuple[Event, ...]) -> None:
        """Pass on what the engine tells of: what fails in one listener does not reach another."""
        for sink in self.sinks:
            sink.publish(events)

    def watch(self, source: Source) -> None:
        """Read figures from `source` at each scrape."""
        self.metrics.watch(source)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """The body and media type of an answer to a scrape. Waits for the store and for other workers: in a thread."""
        from continuum.observability.families import exposition

        figures = self.metrics.snapshot() if self.group is None else self.group.gather()
        return exposition(figures, accept)

    def join(self, folder: Path) -> None:
        """Be one of several processes that share a folder. Call it when all sources are known."""
        from continuum.observability.worker_group import WorkerGroup

        self.group = WorkerGroup(folder, self.metrics.snapshot)
        self._stack.callback(self.group.close)

    def close(self) -> None:
        """Send what waits, for some seconds at most, and let go. Calling it again does nothing."""
        self._stack.close()


def open_watching(config: MemoryConfig, secret: Callable[[], bytes]) -> Watching:
    """What the settings ask for; `secret` gives the store's own, and is asked only if something needs it.

    Raises ConfigurationError, FeatureUnavailableError.
    """
    from continuum.observability.metrics import MetricsSink, ServiceMetrics

    scrubber = Scrubber(secrets_of(config))
    with ExitStack() as stack:
        metrics = ServiceMetrics(by_tenant=config.metrics_by_tenant)
        watching = Watching(metrics, [metrics.answered, log_request], [MetricsSink(metrics)])
        if (reporter := reporter_from(config, scrubber, continuum.__version__)) is not None:
            stack.callback(reporter.close)
            stack.enter_context(_listening(reporter.handler()))
            watching.watchers.append(reporter.watch)
        if config.otel_endpoint is not None:
            from continuum.observability.tracing import Tracer

            tracer = Tracer(config.otel_endpoint, version=continuum.__version__, environment=config.env)
            stack.callback(tracer.close)
            watching.watchers.append(tracer.watch)
        if config.posthog_api_key is not None:
            watching.analytics = _analytics(config, secret)
            stack.callback(watching.analytics.close)
            watching.sinks.append(HarmlessSink(watching.analytics))
        watching._stack = stack.pop_all()
        return watching


def check_watching(config: MemoryConfig) -> None:
    """Raise ConfigurationError for settings that cannot be followed, before anything is opened."""
    share_of(config.sentry_traces_sample_rate)
    if config.otel_endpoint is not None:
        from continuum.observability.tracing import traces_address

        traces_address(config.otel_endpoint)


def log_as_set(config: MemoryConfig) -> None:
    """Log as the settings say, in this process. Raises ConfigurationError."""
    configure_logging(config.log_level, config.log_format, secrets=secrets_of(config))


def secrets_of(config: MemoryConfig) -> Iterator[str]:
    """The values of all settings that are secrets."""
    for each in fields(config):
        value = getattr(config, each.name)
        if isinstance(value, Secret):
            yield value.reveal()


def _analytics(config: MemoryConfig, secret: Callable[[], bytes]) -> Analytics:
    from continuum.observability.analytics import Analytics

    assert config.posthog_api_key is not None
    key = config.posthog_api_key.reveal()
    return Analytics(key, secret=secret(), host=config.posthog_host, version=continuum.__version__)


@contextlib.contextmanager
def _listening(handler: logging.Handler) -> Iterator[None]:
    """Let a handler hear all records of this process."""
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
