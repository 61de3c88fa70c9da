"""Spans of requests to an OpenTelemetry collector, in the trace that the caller names (W3C `traceparent`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from continuum.errors import ConfigurationError, FeatureUnavailableError, install_hint
from continuum.observability.in_time import CLOSE_SECONDS, within
from continuum.observability.requests_seen import RequestSeen

if TYPE_CHECKING:
    from opentelemetry.context import Context

TRACES_PATH: Final = "/v1/traces"
SPANS_WAITING_MAX: Final = 2_048
"""Spans that wait to be sent; more are dropped."""
SEND_SECONDS: Final = 5.0
EXPORT_EVERY_MILLISECONDS: Final = 2_000


class Tracer:
    """Makes a span of each request, after its answer. Sends them from a thread of its own; nobody waits for it.

    A request without a caller's trace begins one; of a caller that does not sample, none is kept. Raises
    FeatureUnavailableError without the OpenTelemetry packages, ConfigurationError for an address that is none.
    """

    def __init__(self, endpoint: str, *, version: str, environment: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import SpanLimits, TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
            from opentelemetry.trace import SpanKind, Status, StatusCode
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError as exc:
            hint = install_hint("opentelemetry")
            raise FeatureUnavailableError(f"otel_endpoint needs the extra 'opentelemetry': {hint}") from exc
        resource = Resource(
            {"service.name": "continuum", "service.version": version, "deployment.environment.name": environment}
        )
        self._provider = TracerProvider(
            sampler=ParentBased(ALWAYS_ON), resource=resource, shutdown_on_exit=False, span_limits=SpanLimits()
        )
        exporter = OTLPSpanExporter(endpoint=traces_address(endpoint), timeout=SEND_SECONDS)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter, max_queue_size=SPANS_WAITING_MAX, schedule_delay_millis=EXPORT_EVERY_MILLISECONDS
            )
        )
        self._tracer = self._provider.get_tracer("continuum", version)
        self._propagator = TraceContextTextMapPropagator()
        self._server = SpanKind.SERVER
        self._closed = False
        self._failed = Status(StatusCode.ERROR)

    def watch(self, seen: RequestSeen) -> None:
        """Make the span of a request."""
        attributes: dict[str, str | int] = {
            "http.request.method": seen.method,
            "http.route": seen.route,
            "http.response.status_code": seen.status,
            "http.response.body.size": seen.sent_bytes,
        }
        if seen.operation:
            attributes["continuum.operation"] = seen.operation
        span = self._tracer.start_span(
            f"{seen.method} {seen.route}",
            context=self._parent(seen.traceparent),
            kind=self._server,
            attributes=attributes,
            start_time=round(seen.began_at * 1e9),
        )
        if seen.status >= 500:
            span.set_status(self._failed)
        span.end(round((seen.began_at + seen.seconds) * 1e9))

    def _parent(self, traceparent: str) -> Context:
        from opentelemetry.context import Context

        given = {"traceparent": traceparent} if traceparent else {}
        return self._propagator.extract(given, context=Context())

    def close(self) -> None:
        """Send what waits, for two seconds at most. Calling it again does nothing."""
        if not self._closed:
            self._closed = True
            within(CLOSE_SECONDS, self._provider.shutdown)


def traces_address(endpoint: str) -> str:
    """Where spans go at a collector: its own address, or that of its traces. Raises ConfigurationError."""
    if not endpoint.startswith(("http://", "https://")):
        raise ConfigurationError("otel_endpoint must begin with http:// or https://, as http://collector:4318")
    return endpoint if endpoint.rstrip("/").endswith(TRACES_PATH) else endpoint.rstrip("/") + TRACES_PATH
