"""What the service counts, under the specification's names and more, in a registry of its own.

Nothing is counted by path, by caller or by what was said: labels are methods, route templates, statuses and a few
words; tenants only where they are asked for, and then a bounded number of them.
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

import continuum
from continuum.core.listeners import harmless
from continuum.domain.events import ConceptLearned, DecisionMade, Event, MemoryAdded, Recalled
from continuum.observability.families import Family, families_of
from continuum.observability.requests_seen import METHODS, OTHER, RequestSeen

TENANTS_MAX: Final = 1_000
"""Tenants that are told apart, where they are at all; those that come later are counted as "other" together."""
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SERIES_MAX: Final = 5_000
"""Combinations of method, route and status that are looked up quickly; there are fewer of them."""
TOO_MANY, NOT_KNOWN = 429, 401

Readings = Mapping[str, float | Mapping[str, float]]
"""Values by the names in `READ_AT_SCRAPE`; by the values of its label for one that has a label."""
Source = Callable[[], Readings]
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReadAtScrape:
    """A figure that somebody else keeps, and that is read when it is asked for."""

    kind: Literal["counter", "gauge"]
    help: str
    label: str = ""


READ_AT_SCRAPE: Final[dict[str, ReadAtScrape]] = {
    "continuum_cache_hits": ReadAtScrape("counter", "Recalls answered from the cache"),
    "continuum_cache_misses": ReadAtScrape("counter", "Recalls that the cache had no answer to"),
    "continuum_cache_errors": ReadAtScrape("counter", "Failures of the cache, each of which was a miss"),
    "continuum_cache_evictions": ReadAtScrape("counter", "Answers that left the cache because it was full"),
    "continuum_cache_far_hits": ReadAtScrape("counter", "Recalls answered from Redis"),
    "continuum_cache_dropped": ReadAtScrape("counter", "Answers that were not carried to Redis"),
    "continuum_cache_entries": ReadAtScrape("gauge", "Answers in this process's cache"),
    "continuum_cache_bytes": ReadAtScrape("gauge", "Bytes of answers in this process's cache"),
    "continuum_breaker_open": ReadAtScrape("gauge", "1 while something is not asked because it failed", "dependency"),
    "continuum_gate_working": ReadAtScrape("gauge", "Requests that are worked on"),
    "continuum_gate_waiting": ReadAtScrape("gauge", "Requests that wait for their turn"),
    "continuum_gate_waiting_tenants": ReadAtScrape("gauge", "Tenants with requests that wait for their turn"),
    "continuum_gate_served": ReadAtScrape("counter", "Requests that got their turn"),
    "continuum_gate_refused": ReadAtScrape(
        "counter", "Requests that got no turn: too many waited, or too long", "reason"
    ),
    "continuum_audit_entries": ReadAtScrape("counter", "Entries written to the audit log"),
    "continuum_audit_failures": ReadAtScrape("counter", "Entries of the audit log that could not be written"),
    "continuum_store_up": ReadAtScrape("gauge", "1 if the store answers"),
    "continuum_dependency_up": ReadAtScrape("gauge", "1 if what the service stands on answers", "dependency"),
    "continuum_websocket_listeners": ReadAtScrape("gauge", "Instances that listen to live sync"),
    "continuum_draining": ReadAtScrape("gauge", "1 while the service is about to stop"),
    "continuum_workers": ReadAtScrape("gauge", "Processes that serve"),
}


class ServiceMetrics:
    """The metrics of one process of the service. Any thread may count."""

    def __init__(self, *, by_tenant: bool = False, tenants_max: int = TENANTS_MAX) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._sources: list[Source] = []
        self._tenants: set[str] | None = set() if by_tenant else None
        self._tenants_max = tenants_max
        self._series: dict[tuple[str, str, int], Counter] = {}
        self._times: dict[tuple[str, str], Histogram] = {}
        self._define()
        self._define_realtime()
        self.registry.register(_AtScrape(self._sources))
        ProcessCollector(registry=self.registry)
        self.watch(lambda: {"continuum_workers": 1.0})

    def _define(self) -> None:
        own = self.registry
        served = ("method", "route")
        self._requests = Counter("continuum_requests", "Requests answered", (*served, "status"), registry=own)
        self._duration = Histogram(
            "continuum_request_duration_seconds",
            "Time from a request to its answer",
            served,
            registry=own,
            buckets=SECONDS,
        )
        self._sent = Counter("continuum_response_bytes", "Bytes of bodies sent", registry=own)
        self.in_flight = Gauge("continuum_requests_in_flight", "Requests that are not answered yet", registry=own)
        self._limited = Counter("continuum_rate_limited", "Requests refused by a rate limit", registry=own)
        self._strangers = Counter(
            "continuum_authentication_failures", "Requests with no valid credential", registry=own
        )
        self._memories = Counter("continuum_memories_stored", "Memories stored", registry=own)
        self._concepts = Counter("continuum_concepts_extracted", "Concepts that a tenant did not have", registry=own)
        self._decisions = Counter("continuum_decisions_made", "Decisions found in what was learnt", registry=own)
        self._recalls = Counter("continuum_recalls", "Recalls answered", ("found",), registry=own)
        self._recall_time = Histogram(
            "continuum_recall_duration_seconds", "Time of a recall within the engine", registry=own, buckets=SECONDS
        )
        build = Gauge("continuum_build_info", "The version that runs", ("version", "python"), registry=own)
        build.labels(continuum.__version__, platform.python_version()).set(1)
        self._found, self._empty = self._recalls.labels("yes"), self._recalls.labels("no")
        if self._tenants is not None:
            self._of_tenant = Counter("continuum_tenant_requests", "Requests of a tenant", ("tenant",), registry=own)
            self._stored_for = Counter(
                "continuum_tenant_memories_stored", "Memories stored for a tenant", ("tenant",), registry=own
            )

    def _define_realtime(self) -> None:
        own = self.registry
        self.sockets = Gauge("continuum_websocket_connections", "Sockets that are open", registry=own)
        self.sockets_opened = Counter("continuum_websocket_opened", "Sockets that were accepted", registry=own)
        self.events_sent = Counter("continuum_websocket_messages_sent", "Messages sent on sockets", registry=own)
        self._sockets_closed = Counter(
            "continuum_websocket_closed",
            'Sockets that ended, by close code; "slow" for one cut off',
            ("code",),
            registry=own,
        )

    def watch(self, source: Source) -> None:
        """Read figures from `source` at each scrape. One that fails is logged, and left out."""
        self._sources.append(source)

    def answered(self, seen: RequestSeen) -> None:
        """Count a request."""
        method = seen.method if seen.method in METHODS else OTHER
        self._counted(method, seen.route, seen.status).inc()
        self._timed(method, seen.route).observe(seen.seconds)
        if seen.sent_bytes:
            self._sent.inc(seen.sent_bytes)
        if seen.status == TOO_MANY:
            self._limited.inc()
        elif seen.status == NOT_KNOWN:
            self._strangers.inc()
        if self._tenants is not None and seen.tenant_id:
            self._of_tenant.labels(self._tenant(seen.tenant_id)).inc()

    def socket_closed(self, code: str) -> None:
        """Count the end of an accepted socket: its close code, "slow" for one that was cut off, "left" for one gone."""
        self._sockets_closed.labels(code).inc()

    def heard(self, event: Event) -> None:
        """Count what happened to a memory."""
        if isinstance(event, Recalled):
            (self._found if event.memories else self._empty).inc()
            self._recall_time.observe(event.query_time_ms / 1_000)
        elif isinstance(event, MemoryAdded):
            self._memories.inc()
            if self._tenants is not None:
                self._stored_for.labels(self._tenant(event.tenant_id)).inc()
        elif isinstance(event, ConceptLearned):
            self._concepts.inc()
        elif isinstance(event, DecisionMade):
            self._decisions.inc()

    def snapshot(self) -> list[Family]:
        """Everything of this process, now. May wait for sources: call it in a thread."""
        return families_of(self.registry)

    def _counted(self, method: str, route: str, status: int) -> Counter:
        key = (method, route, status)
        found = self._series.get(key)
        if found is None:
            found = self._requests.labels(method, route, str(status))
            if len(self._series) < SERIES_MAX:
                self._series[key] = found
        return found

    def _timed(self, method: str, route: str) -> Histogram:
        key = (method, route)
        found = self._times.get(key)
        if found is None:
            found = self._duration.labels(method, route)
            if len(self._times) < SERIES_MAX:
                self._times[key] = found
        return found

    def _tenant(self, tenant_id: str) -> str:
        known = self._tenants
        assert known is not None
        if tenant_id in known:
            return tenant_id
        if len(known) >= self._tenants_max:
            return OTHER
        known.add(tenant_id)
        return tenant_id


class MetricsSink:
    """Counts what the engine tells of after each commit: an `EventSink`."""

    def __init__(self, metrics: ServiceMetrics) -> None:
        self._metrics = metrics

    def publish(self, events: tuple[Event, ...]) -> None:
        for event in events:
            self._metrics.heard(event)


class _AtScrape:
    """A collector of what others count."""

    def __init__(self, sources: list[Source]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        readings: dict[str, float | Mapping[str, float]] = {}
        for source in self._sources:
            with harmless(_tell):
                readings.update(source())
        for name, reading in readings.items():
            described = READ_AT_SCRAPE[name]
            labels = [described.label] if described.label else []
            family = (CounterMetricFamily if described.kind == "counter" else GaugeMetricFamily)(
                name, described.help, labels=labels
            )
            if isinstance(reading, Mapping):
                for label, value in reading.items():
                    family.add_metric([label], value)
            else:
                family.add_metric([], reading)
            yield family


def _tell(error: Exception) -> None:
    _logger.error("a figure could not be read", exc_info=error)
