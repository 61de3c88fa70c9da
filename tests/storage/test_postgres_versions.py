"""Servers of other versions that a machine has: the same statements, the same answers. The wheel's runs everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from continuum.core.memory import ConsciousMemory
from continuum.storage import unit_of_work
from continuum.storage.postgres_backend import PostgresBackend
from continuum.storage.postgres_catalog import look_through_catalog
from continuum.storage.postgres_roles import OLDEST
from continuum.storage.postgres_settings import PostgresSettings
from continuum.storage.private_postgres import PrivatePostgres
from continuum.testing.storage_rows import ALICE, BOB, READS, WRITES, plant
from tests.requirements import requirement
from tests.servers import UNSAFE, OwnPostgres

PLACES = "/usr/lib/postgresql/*/bin/postgres"
"""Where Debian and its kin keep servers, a folder for each version."""


def installed() -> list[Path]:
    """The homes of the servers that are installed, of versions that this runs on."""
    homes = [path.parents[1] for path in Path("/").glob(PLACES.lstrip("/"))]
    return [home for home in homes if home.name.isdigit() and int(home.name) >= OLDEST]


@contextmanager
def running(home: Path, own_postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivatePostgres]:
    """A server of that version instead of the wheel's."""
    monkeypatch.setattr("continuum.storage.private_postgres_programs.wheel_programs", lambda: home)
    server = own_postgres(f"version-{home.name}", settings=UNSAFE)
    server.start()
    yield server
    server.stop()


@requirement("storage:postgres")
def test_installed_servers_run_every_statement(own_postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    for home in installed():
        with running(home, own_postgres, monkeypatch) as server:
            backend = PostgresBackend(server.url, PostgresSettings(partitions=2))
            assert backend.server.major == int(home.name)
            for tenant in (ALICE, BOB):
                with unit_of_work(backend, tenant, write=True) as work:
                    plant(work)
            for read in READS.values():
                with unit_of_work(backend, ALICE) as work:
                    read(work)
            for write in WRITES.values():
                with unit_of_work(backend, ALICE, write=True) as work:
                    write(work)
            with backend.connect() as connection:
                assert look_through_catalog(connection) == []
            with ConsciousMemory("carol", storage=backend) as memory:
                memory.learn("I live in Berlin. We decided that Aurora runs on Kafka.", "Noted.")
                memory.learn("I moved to Hamburg.", "Noted.")
                assert "Hamburg" in memory.recall("Where do I live?").context_string
                memory.rebuild()
                assert "Hamburg" in memory.recall("Where do I live?").context_string
            backend.close_all()


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_installed_servers_pass_the_whole_suite(own_postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    for home in installed():
        with running(home, own_postgres, monkeypatch) as server:
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/postgres"]
            done = subprocess.run(
                [*command, "tests/storage/test_postgres_conformance.py", "tests/storage/test_postgres_walls.py"],
                cwd=root,
                env={**os.environ, "POSTGRES_URL": server.url},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout[-4_000:]
