"""A service that is away, leaves, is busy, is slow, or is something else; and what a caller is told then."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from continuum import errors
from continuum.client import AsyncClient, Client
from continuum.client.attempts import Patience
from continuum.client.problems import Answer, refusal_of
from tests.client.served import Reply, hangs_up, says, scripted, service
from tests.requirements import requirement

KEY = "ck_test_abcdefgh_a-secret-that-nobody-shows"
STATS = says(200, b'{"messages": 1}')


def problem(status: int, code: str, detail: str = "so it is", **headers: str) -> Reply:
    body = {"code": code, "detail": detail, "field": "message"}
    return says(status, json.dumps(body).encode(), "application/problem+json", **headers)


def impatient(url: str, waits: list[float], **more: Any) -> Client:  # Any: arguments of a case
    """A client that notes its waits instead of waiting."""
    return Client(url, KEY, sleep=waits.append, patience=Patience(jitter=lambda: 1.0, **more))


@requirement("client:retry")
@pytest.mark.parametrize(
    ("trouble", "least"),
    [
        (problem(429, "rate_limited", Retry_After="7"), 7.0),
        (problem(503, "overloaded", Retry_After="2"), 2.0),
        (problem(503, "storage_busy", Retry_After="1"), 1.0),
        (problem(409, "idempotency_key_in_flight", Retry_After="1"), 1.0),
        (says(503, b"<html>", "text/html", Retry_After="3"), 3.0),
        (says(502, b"", "text/html"), 0.0),
        (says(429, b"", "text/html", Retry_After="4"), 4.0),
        (hangs_up, 0.0),
    ],
)
def test_passing_trouble_is_waited_for_and_a_write_keeps_its_key(trouble: Reply, least: float) -> None:
    waits: list[float] = []
    done = {"used": 1, "ignored": 0, "duplicate": False, "seq": 3}
    with (
        scripted(trouble, trouble, says(200, json.dumps(done).encode())) as server,
        impatient(server.url, waits) as client,
    ):
        assert client.feedback("r", ["a"]).used == 1
    keys = {each.headers["idempotency-key"] for each in server.heard}
    assert (len(server.heard), len(keys)) == (3, 1)
    assert all(each.headers["x-api-key"] == KEY for each in server.heard)
    assert len(waits) == 2
    assert all(least < wait <= least + 0.4 for wait in waits)


@requirement("client:retry")
def test_each_call_has_a_key_of_its_own_and_a_read_has_none() -> None:
    with scripted(STATS) as server, Client(server.url) as client:
        client.get_stats()
        for _ in range(2):
            with pytest.raises(errors.ServiceConnectionError, match="is missing"):
                client.forget("x")
    read, first, second = (each.headers.get("idempotency-key") for each in server.heard)
    assert read is None
    assert len({first, second, None}) == 3


@requirement("client:retry")
def test_retries_end_with_the_error_itself() -> None:
    waits: list[float] = []
    with scripted(problem(429, "rate_limited", Retry_After="9")) as server, impatient(server.url, waits) as client:
        with pytest.raises(errors.RateLimitedError, match="so it is") as limited:
            client.get_stats()
        assert limited.value.retry_after_seconds == 9.0
    assert (len(server.heard), len(waits)) == (4, 3)


@requirement("client:retry")
def test_all_attempts_together_have_a_bound_of_time() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    patience = Patience(retries=100, seconds=20.0, monotonic=lambda: now[0], jitter=lambda: 1.0)
    busy = problem(409, "idempotency_key_in_flight", Retry_After="6")
    with scripted(busy) as server, Client(server.url, sleep=sleep, patience=patience) as client:
        with pytest.raises(errors.KeyInFlightError):
            client.learn("x")
        assert len(server.heard) == 4
        assert now[0] <= 20.0
    with scripted(problem(503, "overloaded", Retry_After="3600")) as server:
        with Client(server.url, sleep=sleep, patience=patience) as client, pytest.raises(errors.OverloadedError):
            client.get_stats()
        assert len(server.heard) == 1  # nobody waits for an hour


@requirement("client:retry")
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (problem(422, "invalid_input", "message: is empty"), errors.InvalidInputError),
        (problem(404, "not_found"), errors.NotFoundError),
        (problem(401, "authentication"), errors.AuthenticationError),
        (problem(403, "permission_denied"), errors.PermissionDeniedError),
        (problem(403, "quota_exceeded"), errors.QuotaExceededError),
        (problem(409, "idempotency_answer_lost"), errors.AnswerLostError),
        (problem(409, "idempotency_key_reused", "message: was used"), errors.KeyReusedError),
        (problem(507, "storage_full"), errors.StorageFullError),
        (problem(503, "storage_unavailable"), errors.StorageUnavailableError),
        (problem(413, "body_too_large"), errors.ContinuumError),
        (problem(500, "from-the-future"), errors.ContinuumError),
        (says(401, b"", "text/html"), errors.AuthenticationError),
        (says(403, b"", "text/html"), errors.PermissionDeniedError),
        (says(404, b"<html>", "text/html"), errors.ServiceConnectionError),
        (says(500, b"[]", "application/problem+json"), errors.ServiceConnectionError),
        (says(200, b"<html>", "text/html"), errors.ServiceConnectionError),
        (says(200, b"{", "application/json"), errors.ServiceConnectionError),
        (says(200, b"[" * 100_000, "application/json"), errors.ServiceConnectionError),
        (says(200, b"[]", "application/json"), errors.ServiceConnectionError),
        (says(200, b'{"used": "one", "ignored": 0, "duplicate": false, "seq": 1}'), errors.ServiceConnectionError),
        (says(204, b""), errors.ServiceConnectionError),
    ],
)
def test_what_waiting_does_not_mend_is_told_at_once(reply: Reply, kind: type[errors.ContinuumError]) -> None:
    waits: list[float] = []
    with (
        scripted(reply) as server,
        impatient(server.url, waits) as client,
        pytest.raises(errors.ContinuumError) as told,
    ):
        client.feedback("r")
    assert type(told.value) is kind
    assert KEY not in str(told.value)
    assert (len(server.heard), waits) == (1, [])
    if isinstance(told.value, errors.InvalidInputError):
        assert (told.value.field, str(told.value).count("message: ")) == ("message", 1)


def test_every_error_of_ours_comes_back_as_itself() -> None:
    kinds = [
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.ContinuumError)
    ]
    for kind in kinds:
        body = json.dumps({"code": kind.code, "detail": "field: told", "field": "field"}).encode()
        refusal = refusal_of(Answer(500, {"content-type": "application/problem+json"}, body), "GET x")
        assert type(refusal.error) is kind
        assert refusal.may_come is kind.retryable


@requirement("client:credentials")
def test_a_redirect_is_not_followed_with_the_key() -> None:
    with scripted(STATS) as elsewhere:
        place = f"{elsewhere.url}/v1/stats?token=hidden"
        with scripted(says(307, b"", Location=place)) as server, Client(server.url, KEY) as client:
            with pytest.raises(errors.ServiceConnectionError, match=r"redirects to .*not followed") as told:
                client.get_stats()
            with pytest.raises(errors.ServiceConnectionError, match="redirects to"):
                next(client.listen("laptop"))
            assert "hidden" not in str(told.value)

            async def listen() -> None:
                async with AsyncClient(server.url, KEY) as other:
                    await anext(other.listen("laptop"))

            with pytest.raises(errors.ServiceConnectionError, match="redirects to"):
                asyncio.run(listen())
        assert elsewhere.heard == []


@requirement("client:credentials")
def test_no_key_is_shown_whatever_goes_wrong() -> None:
    for bad in (f"{KEY}\n", f"{KEY} {KEY}", "", "\u00fc"):
        with pytest.raises(errors.InvalidInputError, match="visible ASCII") as told:
            Client("http://127.0.0.1:9", bad)
        assert KEY not in str(told.value)
    with pytest.raises(errors.InvalidInputError, match="no name and password") as told:
        Client(f"http://me:{KEY}@127.0.0.1:9")
    assert KEY not in str(told.value)
    with pytest.raises(errors.InvalidInputError, match="both given"):
        Client("http://127.0.0.1:9", KEY, token="t")
    with Client("http://127.0.0.1:9", KEY, tenant_id="alice", retries=0) as client:
        assert repr(client) == "Client('http://127.0.0.1:9', tenant_id='alice')"
        with pytest.raises(errors.ServiceConnectionError, match="could not be reached") as away:
            client.get_stats()
        assert KEY not in f"{away.value!r}{client._place!r}{client._http!r}"


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8420", "ftp://x", "http://", "http://x:99999", "http://x/?a=b", "http://x#y"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(errors.InvalidInputError, match="url"):
        Client(url)


@requirement("client:retry")
def test_a_service_that_is_slow_is_given_up_in_time() -> None:
    release = threading.Event()

    def drips(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.close_connection = True
        while not release.wait(0.02):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return

    def is_silent(handler: BaseHTTPRequestHandler) -> None:
        release.wait(20)

    try:
        for reply, words in ((drips, "not whole after 0.2 seconds"), (is_silent, "did not answer within 0.2 seconds")):
            with scripted(reply) as server, Client(server.url, timeout_seconds=0.2, retries=0) as client:
                began = time.monotonic()
                with pytest.raises(errors.ServiceConnectionError, match=words):
                    client.get_stats()
                assert time.monotonic() - began < 10
                release.set()
            release.clear()
    finally:
        release.set()


@requirement("client:transfer")
def test_an_export_that_breaks_off_is_never_taken_for_whole(db_path: Path) -> None:
    with service(db_path) as served, served.client() as client:
        for number in range(5):
            client.learn(f"Note {number}")
        whole = io.StringIO()
        done = client.export(whole)
    lines = whole.getvalue().encode()
    assert (done.messages, done.lines, done.bytes) == (5, lines.count(b"\n"), len(lines))
    cut = lines[: lines.rindex(b"\n", 0, -1) + 1]
    changed = lines.replace(b"Note 3", b"Note 9")
    for broken in (cut, lines[:-10], changed, b"", b"<html>", lines + b"{}\n"):
        with scripted(says(200, broken, "application/x-ndjson")) as server, Client(server.url) as client:
            with pytest.raises(errors.ServiceConnectionError, match=r"not whole|no JSON"):
                client.export(io.StringIO())
            assert len(server.heard) == 1
    busy, given = problem(503, "overloaded", Retry_After="0"), says(200, lines, "application/x-ndjson")
    with scripted(busy, given) as server, Client(server.url, sleep=lambda _: None) as client:
        assert client.export(io.StringIO()) == done  # nothing was written yet: asked again


@requirement("client:transfer")
def test_an_import_is_sent_once_only() -> None:
    with scripted(hangs_up) as server, Client(server.url, sleep=lambda _: None) as client:
        with pytest.raises(errors.ServiceConnectionError, match="whether it was done is not known"):
            client.import_(io.BytesIO(b"x" * 10))
        assert len(server.heard) == 1
        assert "idempotency-key" not in server.heard[0].headers


@requirement("client:retry")
def test_the_async_client_waits_and_gives_up_alike() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def ask(url: str) -> Any:  # Any: JSON
        async with AsyncClient(url, KEY, sleep=sleep, retries=2) as client:
            return await client.get_stats()

    with scripted(problem(503, "overloaded", Retry_After="2"), hangs_up, STATS) as server:
        assert asyncio.run(ask(server.url)) == {"messages": 1}
    assert waits[0] >= 2.0
    with pytest.raises(errors.ServiceConnectionError, match="3 times: could not be reached"):
        asyncio.run(ask(server.url))


def test_an_async_client_takes_another_transport() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"path": request.url.path, "tenant": request.headers["x-tenant-id"]})

    async def ask() -> Any:  # Any: JSON
        client = AsyncClient("http://memory/below", tenant_id="alice", transport=httpx.MockTransport(answer))
        async with client:
            return await client.get_stats()

    assert asyncio.run(ask()) == {"path": "/below/v1/stats", "tenant": "alice"}
