"""What one process counts, and how it is shown."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parsed

from continuum.domain.events import ConceptLearned, DecisionMade, MemoryAdded, Recalled
from continuum.observability.families import exposition
from continuum.observability.metrics import READ_AT_SCRAPE, MetricsSink, Readings, ServiceMetrics
from continuum.observability.requests_seen import RequestSeen
from tests.requirements import requirement

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples_of(metrics: ServiceMetrics) -> Samples:
    text = exposition(metrics.snapshot(), "")[0].decode()
    return {
        (each.name, tuple(sorted(each.labels.items()))): each.value
        for family in parsed(text)
        for each in family.samples
    }


def request(status: int = 200, tenant: str = "", method: str = "GET", seconds: float = 0.004) -> RequestSeen:
    return RequestSeen(method, "/v1/stats", status, 0.0, seconds, 10, "", tenant)


@requirement("observability:metrics:names")
def test_requests_are_counted_and_timed_by_route() -> None:
    metrics = ServiceMetrics()
    for status in (200, 200, 503):
        metrics.answered(request(status))
    found = samples_of(metrics)
    where = (("method", "GET"), ("route", "/v1/stats"))
    assert found["continuum_requests_total", (*where, ("status", "200"))] == 2
    assert found["continuum_requests_total", (*where, ("status", "503"))] == 1
    assert found["continuum_request_duration_seconds_count", where] == 3
    assert found["continuum_request_duration_seconds_bucket", (("le", "0.005"), *where)] == 3
    assert found["continuum_request_duration_seconds_bucket", (("le", "0.0025"), *where)] == 0
    assert found["continuum_response_bytes_total", ()] == 30


def test_a_method_that_nobody_knows_makes_no_series_of_its_own() -> None:
    metrics = ServiceMetrics()
    for number in range(50):
        metrics.answered(request(405, method=f"BREW{number}"))
    named = {labels for name, labels in samples_of(metrics) if name == "continuum_requests_total"}
    assert named == {(("method", "other"), ("route", "/v1/stats"), ("status", "405"))}


def test_refusals_are_counted_by_their_reason() -> None:
    metrics = ServiceMetrics()
    for status in (401, 401, 429):
        metrics.answered(request(status))
    found = samples_of(metrics)
    assert found["continuum_authentication_failures_total", ()] == 2
    assert found["continuum_rate_limited_total", ()] == 1


@requirement("observability:metrics:names")
def test_what_happens_to_memories_is_counted() -> None:
    metrics = ServiceMetrics()
    MetricsSink(metrics).publish(
        (
            MemoryAdded("alice", "i", "m1", 1, 0),
            MemoryAdded("alice", "i", "m2", 2, 0),
            ConceptLearned("alice", "i", "FastAPI", 2),
            DecisionMade("alice", "i", "d", "use FastAPI", 2),
            Recalled("alice", "i", 3, 12.0),
            Recalled("alice", "i", 0, 700.0),
        )
    )
    found = samples_of(metrics)
    assert found["continuum_memories_stored_total", ()] == 2
    assert found["continuum_concepts_extracted_total", ()] == 1
    assert found["continuum_decisions_made_total", ()] == 1
    assert found["continuum_recalls_total", (("found", "yes"),)] == 1
    assert found["continuum_recalls_total", (("found", "no"),)] == 1
    assert found["continuum_recall_duration_seconds_sum", ()] == pytest.approx(0.712)


@requirement("observability:metrics:tenants")
def test_tenants_are_told_apart_only_where_that_is_asked_for() -> None:
    quiet, loud = ServiceMetrics(), ServiceMetrics(by_tenant=True)
    for metrics in (quiet, loud):
        metrics.answered(request(tenant="alice"))
        MetricsSink(metrics).publish((MemoryAdded("alice", "i", "m1", 1, 0),))
    assert "alice" not in exposition(quiet.snapshot(), "")[0].decode()
    found = samples_of(loud)
    assert found["continuum_tenant_requests_total", (("tenant", "alice"),)] == 1
    assert found["continuum_tenant_memories_stored_total", (("tenant", "alice"),)] == 1


@requirement("observability:metrics:tenants")
def test_tenants_beyond_the_bound_are_counted_together() -> None:
    metrics = ServiceMetrics(by_tenant=True, tenants_max=2)
    for tenant in ("a", "b", "c", "d", "a"):
        metrics.answered(request(tenant=tenant))
    found = samples_of(metrics)
    counted = {
        labels[0][1]: value for (name, labels), value in found.items() if name == "continuum_tenant_requests_total"
    }
    assert counted == {"a": 2, "b": 1, "other": 2}


def test_several_services_of_one_process_do_not_share_their_counts() -> None:
    first, second = ServiceMetrics(), ServiceMetrics()
    first.answered(request())
    assert not any(name == "continuum_requests_total" for name, _ in samples_of(second))
    assert not any(metric.name.startswith("continuum") for metric in REGISTRY.collect())


def test_figures_of_others_are_read_when_they_are_asked_for() -> None:
    metrics = ServiceMetrics()
    hits = [1.0]
    metrics.watch(lambda: {"continuum_cache_hits": hits[0], "continuum_gate_refused": {"full": 2.0, "late": 3.0}})
    assert samples_of(metrics)["continuum_cache_hits_total", ()] == 1
    hits[0] = 5.0
    found = samples_of(metrics)
    assert found["continuum_cache_hits_total", ()] == 5
    assert found["continuum_gate_refused_total", (("reason", "late"),)] == 3


def test_a_figure_that_cannot_be_read_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    metrics = ServiceMetrics()

    def broken() -> Readings:
        raise RuntimeError("gone")

    metrics.watch(broken)
    metrics.watch(lambda: {"continuum_store_up": 1.0})
    assert samples_of(metrics)["continuum_store_up", ()] == 1
    assert "a figure could not be read" in caplog.text


@requirement("observability:metrics:formats")
def test_the_same_figures_are_shown_in_both_formats() -> None:
    metrics = ServiceMetrics()
    metrics.answered(request())
    metrics.watch(lambda: {name: {"x": 1.0} if each.label else 1.0 for name, each in READ_AT_SCRAPE.items()})
    figures = metrics.snapshot()
    plain, plain_type = exposition(figures, "text/plain;version=0.0.4")
    opened, open_type = exposition(figures, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert plain_type.startswith("text/plain; version=0.0.4")
    assert open_type.startswith("application/openmetrics-text")
    shown = {each.name for family in parsed(plain.decode()) for each in family.samples}
    assert shown == {each.name for family in parsed_openmetrics(opened.decode()) for each in family.samples}  # type: ignore[no-untyped-call]  # of the client


def test_the_process_and_the_version_are_among_the_figures() -> None:
    names = {name for name, _ in samples_of(ServiceMetrics())}
    assert {"continuum_build_info", "continuum_workers", "process_cpu_seconds_total"} <= names
