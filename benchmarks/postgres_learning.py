"""How fast exchanges become durable on PostgreSQL, beside what pgbench reaches on the same server."""

from __future__ import annotations

import functools
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

from benchmarks.postgres_server import Bench
from benchmarks.report import Report, durations_ms, percentiles
from benchmarks.texts import Writer
from continuum.core.config import MemoryConfig
from continuum.core.tenants import TenantManager

CALLERS = 8
TENANT_EXCHANGES = 250
WARM_UP = 20
TEXTS = 1_000
SECONDS = 8.0
QUICK_SECONDS = 3.0
TABLE = "PostgreSQL: learn, durable"
Wait = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Learned:
    """What the callers of one process did."""

    taken_ms: list[float]
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Rate:
    """What a row reached, to be set beside pgbench."""

    what: str
    a_second: float
    asked: str


def run(bench: Bench) -> None:
    """pgbench, every row of learning, and pgbench again."""
    bench.pgbench()
    url = bench.fresh("learning")
    own = [f"own-{number}" for number in range(CALLERS)]
    halves = [f"half-{number}" for number in range(CALLERS)]
    _fill(bench, url, ["alone", "shared", *own, *halves])
    seconds = QUICK_SECONDS if bench.quick else SECONDS
    rates = [
        _row(bench.report, "1 caller", "no figure", [_learn_for(url, ["alone"], seconds)], seconds),
        _row(bench.report, "8 callers, a tenant each", "p95 15 ms, a fifth", [_learn_for(url, own, seconds)], seconds),
        _row(
            bench.report,
            "8 callers on one tenant",
            "p95 15 ms, a fifth",
            [_learn_for(url, ["shared"] * CALLERS, seconds)],
            seconds,
        ),
        _row(
            bench.report,
            "2 processes of 4 callers, a tenant each",
            "p95 15 ms, a quarter",
            _processes(url, [halves[:4], halves[4:]], seconds),
            seconds,
        ),
        _row(
            bench.report,
            "2 processes of 4 callers on one tenant",
            "p95 15 ms, a quarter",
            _processes(url, [["shared"] * 4] * 2, seconds),
            seconds,
        ),
    ]
    bench.drop("learning")
    bench.pgbench()
    _beside_pgbench(bench, rates)


def _fill(bench: Bench, url: str, tenants: Sequence[str]) -> None:
    started = time.perf_counter()
    with TenantManager(storage=url, config=MemoryConfig()) as manager:
        for seed, tenant in enumerate(tenants):
            manager.get_tenant(tenant).learn_many(Writer(seed).exchanges(TENANT_EXCHANGES))
    bench.settle("learning")
    bench.made(f"{len(tenants)} tenants to learn into", len(tenants) * TENANT_EXCHANGES * 2, started)


def _learn_for(url: str, tenants: Sequence[str], seconds: float, all_ready: Wait = lambda: None) -> Learned:
    """One caller for each tenant that is named, in one process; they begin when `all_ready` is back."""
    taken: list[list[float]] = [[] for _ in tenants]
    until = [0.0]
    ready, begin = threading.Barrier(len(tenants) + 1), threading.Event()
    with TenantManager(storage=url, config=MemoryConfig()) as manager:

        def learn(number: int, tenant: str) -> None:
            memory = manager.get_tenant(tenant)
            writer = Writer(crc32(f"{tenant} {number}".encode()))
            calls = [functools.partial(memory.learn, *writer.exchange()) for _ in range(TEXTS + WARM_UP)]
            durations_ms(calls[:WARM_UP])
            ready.wait()
            begin.wait()
            own, place = taken[number], WARM_UP
            while time.perf_counter() < until[0]:
                own += durations_ms([calls[place]])
                place = place + 1 if place < TEXTS else 0

        threads = [threading.Thread(target=learn, args=pair) for pair in enumerate(tenants)]
        for thread in threads:
            thread.start()
        ready.wait()
        all_ready()
        cpu, until[0] = time.process_time(), time.perf_counter() + seconds
        begin.set()
        for thread in threads:
            thread.join()
        cpu = time.process_time() - cpu
    return Learned([value for own in taken for value in own], cpu)


def _in_a_process(
    url: str,
    tenants: Sequence[str],
    seconds: float,
    all_ready: Wait,
    answers: multiprocessing.Queue[Learned],
) -> None:
    answers.put(_learn_for(url, tenants, seconds, all_ready))


def _processes(url: str, shares: Sequence[Sequence[str]], seconds: float) -> list[Learned]:
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[Learned] = context.Queue()
    barrier = context.Barrier(len(shares))
    workers = [
        context.Process(target=_in_a_process, args=(url, share, seconds, barrier.wait, answers)) for share in shares
    ]
    for worker in workers:
        worker.start()
    learned = [answers.get(timeout=seconds + 120) for _ in workers]
    for worker in workers:
        worker.join()
    return learned


def _row(report: Report, what: str, asked: str, parts: Sequence[Learned], seconds: float) -> Rate:
    taken = [value for part in parts for value in part.taken_ms]
    cpu = sum(part.cpu_seconds for part in parts) / len(taken) * 1_000
    report.add(
        TABLE,
        {
            "what": what,
            "asked": asked,
            "a second": round(len(taken) / seconds),
            **percentiles(taken),
            "client cpu ms": round(cpu, 3),
        },
    )
    return Rate(what, len(taken) / seconds, asked)


def _beside_pgbench(bench: Bench, rates: Sequence[Rate]) -> None:
    before, after = bench.transactions_a_second
    pgbench = (before + after) / 2
    for what, reached in (("before the learns", before), ("after the learns", after), ("mean", pgbench)):
        bench.report.add(
            "PostgreSQL: pgbench, TPC-B-like, scale 10, 8 callers", {"when": what, "a second": round(reached)}
        )
    for rate in rates:
        bench.report.add(
            "PostgreSQL: learns a second, as a share of pgbench's transactions",
            {
                "what": rate.what,
                "asked": rate.asked,
                "a second": round(rate.a_second),
                "share": rate.a_second / pgbench,
            },
        )
