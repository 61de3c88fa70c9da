"""How fast exchanges become durable: one writer, many threads, many processes."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import threading
import time
from pathlib import Path

from benchmarks.report import Report, durations_ms, percentiles
from benchmarks.stores import TENANT, filled
from benchmarks.texts import EXCHANGE_CHARS, Writer
from continuum.core.memory import ConsciousMemory

ONE_WRITER = 1_500
PER_THREAD = 400
PROCESSES = 8
PROCESS_SECONDS = 8.0


def run(report: Report, folder: Path, quick: bool) -> None:
    """All learning figures, on a store of 100,000 messages."""
    base = filled(folder, 20_000 if quick else 100_000, report)
    _bare_transaction(report, folder)
    for chars in (EXCHANGE_CHARS, 2_000):
        _one_writer(report, _copy(base), chars)
    _threads(report, _copy(base))
    _processes(report, _copy(base))


def _copy(base: Path) -> Path:
    target = base.with_name(f"copy-of-{base.name}")
    for old in target.parent.glob(f"{target.name}*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copyfile(base, target)
    return target


def _bare_transaction(report: Report, folder: Path) -> None:
    """A durable transaction of 11 small inserts, for comparison with what the machine can do."""
    (folder / "bare.db").unlink(missing_ok=True)
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=wal")
    connection.execute("PRAGMA synchronous=full")
    connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)")

    def transaction() -> None:
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(11):
            connection.execute("INSERT INTO t (v) VALUES (?)", ("x" * 60,))
        connection.execute("COMMIT")

    taken = durations_ms([transaction] * 1_000)
    connection.close()
    report.add("learn, durable", {"what": "bare SQLite, 11 inserts", "a second": 0, **percentiles(taken)})


def _one_writer(report: Report, path: Path, chars: int) -> None:
    writer = Writer(1)
    texts = [writer.exchange(chars) for _ in range(ONE_WRITER)]
    with ConsciousMemory(TENANT, path) as memory:
        memory.learn("warm up")
        started, cpu = time.perf_counter(), time.process_time()
        taken = durations_ms([lambda text=text: memory.learn(*text) for text in texts])  # type: ignore[misc]  # a default binds each text
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    what = f"one writer, {chars} characters, cpu {cpu / len(texts) * 1_000:.2f} ms"
    report.add("learn, durable", {"what": what, "a second": round(len(texts) / seconds), **percentiles(taken)})


def _threads(report: Report, path: Path) -> None:
    taken: list[float] = []
    with ConsciousMemory(TENANT, path) as memory:
        memory.learn("warm up")

        def learn(number: int) -> None:
            writer = Writer(100 + number)
            texts = [writer.exchange() for _ in range(PER_THREAD)]
            ready.wait()
            taken.extend(durations_ms([lambda text=text: memory.learn(*text) for text in texts]))  # type: ignore[misc]  # as above

        ready = threading.Barrier(9)
        threads = [threading.Thread(target=learn, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        ready.wait()
        started = time.perf_counter()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
    report.add("learn, durable", {"what": "8 threads", "a second": round(len(taken) / seconds), **percentiles(taken)})


def _learn_for_a_while(path: Path, number: int, started_at: float, answers: multiprocessing.Queue[list[float]]) -> None:
    writer = Writer(200 + number)
    texts = [writer.exchange() for _ in range(200)]
    taken: list[float] = []
    with ConsciousMemory(TENANT, path) as memory:
        memory.learn("warm up")
        time.sleep(max(0.0, started_at - time.time()))
        while time.time() < started_at + PROCESS_SECONDS:
            text = texts[len(taken) % 200]
            taken += durations_ms([lambda text=text: memory.learn(*text)])  # type: ignore[misc]  # as above
    answers.put(taken)


def _processes(report: Report, path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[list[float]] = context.Queue()
    started_at = time.time() + 6
    workers = [
        context.Process(target=_learn_for_a_while, args=(path, number, started_at, answers))
        for number in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    shares = [answers.get() for _ in workers]
    for worker in workers:
        worker.join()
    counts = [len(taken) for taken in shares]
    mean = sum(counts) / PROCESSES
    what = f"8 processes (least {min(counts) / mean:.2f}, most {max(counts) / mean:.2f} of the mean)"
    everything = [value for taken in shares for value in taken]
    report.add(
        "learn, durable",
        {"what": what, "a second": round(sum(counts) / PROCESS_SECONDS), **percentiles(everything)},
    )
    worst = max(sorted(taken)[int(len(taken) * 0.95)] for taken in shares)
    report.add(
        "learn, durable",
        {"what": "8 processes, the slowest one", "a second": 0, "p50 ms": 0, "p95 ms": round(worst, 3), "p99 ms": 0},
    )
