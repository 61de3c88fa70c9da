"""The PostgreSQL server that all its figures are measured on: durable, and the same for every row."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg

from benchmarks.report import Cell, Report
from continuum.storage.private_postgres import USER, PrivatePostgres

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": "512MB",
        "max_connections": "100",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
    }
)
PGBENCH_SCALE = 10
PGBENCH_SECONDS = 15

Admin = psycopg.Connection[tuple[Any, ...]]


@dataclass(slots=True)
class Bench:
    """A running server, and where its figures go."""

    report: Report
    server: PrivatePostgres
    quick: bool
    transactions_a_second: list[float] = field(default_factory=list)
    """What pgbench reached, each time it ran."""
    _made: list[tuple[str, int, float, str]] = field(default_factory=list)

    def fresh(self, database: str, template: str = "template1") -> str:
        """The URL of a new database; a `template` must have no callers."""
        with self.admin("postgres") as admin:
            admin.execute(f"CREATE DATABASE {database} TEMPLATE {template}".encode())
        return self.server.url_of(database)

    def drop(self, database: str) -> None:
        """Remove a database that is not needed any more: files and dirty pages weigh on what comes after."""
        with self.admin("postgres") as admin:
            admin.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())

    @contextmanager
    def admin(self, database: str) -> Iterator[Admin]:
        """A connection as the superuser, in autocommit mode."""
        with psycopg.connect(self.server.url_of(database), autocommit=True) as connection:
            yield connection

    def settle(self, database: str) -> None:
        """Do now what the server would do in the middle of a measurement: vacuum, statistics, a checkpoint."""
        with self.admin(database) as admin:
            admin.execute("VACUUM (ANALYZE)")
            admin.execute("CHECKPOINT")

    def pgbench(self) -> None:
        """Run the TPC-B-like script of PostgreSQL's own benchmark, 8 callers on 2 threads."""
        if not self.transactions_a_second:
            self.fresh("pgbench")
            self._pgbench("-i", "-q", "-s", str(PGBENCH_SCALE))
        with self.admin("pgbench") as admin:
            admin.execute("CHECKPOINT")
        seconds = 5 if self.quick else PGBENCH_SECONDS
        said = self._pgbench("-c", "8", "-j", "2", "-T", str(seconds))
        reached = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
        assert reached is not None, said
        self.transactions_a_second.append(float(reached[1]))

    def _pgbench(self, *arguments: str) -> str:
        place = ("-h", "127.0.0.1", "-p", str(self.server.port), "-U", USER)
        password = psycopg.conninfo.conninfo_to_dict(self.server.url)["password"]
        done = subprocess.run(
            [str(self.server.tool("pgbench")), *place, *arguments, "pgbench"],
            capture_output=True,
            text=True,
            check=False,
            env={"LC_ALL": "C", "PATH": os.defpath, "PGPASSWORD": str(password)},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def made(self, what: str, count: int, started: float, how: str = "bulk learning") -> None:
        """Note how long it took to make data, since `started`."""
        self._made.append((what, count, round(time.perf_counter() - started, 1), how))

    def show_made(self) -> None:
        """A table of all data that was made."""
        for what, count, seconds, how in self._made:
            row: dict[str, Cell] = {"what": what, "count": count, "seconds": seconds, "how": how}
            self.report.add("PostgreSQL: data made for the figures", row)


@contextmanager
def started(report: Report, folder: Path, quick: bool) -> Iterator[Bench]:
    """A server with an empty data folder, gone with the `with`."""
    for each in (folder, folder.parent):  # started by root, the server is another account's
        each.chmod(each.stat().st_mode | 0o011)
    with PrivatePostgres(folder / "server", settings=SETTINGS) as server:
        report.facts["postgres settings"] = dict(SETTINGS)
        yield Bench(report, server, quick)
