"""What row level security costs: each statement as the role that it binds, and as one that it does not."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from benchmarks.postgres_recalling import TENANT
from benchmarks.postgres_recording import Recorder, Transaction, work
from benchmarks.postgres_server import Bench
from benchmarks.report import Cell
from benchmarks.texts import Writer
from continuum.core.config import MemoryConfig
from continuum.core.tenants import TenantManager
from continuum.storage.postgres_pipe import Pipe

EXCHANGES = 2_500
OTHERS = 20
WINDOWS = 5
"""Pairs of new connections for each transaction: where the system puts a server process can cost it a factor of 3."""
ROUNDS = 20
WARM_ROUNDS = 4
"""Rounds before those, which are not counted: statements are not prepared yet."""
TRANSACTION_SECONDS = 3.0
"""No further window is begun for a transaction after that."""
RATIO = 1.3
SHOWN = 10
TEXT_SHOWN_CHARS = 90
TABLE = "PostgreSQL: row level security on against off, the ten statements that lose most"
_ABOUT_ROLES = ("SET LOCAL ROLE", "SET LOCAL app.tenant_id")
_NO_WORK = ("SET ", "BEGIN", "COMMIT", "ROLLBACK", "DEALLOCATE")


@dataclass(slots=True)
class Timed:
    """The milliseconds of one distinct statement, with the policies in force and without, window by window."""

    operation: str
    bound: list[list[float]] = field(default_factory=list)
    free: list[list[float]] = field(default_factory=list)
    other_rows: bool = False

    @property
    def ratio(self) -> float:
        """Median over the windows of the ratio of medians."""
        pairs = zip(self.bound, self.free, strict=True)
        return statistics.median(statistics.median(one) / statistics.median(other) for one, other in pairs)


def run(bench: Bench) -> None:
    """Record a workload in one database, and run it again in a copy made before, turn about as two roles."""
    started = time.perf_counter()
    url = bench.fresh("recorded")
    with TenantManager(storage=url, config=MemoryConfig()) as manager:
        for number in range(OTHERS):
            manager.get_tenant(f"other-{number}").learn_many(Writer(number).exchanges(50))
        manager.get_tenant(TENANT).learn_many(Writer(7).exchanges(EXCHANGES))
    bench.settle("recorded")
    replayed = bench.fresh("replayed", template="recorded")
    bench.made("a tenant whose statements are recorded", EXCHANGES * 2, started)
    recorder = Recorder()
    with recorder.listening():
        work(url, recorder)
    _show(bench, _replay(replayed, recorder.done))
    bench.drop("recorded")
    bench.drop("replayed")


# -- running it again


@dataclass(slots=True)
class Replay:
    """Statements run again: how long they took, and which failed and why."""

    found: dict[str, Timed] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def window(self, url: str, transaction: Transaction) -> None:
        """A transaction some times over two new connections, turn about, and rolled back each time."""
        with _pipe(url) as bound, _pipe(url) as free:
            times: dict[Pipe, dict[str, list[float]]] = {bound: {}, free: {}}
            for number in range(WARM_ROUNDS + ROUNDS):
                if number == WARM_ROUNDS:
                    times = {bound: {}, free: {}}
                turns = (bound, free) if number % 2 else (free, bound)
                rows = [self.once(pipe, transaction, pipe is bound, times[pipe]) for pipe in turns]
                for sql in rows[0].keys() & rows[1].keys():
                    if rows[0][sql] != rows[1][sql]:
                        self.found.setdefault(sql, Timed(transaction.operation)).other_rows = True
        for sql in times[bound].keys() & times[free].keys():
            timed = self.found.setdefault(sql, Timed(transaction.operation))
            timed.bound.append(times[bound][sql])
            timed.free.append(times[free][sql])

    def once(
        self, pipe: Pipe, transaction: Transaction, binds: bool, times: dict[str, list[float]], end: str = "ROLLBACK"
    ) -> dict[str, list[str]]:
        """Every statement once, each answer awaited before the next is sent; gives the rows of each text, sorted."""
        pipe.execute(transaction.begin).fetchall()
        rows: dict[str, list[str]] = {}
        for sql, parameters in transaction.sent:
            if sql.startswith(_ABOUT_ROLES) and not binds:
                continue
            started = time.perf_counter()
            try:
                given = pipe.execute(sql, parameters).fetchall()
            except psycopg.Error as exc:
                self.failed[sql] = str(exc).partition("\n")[0]
                end = "ROLLBACK"
                break
            taken = (time.perf_counter() - started) * 1_000
            if not sql.startswith(_NO_WORK) and "pg_advisory" not in sql:
                times.setdefault(sql, []).append(taken)
                rows.setdefault(sql, []).extend(sorted(map(repr, given)))
        pipe.sync()  # a failure makes the server skip the rest of the batch
        pipe.execute(end)
        pipe.sync()
        return rows


def _replay(url: str, transactions: Sequence[Transaction]) -> Replay:
    """Each transaction many times as each role, and once more to stay: the next one finds what it found."""
    replay = Replay()
    for transaction in transactions:
        until = time.perf_counter() + TRANSACTION_SECONDS
        for _ in range(WINDOWS):
            replay.window(url, transaction)
            if time.perf_counter() > until:
                break
        with _pipe(url) as pipe:
            replay.once(pipe, transaction, False, {}, "COMMIT")
    return replay


@contextmanager
def _pipe(url: str) -> Iterator[Pipe]:
    """A connection as the backend uses them: prepared statements, one plan each."""
    options = "-c plan_cache_mode=force_generic_plan"
    with psycopg.connect(url, autocommit=True, prepare_threshold=None, options=options) as connection:
        pipe = Pipe(connection, prepares=True, answer_seconds=60)
        pipe.enter()
        yield pipe
        pipe.leave()


# -- the table


def _show(bench: Bench, replay: Replay) -> None:
    whole = [(sql, timed) for sql, timed in replay.found.items() if timed.bound and sql not in replay.failed]
    ordered = sorted(whole, key=lambda item: -item[1].ratio)
    for sql, timed in ordered[:SHOWN]:
        row: dict[str, Cell] = {
            "operation": timed.operation,
            "statement": shortened(sql),
            "on, p50 ms": statistics.median(value for window in timed.bound for value in window),
            "off, p50 ms": statistics.median(value for window in timed.free for value in window),
            "ratio": timed.ratio,
            "times": sum(map(len, timed.bound)),
        }
        bench.report.add(TABLE, row)
    for sql, problem in replay.failed.items():
        bench.report.add(
            "PostgreSQL: statements that could not be run again", {"statement": shortened(sql), "problem": problem}
        )
    ratios = [timed.ratio for _, timed in ordered]
    kept = sum(ratio <= RATIO for ratio in ratios)
    bench.report.add(
        "PostgreSQL: row level security on against off, all statements",
        {
            "asked": f"every one at most {RATIO}",
            "distinct statements": len(ratios),
            "at most 1.3": kept,
            "share": kept / len(ratios),
            "median ratio": statistics.median(ratios),
            "worst ratio": ratios[0],
            "other rows": sum(timed.other_rows for _, timed in whole),
            "not repeatable": len(replay.failed),
        },
    )


def shortened(sql: str) -> str:
    """The beginning of a statement on one line, for a table's cell."""
    return " ".join(sql.split()).replace("|", "/")[:TEXT_SHOWN_CHARS]
