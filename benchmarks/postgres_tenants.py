"""PostgreSQL with many tenants: a small one among ten thousand others, and a million of whom most are idle."""

from __future__ import annotations

import functools
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks.postgres_recalling import QUESTIONS, TENANT, questions
from benchmarks.postgres_server import Admin, Bench
from benchmarks.report import durations_ms, percentiles
from benchmarks.texts import Writer
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager

REAL_TENANTS = 100
EXCHANGES_OF_OTHERS = 50
OWN_EXCHANGES = 500
COPIERS = 2
TIMES = 100
_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'p' AND relnamespace = current_schema()::regnamespace "
    "ORDER BY relname"
)
_COLUMNS = (
    "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
    "AND attname <> 'tenant_id' ORDER BY attnum"
)


def run(bench: Bench) -> None:
    """Both figures, each in a database of its own."""
    _among_others(bench)
    _million(bench)


# -- a small tenant among others


def _among_others(bench: Bench) -> None:
    """The same tenant in a database of its own and in one with the others, turn about: same answers, same time."""
    alone = bench.fresh("alone")
    tenants = 1_000 if bench.quick else 10_000
    with ConsciousMemory(TENANT, storage=alone, config=MemoryConfig()) as memory:
        memory.learn_many(Writer(77).exchanges(OWN_EXCHANGES))
    bench.settle("alone")
    among = bench.fresh("crowd", template="alone")
    _crowd(bench, among, tenants)
    times, same = _turn_about(alone, among)
    shown = [percentiles(taken) for taken in times]
    for what, row in zip(("alone", f"among {tenants} others of 100 messages"), shown, strict=True):
        bench.report.add(_AMONG, {"what": what, "asked": "", **row})
    ratios = {name: float(shown[1][name]) / float(value) for name, value in shown[0].items()}
    bench.report.add(_AMONG, {"what": f"ratio; same rankings: {same} of {QUESTIONS}", "asked": "1.2", **ratios})
    bench.drop("alone")
    bench.drop("crowd")


_AMONG = "PostgreSQL: recall in a tenant of 1,000 messages"


def _turn_about(*urls: str) -> tuple[tuple[list[float], list[float]], int]:
    """How long the same recalls take in two stores, and how many give the same answer."""
    times: tuple[list[float], list[float]] = ([], [])
    same, asked = 0, questions()
    with ExitStack() as opened:
        memories = [opened.enter_context(ConsciousMemory(TENANT, storage=url, config=MemoryConfig())) for url in urls]
        for question in questions(seed=10):
            for memory in memories:
                memory.recall(question)
        for number in range(2 * QUESTIONS):
            question = asked[number % QUESTIONS]
            for place in (0, 1) if number % 2 else (1, 0):
                times[place].extend(durations_ms([functools.partial(memories[place].recall, question)]))
        for question in asked:
            one, other = ([m.passage for m in memory.recall(question, now=1.0).memories] for memory in memories)
            same += one == other
    return times, same


def _crowd(bench: Bench, url: str, tenants: int) -> None:
    """A hundred tenants that learnt, and the others as copies of their rows."""
    started = time.perf_counter()
    with TenantManager(storage=url, config=MemoryConfig()) as manager:
        for number in range(REAL_TENANTS):
            texts = Writer(number).exchanges(EXCHANGES_OF_OTHERS)
            manager.get_tenant(f"other-{number}").learn_many(texts, batch_size=EXCHANGES_OF_OTHERS)
    bench.made("tenants of 100 messages that learnt", REAL_TENANTS, started)
    started = time.perf_counter()
    copies = tenants // REAL_TENANTS - 1
    with ThreadPoolExecutor(COPIERS) as copiers:
        shares = [range(share, copies, COPIERS) for share in range(COPIERS)]
        list(copiers.map(functools.partial(_copy_tenants, bench), shares))
    bench.made("tenants of 100 messages that are copies", copies * REAL_TENANTS, started, "their rows, copied in SQL")
    started = time.perf_counter()
    bench.settle("crowd")
    with bench.admin("crowd") as admin:
        found = admin.execute(
            "SELECT sum(messages), pg_database_size(current_database()) >> 20 FROM tenants"
        ).fetchone()
        assert found is not None
        bench.made(f"vacuum and checkpoint of {found[1]:,} MiB, messages", int(found[0]), started, "VACUUM (ANALYZE)")


def _copy_tenants(bench: Bench, copies: range) -> None:
    with bench.admin("crowd") as admin:
        tables = [row[0] for row in admin.execute(_TABLES).fetchall()]
        for copy in copies:
            with admin.transaction():
                for table in tables:
                    _copy_rows(admin, table, copy)


def _copy_rows(admin: Admin, table: str, copy: int) -> None:
    columns = ", ".join(row[0] for row in admin.execute(_COLUMNS, [table]).fetchall())
    admin.execute(
        f"INSERT INTO {table} (tenant_id, {columns}) SELECT tenant_id || '-{copy}', {columns} FROM {table} "
        f"WHERE tenant_id IN (SELECT 'other-' || n FROM generate_series(0, {REAL_TENANTS - 1}) AS n)".encode()
    )


# -- a million tenants


def _million(bench: Bench) -> None:
    url = bench.fresh("million")
    tenants = 50_000 if bench.quick else 1_000_000
    with TenantManager(storage=url, config=MemoryConfig()) as manager:
        manager.get_tenant("zz-warm-up").learn("Anna Keller leads the migration.")
    started = time.perf_counter()
    with bench.admin("million") as admin:
        admin.execute(
            "INSERT INTO tenants (tenant_id, created_at, last_active, secret) "
            "SELECT 'tenant-' || lpad(n::text, 8, '0'), 1767225600000000 + n, 1767225600000000 + n, "
            f"sha256(n::text::bytea) FROM generate_series(1, {tenants}) AS n".encode()
        )
    bench.settle("million")
    bench.made("idle tenants", tenants, started, "rows of the table tenants, in SQL")
    with TenantManager(storage=url, config=MemoryConfig()) as manager:
        _figures_of_a_million(bench, manager, tenants)
    bench.drop("million")


def _figures_of_a_million(bench: Bench, manager: TenantManager, tenants: int) -> None:
    writer = Writer(5)
    manager.get_tenant("zz-warm-up").recall("Who leads the migration?")
    manager.list_tenants()
    learns = [functools.partial(manager.get_tenant(f"new-{n}").learn, *writer.exchange()) for n in range(TIMES)]
    middle = tenants // 3
    pages = [
        functools.partial(manager.list_tenants, 100, after=f"tenant-{middle + n * (middle // TIMES):08d}")
        for n in range(TIMES)
    ]
    asked = questions(2 * TIMES)
    recalls = [functools.partial(manager.get_tenant(f"new-{n}").recall, asked[n]) for n in range(TIMES)]
    empty = [
        functools.partial(manager.get_tenant(f"tenant-{middle + n:08d}").recall, asked[TIMES + n]) for n in range(TIMES)
    ]
    for what, calls in (
        ("create one: the first learn of a new tenant", learns),
        ("list a page of 100 from the middle", pages),
        ("first recall of a new tenant, with an exchange", recalls),
        ("first recall of an idle tenant, without messages", empty),
    ):
        bench.report.add(
            "PostgreSQL: a million tenants",
            {"tenants": tenants, "what": what, "asked": "p95 20 ms", **percentiles(durations_ms(calls))},
        )
