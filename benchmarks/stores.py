"""Stores that several parts measure on, made once."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.report import Report
from benchmarks.texts import EXCHANGE_CHARS, Writer
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager

TENANT = "bench"
EXCHANGES_OF_OTHERS = 50
OWN_EXCHANGES = 500


def filled(folder: Path, messages: int, report: Report | None = None, chars: int = EXCHANGE_CHARS) -> Path:
    """A store whose tenant `bench` holds this many messages; made by bulk learning, which is measured meanwhile."""
    path = folder / f"{messages}-{chars}.db"
    if path.exists():
        return path
    started, cpu = time.perf_counter(), time.process_time()
    with ConsciousMemory(TENANT, path) as memory:
        memory.learn_many(Writer(messages).exchanges(messages // 2, chars), batch_size=200)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    if report is not None:
        size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*") if file.is_file())
        report.add(
            "bulk learning",
            {
                "messages": messages,
                "characters an exchange": chars,
                "messages a second": round(messages / seconds),
                "cpu ms a message": round(cpu / messages * 1_000, 3),
                "bytes on disk a message": round(size / messages),
            },
        )
    return path


def crowded(folder: Path, others: int) -> Path:
    """A store whose tenant `bench` lives among this many others of a hundred messages each; made once."""
    path = folder / f"tenants-{others}.db"
    if path.exists():
        return path
    building = path.with_suffix(".building")
    with TenantManager(building) as manager:
        for number in range(others):
            texts = Writer(number).exchanges(EXCHANGES_OF_OTHERS)
            manager.get_tenant(f"other-{number}").learn_many(texts, batch_size=EXCHANGES_OF_OTHERS)
        manager.get_tenant(TENANT).learn_many(Writer(77).exchanges(OWN_EXCHANGES))
    return building.rename(path)
