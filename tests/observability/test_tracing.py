"""Spans go to a collector: the official exporter against a small server of ours that decodes them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from continuum.errors import ConfigurationError
from continuum.observability.requests_seen import RequestSeen
from continuum.observability.tracing import Tracer, traces_address
from tests.observability.receiving_server import Receiver, receiving, took
from tests.requirements import requirement

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SEEN = RequestSeen("GET", "/v1/memories/{message_id}", 200, 1_000.0, 0.25, 9, "r", "alice", "key:abc", "memories.get")


@pytest.fixture
def collector() -> Iterator[Receiver]:
    with receiving("application/x-protobuf", b"") as receiver:
        yield receiver


def tracer_for(collector: Receiver) -> Tracer:
    return Tracer(collector.url, version="1.0", environment="staging")


def spans(collector: Receiver) -> list[Span]:
    found = []
    for each in collector.requests:
        assert each.path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(each.body).resource_spans:
            named = {kept.key: kept.value.string_value for kept in resource.resource.attributes}
            assert named["service.name"] == "continuum"
            found += [span for scope in resource.scope_spans for span in scope.spans]
    return found


@requirement("observability:tracing:spans")
def test_a_request_is_a_span_in_the_trace_that_its_caller_names(collector: Receiver) -> None:
    tracer = tracer_for(collector)
    tracer.watch(SEEN._replace(traceparent=f"00-{TRACE}-{PARENT}-01"))
    tracer.close()
    (span,) = spans(collector)
    assert span.name == "GET /v1/memories/{message_id}"
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert span.kind == Span.SPAN_KIND_SERVER
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (1_000_000_000_000, 1_000_250_000_000)
    told = {each.key: each.value.string_value or each.value.int_value for each in span.attributes}
    assert told["http.route"] == "/v1/memories/{message_id}"
    assert told["http.response.status_code"] == 200
    assert told["continuum.operation"] == "memories.get"
    assert "alice" not in collector.everything


@pytest.mark.parametrize("given", ["", "rubbish", f"00-{'0' * 32}-{PARENT}-01", f"ff-{TRACE}-{PARENT}-01"])
def test_a_request_without_a_good_trace_begins_one(collector: Receiver, given: str) -> None:
    tracer = tracer_for(collector)
    tracer.watch(SEEN._replace(traceparent=given))
    tracer.close()
    (span,) = spans(collector)
    assert span.parent_span_id == b""
    assert span.trace_id.hex() != TRACE


@requirement("observability:tracing:spans")
def test_a_caller_that_does_not_sample_is_not_sampled(collector: Receiver) -> None:
    tracer = tracer_for(collector)
    tracer.watch(SEEN._replace(traceparent=f"00-{TRACE}-{PARENT}-00"))
    tracer.close()
    assert spans(collector) == []


def test_a_failure_of_the_service_marks_the_span(collector: Receiver) -> None:
    tracer = tracer_for(collector)
    tracer.watch(SEEN._replace(status=503))
    tracer.watch(SEEN._replace(status=404))
    tracer.close()
    assert [span.status.code for span in spans(collector)] == [2, 0]


def test_nothing_global_is_set(collector: Receiver) -> None:
    tracer = tracer_for(collector)
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    tracer.close()


def test_nobody_waits_for_a_collector_that_does_not_answer() -> None:
    with receiving("application/x-protobuf", b"", delay=60) as slow:
        tracer = tracer_for(slow)

        def watch() -> None:
            for _ in range(5_000):
                tracer.watch(SEEN)

        assert took(watch) < 10
        assert took(tracer.close) < 3.5


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("http://c:4318", "http://c:4318/v1/traces"),
        ("http://c:4318/", "http://c:4318/v1/traces"),
        ("https://c/otel/v1/traces", "https://c/otel/v1/traces"),
    ],
)
def test_the_address_of_a_collector_leads_to_its_traces(given: str, address: str) -> None:
    assert traces_address(given) == address


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="http://"):
        traces_address("collector:4317")
