"""What HTTP itself asks of a server: methods, origins, packing, paths, names of requests, old versions."""

from __future__ import annotations

import gzip
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.api.hardening.keyed_service import KeyedService, by, keyed_service
from tests.client.served import guarded
from tests.requirements import requirement

ORIGIN = "https://app.example"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture
def service(db_path: Path) -> Iterator[KeyedService]:
    with keyed_service(db_path, cors_origins=ORIGIN) as found:
        yield found


@requirement("service:http")
@pytest.mark.parametrize("path", ["/v1/health", "/v1/health/live", "/v1/stats", "/v1/memories", "/openapi.json"])
def test_head_says_what_get_would_and_sends_no_body(service: KeyedService, path: str) -> None:
    headers = by(service.key("alice"))
    whole, head = service.client.get(path, headers=headers), service.client.head(path, headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.headers.get("etag") == whole.headers.get("etag")
    assert int(head.headers["content-length"]) > 0


@requirement("service:http")
def test_head_needs_the_same_credential(service: KeyedService) -> None:
    assert service.client.head("/v1/stats").status_code == 401
    assert service.client.head("/v1/learn").status_code == 405


@requirement("service:http")
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/memories/x", "DELETE, GET, HEAD, PUT"),
        ("PATCH", "/v1/facts", "GET, HEAD, POST"),
        ("GET", "/v1/learn", "POST"),
        ("TRACE", "/v1/stats", "GET, HEAD"),
        ("DELETE", "/v1/admin/tenants/x/limits", "PUT"),
        ("PROPFIND", "/v1/health", "GET, HEAD"),
        ("OPTIONS", "/v1/recall", "POST"),
    ],
)
def test_a_wrong_method_is_told_all_the_right_ones(service: KeyedService, method: str, path: str, allowed: str) -> None:
    answer = service.client.request(method, path, headers=by(service.key("alice")))
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["code"] == "method_not_allowed"


@requirement("service:http")
def test_a_page_of_an_allowed_origin_may_call(service: KeyedService) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "x-api-key, idempotency-key, content-type",
    }
    may = service.client.options("/v1/memories/x", headers=asked)
    assert (may.status_code, may.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert "PUT" in may.headers["access-control-allow-methods"]
    assert "idempotency-key" in may.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in may.headers
    for key, status in ((service.key("alice"), 200), ("wrong", 401)):
        answer = service.client.get("/v1/stats", headers=by(key, Origin=ORIGIN))
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, ORIGIN)
        assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
        assert "Origin" in answer.headers["vary"]


@requirement("service:http")
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null", f"{ORIGIN}:8443"],
)
def test_a_page_of_another_origin_is_not_told_that_it_may(service: KeyedService, origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    refused = service.client.options("/v1/learn", headers=asked)
    answer = service.client.get("/v1/stats", headers=by(service.key("alice"), Origin=origin))
    assert refused.status_code == 400
    assert not any(each.startswith("access-control-allow-origin") for each in (*refused.headers, *answer.headers))


@requirement("service:http")
def test_without_origins_no_page_may_call(db_path: Path) -> None:
    with keyed_service(db_path) as service:
        answer = service.client.options(
            "/v1/learn", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
        )
        assert answer.status_code == 405
        assert not any(each.startswith("access-control") for each in answer.headers)


@requirement("service:http")
def test_long_answers_are_packed_for_who_takes_them_so(service: KeyedService) -> None:
    headers = by(service.key("alice"))
    small = service.client.get("/v1/stats", headers={**headers, "Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers
    with service.client.stream("GET", "/openapi.json", headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    plain = service.client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 4


@requirement("service:http")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/stats/", 404),
        ("/v1//stats", 404),
        ("//v1/stats", 404),
        ("/V1/stats", 404),
        ("/v1/stats;x=1", 404),
        ("/v1/%2e%2e/v1/stats", 404),
        ("/v1%2Fstats", 200),
        ("/v1/%73tats", 200),
        ("/v1/stats%00", 404),
        ("/v1/stats%20", 404),
        ("/v1/memories/a%2Fb", 404),
        ("/v1/memories/..%2f..%2fetc%2fpasswd", 404),
        ("/v1/memories/%", 404),
        ("/v1/memories/%zz", 404),
        ("/v1/stats?tenant_id=alice&limit=%", 200),
    ],
)
def test_a_path_is_one_thing_and_leads_nowhere_else(service: KeyedService, path: str, status: int) -> None:
    key = service.key("alice")
    answer = service.client.get(path, headers=by(key), follow_redirects=False)
    assert (answer.status_code, answer.headers.get("location")) == (status, None)


@requirement("service:http")
@pytest.mark.parametrize("given", ["req-1", "A" * 128, "a.b_c:d@e-f", "0198c5e2-0000-7000-8000-000000000000"])
def test_a_name_that_the_caller_gives_its_request_is_kept(service: KeyedService, given: str) -> None:
    answer = service.client.get("/v1/health/live", headers={"X-Request-ID": given})
    assert answer.headers.get_list("x-request-id") == [given]
    service.client.get("/v1/stats", headers={"X-Request-ID": given})
    assert service.client.get("/v1/nothing", headers={"X-Request-ID": given}).headers["x-request-id"] == given


@requirement("service:http")
@pytest.mark.parametrize(
    "given", ["", " ", "A" * 129, "a b", "a\tb", "<script>", "a,b", "\u00e9", "a;b", "a/b", "${jndi}"]
)
def test_a_name_of_another_form_is_replaced(service: KeyedService, given: str) -> None:
    answer = service.client.get("/v1/health/live", headers=[(b"X-Request-ID", given.encode())])
    (own,) = answer.headers.get_list("x-request-id")
    assert UUID.fullmatch(own)


@requirement("service:http")
def test_every_answer_says_how_it_may_be_taken(service: KeyedService) -> None:
    for path in ("/v1/health", "/v1/stats", "/v1/nothing", "/v1/learn"):
        answer = service.client.get(path)
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers


@requirement("service:http")
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /v1/health/live HTTP/1.0\r\n\r\n", 200),
        (b"GET /v1/health/live HTTP/1.0\r\nHost: x\r\n\r\n", 200),
        (b"GET /v1/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
        (b"HEAD /v1/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
        (b"GET http://x/v1/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", None),
        (b"GET /v1/health/live HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n", 400),
        (b"GET /v1/health/live HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET /v1/health/live HTTP/9.9\r\nHost: x\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /v1/stats HTTP/1.1\r\nHost: x\r\nX-API-Key: a\r\nX-API-Key: b\r\nConnection: close\r\n\r\n", 401),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", None),
        (b"GET /v1/health/live HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\nConnection: close\r\n\r\n", None),
    ],
)
def test_odd_and_old_requests_are_answered_or_closed(db_path: Path, sent: bytes, status: int | None) -> None:
    with guarded(db_path) as service:
        told = _told(service.url, sent)
        if status is not None:
            assert int(told.split(b" ", 2)[1]) == status, told[:200]
        else:
            assert not told or int(told.split(b" ", 2)[1]) in (200, 400, 404, 414, 431)
        if sent.startswith(b"HEAD"):
            assert told.endswith(b"\r\n\r\n")
        assert b" 200 " in _told(service.url, b"GET /v1/health/live HTTP/1.0\r\n\r\n")


def _told(url: str, sent: bytes) -> bytes:
    """All that the server says before it closes; what it does not read of a request is its own affair."""
    place = urlsplit(url)
    assert place.hostname
    assert place.port
    with socket.create_connection((place.hostname, place.port), timeout=10) as wire:
        pieces = []
        try:
            wire.sendall(sent)
            while piece := wire.recv(65_536):
                pieces.append(piece)
        except (ConnectionResetError, BrokenPipeError):
            pass
    return b"".join(pieces)
