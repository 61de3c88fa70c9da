"""The service watched from outside: figures, access lines, and reports, through the real application."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed
from starlette.testclient import TestClient

from continuum.api.server import create_app
from continuum.core.async_memory import AsyncConsciousMemory
from continuum.core.config import MemoryConfig
from continuum.core.setting import Secret
from continuum.domain.ids import TenantId
from continuum.errors import ConfigurationError
from continuum.observability.logging import configure_logging
from continuum.runtime.service import Runtime, open_runtime
from tests.api.conftest import BASE
from tests.cli.test_serve import answered, free_port
from tests.observability.receiving_server import receiving
from tests.observability.secrets_planted import KEYS
from tests.requirements import requirement

OPERATOR = "the-operator-of-the-platform-0123456789"
CALLS = 40
Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]
Serve = Callable[..., tuple[Runtime, TestClient]]


@pytest.fixture
def serve(db_path: Path) -> Iterator[Serve]:
    """A service with settings of the test's own."""
    opened: list[Runtime] = []

    def make(**settings: object) -> tuple[Runtime, TestClient]:
        runtime = open_runtime(MemoryConfig(db_path=db_path, **settings))  # type: ignore[arg-type]  # settings of a case
        opened.append(runtime)
        return runtime, TestClient(create_app(runtime), base_url=BASE, raise_server_exceptions=False)

    yield make
    for runtime in opened:
        runtime.close()


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """What the service logs; afterwards logging is as it was."""
    root = logging.getLogger()
    before, level, shown = list(root.handlers), root.level, warnings.showwarning
    stream = io.StringIO()
    configure_logging("INFO", "json", stream=stream)
    yield stream
    logging.captureWarnings(False)
    warnings.showwarning = shown
    for handler in [each for each in root.handlers if each not in before]:
        root.removeHandler(handler)
    root.setLevel(level)


def figures(text: str) -> Figures:
    return {
        (each.name, tuple(sorted(each.labels.items()))): each.value
        for family in parsed(text)
        for each in family.samples
    }


def requests_of(found: Figures, route: str) -> float:
    return sum(
        value
        for (name, labels), value in found.items()
        if name == "continuum_requests_total" and ("route", route) in labels
    )


def access_lines(stream: io.StringIO) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in lines if line["logger"] == "continuum.access"]


@requirement("observability:metrics:names", "observability:metrics:routes")
def test_requests_show_under_the_templates_of_their_routes(serve: Serve) -> None:
    _, client = serve()
    client.post("/v1/learn", json={"user_message": "I decided to use FastAPI for the web project"})
    client.post("/v1/recall", json={"message": "FastAPI"})
    for path in ("/v1/memories/one", "/v1/memories/two", "/nowhere", "/v1/nothing/here"):
        client.get(path)
    client.put("/v1/recall")
    text = client.get("/metrics").text
    found = figures(text)
    assert requests_of(found, "/v1/memories/{message_id}") == 2
    assert requests_of(found, "unmatched") == 2
    assert found["continuum_requests_total", (("method", "PUT"), ("route", "/v1/recall"), ("status", "405"))] == 1
    assert found["continuum_memories_stored_total", ()] == 1
    assert found["continuum_concepts_extracted_total", ()] >= 1
    assert found["continuum_decisions_made_total", ()] == 1
    assert found["continuum_recalls_total", (("found", "yes"),)] == 1
    assert found["continuum_audit_entries_total", ()] == 1
    assert found["continuum_store_up", ()] == 1
    assert found["continuum_requests_in_flight", ()] == 1  # the scrape itself
    assert found["continuum_gate_served_total", ()] == 4
    assert "memories/one" not in text
    assert "default" not in text


@requirement("observability:metrics:names")
def test_the_cache_counts_what_it_answered(serve: Serve) -> None:
    _, client = serve(cache_enabled=True)
    client.post("/v1/learn", json={"user_message": "I prefer FastAPI"})
    for _ in range(3):
        client.post("/v1/recall", json={"message": "FastAPI"})
    found = figures(client.get("/metrics").text)
    assert found["continuum_cache_hits_total", ()] == 2
    assert found["continuum_cache_misses_total", ()] >= 1


@requirement("observability:metrics:guarded")
def test_figures_are_for_operators_unless_they_are_public(serve: Serve) -> None:
    runtime, client = serve(require_api_key=True, api_key=Secret(OPERATOR))
    operator = {"X-API-Key": OPERATOR}
    key = client.post(
        "/v1/admin/api-keys", json={"role": "owner"}, headers={**operator, "X-Tenant-ID": "alice"}
    ).json()["api_key"]
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"X-API-Key": key}).status_code == 403
    answer = client.get("/metrics", headers=operator)
    assert answer.status_code == 200
    assert figures(answer.text)["continuum_authentication_failures_total", ()] == 1
    runtime.refusals.flush()
    refused = [row.outcome for row in runtime.audit.rows(TenantId("alice")) if row.action == "metrics"]
    assert refused == ["permission_denied"]
    _, public = serve(require_api_key=True, api_key=Secret(OPERATOR), metrics_public=True)
    assert public.get("/metrics").status_code == 200


@requirement("observability:metrics:formats")
def test_figures_are_openmetrics_where_that_is_asked_for(serve: Serve) -> None:
    _, client = serve()
    plain = client.get("/metrics")
    opened = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert opened.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert opened.text.endswith("# EOF\n")


@requirement("observability:metrics:tenants")
def test_tenants_show_only_where_that_is_asked_for(serve: Serve) -> None:
    _, client = serve(metrics_by_tenant=True)
    client.get("/v1/stats", headers={"X-Tenant-ID": "alice"})
    assert figures(client.get("/metrics").text)["continuum_tenant_requests_total", (("tenant", "alice"),)] == 1


@requirement("observability:logs:access", "observability:logs:context")
def test_each_request_is_one_line_with_its_names(serve: Serve, logs: io.StringIO) -> None:
    _, client = serve()
    answer = client.get("/v1/stats", headers={"X-Tenant-ID": "alice", "X-Instance-ID": "laptop", "X-Request-ID": "r-1"})
    (line,) = access_lines(logs)
    told = {name: line[name] for name in ("method", "route", "status", "request_id", "tenant_id", "instance_id")}
    assert told == {
        "method": "GET",
        "route": "/v1/stats",
        "status": 200,
        "request_id": "r-1",
        "tenant_id": "alice",
        "instance_id": "laptop",
    }
    assert line["credential"] == "local"
    assert line["bytes"] == len(answer.content)


@requirement("observability:logs:context")
def test_a_failure_is_logged_with_the_names_of_its_request(
    serve: Serve, logs: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, client = serve()
    said = "my private words"

    async def broken(_: AsyncConsciousMemory) -> None:
        raise ValueError(f"cannot read {said!r}")

    monkeypatch.setattr(AsyncConsciousMemory, "get_stats", broken)
    answer = client.get("/v1/stats", headers={"X-Tenant-ID": "alice", "X-Request-ID": "r-2"})
    assert answer.status_code == 500
    lines = [json.loads(line) for line in logs.getvalue().splitlines()]
    (failure,) = [line for line in lines if line["level"] == "ERROR"]
    assert (failure["request_id"], failure["tenant_id"]) == ("r-2", "alice")
    assert "ValueError: cannot read" in failure["exception"]
    assert said not in logs.getvalue()
    assert access_lines(logs)[0]["status"] == 500


@requirement("observability:logs:secrets")
def test_secrets_in_every_place_of_a_request_are_in_no_log(serve: Serve, logs: io.StringIO) -> None:
    """A sample; `soak` runs ten thousand."""
    scan(serve, logs, CALLS)


@pytest.mark.soak
def test_secrets_in_ten_thousand_requests_are_in_no_log(serve: Serve, logs: io.StringIO) -> None:
    scan(serve, logs, 10_000 // 8)  # eight requests in a round


def scan(serve: Serve, logs: io.StringIO, calls: int) -> None:
    _, client = serve(require_api_key=True, api_key=Secret(OPERATOR), rate_per_minute=0, tenant_rate_per_minute=0)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the test's own client
    planted = list(KEYS.values())
    shaped = KEYS["our own key"][0]
    made = client.post("/v1/admin/api-keys", json={}, headers={"X-API-Key": OPERATOR, "X-Tenant-ID": "alice"}).json()
    own: str = made["api_key"]
    for number in range(calls):
        text, _ = planted[number % len(planted)]
        token = text if " " not in text else shaped  # an id without any shape is not known to be a secret
        headers = {"X-API-Key": own, "X-Request-ID": token, "X-Instance-ID": token, "User-Agent": text, "Referer": text}
        client.post("/v1/learn", json={"user_message": text, "metadata": {"k": text}}, headers=headers)
        client.post("/v1/recall", json={"message": text, "user_id": text}, headers=headers)
        client.get(f"/v1/memories/{token}", params={"q": text}, headers=headers)
        client.get(f"/{token}", headers=headers)
        client.get("/v1/stats", headers={"X-API-Key": token})
        client.get("/v1/stats", headers={"Authorization": f"Bearer {token}"})
        client.get("/v1/stats", headers={**headers, "X-Tenant-ID": token})
        client.delete(f"/v1/admin/api-keys/{token}", headers={"X-API-Key": OPERATOR, "X-Tenant-ID": "alice"})
    told = logs.getvalue()
    assert len(access_lines(logs)) == 8 * calls + 1
    for secret in [*(each for _, each in planted), own.split("_", 3)[3], OPERATOR]:
        assert secret not in told


@requirement("observability:sentry:errors")
def test_a_failure_reaches_sentry_once(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as sentry:
        dsn = Secret(sentry.url.replace("http://", "http://public@") + "/42")
        runtime, client = serve(sentry_dsn=dsn, sentry_traces_sample_rate="1")

        async def broken(_: AsyncConsciousMemory) -> None:
            raise ValueError("unexpected")

        monkeypatch.setattr(AsyncConsciousMemory, "get_stats", broken)
        client.get("/v1/stats")
        client.get("/v1/nothing")
        runtime.close()
        events = [json.loads(line) for each in sentry.requests for line in each.body.split(b"\n")[2::2] if line]
    assert [each["exception"]["values"][0]["type"] for each in events if "exception" in each] == ["ValueError"]
    assert sorted(each["transaction"] for each in events if each.get("type") == "transaction") == [
        "GET /v1/stats",
        "GET unmatched",
    ]


@requirement("observability:analytics:events")
def test_use_reaches_posthog_and_what_was_said_does_not(serve: Serve) -> None:
    with receiving(body=b'{"status": 1}') as posthog:
        runtime, client = serve(posthog_api_key=Secret("phc_test"), posthog_host=posthog.url)
        client.post("/v1/learn", json={"user_message": "I prefer FastAPI"}, headers={"X-Tenant-ID": "alice"})
        client.post("/v1/recall", json={"message": "FastAPI"}, headers={"X-Tenant-ID": "alice"})
        client.post("/v1/recall", json={}, headers={"X-Tenant-ID": "alice"})  # refused: not used
        runtime.close()
        events = [each for sent in posthog.requests for each in json.loads(sent.body)["batch"]]
    assert sorted((each["event"], str(each["properties"].get("feature", ""))) for each in events) == [
        ("feature first used", "learn"),
        ("feature first used", "recall"),
        ("feature used", "learn"),
        ("feature used", "recall"),
        ("journey", ""),
        ("journey", ""),
        ("journey", ""),
    ]
    assert "FastAPI" not in posthog.everything
    assert "alice" not in posthog.everything


@requirement("observability:tracing:spans")
def test_a_request_is_a_span_of_its_callers_trace(serve: Serve) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with receiving("application/x-protobuf", b"") as collector:
        runtime, client = serve(otel_endpoint=collector.url)
        client.get("/v1/stats", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        runtime.close()
    (sent,) = collector.requests
    assert bytes.fromhex(trace) in sent.body
    assert b"GET /v1/stats" in sent.body


@pytest.mark.parametrize("settings", [{"sentry_traces_sample_rate": "often"}, {"otel_endpoint": "collector:4317"}])
def test_settings_that_cannot_be_followed_are_refused_at_the_start(serve: Serve, settings: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        serve(**settings)


def test_nothing_is_sent_anywhere_unless_it_is_configured(serve: Serve) -> None:
    runtime, client = serve()
    client.get("/v1/stats")
    assert len(runtime.watching.watchers) == 2  # figures and the access line
    assert runtime.watching.analytics is None


@requirement("observability:metrics:workers")
def test_any_of_two_workers_tells_the_figures_of_both(tmp_path: Path) -> None:
    port = free_port()
    environ = {**os.environ, "CONTINUUM_CONFIG_DIR": str(tmp_path / "home")}
    command = [sys.executable, "-m", "continuum", "serve", "--port", str(port), "--workers", "2"]
    server = subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True)
    base, asked = f"http://127.0.0.1:{port}", 60
    try:
        with httpx.Client(base_url=base) as client:
            answered(client, "/v1/health/live")
        until = time.monotonic() + 30
        while figures(httpx.get(f"{base}/metrics").text)["continuum_workers", ()] < 2:
            assert time.monotonic() < until
        for _ in range(asked):
            assert httpx.get(f"{base}/v1/stats").status_code == 200  # a connection each: the kernel spreads them
        seen = {requests_of(figures(httpx.get(f"{base}/metrics").text), "/v1/stats") for _ in range(10)}
    finally:
        server.send_signal(signal.SIGTERM)
        said = server.communicate(timeout=30)[1]
    assert seen == {asked}
    served = {line.split('"message":"')[1] for line in said.splitlines() if "Started server process" in line}
    assert len(served) == 2
    assert "Traceback" not in said
    assert said.count('"route":"/v1/stats"') == asked
