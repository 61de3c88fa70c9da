"""Every figure of the memory on PostgreSQL, on one durable server that runs on the same machine."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks import postgres_learning, postgres_policies, postgres_recalling, postgres_tenants
from benchmarks.postgres_server import started
from benchmarks.report import Report


def run(report: Report, folder: Path, quick: bool, data: Path | None) -> None:
    """Learning beside pgbench, recall, policies, rankings beside SQLite, many tenants. Its data goes with it."""
    own = Path(tempfile.mkdtemp(prefix="postgres-", dir=folder))
    try:
        with started(report, own, quick) as bench:
            postgres_learning.run(bench)
            postgres_recalling.run(bench)
            postgres_policies.run(bench)
            postgres_recalling.same_rankings(bench, own, data)
            postgres_tenants.run(bench)
            bench.show_made()
    finally:
        shutil.rmtree(own)
