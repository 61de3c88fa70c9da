"""What every test gets: settings of its own, a clock it can turn, and memories on a fresh store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from continuum.core.config import reset_config
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager

pytest_plugins = ["tests.servers", "tests.redis_servers"]

MemoryFactory = Callable[[str], ConsciousMemory]

# The same examples on every machine, so that a failure is the change's own; `make soak` looks for new ones.
settings.register_profile("steady", derandomize=True)
settings.register_profile("exploring", derandomize=False, max_examples=300, print_blob=True)
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the settings, the environment or the working folder of whoever runs it."""
    for variable in list(os.environ):
        if variable.startswith(("CONTINUUM_", "POSTGRES_", "REDIS_", "SENTRY_", "POSTHOG_", "STRIPE_")):
            monkeypatch.delenv(variable)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CONTINUUM_CONFIG_DIR", str(folder / "settings"))
    monkeypatch.chdir(folder)
    reset_config()
    yield
    reset_config()


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    """Where a test's store lies."""
    return tmp_path / "memory.db"


@pytest.fixture
def manager(db_path: Path) -> Iterator[TenantManager]:
    """Tenants on a fresh store."""
    with TenantManager(db_path=db_path) as manager:
        yield manager


@pytest.fixture
def memory_for(manager: TenantManager) -> MemoryFactory:
    """The memory of any tenant, on one fresh store."""
    return manager.get_tenant


@pytest.fixture
def memory(manager: TenantManager) -> ConsciousMemory:
    """One tenant's memory on a fresh store."""
    return manager.get_tenant("alice")
