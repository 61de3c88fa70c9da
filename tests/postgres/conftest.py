"""The engine's own tests again, on PostgreSQL: only where the store lies is another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from continuum.core.tenants import TenantManager


@pytest.fixture
def manager(postgres_url: str) -> Iterator[TenantManager]:
    """Tenants on a database of the test's own."""
    with TenantManager(storage=postgres_url) as manager:
        yield manager


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about a file: it runs among the engine's own tests."""
    here = config.rootpath / "tests" / "postgres"
    files = [item for item in items if item.path.parent == here and "db_path" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=files)
    items[:] = [item for item in items if item not in files]
