"""The service under load: `python -m benchmarks.service [PART ...] [--quick]`, or `make bench-service`.

The load generator runs on the same cores. Each row says what the server's processes used of them.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import service_door, service_sockets, service_tenants
from benchmarks.report import Report, percentiles
from benchmarks.service_process import Load, Served, free_port, key_of, post, result_of, running, service, start_load
from benchmarks.stores import TENANT, filled
from benchmarks.texts import Writer

MESSAGES = 10_000
CONNECTIONS = 16
SECONDS = 8.0
PARTS: dict[str, Callable[[Report, Path, bool], None]] = {}


def measured(
    report: Report,
    table: str,
    what: str,
    served: Served,
    requests: Sequence[Sequence[str]],
    connections: int = CONNECTIONS,
    seconds: float = SECONDS,
) -> Load:
    """Put load on a server, and add a row."""
    process = start_load(served, requests, connections=connections, seconds=seconds)
    time.sleep(2.0)  # the generator warms up; what the server uses from now on counts
    before = served.cpu_seconds()
    time.sleep(seconds)
    cpu = served.cpu_seconds() - before
    load = result_of(process, seconds)
    row = {"what": what, "requests a second": round(load.per_second), **percentiles(load.milliseconds or [0.0])}
    report.add(
        table, {**row, "server cpu ms": round(cpu / max(1, len(load.milliseconds)) * 1_000, 3), "errors": load.errors}
    )
    return load


@contextmanager
def bare(workers: int) -> Iterator[Served]:
    """The bare framework."""
    import os

    port = free_port()
    command = [sys.executable, "-m", "benchmarks.service_bare", str(port), str(workers)]
    with running(command, os.environ, port) as served:
        yield served


def recalls(key: str, number: int = 400) -> list[str]:
    """Recalls of different questions."""
    writer = Writer(MESSAGES)
    return [post("/v1/recall", key, {"message": question}) for question in (writer.question() for _ in range(number))]


def recall(report: Report, folder: Path, quick: bool) -> None:
    """Recalls without a cache, and the bare framework beside them."""
    path = filled(folder, MESSAGES)
    for workers in (1, 2):
        with bare(workers) as served:
            asked = [post("/v1/recall", "none", {"message": "What framework?"})]
            measured(report, "recall over HTTP", f"bare: hop and 1 ms of work, {workers} workers", served, [asked])
            plain = [post("/v1/plain", "none", {"message": "What framework?"})]
            measured(report, "recall over HTTP", f"bare: no work, {workers} workers", served, [plain])
        with service(folder, {"CONTINUUM_DB_PATH": str(path)}, workers=workers) as served:
            requests = [recalls(key_of(served, TENANT))]
            measured(report, "recall over HTTP", f"recall, uncached, {workers} workers", served, requests)


def cached(report: Report, folder: Path, quick: bool) -> None:
    """Recalls that were asked before."""
    path = filled(folder, MESSAGES)
    for workers in (1, 2):
        environ = {"CONTINUUM_DB_PATH": str(path), "CONTINUUM_CACHE_ENABLED": "true"}
        with service(folder, environ, workers=workers) as served:
            requests = [recalls(key_of(served, TENANT), 50)]
            measured(report, "recall over HTTP", f"recall, cached, {workers} workers", served, requests)


PARTS |= {
    "recall": recall,
    "cached": cached,
    "door": service_door.run,
    "mixed": service_tenants.mixed,
    "flood": service_tenants.flood,
    "sockets": service_sockets.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.service", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--quick", action="store_true", help="fewer tenants")
    parser.add_argument("--stores", type=Path, help="keep the stores in this folder, and use those that are there")
    parser.add_argument("--output", type=Path, default=Path("bench-results"))
    arguments = parser.parse_args()
    report = Report({"python": platform.python_version(), "at": int(time.time())})
    with tempfile.TemporaryDirectory(prefix="continuum-bench-") as temporary:
        folder = arguments.stores or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name, part in PARTS.items():
            if not arguments.parts or name in arguments.parts:
                part(report, folder, arguments.quick)
    arguments.output.mkdir(exist_ok=True)
    target = arguments.output / f"service-{report.facts['at']}.json"
    target.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
    print(f"\nwritten to {target}")


if __name__ == "__main__":
    main()
