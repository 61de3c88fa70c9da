"""Bodies that are made to cost: refused within milliseconds of work, and nothing of them stays in memory."""

from __future__ import annotations

import gzip
import json
import os
import socket
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.cli.test_serve import answered
from tests.cli.test_serving import served
from tests.requirements import requirement

CPU_SECONDS_MAX: Final = 0.3
GROWTH_KIB_MAX: Final = 64 * 1_024
BODY_BYTES_MAX: Final = 4 << 20
PIECE: Final = b"x" * 65_536


@dataclass(frozen=True, slots=True)
class Target:
    """A serving process, seen from outside."""

    process_id: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """The processor's time that it has taken."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_kib(self) -> int:
        """The most memory that it ever had."""
        status = Path(f"/proc/{self.process_id}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))

    def told(self, head: str, body: Iterable[bytes] = (), path: str = "/v1/learn") -> int:
        """The status of a request that is sent as it stands; 0 if the server closes without an answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as wire:
            start = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{head}\r\n"
            try:
                wire.sendall(start.encode())
                for piece in body:
                    wire.sendall(piece)
                wire.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has heard enough; its answer may be there all the same
            answer = b""
            try:
                while piece := wire.recv(65_536):
                    answer += piece
            except ConnectionResetError:
                pass
        return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("hostile")
    quiet = served(folder, CONTINUUM_LOG_LEVEL="ERROR")  # nobody reads what it says before it ends
    with quiet as (process, port), httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        answered(client, "/v1/health")
        for number in range(20):  # what a process loads with its first calls is not the hostile bodies' doing
            said = {"user_message": f"Aurora runs on Kafka {number} {'word ' * 1_000}"}
            assert client.post("/v1/learn", json=said).status_code == 200
        whole = b'{"user_message": "' + b"\xc3\xa9" * (BODY_BYTES_MAX // 2 - 20) + b'"}'
        assert client.post("/v1/learn", content=whole, headers=JSON).status_code in (200, 422)
        yield Target(process.pid, port)


JSON: Final = {"Content-Type": "application/json"}
DEEP: Final = 100_000
SAID: Final = b'{"user_message": "hello"}'


def _object(text: bytes) -> bytes:
    return b'{"user_message": ' + text + b"}"


BODIES: Final[dict[str, tuple[bytes, dict[str, str], int]]] = {
    "a message of 10 MB": (_object(b'"' + b"a" * 10_000_000 + b'"'), {}, 413),
    "one byte too many": (b" " * (BODY_BYTES_MAX + 1 - len(SAID)) + SAID, {}, 413),
    "lists 100,000 deep": (b"[" * DEEP + b"]" * DEEP, {}, 422),
    "lists 100,000 deep within": (_object(b"[" * DEEP + b"]" * DEEP), {}, 422),
    "objects 100,000 deep": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, {}, 422),
    "deep in the metadata": (
        b'{"user_message": "x", "metadata": {"k": ' + b"[" * 900 + b"]" * 900 + b"}}", {}, 422
    ),
    "never closed": (b"[" * 1_000_000, {}, 422),
    "a number of 1,000,000 digits": (_object(b"9" * 1_000_000), {}, 422),
    "as many digits in the metadata": (
        b'{"user_message": "x", "metadata": {"k": ' + b"9" * 1_000_000 + b"}}", {}, 422
    ),
    "1,000,000 digits behind the point": (_object(b"0." + b"9" * 1_000_000), {}, 422),
    "an exponent without end": (_object(b"1e" + b"9" * 100_000), {}, 422),
    "NaN": (_object(b"NaN"), {}, 422),
    "Infinity": (b'{"user_message": "x", "timestamp": Infinity}', {}, 422),
    "-Infinity": (b'{"user_message": "x", "timestamp": -Infinity}', {}, 422),
    "500,000 messages": (b'{"messages": [' + b",".join([b"1"] * 500_000) + b"]}", {}, 422),
    "300,000 unknown fields": (
        b"{" + b",".join(b'"f%d":1' % number for number in range(300_000)) + b"}", {}, 422
    ),
    "the same unknown field twice": (b'{"user_message": "x", "tenant_id": "a", "tenant_id": "b"}', {}, 422),
    "packed": (gzip.compress(SAID), {"Content-Encoding": "gzip"}, 415),
    "a packed bomb": (gzip.compress(b" " * 20_000_000), {"Content-Encoding": "gzip"}, 415),
    "packed in another way": (zlib.compress(SAID), {"Content-Encoding": "deflate"}, 415),
    "packed twice": (gzip.compress(gzip.compress(SAID)), {"Content-Encoding": "gzip, gzip"}, 415),
    "packed in a way that nobody knows": (SAID, {"Content-Encoding": "x-own"}, 415),
    "packed without saying so": (gzip.compress(SAID), {}, 422),
    "empty": (b"", {}, 422),
    "only spaces": (b" " * 1_000_000, {}, 422),
    "cut off": (b'{"user_message": "hel', {}, 422),
    "more behind its end": (SAID + SAID, {}, 422),
    "UTF-16": ('{"user_message": "hello"}'.encode("utf-16"), {}, 422),
    "UTF-16 that says so": (
        '{"user_message": "hello"}'.encode("utf-16"), {"Content-Type": "application/json; charset=utf-16"}, 422
    ),
    "Latin-1": ('{"user_message": "h\xe9llo"}'.encode("latin-1"), {}, 422),
    "a mark of byte order": (b"\xef\xbb\xbf" + SAID, {}, 422),
    "bytes of no encoding": (_object(b'"\xff\xfe\x00"'), {}, 422),
    "a form": (b"user_message=hello", {"Content-Type": "application/x-www-form-urlencoded"}, 422),
    "plain text": (SAID, {"Content-Type": "text/plain"}, 422),
    "no type": (SAID, {"Content-Type": ""}, 422),
    "null": (b"null", {}, 422),
    "a list": (b"[]", {}, 422),
    "a text": (json.dumps("x" * 3_000_000).encode(), {}, 422),
}  # fmt: skip


@requirement("service:hostile-bodies")
@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused_at_once(target: Target, name: str) -> None:
    body, headers, status = BODIES[name]
    peak, cpu = target.peak_kib(), target.cpu_seconds()
    with httpx.Client(base_url=target.url, timeout=20) as client:
        before = client.get("/v1/stats").json()["messages"]
        answer = client.post("/v1/learn", content=body, headers=JSON | headers)
        assert answer.status_code == status, answer.text[:300]
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.content) < 2_000
        assert client.get("/v1/stats").json()["messages"] == before
    assert target.cpu_seconds() - cpu < CPU_SECONDS_MAX
    assert target.peak_kib() - peak < GROWTH_KIB_MAX


def _chunks(*pieces: bytes) -> Iterator[bytes]:
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)


def _endless() -> Iterator[bytes]:
    """Chunks until nobody listens; a bound for a server that would."""
    for _ in range(4_000):
        yield from _chunks(PIECE)


LENGTH: Final = f"Content-Length: {len(SAID)}\r\n"
FRAMES: Final[dict[str, tuple[str, Iterable[bytes], tuple[int, ...]]]] = {
    "10 MB announced": ("Content-Length: 10000000\r\n", (PIECE,), (413,)),
    "more announced than numbers hold": (f"Content-Length: {'9' * 30}\r\n", (PIECE,), (400, 413)),
    "announced and not sent": ("Content-Length: 1000\r\n", (SAID,), (0, 400)),
    "less announced than sent": ("Content-Length: 5\r\nConnection: close\r\n", (SAID,), (422,)),
    "a negative length": ("Content-Length: -1\r\n", (SAID,), (400,)),
    "a length with a sign": (f"Content-Length: +{len(SAID)}\r\n", (SAID,), (400,)),
    "a length that is none": ("Content-Length: many\r\n", (SAID,), (400,)),
    "two lengths": (f"{LENGTH}Content-Length: 5\r\n", (SAID,), (400,)),
    "a length and chunks": (f"{LENGTH}Transfer-Encoding: chunked\r\n", _chunks(SAID, b""), (400,)),
    "chunks without end": ("Transfer-Encoding: chunked\r\n", _endless(), (413,)),
    "chunks that stop": ("Transfer-Encoding: chunked\r\n", _chunks(SAID), (0, 400)),
    "a chunk of no size": ("Transfer-Encoding: chunked\r\n", (b"zz\r\nhello\r\n0\r\n\r\n",), (0, 400)),
    "a chunk of a huge size": ("Transfer-Encoding: chunked\r\n", (b"f" * 40 + b"\r\nhello",), (0, 400)),
    "a transfer coding that nobody knows": ("Transfer-Encoding: gzip\r\n", (SAID,), (0, 400, 422, 501)),
}


@requirement("service:hostile-bodies")
@pytest.mark.parametrize("name", FRAMES)
def test_a_body_that_is_not_what_it_says_is_refused_or_dropped(target: Target, name: str) -> None:
    head, body, statuses = FRAMES[name]
    with httpx.Client(base_url=target.url, timeout=20) as client:
        before = client.get("/v1/stats").json()["messages"]
        peak, cpu = target.peak_kib(), target.cpu_seconds()
        assert target.told(head, body) in statuses
        assert target.cpu_seconds() - cpu < CPU_SECONDS_MAX
        assert target.peak_kib() - peak < GROWTH_KIB_MAX
        assert client.get("/v1/stats").json()["messages"] == before


@pytest.mark.soak
@requirement("service:hostile-bodies")
def test_a_thousand_hostile_bodies_leave_nothing_behind(target: Target) -> None:
    peak = target.peak_kib()
    with httpx.Client(base_url=target.url, timeout=60) as client:
        for number in range(1_000):
            body, headers, status = list(BODIES.values())[number % len(BODIES)]
            assert client.post("/v1/learn", content=body, headers=JSON | headers).status_code == status
    assert target.peak_kib() - peak < GROWTH_KIB_MAX
