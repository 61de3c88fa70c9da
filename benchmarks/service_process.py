"""Servers for the benchmark of the service: started, watched, stopped; and the load that they are given."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPERATOR_KEY = "benchmark-operator-key-0123456789abcdef"
HOST = "127.0.0.1"
START_SECONDS = 60.0
TICKS = os.sysconf("SC_CLK_TCK")
NO_LIMIT = "100000000"


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers."""

    port: int
    pid: int

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def cpu_seconds(self) -> float:
        """The processor time of the server and its workers."""
        return sum(_cpu_seconds(pid) for pid in _family(self.pid))


@contextmanager
def service(folder: Path, environ: Mapping[str, str], *, workers: int = 1) -> Iterator[Served]:
    """`continuum serve` on a free port, with keys required, in a process group of its own."""
    port = free_port()
    own = {
        "CONTINUUM_CONFIG_DIR": str(folder / "settings"),
        "CONTINUUM_REQUIRE_API_KEY": "true",
        "CONTINUUM_API_KEY": OPERATOR_KEY,
        "CONTINUUM_RATE_PER_MINUTE": NO_LIMIT,
        "CONTINUUM_TENANT_RATE_PER_MINUTE": NO_LIMIT,
        "CONTINUUM_LOG_LEVEL": "WARNING",
        **environ,
    }
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("CONTINUUM_", "POSTGRES_", "REDIS"))
    }
    command = [sys.executable, "-m", "continuum", "serve", "--port", str(port), "--workers", str(workers)]
    with running(command, {**kept, **own}, port) as served:
        yield served


@contextmanager
def running(command: Sequence[str], environ: Mapping[str, str], port: int) -> Iterator[Served]:
    """A server in a process group of its own, once its port answers."""
    with subprocess.Popen(command, env=dict(environ), stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            _wait_for(port, process)
            yield Served(port, process.pid)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        number: int = listener.getsockname()[1]
        return number


def ask(served: Served, method: str, path: str, body: object = None, **headers: str) -> Any:  # Any: JSON
    """One request; gives its JSON. Raises OSError."""
    request = urllib.request.Request(
        served.address + path,
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def key_of(served: Served, tenant: str, role: str = "service") -> str:
    """A new key of a tenant."""
    made = ask(served, "POST", "/v1/admin/api-keys", {"role": role}, X_API_Key=OPERATOR_KEY, X_Tenant_ID=tenant)
    key: str = made["api_key"]
    return key


def post(path: str, key: str, body: object) -> str:
    """A raw request, as the load generator sends it."""
    content = json.dumps(body)
    return (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n{content}"
    )


@dataclass(frozen=True, slots=True)
class Load:
    """What a load generator measured."""

    milliseconds: list[float]
    statuses: dict[str, int]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    @property
    def errors(self) -> int:
        return sum(count for status, count in self.statuses.items() if not status.startswith("2"))


def start_load(
    served: Served,
    requests: Sequence[Sequence[str]],
    *,
    connections: int,
    seconds: float,
    warm_seconds: float = 2.0,
    pause_seconds: float = 0.0,
) -> subprocess.Popen[str]:
    """A load generator at work."""
    plan = {
        "host": HOST,
        "port": served.port,
        "connections": connections,
        "seconds": seconds,
        "warm_seconds": warm_seconds,
        "pause_seconds": pause_seconds,
        "requests": [list(each) for each in requests],
    }
    command = [sys.executable, "-m", "benchmarks.service_load"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(plan))
    process.stdin.close()
    return process


def result_of(process: subprocess.Popen[str], seconds: float) -> Load:
    """What a load generator measured, when it is done."""
    assert process.stdout is not None
    told = json.loads(process.stdout.read())
    process.wait()
    return Load(told["milliseconds"], told["statuses"], seconds)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/v1/health/live", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server on port {port} did not start")


def _family(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _family(int(child))
    return found


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
