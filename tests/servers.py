"""A real PostgreSQL for the tests: started at first use, one per worker, a database of its own for each test.

``POSTGRES_URL`` names another server, whose login may create databases; then none is started.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psycopg
import pytest

from continuum.errors import ContinuumError
from continuum.storage.factory import open_backend
from continuum.storage.postgres_settings import PostgresSettings
from continuum.storage.private_postgres import PrivatePostgres

GIVEN_URL = os.environ.get("POSTGRES_URL", "")
"""Read when the tests are collected: no test sees the environment."""

UNSAFE = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "128MB",
    "max_connections": "200",
}
"""Faster, for data that nobody misses after a power cut. A killed server keeps what it had confirmed all the same."""

PARTITIONS = 2
"""Fewer than a store has by itself: a database is a thousand files, and each test makes one."""
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 2 << 30
FOLDER_PREFIX = "continuum-tests-"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server, and how its databases are made and removed."""

    url: str
    connection: psycopg.Connection[tuple[object, ...]]
    strategy: str = ""

    def url_of(self, database: str) -> str:
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()

    def create(self, name: str, template: str = "template0") -> str:
        """A new database like another one, to which nobody may be connected; gives its URL."""
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} {self.strategy}")
        return self.url_of(name)

    def drop(self, name: str) -> None:
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        self.connection.execute(statement.encode())


class OwnPostgres(Protocol):
    """Makes servers for one test, not started yet; they are stopped, and their folders removed, after it."""

    def __call__(
        self, name: str = ..., *, settings: dict[str, str] | None = ..., port: int | None = ...
    ) -> PrivatePostgres: ...


def unique_name(what: str) -> str:
    """A database's name that no other worker, nor another run on the same server, takes."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return f"continuum_{what}_{worker}_{secrets.token_hex(6)}"


@contextmanager
def servers_folder() -> Iterator[Path]:
    """A folder that servers can reach whoever runs the tests, in memory if there is enough of it.

    Not pytest's own: only its user may pass that, and a server started by root runs as `nobody`. In memory a
    database is made in 40 ms; on some disks it takes seconds, as it consists of a thousand files.
    """
    base = MEMORY if _roomy(MEMORY) else Path(tempfile.gettempdir())
    _remove_abandoned(base)
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=base))
    folder.chmod(0o711)
    with (folder / "used").open("w") as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def _roomy(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free >= MEMORY_BYTES_MIN


def _remove_abandoned(base: Path) -> None:
    """Remove what runs that were killed have left: nobody holds the lock of their folders."""
    for folder in base.glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):  # somebody else's, or removed meanwhile
            if time.time() - folder.stat().st_mtime < 60 or folder.stat().st_uid != os.geteuid():
                continue
            with (folder / "used").open("r+") as used:
                fcntl.flock(used, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)


@contextmanager
def running_server(folder: Callable[[], Path]) -> Iterator[PostgresServer]:
    """The given server, or one that runs in a folder."""
    with ExitStack() as stack:
        url, strategy = GIVEN_URL, ""
        if not url:
            place = folder()
            url = stack.enter_context(PrivatePostgres(place / "shared", settings=UNSAFE, programs=place)).url
            # Measured with 415 tables and indexes: in memory 42 ms against 74; on a disk half a second against 0.15.
            strategy = "STRATEGY file_copy" if place.is_relative_to(MEMORY) else ""
        connection = stack.enter_context(psycopg.connect(url, autocommit=True))
        yield PostgresServer(url, connection, strategy)


@contextmanager
def template(server: PostgresServer, prepare: Callable[[str], None]) -> Iterator[str]:
    """The name of a database that `prepare` was run on, to be copied."""
    name = unique_name("template")
    try:
        prepare(server.create(name))
        yield name
    finally:
        server.drop(name)


@contextmanager
def database_like(server: PostgresServer, model: str) -> Iterator[str]:
    """The URL of a new database like another one; gone afterwards, whoever is still connected."""
    name = unique_name("test")
    try:
        yield server.create(name, model)
    finally:
        server.drop(name)


def with_schema(url: str) -> None:
    """Bring a database's schema up to date."""
    open_backend(url, postgres=PostgresSettings(partitions=PARTITIONS)).close_all()


@pytest.fixture(scope="session")
def folder_of_servers() -> Iterator[Path]:
    """Where the servers of this worker lie."""
    with servers_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A server for all tests of a worker; those that end servers take `own_postgres`."""
    with running_server(lambda: request.getfixturevalue("folder_of_servers")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a database with the newest schema and no rows."""
    with template(postgres_server, with_schema) as name:
        yield name


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A database of the test's own, with the newest schema and no rows."""
    with database_like(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database of the test's own, without a schema."""
    with database_like(postgres_server, "template0") as url:
        yield url


@pytest.fixture
def own_postgres(folder_of_servers: Path) -> Iterator[OwnPostgres]:
    """Servers that the test may kill; whatever POSTGRES_URL says, they are started here."""
    folder = Path(tempfile.mkdtemp(prefix="own-", dir=folder_of_servers))
    folder.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)

        def make(
            name: str = "server", *, settings: dict[str, str] | None = None, port: int | None = None
        ) -> PrivatePostgres:
            chosen = UNSAFE if settings is None else settings
            server = PrivatePostgres(folder / name, settings=chosen, port=port, programs=folder_of_servers)
            stack.callback(_end, server)
            return server

        yield make


def _end(server: PrivatePostgres) -> None:
    """Stop a server; one that was killed has left shared memory, which only its next start takes back."""
    server.stop()
    if (server.data / "postmaster.pid").exists():
        with suppress(ContinuumError):  # a test may have spoilt it
            server.start()
        server.stop()
