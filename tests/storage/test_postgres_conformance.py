"""The conformance suite over a real PostgreSQL, a database from a template for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from continuum.storage import StorageBackend, open_backend
from continuum.storage.postgres_backend import PostgresBackend
from continuum.testing.storage_suite import StorageConformance
from tests.requirements import requirement


@requirement("storage:postgres")
class TestPostgres(StorageConformance):
    @pytest.fixture
    def backend(self, postgres_url: str) -> Iterator[StorageBackend]:
        backend = open_backend(postgres_url)
        yield backend
        backend.close_all()

    def create_table(self, backend: StorageBackend, statement: str) -> None:
        assert isinstance(backend, PostgresBackend)
        with backend.connect() as connection:
            connection.execute(statement.encode())
            connection.execute("GRANT ALL ON notes TO continuum_app")
