"""What a sync costs: two sides of 10,000 messages with 500 new on each, over HTTP on loopback."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from benchmarks.report import Report
from benchmarks.service_process import OPERATOR_KEY, service
from benchmarks.stores import TENANT, filled
from benchmarks.texts import Writer
from continuum.cli.service_side import ServiceSide
from continuum.client import Client
from continuum.core.memory import ConsciousMemory
from continuum.portability.syncing import StoreSide, sync_memories

MESSAGES = 10_000
NEW = 500
ROUNDS = 3


def run(report: Report, folder: Path, quick: bool) -> None:
    """The first sync of two copies, then rounds with news on both sides, then one with no news."""
    source = filled(folder, MESSAGES, report)
    here, there = folder / "sync-here.db", folder / "sync-there.db"
    for copy in (here, there):
        for old in folder.glob(f"{copy.name}*"):
            old.unlink() if old.is_file() else shutil.rmtree(old)
        shutil.copyfile(source, copy)
    environ = {"CONTINUUM_DB_PATH": str(there)}
    with (
        service(folder, environ) as served,
        ConsciousMemory(TENANT, here) as memory,
        Client(served.address, OPERATOR_KEY, tenant_id=TENANT) as client,
    ):
        sides = StoreSide(memory), ServiceSide(client)
        started = time.perf_counter()
        mark = sync_memories(*sides).mark
        report.add("sync", {"what": "the first: all is compared", "seconds": time.perf_counter() - started})
        for number in range(ROUNDS):
            for learn, seed in ((memory.learn_many, 2 * number), (client.learn_many, 2 * number + 1)):
                learn(Writer(1_000 + seed).exchanges(NEW // 2))
            cpu = served.cpu_seconds(), time.process_time()
            started = time.perf_counter()
            done = sync_memories(*sides, mark)
            row: dict[str, str | float] = {
                "what": f"{done.pulled.messages} new there, {done.pushed.messages} new here",
                "seconds": time.perf_counter() - started,
                "cpu of the service": served.cpu_seconds() - cpu[0],
                "cpu here": time.process_time() - cpu[1],
            }
            report.add("sync", row)
            mark = done.mark
        started = time.perf_counter()
        sync_memories(*sides, mark)
        report.add("sync", {"what": "nothing new", "seconds": time.perf_counter() - started})
