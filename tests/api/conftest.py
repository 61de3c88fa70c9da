"""The real application on a fresh store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from continuum.api.server import create_app
from continuum.core.config import MemoryConfig
from continuum.runtime.service import open_runtime

BASE = "http://127.0.0.1:8420"


@pytest.fixture
def client(db_path: Path) -> Iterator[TestClient]:
    with open_runtime(MemoryConfig(db_path=db_path)) as runtime:
        yield TestClient(create_app(runtime), base_url=BASE, raise_server_exceptions=False)
